// Form fields as markup, and errors beside them. Names are the API's own body names, so that a 422
// finds its field without a table; what finds none is shown above the buttons.

import { formatDay, parseDay } from '../dates.js';
import { html } from '../html.js';
import { icon } from '../views/controls.js';

/** A labelled text-like field. `suffix` stands inside at the right («₽»). */
export function inputField({ name, label, value = '', type = 'text', mode = '', suffix = '', hint = '', first = false, min = '', max = '' }) {
  return field({
    name,
    label,
    hint,
    control: html`<span class="grafik-input${suffix ? ' grafik-input_suffix' : ''}"><input class="grafik-input__box" id="grafik-${name}" name="${name}" type="${type}" value="${value}"
      aria-describedby="grafik-${name}-error"${mode && html` inputmode="${mode}"`}${min && html` min="${min}"`}${max && html` max="${max}"`}${first && html` data-autofocus`}>${suffix && html`<span class="grafik-input__suffix" aria-hidden="true">${suffix}</span>`}</span>`,
  });
}

/** A day typed as DD.MM.YYYY, or picked in the browser's own calendar behind the icon. `value` is ISO. */
export function dateField({ t, name, label, value = '', hint = '' }) {
  return field({
    name,
    label,
    hint,
    control: html`<span class="grafik-input grafik-input_suffix"><input class="grafik-input__box" id="grafik-${name}" name="${name}" type="text" value="${formatDay(value)}" inputmode="numeric"
      maxlength="10" placeholder="${t('schedule.day_example')}" aria-describedby="grafik-${name}-error"><input class="grafik-input__native" type="date" data-picker="${name}" value="${value}" tabindex="-1" aria-hidden="true">
      <button type="button" class="grafik-input__pick" data-action="pick" data-id="${name}" aria-label="${label}: ${t('schedule.pick')}">${icon('calendar')}</button></span>`,
  });
}

/** Makes the calendar buttons of `form` work. */
export function connectPickers(form) {
  form.addEventListener('click', (event) => {
    const button = event.target.closest('[data-action="pick"]');
    if (!button) return;
    const native = form.querySelector(`[data-picker="${button.dataset.id}"]`);
    native.value = parseDay(form.elements[button.dataset.id].value) || '';
    if (native.showPicker) native.showPicker();
  });
  form.addEventListener('change', (event) => {
    const name = event.target.dataset.picker;
    if (!name || !event.target.value) return;
    const box = form.elements[name];
    box.value = formatDay(event.target.value);
    box.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

/** `options`: [[value, label]…]; `id` where one name stands more than once on a page. */
export function selectField({ name, label, options, value = '', hint = '', id = name }) {
  const rows = options.map(([key, text]) => html`<option value="${key}"${key === value && html` selected`}>${text}</option>`);
  return field({
    name,
    id,
    label,
    hint,
    control: html`<span class="grafik-input"><select class="grafik-input__box" id="grafik-${id}" name="${name}" aria-describedby="grafik-${id}-error">${rows}</select></span>`,
  });
}

export function textField({ name, label, value = '', hint = '', first = false }) {
  return field({
    name,
    label,
    hint,
    control: html`<span class="grafik-input"><textarea class="grafik-input__box" id="grafik-${name}" name="${name}" rows="2" maxlength="500" aria-describedby="grafik-${name}-error"${first && html` data-autofocus`}>${value}</textarea></span>`,
  });
}

export function checkField({ name, label, checked = false, value = '1' }) {
  return html`<label class="grafik-check"><input type="checkbox" name="${name}" value="${value}"${checked && html` checked`}><span>${label}</span></label>`;
}

/** A figure that is shown in a form but not typed. */
export function readField({ label, value, name }) {
  return html`<div class="grafik-field"><span class="grafik-field__label">${label}</span><output class="grafik-field__value" data-output="${name}">${value}</output></div>`;
}

function field({ name, id = name, label, hint, control }) {
  return html`<div class="grafik-field" data-field="${name}"><label class="grafik-field__label" for="grafik-${id}">${label}</label>${control}
    ${hint && html`<span class="grafik-hint">${hint}</span>`}<span class="grafik-field__error" id="grafik-${id}-error"></span></div>`;
}

/** Puts each error beside its field and the focus into the first; → the texts without a field. */
export function showFieldErrors(form, errors, focus = true) {
  clearFieldErrors(form);
  const left = [];
  let first = null;
  Object.keys(errors).forEach((name) => {
    const place = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (!place) {
      left.push(errors[name]);
      return;
    }
    place.querySelector('.grafik-field__error').textContent = errors[name];
    const box = place.querySelector('.grafik-input__box');
    box.setAttribute('aria-invalid', 'true');
    first = first || box;
  });
  if (first && focus) first.focus();
  return left;
}

export function clearFieldErrors(form) {
  form.querySelectorAll('.grafik-field__error').forEach((place) => {
    place.textContent = '';
  });
  form.querySelectorAll('[aria-invalid]').forEach((box) => box.removeAttribute('aria-invalid'));
}
