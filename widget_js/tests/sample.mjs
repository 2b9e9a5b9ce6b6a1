// The sample deal and the real texts, for every test.

import { readFileSync } from 'node:fs';
import { makeTexts } from '../src/texts.js';

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

export const dictionary = (locale) => read(`../i18n/${locale}.json`);
export const texts = (locale) => makeTexts(() => '', dictionary(locale));
export const sampleCard = () => read('sample_card.json');
export const freshUi = () => ({ busy: '', expanded: new Set(), copied: '', stale: false });
