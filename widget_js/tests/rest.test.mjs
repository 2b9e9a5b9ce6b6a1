// What a row still asks for, once a part of it was written off.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restOf } from '../src/money.js';
import { installmentsView } from '../src/views/lists.js';
import { freshUi, sampleCard, texts } from './sample.mjs';

const row = (values) => ({ number: 1, due_on: '2026-11-10', effective_due_on: '2026-11-10', amount: '30000.00', paid: '0.00', written_off: '0.00', state: 'overdue', invoice: null, payer: null, ...values });
const shown = (values) => String(installmentsView({ t: texts('ru'), card: { ...sampleCard(), installments: [row(values)] }, ui: freshUi() })).replace(/\u00a0|&nbsp;/g, ' ');

test('what was written off is not asked of a row', () => {
  assert.equal(restOf(row({ paid: '10000.00', written_off: '5000.50' })), '14999.50');
  assert.match(shown({ paid: '10000.00', written_off: '5000.00' }), /осталось 15 000/);
  assert.match(shown({ written_off: '5000.00' }), /осталось 25 000/);
  assert.doesNotMatch(shown({}), /осталось/);
});
