// The kept token: who it goes with, how long, and that amoCRM's own way is always there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GOOD_FOR_MS, keepToken } from '../src/token.js';

/** amoCRM, our server and a clock; `log` is who was asked with what. */
function world({ status = 200, tells = true } = {}) {
  const seen = { log: [], clock: 0, status };
  const reply = (code) => ({ abort: () => seen.log.push('abort'), then: (done, failed) => (code < 300 ? done(`${code}`) : failed({ status: code })) });
  const keeper = keepToken({
    now: () => seen.clock,
    request: () => ({ setRequestHeader: (name, value) => seen.log.push(`${name}=${value}`) }),
    direct: (own) => () => {
      seen.log.push(`direct ${own['X-Auth-Token']}`);
      return reply(seen.status);
    },
  });
  const ajax = (options) => {
    seen.log.push('amoCRM');
    if (tells) options.xhr().setRequestHeader('x-auth-token', `t${seen.log.length}`);
    return reply(200);
  };
  const ask = (person) => {
    seen.log.length = 0;
    let answer = null;
    keeper.through(ajax, person)({ url: '/' }).then((text) => { answer = text; }, (xhr) => { answer = xhr.status; });
    return answer;
  };
  return { seen, ask };
}

test('the second call saves the way to amoCRM', () => {
  const { seen, ask } = world();
  ask('8100002');
  assert.deepEqual(seen.log, ['amoCRM', 'x-auth-token=t1']);
  ask('8100002');
  assert.deepEqual(seen.log, ['direct t1']);
});

test('a token never goes with another person, and not for ever', () => {
  const { seen, ask } = world();
  ask('8100002');
  ask('8100001');
  assert.equal(seen.log[0], 'amoCRM');
  seen.clock = GOOD_FOR_MS - 1;
  ask('8100001');
  assert.deepEqual(seen.log, ['direct t1']);
  seen.clock = GOOD_FOR_MS;
  ask('8100001');
  assert.equal(seen.log[0], 'amoCRM');
});

test('a token that is not taken is replaced within the same call', () => {
  const { seen, ask } = world();
  ask('8100002');
  seen.status = 401;
  assert.equal(ask('8100002'), '200');
  assert.deepEqual(seen.log, ['direct t1', 'amoCRM', 'x-auth-token=t2']);
});

test('any other refusal is a refusal', () => {
  const { seen, ask } = world();
  ask('8100002');
  seen.status = 503;
  assert.equal(ask('8100002'), 503);
  assert.deepEqual(seen.log, ['direct t1']);
});

test('a call that is refused twice leaves no promise of jQuery\'s behind', () => {
  const given = [];
  const refusing = { then: (done, failed) => { given.push(failed({ status: 401 })); return Promise.reject(); } };
  const keeper = keepToken({ now: () => 0, request: () => ({ setRequestHeader: () => undefined }), direct: () => () => refusing });
  keeper.through((options) => { options.xhr().setRequestHeader('X-Auth-Token', 't'); return { then: () => undefined }; }, '1')({}).then(() => 0, () => 0);
  const again = keeper.through(() => ({ then: (done, failed) => failed({ status: 401 }) || 'nobody waits for this' }), '1')({});
  again.then(() => 0, () => undefined).catch(() => undefined);
  assert.deepEqual(given, [undefined]);
});

test('where no token is seen, every call goes through amoCRM', () => {
  const { seen, ask } = world({ tells: false });
  ask('8100002');
  ask('8100002');
  assert.deepEqual(seen.log, ['amoCRM']);
});
