// Builds the widget: src/main.js into one readable AMD script, beside manifest, texts, images and
// style, ready to be zipped. `node build.mjs [folder]`; the default is dist/, kept in the repository
// so that nobody needs Node to run Grafik; a test proves that it is current.

import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const COPIED = ['manifest.json', 'style.css', 'i18n', 'images'];

/** Builds into `target`, which is emptied first. */
export async function buildWidget(target) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  COPIED.forEach((name) => cpSync(join(HERE, name), join(target, name), { recursive: true }));
  await build({
    absWorkingDir: HERE,
    entryPoints: ['src/main.js'],
    outfile: join(target, 'script.js'),
    bundle: true,
    format: 'iife',
    globalName: 'Grafik',
    target: 'es2020',
    charset: 'utf8',
    minify: false,
    logLevel: 'warning',
    banner: { js: "define(['lib/components/base/modal'], function (Modal) {" },
    footer: { js: 'return Grafik.makeWidget(Modal);\n});' },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildWidget(resolve(process.argv[2] || join(HERE, 'dist')));
}
