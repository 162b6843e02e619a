// The languages: each has every word, and its forms have the places of the English ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ko } from '../../www/ko.js';
import { readerWords, streamWords, words as first } from '../../www/words.js';

const words = { ...first, ...streamWords, ...readerWords };

test('Korean has every word, and nothing else', () => {
  assert.deepEqual(Object.keys(ko).sort(), Object.keys(words).sort());
  for (const [name, word] of Object.entries(words)) {
    const own = /** @type {any} */ (ko)[name];
    assert.equal(typeof own, typeof word, name);
    if (typeof word === 'object') assert.deepEqual(Object.keys(own), Object.keys(word), name);
  }
});

test('what a form is given, it says', () => {
  const given = ['A1', 'B2', 'C3', 'D4'];
  for (const [name, word] of Object.entries(words)) {
    if (typeof word !== 'function' || ['sample', 'why', 'events', 'shown', 'more', 'points', 'agree', 'waiting'].includes(name)) continue;
    for (const form of [word, /** @type {any} */ (ko)[name]]) {
      const said = /** @type {any} */ (form)(...given.slice(0, word.length));
      for (const text of given.slice(0, word.length)) assert.match(said, new RegExp(text, 'i'), `${name}: ${said}`);
    }
  }
});
