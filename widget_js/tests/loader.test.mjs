// The loader for development: an archive that asks this machine, and what this machine hands out.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loaderScript, serve } from '../loader.mjs';

test('the loader gives amoCRM the real constructor', () => {
  const asked = [];
  let made = null;
  const define = (names, factory) => {
    asked.push(...names);
    made = factory('the real widget');
  };
  new Function('define', loaderScript('http://127.0.0.1:8787'))(define);
  assert.deepEqual([asked, made], [['http://127.0.0.1:8787/script.js'], 'the real widget']);
});

test('files are served fresh to any page, and nothing beside the folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'grafik-loader-'));
  writeFileSync(join(folder, 'script.js'), 'define([])');
  const server = serve(folder, 0);
  try {
    await new Promise((done) => server.once('listening', done));
    const ask = (path) => fetch(`http://127.0.0.1:${server.address().port}${path}`);
    const script = await ask('/script.js?v=1');
    assert.equal(await script.text(), 'define([])');
    assert.deepEqual([script.headers.get('cache-control'), script.headers.get('access-control-allow-origin')], ['no-store', '*']);
    for (const path of ['/nothing.js', '/..%2f..%2fetc/passwd', '/']) assert.equal((await ask(path)).status, 404);
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
