// The nets by relaxed SIMD: what is fused, that a page takes that wasm where its engine can run it, and that it scores
// like the other: within 4e-5 of the limit. A deviation may be a fiftieth of the series', so a score shows a difference in
// a net's answer many times over.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relax } from '../../scripts/relax.mjs';
import { cli, csv, open, wave } from './harness.mjs';

const { blank } = await open();

const get = (/** @type {string} */ name) => `(local.get $${name})`;
/** A function of this body, in the text of a module in which more looks like one. @param {string} body */
const module = (body) => `(module\n (data " (func \\" (")\n (func $0\n  ${body}\n )\n)\n`;
const words = (/** @type {string} */ text) => text.split(/\s+|(?=[()])/).filter(Boolean);

test('a product that is added to something becomes one instruction', () => {
  const product = `(f32x4.mul ${get('a')} ${get('b')})`;
  const want = words(module(`(f32x4.relaxed_madd ${get('a')} ${get('b')} ${get('c')})`));
  for (const sum of [`${product} ${get('c')}`, `${get('c')} ${product}`]) assert.deepEqual(words(relax(module(`(f32x4.add ${sum})`))), want);
});

test('nothing else changes', () => {
  const bodies = [
    // What is added is not what it was before the product.
    `(f32x4.add ${get('c')} (f32x4.mul (local.tee $c ${get('a')}) ${get('b')}))`,
    // It is read from memory, where the product may have been written.
    `(f32x4.add (v128.load ${get('p')}) (f32x4.mul ${get('a')} ${get('b')}))`,
    `(f64x2.add (f64x2.mul ${get('a')} ${get('b')}) ${get('c')})`,
    `(f32x4.min (f32x4.mul ${get('a')} ${get('b')}) ${get('c')})`,
  ];
  for (const body of bodies) assert.doesNotMatch(relax(module(body)), /relaxed/, body);
  assert.equal(relax(module(bodies[2])), module(bodies[2]));
});

test('every net scores by relaxed SIMD as without it', async () => {
  const nets = JSON.parse((await cli(['detectors', '--json'])).out).filter((/** @type {any} */ d) => d.pretrained).map((/** @type {any} */ d) => d.name);
  assert.ok(nets.length >= 10);
  /** @param {boolean} relaxed */
  const scored = async (relaxed) => {
    const { page, requests } = await blank();
    if (!relaxed) await page.evaluate(() => { WebAssembly.validate = () => false; });
    const scores = await page.evaluate(async ([nets, rows]) => {
      /** @type {{ scores: number[], limit: number }[]} */
      const all = [];
      for (const detector of nets) {
        window.widget.detector = detector;
        const { scores, limits } = await window.widget.load(new Blob([rows]));
        all.push({ scores: [...scores], limit: Math.max(...limits.filter(Number.isFinite)) });
      }
      return all;
    }, /** @type {const} */ ([nets, csv(wave())]));
    return { scores, fetched: requests.flatMap((address) => /nets[^/]*\.wasm$/.exec(address) ?? []) };
  };
  const [relaxed, plain] = [await scored(true), await scored(false)];
  assert.deepEqual([relaxed.fetched, plain.fetched], [['nets-relaxed.wasm'], ['nets.wasm']]);
  let different = 0;
  for (const [i, net] of nets.entries()) {
    const { scores: got } = relaxed.scores[i], { scores: want, limit } = plain.scores[i];
    assert.ok(limit > 0 && got.length === want.length, net);
    for (const [row, score] of got.entries()) {
      assert.equal(Number.isNaN(score), Number.isNaN(want[row]), `${net}, row ${row}`);
      const off = Math.abs(score - want[row]) / Math.max(limit, Math.abs(want[row]));
      assert.ok(!(off > 4e-5), `${net}, row ${row}: ${score}, without ${want[row]}`);
      if (off > 0) different++;
    }
  }
  assert.ok(different > 0, 'the two are not the same wasm');
});
