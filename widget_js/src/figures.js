// The second module of the archive, lib/figures.js: the pages inside amoCRM's settings, figures with their charts and
// the set-up. The card never loads it.

export { AnalyticsPage } from './analytics/page.js';
export { SetupPage } from './setup/page.js';
