// A double click on a button that opens a dialog: its second half lands on what has just come up, the overlay or the
// dialog. There it would close what the first half opened, press a button that nobody has read yet, or take the focus
// out of the first field. Such a half reaches nobody.

const KINDS = ['mousedown', 'mouseup', 'click'];

/** Swallows second clicks whose first did not fall inside what `inside()` returns. → what ends it. */
export function ignoreSecondClick(inside) {
  let begunInside = false;
  const swallow = (event) => {
    const place = inside();
    if (event.detail < 2) {
      if (event.type === 'mousedown') begunInside = Boolean(place && place.contains(event.target));
      return;
    }
    if (begunInside) return;
    event.stopPropagation();
    event.preventDefault();
  };
  KINDS.forEach((kind) => document.addEventListener(kind, swallow, true));
  return () => KINDS.forEach((kind) => document.removeEventListener(kind, swallow, true));
}
