// `npm test [-- rust|wasm|e2e|train ...]`: the first three kinds, or those named.
//
//   rust   cargo test natively: the library, its evaluation, the contract of every detector
//   wasm   tests/wasm.rs in a headless Chromium
//   e2e    tests/e2e/*.test.mjs on the built package: the command line in Node, the page in Chromium
//   train  the trainer's own tests; only when named, as in .ci/run, for they compile candle, which takes minutes

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { findChromedriver, findChromium, setUp, wasmCargo } from './setup.mjs';
import { Stop, root, run, say } from './shell.mjs';

/** @type {Record<string, () => Promise<void>>} */
const kinds = { rust, wasm, e2e, train };
const usual = ['rust', 'wasm', 'e2e'];

/** @param {string[]} args */
export async function main(args) {
  const unknown = args.find((name) => !(name in kinds));
  if (unknown) throw new Stop(`unknown kind of test "${unknown}"; known are: ${Object.keys(kinds).join(', ')}`);
  if (!existsSync(join(root, '../shared/data'))) say('test: ../shared/data is absent: tests on it are left out; all others run');
  const failed = [];
  for (const name of args.length ? args : usual) {
    const from = Date.now();
    say(`test: ${name}`);
    try {
      await kinds[name]();
      say(`test: ${name}: passed in ${Math.round((Date.now() - from) / 1000)} s`);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      say(`test: ${name}: FAILED: ${error.message}`);
      failed.push(name);
    }
  }
  if (failed.length) throw new Stop(`failed: ${failed.join(', ')}`);
}

async function rust() {
  await setUp(['native']);
  await run('cargo', ['test', '--features', 'evaluate', '--no-fail-fast', '--quiet']);
}

async function train() {
  await setUp(['native']);
  // Optimised: candle does the arithmetic.
  await run('cargo', ['test', '--profile', 'tool', '--features', 'evaluate,train', '--no-fail-fast', '--quiet', '--lib', '--test', 'nets', '--test', 'recipes']);
}

async function wasm() {
  await setUp(['wasm', 'browser']);
  const { cargo, env } = wasmCargo();
  // Optimised, but without the long link over all crates.
  await run(cargo, ['test', '--profile', 'tool', '--target', 'wasm32-unknown-unknown', '--test', 'wasm'], {
    env: { ...env, CHROMEDRIVER: findChromedriver() ?? '', WASM_BINDGEN_TEST_TIMEOUT: '180' },
  });
}

async function e2e() {
  await setUp(['modules', 'wasm', 'browser']);
  await build();
  const folder = join(root, 'tests/e2e');
  // The longest first, so that nothing waits for it alone.
  const late = (/** @type {string} */ file) => Number(!file.startsWith('soak'));
  const files = readdirSync(folder).filter((file) => file.endsWith('.test.mjs')).sort((a, b) => late(a) - late(b) || (a < b ? -1 : 1)).map((file) => join(folder, file));
  // Two files at a time: each has a browser and a server of its own. With three, a small machine keeps them waiting.
  await run(process.execPath, ['--test', '--test-concurrency=2', ...files], { env: { CHROMIUM: findChromium() ?? '' } });
}
