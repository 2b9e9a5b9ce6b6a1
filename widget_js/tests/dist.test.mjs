// The kept build is what the sources make today, byte for byte.

import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildTab, buildWidget, contentOf, raised, release } from '../build.mjs';

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

test('what dist holds has a version of its own: run `npm run build` and commit release.json too', () => {
  const { version, content } = release();
  assert.equal(JSON.parse(readFileSync(join(DIST, 'manifest.json'), 'utf8')).widget.version, version);
  assert.equal(contentOf(DIST), content);
  assert.equal(raised('1.4.9'), '1.4.10');
});

test('any other content needs another version, another version alone does not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'grafik-release-'));
  try {
    cpSync(DIST, folder, { recursive: true });
    const before = contentOf(folder);
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    manifest.widget.version = '99.0.0';
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    assert.equal(contentOf(folder), before);
    appendFileSync(join(folder, 'i18n', 'ru.json'), ' ');
    assert.notEqual(contentOf(folder), before);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath || entry.path, entry.name).slice(folder.length + 1))
    .sort();
}
