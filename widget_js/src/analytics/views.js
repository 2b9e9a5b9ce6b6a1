// The page's parts as pure functions of what is known; the DOM is in page.js.

import { html } from '../html.js';
import { formatDay } from '../dates.js';
import { formatMoney, isPositive, toKopecks } from '../money.js';
import { dateField, selectField } from '../dialogs/fields.js';
import { button, link } from '../views/controls.js';
import { callout } from '../views/callout.js';
import { chartView, legendView, monthLabel } from './chart.js';
import { PRESETS } from './periods.js';

export const TABS = ['received', 'expected', 'overdue'];
export const GROUPS = ['programme', 'cohort', 'manager', 'location', 'legal_entity'];
const REGIONS = ['figures', 'chart', 'groups', 'aging', 'list'];

/** What stands from the first moment on; the regions fill later. */
export function frameView(t) {
  return html`<div class="grafik-page">
    <header class="grafik-page__head"><h2 class="grafik-page__title">${t('advanced.title')}</h2><div data-region="excel"></div></header>
    <form class="grafik-filters" data-region="filters" novalidate></form>
    <div class="grafik-page__body">${REGIONS.map((name) => html`<section class="grafik-region grafik-region_${name}" data-region="${name}"></section>`)}</div>
  </div>`;
}

export function excelView(t, { busy, progress }) {
  return html`<div class="grafik-page__tools">
    ${button({ action: 'excel', id: 'registry', kind: 'link', label: t('analytics.registry'), busy: busy === 'registry' })}
    ${button({ action: 'excel', id: 'payments', kind: 'primary', label: t('analytics.excel'), busy: busy === 'payments' })}
    <span class="grafik-hidden" role="status">${busy && t('analytics.making', { progress })}</span>
  </div>`;
}

export function filtersView({ t, choices, asked, preset }) {
  return html`<fieldset class="grafik-tabs"><legend class="grafik-hidden">${t('analytics.period')}</legend>${PRESETS.map((name) => html`<label class="grafik-tab"><input type="radio" name="preset" value="${name}"${name === preset && html` checked`}><span>${t(`analytics.preset_${name}`)}</span></label>`)}</fieldset>
    <div class="grafik-filters__fields">
      ${preset === 'own' && [dateField({ t, name: 'from', label: t('analytics.from'), value: asked.from }), dateField({ t, name: 'to', label: t('analytics.to'), value: asked.to })]}
      ${GROUPS.filter((name) => choices[name].length > 1 || asked[name]).map((name) => selectField({ name, label: t(`analytics.group_${name}`), options: optionsOf(t, choices[name]), value: asked[name] || '' }))}
      ${dateField({ t, name: 'known_at', label: t('analytics.known_at'), value: asked.known_at || '' })}
    </div>`;
}

function optionsOf(t, values) {
  return [['', t('analytics.any')], ...values.map((one) => [String(one.value), one.name])];
}

/** `known`: the ISO day whose knowledge is shown, or nothing. */
export function figuresView(t, summary, known = '') {
  const share = summary.on_time_share === null ? '—' : `${formatShare(summary.on_time_share)} %`;
  return html`${known && knownView(t, known)}<dl class="grafik-numbers">
    ${number(t('analytics.received'), formatMoney(summary.received), 'received')}
    ${number(t('analytics.expected'), formatMoney(summary.expected), 'expected', nextMonth(t, summary.forecast))}
    ${number(t('analytics.overdue'), formatMoney(summary.overdue), isPositive(summary.overdue) ? 'overdue' : 'none')}
    ${number(t('analytics.on_time'), share, 'on_time', t('analytics.on_time_hint'))}
  </dl>`;
}

function knownView(t, known) {
  return callout('warning', t('analytics.known_then', { day: formatDay(known) }), button({ action: 'now', kind: 'link', label: t('analytics.known_now') }));
}

