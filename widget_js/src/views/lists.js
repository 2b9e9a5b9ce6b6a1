// The lists of the panel: installments, invoices, payments, documents. Two lines a row, folded when long.

import { refundable, reversible } from '../card.js';
import { html } from '../html.js';
import { formatDay, formatMoment } from '../dates.js';
import { formatIn, formatMoney, isPositive, restOf, subtract } from '../money.js';
import { button, copyButton, folded, link, section } from './controls.js';

const INSTALLMENTS_SHOWN = 4;
const OTHERS_SHOWN = 2;
const INVOICE_TONES = { open: 'info', paid: 'success' };
const REFUND_TONES = { failed: 'error', given_up: 'muted' };
const ACT_TONES = { open: 'warning', accepted: 'success' };
const ROW_TONES = { overdue: 'error', partially_paid: 'warning', invoiced: 'info', paid: 'success', planned: 'muted' };
const RECEIPT_TONES = { registered: 'success', failed: 'error', open: 'warning', sent: 'info' };

export function installmentsView({ t, card, ui }) {
  if (!card.installments.length) return '';
  const open = card.installments.findIndex((row) => row.state !== 'paid');
  const rows = card.installments.map((row) => installmentRow(t, row));
  const list = folded({
    t,
    rows,
    key: 'installments',
    expanded: ui.expanded.has('installments'),
    limit: INSTALLMENTS_SHOWN,
    from: Math.max(0, open - 1),
  });
  return section(t('installments.title'), html`<ul class="grafik-list">${list}</ul>`, counter(card));
}

function counter(card) {
  const paid = card.installments.filter((row) => row.state === 'paid').length;
  return html` <span class="grafik-section__count">${paid}/${card.installments.length}</span>`;
}

function installmentRow(t, row) {
  const moved = row.effective_due_on && row.effective_due_on !== row.due_on;
  const part = row.state !== 'paid' && isPositive(subtract(row.amount, restOf(row))) && t('installments.part', { rest: formatMoney(restOf(row)) });
  return html`<li class="grafik-row" data-installment="${row.number}">
    <div class="grafik-row__main"><span>${row.number}. ${formatDay(row.due_on)}</span><span class="grafik-row__sum">${formatMoney(row.amount)}</span></div>
    <div class="grafik-row__note"><span class="grafik-tone_${ROW_TONES[row.state] || 'muted'}">${t.known(`installment_state.${row.state}`) || row.state}</span>
      <span>${part || (moved && row.state !== 'paid' && t('installments.moved', { day: formatDay(row.effective_due_on) }))}</span></div>
    ${row.payer && note('muted', t('installments.payer', { name: row.payer.name }))}</li>`;
}

export function invoicesView({ t, card, ui }) {
  // What can be paid comes first; void ones stay as history, folded.
  const rows = [...card.invoices.filter((one) => one.state !== 'void').reverse(), ...card.invoices.filter((one) => one.state === 'void').reverse()];
  if (!rows.length) return '';
  const list = folded({
    t,
    rows: rows.map((invoice) => invoiceRow(t, card, invoice, ui)),
    key: 'invoices',
    expanded: ui.expanded.has('invoices'),
    limit: OTHERS_SHOWN,
  });
  return section(t('invoices.title'), html`<ul class="grafik-list">${list}</ul>`);
}

function invoiceRow(t, card, invoice, ui) {
  const what = t('invoices.name', { number: invoice.number });
  const open = invoice.state === 'open';
  const id = `invoice-${invoice.id}`;
  const sendLabel = invoice.sent.length ? t('invoices.resend') : t('invoices.send');
  return html`<li class="grafik-row" data-invoice="${invoice.id}">
    <div class="grafik-row__main"><span>${what}</span><span class="grafik-row__sum">${formatMoney(invoice.amount)}</span></div>
    <div class="grafik-row__note"><span class="grafik-tone_${INVOICE_TONES[invoice.state] || 'muted'}">${t.known(`invoice_state.${invoice.state}`) || invoice.state}</span><span>${sentNote(t, invoice)}</span></div>
    ${open && html`<div class="grafik-row__actions">
      ${copyButton({ t, id, text: invoice.url, label: t('copy.link'), what, copied: ui.copied })}
      ${card.actions.includes('invoice') && button({ action: 'send', id: invoice.id, kind: 'small', label: sendLabel, name: `${sendLabel}: ${what}` })}
      ${card.actions.includes('void') && button({ action: 'void', id: invoice.id, kind: 'link', label: t('invoices.void'), name: `${t('invoices.void')}: ${what}` })}</div>`}</li>`;
}

