// Money of one payment to another deal of the same legal entity: the client's other deals that owe something are
// offered by a click, any other deal by its number. The sum is at most what is left of the payment; what follows in
// both deals is said before.

import { isOffers } from '../answers.js';
import { leftOf, offered, refundable } from '../card.js';
import { html } from '../html.js';
import { add, formatMoney, formatNumber, isPositive, parseMoney, subtract } from '../money.js';
import { effectsView } from '../views/effects.js';
import { previewNote } from '../views/preview.js';
import { openDialog } from './frame.js';
import { inputField, showFieldErrors, textField } from './fields.js';

/** context: {Modal, t, api, card, subject: the payment or undefined}; onDone(card). */
export function openMove(context, { onDone, onConflict, onClosed }) {
  const { t, api, card, subject } = context;
  const payment = subject || refundable(card)[0];
  return openDialog(context, {
    title: t('move.title'),
    content: contentView(t, payment, offered(card, payment, subject)),
    submitLabel: t('move.submit'),
    collect: (form) => collect(t, form, payment),
    send: (body, key) => api.send('POST', `payments/${payment.id}/move/`, body, key),
    onReady(dialog) {
      const { form } = dialog;
      const show = () => {
        form.querySelector('.grafik-move__effects').innerHTML = String(effectsView(t, moveEffects(t, card, form.elements.lead_id.value, parseMoney(form.elements.amount.value))));
      };
      form.addEventListener('input', show);
      form.addEventListener('change', show);
      offer(context, dialog);
      show();
    },
    onDone,
    onConflict,
    onClosed,
  });
}

function contentView(t, payment, amount) {
  return html`<p class="grafik-dialog__lead">${t('move.lead', { amount: formatMoney(payment.amount), left: formatMoney(leftOf(payment)) })}</p>
    <div class="grafik-offers" aria-live="polite"></div>
    <div class="grafik-pair">${inputField({ name: 'lead_id', label: t('move.deal'), mode: 'numeric', first: true })}
    ${inputField({ name: 'amount', label: t('refund.amount'), value: formatNumber(amount), mode: 'decimal', suffix: '₽' })}</div>
    ${textField({ name: 'reason', label: t('decision.reason'), hint: t('schedule.reason_hint') })}
    <div class="grafik-move__effects" aria-live="polite"></div>`;
}

/** Deals of the same payer that could use the money; without an answer the number is typed. */
function offer({ t, api, card }, dialog) {
  const place = dialog.form.querySelector('.grafik-offers');
  place.addEventListener('change', (event) => {
    dialog.form.elements.lead_id.value = event.target.value;
  });
  place.innerHTML = String(previewNote(t('move.looking'), true));
  api.get(`deals/${card.lead_id}/credit/`, isOffers).then(
    (answer) => {
      if (!dialog.isOpen()) return;
      const found = candidates(answer);
      place.innerHTML = String(found.length ? offersView(t, found) : previewNote(t('move.nothing_found')));
      dialog.recentre();
    },
    () => {
      place.innerHTML = String(previewNote(t('move.not_found')));
    },
  );
}

/** Those that could use what is overpaid here come first, then whatever else the client owes the same legal entity. */
export function candidates({ deals, together = [] }) {
  return [...deals, ...together.filter((one) => !deals.some((other) => other.lead_id === one.lead_id))];
}

/** The overpaid part goes first, as with a refund; the rest opens rows here again. */
export function moveEffects(t, card, lead, amount) {
  if (!amount) return [];
  const reopened = subtract(amount, card.credit);
  const number = lead.replace(/\D/g, '');
  return [
    number ? t('move.effect_there', { amount: formatMoney(amount), lead: number }) : t('move.effect_other', { amount: formatMoney(amount) }),
    isPositive(reopened) ? t('move.effect_debt', { debt: formatMoney(add(card.debt, reopened)) }) : t('move.effect_credit'),
    t('move.effect_receipt'),
  ];
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
