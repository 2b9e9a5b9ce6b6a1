// What a person reads comes from i18n/<locale>.json by a dotted path: t('panel.debt').
// `{name}` in a text is replaced by a parameter; t.count picks the plural form of the dictionary's own language;
// t.language is the dictionary's own; t.known answers '' for words that the server invented after this widget was built.

/** `translate` is the widget's i18n, `langs` the whole loaded dictionary. */
export function makeTexts(translate, langs) {
  function find(path) {
    const inner = path.split('.').reduce((node, key) => (node ? node[key] : undefined), langs);
    if (typeof inner === 'string') return inner;
    const answer = translate(path);
    return typeof answer === 'string' && answer !== path ? answer : '';
  }

  const t = (path, parameters) => fill(find(path) || path, parameters || {});
  t.known = (path, parameters) => fill(find(path), parameters || {});
  t.language = find('language') || 'ru';
  const forms = t.language === 'en' ? englishForm : pluralForm;
  t.count = (path, number) => t(`${path}.${forms(number)}`, { n: number });
  return t;
}

/** The form of a Russian noun after a whole number: one (1, 21), few (2-4, 22), many (0, 5, 11). */
export function pluralForm(number) {
  const tens = number % 100;
  const ones = number % 10;
  if (ones === 1 && tens !== 11) return 'one';
  return ones >= 2 && ones <= 4 && (tens < 12 || tens > 14) ? 'few' : 'many';
}

function englishForm(number) {
  return number === 1 ? 'one' : 'many';
}

function fill(text, parameters) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in parameters ? parameters[name] : whole));
}
