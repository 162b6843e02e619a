// What a bug in the engine says: the program ends without a word, so its place is all there is to report.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf } from '../../www/service.js';

/** A module whose function `f` does nothing but end: type, function, export and code section. */
const module = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0, 10, 5, 1, 3, 0, 0, 11,
);

test('a trap is told with the functions it happened in', async () => {
  const { instance } = await WebAssembly.instantiate(module);
  let failure;
  try {
    /** @type {() => void} */ (instance.exports.f)();
  } catch (error) {
    failure = failureOf(error);
  }
  assert.equal(failure?.code, 'panic');
  assert.equal(failure?.message, 'unreachable in wasm-function[0]');
});

test('an error of ours is told as it is', () => {
  const error = Object.assign(new Error('line 3: no number'), { code: 'parse', line: 3 });
  assert.deepEqual(failureOf(error), { code: 'parse', message: 'line 3: no number', line: 3, needed: undefined });
});
