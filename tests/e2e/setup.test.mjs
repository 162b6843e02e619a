// What a machine without the prerequisites says: one sentence, no stack.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root, temporaryFolder } from './harness.mjs';

const bare = temporaryFolder();

/**
 * Runs Node where the PATH has only what the test has put into `bare`.
 * @param {string[]} args
 */
function node(args) {
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: { PATH: bare, HOME: bare } });
  return { status, err: stderr.trim() };
}

/** @param {string[]} needs */
const setUp = (needs) => node(['--input-type=module', '-e', `
  import { setUp } from ${JSON.stringify(pathToFileURL(join(root, 'scripts/setup.mjs')).href)};
  await setUp(${JSON.stringify(needs)}).catch((error) => { console.error(error.message); process.exitCode = 1; });`]);

/**
 * @param {string} name
 * @param {string} script
 */
function program(name, script) {
  writeFileSync(join(bare, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bare, name), 0o755);
}

test('without Rust', () => {
  const { status, err } = node(['scripts/run.mjs', 'build']);
  assert.equal(status, 1);
  assert.match(err, /^Rust is missing: [^\n]+\.$/);
});

test('with an old Rust', () => {
  program('rustc', 'echo "rustc 1.70.0 (90c541806 2023-05-31)"');
  program('cargo', 'exit 0');
  const { status, err } = setUp(['native']);
  assert.equal(status, 1);
  assert.match(err, /^Rust \d+\.\d+ or newer is needed, this is 1\.70: [^\n]+\.$/);
});

test('without a browser, and no way to install one', () => {
  const { status, err } = setUp(['browser']);
  assert.equal(status, 1);
  const [progress, sentence, ...more] = err.split('\n');
  assert.match(progress, /^set-up: Chromium and chromedriver: .* \(.*\)$/);
  assert.match(sentence, /please install it, and run the command again\.$/);
  assert.deepEqual(more, []);
});

test('an unknown command', () => {
  const { status, err } = node(['scripts/run.mjs', 'dance']);
  assert.equal(status, 2);
  assert.match(err, /^unknown command "dance"; known are: [^\n]+$/);
});
