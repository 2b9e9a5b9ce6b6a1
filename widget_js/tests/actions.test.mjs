// The rarer parts of the panel: attempts and the next step, actions by right, ways out, receipts of money by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelsOf, freshAttempts, leftOf, messageOf, refundable } from '../src/card.js';
import { addressesOf } from '../src/dialogs/qr.js';
import { messageView } from '../src/dialogs/invoice.js';
import { offersView } from '../src/dialogs/move.js';
import { effectView } from '../src/dialogs/refund.js';
import { readReceipt } from '../src/dialogs/receipt_fields.js';
import { attemptsView } from '../src/views/attempts.js';
import { rareActions } from '../src/views/more.js';
import { panelView } from '../src/views/panel.js';
import { wayOut } from '../src/views/ways_out.js';
import { freshUi, sampleCard, texts } from './sample.mjs';

const t = texts('ru');
const read = (markup) => String(markup).replace(/<svg.*?<\/svg>/gs, '').replace(/<[^>]*>/g, ' ').replace(/\u00a0/g, ' ').replace(/\s+/g, ' ');
const attempt = (at, what, reason = null) => ({ at, what, amount: '15000.00', reason });
const card = (changes = {}) => ({ ...sampleCard(), ...changes });

test('the last attempt is told with its reason and the next step', () => {
  const attempts = [attempt('2026-11-20T12:00:00+03:00', 'declined', 'не хватает денег на карте'), attempt('2026-11-19T12:00:00+03:00', 'opened')];
  const words = read(attemptsView({ t, card: card({ attempts }), ui: freshUi() }));
  for (const part of ['20.11.2026 12:00', 'Оплата не прошла: не хватает денег на карте', 'Что дальше: передайте клиенту причину']) assert.ok(words.includes(part), words);
});

test('attempts before the last money, or with nothing owed, are no news', () => {
  const attempts = [attempt('2026-11-12T11:59:00+03:00', 'declined')];
  assert.deepEqual(freshAttempts(card({ attempts })), []);
  assert.deepEqual(freshAttempts(card({ attempts: [attempt('2026-11-20T12:00:00+03:00', 'opened')], debt: '0.00' })), []);
});

test('rare actions are the server’s, and nothing is offered to who may nothing', () => {
  assert.deepEqual(rareActions(card({ actions: [] })), []);
  assert.deepEqual(rareActions(card({ actions: ['cancel', 'settle', 'document'] })), ['revoke', 'settle', 'cancel']);
});

test('an attempt of the same second as the last money is told', () => {
  const { payments } = card();
  const last = payments.map((one) => one.received_at).reduce((a, b) => (Date.parse(a) > Date.parse(b) ? a : b));
  assert.equal(freshAttempts(card({ attempts: [attempt(last, 'opened')] })).length, 1);
});

test('a payment can be returned by what is left of it', () => {
  const payments = [
    { id: 1, amount: '100.00', refunded: '100.00', currency: 'RUB' },
    { id: 2, amount: '100.00', refunded: '30.00', moved: '20.00', currency: 'RUB' },
    { id: 3, amount: '100.00', refunded: '0.00', refundable: '0.00', currency: 'RUB' },
    { id: 4, amount: '100.00', refunded: '0.00', currency: 'USD' },
  ];
  assert.deepEqual(refundable({ payments }).map((one) => one.id), [2]);
  assert.equal(leftOf(payments[1]), '50.00');
});

test('a refund says what becomes of its receipt, and nothing of more than is left', () => {
  const payment = { id: 1, amount: '100.00', refunded: '0.00' };
  const form = (amount) => ({ elements: { amount: { value: amount }, method: { value: 'cash' } } });
  const said = (receipt, amount = '100') => read(effectView(t, card(), { ...payment, receipt }, form(amount)));
  assert.match(said({ state: 'registered', reason: null, url: null }), /чек возврата будет сделан по чеку платежа/);
  assert.match(said({ state: 'planned', reason: 'no_register_for_cash', url: null }), /«Деньги без чека»/);
  assert.match(said({ state: 'not_required', reason: 'organisation_transfer', url: null }), /не нужен, как и чек платежа/);
  assert.match(said({ state: 'not_required', reason: 'other_register', url: null }), /касса, которая пробила платёж/);
  assert.equal(said({ state: 'registered', reason: null, url: null }, '100,01'), '');
});

test('who may not refund sees no way to', () => {
  const offered = (actions) => String(panelView({ t, card: card({ actions, warnings: [{ code: 'credit', text: 'Переплата' }] }), ui: freshUi() })).includes('data-action="refund"');
  assert.ok(offered(['refund']));
  assert.ok(!offered(['rebuild']));
});

test('each warning of ours has its way out, an unknown one only its words', () => {
  const ways = (code) => String(wayOut(t, card(), freshUi(), { code, text: '' }));
  assert.match(ways('no_email'), /data-action="copy".*data-action="reload"/s);
  assert.match(ways('no_receiver'), /data-action="reload"/);
  assert.match(ways('price_differs'), /data-action="schedule"/);
  assert.match(ways('receipt_failed'), /data-action="fold"/);
  assert.match(ways('stale'), /data-action="reload"/);
  assert.equal(ways('from_the_future'), '');
});

test('channels are the card’s own, else the e-mail it knows', () => {
  assert.deepEqual(channelsOf(card()), [{ channel: 'email', to: 'anna.smirnova@example.org' }]);
  assert.deepEqual(channelsOf(card({ payer: null, contact: { email: '' } })), []);
  assert.deepEqual(channelsOf(card({ channels: [{ channel: 'salesbot', to: '' }] })), [{ channel: 'salesbot', to: '' }]);
});

test('the QR leads to the open links of a booking, else to the client’s page', () => {
  const link = { url: 'https://pay.example.ru/a', state: 'open', text: 'Текст', amount: '1.00' };
  const pair = card({ mode: 'deposit', links: { deposit: { ...link, state: 'paid' }, full: link } });
  assert.deepEqual(addressesOf(t, pair).map((one) => one.name), ['Полная оплата']);
  assert.deepEqual(addressesOf(t, card()).map((one) => one.url), [sampleCard().pay_url]);
  assert.equal(messageOf(card({ links: null })), '');
});

test('the message of an invoice and the deals offered are text, whatever stands in them', () => {
  const evil = '<img src=x onerror=alert(1)>';
  const shown = String(messageView(t, { id: 1, number: evil, text: evil, url: 'https://pay.example.ru/' })) + String(offersView(t, [{ lead_id: 1, name: evil, debt: '1.00' }]));
  assert.doesNotMatch(shown, /<img/);
});

test('the receipt of money by hand: by the settings, ours, later, another register’s, not needed', () => {
  const chosen = (receipt, more = {}) => readReceipt(t, { receipt: { value: receipt }, none: { value: 'npd' }, fn: { value: '' }, fd: { value: '' }, fpd: { value: '' }, ...more });
  assert.equal(chosen('').receipt, undefined);
  assert.equal(chosen('make').receipt, true);
  assert.equal(chosen('later').receipt, false);
  assert.deepEqual(chosen('none').receipt, { none: 'npd' });
  assert.deepEqual(chosen('made', { fn: { value: ' 99 ' }, fd: { value: '12' }, fpd: { value: '34' } }), { receipt: { fn: '99', fd: '12', fpd: '34' }, errors: {} });
  assert.deepEqual(Object.keys(chosen('made', { fn: { value: 'abc' } }).errors), ['fn', 'fd', 'fpd']);
});