function number(label, value, name, hint = '') {
  return html`<div class="grafik-number grafik-number_${name}"><dt>${label}</dt><dd data-figure="${name}">${value}</dd>${hint && html`<dd class="grafik-number__hint">${hint}</dd>`}</div>`;
}

/** 0.8125 → «81,3»; never rounded up to 100. */
function formatShare(share) {
  return String(Math.floor(share * 1000) / 10).replace('.', ',');
}

function nextMonth(t, forecast) {
  const next = forecast[1];
  return next ? t('analytics.next_month', { sum: formatMoney(next.expected) }) : '';
}

export function monthsView({ t, months, width }) {
  if (!months.length) return html`${title(t('analytics.by_month'))}<p class="grafik-hint">${t('analytics.nothing')}</p>`;
  return html`<div class="grafik-region__head">${title(t('analytics.by_month'))}${legendView(t)}</div>
    ${chartView({ t, months, width })}
    <details class="grafik-more"><summary>${t('analytics.as_table')}</summary>${figuresTable(t, t('analytics.month'), months.map((one) => ({ ...one, name: monthLabel(t, one.from, true) })))}</details>`;
}

export function groupsView({ t, summary, group }) {
  const tabs = GROUPS.filter((name) => name === group || summary.by_group[name].some((one) => one.value !== null));
  const rows = summary.by_group[group];
  return html`<div class="grafik-region__head">${title(t('analytics.groups'))}
    <div class="grafik-switch" role="group" aria-label="${t('analytics.groups')}">${tabs.map((name) => switchButton('group', name, t(`analytics.group_${name}`), name === group))}</div></div>
    ${rows.length ? figuresTable(t, t(`analytics.group_${group}`), rows.map((one) => ({ ...one, name: one.name || t('analytics.unknown'), pick: one.value === null ? '' : `${group}:${one.value}` }))) : html`<p class="grafik-hint">${t('analytics.nothing')}</p>`}`;
}

/** A name with three sums a row; the bar below the name is its share of the largest. */
function figuresTable(t, caption, rows) {
  const whole = (row) => TABS.reduce((sum, name) => sum + positive(row[name]), 0n);
  const most = rows.reduce((top, row) => (whole(row) > top ? whole(row) : top), 1n);
  const head = [caption, ...TABS.map((name) => t(`analytics.${name}`))];
  return html`<table class="grafik-table grafik-table_figures"><thead><tr>${head.map((text, index) => html`<th scope="col"${index > 0 && html` class="grafik-table__sum"`}>${text}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr><th scope="row">${row.pick ? button({ action: 'pick', id: row.pick, label: row.name, kind: 'link' }) : row.name}<span class="grafik-share" aria-hidden="true">${TABS.map((name) => html`<span class="grafik-share__${name}" style="width:${Number((positive(row[name]) * 1000n) / most) / 10}%"></span>`)}</span></th>
      ${TABS.map((name, index) => html`<td class="grafik-table__sum${name === 'overdue' && isPositive(row[name]) ? ' grafik-tone_error' : ''}" data-label="${head[index + 1]}">${formatMoney(row[name])}</td>`)}</tr>`)}</tbody></table>`;
}

function positive(amount) {
  const kopecks = toKopecks(amount);
  return kopecks > 0n ? kopecks : 0n;
}

export function agingView(t, aging) {
  if (!isPositive(aging.total)) return html`${title(t('analytics.aging'))}<p class="grafik-hint">${t('analytics.no_debt')}</p>`;
  const total = toKopecks(aging.total);
  const rows = aging.buckets.map((one) => html`<li class="grafik-aging__row"><span>${t('analytics.days', { range: one.bucket.replace('-', '–') })}</span>
    <span class="grafik-aging__bar" aria-hidden="true"><span style="width:${Number((toKopecks(one.amount) * 1000n) / total) / 10}%"></span></span><span class="grafik-row__sum">${formatMoney(one.amount)}</span></li>`);
  return html`<div class="grafik-region__head">${title(t('analytics.aging'))}${button({ action: 'excel', id: 'aging', kind: 'link', label: t('analytics.aging_excel') })}</div>
    <ul class="grafik-aging">${rows}</ul>
    <p class="grafik-aging__total"><span>${t('analytics.debtors', { count: t.count('analytics.deals', aging.deals) })}</span><b>${formatMoney(aging.total)}</b></p>`;
}

