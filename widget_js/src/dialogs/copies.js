// Copy buttons inside a dialog: the click copies, the button says so for a moment.

import { copyText } from '../copy.js';

const SAID_FOR_MS = 2000;

export function connectCopies(form, t) {
  form.addEventListener('click', (event) => {
    const button = event.target.closest('[data-action="copy"]');
    if (!button) return;
    const label = button.querySelector('.grafik-button__words');
    const before = label.textContent;
    const say = (words, done) => {
      label.textContent = words;
      button.classList.toggle('grafik-button_done', done);
    };
    copyText(button.dataset.text).then(
      () => say(t('copy.done'), true),
      () => say(t('notice.copy_failed'), false),
    ).then(() => setTimeout(() => say(before, false), SAID_FOR_MS));
  });
}
