// The pages inside amoCRM's settings behind one switch; with one page there is no switch. One page lives at a time.

import { html } from './html.js';

/** `pages`: {name: (place) → page with start() and stop()}. → what stops them all. */
export function showPages(root, t, pages) {
  const names = Object.keys(pages);
  let page = null;
  let current = '';

  function draw() {
    const tabs = names.map((name) => html`<button type="button" class="grafik-switch__button${name === current ? ' grafik-switch__button_on' : ''}" data-page="${name}" aria-pressed="${name === current ? 'true' : 'false'}">${t(`pages.${name}`)}</button>`);
    root.innerHTML = String(html`${names.length > 1 && html`<nav class="grafik-pages" aria-label="${t('pages.which')}">${tabs}</nav>`}<div class="js-grafik-page"></div>`);
  }

  function open(name) {
    if (page) page.stop();
    current = name;
    draw();
    page = pages[name](root.querySelector('.js-grafik-page'));
    page.start();
  }

  const clicked = (event) => {
    const tab = event.target.closest('[data-page]');
    if (!tab || tab.dataset.page === current) return;
    open(tab.dataset.page);
    root.querySelector(`[data-page="${current}"]`).focus();
  };
  root.addEventListener('click', clicked);
  open(names[0]);

  return {
    stop() {
      root.removeEventListener('click', clicked);
      if (page) page.stop();
    },
  };
}
