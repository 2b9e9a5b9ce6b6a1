// What stands beside the fields of a form that is judged twice: by the server while it is being filled
// in, and by itself at Save. Either speaks without wiping out what the other said.

import { showFieldErrors } from './fields.js';

/** → {judge(form, errors), miss(form, errors), forgive(form, name)}; errors are {name: text}. */
export function makeMarks() {
  let judged = {};
  let missing = {};
  const draw = (form, focus) => showFieldErrors(form, { ...judged, ...missing }, focus);
  return {
    /** The server's words about what is typed now. */
    judge(form, errors) {
      judged = errors;
      draw(form, false);
    },
    /** What Save found missing; the focus goes to the first mark. */
    miss(form, errors) {
      missing = errors;
      draw(form, true);
    },
    /** The field is being filled in. */
    forgive(form, name) {
      if (!(name in missing)) return;
      delete missing[name];
      draw(form, false);
    },
  };
}
