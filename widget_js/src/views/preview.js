// The computed schedule before it is saved: rows, sums, warnings, and what changes on a rebuild.

import { html } from '../html.js';
import { formatDay } from '../dates.js';
import { add, formatMoney } from '../money.js';
import { callout } from './callout.js';

export function previewView(t, preview) {
  return html`
    ${(preview.warnings || []).map((warning) => callout('warning', warning.text))}
    <table class="grafik-table">
      <caption class="grafik-hidden">${t('schedule.preview')}</caption>
      <thead><tr><th scope="col">${t('schedule.number')}</th><th scope="col">${t('schedule.day')}</th><th scope="col" class="grafik-table__sum">${t('schedule.amount')}</th></tr></thead>
      <tbody>${preview.installments.map((row) => rowView(t, row))}</tbody>
      <tfoot><tr><th scope="row" colspan="2">${t('schedule.sum', { count: t.count('schedule.payments', preview.installments.length) })}</th><td class="grafik-table__sum">${formatMoney(sumOf(preview.installments))}</td></tr></tfoot>
    </table>
    ${changesView(t, preview.changes || [])}`;
}

/** One sentence for who hears the dialog: the table itself would be too long. */
export function previewSummary(t, preview) {
  const rows = preview.installments;
  return t('schedule.summary', { count: t.count('schedule.payments', rows.length), sum: formatMoney(sumOf(rows)) });
}

export function previewNote(text, ring = false, way = '') {
  return html`<p class="grafik-preview__note">${ring && html`<span class="grafik-ring" aria-hidden="true"></span>`}${text}</p>${way}`;
}

function sumOf(rows) {
  return add('0.00', ...rows.map((row) => row.amount));
}

function rowView(t, row) {
  const moved = row.effective_due_on && row.effective_due_on !== row.due_on;
  return html`<tr><td>${row.number}</td><td>${formatDay(row.due_on)}${moved && html`<small>${t('installments.moved', { day: formatDay(row.effective_due_on) })}</small>`}</td><td class="grafik-table__sum">${formatMoney(row.amount)}</td></tr>`;
}

/** `changes`: [{kind: closed | removed | added, text}]; the server tells them in sentences. */
function changesView(t, changes) {
  if (!changes.length) return '';
  const rows = changes.map((change) => html`<li class="grafik-change grafik-change_${change.kind}">${change.text}</li>`);
  return html`<section><h3 class="grafik-section__title">${t('schedule.changes')}</h3><ul class="grafik-changes">${rows}</ul></section>`;
}
