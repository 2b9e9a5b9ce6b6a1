// Someone was faster: the dialog stays with all that was typed, and a click fetches the card as it is now.

import { isCard } from '../card.js';
import { explain } from '../problems.js';
import { callout } from '../views/callout.js';
import { button } from '../views/controls.js';

/** Says so above the buttons; `onFresh(card)` after the click. `of`: whose words, 'schedule' or 'payment'. */
export function showStale({ t, api, card }, dialog, onFresh, of = 'schedule') {
  const way = (busy) => button({ action: 'reload_card', kind: 'small', label: t(`${of}.stale_reload`), busy });
  const show = (words, busy) => {
    if (!dialog.isOpen()) return;
    const place = dialog.form.querySelector('.grafik-dialog__problem');
    place.innerHTML = String(callout('warning', words, way(busy)));
    const reloader = place.querySelector('[data-action="reload_card"]');
    reloader.addEventListener('click', () => !busy && reload());
    reloader.focus();
  };
  const reload = () => {
    show(t(`${of}.stale`), true);
    api.get(`deals/${card.lead_id}/`, isCard).then(
      (fresh) => {
        if (!dialog.isOpen()) return;
        dialog.showProblem('');
        dialog.form.querySelector('.grafik-dialog__title').focus();
        onFresh(fresh);
      },
      (error) => show(explain(t, error).text, false),
    );
  };
  show(t(`${of}.stale`), false);
}
