// What about the receipt of money that came past us: by the settings, made by us now, not made yet, made on another
// register (its three numbers), or not needed (why).

import { html } from '../html.js';
import { inputField, selectField } from './fields.js';

const REASONS = ['organisation_transfer', 'npd', 'other'];
const NUMBERS = ['fn', 'fd', 'fpd'];

export function receiptFields(t) {
  const choices = ['default', 'make', 'later', 'made', 'none'].map((name) => [name === 'default' ? '' : name, t(`payment.receipt_${name}`)]);
  return html`${selectField({ name: 'receipt', label: t('payment.receipt'), options: choices })}
    <div class="grafik-triple" data-receipt="made" hidden>${NUMBERS.map((name) => inputField({ name, label: t(`payment.${name}`), mode: 'numeric' }))}</div>
    <div data-receipt="none" hidden>${selectField({ name: 'none', label: t('payment.none'), options: REASONS.map((name) => [name, t(`payment.none_${name}`)]) })}</div>`;
}

/** Shows only the fields that the choice asks for. */
export function connectReceipt(form, recentre) {
  const { receipt } = form.elements;
  receipt.addEventListener('change', () => {
    form.querySelectorAll('[data-receipt]').forEach((place) => {
      place.hidden = place.dataset.receipt !== receipt.value;
    });
    recentre();
  });
}

/** What becomes of the receipt, in words; '' where the server did not say what the settings decide. */
export function receiptEffect(t, card, { receipt, method }) {
  if (receipt.value) return t(`payment.fate_${receipt.value}`);
  const decided = (card.receipt_defaults || {})[method.value];
  return decided ? t.known(`payment.fate_${decided.reason}`) || t.known(`payment.fate_${decided.maker}`) : '';
}

/** → {receipt, errors}; `receipt` is undefined where the settings decide. */
export function readReceipt(t, fields) {
  const chosen = fields.receipt.value;
  if (chosen === 'make') return { receipt: true, errors: {} };
  if (chosen === 'later') return { receipt: false, errors: {} };
  if (chosen === 'none') return { receipt: { none: fields.none.value }, errors: {} };
  if (chosen !== 'made') return { receipt: undefined, errors: {} };
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, fields[name].value.trim()]));
  const wrong = NUMBERS.filter((name) => !/^\d{1,16}$/.test(numbers[name]));
  return { receipt: numbers, errors: Object.fromEntries(wrong.map((name) => [name, t('payment.wrong_number')])) };
}
