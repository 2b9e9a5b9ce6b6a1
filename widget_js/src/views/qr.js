// A QR code as one SVG path on white with its quiet zone, so that a camera reads it in the dark theme too.

import { html } from '../html.js';
import { qrRows } from '../qr.js';

const QUIET = 4;

/** `label` says for a screen reader what the code leads to. '' when the text is too long for a code. */
export function qrView(text, label) {
  const rows = qrRows(text);
  if (!rows) return '';
  const size = rows.length + QUIET * 2;
  const path = rows.flatMap((row, down) => runs(row).map(([from, length]) => `M${from + QUIET} ${down + QUIET}h${length}v1h-${length}z`)).join('');
  return html`<svg class="grafik-qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#ffffff"/><path d="${path}" fill="#000000"/></svg>`;
}

/** [first column, length] of each dark run. */
function runs(row) {
  const found = [];
  row.forEach((dark, column) => {
    if (!dark) return;
    if (column && row[column - 1]) found[found.length - 1][1] += 1;
    else found.push([column, 1]);
  });
  return found;
}
