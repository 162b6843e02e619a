// The lanes of other detectors, as their scores and events make them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compare } from '../../www/compare.js';

test('a lane is a part of the way to the limit below it, and the severity of its event above', async () => {
  // The first of its rows is the hundredth of the series.
  const columns = { base: 100, get: (/** @type {string} */ name) => (name === 'scores' ? [1, 2, 3, 5, 2, 5, 9] : [3, 3, 3, 3, 3, 3, 3]) };
  const findings = { columns, ordinary: 1, events: [{ startIndex: 98, endIndex: 101, severity: 40 }, { startIndex: 102, endIndex: 105, severity: 8 }] };
  const session = { load: async () => {}, clear: () => {}, close: () => {} };
  const compare = new Compare(/** @type {any} */ (() => ({ session, findings })), /** @type {any} */ (async () => {}), () => {});
  await compare.run(['pca'], { time: new Float64Array(7), value: new Float64Array(7) }, {}, 10);
  const [{ name, severity }] = compare.lanes(8);
  assert.equal(name, 'pca');
  assert.deepEqual([...severity], [0, 0.5, 8, 8, 0.5, 2, 4, NaN]);
});
