// The periods a manager picks by name, as {from, to} in ISO days; «всё время» has neither. And a day gone by, on
// which everything is shown as it was known then.

import { parseDay } from '../dates.js';

export const PRESETS = ['month', 'last_month', 'quarter', 'year', 'all', 'own'];
export const FIRST_PRESET = 'year';

/** `today` is the account's day, ISO. */
export function periodOf(preset, today) {
  const [year, month] = today.split('-').map(Number);
  const quarter = month - ((month - 1) % 3);
  const spans = {
    month: [day(year, month), day(year, month + 1, 0)],
    last_month: [day(year, month - 1), day(year, month, 0)],
    quarter: [day(year, quarter), day(year, quarter + 3, 0)],
    year: [day(year, 1), day(year, 13, 0)],
  };
  const [from, to] = spans[preset] || ['', ''];
  return { from, to };
}

/** What was typed into the two fields → {from, to} or {errors: {field: word}}; empty means unbounded. */
export function ownPeriod(typed) {
  const from = typed.from ? parseDay(typed.from) : '';
  const to = typed.to ? parseDay(typed.to) : '';
  const errors = {};
  if (from === null) errors.from = 'wrong_day';
  if (to === null) errors.to = 'wrong_day';
  else if (from && to && from > to) errors.to = 'ends_before';
  return Object.keys(errors).length ? { errors } : { from, to };
}

/** What was typed as the day of knowledge → {as_of, known_at} or {errors: {field: word}}; empty means now. */
export function knownDay(typed, today) {
  const day = typed ? parseDay(typed) : '';
  if (day === null) return { errors: { known_at: 'wrong_day' } };
  if (day > today) return { errors: { known_at: 'not_yet' } };
  return { as_of: day, known_at: day };
}

/** The query of an address; what is empty asks nothing. */
export function queryOf(asked) {
  const pairs = Object.entries(asked).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

/** Day 0 is the last day of the month before. */
function day(year, month, number = 1) {
  return new Date(Date.UTC(year, month - 1, number)).toISOString().slice(0, 10);
}
