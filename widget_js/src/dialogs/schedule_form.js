// The schedule form without a DOM: what it starts with, and how its raw values become the body of
// preview and save (interface: PUT deals/{lead_id}/schedule/). The server alone computes and judges.

import { nextMonth, parseDay } from '../dates.js';
import { formatNumber, parseMoney } from '../money.js';

const USUAL_COUNT = 6;

/** What the fields hold when the dialog opens on this card. */
export function startValues(card, today) {
  const open = card.installments.filter((row) => row.state !== 'paid');
  return {
    total: formatNumber(card.total),
    by: 'count',
    count: String(open.length || USUAL_COUNT),
    monthly_amount: '',
    first_due_on: open.length ? open[0].due_on : nextMonth(today),
    due_day: card.due_day ? String(card.due_day) : '',
    down_payment: '',
    down_payment_on: today,
    round_to: '1',
    remainder: 'last',
    shift_weekends: true,
  };
}

/** Raw field values → {body, errors}: errors are names of fields that cannot be sent as they are. */
export function scheduleBody(values) {
  const errors = [];
  const money = (name) => {
    const amount = parseMoney(values[name]);
    if (!amount) errors.push(name);
    return amount;
  };
  const day = (name) => {
    const iso = parseDay(values[name]);
    if (!iso) errors.push(name);
    return iso;
  };
  const whole = (name) => {
    if (!/^\d{1,6}$/.test(values[name].trim())) errors.push(name);
    return Number(values[name]);
  };

  const body = { total: money('total') };
  if (values.by === 'count') body.count = whole('count');
  else body.monthly_amount = money('monthly_amount');
  body.first_due_on = day('first_due_on');
  if (values.due_day.trim()) body.due_day = whole('due_day');
  if (values.down_payment.trim()) {
    body.down_payment = money('down_payment');
    body.down_payment_on = day('down_payment_on');
  }
  body.round_to = values.round_to;
  body.remainder = values.remainder;
  body.shift_weekends = Boolean(values.shift_weekends);
  return { body, errors };
}
