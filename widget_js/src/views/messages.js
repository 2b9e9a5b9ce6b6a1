// What was sent to the payer besides invoices, and what became of it: a reminder, a receipt, a document. An invoice's own
// sendings stand with the invoice.

import { html } from '../html.js';
import { folded, section } from './controls.js';
import { sentWords } from './lists.js';

const SHOWN = 2;
const TONES = { failed: 'error', parked: 'error', handed_over: 'info', waiting: 'info' };

export function messagesView({ t, card, ui }) {
  const found = (card.messages || []).filter((one) => one.about !== 'invoice');
  if (!found.length) return '';
  const rows = found.map((one) => messageRow(t, one));
  const list = folded({ t, rows, key: 'messages', expanded: ui.expanded.has('messages'), limit: SHOWN });
  return section(t('messages.title'), html`<ul class="grafik-list">${list}</ul>`);
}

function messageRow(t, one) {
  return html`<li class="grafik-row" data-message="${one.about}"><div class="grafik-row__main"><span>${t.known(`messages.${one.about}`) || t('messages.other')}</span></div>
    <div class="grafik-row__note"><span class="grafik-tone_${TONES[one.state] || 'muted'}">${sentWords(t, one)}${one.reason && html`: ${one.reason}`}</span></div></li>`;
}
