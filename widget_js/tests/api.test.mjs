// The wire: every call ends, and an answer that never came is told from a refusal.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { hasResults } from '../src/answers.js';
import { makeApi, newKey } from '../src/api.js';
import { explain, fieldErrors } from '../src/problems.js';
import { makeTexts } from '../src/texts.js';
import { texts } from './sample.mjs';

const t = texts('ru');

/** An $.ajax that answers with this status and body, and remembers what it was asked. */
function answering(status, responseText, asked = []) {
  return (options) => {
    asked.push(options);
    return {
      then: (done, fail) => (status >= 200 && status < 300 ? done(responseText) : fail({ status, responseText })),
    };
  };
}

const failure = (status, text) => makeApi(answering(status, text)).get('deals/1/').then(() => assert.fail('answered'), (error) => error);

test('an answer is parsed, and the key and body go out as asked', async () => {
  const asked = [];
  const answer = await makeApi(answering(200, '{"paid":"1.00"}', asked)).send('POST', 'deals/1/payments/', { amount: '1.00' }, 'k1');
  assert.deepEqual(answer, { paid: '1.00' });
  assert.equal(asked[0].url, 'https://grafik.invalid/api/v1/deals/1/payments/');
  assert.equal(asked[0].headers['Idempotency-Key'], 'k1');
  assert.equal(asked[0].data, '{"amount":"1.00"}');
});

test('a problem is a refusal in the server\'s words', async () => {
  const error = await failure(422, JSON.stringify({ title: 'Нельзя', detail: 'Сумма меньше полученной', status: 422, code: 'below_paid', errors: { total: ['Не меньше 40 000 ₽'], rows: [{ amount: ['x'] }] } }));
  assert.equal(error.unknown, false);
  assert.equal(error.code, 'below_paid');
  assert.deepEqual(fieldErrors(error), { total: 'Не меньше 40 000 ₽', rows: 'x' });
  assert.deepEqual(explain(t, error), { text: 'Сумма меньше полученной', retry: false });
});

test('no answer, an HTML page and a broken body leave the outcome unknown', async () => {
  for (const [status, body] of [[0, ''], [502, '<html>Bad gateway</html>'], [200, '<html>'], [500, '']]) {
    const error = await failure(status, body);
    assert.equal(error.unknown, true, `${status} ${body}`);
    assert.equal(explain(t, error).retry, true);
  }
});

test('JSON that its reader cannot draw is no answer, of a read and of a write', async () => {
  for (const odd of ['{}', '[]', '"x"', '{"results":null}', '{"results":5}']) {
    const api = makeApi(answering(200, odd));
    for (const call of [api.get('deals/1/history/', hasResults), api.send('POST', 'x/', {}, 'k', hasResults)]) {
      await assert.rejects(call, (error) => error.unknown && error.status === 200, odd);
    }
  }
  assert.deepEqual(await makeApi(answering(200, '{"results":[]}')).get('x/', hasResults), { results: [] });
});

test('503 in the server\'s words is a refusal that may be tried again', async () => {
  const error = await failure(503, JSON.stringify({ title: 'amoCRM не отвечает', status: 503 }));
  assert.equal(error.unknown, false);
  assert.deepEqual(explain(t, error), { text: 'amoCRM не отвечает', retry: true });
});

test('401 and 403 without words are explained', async () => {
  assert.ok(explain(t, await failure(401, '')).text.includes('Обновите страницу'));
  assert.ok(explain(t, await failure(403, '')).text.includes('нет доступа'));
});

test('a call that never ends is given up and aborted', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let aborted = 0;
  const call = makeApi(() => ({ then: () => undefined, abort: () => { aborted += 1; } })).send('POST', 'deals/1/payments/', {}, 'k');
  const ended = assert.rejects(call, (error) => error.unknown && error.status === 0);
  mock.timers.tick(30000);
  await ended;
  assert.equal(aborted, 1);
  mock.timers.reset();
});

test('keys are long and never repeat', () => {
  const keys = new Set(Array.from({ length: 1000 }, newKey));
  assert.equal(keys.size, 1000);
  for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/);
});

test('the server is told in which language its words are read, unless it is its own', async () => {
  const asked = [];
  const ajax = (options) => {
    asked.push(options.url);
    return { then: (done) => done('{"ok": true}') };
  };
  for (const language of ['ru', 'en']) {
    const api = makeApi(ajax, '/api/', language);
    await api.get('deals/1/');
    await api.send('POST', 'deals/1/?total=5', {}, 'k');
  }
  assert.deepEqual(asked, ['/api/deals/1/', '/api/deals/1/?total=5', '/api/deals/1/?language=en', '/api/deals/1/?total=5&language=en']);
  assert.deepEqual([texts('ru').language, texts('en').language, makeTexts(() => '', {}).language], ['ru', 'en', 'ru']);
});
