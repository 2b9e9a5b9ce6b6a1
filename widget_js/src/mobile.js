// The card in amoCRM's mobile application: what is owed, the next payment, and the buttons that copy. The
// application opens this page with a one-time token that names the deal; the server checks both. How the token comes
// (address, fragment or message) is not written down for every version, so each way is taken.

import ru from '../i18n/ru.json';
import { makeApi } from './api.js';
import { messageOf } from './card.js';
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
    (card) => draw(cardView(card)),
    (error) => draw(failedView(t, explain(t, error).text, true)),
  );
}

function tokenOf(address) {
  const { searchParams, hash } = new URL(address);
  return searchParams.get('token') || new URLSearchParams(hash.slice(1)).get('token') || '';
}

let token = tokenOf(window.location.href);
root.addEventListener('click', (event) => event.target.closest('[data-action="reload"]') && show(token));
connectCopies(root, t);
window.addEventListener('message', (event) => {
  const sent = event.data && event.data.token;
  if (typeof sent !== 'string' || !/\.amocrm\.ru$/.test(new URL(event.origin).hostname)) return;
  token = sent;
  show(token);
});
show(token);
