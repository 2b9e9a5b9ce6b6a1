// Issue an invoice for the next open row (or another sum), and send one that exists.
// Channels that cannot work for this payer are not offered; without any, the link is copied by hand.

import { html } from '../html.js';
import { formatDay } from '../dates.js';
import { formatMoney, formatNumber, parseMoney } from '../money.js';
import { callout } from '../views/callout.js';
import { sentWords } from '../views/lists.js';
import { openDialog } from './frame.js';
import { checkField, inputField, showFieldErrors } from './fields.js';

/** context: {Modal, t, api, card}. The server answers with an invoice; onDone() reloads the card. */
export function openInvoice(context, { onDone, onClosed }) {
  const { t, api, card } = context;
  const next = card.next;
  return openDialog(context, {
    title: t('invoice.title'),
    content: html`<p class="grafik-dialog__lead">${t('invoice.for_row', { number: next.number, day: formatDay(next.due_on) })}</p>
      ${inputField({ name: 'amount', label: t('invoice.amount'), value: formatNumber(next.amount), mode: 'decimal', suffix: '₽', first: true })}
      ${channelsView(t, card)}`,
    submitLabel: t('invoice.submit'),
    collect(form) {
      const amount = parseMoney(form.elements.amount.value);
      showFieldErrors(form, amount ? {} : { amount: t('payment.wrong_amount') });
      if (!amount) return null;
      const send = chosen(form);
      return { ...(amount === next.amount ? { installment: next.number } : { amount }), send };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/invoices/`, body, key),
    onDone,
    onClosed,
  });
}

/** context.subject is the invoice to send. */
export function openSend(context, { onDone, onClosed }) {
  const { t, api, card, subject: invoice } = context;
  const reachable = Boolean(emailOf(card));
  return openDialog(context, {
    title: t('invoices.name', { number: invoice.number }),
    content: html`<p class="grafik-dialog__lead">${t('invoice.send_lead', { amount: formatMoney(invoice.amount) })}</p>${channelsView(t, card)}${sentView(t, invoice)}`,
    submitLabel: reachable ? t('invoices.send') : '',
    collect(form) {
      const channels = chosen(form);
      showFieldErrors(form, {});
      return channels.length ? { channels } : null;
    },
    send: (body, key) => api.send('POST', `invoices/${invoice.id}/send/`, body, key),
    onDone,
    onClosed,
  });
}

function emailOf(card) {
  return (card.payer && card.payer.email) || (card.contact && card.contact.email) || '';
}

function channelsView(t, card) {
  const email = emailOf(card);
  if (!email) return callout('warning', t('invoice.no_channel'), html`<div class="grafik-hint">${t('way_out.no_email')}</div>`);
  return html`<div class="grafik-channels" role="group" aria-label="${t('invoice.channels')}">
    ${checkField({ name: 'channel', value: 'email', label: t('invoice.by_email', { email }), checked: true })}</div>`;
}

function sentView(t, invoice) {
  if (!invoice.sent.length) return '';
  const rows = invoice.sent.map((one) => html`<li>${sentWords(t, one)}</li>`);
  return html`<div class="grafik-effects"><b>${t('invoice.sent_before')}</b><ul>${rows}</ul></div>`;
}

function chosen(form) {
  return Array.from(form.querySelectorAll('input[name="channel"]:checked'), (box) => box.value);
}
