// The page of figures: periods, marks, bars, tables, and a workbook that takes its time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartView, monthLabel, scale, shortSum } from '../src/analytics/chart.js';
import { knownDay, ownPeriod, periodOf, queryOf } from '../src/analytics/periods.js';
import { agingView, figuresView, filtersView, groupsView, listView, monthsView } from '../src/analytics/views.js';
import { makeWorkbook } from '../src/analytics/workbook.js';
import { texts } from './sample.mjs';

const t = texts('ru');
const EVIL = `"><img src=x onerror=alert(1)>`;
const money = (received, expected = '0.00', overdue = '0.00') => ({ received, expected, overdue });
const month = (from, ...sums) => ({ from, to: from, ...money(...sums) });
const dealUrl = (id) => `https://demoschool.amocrm.ru/leads/detail/${id}`;
const group = (value, name) => ({ value, name, ...money('100.00', '50.00', '25.00') });

function summary(changes = {}) {
  const empty = { programme: [], cohort: [], manager: [], location: [], legal_entity: [] };
  return { ...money('1500.50', '200.00', '100.00'), on_time_share: 0.9999, forecast: [{ month: '2026-11', expected: '1.00' }, { month: '2026-12', expected: '320000.00' }], by_period: [], by_group: { ...empty, programme: [group('Нутрициолог', 'Нутрициолог'), group(null, '')] }, ...changes };
}

function operation(changes = {}) {
  return { lead_id: 7700123, kind: 'payment', id: 9, amount: '20000.00', on: '2026-11-10', method: 'sbp', deal: 'Договор 14/26', contact: 'Анна Смирнова', programme: 'Нутрициолог', cohort: 'Поток 12', location_name: null, manager_name: 'Мария Кузнецова', ...changes };
}

function read(markup) {
  return String(markup).replace(/<svg.*?<\/svg>/gs, '').replace(/<[^>]*>/g, ' ').replace(/\u00a0/g, ' ').replace(/\s+/g, ' ');
}

test('periods by name end where months end, leap years too', () => {
  const spans = (today) => ['month', 'last_month', 'quarter', 'year', 'all'].map((name) => Object.values(periodOf(name, today)).join(' '));
  assert.deepEqual(spans('2026-11-22'), ['2026-11-01 2026-11-30', '2026-10-01 2026-10-31', '2026-10-01 2026-12-31', '2026-01-01 2026-12-31', ' ']);
  assert.deepEqual(spans('2028-01-31').slice(0, 3), ['2028-01-01 2028-01-31', '2027-12-01 2027-12-31', '2028-01-01 2028-03-31']);
  assert.equal(periodOf('month', '2028-02-01').to, '2028-02-29');
});

test('an own period is read as it is typed, and says what is wrong', () => {
  assert.deepEqual(ownPeriod({ from: '1.10.2026', to: '' }), { from: '2026-10-01', to: '' });
  assert.deepEqual(ownPeriod({ from: '31.02.2026', to: 'завтра' }), { errors: { from: 'wrong_day', to: 'wrong_day' } });
  assert.deepEqual(ownPeriod({ from: '02.10.2026', to: '01.10.2026' }), { errors: { to: 'ends_before' } });
});

test('what is empty asks nothing and what is asked is encoded', () => {
  assert.equal(queryOf({ from: '2026-01-01', to: '', cohort: 'Поток 12 & 13', manager: null }), 'from=2026-01-01&cohort=%D0%9F%D0%BE%D1%82%D0%BE%D0%BA%2012%20%26%2013');
});

