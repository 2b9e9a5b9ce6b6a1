// What becomes of a debt that nobody will pay, of late fees, of a lost deal, of a budget that does not fit: each is a
// person's decision with a word about what follows.

import { formatMoney, formatNumber, isPositive, parseMoney, subtract } from '../money.js';
import { html } from '../html.js';
import { openDecision } from './decisions.js';
import { inputField } from './fields.js';

/** Nobody is asked for this money any more; it is no income and no refund. */
export function openWriteOff(context, handlers) {
  const { t, card } = context;
  return openSum(context, handlers, { name: 'write_off', most: card.debt, path: 'write-off/', danger: true, effects: (amount) => [t('write_off.effect_debt', { debt: formatMoney(subtract(card.debt, amount)) }), t('write_off.effect_quiet'), t('write_off.effect_later')] });
}

export function openReverseWriteOff(context, handlers) {
  const { t, card } = context;
  return openSum(context, handlers, { name: 'reverse_write_off', keepLabel: t('reverse_write_off.keep'), most: card.written_off, path: 'write-off/reverse/', effects: (amount) => [t('reverse_write_off.effect', { amount: formatMoney(amount) })] });
}

export function openWaive(context, handlers) {
  const { t, card } = context;
  return openSum(context, handlers, { name: 'waive_fees', most: card.fees.owed, path: 'fees/waive/', effects: (amount) => [t('waive_fees.effect', { amount: formatMoney(amount) })] });
}

/** The deal is lost in amoCRM and owes: settle at what was paid, pause, or go on. */
export function openLoss(context, handlers) {
  const { t, api, card } = context;
  const ways = ['settle', 'pause', 'go_on'];
  return openDecision(context, handlers, {
    name: 'loss',
    before: html`<div class="grafik-templates" role="radiogroup" aria-label="${t('loss.title')}">${ways.map((name, index) => html`<label class="grafik-check"><input type="radio" name="decision" value="${name}"${index === 0 && html` checked data-autofocus`}><span>${t(`loss.${name}`)}</span></label>`)}</div>`,
    effects: (form) => [t(`loss.effect_${form.elements.decision.value}`)],
    read: (form) => ({ decision: form.elements.decision.value }),
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/loss/`, body, key),
  });
}

/** The schedule is right: the deal's budget in amoCRM follows it. */
export function openRestorePrice(context, handlers) {
  const { t, api, card } = context;
  return openDecision(context, handlers, {
    name: 'restore_price',
    reasonless: true,
    effects: () => [t('restore_price.effect', { total: formatMoney(card.total) })],
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/price/restore/`, body, key),
  });
}

/** A sum up to `most`, a reason, and what follows; the server answers with the card. */
function openSum(context, handlers, { name, most, path, effects, keepLabel = '', danger = false }) {
  const { t, api, card } = context;
  const typed = (form) => parseMoney(form.elements.amount.value);
  return openDecision(context, handlers, {
    name,
    keepLabel,
    danger,
    before: inputField({ name: 'amount', label: t('refund.amount'), value: formatNumber(most), mode: 'decimal', suffix: '₽', first: true }),
    effects: (form) => (typed(form) ? effects(typed(form)) : []),
    read(form, errors) {
      const amount = typed(form);
      if (!amount) errors.amount = t('payment.wrong_amount');
      else if (isPositive(subtract(amount, most))) errors.amount = t('refund.too_much', { amount: formatMoney(most) });
      return { amount };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/${path}`, body, key),
  });
}
