// The npm package as its users get it: exports that are there, types that hold, imports that do nothing on a server.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { instance } from '../../pkg/instance.js';
import { capture, run } from '../../scripts/shell.mjs';
import { root } from './harness.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const packed = new Set(JSON.parse(capture('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']) ?? '[]')[0].files.map((/** @type {{ path: string }} */ file) => file.path));

test('every export and the program are files of the package', () => {
  const targets = Object.values(manifest.exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  for (const target of [...targets, ...Object.values(manifest.bin)]) {
    const path = target.replace(/^\.\//, '');
    if (path.includes('*')) assert.ok(existsSync(join(root, path.split('*')[0])), path);
    else assert.ok(packed.has(path), path);
  }
  for (const [name, target] of Object.entries(manifest.exports)) if (target.types) assert.equal(Object.keys(target)[0], 'types', name);
  for (const file of readdirSync(join(root, 'pkg/models'))) assert.ok(packed.has(`pkg/models/${file}`), file);
});

test('the engine that every page loads lists the nets, and says where they are', () => {
  const usual = instance();
  usual.initSync({ module: readFileSync(join(root, 'pkg/anomaly_widget_bg.wasm')) });
  assert.ok(usual.detectors().some((/** @type {any} */ d) => d.name === 'tadgan'));
  const series = /** @type {const} */ ([Float64Array.from({ length: 500 }, (_, i) => 6e4 * i), new Float64Array(500).map((_, i) => Math.sin(i / 5))]);
  assert.throws(() => new usual.Engine({ detector: 'tadgan' }, undefined, undefined, ...series), { code: 'weights', message: /models\/nets\.wasm/ });
  new usual.Engine({ detector: 'knn' }, undefined, undefined, ...series).free();
});

test('nothing else is packed', () => {
  const strange = [...packed].filter((path) => !/^pkg\/[^.]|^(package\.json|README\.md|CHANGELOG\.md|LICENSE-(MIT|APACHE))$/.test(path));
  assert.deepEqual(strange, []);
});

test('the worker is one file without imports', () => {
  const text = readFileSync(join(root, 'pkg/worker.js'), 'utf8');
  assert.doesNotMatch(text, /\bimport\s*[({"']|\bimport\.meta|\bexport\s*[{*]|\bexport default/);
});

test('imports in Node throw nothing, and a server has no element', async () => {
  for (const name of ['anomaly-widget', 'anomaly-widget/define', 'anomaly-widget/inline']) {
    const module = await import(name);
    assert.equal(typeof module.createEngine, 'function', name);
    assert.equal(typeof module.AnomalyWidgetElement, 'function', name);
  }
});

test('a strict TypeScript program compiles against the types', async () => {
  await run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tests/e2e/types']);
});
