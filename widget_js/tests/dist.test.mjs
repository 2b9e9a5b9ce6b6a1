// The kept build is what the sources make today, byte for byte.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildTab, buildWidget } from '../build.mjs';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const TAB = fileURLToPath(new URL('../../analytics/static/analytics', import.meta.url));

test('dist is current: run `npm run build` and commit', async () => {
  const fresh = mkdtempSync(join(tmpdir(), 'grafik-widget-'));
  try {
    await buildWidget(fresh);
    const names = files(fresh);
    assert.deepEqual(files(DIST), names);
    for (const name of names) assert.ok(readFileSync(join(DIST, name)).equals(readFileSync(join(fresh, name))), `${name} is out of date`);
  } finally {
    rmSync(fresh, { recursive: true });
  }
});

test('the page of the tab is current too', async () => {
  const fresh = mkdtempSync(join(tmpdir(), 'grafik-tab-'));
  try {
    await buildTab(fresh);
    for (const name of files(fresh)) assert.ok(readFileSync(join(TAB, name)).equals(readFileSync(join(fresh, name))), `${name} is out of date`);
  } finally {
    rmSync(fresh, { recursive: true });
  }
});

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath || entry.path, entry.name).slice(folder.length + 1))
    .sort();
}
