// What is put right afterwards or ends a prepayment: a payment entered by mistake, a service that was rendered, how
// the client wants to be reminded.

import { html } from '../html.js';
import { formatDay, parseDay } from '../dates.js';
import { formatMoney, parseMoney } from '../money.js';
import { openDecision } from './decisions.js';
import { dateField, inputField, selectField } from './fields.js';

const CHANNELS = ['', 'email', 'salesbot', 'sms', 'none'];

/** context.subject is the payment: it stays in the history with its reversal, and counts no more. */
export function openReverse(context, handlers) {
  const { t, api, subject: payment } = context;
  const receipt = payment.receipt && payment.receipt.state === 'registered';
  return openDecision(context, handlers, {
    name: 'reverse',
    danger: true,
    before: html`<p class="grafik-dialog__lead">${t('reverse.lead', { amount: formatMoney(payment.amount), day: formatDay(payment.received_at), method: t.known(`method.${payment.method}`) || payment.method })}</p>`,
    effects: () => [t('reverse.effect_rows'), receipt && t('reverse.effect_receipt'), t('reverse.effect_history')],
    send: (body, key) => api.send('POST', `payments/${payment.id}/reverse/`, body, key),
  });
}

/** The service was rendered, all of it or a part: prepayments are settled by their second receipts. */
export function openRendered(context, handlers) {
  const { t, api, card, today } = context;
  return openDecision(context, handlers, {
    name: 'rendered',
    reasonless: true,
    before: html`<div class="grafik-pair">${dateField({ t, name: 'on', label: t('rendered.on'), value: today })}
      ${inputField({ name: 'amount', label: t('rendered.amount'), mode: 'decimal', suffix: '₽', hint: t('rendered.amount_hint') })}</div>`,
    effects: () => [t('rendered.effect_receipts'), t('rendered.effect_debt')],
    read(form, errors) {
      const on = parseDay(form.elements.on.value);
      const typed = form.elements.amount.value.trim();
      const amount = parseMoney(typed);
      if (!on) errors.on = t('payment.wrong_day');
      else if (on > today) errors.on = t('payment.future_day', { today: formatDay(today) });
      if (typed && !amount) errors.amount = t('payment.wrong_amount');
      return amount ? { on, amount } : { on };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/service-rendered/`, body, key),
  });
}

/** By one channel, by none, or as the account's policy says. */
export function openChannel(context, handlers) {
  const { t, api, card } = context;
  return openDecision(context, handlers, {
    name: 'reminders',
    reasonless: true,
    before: selectField({ name: 'channel', label: t('reminders.how'), value: card.reminders_by || '', options: CHANNELS.map((name) => [name, t(`reminders.by_${name || 'policy'}`)]) }),
    effects: (form) => [t(form.elements.channel.value === 'none' ? 'reminders.effect_none' : 'reminders.effect_payer'), t('reminders.effect_invoices')],
    read: (form) => ({ channel: form.elements.channel.value || null }),
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/channel/`, body, key),
  });
}
