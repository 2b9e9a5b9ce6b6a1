// The schedule form without a DOM: what it starts with, and how its raw values become the body of
// preview and save (interface: PUT deals/{lead_id}/schedule/). The server alone computes and judges.

import { nextMonth, parseDay } from '../dates.js';
import { formatNumber, parseMoney } from '../money.js';

const USUAL_COUNT = 6;
const MONTHLY = 'months:1';
/** How often a row falls due: unit and number, as the server's `every` has them. */
export const INTERVALS = [MONTHLY, 'months:2', 'months:3', 'days:7', 'days:14'];

/** What the fields hold when the dialog opens on this card. */
export function startValues(card, today) {
  const open = card.installments.filter((row) => row.state !== 'paid');
  return {
    total: formatNumber(card.total),
    by: 'count',
    count: String(open.length || USUAL_COUNT),
    monthly_amount: '',
    first_due_on: open.length ? open[0].due_on : nextMonth(today),
    every: MONTHLY,
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
  const [unit, number] = (values.every || MONTHLY).split(':');
  if (values.every && values.every !== MONTHLY) body.every = { [unit]: Number(number) };
  // Rows that are so many days apart have no day of the month.
  if (values.due_day.trim() && unit === 'months') body.due_day = whole('due_day');
  // Nought is how people write that there is none.
  if (!/^(0+([.,]0*)?)?$/.test(values.down_payment.trim())) {
    body.down_payment = money('down_payment');
    body.down_payment_on = day('down_payment_on');
  }
  // A sum named by the month is already as round as it should be.
  if (values.by === 'count') body.round_to = values.round_to;
  body.remainder = values.remainder;
  body.shift_weekends = Boolean(values.shift_weekends);
  return { body, errors };
}
