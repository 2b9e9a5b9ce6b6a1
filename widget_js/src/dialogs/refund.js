// Money back to the client: which payment, how much of it, by which way, why. Says before what will happen; a
// refund by the provider counts only when the provider confirms it, so the card may show it a moment later.

import { leftOf, offered, refundable } from '../card.js';
import { html } from '../html.js';
import { formatDay } from '../dates.js';
import { add, formatMoney, formatNumber, isPositive, parseMoney, subtract } from '../money.js';
import { effectsView } from '../views/effects.js';
import { receiptState } from '../views/lists.js';
import { openDialog } from './frame.js';
import { inputField, selectField, showFieldErrors, textField } from './fields.js';

/** context: {Modal, t, api, card, subject: the payment or undefined}; onDone(answer). */
export function openRefund(context, { onDone, onClosed }) {
  const { t, api, card, subject } = context;
  const payments = refundable(card);
  const first = payments.find((one) => subject && one.id === subject.id) || payments[0];
  const chosen = (form) => payments.find((one) => String(one.id) === form.elements.payment.value);
  return openDialog(context, {
    title: t('refund.title'),
    content: contentView(t, payments, first, offered(card, first, subject)),
    submitLabel: t('refund.submit'),
    submitKind: 'danger',
    collect: (form) => collect(t, form, chosen(form)),
    send: ({ payment, ...body }, key) => api.send('POST', `payments/${payment}/refund/`, body, key),
    onDone,
    onReady({ form }) {
      const show = () => {
        form.querySelector('.grafik-refund__effect').innerHTML = String(effectView(t, card, chosen(form), form));
      };
      form.elements.payment.addEventListener('change', () => {
        const payment = chosen(form);
        form.elements.amount.value = formatNumber(offered(card, payment, subject));
        form.elements.method.innerHTML = String(html`${methodsOf(t, payment).map(([value, label]) => html`<option value="${value}">${label}</option>`)}`);
      });
      form.addEventListener('input', show);
      form.addEventListener('change', show);
      show();
    },
    onClosed,
  });
}

function methodsOf(t, payment) {
  const ways = payment.provider ? ['provider', 'cash', 'bank_transfer'] : ['cash', 'bank_transfer'];
  return ways.map((name) => [name, t(`refund.by_${name}`)]);
}

function contentView(t, payments, first, amount) {
  const options = payments.map((one) => [String(one.id), t('refund.payment_line', { day: formatDay(one.received_at), amount: formatMoney(one.amount), method: t.known(`method.${one.method}`) || one.method })]);
  return html`${selectField({ name: 'payment', label: t('refund.payment'), options, value: String(first.id) })}
    <div class="grafik-pair">${inputField({ name: 'amount', label: t('refund.amount'), value: formatNumber(amount), mode: 'decimal', suffix: '₽', first: true })}
    ${selectField({ name: 'method', label: t('refund.method'), options: methodsOf(t, first) })}</div>
    ${textField({ name: 'reason', label: t('refund.reason'), hint: t('schedule.reason_hint') })}
    <div class="grafik-refund__effect" aria-live="polite"></div>`;
}

/** The payment's free part goes first, then its newest rows open again. */
export function effectView(t, card, payment, form) {
  const amount = parseMoney(form.elements.amount.value);
  if (!amount || isPositive(subtract(amount, leftOf(payment)))) return '';
  const reopened = subtract(amount, card.credit);
  const method = form.elements.method.value;
  const effects = [
    t(`refund.effect_${method}`, { amount: formatMoney(amount) }),
    isPositive(reopened) && t('refund.effect_debt', { amount: formatMoney(add(card.debt, reopened)) }),
    t(`refund.${receiptEffect(payment.receipt)}`),
  ].filter(Boolean);
  return effectsView(t, effects);
}

/** A return is printed like its payment: where that has no receipt, a person sees to the return's too. */
function receiptEffect(receipt) {
  const state = receiptState(receipt);
  if (state === 'not_required') return receipt.reason === 'other_register' ? 'effect_other_register' : 'effect_not_required';
  return ['open', 'failed'].includes(state) ? 'effect_no_receipt' : 'effect_receipt';
}

function collect(t, form, payment) {
  const amount = parseMoney(form.elements.amount.value);
  const reason = form.elements.reason.value.trim();
  const errors = {};
  if (!amount) errors.amount = t('payment.wrong_amount');
  else if (isPositive(subtract(amount, leftOf(payment)))) errors.amount = t('refund.too_much', { amount: formatMoney(leftOf(payment)) });
  if (!reason) errors.reason = t('refund.wrong_reason');
  showFieldErrors(form, errors);
  return Object.keys(errors).length ? null : { payment: payment.id, amount, reason, method: form.elements.method.value };
}
