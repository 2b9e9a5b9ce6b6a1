// Something that opens in a tab of its own, though its address has yet to be asked for. The tab is
// opened inside the click, because later the browser takes it for a pop-up, and it knows nothing of
// this page: what is opened cannot reach back.

import { href } from './html.js';

/** `ask()` → Promise of an address. → Promise: true when it is open, false when the browser forbids tabs. */
export function openInTab(ask, waiting) {
  const tab = window.open('', '_blank');
  if (!tab) return Promise.resolve(false);
  tab.opener = null;
  tab.document.title = waiting;
  tab.document.body.textContent = waiting;
  return ask().then(
    (address) => {
      tab.location.replace(href(address));
      return true;
    },
    (error) => {
      tab.close();
      throw error;
    },
  );
}
