// What will happen, before a button makes it happen: one sentence in parts, a semicolon after each but the last.

import { html } from '../html.js';

export function effectsView(t, effects) {
  if (!effects.length) return '';
  const last = effects.length - 1;
  const rows = effects.map((text, index) => html`<li>${text.replace(/[;.]$/, '')}${index < last ? ';' : '.'}</li>`);
  return html`<div class="grafik-effects"><b>${t('payment.will_happen')}</b><ul>${rows}</ul></div>`;
}
