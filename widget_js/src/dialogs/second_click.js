// A double click on a button that opens a dialog: its second half lands on the overlay that has just come up, and
// amoCRM's Modal would close what the first half opened. Such a half never reaches Modal.

const KINDS = ['mousedown', 'mouseup', 'click'];

/** Swallows second clicks outside what `inside()` returns. → what ends it. */
export function ignoreSecondClick(inside) {
  const swallow = (event) => {
    const place = inside();
    if (event.detail > 1 && !(place && place.contains(event.target))) event.stopPropagation();
  };
  KINDS.forEach((kind) => document.addEventListener(kind, swallow, true));
  return () => KINDS.forEach((kind) => document.removeEventListener(kind, swallow, true));
}
