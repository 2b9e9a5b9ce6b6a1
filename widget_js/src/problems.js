// An ApiError in words a manager can act on: what happened, and whether trying again can help.
// The server's own sentence wins where it wrote one; 422 texts stand beside their fields.

/** → {text, retry}: `retry` is true when the same call may succeed later without any change. */
export function explain(t, error) {
  if (error.status === 0) return { text: t('problem.offline'), retry: true };
  if (error.status === 401) return { text: t('problem.unauthorized'), retry: true };
  if (error.unknown) return { text: t('problem.broken'), retry: true };
  const detail = error.problem && (error.problem.detail || error.problem.title);
  const own = t.known(`problem.status_${error.status}`);
  return { text: detail || own || t('problem.broken'), retry: error.status === 429 || error.status >= 500 };
}

/** Field errors as {name: "text"}; nested shapes of the server are flattened, nothing is dropped. */
export function fieldErrors(error) {
  const flat = {};
  Object.keys(error.fields).forEach((name) => {
    flat[name] = sentences(error.fields[name]).join(' ');
  });
  return flat;
}

function sentences(value) {
  if (Array.isArray(value)) return value.flatMap(sentences);
  if (value && typeof value === 'object') {
    return 'message' in value ? [String(value.message)] : Object.values(value).flatMap(sentences);
  }
  return [String(value)];
}
