// The card in amoCRM's mobile application: what is owed, the next payment, and the buttons that copy. The
// application's WebView opens this page with `token` (it names the deal; the server checks both) and `from` (the
// platform) in its address.

import ru from '../i18n/ru.json';
import { ApiError, makeApi } from './api.js';
import { isCard, messageOf } from './card.js';
import { connectCopies } from './dialogs/copies.js';
import { fetchAs } from './fetching.js';
import { html } from './html.js';
import { explain } from './problems.js';
import { makeTexts } from './texts.js';
import { copyButton } from './views/controls.js';
import { failedView, loadingView } from './views/panel.js';
import { summaryView } from './views/summary.js';

const t = makeTexts(() => '', ru);
const root = document.querySelector('.js-mobile');

/** The deal's number from the token's own claims; the server believes only the signature. */
export function leadOf(token) {
  try {
    const claims = JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
    return Number(claims.data && claims.data.entity_id) || 0;
  } catch (error) {
    return 0;
  }
}

function cardView(card) {
  const buttons = [
    card.pay_url && copyButton({ t, id: 'pay_url', text: card.pay_url, label: t('copy.link'), what: t('copy.what_pay_url'), copied: '' }),
    messageOf(card) && copyButton({ t, id: 'message', text: messageOf(card), label: t('copy.text'), what: t('copy.what_message'), copied: '' }),
  ];
  return html`<div class="grafik-panel grafik-panel_phone">${summaryView(t, card)}<div class="grafik-buttons">${buttons}</div></div>`;
}

function failed(error) {
  const final = error.status === 403 || error.status === 404;
  return failedView(t, explain(t, error).text, !final);
}

function show(token) {
  const lead = leadOf(token);
  const draw = (markup) => {
    root.innerHTML = String(markup);
  };
  if (!lead) {
    draw(failedView(t, t('mobile.no_deal'), false));
    return;
  }
  draw(loadingView(t));
  makeApi(fetchAs({ 'X-Auth-Token': token }), '/api/v1/').get(`deals/${lead}/`).then(
    (card) => draw(isCard(card) ? cardView(card) : failed(new ApiError(200, null))),
    (error) => draw(failed(error)),
  );
}

const token = new URL(window.location.href).searchParams.get('token') || '';
root.addEventListener('click', (event) => event.target.closest('[data-action="reload"]') && show(token));
connectCopies(root, t);
show(token);
