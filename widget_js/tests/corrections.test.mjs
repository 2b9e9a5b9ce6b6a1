// Dialogs that put money right: a transfer split over deals, a payment entered by mistake, templates, a row's payer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, reversible } from '../src/card.js';
import { candidates, moveEffects } from '../src/dialogs/move.js';
import { offersView as splitOffers, readSplit, splitEffects } from '../src/dialogs/split.js';
import { templatesView, valuesOfBody } from '../src/dialogs/templates.js';
import { scheduleBody, startValues } from '../src/dialogs/schedule_form.js';
import { findingView } from '../src/setup/views.js';
import { rareActions } from '../src/views/more.js';
import { panelView } from '../src/views/panel.js';
import { freshUi, sampleCard, texts } from './sample.mjs';

const t = texts('ru');
const card = (changes = {}) => ({ ...sampleCard(), ...changes });
const shown = (changes) => String(panelView({ t, card: card(changes), ui: freshUi() }));
const part = (lead, sum) => ({ lead, sum });
const typed = (changes = {}) => ({ amount: '30 000', paid_on: '01.12.2026', payer: 'ООО «Ромашка»', inn: '', kpp: '', external_id: '', method: 'bank_transfer', parts: [part('7700123', '20 000'), part('#7700124', '10 000')], ...changes });
const read = (changes) => readSplit(t, typed(changes), '2026-12-01');

test('a transfer is sent when its parts add up', () => {
  const { body, errors } = read({ inn: '7707083893', kpp: '770701001', external_id: '17' });
  assert.deepEqual(errors, {});
  assert.deepEqual(body, {
    amount: '30000.00',
    paid_on: '2026-12-01',
    method: 'bank_transfer',
    external_id: '17',
    payer: { kind: 'company', name: 'ООО «Ромашка»', inn: '7707083893', kpp: '770701001' },
    parts: [{ lead_id: 7700123, amount: '20000.00' }, { lead_id: 7700124, amount: '10000.00' }],
  });
});

test('a transfer whose parts do not add up says by how much, and is not sent', () => {
  const words = (parts) => read({ parts }).errors.parts;
  assert.match(words([part('1', '20 000')]), /не разнесено 10\u00a0000/);
  assert.match(words([part('1', '20 000'), part('2', '10 000,01')]), /больше перевода на 0,01/);
  assert.match(words([part('', '30 000')]), /номер и сумму/);
  assert.equal(read({ parts: [] }).body, null);
  assert.deepEqual(Object.keys(read({ amount: '', paid_on: '02.12.2026', payer: '', inn: '77' }).errors), ['amount', 'paid_on', 'payer', 'inn']);
  assert.deepEqual(Object.keys(read({ inn: '500100732259', kpp: '770701001' }).errors), ['kpp']);
  assert.deepEqual(Object.keys(read({ inn: '7707083893', kpp: '7707-1001' }).errors), ['kpp']);
});

test('what follows is told only of parts that add up', () => {
  assert.match(splitEffects(t, typed())[0], /2 платежа/);
  assert.deepEqual(splitEffects(t, typed({ amount: '' })), []);
});

test('deals of the same payer are offered, those that need the credit first, each once', () => {
  const deal = (lead_id, debt) => ({ lead_id, name: `<b>${lead_id}`, debt, asked: debt });
  const found = candidates({ deals: [deal(2, '5.00')], together: [deal(1, '7.00'), deal(2, '5.00')] });
  assert.deepEqual(found.map((one) => one.lead_id), [2, 1]);
  assert.deepEqual(candidates({ deals: [] }), []);
  const chips = String(splitOffers(t, found));
  assert.match(chips, /data-action="offer_part" data-id="1"/);
  assert.doesNotMatch(chips, /<b>/);
  assert.equal(String(splitOffers(t, [])), '');
});

test('a move says what it does to both deals', () => {
  const words = (credit, lead, amount) => moveEffects(t, card({ credit }), lead, amount).join(' ').replace(/\u00a0/g, ' ');
  assert.match(words('0.00', '#7700199', '5000.00'), /5 000 ₽ уйдут в сделку 7700199.*здесь долг станет 120 000 ₽.*нового чека не будет/);
  assert.match(words('5000.00', '', '5000.00'), /в другую сделку.*здесь долг не изменится/);
  assert.equal(words('0.00', '1', null), '');
});

test('a remark of set-up has no tick: nothing is broken, but it is not there either', () => {
  const shown = (finding) => String(findingView({ text: 'Вебхуков нет', ...finding }));
  assert.match(shown({ works: true, remark: true }), /grafik-tone_warning/);
  assert.match(shown({ works: true }), /grafik-tone_success/);
  assert.match(shown({ works: false }), /grafik-tone_error/);
  assert.notEqual(shown({ works: true, remark: true }).match(/path d="[^"]*/)[0], shown({ works: true }).match(/path d="[^"]*/)[0]);
});

