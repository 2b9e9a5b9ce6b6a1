// The loader for development: an archive whose script.js only fetches the real one from this machine, and a server
// that builds it anew at each change. Upload the archive once; afterwards a reload of amoCRM's page is enough.
//
//   node loader.mjs [port] [folder for the archive]        (8787, loader/)

import { createReadStream, cpSync, existsSync, mkdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWidget } from './build.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.png': 'image/png' };
const SETTLED_MS = 100;

/** A copy of the built archive in `target` whose script asks `origin` for the real one. */
export async function buildLoader(target, origin) {
  await buildWidget(join(HERE, 'dist'));
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  cpSync(join(HERE, 'dist'), target, { recursive: true });
  writeFileSync(join(target, 'script.js'), loaderScript(origin));
}

/** Its callbacks stand in the real script; the validator is for archives that go to customers, not for this one. */
export function loaderScript(origin) {
  return `define(['${origin}/script.js'], function (Widget) {\n  return Widget;\n});\n`;
}

/** Serves the build folder to amoCRM's page, never cached. */
export function serve(folder, port) {
  return createServer((request, response) => {
    const path = normalize(join(folder, new URL(request.url, 'http://x').pathname));
    const known = path.startsWith(folder) && existsSync(path) && TYPES[extname(path)];
    response.writeHead(known ? 200 : 404, { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'no-store', 'Content-Type': known || 'text/plain' });
    if (known) createReadStream(path).pipe(response);
    else response.end();
  }).listen(port, '127.0.0.1');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.argv[2] || 8787);
  await buildLoader(resolve(process.argv[3] || join(HERE, 'loader')), `http://127.0.0.1:${port}`);
  serve(join(HERE, 'dist'), port);
  let timer = null;
  for (const name of ['src', 'i18n', 'style.css']) {
    watch(join(HERE, name), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => buildWidget(join(HERE, 'dist')).catch((error) => process.stderr.write(`${error.message}\n`)), SETTLED_MS);
    });
  }
  process.stdout.write(`The real script is at http://127.0.0.1:${port}/script.js; Ctrl-C stops.\n`);
}
