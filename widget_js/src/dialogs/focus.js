// Keyboard manners of a dialog: Tab stays inside, the first field has the focus, and a click beside the fields leaves
// it to the form, so that the next Tab is ours too.

const REACHABLE = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';

export function trapFocus(form) {
  form.tabIndex = -1;
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Tab') return;
    const places = reachable(form);
    if (!places.length) return;
    const first = places[0];
    const last = places[places.length - 1];
    if (event.shiftKey && [first, form].includes(document.activeElement)) {
      event.preventDefault();
      last.focus();
    } else if (!event.shiftKey && document.activeElement === last) {
      event.preventDefault();
      first.focus();
    }
  });
  const start = form.querySelector('[data-autofocus]') || form.querySelector('.grafik-dialog__title');
  start.focus();
}

function reachable(form) {
  return Array.from(form.querySelectorAll(REACHABLE)).filter((place) => !place.disabled && !place.matches('fieldset:disabled *') && place.offsetParent !== null);
}
