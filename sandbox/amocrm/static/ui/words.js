// Money, dates and elements: how a value is written for a person, and back.

const SPACE = '\u00a0';

/** 12500 → «12 500 ₽». */
export function money(value) {
  return `${String(value).replace(/\B(?=(\d{3})+(?!\d))/g, SPACE)}${SPACE}₽`;
}

export function grouped(value) {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, SPACE);
}

function parts(seconds, zone) {
  const made = new Intl.DateTimeFormat('ru-RU', {
    timeZone: zone, day: '2-digit', month: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).formatToParts(new Date(seconds * 1000));
  return Object.fromEntries(made.map(({ type, value }) => [type, value]));
}

export function day(seconds, zone) {
  const { day: d, month, year } = parts(seconds, zone);
  return `${d}.${month}.${year}`;
}

export function time(seconds, zone) {
  const { hour, minute } = parts(seconds, zone);
  return `${hour}:${minute}`;
}

export function dayOrToday(seconds, now, zone) {
  const shown = day(seconds, zone);
  if (shown === day(now, zone)) return 'Сегодня';
  if (shown === day(now - 86400, zone)) return 'Вчера';
  if (shown === day(now + 86400, zone)) return 'Завтра';
  return shown;
}

/** «31.12.2026» → «2026-12-31», null for anything that is no date. */
export function isoDay(text) {
  const found = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text.trim());
  if (!found) return null;
  const [, d, m, y] = found;
  const made = new Date(Date.UTC(y, m - 1, d));
  if (made.getUTCDate() !== Number(d) || made.getUTCMonth() !== m - 1) return null;
  return `${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`;
}

export function initials(name) {
  return name.split(' ').map((word) => word[0] || '').join('').slice(0, 2);
}

/** h('a', {class: 'x', href: '…', onclick}, 'text', node): an element. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An outline icon on a 20 grid, drawn in the colour of the text. */
export function icon(path, size = 20) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('width', size);
  svg.setAttribute('height', size);
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  svg.classList.add('icon');
  return svg;
}

export const ICONS = {
  deals: 'M3 5h14M3 10h14M3 15h9',
  board: 'M3 4h4v12H3zM8.5 4h4v8h-4zM14 4h3v5h-3z',
  widgets: 'M4 4h5v5H4zM11 4h5v5h-5zM4 11h5v5H4zM13.5 11v5M11 13.5h5',
  gear: 'M10 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M10 2.5v2M10 15.5v2M2.5 10h2M15.5 10h2M4.7 4.7l1.4 1.4M13.9 13.9l1.4 1.4M4.7 15.3l1.4-1.4M13.9 6.1l1.4-1.4',
  back: 'M12 4l-6 6 6 6',
  more: 'M5 10h.01M10 10h.01M15 10h.01',
  down: 'M5 8l5 5 5-5',
  right: 'M8 5l5 5-5 5',
  left: 'M12 5l-5 5 5 5',
  check: 'M4 10.5l4 4 8-9',
  clock: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 6v4l2.5 2',
  note: 'M4 3h9l3 3v11H4zM7 9h6M7 12h6',
  file: 'M5 3h6l4 4v10H5zM11 3v4h4',
  chat: 'M3 4h14v10H9l-4 3v-3H3z',
  bolt: 'M11 3L5 11h4l-1 6 6-8h-4z',
  link: 'M8 12l4-4M7 9l-2 2a2.8 2.8 0 0 0 4 4l2-2M13 11l2-2a2.8 2.8 0 0 0-4-4L9 7',
  sun: 'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10 2v2M10 16v2M2 10h2M16 10h2M4.5 4.5l1.3 1.3M14.2 14.2l1.3 1.3M4.5 15.5l1.3-1.3M14.2 5.8l1.3-1.3',
  plus: 'M10 4v12M4 10h12',
  search: 'M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M13 13l4 4',
  sandbox: 'M3 8l7-4 7 4-7 4zM3 12l7 4 7-4',
};
