// The pure modules: money, days, words, escaping, the schedule's body.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDay, formatMoment, nextMonth, parseDay } from '../src/dates.js';
import { scheduleBody, startValues } from '../src/dialogs/schedule_form.js';
import { href, html } from '../src/html.js';
import { add, formatMoney, parseMoney, percent, subtract, toAmount, toKopecks } from '../src/money.js';
import { pluralForm } from '../src/texts.js';
import { sampleCard, texts } from './sample.mjs';

const plain = (text) => text.replace(/\u00a0/g, ' ');

test('money is shown with spaces, a comma and the sign after it', () => {
  assert.equal(plain(formatMoney('120000.00')), '120 000 ₽');
  assert.equal(plain(formatMoney('12500.50')), '12 500,50 ₽');
  assert.equal(plain(formatMoney('0.00')), '0 ₽');
  assert.equal(plain(formatMoney('1234567890.05')), '1 234 567 890,05 ₽');
  assert.equal(plain(formatMoney('-5000.00')), '−5 000 ₽');
});

test('money keeps every kopeck that a float would lose', () => {
  assert.equal(add('0.10', '0.20'), '0.30');
  assert.equal(subtract('9007199254740993.01', '0.02'), '9007199254740992.99');
  assert.equal(toAmount(toKopecks('-0.05')), '-0.05');
  assert.throws(() => toKopecks('1e3'));
  assert.throws(() => toKopecks('1.005'));
});

test('what a person types as money is understood, and nothing else', () => {
  for (const typed of ['12500,50', '12 500.50', '12\u00a0500,5 ₽', '12 500,50 руб.']) assert.equal(parseMoney(typed), '12500.50', typed);
  for (const typed of ['', '0', '0,00', '-5', '1,005', '12a', '1e3', '<b>1</b>']) assert.equal(parseMoney(typed), null, typed);
});

test('a hundred percent is shown only when all is paid', () => {
  assert.equal(percent('159999.99', '160000.00'), 99);
  assert.equal(percent('160000.00', '160000.00'), 100);
  assert.equal(percent('0.00', '0.00'), 0);
});

test('days and moments are shown as they were sent', () => {
  assert.equal(formatDay('2026-12-10'), '10.12.2026');
  assert.equal(formatMoment('2026-12-10T23:05:00+03:00'), '10.12.2026 23:05');
  assert.equal(formatDay(null), '');
});

test('a typed day is understood in Russian and ISO, impossible days are refused', () => {
  assert.equal(parseDay('1.12.2026'), '2026-12-01');
  assert.equal(parseDay('01.12.26'), '2026-12-01');
  assert.equal(parseDay(' 2026-12-01 '), '2026-12-01');
  for (const typed of ['', '31.02.2026', '2026-13-01', '12.2026', 'завтра', '1.12.2026.5']) assert.equal(parseDay(typed), null, typed);
});

test('next month is clamped to its end', () => {
  assert.equal(nextMonth('2026-01-31'), '2026-02-28');
  assert.equal(nextMonth('2027-12-15'), '2028-01-15');
});

test('plurals of the dictionary’s language', () => {
  const forms = [0, 1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 111, 112, 121].map(pluralForm);
  assert.deepEqual(forms, ['many', 'one', 'few', 'few', 'many', 'many', 'many', 'many', 'one', 'few', 'many', 'many', 'many', 'one']);
  assert.equal(texts('ru').count('schedule.payments', 3), '3 платежа');
  assert.deepEqual([1, 2, 21].map((n) => texts('en').count('schedule.payments', n)), ['1 payment', '2 payments', '21 payments']);
});

test('every value in markup is escaped, in text and in attributes', () => {
  const evil = `"><img src=x onerror='a()'>\``;
  assert.equal(String(html`<p title="${evil}">${evil}</p>`).match(/[<>]/g).length, 4);
  assert.equal(String(html`${[html`<b>1</b>`, '<']}${null}${undefined}${false}${0}`), '<b>1</b>&lt;0');
});

test('an address may not be a script', () => {
  assert.equal(href('javascript:alert(1)'), '#');
  assert.equal(href(' https://x'), '#');
  assert.equal(href('https://pay.example.ru/?a=1'), 'https://pay.example.ru/?a=1');
});

test('the schedule form starts with what is known of the deal', () => {
  const fresh = startValues({ ...sampleCard(), installments: [], due_day: null }, '2026-11-22');
  assert.equal(fresh.first_due_on, '2026-12-22');
  assert.equal(fresh.due_day, '');
  const rebuilt = startValues(sampleCard(), '2026-11-22');
  assert.equal(rebuilt.first_due_on, '2026-11-10');
  assert.equal(rebuilt.count, '6');
  assert.equal(rebuilt.due_day, '10');
});

const VALUES = { total: '160 000', by: 'count', count: '8', monthly_amount: '', first_due_on: '10.12.2026', due_day: '', down_payment: '', down_payment_on: '', round_to: '1', remainder: 'last', shift_weekends: true };

test('the body of a schedule names only what was filled in', () => {
  assert.deepEqual(scheduleBody(VALUES), {
    body: { total: '160000.00', count: 8, first_due_on: '2026-12-10', round_to: '1', remainder: 'last', shift_weekends: true },
    errors: [],
  });
  const { body } = scheduleBody({ ...VALUES, by: 'monthly_amount', monthly_amount: '20 000,50', due_day: '31', down_payment: '10000', down_payment_on: '22.11.2026' });
  assert.equal(body.monthly_amount, '20000.50');
  assert.equal('count' in body, false);
  assert.equal('round_to' in body, false);
  assert.equal(body.due_day, 31);
  assert.deepEqual([body.down_payment, body.down_payment_on], ['10000.00', '2026-11-22']);
});

test('what cannot be sent is named by its field', () => {
  const { errors } = scheduleBody({ ...VALUES, total: 'много', count: '', first_due_on: '31.02.2026', due_day: 'x', down_payment: '5', down_payment_on: '' });
  assert.deepEqual(errors, ['total', 'count', 'first_due_on', 'due_day', 'down_payment_on']);
  for (const none of ['', '0', '0,00']) assert.equal('down_payment' in scheduleBody({ ...VALUES, down_payment: none }).body, false);
  assert.deepEqual(scheduleBody({ ...VALUES, down_payment: '.', down_payment_on: '22.11.2026' }).errors, ['down_payment']);
});
