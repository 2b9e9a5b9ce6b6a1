// What a manager agrees on with the payer: a promise, a stop of invoices or reminders and its end, an answer to the
// payer who asked for another date.

import { formatDay, parseDay } from '../dates.js';
import { html } from '../html.js';
import { formatNumber, isPositive, parseMoney } from '../money.js';
import { openDecision } from './decisions.js';
import { dateField, inputField, selectField, textField } from './fields.js';

const STOPS = ['reminders', 'invoices'];

/** Reminders wait until that day; kept or broken is recorded. */
export function openPromise(context, handlers) {
  const { t, api, card } = context;
  const sum = isPositive(card.overdue) ? card.overdue : (card.next && card.next.amount) || card.debt;
  return openDecision(context, handlers, {
    name: 'promise',
    reasonless: true,
    before: html`<div class="grafik-pair">${dateField({ t, name: 'until', label: t('promise.until') })}
      ${inputField({ name: 'amount', label: t('refund.amount'), value: formatNumber(sum), mode: 'decimal', suffix: '₽' })}</div>
      ${textField({ name: 'comment', label: t('payment.comment') })}`,
    effects: () => [t('promise.effect_quiet'), t('promise.effect_debt')],
    read(form, errors) {
      const until = parseDay(form.elements.until.value);
      const amount = parseMoney(form.elements.amount.value);
      if (!until) errors.until = t('payment.wrong_day');
      if (!amount) errors.amount = t('payment.wrong_amount');
      return { until, amount, comment: form.elements.comment.value.trim() };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/promise/`, body, key),
  });
}

export function openStop(context, handlers) {
  const { t, api, card } = context;
  const options = STOPS.filter((name) => !(card.stopped || []).includes(name)).map((name) => [name, t(`stop.${name}`)]);
  return openDecision(context, handlers, {
    name: 'stop',
    before: selectField({ name: 'of', label: t('stop.what'), options }),
    effects: (form) => [t(`stop.effect_${form.elements.of.value}`), t('stop.effect_debt')],
    read: (form) => ({ of: form.elements.of.value }),
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/stop/`, body, key),
  });
}

/** What was stopped goes on. */
export function openGoOn(context, handlers) {
  const { t, api, card } = context;
  const options = card.stopped.map((name) => [name, t(`stop.${name}`)]);
  return openDecision(context, handlers, {
    name: 'go_on',
    reasonless: true,
    before: selectField({ name: 'of', label: t('stop.what'), options }),
    effects: () => [t('go_on.effect')],
    read: (form) => ({ of: form.elements.of.value }),
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/go-on/`, body, key),
  });
}

/** The payer asked on his page for another date of one payment. */
export function openDateRequest(context, handlers) {
  const { t, api, card } = context;
  const asked = card.date_request;
  const choice = (name, checked) => html`<label class="grafik-check"><input type="radio" name="decision" value="${name}"${checked && html` checked data-autofocus`}><span>${t(`date_request.${name}`)}</span></label>`;
  return openDecision(context, handlers, {
    name: 'date_request',
    reasonless: true,
    before: html`<p class="grafik-dialog__lead">${t('date_request.lead', { number: asked.number, was: formatDay(asked.was_on), wanted: formatDay(asked.wanted_on) })}</p>
      ${asked.comment && html`<p class="grafik-hint">${asked.comment}</p>`}
      <div class="grafik-templates" role="radiogroup" aria-label="${t('date_request.title')}">${choice('grant', true)}${choice('refuse', false)}</div>`,
    effects: (form) => [t(`date_request.effect_${form.elements.decision.value}`, { wanted: formatDay(asked.wanted_on), was: formatDay(asked.was_on) })],
    read: (form) => ({ decision: form.elements.decision.value }),
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/date-request/`, body, key),
  });
}
