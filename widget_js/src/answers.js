// What each answer must have for a view to draw it. Something between us and the server may answer in JSON of its
// own (a proxy, a captive portal): what does not fit is no answer (api.js), so that no wait lasts for ever.

const rows = (value) => Array.isArray(value);
const words = (value) => typeof value === 'string';

export const hasResults = (answer) => rows(answer.results);
export const hasText = (answer) => words(answer.text) && words(answer.url);
export const hasUrl = (answer) => words(answer.url);
export const isPreview = (answer) => rows(answer.installments) && words(answer.debt) && words(answer.paid);
export const isInvoice = (answer) => hasText(answer) && words(answer.amount) && rows(answer.sent);
export const isOffers = (answer) => rows(answer.deals);
export const isDocument = (answer) => Boolean(answer.id) && words(answer.name);
export const isChoices = (answer) => words(answer.today);
export const isSummary = (answer) => words(answer.received) && rows(answer.by_period);
export const isAging = (answer) => rows(answer.buckets);
export const isJob = (answer) => words(answer.state);
export const isKey = (answer) => words(answer.hook_key);
export const isSetup = (answer) => [answer.findings, answer.fields, answer.pipelines, answer.bots].every(rows) && Boolean(answer.rules && answer.connection);
