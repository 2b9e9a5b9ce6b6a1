// Texts, colours and moderation: what amoCRM's reviewers and readers of the screen would find.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { dictionary } from './sample.mjs';

const HERE = new URL('../', import.meta.url);
const read = (name) => readFileSync(new URL(name, HERE), 'utf8');
const sources = readdirSync(new URL('src/', HERE), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => readFileSync(`${entry.parentPath || entry.path}/${entry.name}`, 'utf8'));
const paths = (node, prefix = '') => Object.entries(node).flatMap(([key, value]) => (typeof value === 'string' ? [prefix + key] : paths(value, `${prefix}${key}.`)));

test('every text the code names is in the dictionary', () => {
  const known = new Set(paths(dictionary('ru')));
  const named = sources.flatMap((source) => [...source.matchAll(/\bt(?:exts\(\))?\('([\w.]+)'/g)].map((found) => found[1]));
  assert.ok(named.length > 80);
  assert.deepEqual([...new Set(named)].filter((path) => !known.has(path)), []);
});

test('every text with parameters gets them by their names', () => {
  const ru = dictionary('ru');
  const text = (path) => path.split('.').reduce((node, key) => node[key], ru);
  const given = (words) => new Set([...words.matchAll(/[{,]\s*(\w+)\s*(?=[:,}])/g)].map((found) => found[1]));
  const calls = sources.flatMap((source) => [...source.matchAll(/\bt(?:\.known)?\('([\w.]+)', (\{.*?\})\)/g)]);
  assert.ok(calls.length > 40);
  for (const [, path, parameters] of calls) {
    for (const [, name] of text(path).matchAll(/\{(\w+)\}/g)) assert.ok(given(parameters).has(name), `${path} needs ${name}`);
  }
});

test('both languages have the same parameters in every text', () => {
  const value = (node, path) => path.split('.').reduce((inner, key) => inner[key], node);
  const parameters = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  const [ru, en] = [dictionary('ru'), dictionary('en')];
  assert.deepEqual(paths(ru).sort(), paths(en).sort());
  for (const path of paths(ru)) assert.deepEqual(parameters(value(ru, path)), parameters(value(en, path)), path);
});

test('the script has nothing that moderation forbids', () => {
  const script = `${read('dist/script.js')}${read('dist/lib/figures.js')}`;
  for (const banned of [/\beval\s*\(/, /\bnew Function\b/, /\balert\s*\(/, /\bconfirm\s*\(/, /\bprompt\s*\(/, /console\./, /async:\s*false/, /document\.write/, /createElement\(['"]script/]) {
    assert.doesNotMatch(script, banned);
  }
  assert.doesNotMatch(script, /\bAPP\.[\w.]+\s*=[^=]/);
  assert.match(script, /^define\(\[/);
});

test('the card loads a light script, without the charts', () => {
  const script = read('dist/script.js');
  assert.ok(gzipSync(script).length < 60 * 1024);
  assert.doesNotMatch(script, /grafik-chart/);
  assert.match(read('dist/lib/figures.js'), /grafik-chart/);
});

test('every rule of the stylesheet stands under our root class', () => {
  const css = read('style.css').replace(/\/\*.*?\*\//gs, '').replace(/@keyframes[^{]*\{[^}]*\{[^}]*\}\s*\}/g, '');
  const selectors = [...css.matchAll(/([^{}]+)\{/g)].map((found) => found[1].trim()).filter((selector) => !selector.startsWith('@'));
  assert.ok(selectors.length > 100);
  for (const selector of selectors.flatMap((group) => group.split(',')).map((one) => one.trim())) {
    assert.match(selector, /^(:root\[data-color-scheme="dark"\] )?(\w+)?\.grafik\b|^\.grafik /, selector);
  }
  assert.doesNotMatch(css, /--palette[\w-]*\s*:/);
});

test('text reaches the contrast of 4.5 on its background in both themes', () => {
  const css = read('style.css');
  const light = colours(css.match(/^\.grafik \{(.*?)\}/ms)[1]);
  const dark = { ...light, ...colours(css.match(/^:root\[data-color-scheme="dark"\] \.grafik \{(.*?)\}/ms)[1]) };
  const tones = ['success', 'warning', 'error', 'info'];
  const pairs = [['text', 'panel'], ['muted', 'panel'], ['muted', 'page'], ['link', 'panel'], ['text', 'warning-callout'], ['muted', 'warning-callout'], ['link', 'warning-callout'], ['text', 'error-back'], ['text', 'info-back'], ['neutral', 'neutral-back'], ...tones.map((tone) => [tone, `${tone}-back`]), ...tones.map((tone) => [tone, 'panel'])];
  for (const [name, theme] of Object.entries({ light, dark })) {
    for (const back of ['primary', 'danger']) assert.ok(contrast('#ffffff', theme[back]) >= 4.5, `${name} ${back} button`);
    for (const [text, back] of pairs) assert.ok(contrast(theme[text], theme[back]) >= 4.5, `${name} ${text} on ${back}: ${contrast(theme[text], theme[back]).toFixed(2)}`);
  }
});

function colours(block) {
  return Object.fromEntries([...block.matchAll(/--grafik-([\w-]+):[^;]*?(#[0-9a-f]{6})\)?;/g)].map((found) => [found[1], found[2]]));
}

function contrast(one, other) {
  const [bright, dim] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (bright + 0.05) / (dim + 0.05);
}

function luminance(hex) {
  const parts = [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}
