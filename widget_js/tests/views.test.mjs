// The views: what a manager reads in each state, and that nothing a client wrote becomes markup.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covered } from '../src/card.js';
import { amountEffect, fullEffects, partialEffects } from '../src/dialogs/payment.js';
import { historyView } from '../src/dialogs/history.js';
import { panelView } from '../src/views/panel.js';
import { previewView } from '../src/views/preview.js';
import { freshUi, sampleCard, texts } from './sample.mjs';

const t = texts('ru');
const EVIL = [`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, '`${alert(1)}`', '</textarea><svg onload=alert(1)>'];

function read(markup) {
  return String(markup).replace(/<svg.*?<\/svg>/gs, '').replace(/<[^>]*>/g, ' ').replace(/\u00a0/g, ' ').replace(/\s+/g, ' ');
}

function panel(changes = {}, ui = {}) {
  return panelView({ t, card: { ...sampleCard(), ...changes }, ui: { ...freshUi(), ...ui } });
}

function poison(value, evil) {
  if (Array.isArray(value)) return value.map((one) => poison(one, evil));
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, poison(one, evil)]));
  return typeof value === 'string' && !/^-?\d+\.\d\d$|^\d{4}-\d\d-\d\d/.test(value) ? evil : value;
}

test('the panel says state, course, sums, day and next payment', () => {
  const words = read(panel());
  for (const part of ['Просрочено', 'Нутрициолог · Поток 12', 'Долг 115 000 ₽', 'Стоимость 160 000 ₽', 'Оплачено 45 000 ₽', 'Просрочено 15 000 ₽', '10-е число', '15 000 ₽ 10.11.2026', 'Изменить график']) {
    assert.ok(words.includes(part), part);
  }
  assert.ok(String(panel()).includes('aria-label="Оплачено 45'));
});

test('a deal without a schedule offers to calculate one', () => {
  const words = read(panel({ installments: [], invoices: [], payments: [], version: null, next: null, due_day: null, state: 'no_schedule', actions: ['schedule'] }));
  assert.ok(words.includes('Рассчитать график платежей'));
  assert.ok(!words.includes('Изменить график'));
  assert.ok(!words.includes('Полная оплата'));
});

test('a paid deal shows no debt and no payment by the whole debt', () => {
  const words = read(panel({ debt: '0.00', paid: '160000.00', overdue: '0.00', state: 'paid', next: null }));
  assert.ok(words.includes('Оплачено 160 000 ₽'));
  assert.ok(!words.includes('Полная оплата'));
  assert.ok(!words.includes('Долг'));
});

test('deposit mode makes two links with their sums', () => {
  const link = { amount: '48000.00', url: 'https://pay.example.ru/a', state: 'open', text: 'Здравствуйте' };
  const shown = panel({ mode: 'deposit', links: { deposit: link, full: { ...link, amount: '160000.00' } } });
  assert.ok(read(shown).includes('Сформировать ссылки'));
  assert.ok(!read(shown).includes('Изменить график'));
  assert.equal(String(shown).match(/data-link="/g).length, 2);
  assert.equal(String(shown).match(/data-text="Здравствуйте"/g).length, 2);
});

test('actions the server does not list are not shown', () => {
  const words = read(panel({ actions: [] }));
  for (const part of ['Изменить график', 'Полная оплата', 'Частичная оплата', 'Выставить счёт', 'Отправить']) assert.ok(!words.includes(part), part);
});

test('a long schedule is folded around the first open row and unfolds', () => {
  const rows = (shown) => String(shown).match(/data-installment="\d+"/g).map((part) => Number(part.match(/\d+/)[0]));
  assert.deepEqual(rows(panel()), [2, 3, 4, 5]);
  assert.deepEqual(rows(panel({}, { expanded: new Set(['installments']) })), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('receipts and sendings that failed say so', () => {
  const card = sampleCard();
  card.invoices[1].sent.push({ channel: 'email', at: null, state: 'failed' });
  const words = read(panel({ invoices: card.invoices }));
  assert.ok(words.includes('письмо не доставлено'));
  assert.ok(words.includes('Чек не пробит: касса не ответила'));
});

test('a receipt that waits for a person is told from one on its way', () => {
  const receipt = (state, reason) => panel({ payments: [{ ...sampleCard().payments[0], receipt: state && { state, reason, url: null } }] });
  assert.ok(read(receipt('planned', 'no_register_for_cash')).includes('Чека нет: пробейте на кассе'));
  assert.ok(read(receipt('planned', null)).includes('Чек готовится'));
  assert.ok(read(receipt(null)).includes('Чека пока нет'));
});

test('no reason of a receipt is shown as a code word', () => {
  const words = (reason) => read(panel({ payments: [{ ...sampleCard().payments[0], receipt: { state: 'planned', reason, url: null } }] }));
  for (const reason of ['currency', 'unplaced', 'no_register', 'no_register_for_cash', 'no_tax_setting', 'method_unknown', 'none_yet', 'other_register', 'organisation_transfer', 'npd']) {
    assert.ok(!words(reason).includes(reason) && !words(reason).includes('спросите бухгалтера'), reason);
  }
  assert.ok(words('brand_new_code').includes('Чека нет: спросите бухгалтера'));
});

test('money in another currency keeps its currency and is said not to count', () => {
  const foreign = { ...sampleCard().payments[0], amount: '26666.00', currency: 'USD', refunded: '0.50', receipt: null };
  const words = read(panel({ payments: [foreign] }));
  for (const part of ['26 666,00 USD', 'не учтён', 'Возвращено 0,50 USD']) assert.ok(words.includes(part), part);
  assert.ok(!read(panel()).includes('не учтён'));
});

test('a message that nobody waited for any more is said to be so', () => {
  const [, invoice] = sampleCard().invoices;
  const words = read(panel({ invoices: [{ ...invoice, sent: [{ channel: 'email', at: '2026-11-10T09:00:00+03:00', state: 'not_needed' }] }] }));
  assert.ok(words.includes('письмо не понадобилось'));
});

test('the place and the legal entity stand in the head', () => {
  const words = read(panel({ location: { key: 'a', name: 'Москва, Арбат' } }));
  assert.ok(words.includes('Москва, Арбат · ООО «Школа»'));
  assert.ok(!read(panel({ legal_entity: null })).includes('ООО'));
});

test('a paid link asks for nothing', () => {
  const link = { amount: '0.00', url: 'https://pay.example.ru/a', state: 'paid', text: '' };
  const words = read(panel({ mode: 'deposit', links: { deposit: link } }));
  assert.ok(words.includes('Предоплата Оплачена'));
});

test('documents are shown newest first with their day and no address', () => {
  const paper = { id: 1, number: '1', name: 'Договор № 1', url: 'https://pay.example.ru/ticket', format: 'pdf', kind: 'contract', created_at: '2026-11-22T15:30:00+03:00' };
  const shown = panel({ documents: [paper, { ...paper, id: 2, name: 'Договор № 2 <b>' }] });
  assert.match(read(shown), /Документы Договор № 2 &lt;b&gt; 22\.11\.2026 15:30 Отправить Открыть Договор № 1/);
  assert.ok(!String(shown).includes('ticket'));
});

test('an act says whether the client has signed it, and only one that waits is marked or made void', () => {
  const act = { state: 'open', on: '2026-11-20', amount: '30000.00', accepted_on: null, reason: null, renders: true };
  const paper = { id: 1, number: '1', name: 'Акт № 1', url: '', format: 'pdf', kind: 'act', created_at: '2026-11-22T15:30:00+03:00' };
  const shown = (changes) => read(panel({ documents: [{ ...paper, act: { ...act, ...changes } }] }));
  assert.match(shown({}), /Акт № 1 30 000 ₽ Клиент ещё не подписал Подписан Аннулировать 22\.11\.2026 15:30 Отправить Открыть/);
  assert.match(shown({ state: 'accepted', accepted_on: '2026-11-21' }), /Подписан 21\.11\.2026 22\.11\.2026 15:30 Отправить Открыть/);
  assert.match(shown({ state: 'void', reason: 'не та сумма' }), /Аннулирован: не та сумма 22\.11\.2026 15:30 Открыть/);
});

test('a payout that was given up is not said to have failed', () => {
  const card = sampleCard();
  card.payments[0].refunds = [{ id: 1, amount: '100.00', state: 'given_up', method: 'cash', error: 'передумали' }];
  const words = read(panel({ payments: card.payments }, { expanded: new Set(['payments']) }));
  assert.ok(words.includes('Выплата отменена: 100 ₽: передумали'), words);
});

test('words the server invents later are shown as they are', () => {
  const card = sampleCard();
  card.payments[0].method = 'wallet';
  assert.ok(read(panel({ payments: card.payments }, { expanded: new Set(['payments']) })).includes('wallet'));
});

test('nothing that a person wrote becomes markup, in any field of the card', () => {
  const harmless = String(panel({}, { expanded: new Set(['installments', 'invoices', 'payments']) })).match(/<[a-z]/g).length;
  for (const evil of EVIL) {
    const card = poison(sampleCard(), evil);
    const kept = { mode: 'installments', actions: sampleCard().actions };
    const shown = String(panelView({ t, card: { ...card, ...kept, warnings: [{ code: evil, text: evil }] }, ui: { ...freshUi(), expanded: new Set(['installments', 'invoices', 'payments']) } }));
    assert.ok(!/<(script|img|svg onload|textarea)/i.test(shown), evil);
    assert.ok(!/javascript:/i.test(shown));
    for (const tag of shown.match(/<[^>]*>/g)) assert.ok(!/\son\w+\s*=/i.test(tag.replace(/"[^"]*"/g, '""')), tag);
    assert.ok(harmless > 0);
  }
});

test('the preview shows rows, their sum, moved days, warnings and changes', () => {
  const preview = {
    installments: [
      { number: 1, due_on: '2026-12-10', effective_due_on: '2026-12-10', amount: '33333.33' },
      { number: 2, due_on: '2027-01-10', effective_due_on: '2027-01-11', amount: '33333.34' },
    ],
    warnings: [{ code: 'past', text: 'Первая дата уже прошла' }],
    changes: [{ kind: 'removed', number: 3, text: 'Платёж 3 от 31.12.2026 убран <b>' }],
  };
  const words = read(previewView(t, preview));
  for (const part of ['Первая дата уже прошла', '10.01.2027 перенос на 11.01.2027', 'Итого, 2 платежа 66 666,67 ₽', 'Платёж 3 от 31.12.2026 убран &lt;b&gt;']) assert.ok(words.includes(part), part);
});

test('a partial payment says what it will do', () => {
  const card = { debt: '115000.00' };
  assert.ok(read(amountEffect(t, card, null)).includes('Долг сейчас 115 000 ₽'));
  assert.ok(read(amountEffect(t, card, '15000.50')).includes('останется 99 999,50 ₽'));
  assert.ok(read(amountEffect(t, card, '115000.00')).includes('закрыт полностью'));
  assert.ok(read(amountEffect(t, card, '120000.00')).includes('5 000 ₽ станет переплатой'));
});

test('a payment names the rows it closes, the one it begins, and what becomes of the receipt', () => {
  const row = (number, due_on, amount, paid = '0.00') => ({ number, due_on, amount, paid, state: 'planned' });
  const card = { version: 1, mode: 'installments', debt: '45000.00', receipt_defaults: { cash: { maker: 'open', reason: 'no_register_for_cash' }, bank_transfer: { maker: 'us', reason: '' } },
    installments: [row(1, '2026-09-10', '20000.00', '20000.00'), row(2, '2026-12-10', '20000.00'), row(3, '2026-11-10', '20000.00', '5000.00'), row(4, '2027-01-10', '10000.00')] };
  const fields = (method, receipt = '') => ({ method: { value: method }, receipt: { value: receipt } });
  assert.deepEqual(covered(card, '15000.00'), { closed: [3], begun: null });
  assert.deepEqual(covered(card, '15000.01'), { closed: [3], begun: 2 });
  assert.deepEqual(covered(card, '99000.00'), { closed: [3, 2, 4], begun: null });
  const words = (amount, ...rest) => partialEffects(t, card, amount, fields(...rest)).filter(Boolean).join(' ');
  assert.match(words('20000.00', 'cash'), /закроется платёж № 3; платёж № 2 закроется частично; чек на наличные пробейте на кассе/);
  assert.match(words('35000.00', 'cash'), /закроются платежи № 3, 2;/);
  assert.doesNotMatch(words('44999.99', 'cash'), /сделка перейдёт/);
  assert.match(words('45000.00', 'cash'), /закроются платежи № 3, 2, 4; сделка перейдёт на этап, настроенный для полной оплаты/);
  assert.match(words('20000.00', 'bank_transfer'), /чек пробьёт онлайн-касса/);
  assert.match(words('20000.00', 'bank_transfer', 'made'), /нового чека не будет/);
  const bare = { ...card, version: null, installments: [], receipt_defaults: {} };
  assert.deepEqual(partialEffects(t, bare, '1.00', fields('cash')).filter(Boolean), ['деньги войдут в график, когда его рассчитают;']);
  assert.match(fullEffects(t, bare, fields('cash')).join(' '), /закроет долг/);
  assert.match(fullEffects(t, card, fields('cash')).join(' '), /закроет все строки графика/);
});

test('a booking without links speaks of links, a deal of its schedule', () => {
  const words = (mode) => read(panelView({ t, card: { ...sampleCard(), mode, state: 'no_schedule' }, ui: freshUi() }));
  assert.ok(words('deposit').includes('Ссылок ещё нет'));
  assert.ok(words('installments').includes('Нет графика'));
});

test('history is told in order, with who and when, and escaped', () => {
  const at = '2026-09-01T10:00:00+03:00';
  const events = [
    { at, who: 'user:8100002', what: 'schedule_created', text: 'Составлен график' },
    { at, who: 'user:5', what: 'x', text: '<i>чек</i>' },
    { at, who: 'system', what: 'y', text: 'Выставлен счёт' },
    { at, who: 'robot', what: 'y', text: 'z' },
  ];
  const words = read(historyView(t, events, (id) => (id === '8100002' ? 'Мария <b>' : '')));
  for (const part of ['Составлен график 01.09.2026 10:00 Мария &lt;b&gt;', '&lt;i&gt;чек&lt;/i&gt; 01.09.2026 10:00 Пользователь 5', 'Выставлен счёт 01.09.2026 10:00 Система', 'z 01.09.2026 10:00 robot']) {
    assert.ok(words.includes(part), part);
  }
});