/** The newest sending in words; one that failed is said before all others. */
function sentNote(t, invoice) {
  if (!invoice.sent.length) return invoice.state === 'open' ? t('invoices.not_sent') : '';
  const failed = invoice.sent.find((one) => one.state === 'failed' || one.state === 'parked');
  const shown = failed || invoice.sent[invoice.sent.length - 1];
  return html`<span class="${failed ? 'grafik-tone_error' : ''}">${sentWords(t, shown)}</span>`;
}

/** «письмо 10.11.2026» for what was sent, «письмо не доставлено» for what was not. */
export function sentWords(t, one) {
  const channel = t.known(`channel.${one.channel}`) || one.channel;
  const state = t.known(`sent_state.${one.state}`);
  return state || !one.at ? t('sent.state', { channel, state }) : t('sent.on', { channel, day: formatDay(one.at) });
}

export function paymentsView({ t, card, ui }) {
  if (!card.payments.length) return '';
  const rows = [...card.payments].sort((one, other) => String(other.received_at).localeCompare(String(one.received_at)) || other.id - one.id);
  const list = folded({
    t,
    rows: rows.map((payment) => paymentRow(t, card, payment)),
    key: 'payments',
    expanded: ui.expanded.has('payments'),
    limit: OTHERS_SHOWN,
  });
  return section(t('payments.title'), html`<ul class="grafik-list">${list}</ul>`);
}

function paymentRow(t, card, payment) {
  const receipt = payment.receipt;
  return html`<li class="grafik-row" data-payment="${payment.id}">
    <div class="grafik-row__main"><span>${formatDay(payment.received_at)}</span><span class="grafik-row__sum">${formatIn(payment.currency, payment.amount)}</span></div>
    ${payment.currency !== 'RUB' && html`<div class="grafik-row__note"><span class="grafik-tone_warning">${t('payments.uncounted')}</span></div>`}
    <div class="grafik-row__note"><span>${t.known(`method.${payment.method}`) || payment.method}</span>
      <span class="grafik-tone_${RECEIPT_TONES[receiptState(receipt)] || 'muted'}">${receiptNote(t, receipt)}</span></div>
    ${refundsView(t, payment)}
    ${payment.moved && isPositive(payment.moved) && note('warning', t('payments.moved', { amount: formatMoney(payment.moved) }))}
    ${isPositive(payment.reversed || '0.00') && note('warning', t('payments.reversed', { amount: formatMoney(payment.reversed) }))}
    ${payment.moved_from && note('muted', t('payments.moved_from', { lead: payment.moved_from }))}
    ${paymentActions(t, card, payment)}</li>`;
}

/** What can still be done with this money: back, away, or its receipt once more. */
function paymentActions(t, card, payment) {
  const what = `${formatMoney(payment.amount)}, ${formatDay(payment.received_at)}`;
  const left = refundable(card).includes(payment);
  const act = (action, label) => button({ action, id: payment.id, kind: 'link', label, name: `${label}: ${what}` });
  const rows = [
    left && card.actions.includes('refund') && act('refund', t('payments.refund')),
    left && card.actions.includes('move') && act('move', t('payments.move')),
    card.actions.includes('reverse') && reversible(payment) && act('reverse', t('payments.reverse')),
    receiptState(payment.receipt) === 'registered' && card.actions.length > 0 && act('receipt_send', t('payments.receipt_send')),
  ].filter(Boolean);
  return rows.length > 0 && html`<div class="grafik-row__actions grafik-row__actions_links">${rows}</div>`;
}