test('only money by hand that still counts can be taken out', () => {
  const one = { amount: '100.00', refunded: '0.00', provider: null, method: 'cash' };
  assert.ok(reversible(one));
  assert.ok(reversible({ ...one, refundable: '0.00', moved: '100.00' }));
  for (const other of [{ provider: 'robokassa' }, { method: 'transfer' }, { reversed: '100.00' }, { refunded: '100.00' }, { refunds: [{ state: 'requested' }] }]) assert.ok(!reversible({ ...one, ...other }), JSON.stringify(other));
});

test('a payment taken out says so, and who may not take one out is not offered to', () => {
  const [first] = sampleCard().payments;
  const payments = [{ ...first, provider: null, method: 'cash', refunded: '0.00', refundable: first.amount }];
  assert.match(shown({ payments, actions: ['reverse'] }), /data-action="reverse"/);
  assert.doesNotMatch(shown({ payments, actions: [] }), /data-action="reverse"/);
  assert.match(shown({ payments: [{ ...payments[0], reversed: first.amount }], actions: ['reverse'] }), /Снят как ошибочный/);
});

test('a template fills the form, and the form sends what the template said', () => {
  const body = { total: '90000.00', count: 6, monthly_amount: null, first_due_on: '2026-12-15', due_day: null, every: { days: 14 }, down_payment: '9000.00', down_payment_on: '2026-12-01', round_to: '100', remainder: 'first', shift_weekends: false };
  const values = valuesOfBody(body);
  assert.equal(values.every, 'days:14');
  const sent = scheduleBody(values);
  const { monthly_amount: _amount, due_day: _day, ...wanted } = body;
  assert.deepEqual(sent, { body: wanted, errors: [] });
  assert.doesNotMatch(String(templatesView(t, [{ id: 1, name: '<b>6</b>' }])), /<b>/);
});

test('rows that are days apart have no day of the month, monthly ones are the default', () => {
  const values = { ...startValues(card(), '2026-11-22'), first_due_on: '01.12.2026', due_day: '10' };
  assert.equal(scheduleBody(values).body.every, undefined);
  assert.equal(scheduleBody({ ...values, every: 'months:3' }).body.due_day, 10);
  assert.equal(scheduleBody({ ...values, every: 'days:7' }).body.due_day, undefined);
});

test('a row that waits for somebody else names him', () => {
  const installments = sampleCard().installments.map((row) => (row.number === 4 ? { ...row, payer: { kind: 'company', name: 'ООО <i>' } } : row));
  assert.match(shown({ installments }), /платит ООО &lt;i&gt;/);
});

test('an open invoice that asks for the next payment is sent instead of issued', () => {
  const sample = sampleCard();
  const invoice = { ...sample.invoices[0], id: 77, state: 'open', amount: sample.next.amount, sent: [] };
  const installments = sample.installments.map((row) => (row.number === sample.next.number ? { ...row, invoice: 77 } : row));
  const changes = { installments, invoices: [invoice], actions: ['invoice', 'rebuild'] };
  assert.equal(asked(card(changes)), invoice);
  assert.match(shown(changes), /grafik-button_primary"\s+data-action="send" data-id="77"/);
  assert.ok(rareActions(card(changes)).includes('invoice'));
  assert.equal(asked(card({ ...changes, invoices: [{ ...invoice, amount: '1.00' }] })), null);
  assert.ok(!rareActions(card({ ...changes, invoices: [] })).includes('invoice'));
});

test('a booking is not moved to another group', () => {
  assert.ok(rareActions(card({ actions: ['transfer'] })).includes('transfer'));
  assert.ok(!rareActions(card({ mode: 'deposit', actions: ['transfer'] })).includes('transfer'));
});

test('what became of a reminder is told with its reason, an invoice’s letters stand with the invoice', () => {
  const message = (about, state, more = {}) => ({ about, channel: 'sms', at: '2026-11-20T10:00:00+03:00', state, reason: null, subject: null, ...more });
  const messages = [message('reminder', 'failed', { reason: 'номер <b> занят' }), message('invoice', 'sent'), message('brand_new', 'sent')];
  const words = shown({ messages });
  assert.match(words, /data-message="reminder"[\s\S]*СМС не доставлено: номер &lt;b&gt; занят/);
  assert.match(words, /Сообщение[\s\S]*СМС 20\.11\.2026/);
  assert.doesNotMatch(words, /data-message="invoice"/);
  assert.match(shown({ messages: [message('reminder', 'handed_over', { channel: 'salesbot' })] }), /Salesbot передано боту/);
});
