// Money received offline: the whole debt by one button, or a part. Both say what will happen before they do it,
// with the rows that close and what becomes of the receipt; the full payment sends the debt it was shown for: when
// the deal has changed meanwhile nothing is recorded, and the dialog stays to be asked again for the new debt.

import { covered } from '../card.js';
import { html } from '../html.js';
import { formatDay, parseDay } from '../dates.js';
import { formatMoney, isPositive, parseMoney, subtract } from '../money.js';
import { callout } from '../views/callout.js';
import { effectsView } from '../views/effects.js';
import { openDialog } from './frame.js';
import { dateField, inputField, selectField, showFieldErrors, textField } from './fields.js';
import { connectReceipt, readReceipt, receiptEffect, receiptFields } from './receipt_fields.js';
import { showStale } from './stale.js';

const METHODS = ['cash', 'card_terminal', 'bank_transfer', 'other'];

/** context: {Modal, t, api, today, card}; onCard(card) when another debt was found. */
export function openFullPayment(context, { onDone, onCard, onClosed }) {
  const { t, api, today } = context;
  let { card } = context;
  let showEffects = null;
  const spec = {
    title: t('payment.full_title'),
    content: html`<div class="grafik-question"><span>${t('payment.full_question')}</span><b>${formatMoney(card.debt)}</b></div>
      ${commonFields(t, today)}`,
    submitLabel: t('payment.full_submit', { amount: formatMoney(card.debt) }),
    collect: (form) => collectCommon(t, form, today, { expected: card.debt }),
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/full-payment/`, body, key),
    onDone,
    onStale(dialog) {
      const onFresh = (fresh) => {
        card = fresh;
        onCard(fresh);
        if (!isPositive(card.debt)) {
          dialog.close();
          return;
        }
        spec.submitLabel = t('payment.full_submit', { amount: formatMoney(card.debt) });
        dialog.setSubmitLabel(spec.submitLabel);
        dialog.form.querySelector('.grafik-question b').textContent = formatMoney(card.debt);
        showEffects();
      };
      showStale(context, dialog, onFresh, 'payment');
    },
    onReady(dialog) {
      showEffects = connect(t, dialog, (form) => fullEffects(t, card, form.elements));
    },
    onClosed,
  };
  return openDialog(context, spec);
}

export function openPartialPayment(context, { onDone, onClosed }) {
  const { t, api, today, card } = context;
  return openDialog(context, {
    title: t('payment.partial_title'),
    content: html`${inputField({ name: 'amount', label: t('payment.amount'), mode: 'decimal', suffix: '₽', first: true })}
      <div class="grafik-payment__effect" aria-live="polite"></div>
      ${commonFields(t, today)}`,
    submitLabel: t('payment.partial_submit'),
    collect: (form) => collectPartial(t, form, today),
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/payments/`, body, key),
    onDone,
    onReady: (dialog) =>
      connect(t, dialog, (form) => {
        const amount = parseMoney(form.elements.amount.value);
        form.querySelector('.grafik-payment__effect').innerHTML = String(amountEffect(t, card, amount));
        return amount ? partialEffects(t, card, amount, form.elements) : [];
      }),
    onClosed,
  });
}

/** What a sum of this size does: where it goes, what is left, what becomes credit. */
export function amountEffect(t, card, amount) {
  if (!amount) return html`<p class="grafik-hint">${t('payment.debt_now', { debt: formatMoney(card.debt) })}</p>`;
  const left = subtract(card.debt, amount);
  if (isPositive(left)) return html`<p class="grafik-hint">${t('payment.left', { left: formatMoney(left) })}</p>`;
  const over = subtract(amount, card.debt);
  if (!isPositive(over)) return html`<p class="grafik-hint">${t('payment.covers_all')}</p>`;
  return callout('warning', t('payment.over', { over: formatMoney(over) }));
}

/** Tells anew what will happen whenever something is typed or chosen. → what tells it at once. */
function connect(t, { form, recentre }, effects) {
  connectReceipt(form, recentre);
  const place = form.querySelector('.grafik-payment__effects');
  const show = () => {
    place.innerHTML = String(effectsView(t, effects(form).filter(Boolean)));
  };
  form.addEventListener('input', show);
  form.addEventListener('change', show);
  show();
  return show;
}

export function fullEffects(t, card, fields) {
  return [
    t(card.version === null ? 'payment.effect_debt' : 'payment.effect_recorded', { amount: formatMoney(card.debt) }),
    t('payment.effect_closed'),
    t('payment.effect_stage'),
    receiptEffect(t, card, fields),
  ];
}

/** Which rows the sum closes, oldest first, and which one it only begins. */
export function partialEffects(t, card, amount, fields) {
  const { closed, begun } = covered(card, amount);
  return [
    card.version === null && t(card.mode === 'deposit' ? 'payment.effect_links' : 'payment.effect_later'),
    closed.length > 0 && t(closed.length === 1 ? 'payment.effect_closes_one' : 'payment.effect_closes', { rows: closed.join(', ') }),
    begun && t('payment.effect_begins', { row: begun }),
    card.version !== null && !isPositive(subtract(card.debt, amount)) && t('payment.effect_stage'),
    receiptEffect(t, card, fields),
  ];
}

function commonFields(t, today) {
  return html`<div class="grafik-pair">
      ${dateField({ t, name: 'paid_on', label: t('payment.paid_on'), value: today })}
      ${selectField({ name: 'method', label: t('payment.method'), value: 'cash', options: METHODS.map((name) => [name, t(`method.${name}`)]) })}</div>
    ${receiptFields(t)}
    ${textField({ name: 'comment', label: t('payment.comment') })}
    <div class="grafik-payment__effects" aria-live="polite"></div>`;
}

function collectPartial(t, form, today) {
  const amount = parseMoney(form.elements.amount.value);
  if (amount) return collectCommon(t, form, today, { amount });
  showFieldErrors(form, { amount: t('payment.wrong_amount') });
  return null;
}

function collectCommon(t, form, today, body) {
  const { paid_on: typed, method, comment } = form.elements;
  const day = parseDay(typed.value);
  const wrong = wrongDay(t, day, today);
  const { receipt, errors } = readReceipt(t, form.elements);
  if (wrong) errors.paid_on = wrong;
  showFieldErrors(form, errors);
  if (Object.keys(errors).length) return null;
  const whole = { ...body, paid_on: day, method: method.value };
  if (comment.value.trim()) whole.comment = comment.value.trim();
  if (receipt !== undefined) whole.receipt = receipt;
  return whole;
}

function wrongDay(t, day, today) {
  if (!day) return t('payment.wrong_day');
  return day > today ? t('payment.future_day', { today: formatDay(today) }) : '';
}
