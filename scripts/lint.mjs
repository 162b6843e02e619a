// `npm run lint`: formatting, clippy for both targets, and the types of the JavaScript.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { rustHasTarget, setUp } from './setup.mjs';
import { Stop, capture, root, run, say } from './shell.mjs';

export async function main() {
  await setUp(['modules', 'native', 'wasm']);
  for (const component of ['rustfmt', 'clippy']) {
    const there = capture('cargo', [component === 'rustfmt' ? 'fmt' : component, '--version']) !== null;
    if (!there && capture('rustup', ['component', 'add', component]) === null) {
      throw new Stop(`${component} is missing: run \`rustup component add ${component}\`, then the command again.`);
    }
  }
  await run('cargo', ['fmt', '--check']);
  const strict = ['--quiet', '--', '-D', 'warnings'];
  await run('cargo', ['clippy', '--all-targets', '--features', 'evaluate,train', ...strict]);
  if (rustHasTarget()) await run('cargo', ['clippy', '--target', 'wasm32-unknown-unknown', '--lib', '--test', 'wasm', '--features', 'bench', ...strict]);
  else say('lint: clippy for wasm is left out: the target is Debian\'s, clippy is rustup\'s');
  // The types of the wasm come from the build.
  if (!existsSync(join(root, 'pkg/anomaly_widget.d.ts'))) await build();
  await run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json']);
  say('lint: clean');
}
