// Money of one payment to another deal of the same legal entity: the client's other deals that owe something are
// offered by a click, any other deal by its number. The sum is at most what is left of the payment.

import { leftOf, refundable } from '../card.js';
import { html } from '../html.js';
import { formatMoney, formatNumber, isPositive, parseMoney, subtract } from '../money.js';
import { openDialog } from './frame.js';
import { inputField, showFieldErrors, textField } from './fields.js';

/** context: {Modal, t, api, card, subject: the payment or undefined}; onDone(card). */
export function openMove(context, { onDone, onConflict, onClosed }) {
  const { t, api, card, subject } = context;
  const payment = subject || refundable(card)[0];
  return openDialog(context, {
    title: t('move.title'),
    content: contentView(t, payment),
    submitLabel: t('move.submit'),
    collect: (form) => collect(t, form, payment),
    send: (body, key) => api.send('POST', `payments/${payment.id}/move/`, body, key),
    onReady: (dialog) => offer(context, dialog),
    onDone,
    onConflict,
    onClosed,
  });
}

function contentView(t, payment) {
  return html`<p class="grafik-dialog__lead">${t('move.lead', { amount: formatMoney(payment.amount), left: formatMoney(leftOf(payment)) })}</p>
    <div class="grafik-offers" aria-live="polite"></div>
    <div class="grafik-pair">${inputField({ name: 'lead_id', label: t('move.deal'), mode: 'numeric', first: true })}
    ${inputField({ name: 'amount', label: t('refund.amount'), value: formatNumber(leftOf(payment)), mode: 'decimal', suffix: '₽' })}</div>
    ${textField({ name: 'reason', label: t('decision.reason'), hint: t('schedule.reason_hint') })}`;
}

/** Deals of the same payer that could use the money; without an answer the number is typed. */
function offer({ t, api, card }, dialog) {
  const place = dialog.form.querySelector('.grafik-offers');
  place.addEventListener('change', (event) => {
    dialog.form.elements.lead_id.value = event.target.value;
  });
  api.get(`deals/${card.lead_id}/credit/`).then(
    (found) => {
      if (!dialog.isOpen()) return;
      place.innerHTML = String(offersView(t, found.deals));
      dialog.recentre();
    },
    () => undefined,
  );
}

export function offersView(t, deals) {
  if (!deals.length) return '';
  return html`<div class="grafik-templates" role="radiogroup" aria-label="${t('move.other_deals')}">${deals.map(
    (one) => html`<label class="grafik-check"><input type="radio" name="offer" value="${one.lead_id}"><span>${one.name || `#${one.lead_id}`} <small class="grafik-hint">${t('move.owes', { debt: formatMoney(one.debt) })}</small></span></label>`,
  )}</div>`;
}

function collect(t, form, payment) {
  const lead = form.elements.lead_id.value.replace(/\D/g, '');
  const amount = parseMoney(form.elements.amount.value);
  const reason = form.elements.reason.value.trim();
  const errors = {};
  if (!lead) errors.lead_id = t('move.wrong_deal');
  if (!amount) errors.amount = t('payment.wrong_amount');
  else if (isPositive(subtract(amount, leftOf(payment)))) errors.amount = t('refund.too_much', { amount: formatMoney(leftOf(payment)) });
  if (!reason) errors.reason = t('decision.wrong_reason');
  showFieldErrors(form, errors);
  return Object.keys(errors).length ? null : { lead_id: Number(lead), amount, reason };
}
