// The rarer actions, folded away: what the server lists in `actions` and nothing else.

import { asked } from '../card.js';
import { html } from '../html.js';
import { button } from './controls.js';

/** The menu: who is asked and how, the schedule, the money; what takes something away stands last in its group. */
const GROUPS = {
  client: ['invoice', 'promise', 'decide_date', 'reminders', 'stop', 'go_on', 'payer', 'revoke'],
  schedule: ['move_date', 'change_total', 'transfer', 'pause', 'resume', 'sign', 'settle', 'cancel'],
  money: ['split', 'service_rendered', 'waive_fees', 'reverse_write_off', 'write_off'],
};
/** Not in the server's list: what stands in the card says whether there is something to do. */
const ALWAYS = { revoke: (card) => Boolean(card.pay_url), go_on: (card) => (card.stopped || []).length > 0, reminders: (card) => card.reminders_by !== undefined };
/** In the server's list, but of no use here: a booking has no other group, and what stands above is not repeated. */
const NEVER = { transfer: (card) => card.mode === 'deposit', invoice: (card) => !asked(card) };
const DANGEROUS = new Set(['cancel', 'write_off']);

export function rareActions(card) {
  return Object.values(GROUPS).flat().filter((name) => !(NEVER[name] && NEVER[name](card))).filter((name) => card.actions.includes(name) || (ALWAYS[name] && card.actions.length > 0 && ALWAYS[name](card)));
}

export function moreView({ t, card, ui }) {
  const rare = rareActions(card);
  if (!rare.length) return '';
  const open = ui.expanded.has('more');
  const item = (name) => html`<li>${button({ action: name, kind: DANGEROUS.has(name) ? 'danger-link' : 'link', label: t(`actions.${name}`) })}</li>`;
  const groups = Object.keys(GROUPS).map((group) => ({ group, names: GROUPS[group].filter((name) => rare.includes(name)) }));
  const lists = groups.filter(({ names }) => names.length).map(({ group, names }) => html`<div class="grafik-rare__title" id="grafik-rare-${group}">${t(`more.${group}`)}</div><ul class="grafik-rare__list" aria-labelledby="grafik-rare-${group}">${names.map(item)}</ul>`);
  return html`<div class="grafik-rare"><button type="button" class="grafik-button grafik-button_link" data-action="fold" data-id="more" data-key="fold:more" aria-expanded="${open ? 'true' : 'false'}"><span class="grafik-button__label">${t('actions.more')}</span></button>
    ${open && lists}</div>`;
}
