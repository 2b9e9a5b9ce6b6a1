// An address whose answer is an attachment: the page stays where it is.

import { href } from './html.js';

export function download(url) {
  const anchor = document.createElement('a');
  anchor.href = href(url);
  anchor.rel = 'noopener';
  document.body.appendChild(anchor);
  anchor.click();
  anchor.remove();
}
