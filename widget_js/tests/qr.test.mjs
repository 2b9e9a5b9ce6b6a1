// The QR code, against one made by an independent encoder, and its shape at every size.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { qrRows } from '../src/qr.js';
import { qrView } from '../src/views/qr.js';

const vector = JSON.parse(readFileSync(new URL('qr_vector.json', import.meta.url), 'utf8'));
const hex = (row) => BigInt(`0b${row.map(Number).join('')}`).toString(16);

test('a code of the usual address equals that of an independent encoder', () => {
  const rows = qrRows(vector.text);
  assert.equal(rows.length, vector.width);
  assert.deepEqual(rows.map(hex), vector.rows);
});

test('the version grows with the text and ends at 213 bytes', () => {
  const sizes = [14, 15, 26, 27, 42, 62, 84, 106, 122, 152, 180, 213].map((length) => (qrRows('x'.repeat(length)).length - 17) / 4);
  assert.deepEqual(sizes, [1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(qrRows('x'.repeat(214)), null);
  assert.equal(qrRows('ж'.repeat(107)), null);
});

test('no cell is left open and the corners are finders', () => {
  for (const length of [1, 40, 100, 150, 213]) {
    const rows = qrRows('y'.repeat(length));
    assert.ok(rows.flat().every((cell) => typeof cell === 'boolean'));
    const size = rows.length;
    for (const [row, column] of [[0, 0], [0, size - 7], [size - 7, 0]]) {
      assert.deepEqual(rows[row].slice(column, column + 7), [true, true, true, true, true, true, true]);
      assert.deepEqual(rows[row + 1].slice(column, column + 7), [true, false, false, false, false, false, true]);
    }
  }
});

test('the picture says what it leads to, and a text that is too long has none', () => {
  assert.match(String(qrView('https://pay.example.ru/', '"><script>')), /aria-label="&quot;&gt;&lt;script&gt;"/);
  assert.equal(qrView('x'.repeat(214), 'x'), '');
});
