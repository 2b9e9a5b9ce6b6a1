// Acts of rendered services: the day and sum of a new one, the client's signature under it, a mistaken one.

import { formatDay, parseDay } from '../dates.js';
import { html } from '../html.js';
import { formatMoney, parseMoney } from '../money.js';
import { openDecision } from './decisions.js';
import { dateField, inputField } from './fields.js';

/** Left empty, the sum is all that no act says yet. */
export function actFields(t, today) {
  return html`<div class="grafik-pair">${dateField({ t, name: 'on', label: t('act.on'), value: today })}
    ${inputField({ name: 'amount', label: t('rendered.amount'), mode: 'decimal', suffix: '₽', hint: t('rendered.amount_hint') })}</div>`;
}

/** What was typed into actFields, as the body has it; what is wrong goes into `errors`. */
export function readAct(t, form, today, errors) {
  const on = parseDay(form.elements.on.value);
  const typed = form.elements.amount.value.trim();
  const amount = parseMoney(typed);
  if (!on) errors.on = t('payment.wrong_day');
  else if (on > today) errors.on = t('payment.future_day', { today: formatDay(today) });
  if (typed && !amount) errors.amount = t('payment.wrong_amount');
  return amount ? { on, amount } : { on };
}

/** context.subject is the document: the client has signed it. */
export function openActAccept(context, handlers) {
  const { t, api, subject: paper, today } = context;
  return openDecision(context, handlers, {
    name: 'act_accept',
    reasonless: true,
    before: html`<p class="grafik-dialog__lead">${paper.name}</p>${dateField({ t, name: 'on', label: t('sign.on'), value: today })}`,
    effects: () => [
      paper.act.renders ? t('act_accept.effect_rendered', { amount: formatMoney(paper.act.amount), day: formatDay(paper.act.on) }) : t('act_accept.effect_mark'),
      paper.act.renders && t('rendered.effect_receipts'),
      t('act_accept.effect_stays'),
    ],
    read(form, errors) {
      const on = parseDay(form.elements.on.value);
      if (!on) errors.on = t('payment.wrong_day');
      else if (on > today) errors.on = t('payment.future_day', { today: formatDay(today) });
      else if (on < paper.act.on) errors.on = t('act_accept.before', { day: formatDay(paper.act.on) });
      return { on };
    },
    send: (body, key) => api.send('POST', `documents/${paper.id}/accept/`, body, key),
  });
}

/** A mistake that nobody has signed. */
export function openActVoid(context, handlers) {
  const { t, api, subject: paper } = context;
  return openDecision(context, handlers, {
    name: 'act_void',
    danger: true,
    before: html`<p class="grafik-dialog__lead">${paper.name}</p>`,
    effects: () => [t('act_void.effect_hidden'), t('act_void.effect_sum')],
    send: (body, key) => api.send('POST', `documents/${paper.id}/void/`, body, key),
  });
}
