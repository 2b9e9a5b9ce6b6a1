// The wire to Grafik: JSON through amoCRM's $authorizedAjax, which adds the caller's one-time token.
// Every call ends: with the parsed answer, or with an ApiError within its time limit; an answer that does not fit what
// its caller can draw is none.
// An answer that never came is `unknown`: the write may have happened, so it may only be
// repeated with the same Idempotency-Key.

/** Both are replaced by the installation's own address when the archive is made. */
const API_URL = 'https://grafik.invalid/api/v1/';
/** Where a Salesbot step asks for a link; called by amoCRM's server, not by this page. */
export const SALESBOT_URL = 'https://grafik.invalid/webhooks/amocrm/salesbot/';
const READ_LIMIT_MS = 15000;
const WRITE_LIMIT_MS = 30000;

export class ApiError extends Error {
  /** `problem`: the RFC 9457 body, null when the server did not answer in its own words. */
  constructor(status, problem) {
    super(problem ? problem.detail || problem.title : `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
    this.code = problem ? problem.code || '' : '';
    this.fields = (problem && problem.errors) || {};
  }

  /** Nobody knows whether the server did it: no answer at all, or somebody else's error page. */
  get unknown() {
    return this.status === 0 || (this.status >= 500 && !this.problem) || (this.status < 300 && !this.problem);
  }

  /** Turned away before anybody looked at what was asked: no word on an earlier call with the same key. */
  get atTheDoor() {
    return [401, 403, 429].includes(this.status) || this.status >= 500;
  }
}

/**
 * `authorizedAjax(options)` answers like $.ajax. → {get(path, fits?), send(method, path, body, key, fits?)}, below `base`.
 * The server words what only the caller reads in `language`; its own is Russian.
 */
export function makeApi(authorizedAjax, base = API_URL, language = 'ru') {
  const addressOf = (path) => `${base}${path}${language === 'ru' ? '' : `${path.includes('?') ? '&' : '?'}language=${language}`}`;

  function request(options, limit, fits) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ApiError(0, null));
        if (call && call.abort) call.abort();
      }, limit);
      const call = authorizedAjax(options);
      call.then(
        (data) => {
          clearTimeout(timer);
          settle(200, data, fits, resolve, reject);
        },
        (xhr) => {
          clearTimeout(timer);
          settle((xhr && xhr.status) || 0, xhr && xhr.responseText, fits, resolve, reject);
        },
      );
    });
  }

  return {
    get: (path, fits) => request({ url: addressOf(path), type: 'GET', dataType: 'text' }, READ_LIMIT_MS, fits),
    send: (method, path, body, key, fits) =>
      request(
        {
          url: addressOf(path),
          type: method,
          dataType: 'text',
          contentType: 'application/json',
          headers: key ? { 'Idempotency-Key': key } : {},
          data: JSON.stringify(body),
        },
        WRITE_LIMIT_MS,
        fits,
      ),
  };
}

/** A fresh Idempotency-Key; works without a secure context too. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function settle(status, text, fits, resolve, reject) {
  const body = parse(text);
  if (status >= 200 && status < 300) {
    if (body && (!fits || fits(body))) resolve(body);
    else reject(new ApiError(status, null));
  } else {
    reject(new ApiError(status, body && body.title ? body : null));
  }
}

function parse(text) {
  if (text && typeof text === 'object') return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    return null;
  }
}