function note(tone, words) {
  return html`<div class="grafik-row__note"><span class="grafik-tone_${tone}">${words}</span></div>`;
}

/** Each refund with its state; where the server names only a sum, the sum. */
function refundsView(t, payment) {
  const listed = payment.refunds || [];
  const rows = listed.map((one) => note(REFUND_TONES[one.state] || 'warning', refundWords(t, payment, one)));
  if (rows.length) return rows;
  return isPositive(payment.refunded) && note('warning', t('payments.refunded', { amount: formatIn(payment.currency, payment.refunded) }));
}

function refundWords(t, payment, { amount, state, method, error }) {
  const words = t.known(`refund_state.${method === 'chargeback' ? 'chargeback' : state}`) || state;
  return `${words} ${formatIn(payment.currency, amount)}${error ? `: ${error}` : ''}`;
}

function receiptNote(t, receipt) {
  const state = receiptState(receipt);
  const words = t.known(`receipt.${state}`) || state;
  if (!receipt) return words;
  const reason = receipt.reason && reasonWords(t, receipt.reason);
  if (receipt.url) return link(receipt.url, words);
  return reason ? `${words}: ${reason}` : words;
}

/** The words of a known code; a code we do not know is nothing to read, a sentence of the register is. */
function reasonWords(t, reason) {
  return t.known(`receipt_reason.${reason}`) || (/^[\w.:-]+$/.test(reason) ? t('receipt_reason.other') : reason);
}

/** A planned receipt with a reason waits for a person, not for us: shown as open. */
export function receiptState(receipt) {
  if (!receipt) return 'none';
  return receipt.state === 'planned' && receipt.reason ? 'open' : receipt.state;
}

/** Newest first; the address is asked for at the click, so none stands here. */
export function documentsView({ t, card, ui }) {
  if (!card.documents.length) return '';
  const rows = card.documents.map((one) => documentRow(t, card, one)).reverse();
  const list = folded({ t, rows, key: 'documents', expanded: ui.expanded.has('documents'), limit: OTHERS_SHOWN });
  return section(t('documents.title'), html`<ul class="grafik-list">${list}</ul>`);
}

/** The paper of an invoice goes with its invoice; any other one is sent by itself. */
function documentRow(t, card, { id, name, kind, created_at: made, act }) {
  const label = t('documents.open');
  const sends = kind !== 'invoice' && card.actions.includes('document') && !(act && act.state === 'void');
  return html`<li class="grafik-row" data-document="${id}">
    <div class="grafik-row__main"><span>${name}</span>${act && html`<span class="grafik-row__sum">${formatMoney(act.amount)}</span>`}</div>${act && actView(t, card, id, name, act)}
    <div class="grafik-row__note grafik-row__note_level"><span>${formatMoment(made)}</span><span class="grafik-row__links">${sends && button({ action: 'document_send', id, kind: 'link', label: t('invoices.send'), name: `${t('invoices.send')}: ${name}` })}${button({ action: 'open_document', id, kind: 'link', label, name: `${label}: ${name}` })}</span></div></li>`;
}

/** Whether the client has signed it; one that waits can be marked or made void. */
function actView(t, card, id, name, { state, accepted_on: on, reason }) {
  const words = t(`act_state.${state}`, { day: on ? formatDay(on) : '' });
  const act = (action, text) => button({ action, id, kind: 'link', label: text, name: `${text}: ${name}` });
  const rows = state === 'open' && card.actions.includes('document') && [act('act_accept', t('act_accept.button')), act('act_void', t('act_void.button'))];
  return html`${note(ACT_TONES[state] || 'muted', reason ? `${words}: ${reason}` : words)}${rows && html`<div class="grafik-row__actions grafik-row__actions_links">${rows}</div>`}`;
}
