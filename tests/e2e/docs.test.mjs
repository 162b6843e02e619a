// What the README says is so: its generated parts, its first example, its list of error codes, its links.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withParts } from '../../scripts/docs.mjs';
import { root } from './harness.mjs';

const read = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');

test('the generated parts are what `npm run docs` writes', () => {
  assert.equal(readme, withParts(readme), 'run `npm run docs`');
});

test('the first example is in www/examples/plain.html, word for word', () => {
  const example = readme.match(/```html\n([\s\S]*?)```/)?.[1] ?? '';
  const lines = read('www/examples/plain.html').split('\n').map((line) => line.trim());
  assert.ok(example.trim().split('\n').length <= 5);
  for (const line of example.trim().split('\n')) assert.ok(lines.includes(line.trim()), line);
});

test('every error code has its row, and no row has no code', () => {
  const table = readme.split('<!-- codes -->')[1].split('<!-- /codes -->')[0];
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]).sort();
  const rust = [...read('src/error.rs').matchAll(/=> "([a-z-]+)"/g)].map((match) => match[1]);
  const js = readdirSync(join(root, 'www')).filter((name) => name.endsWith('.js'))
    .flatMap((name) => [...read(`www/${name}`).matchAll(/WidgetError\('([a-z-]+)'/g)].map((match) => match[1]));
  assert.deepEqual(rows, [...new Set([...rust, ...js, 'panic'])].sort());
});

test('links to files lead somewhere', () => {
  for (const name of ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md']) {
    for (const [, target] of read(name).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) assert.ok(existsSync(join(root, target)), `${name}: ${target}`);
  }
});

test('the tree of ARCHITECTURE.md is there', () => {
  const tree = read('ARCHITECTURE.md').split('## The tree')[1].split('```')[1];
  const paths = tree.split('\n').map((line) => line.split(' ')[0]).filter((path) => path !== '');
  assert.ok(paths.length > 20);
  for (const path of paths) assert.ok(existsSync(join(root, path)), path);
});
