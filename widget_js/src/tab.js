// The page of figures in a tab of its own, outside amoCRM: the same page, with the tab's pass instead of amoCRM's
// token. The pass is a cookie that this script cannot read; the header beside it is what no other site may send.

import ru from '../i18n/ru.json';
import { AnalyticsPage } from './analytics/page.js';
import { makeApi } from './api.js';
import { download } from './download.js';
import { fetchAs } from './fetching.js';
import { html } from './html.js';
import { makeTexts } from './texts.js';

const NOTICE_MS = 6000;
const t = makeTexts(() => '', ru);

function problem(header, text) {
  const notice = document.createElement('p');
  notice.className = 'grafik-tab-notice';
  notice.setAttribute('role', 'alert');
  notice.innerHTML = String(html`<b>${header}</b> ${text}`);
  document.body.appendChild(notice);
  setTimeout(() => notice.remove(), NOTICE_MS);
}

/** The person's own theme: amoCRM's is not known here. */
function followTheme() {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const show = () => document.documentElement.setAttribute('data-color-scheme', dark.matches ? 'dark' : 'light');
  dark.addEventListener('change', show);
  show();
}

followTheme();
new AnalyticsPage({
  root: document.querySelector('.js-figures'),
  api: makeApi(fetchAs({ 'X-Grafik-Tab': '1' }), '/api/v1/'),
  t,
  notify: { done: () => undefined, problem },
  // The tab does not know amoCRM's address by itself: the server names it with the filters.
  dealUrl: null,
  download,
  unauthorized: t('analytics.pass_ended'),
}).start();
