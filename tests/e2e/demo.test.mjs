// What the widget is for, on the demo's real series: the labelled event is found, a sensor without one stays
// quiet, and page and command line say the same.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { cli, open, root, temporaryFolder } from './harness.mjs';

const { open: visit } = await open();
const five = ['holt-winters', 'knn', 'pca', 'autoencoder', 'tadgan'];
const { page } = await visit('examples/blank.html');

/** Bytes: the engine as gzip, and each model. */
const WASM_BUDGET = 220 * 1024;
const MODEL_BUDGET = 1.4e6;

/**
 * The report of a demo series in the page.
 * @param {string} file
 * @param {string} detector
 */
function analyse(file, detector) {
  return page.evaluate(async ([file, detector]) => {
    // @ts-ignore An address of the test's server.
    const { createEngine } = await import('/pkg/anomaly-widget.js');
    const engine = await createEngine();
    try {
      const report = await engine.analyse(new URL(`/data/${file}.csv`, location.href), { detector });
      return { scores: Array.from(report.scores), limit: report.limits.findLast(Number.isFinite) ?? 0, events: report.events };
    } finally {
      engine.dispose();
    }
  }, [file, detector]);
}

const [labelled] = JSON.parse(readFileSync(join(root, 'www/data/index.json'), 'utf8'));
const [label] = labelled.labels;

test('at least three of the five detectors mark the labelled event', async () => {
  const hits = [];
  for (const detector of five) {
    const { events } = await analyse(labelled.name, detector);
    const hit = (/** @type {any} */ e) => e.startIndex < label.endIndex && e.endIndex > label.startIndex;
    if (events.some(hit)) hits.push(detector);
  }
  assert.ok(hits.length >= 3, `only ${hits.join(', ')}`);
});

test('on a sensor without an event PCA and the pretrained nets mark at most the jump that all sensors share', async () => {
  for (const detector of ['pca', 'autoencoder', 'tadgan']) {
    const { events } = await analyse('sensor-mote2', detector);
    const jump = (/** @type {any} */ e) => e.startIndex >= 1014 && e.endIndex <= 1018;
    assert.deepEqual(events.filter((/** @type {any} */ e) => !jump(e)), [], detector);
  }
});

test('the page and the command line give the same events and, within 1e-5 of the limit, the same scores', async () => {
  const folder = temporaryFolder();
  const [scores, events] = [join(folder, 'scores.csv'), join(folder, 'events.json')];
  const input = join(root, 'www/data', labelled.file);
  for (const detector of five) {
    const shown = await analyse(labelled.name, detector);
    const { status, err } = await cli(['detect', input, '--detector', detector, '--scores', scores, '--events', events]);
    assert.equal(status, 0, err);
    const written = readFileSync(scores, 'utf8').trim().split('\n').slice(1).map((line) => line.split(',')[2]);
    assert.equal(written.length, shown.scores.length);
    assert.ok(shown.limit > 0, detector);
    const off = written.findIndex((score, row) => {
      const want = shown.scores[row];
      return score === '' ? Number.isFinite(want) : !(Math.abs(Number(score) - want) <= 1e-5 * Math.max(shown.limit, Math.abs(want)));
    });
    assert.equal(off, -1, `${detector}: row ${off} is ${written[off]}, in the page ${shown.scores[off]}`);
    const span = (/** @type {any} */ e) => [e.startIndex, e.endIndex, e.peakIndex, e.kind, e.direction];
    assert.deepEqual(JSON.parse(readFileSync(events, 'utf8')).map(span), shown.events.map(span), detector);
  }
});

test('the engine and every model keep their budget', () => {
  const wasm = gzipSync(readFileSync(join(root, 'pkg/anomaly_widget_bg.wasm')), { level: 9 }).length;
  assert.ok(wasm <= WASM_BUDGET, `${wasm} bytes of wasm`);
  const models = readdirSync(join(root, 'pkg/models')).filter((name) => name.endsWith('.safetensors'));
  assert.ok(models.length >= 2);
  for (const name of models) {
    const { size } = statSync(join(root, 'pkg/models', name));
    assert.ok(size <= MODEL_BUDGET, `${name}: ${size} bytes`);
  }
});
