// The state of the deal at a glance: pill, course, place, the big figure, the bar, the sums.

import { html } from '../html.js';
import { formatDay } from '../dates.js';
import { formatMoney, isPositive, percent, toKopecks } from '../money.js';
import { pill } from './controls.js';

const TONES = {
  no_schedule: 'neutral',
  prepaid: 'info',
  on_schedule: 'success',
  overdue: 'error',
  paused: 'warning',
  paid: 'success',
  cancelled: 'neutral',
};
/** More segments than this are thinner than their gaps at 245 px: one plain bar instead. */
const MOST_SEGMENTS = 24;

export function summaryView(t, card) {
  const owes = isPositive(card.debt);
  return html`
    <div class="grafik-head">
      ${pill(TONES[card.state] || 'neutral', stateWords(t, card))}
      ${courseView(card)}
      ${placeView(card)}
    </div>
    <div class="grafik-debt">
      <span class="grafik-debt__label">${owes ? t('panel.debt') : t('panel.paid')}</span>
      <span class="grafik-debt__sum" data-figure="${owes ? 'debt' : 'paid'}">${formatMoney(owes ? card.debt : card.paid)}</span>
    </div>
    ${barView(t, card)}
    <dl class="grafik-figures">${figures(t, card)}</dl>
    ${lifeView(t, card)}`;
}

/** A booking has no schedule until its links are made, and nobody there speaks of one. */
function stateWords(t, card) {
  const state = card.state === 'no_schedule' && card.mode === 'deposit' ? 'no_links' : card.state;
  return t.known(`state.${state}`) || card.state;
}

/** A pause, a closing, a signature: what a person decided, with the reason. */
function lifeView(t, card) {
  const lines = [
    card.pause && t(card.pause.until ? 'life.paused_until' : 'life.paused', { day: formatDay(card.pause.since), until: formatDay(card.pause.until), reason: card.pause.reason }),
    card.closing && t(`life.${card.closing.kind}`, { reason: card.closing.reason }),
    card.signed && t('life.signed', { day: formatDay(card.signed.on) }),
  ].filter(Boolean);
  return lines.length ? html`<div class="grafik-life">${lines.map((words) => html`<p>${words}</p>`)}</div>` : '';
}

function courseView(card) {
  const words = [card.programme, card.cohort].filter(Boolean);
  return words.length ? html`<div class="grafik-course">${words.join(' · ')}</div>` : '';
}

/** Where the course is, and whose money it is. */
function placeView(card) {
  const names = [card.location, card.legal_entity].filter(Boolean).map((one) => one.name);
  return names.length ? html`<div class="grafik-place">${names.join(' · ')}</div>` : '';
}

function barView(t, card) {
  const label = t('panel.bar', {
    paid: formatMoney(card.paid),
    total: formatMoney(card.total),
    percent: percent(card.paid, card.total),
  });
  return html`<div class="grafik-bar" role="img" aria-label="${label}" title="${label}">${segments(card)}</div>`;
}

function segments(card) {
  const rows = card.installments;
  if (!rows.length || rows.length > MOST_SEGMENTS) {
    return html`<span class="grafik-bar__segment" style="flex-grow:1">${fill(percent(card.paid, card.total), 'paid')}</span>`;
  }
  return rows.map(
    (row) => html`<span class="grafik-bar__segment grafik-bar__segment_${row.state}" style="flex-grow:${toKopecks(row.amount)}">${fill(percent(row.paid, row.amount), row.state)}</span>`,
  );
}

function fill(share, state) {
  return html`<span class="grafik-bar__fill grafik-bar__fill_${state}" style="width:${share}%"></span>`;
}

function figures(t, card) {
  const next = card.next;
  return [
    figure(t('panel.total'), formatMoney(card.total), 'total'),
    isPositive(card.debt) && figure(t('panel.paid'), formatMoney(card.paid), 'paid'),
    isPositive(card.overdue) && figure(t('panel.overdue'), formatMoney(card.overdue), 'overdue', 'error'),
    isPositive(card.credit) && figure(t('panel.credit'), formatMoney(card.credit), 'credit', 'warning'),
    isPositive(card.written_off) && figure(t('panel.written_off'), formatMoney(card.written_off), 'written_off'),
    card.fees && isPositive(card.fees.owed) && figure(t('panel.fees'), formatMoney(card.fees.owed), 'fees', 'warning'),
    card.due_day && figure(t('panel.due_day'), t('panel.due_day_value', { day: card.due_day }), 'due_day'),
    next && figure(t(isLate(card, next) ? 'panel.next_late' : 'panel.next'), html`${formatMoney(next.amount)}<small>${formatDay(next.due_on)}</small>`, 'next'),
    card.promise && figure(t(card.promise.state === 'broken' ? 'panel.promise_broken' : 'panel.promise'), promiseWords(card.promise), 'promise', card.promise.state === 'broken' ? 'error' : 'info'),
    card.service_on && figure(t(card.mode === 'deposit' ? 'panel.service_on' : 'panel.starts_on'), formatDay(card.service_on), 'service_on'),
    card.reminders_by && figure(t('panel.reminders'), t(`reminders.by_${card.reminders_by}`), 'reminders'),
    card.payer && card.payer.kind !== 'person' && figure(t('panel.payer'), card.payer.name, 'payer'),
  ];
}

/** «Следующий» of a day that is gone would be read as a day to come. */
function isLate(card, next) {
  const row = card.installments.find((one) => one.number === next.number);
  return Boolean(row) && row.state === 'overdue';
}

/** «5 000 ₽ до 25.11.2026», or only the day when no sum was named. */
function promiseWords(promise) {
  return html`${promise.amount && formatMoney(promise.amount)}<small>${formatDay(promise.until)}</small>`;
}

function figure(label, value, name, tone = '') {
  return html`<div class="grafik-figure${tone ? ` grafik-figure_${tone}` : ''}"><dt>${label}</dt><dd data-figure="${name}">${value}</dd></div>`;
}
