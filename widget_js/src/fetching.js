// What $authorizedAjax is inside amoCRM, on our own pages: fetch in jQuery's shape, with our headers.

export function fetchAs(own) {
  return (options) => {
    const abort = new AbortController();
    const answer = fetch(options.url, {
      method: options.type,
      body: options.data,
      signal: abort.signal,
      credentials: 'same-origin',
      headers: { ...own, ...(options.contentType ? { 'Content-Type': options.contentType } : {}), ...options.headers },
    }).then(
      (response) => response.text().then((text) => ({ status: response.status, responseText: text })),
      () => ({ status: 0, responseText: '' }),
    );
    return {
      abort: () => abort.abort(),
      then: (done, failed) => answer.then((xhr) => (xhr.status >= 200 && xhr.status < 300 ? done(xhr.responseText) : failed(xhr))),
    };
  };
}
