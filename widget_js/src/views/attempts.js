// What the payer tried: the last opening or refusal with the next step in words, earlier ones folded.
// Shown only while something is owed and no money came after it.

import { freshAttempts } from '../card.js';
import { formatMoment } from '../dates.js';
import { html } from '../html.js';
import { formatMoney } from '../money.js';
import { folded, section } from './controls.js';

export function attemptsView({ t, card, ui }) {
  const fresh = freshAttempts(card);
  if (!fresh.length) return '';
  const rows = fresh.map((one) => attemptRow(t, one));
  const list = folded({ t, rows, key: 'attempts', expanded: ui.expanded.has('attempts'), limit: 1 });
  return section(t('attempts.title'), html`<ul class="grafik-list">${list}</ul><p class="grafik-next"><b>${t('attempts.next')}</b> ${nextStep(t, fresh[0])}</p>`);
}

function attemptRow(t, one) {
  const declined = one.what === 'declined';
  const words = t.known(`attempts.${one.what}`) || one.what;
  return html`<li class="grafik-row"><div class="grafik-row__main"><span>${formatMoment(one.at)}</span>${one.amount && html`<span class="grafik-row__sum">${formatMoney(one.amount)}</span>`}</div>
    <div class="grafik-row__note"><span class="grafik-tone_${declined ? 'error' : 'muted'}">${words}${one.reason && html`: ${one.reason}`}</span></div></li>`;
}

function nextStep(t, last) {
  return t.known(`attempts.next_${last.what}`) || t('attempts.next_opened');
}
