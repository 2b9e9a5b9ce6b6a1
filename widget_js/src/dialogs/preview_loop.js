// Live preview: asks the server a moment after the last keystroke and shows only the newest answer.
// Between the keystroke and the answer the old table stays, veiled, so that nothing jumps.

import { isPreview } from '../answers.js';
import { explain, fieldErrors } from '../problems.js';
import { button } from '../views/controls.js';
import { previewNote, previewView } from '../views/preview.js';

const PAUSE_MS = 250;

/** `read()` → {body, errors}; `onErrors(errors)` hears the server's words by field; → {changed(), now(), stop()}. */
export function makePreview({ t, api, path, form, read, onPreview, onErrors }) {
  const place = form.querySelector('.grafik-preview');
  let timer = null;
  let newest = 0;

  function ask() {
    const { body, errors } = read();
    onErrors({});
    newest += 1;
    if (errors.length) {
      place.classList.remove('grafik-preview_veiled');
      place.innerHTML = String(previewNote(t('schedule.incomplete')));
      onPreview(null);
      return;
    }
    const mine = newest;
    if (!place.querySelector('table')) place.innerHTML = String(previewNote(t('schedule.counting'), true));
    api.send('POST', path, body, '', isPreview).then(
      (preview) => {
        if (mine === newest) show(previewView(t, preview), preview);
      },
      (error) => {
        if (mine !== newest) return;
        const errors = fieldErrors(error);
        onErrors(errors);
        const { text, retry } = explain(t, error);
        show(previewNote(Object.values(errors).join(' ') || text, false, retry && button({ action: 'preview_again', kind: 'small', label: t('panel.retry') })), null);
      },
    );
  }

  function show(markup, preview) {
    place.classList.remove('grafik-preview_veiled');
    place.innerHTML = String(markup);
    onPreview(preview);
  }

  place.addEventListener('click', (event) => {
    if (event.target.closest('[data-action="preview_again"]')) ask();
  });

  return {
    now: ask,
    changed() {
      clearTimeout(timer);
      place.classList.add('grafik-preview_veiled');
      timer = setTimeout(ask, PAUSE_MS);
    },
    stop() {
      clearTimeout(timer);
      newest += 1;
    },
  };
}