test('marks of the chart are round and reach the highest bar', () => {
  assert.deepEqual(scale(2200000).marks, [0, 500000, 1000000, 1500000, 2000000, 2500000]);
  assert.deepEqual(scale(100).marks, [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(scale(1).marks, [0, 1]);
  for (const value of [1, 7, 999.99, 12345, 3e9]) assert.ok(scale(value).top >= value && scale(value).marks.length <= 6, String(value));
  assert.deepEqual([0, 950, 250000, 1250000].map((sum) => shortSum(t, sum)), ['0', '950', '250 тыс.', '1,25 млн']);
});

test('bars have heights of their sums, and months names', () => {
  const chart = String(chartView({ t, months: [month('2026-11-01', '100.00'), month('2026-12-01', '0.00', '50.00', '25.00')], width: 464 }));
  const heights = [...chart.matchAll(/class="grafik-chart__(received|overdue|expected)"[^>]*height="([\d.]+)"/g)].map((found) => [found[1], Number(found[2])]);
  assert.deepEqual(heights, [['received', 180], ['overdue', 45], ['expected', 88.5]]);
  assert.ok(chart.includes('role="img" aria-label="Получено, просрочено и ожидается по месяцам: 2 месяца.'));
  assert.equal(monthLabel(t, '2027-01-01', false), 'янв 27');
});

test('a month of refunds draws no bar upside down', () => {
  const chart = String(chartView({ t, months: [month('2026-11-01', '-500.00')], width: 300 }));
  assert.doesNotMatch(chart, /height="-|class="grafik-chart__received"/);
});

test('the chart has a table with the same sums', () => {
  const words = read(monthsView({ t, months: [month('2026-11-01', '100.50', '7.00', '3.00')], width: 400 }));
  assert.ok(words.includes('Показать таблицей') && words.includes('ноя 26 100,50 ₽ 7 ₽ 3 ₽'), words);
  assert.ok(read(monthsView({ t, months: [], width: 400 })).includes('За этот период ничего нет.'));
});

test('four numbers, and 100 % only when all was on time', () => {
  const words = read(figuresView(t, summary()));
  for (const part of ['Получено 1 500,50 ₽', 'Ожидается 200 ₽', 'след. месяц: 320 000 ₽', 'Просрочено 100 ₽', '99,9 %']) assert.ok(words.includes(part), part);
  assert.ok(read(figuresView(t, summary({ on_time_share: null }))).includes('—'));
});

test('filters offer what there is to choose between', () => {
  const choices = { programme: [{ value: 'А', name: 'А' }, { value: 'Б', name: 'Б' }], cohort: [{ value: '1', name: '1' }], manager: [{ value: '8100002', name: 'Мария' }, { value: '8100003', name: 'Антон' }], location: [], legal_entity: [] };
  const shown = String(filtersView({ t, choices, asked: { manager: '8100003' }, preset: 'own' }));
  assert.deepEqual([...shown.matchAll(/<select[^>]*name="(\w+)"/g)].map((found) => found[1]), ['programme', 'manager']);
  assert.match(shown, /value="8100003" selected/);
  assert.match(shown, /name="from"/);
  assert.doesNotMatch(String(filtersView({ t, choices, asked: {}, preset: 'year' })), /name="from"/);
});

test('a day of knowledge asks for that day as it was known then; none asks for now', () => {
  assert.deepEqual(knownDay('30.09.2026', '2026-11-22'), { as_of: '2026-09-30', known_at: '2026-09-30' });
  assert.deepEqual(knownDay('22.11.2026', '2026-11-22'), { as_of: '2026-11-22', known_at: '2026-11-22' });
  assert.deepEqual(knownDay('', '2026-11-22'), { as_of: '', known_at: '' });
  assert.deepEqual(knownDay('31.02.2026', '2026-11-22'), { errors: { known_at: 'wrong_day' } });
  assert.deepEqual(knownDay('23.11.2026', '2026-11-22'), { errors: { known_at: 'not_yet' } });
});

test('figures of a day gone by say so, with the way back', () => {
  const then = figuresView(t, summary(), '2026-09-30');
  assert.ok(read(then).includes('Показано так, как было известно на 30.09.2026'), read(then));
  assert.match(String(then), /data-action="now"/);
  assert.doesNotMatch(String(figuresView(t, summary())), /data-action="now"/);
  assert.match(String(filtersView({ t, choices: { programme: [], cohort: [], manager: [], location: [], legal_entity: [] }, asked: { known_at: '2026-09-30' }, preset: 'year' })), /name="known_at"[^>]*value="30.09.2026"/);
});

test('rows lead to their deals; a refund and a late part say so', () => {
  const list = (tab, rows) => listView({ t, tab, summary: summary(), rows, more: true, busy: '', dealUrl });
  const received = list('received', [operation(), operation({ kind: 'refund', id: 3, amount: '-5000.00' })]);
  assert.match(String(received), /href="https:\/\/demoschool.amocrm.ru\/leads\/detail\/7700123"/);
  assert.ok(read(received).includes('Возврат −5 000 ₽') && read(received).includes('СБП 20 000 ₽'), read(received));
  const late = read(list('overdue', [operation({ kind: 'installment', number: 3, amount: '5000.00', of: '20000.00', due_on: '2026-11-10', days_late: 22 })]));
  assert.ok(late.includes('10.11.2026 просрочен на 22 дня') && late.includes('№ 3 5 000 ₽ из 20 000 ₽'), late);
  assert.ok(read(list('expected', [])).includes('За этот период ничего не ожидается.'));
});

test('groups can be picked unless they are nobody', () => {
  const shown = groupsView({ t, summary: summary(), group: 'programme' });
  assert.deepEqual([...String(shown).matchAll(/data-action="pick"\s+data-id="([^"]+)"/g)].map((found) => found[1]), ['programme:Нутрициолог']);
  assert.ok(read(shown).includes('Не указано'));
});

test('the age of debts adds up, or says that there is none', () => {
  const buckets = [{ bucket: '1-30', amount: '75.00' }, { bucket: '91+', amount: '25.00' }];
  const shown = agingView(t, { buckets, total: '100.00', deals: 3 });
  assert.ok(read(shown).includes('1–30 дней 75 ₽') && read(shown).includes('Просрочка по 3 сделкам 100 ₽'), read(shown));
  assert.match(String(shown), /width:75%/);
  assert.ok(read(agingView(t, { buckets, total: '0.00', deals: 0 })).includes('Просроченных платежей нет.'));
});

test('nothing that a client wrote becomes markup', () => {
  const row = operation({ contact: EVIL, deal: EVIL, programme: EVIL, cohort: EVIL, manager_name: EVIL, method: EVIL });
  const shown = [listView({ t, tab: 'received', summary: summary(), rows: [row], more: false, busy: '', dealUrl }), groupsView({ t, summary: summary({ by_group: { ...summary().by_group, programme: [group(EVIL, EVIL)] } }), group: 'programme' })];
  for (const markup of shown) assert.doesNotMatch(String(markup), /<img/);
});

function server(...answers) {
  const calls = [];
  const next = (call) => (calls.push(call), Promise.resolve(answers.shift()));
  return { calls, send: (method, path, body, key) => next([path, body, key]), get: (path) => next([path]) };
}

test('a workbook is asked for once and waited for', async () => {
  const api = server({ id: 4, state: 'waiting', progress: 0 }, { id: 4, state: 'running', progress: 50 }, { id: 4, state: 'done', progress: 100, url: 'https://pay.example.ru/x' });
  const told = [];
  const url = await makeWorkbook({ api, question: { report: 'payments', state: 'overdue', cohort: '' }, key: 'k', alive: () => true, tell: (progress) => told.push(progress) });
  assert.equal(url, 'https://pay.example.ru/x');
  assert.deepEqual(api.calls, [['analytics/exports/', { report: 'payments', state: 'overdue' }, 'k'], ['analytics/exports/4/'], ['analytics/exports/4/']]);
  assert.deepEqual(told, [50, 100]);
});

test('a workbook that failed says why; a page that was left stops asking', async () => {
  const failed = server({ id: 4, state: 'failed', detail: 'Файл слишком большой: сузьте период.' });
  await assert.rejects(makeWorkbook({ api: failed, question: {}, key: 'k', alive: () => true, tell: () => undefined }), /сузьте период/);
  const left = server({ id: 4, state: 'waiting' });
  await assert.rejects(makeWorkbook({ api: left, question: {}, key: 'k', alive: () => false, tell: () => undefined }));
  assert.equal(left.calls.length, 1);
});
