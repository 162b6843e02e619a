// `npm run docs`: writes the generated parts of the README, which stand between `<!-- NAME -->` and
// `<!-- /NAME -->`. tests/e2e/docs.test.mjs fails while a part differs from what this would write.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { summary } from '../bench/report.mjs';
import { build } from './build.mjs';
import { setUp } from './setup.mjs';
import { capture, root, say } from './shell.mjs';

/**
 * A README with its generated parts as they should be.
 * @param {string} readme
 * @returns {string}
 */
export function withParts(readme) {
  const cli = (/** @type {string[]} */ ...args) => capture(process.execPath, [join(root, 'pkg/cli.mjs'), ...args]) ?? '';
  const parts = {
    detectors: detectorTable(JSON.parse(cli('detectors', '--json'))),
    cli: ['```', cli('--help'), '```'].join('\n'),
    bench: summary(JSON.parse(readFileSync(join(root, 'bench/results.json'), 'utf8'))),
  };
  return Object.entries(parts).reduce((text, [name, part]) => between(text, name, part), readme);
}

/** @param {{ name: string, family: string, pretrained: boolean, summary: string, source: string }[]} list */
function detectorTable(list) {
  const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|');
  const rows = list.map((d) => `| \`${d.name}\` | ${d.family}${d.pretrained ? ', pretrained' : ''} | ${cell(d.summary)} | ${cell(d.source)} |`);
  return ['| detector | family | finds | after |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/**
 * @param {string} text
 * @param {string} name
 * @param {string} part
 */
function between(text, name, part) {
  const marks = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];
  const [start, end] = marks.map((mark) => text.indexOf(mark));
  if (start < 0 || end < start) throw new Error(`README.md lacks the marks of "${name}"`);
  return text.slice(0, start + marks[0].length) + part + text.slice(end);
}

export async function main() {
  await setUp(['modules', 'wasm']);
  await build();
  const path = join(root, 'README.md');
  const old = readFileSync(path, 'utf8');
  const now = withParts(old);
  if (now !== old) writeFileSync(path, now);
  say(now === old ? 'README.md is up to date' : 'README.md is written');
}
