// Money as decimal strings ("12500.50", roubles), counted in kopecks as BigInt. No floats anywhere:
// what a manager sees is digit for digit what the server sent.

const NBSP = '\u00a0';

/** "12500.50" → 1250050n. Throws on anything that is not a sum with at most two decimals. */
export function toKopecks(amount) {
  const parts = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(String(amount));
  if (!parts) throw new Error(`not a sum of money: ${amount}`);
  const kopecks = BigInt(parts[2]) * 100n + BigInt((parts[3] || '').padEnd(2, '0'));
  return parts[1] ? -kopecks : kopecks;
}

/** 1250050n → "12500.50" */
export function toAmount(kopecks) {
  const sign = kopecks < 0n ? '-' : '';
  const absolute = kopecks < 0n ? -kopecks : kopecks;
  return `${sign}${absolute / 100n}.${String(absolute % 100n).padStart(2, '0')}`;
}

/** "120000.00" → «120 000 ₽», "12500.50" → «12 500,50 ₽» (unbreakable spaces). */
export function formatMoney(amount) {
  return `${formatNumber(amount)}${NBSP}₽`;
}

/** A sum in the currency it came in: «26 666,00 USD», roubles as formatMoney. */
export function formatIn(currency, amount) {
  if (!currency || currency === 'RUB') return formatMoney(amount);
  const number = formatNumber(amount);
  return `${number.includes(',') ? number : `${number},00`}${NBSP}${currency}`;
}

/** As formatMoney without the sign: what stands in a field while a person edits it. */
export function formatNumber(amount) {
  const [whole, cents] = toAmount(toKopecks(amount)).split('.');
  const grouped = whole.replace('-', '−').replace(/\B(?=(\d{3})+$)/g, NBSP);
  return cents === '00' ? grouped : `${grouped},${cents}`;
}

/** What a person typed («12 500,50 ₽») → "12500.50", or null when it is not a positive sum. */
export function parseMoney(typed) {
  const plain = String(typed).replace(/[\s\u00a0\u202f]|₽|руб\.?|р\.?$/gi, '').replace(',', '.');
  if (!/^\d{1,12}(\.\d{1,2})?$/.test(plain)) return null;
  const kopecks = toKopecks(plain);
  return kopecks > 0n ? toAmount(kopecks) : null;
}

export function isPositive(amount) {
  return toKopecks(amount) > 0n;
}

export function subtract(amount, other) {
  return toAmount(toKopecks(amount) - toKopecks(other));
}

export function add(...amounts) {
  return toAmount(amounts.reduce((sum, amount) => sum + toKopecks(amount), 0n));
}

/** Whole percent of `part` in `whole`, rounded down, so that 100 is shown only when all is paid. */
export function percent(part, whole) {
  const total = toKopecks(whole);
  return total > 0n ? Number((toKopecks(part) * 100n) / total) : 0;
}

/** What is still asked of a row: neither paid nor written off. */
export function restOf(row) {
  return subtract(subtract(row.amount, row.paid), row.written_off || '0.00');
}
