// Issue an invoice for the next open row (or another sum), and send one that exists. Both show the ready message:
// after issuing, and before sending. Channels that cannot work for this payer are not offered; without any, the
// message is copied by hand.

import { hasText, isInvoice } from '../answers.js';
import { channelsOf } from '../card.js';
import { html } from '../html.js';
import { formatDay } from '../dates.js';
import { formatMoney, formatNumber, parseMoney } from '../money.js';
import { explain } from '../problems.js';
import { callout } from '../views/callout.js';
import { button, copyPair } from '../views/controls.js';
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
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/invoices/`, body, key, isInvoice),
    doneView: (invoice) => issuedView(t, invoice),
    onDone,
    onClosed,
  });
}

/** context.subject is the invoice to send. */
export function openSend(context, { onDone, onClosed }) {
  const { t, api, card, subject: invoice } = context;
  const reachable = channelsOf(card).length > 0;
  return openDialog(context, {
    title: t('invoices.name', { number: invoice.number }),
    content: html`<p class="grafik-dialog__lead">${t('invoice.send_lead', { amount: formatMoney(invoice.amount) })}</p>${channelsView(t, card)}
      <div class="grafik-message" aria-live="polite"></div>${sentView(t, invoice)}`,
    submitLabel: reachable ? t('invoices.send') : '',
    collect(form) {
      const channels = chosen(form);
      showFieldErrors(form, {});
      return channels.length ? { channels } : null;
    },
    send: (body, key) => api.send('POST', `invoices/${invoice.id}/send/`, body, key),
    onReady: (dialog) => loadMessage(context, dialog),
    onDone,
    onClosed,
  });
}

/** The message of the invoice as the server words it today. */
function loadMessage({ t, api, subject: invoice }, dialog) {
  const place = dialog.form.querySelector('.grafik-message');
  const show = (markup) => {
    if (!dialog.isOpen()) return;
    place.innerHTML = String(markup);
    dialog.recentre();
  };
  const load = () => {
    show(html`<p class="grafik-preview__note"><span class="grafik-ring" aria-hidden="true"></span>${t('invoice.loading')}</p>`);
    api.get(`invoices/${invoice.id}/`, hasText).then(
      (found) => show(messageView(t, found)),
      (error) => show(callout('error', explain(t, error).text, button({ action: 'message_again', kind: 'small', label: t('panel.retry') }))),
    );
  };
  place.addEventListener('click', (event) => {
    if (event.target.closest('[data-action="message_again"]')) load();
  });
  load();
}

export function messageView(t, invoice) {
  const what = t('invoices.name', { number: invoice.number });
  return html`<div class="grafik-quote"><b>${t('invoice.message')}</b><p>${invoice.text}</p>${copyPair({ t, id: `message-${invoice.id}`, url: invoice.url, text: invoice.text, what, copied: '' })}</div>`;
}

function issuedView(t, invoice) {
  const sent = invoice.sent.length ? t('invoice.issued_sent') : t('invoice.issued');
  return html`<div class="grafik-made"><b>${t('invoices.name', { number: invoice.number })}, ${formatMoney(invoice.amount)}</b><span>${sent}</span></div>${messageView(t, invoice)}`;
}

function channelsView(t, card) {
  const channels = channelsOf(card);
  if (!channels.length) return callout('warning', t('invoice.no_channel'), html`<div class="grafik-hint">${t('way_out.no_email')}</div>`);
  return html`<div class="grafik-channels" role="group" aria-label="${t('invoice.channels')}">
    ${channels.map(({ channel, to }, index) => checkField({ name: 'channel', value: channel, label: t.known(`invoice.by_${channel}`, { to }) || `${channel} ${to}`, checked: index === 0 }))}</div>`;
}

function sentView(t, invoice) {
  if (!invoice.sent.length) return '';
  const rows = invoice.sent.map((one) => html`<li>${sentWords(t, one)}</li>`);
  return html`<div class="grafik-effects"><b>${t('invoice.sent_before')}</b><ul>${rows}</ul></div>`;
}

function chosen(form) {
  return Array.from(form.querySelectorAll('input[name="channel"]:checked'), (box) => box.value);
}
