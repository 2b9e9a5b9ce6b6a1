// The settings dialog of the integration: says in words whether Grafik knows this account. There is
// nothing to type here: merchants, locations and fields are kept by the integrator in Grafik itself.
// The connection is tried by asking for deal 0, which no account has: a well-formed 404 means that
// the token was accepted.

import { isCard } from './card.js';
import { html } from './html.js';
import { explain } from './problems.js';
import { button, pill } from './views/controls.js';

/** deps: {body: element of the modal, code, installed, api, t} */
export function showSettings({ body, code, installed, api, t }) {
  const own = body.querySelector(`#${CSS.escape(code)}_custom_content`);
  const place = document.createElement('div');
  place.className = 'grafik grafik-settings';
  (own || body).appendChild(place);

  function show(tone, state, text, again = false) {
    place.innerHTML = String(html`<div class="grafik-settings__state" role="status">${pill(tone, t(`settings.${state}`))}</div>
      <p>${text}</p>${again && button({ action: 'try_again', label: t('panel.retry') })}`);
  }

  function attempt() {
    if (!installed) {
      show('neutral', 'not_installed', t('settings.not_installed_text'));
      return;
    }
    show('neutral', 'checking', t('settings.checking_text'));
    api.get('deals/0/', isCard).then(
      () => show('success', 'connected', t('settings.connected_text')),
      (error) => judge(error),
    );
  }

  function judge(error) {
    if (error.status === 404 && error.problem) show('success', 'connected', t('settings.connected_text'));
    else if (error.status === 401) show('error', 'unknown_account', t('settings.unknown_account_text'), true);
    else show('warning', 'no_answer', explain(t, error).text, true);
  }

  place.addEventListener('click', (event) => {
    if (event.target.closest('[data-action="try_again"]')) attempt();
  });
  attempt();
}
