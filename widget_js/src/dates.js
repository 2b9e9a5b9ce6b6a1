// Days are ISO strings ("2026-12-10") and moments RFC 3339; both are shown as they were sent, in the
// offset of the account: a manager in Vladivostok sees the school's time, as the invoices have it.

/** "2026-12-10" → «10.12.2026» */
export function formatDay(iso) {
  const parts = /^(\d{4})-(\d{2})-(\d{2})/.exec(String(iso));
  return parts ? `${parts[3]}.${parts[2]}.${parts[1]}` : '';
}

/** "2026-12-10T09:05:00+03:00" → «10.12.2026 09:05» */
export function formatMoment(moment) {
  const time = /T(\d{2}:\d{2})/.exec(String(moment));
  return time ? `${formatDay(moment)} ${time[1]}` : formatDay(moment);
}

/** What a person typed («1.12.2026», «01.12.26» or ISO) → "2026-12-01", or null when there is no such day. */
export function parseDay(typed) {
  const text = String(typed).trim();
  const local = /^(\d{1,2})[.,/](\d{1,2})[.,/](\d{4}|\d{2})$/.exec(text);
  const parts = local ? [local[3], local[2], local[1]] : text.split('-');
  if (parts.length !== 3 || !parts.every((part) => /^\d+$/.test(part))) return null;
  const [year, month, day] = parts.map(Number);
  const date = new Date(Date.UTC(year < 100 ? 2000 + year : year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.toISOString().slice(0, 10) : null;
}

/** The same day next month, clamped to its end: "2026-01-31" → "2026-02-28". */
export function nextMonth(iso) {
  const [year, month, day] = iso.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(day, last))).toISOString().slice(0, 10);
}
