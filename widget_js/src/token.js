// amoCRM's $authorizedAjax asks amoCRM for a new token before every call: one more round trip that somebody waits for.
// A token is good for half an hour, so the first call's is kept for some minutes and goes straight to our server with
// the next ones, in memory only and only for the person it was given to. It is read off the request itself, whatever
// way amoCRM puts it there; where that does not work, every call goes through amoCRM as before. A token that our
// server no longer takes (401, nothing was done) is forgotten, and the same call goes through amoCRM.

import { fetchAs } from './fetching.js';

const HEADER = 'X-Auth-Token';
export const GOOD_FOR_MS = 10 * 60 * 1000;

/** Lives as long as the page. → {through(authorizedAjax, person)}: an $.ajax for the wire. */
export function keepToken({ now = Date.now, direct = fetchAs, request = () => new XMLHttpRequest() } = {}) {
  let kept = null;

  /** A request that tells what token it is given. */
  function noting(person) {
    const made = request();
    const set = made.setRequestHeader;
    made.setRequestHeader = (name, value) => {
      if (name.toLowerCase() === HEADER.toLowerCase()) kept = { token: value, person, until: now() + GOOD_FOR_MS };
      set.call(made, name, value);
    };
    return made;
  }

  function through(authorizedAjax, person) {
    const asked = (options) => authorizedAjax({ ...options, xhr: () => noting(person) });
    return (options) => {
      if (!kept || kept.person !== person || now() >= kept.until) return asked(options);
      let call = direct({ [HEADER]: kept.token })(options);
      const again = () => {
        kept = null;
        call = asked(options);
        return call;
      };
      return {
        abort: () => call.abort && call.abort(),
        // Nothing is returned: jQuery's promise, rejected with what `failed` gives back, would be nobody's.
        then: (done, failed) =>
          call.then(done, (xhr) => {
            if (xhr.status === 401) again().then(done, failed);
            else failed(xhr);
          }),
      };
    };
  }

  return { through };
}
