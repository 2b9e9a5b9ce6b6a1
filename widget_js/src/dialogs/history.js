// Everything that happened to the deal, in the order in which it happened.

import { html } from '../html.js';
import { formatMoment } from '../dates.js';
import { explain } from '../problems.js';
import { button } from '../views/controls.js';
import { callout } from '../views/callout.js';
import { openDialog } from './frame.js';

/** context: {Modal, t, api, card}; the dialog opens at once and fills itself. */
export function openHistory(context, { onClosed }) {
  const { t, api, card } = context;
  return openDialog(context, {
    title: t('history.title'),
    content: html`<div class="grafik-history" aria-live="polite"></div>`,
    onReady(dialog) {
      const place = dialog.form.querySelector('.grafik-history');
      const load = () => {
        place.innerHTML = String(html`<p class="grafik-preview__note"><span class="grafik-ring" aria-hidden="true"></span>${t('panel.loading')}</p>`);
        api.get(`deals/${card.lead_id}/history/`).then(
          (answer) => show(historyView(t, Array.isArray(answer) ? answer : answer.results)),
          (error) => show(callout('error', explain(t, error).text, button({ action: 'history_again', label: t('panel.retry') }))),
        );
      };
      const show = (markup) => {
        place.innerHTML = String(markup);
        dialog.recentre();
      };
      place.addEventListener('click', (event) => {
        if (event.target.closest('[data-action="history_again"]')) load();
      });
      load();
    },
    onClosed,
  });
}

export function historyView(t, events) {
  if (!events.length) return html`<p class="grafik-hint">${t('history.empty')}</p>`;
  return html`<ol class="grafik-events">${events.map((event) => eventView(t, event))}</ol>`;
}

function eventView(t, event) {
  const who = (event.who && (event.who.name || event.who)) || t('history.system');
  const what = event.text || t.known(`event.${event.what}`) || event.what;
  return html`<li class="grafik-event"><div class="grafik-event__what">${what}</div><div class="grafik-row__note"><span>${formatMoment(event.at)}</span><span>${who}</span></div></li>`;
}
