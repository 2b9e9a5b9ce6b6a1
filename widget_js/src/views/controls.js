// The few controls everything is drawn of: button, pill, copy button, fold, icons.
// A control is found again after a redraw by data-key, so that the keyboard's place is kept.

import { html, href } from '../html.js';

const ICON_PATHS = {
  copy: 'M7 7V4h9v9h-3M4 7h9v9H4z',
  warning: 'M10 3.5 17.5 16.5h-15zM10 8v4.2M10 14v.6',
  check: 'M4 10.5 8.2 14.5 16 6',
  chevron: 'M6 8l4 4 4-4',
  calendar: 'M4 5.5h12v10.5H4zM4 9h12M7 3.5v3M13 3.5v3',
  cross: 'M5 5l10 10M15 5 5 15',
  qr: 'M4 4h5v5H4zM11 4h5v5h-5zM4 11h5v5H4zM11 11h2v2h-2zM14.5 11H16v1.5M14 14h2v2h-2zM11 15v1',
  chart: 'M4 16V9M9 16V4M14 16v-6M3 16h14',
  history: 'M10 5.5V10l3 2M3.5 10a6.5 6.5 0 1 0 2-4.7L3.5 7.2M3.5 3.5v3.7h3.7',
};

/** A one-colour outline icon, silent for screen readers: words stand beside it. */
export function icon(name) {
  return html`<svg class="grafik-icon" viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" focusable="false"><path d="${ICON_PATHS[name]}" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
}

/** `kind`: primary, neutral, small or link. `busy` shows the ring and refuses further clicks. */
export function button({ action, id = '', label, kind = 'neutral', busy = false, name = '', before = '' }) {
  return html`<button type="button" class="grafik-button grafik-button_${kind}${busy ? ' grafik-button_busy' : ''}"
    data-action="${action}" data-id="${id}" data-key="${action}:${id}"${name ? html` aria-label="${name}"` : ''}${busy ? html` aria-busy="true"` : ''}><span class="grafik-button__label">${before}${label}</span></button>`;
}

/** Copies `text` at a click. `what` names the thing for a screen reader. */
export function copyButton({ t, id, text, label, what, copied }) {
  const done = copied === id;
  const shown = done ? t('copy.done') : label;
  return html`<button type="button" class="grafik-button grafik-button_small${done ? ' grafik-button_done' : ''}"
    data-action="copy" data-id="${id}" data-key="copy:${id}" data-text="${text}" title="${t('copy.title')}" aria-label="${t('copy.name', { label: shown, what })}"><span class="grafik-button__label">${icon(done ? 'check' : 'copy')}<span class="grafik-button__words">${shown}</span></span></button>`;
}

/** The address and, where there is one, the ready message: two copy buttons side by side. */
export function copyPair({ t, id, url, text, what, copied }) {
  return html`<div class="grafik-row__actions">${copyButton({ t, id: `${id}-url`, text: url, label: t('copy.link'), what, copied })}
    ${text && copyButton({ t, id: `${id}-text`, text, label: t('copy.text'), what, copied })}</div>`;
}

export function pill(tone, text) {
  return html`<span class="grafik-pill grafik-pill_${tone}">${text}</span>`;
}

export function link(address, label) {
  return html`<a class="grafik-link" href="${href(address)}" target="_blank" rel="noopener noreferrer">${label}</a>`;
}

/** A titled block of the panel with its rows. */
export function section(title, content, extra = '') {
  return html`<section class="grafik-section"><h3 class="grafik-section__title">${title}${extra}</h3>${content}</section>`;
}

/** `limit` rows around `from`; the rest is folded behind one button. */
export function folded({ t, rows, key, expanded, limit, from = 0 }) {
  if (rows.length <= limit + 1) return html`${rows}`;
  const start = Math.max(0, Math.min(from, rows.length - limit));
  const shown = expanded ? rows : rows.slice(start, start + limit);
  const label = expanded ? t('panel.fold') : t('panel.show_all', { n: rows.length });
  return html`${shown}<li class="grafik-row grafik-row_more">${button({ action: 'fold', id: key, label, kind: 'link' })}</li>`;
}
