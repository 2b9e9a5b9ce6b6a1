// Builds the widget: src/main.js into one readable AMD script, the page of figures into a second one that only that
// page loads, beside manifest, texts, images and style, ready to be zipped; and the same page for a tab outside
// amoCRM, which the server itself hands out. `node build.mjs [folder [folder of the tab]]`; the defaults are kept in
// the repository so that nobody needs Node to run Grafik; a test proves that they are current.

import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const COPIED = ['manifest.json', 'style.css', 'i18n', 'images'];
const RELEASE = join(HERE, 'release.json');
const READABLE = { absWorkingDir: HERE, bundle: true, format: 'iife', target: 'es2020', charset: 'utf8', minify: false, logLevel: 'warning' };

/** Builds the archive's folder into `target`, which is emptied first. */
export async function buildWidget(target) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  COPIED.forEach((name) => cpSync(join(HERE, name), join(target, name), { recursive: true }));
  putVersion(target, release().version);
  await build({
    ...READABLE,
    entryPoints: ['src/main.js'],
    outfile: join(target, 'script.js'),
    globalName: 'Grafik',
    banner: { js: "define(['lib/components/base/modal'], function (Modal) {" },
    footer: { js: 'return Grafik.makeWidget(Modal);\n});' },
  });
  await build({
    ...READABLE,
    entryPoints: ['src/figures.js'],
    outfile: join(target, 'lib', 'figures.js'),
    globalName: 'GrafikFigures',
    banner: { js: 'define([], function () {' },
    footer: { js: 'return GrafikFigures;\n});' },
  });
}

/** {version, content}: the version of the built widget and the digest of all its files but for the version itself. */
export function release() {
  return JSON.parse(readFileSync(RELEASE, 'utf8'));
}

/** The digest of what stands in `folder`, whatever version it names. */
export function contentOf(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath || entry.path, entry.name));
  const digest = createHash('sha256');
  names.sort().forEach((name) => {
    const bytes = readFileSync(name);
    digest.update(`${name.slice(folder.length)}\0`).update(name === join(folder, 'manifest.json') ? withVersion(bytes, '') : bytes);
  });
  return digest.digest('hex');
}

/** "1.4.0" → "1.4.1" */
export function raised(version) {
  const parts = version.split('.');
  return [...parts.slice(0, -1), Number(parts[parts.length - 1]) + 1].join('.');
}

function putVersion(folder, version) {
  const manifest = join(folder, 'manifest.json');
  writeFileSync(manifest, withVersion(readFileSync(manifest), version));
}

function withVersion(bytes, version) {
  const manifest = JSON.parse(bytes.toString('utf8'));
  manifest.widget.version = version;
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Another content than the last release's gets the next version. */
function raise(folder) {
  const content = contentOf(folder);
  const last = release();
  if (last.content === content) return;
  const version = raised(last.version);
  writeFileSync(RELEASE, `${JSON.stringify({ version, content }, null, 2)}\n`);
  putVersion(folder, version);
}

/** Builds the scripts and the style of our own two pages (figures, mobile card) into `target`; other files there stay. */
export async function buildTab(target) {
  mkdirSync(target, { recursive: true });
  cpSync(join(HERE, 'style.css'), join(target, 'style.css'));
  await build({ ...READABLE, entryPoints: ['src/tab.js'], outfile: join(target, 'page.js') });
  await build({ ...READABLE, entryPoints: ['src/mobile.js'], outfile: join(target, 'mobile.js') });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = resolve(process.argv[2] || join(HERE, 'dist'));
  await buildWidget(target);
  if (!process.argv[2]) raise(target);
  await buildTab(resolve(process.argv[3] || join(HERE, '..', 'analytics', 'static', 'analytics')));
}
