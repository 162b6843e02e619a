// The engine as WebAssembly scores like the engine as native code, for every detector.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capture, run } from '../../scripts/shell.mjs';
import { cli, csv, root, temporaryFolder, wave } from './harness.mjs';

const folder = temporaryFolder();
const input = join(folder, 'wave.csv');
const rows = 600;
writeFileSync(input, csv(wave()));

/** Relative to the size of a score, or to 1 where scores are smaller. */
const tolerance = 1e-5;

const list = JSON.parse((await cli(['detectors', '--json'])).out);
await run('cargo', ['build', '--quiet', '--example', 'score']);
const native = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug/examples/score');

for (const { name } of list) {
  test(name, async () => {
    const want = (capture(native, [input, name, String(rows)]) ?? '').split('\n').map((line) => line.split(','));
    const out = join(folder, 'scores.csv');
    const { status, err } = await cli(['detect', input, '--detector', name, '--train', String(rows), '--scores', out]);
    assert.equal(status, 0, err);
    const got = readFileSync(out, 'utf8').trim().split('\n').slice(1).map((line) => line.split(','));
    assert.equal(got.length, want.length);
    for (const [i, [score, anomaly]] of want.entries()) {
      const [, , gotScore, , , gotAnomaly] = got[i];
      assert.equal(gotScore === '', score === '', `row ${i}`);
      const off = Math.abs(Number(gotScore) - Number(score)) / Math.max(1, Math.abs(Number(score)));
      assert.ok(off <= tolerance, `row ${i}: ${gotScore}, native ${score}`);
      assert.equal(gotAnomaly, anomaly, `row ${i}`);
    }
  });
}
