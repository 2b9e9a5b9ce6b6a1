// A message with an icon and, where there is one, the way out: colour is never the only sign.

import { html } from '../html.js';
import { icon } from './controls.js';

/** `tone`: warning, error or success. `way`: Markup below the text. */
export function callout(tone, text, way = '') {
  return html`<div class="grafik-callout grafik-callout_${tone}">${icon(tone === 'success' ? 'check' : 'warning')}<div class="grafik-callout__body"><div>${text}</div>${way}</div></div>`;
}
