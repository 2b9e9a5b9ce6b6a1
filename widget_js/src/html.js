// The only way this widget makes markup: a tagged template that escapes every value.
// There is no "raw" escape hatch: what is not the result of `html` is text, so a deal called
// `<img onerror=…>` is read, never run. Addresses pass through `href`, which knows two schemes.

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

export class Markup {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

export function html(strings, ...values) {
  let text = strings[0];
  values.forEach((value, index) => {
    text += render(value) + strings[index + 1];
  });
  return new Markup(text);
}

/** An address fit for href: http and https only, anything else becomes "#". */
export function href(address) {
  return /^https?:\/\//i.test(String(address)) ? String(address) : '#';
}

function render(value) {
  if (value === null || value === undefined || value === false || value === true) return '';
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  return String(value).replace(/[&<>"'`]/g, (sign) => ESCAPES[sign]);
}
