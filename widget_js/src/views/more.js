// The rarer actions, folded away: what the server lists in `actions` and nothing else.

import { asked } from '../card.js';
import { html } from '../html.js';
import { button } from './controls.js';

/** In the order of the menu; those at the end take something away. */
const RARE = ['invoice', 'promise', 'decide_date', 'reminders', 'stop', 'go_on', 'split', 'service_rendered', 'move_date', 'change_total', 'transfer', 'pause', 'resume', 'sign', 'payer', 'waive_fees', 'reverse_write_off', 'revoke', 'settle', 'write_off', 'cancel'];
/** Not in the server's list: what stands in the card says whether there is something to do. */
const ALWAYS = { revoke: (card) => Boolean(card.pay_url), go_on: (card) => (card.stopped || []).length > 0, reminders: (card) => card.reminders_by !== undefined };
/** In the server's list, but of no use here: a booking has no other group, and what stands above is not repeated. */
const NEVER = { transfer: (card) => card.mode === 'deposit', invoice: (card) => !asked(card) };
const DANGEROUS = new Set(['cancel', 'write_off']);

export function rareActions(card) {
  return RARE.filter((name) => !(NEVER[name] && NEVER[name](card))).filter((name) => card.actions.includes(name) || (ALWAYS[name] && card.actions.length > 0 && ALWAYS[name](card)));
}

export function moreView({ t, card, ui }) {
  const rare = rareActions(card);
  if (!rare.length) return '';
  const open = ui.expanded.has('more');
  const items = rare.map((name) => html`<li>${button({ action: name, kind: DANGEROUS.has(name) ? 'danger-link' : 'link', label: t(`actions.${name}`) })}</li>`);
  return html`<div class="grafik-rare"><button type="button" class="grafik-button grafik-button_link" data-action="fold" data-id="more" data-key="fold:more" aria-expanded="${open ? 'true' : 'false'}"><span class="grafik-button__label">${t('actions.more')}</span></button>
    ${open && html`<ul class="grafik-rare__list">${items}</ul>`}</div>`;
}