export function listView({ t, tab, summary, rows, more, busy, dealUrl }) {
  const tabs = TABS.map((name) => switchButton('tab', name, html`${t(`analytics.${name}`)} <span class="grafik-switch__sum">${formatMoney(summary[name])}</span>`, name === tab));
  return html`<div class="grafik-switch grafik-switch_tabs" role="group" aria-label="${t('analytics.rows')}">${tabs}</div>
    ${rows.length ? rowsTable(t, tab, rows, dealUrl) : html`<p class="grafik-hint grafik-region__empty">${t(`analytics.no_${tab}`)}</p>`}
    ${more && html`<div class="grafik-region__more">${button({ action: 'more', label: t('analytics.more'), busy: busy === 'more' })}</div>`}`;
}

function rowsTable(t, tab, rows, dealUrl) {
  const head = ['day', 'client', 'course', 'manager', tab === 'received' ? 'method' : 'number', 'sum'];
  return html`<table class="grafik-table grafik-table_rows"><thead><tr>${head.map((name) => html`<th scope="col"${name === 'sum' && html` class="grafik-table__sum"`}>${t(`analytics.column_${name}`)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => (tab === 'received' ? operationRow(t, row, dealUrl) : openRow(t, row, dealUrl)))}</tbody></table>`;
}

function operationRow(t, row, dealUrl) {
  const refund = row.kind === 'refund';
  const method = t.known(`method.${row.method}`) || row.method;
  return html`<tr data-row="${row.kind}-${row.id}"><td>${formatDay(row.on)}</td>${dealCells(row, dealUrl)}
    <td>${refund ? html`<span class="grafik-tone_warning">${t('analytics.refund')}</span>` : method}</td>
    <td class="grafik-table__sum${refund ? ' grafik-tone_warning' : ''}">${formatMoney(row.amount)}</td></tr>`;
}

function openRow(t, row, dealUrl) {
  const part = row.amount !== row.of && t('analytics.of', { sum: formatMoney(row.of) });
  const late = row.days_late > 0 && html`<small class="grafik-tone_error">${t('analytics.late', { days: t.count('analytics.day', row.days_late) })}</small>`;
  return html`<tr data-row="row-${row.id}"><td>${formatDay(row.due_on)}${late}</td>${dealCells(row, dealUrl)}
    <td>${t('analytics.payment_number', { n: row.number })}</td>
    <td class="grafik-table__sum">${formatMoney(row.amount)}${part && html`<small>${part}</small>`}</td></tr>`;
}

function dealCells(row, dealUrl) {
  const course = [row.programme, row.cohort, row.location_name].filter(Boolean).join(' · ');
  return html`<td class="grafik-table__client">${link(dealUrl(row.lead_id), row.contact || row.deal || `#${row.lead_id}`)}${row.contact && html`<small>${row.deal}</small>`}</td><td>${course}</td><td>${row.manager_name}</td>`;
}

function switchButton(what, name, label, on) {
  return html`<button type="button" class="grafik-switch__button${on ? ' grafik-switch__button_on' : ''}" data-action="${what}" data-id="${name}" data-key="${what}:${name}" aria-pressed="${on ? 'true' : 'false'}">${label}</button>`;
}

function title(text) {
  return html`<h3 class="grafik-region__title">${text}</h3>`;
}

export function waitingView(t) {
  return html`<div class="grafik-panel_loading" role="status"><span class="grafik-ring" aria-hidden="true"></span><span>${t('analytics.loading')}</span></div>`;
}

export function failedView(t, text, retry) {
  return callout('error', text, retry && button({ action: 'reload', label: t('panel.retry') }));
}
