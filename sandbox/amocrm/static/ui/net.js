// The pages' talk to their own server.

/** A path inside the account, as an address. */
export function rooted(path) {
  return document.body.dataset.root + path;
}

export async function get(path) {
  const answer = await fetch(rooted(path), { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw await problem(answer);
  return answer.json();
}

/** Sends JSON; with {raw: true} the answer itself comes back, else its JSON or an error with `status`. */
export async function send(method, path, body, { raw = false } = {}) {
  const answer = await fetch(rooted(path), {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (raw) return answer;
  if (!answer.ok) throw await problem(answer);
  return answer.json();
}

async function problem(answer) {
  let detail = `Ошибка ${answer.status}`;
  try {
    const body = await answer.json();
    detail = body.detail || (body.errors || []).map((one) => `${one.path}: ${one.detail}`).join('; ') || detail;
  } catch {
    // The answer was not JSON: its number has to do.
  }
  return Object.assign(new Error(detail), { status: answer.status });
}
