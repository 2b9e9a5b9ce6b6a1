// Builds the widget: src/main.js into one readable AMD script, the page of figures into a second one that only that
// page loads, beside manifest, texts, images and style, ready to be zipped; and the same page for a tab outside
// amoCRM, which the server itself hands out. `node build.mjs [folder [folder of the tab]]`; the defaults are kept in
// the repository so that nobody needs Node to run Grafik; a test proves that they are current.

import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const COPIED = ['manifest.json', 'style.css', 'i18n', 'images'];
const READABLE = { absWorkingDir: HERE, bundle: true, format: 'iife', target: 'es2020', charset: 'utf8', minify: false, logLevel: 'warning' };

/** Builds the archive's folder into `target`, which is emptied first. */
export async function buildWidget(target) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  COPIED.forEach((name) => cpSync(join(HERE, name), join(target, name), { recursive: true }));
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

/** Builds the scripts and the style of our own two pages (figures, mobile card) into `target`; other files there stay. */
export async function buildTab(target) {
  mkdirSync(target, { recursive: true });
  cpSync(join(HERE, 'style.css'), join(target, 'style.css'));
  await build({ ...READABLE, entryPoints: ['src/tab.js'], outfile: join(target, 'page.js') });
  await build({ ...READABLE, entryPoints: ['src/mobile.js'], outfile: join(target, 'mobile.js') });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildWidget(resolve(process.argv[2] || join(HERE, 'dist')));
  await buildTab(resolve(process.argv[3] || join(HERE, '..', 'analytics', 'static', 'analytics')));
}
