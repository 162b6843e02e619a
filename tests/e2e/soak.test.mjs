// The short form of the long run: a quarter of a minute, in continuous integration five, at a thousand rows a second with a cut
// connection every few seconds.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './harness.mjs';

test('a feed that goes on loses no row and takes no more memory', async () => {
  const args = ['--seconds', process.env.SOAK_SECONDS ?? '15', '--every', '4', '--capacity', '4000'];
  const child = spawn(process.execPath, [join(root, 'tests/e2e/soak.mjs'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  const status = await new Promise((ended) => child.on('close', ended));
  assert.equal(status, 0, said);
  assert.match(said, /flat/);
});
