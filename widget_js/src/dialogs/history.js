// Everything that happened to the deal, in the order in which it happened; the newest is in sight first.

import { hasResults } from '../answers.js';
import { html } from '../html.js';
import { formatMoment } from '../dates.js';
import { explain } from '../problems.js';
import { button } from '../views/controls.js';
import { callout } from '../views/callout.js';
import { openDialog } from './frame.js';

/** context: {Modal, t, api, card, nameOf}; the dialog opens at once and fills itself. */
export function openHistory(context, { onClosed }) {
  const { t, api, card, nameOf } = context;
  return openDialog(context, {
    title: t('history.title'),
    content: html`<div class="grafik-history" aria-live="polite" tabindex="0" role="region" aria-label="${t('history.title')}"></div>`,
    onReady(dialog) {
      const place = dialog.form.querySelector('.grafik-history');
      const load = () => {
        place.innerHTML = String(html`<p class="grafik-preview__note"><span class="grafik-ring" aria-hidden="true"></span>${t('panel.loading')}</p>`);
        api.get(`deals/${card.lead_id}/history/`, hasResults).then(
          (answer) => show(historyView(t, answer.results, nameOf)),
          (error) => show(callout('error', explain(t, error).text, button({ action: 'history_again', label: t('panel.retry') }))),
        );
      };
      const show = (markup) => {
        place.innerHTML = String(markup);
        dialog.recentre();
        place.scrollTop = place.scrollHeight;
      };
      place.addEventListener('click', (event) => {
        if (event.target.closest('[data-action="history_again"]')) load();
      });
      load();
    },
    onClosed,
  });
}

/** `nameOf(id)` is the amoCRM user's name or ''. */
export function historyView(t, events, nameOf) {
  if (!events.length) return html`<p class="grafik-hint">${t('history.empty')}</p>`;
  return html`<ol class="grafik-events">${events.map((event) => eventView(t, event, nameOf))}</ol>`;
}

function eventView(t, event, nameOf) {
  return html`<li class="grafik-event"><div class="grafik-event__what">${event.text}</div><div class="grafik-row__note"><span>${formatMoment(event.at)}</span><span>${whoWords(t, event, nameOf)}</span></div></li>`;
}

/** «user:8100002» is a person of amoCRM, any other word an actor of ours. */
function whoWords(t, { who, who_name: name }, nameOf) {
  const user = /^user:(\d+)$/.exec(who);
  if (user) return nameOf(user[1]) || name || t('who.user', { id: user[1] });
  return t.known(`who.${who}`) || who;
}
