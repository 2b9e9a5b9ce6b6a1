// Bars by month as inline SVG, pure: months in, markup out. One bar is what a month brings: received at the
// bottom, then what is late, then what is still to come. Shapes differ, not only colours; the figures
// stand in the table below the chart, so the picture itself is one image for a screen reader.

import { html } from '../html.js';
import { formatMoney, toKopecks } from '../money.js';

const HEIGHT = 220;
const TOP = 12;
const BOTTOM = 28;
const LEFT = 64;
const SERIES = ['received', 'overdue', 'expected'];
const MARKS = 5;
const NARROWEST_LABEL = 44;

/** `months`: by_period of the summary. `width` in pixels of the place. */
export function chartView({ t, months, width }) {
  const { top, marks } = scale(Math.max(...months.map(heightOf), 1));
  const room = { left: LEFT, width: width - LEFT, height: HEIGHT - TOP - BOTTOM };
  const step = room.width / months.length;
  const every = Math.ceil(NARROWEST_LABEL / step);
  const label = t('analytics.chart_label', { count: t.count('analytics.months', months.length) });
  return html`<svg class="grafik-chart" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" role="img" aria-label="${label}">
    ${marks.map((mark) => gridLine(t, mark, top, room, width))}
    ${months.map((month, index) => bar(t, month, { x: LEFT + step * index, step, top, room }))}
    ${months.map((month, index) => index % every === 0 && html`<text class="grafik-chart__label" x="${round(LEFT + step * (index + 0.5))}" y="${HEIGHT - 8}" text-anchor="middle">${monthLabel(t, month.from, index === 0)}</text>`)}
  </svg>`;
}

export function legendView(t) {
  return html`<ul class="grafik-legend">${SERIES.map((name) => html`<li><span class="grafik-legend__mark grafik-legend__mark_${name}" aria-hidden="true"></span>${t(`analytics.${name}`)}</li>`)}</ul>`;
}

/** «ноя», with the year in January and at the first bar: «янв 27». */
export function monthLabel(t, iso, first) {
  const [year, month] = iso.split('-');
  const name = t(`analytics.month_${Number(month)}`);
  return first || month === '01' ? `${name} ${year.slice(2)}` : name;
}

/** Round marks from nought to the first that is not below `value`: 2.2 m → 0, 0.5 … 2.5 m. */
export function scale(value) {
  const rough = value / MARKS;
  // A mark is a whole rouble at least: its label has no kopecks.
  const power = Math.max(1, 10 ** Math.floor(Math.log10(rough)));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999999);
  const count = Math.ceil((value / step) * 0.999999);
  return { top: step * count, marks: Array.from({ length: count + 1 }, (_, index) => step * index) };
}

/** 1250000 → «1,25 млн», 250000 → «250 тыс.» */
export function shortSum(t, roubles) {
  const [divisor, unit] = roubles >= 1e6 ? [1e6, 'analytics.millions'] : [1e3, 'analytics.thousands'];
  if (roubles < 1000) return String(Math.round(roubles));
  return t(unit, { n: String(Math.round((roubles / divisor) * 100) / 100).replace('.', ',') });
}

function gridLine(t, mark, top, room, width) {
  const y = round(TOP + room.height * (1 - mark / top));
  return html`<line class="grafik-chart__grid" x1="${LEFT}" x2="${width}" y1="${y}" y2="${y}"/><text class="grafik-chart__label" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${shortSum(t, mark)}</text>`;
}

function bar(t, month, { x, step, top, room }) {
  const thick = Math.max(2, Math.min(48, step * 0.62));
  let base = TOP + room.height;
  const parts = SERIES.map((name) => {
    const height = (Math.max(0, roubles(month[name])) / top) * room.height;
    if (height < 0.5) return '';
    base -= height;
    // The dashed edge of what is to come lies inside its bar.
    const inset = name === 'expected' ? 0.75 : 0;
    return html`<rect class="grafik-chart__${name}" x="${round(x + (step - thick) / 2 + inset)}" y="${round(base + inset)}" width="${round(thick - 2 * inset)}" height="${round(Math.max(0, height - 2 * inset))}"/>`;
  });
  const words = SERIES.map((name) => `${t(`analytics.${name}`)}: ${formatMoney(month[name])}`).join('\n');
  return html`<g><rect class="grafik-chart__hit" x="${round(x)}" y="${TOP}" width="${round(step)}" height="${room.height}"/><title>${monthLabel(t, month.from, true)}\n${words}</title>${parts}</g>`;
}

function heightOf(month) {
  return SERIES.reduce((sum, name) => sum + Math.max(0, roubles(month[name])), 0);
}

function roubles(amount) {
  return Number(toKopecks(amount)) / 100;
}

function round(number) {
  return Math.round(number * 100) / 100;
}
