// What happens to a schedule while it lives: a pause and its end, one date, the total, another group, the mark
// that it was signed. Each is sent with the version that the manager sees.

import { formatDay, parseDay } from '../dates.js';
import { html } from '../html.js';
import { formatMoney, formatNumber, isPositive, parseMoney, restOf, subtract } from '../money.js';
import { openDecision } from './decisions.js';
import { checkField, dateField, inputField, selectField } from './fields.js';

const SPREADS = ['evenly', 'at_the_end'];

export function openPause(context, handlers) {
  const { t, api, card } = context;
  return openDecision(context, handlers, {
    name: 'pause',
    before: dateField({ t, name: 'until', label: t('pause.until'), hint: t('pause.until_hint') }),
    effects: () => [t('pause.effect_quiet'), t('pause.effect_debt')],
    read(form, errors) {
      const { value } = form.elements.until;
      const until = value.trim() ? parseDay(value) : null;
      if (value.trim() && !until) errors.until = t('payment.wrong_day');
      return { until };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/schedule/pause/`, body, key),
  });
}

export function openResume(context, handlers) {
  const { t, api, card } = context;
  return openDecision(context, handlers, {
    name: 'resume',
    reasonless: true,
    before: html`${card.pause && html`<p class="grafik-dialog__lead">${t('resume.since', { day: formatDay(card.pause.since), reason: card.pause.reason })}</p>`}
      ${checkField({ name: 'shift', label: t('resume.shift') })}`,
    effects: (form) => [form.elements.shift.checked ? t('resume.effect_shifted') : t('resume.effect_dates'), t('resume.effect_again')],
    read: (form) => ({ shift: form.elements.shift.checked, version: card.version }),
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/schedule/resume/`, body, key),
  });
}

/** A signed schedule is changed by administrators only. */
export function openSign(context, handlers) {
  const { t, api, card, today } = context;
  return openDecision(context, handlers, {
    name: 'sign',
    reasonless: true,
    before: dateField({ t, name: 'signed_on', label: t('sign.on'), value: today }),
    effects: () => [t('sign.effect')],
    read(form, errors) {
      const day = parseDay(form.elements.signed_on.value);
      if (!day) errors.signed_on = t('payment.wrong_day');
      return { signed_on: day, version: card.version };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/schedule/sign/`, body, key),
  });
}

/** One open row to another day; the others stay. */
export function openMoveDate(context, handlers) {
  const { t, api, card } = context;
  const open = card.installments.filter((row) => row.state !== 'paid');
  const options = open.map((row) => [String(row.number), t('move_date.row', { number: row.number, day: formatDay(row.due_on), amount: formatMoney(restOf(row)) })]);
  return openDecision(context, handlers, {
    name: 'move_date',
    before: html`${selectField({ name: 'number', label: t('move_date.which'), options })}${dateField({ t, name: 'due_on', label: t('move_date.to') })}`,
    effects: () => [t('move_date.effect_others'), t('move_date.effect_reminders')],
    read(form, errors) {
      const day = parseDay(form.elements.due_on.value);
      if (!day) errors.due_on = t('payment.wrong_day');
      return { number: Number(form.elements.number.value), due_on: day, version: card.version };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/schedule/move/`, body, key),
  });
}

/** The deal costs another sum on the same dates. */
export function openTotal(context, handlers) {
  const { t, api, card } = context;
  const paid = card.next === null;
  return openDecision(context, handlers, {
    name: 'change_total',
    before: html`${inputField({ name: 'total', label: t('schedule.total'), value: formatNumber(card.total), mode: 'decimal', suffix: '₽', first: true })}
      ${paid ? dateField({ t, name: 'due_on', label: t('change_total.due_on') }) : selectField({ name: 'spread', label: t('change_total.spread'), options: SPREADS.map((name) => [name, t(`change_total.${name}`)]) })}`,
    effects: (form) => totalEffects(t, card, parseMoney(form.elements.total.value)),
    read(form, errors) {
      const total = parseMoney(form.elements.total.value);
      if (!total) errors.total = t('payment.wrong_amount');
      else if (!isPositive(subtract(total, card.total)) && !isPositive(subtract(card.total, total))) errors.total = t('change_total.same');
      const body = { total, version: card.version };
      if (!paid) return { ...body, spread: form.elements.spread.value };
      const day = parseDay(form.elements.due_on.value);
      if (!day) errors.due_on = t('payment.wrong_day');
      return { ...body, due_on: day };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/schedule/total/`, body, key),
  });
}

/** Another programme or group; the money and the open rows go with the client. */
export function openTransfer(context, handlers) {
  const { t, api, card } = context;
  return openDecision(context, handlers, {
    name: 'transfer',
    before: html`${inputField({ name: 'programme', label: t('transfer.programme'), value: card.programme || '', first: true })}${inputField({ name: 'cohort', label: t('transfer.cohort'), value: card.cohort || '' })}`,
    effects: () => [t('transfer.effect')],
    read(form, errors) {
      const programme = form.elements.programme.value.trim();
      const cohort = form.elements.cohort.value.trim();
      if (programme === (card.programme || '') && cohort === (card.cohort || '')) errors.cohort = t('transfer.same');
      return { programme: programme || null, cohort: cohort || null, version: card.version };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/schedule/transfer/`, body, key),
  });
}

function totalEffects(t, card, total) {
  if (!total) return [];
  return [t('change_total.effect', { debt: formatMoney(subtract(total, card.paid)) }), t('change_total.effect_invoices')];
}
