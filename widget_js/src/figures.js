// The second module of the archive, lib/figures.js: the page of figures with its charts. The card never loads it.

export { AnalyticsPage } from './analytics/page.js';
