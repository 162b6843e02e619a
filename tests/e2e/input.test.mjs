// Bad input: one clear message on the element, and an element that goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csv, open, wave } from './harness.mjs';

const { open: visit } = await open();

const series = wave({ rows: 300, spikeAt: 200 });
const good = csv(series);
const lines = good.trimEnd().split('\n');
/** The good file with other values. @param {(i: number) => string | number} value */
const valued = (value) => [lines[0], ...lines.slice(1).map((line, i) => `${line.split(',')[0]},${value(i)}`)].join('\n');

/** What is wrong with a file, and what the message must name. @type {Record<string, [string | number[], string, RegExp]>} */
const bad = {
  'an empty file': ['', 'parse', /no rows/],
  'a head without rows': ['timestamp,value\n', 'parse', /no rows/],
  'one column': ['value\n1\n2\n3\n', 'parse', /only one column/],
  'text where a number belongs': [valued((i) => (i === 200 ? 'abc' : i)), 'parse', /line 202: "abc"/],
  'unsorted times': [[lines[0], ...lines.slice(1).reverse()].join('\n'), 'parse', /line 3: .*before/],
  'repeated times': [`timestamp,value\n${Array(300).fill('2024-01-01T00:00:00Z,1').join('\n')}`, 'parse', /line 3: .*there before/],
  'all values missing': [valued(() => ''), 'parse', /every value is missing/],
  'shorter than a window': [lines.slice(0, 6).join('\n'), 'too-short', /\d+ points are needed, 5 were given/],
  'a web page': ['<!DOCTYPE html>\n<html><body>Not found</body></html>', 'parse', /web page/],
  'bytes that are no text': [[0, 1, 2, 255, 254, 3, 0, 9, 9, 9], 'parse', /neither text nor/],
  'JSON that ends early': ['[{"t": 1, "v": 2}, {"t":', 'parse', /not valid JSON/],
};

test('each bad file has one message, and the next good one is shown', async (t) => {
  const { page, problems } = await visit('examples/blank.html');
  await page.waitForFunction(() => customElements.get('anomaly-widget'));
  const widget = page.locator('anomaly-widget');
  for (const [name, [content, code, message]] of Object.entries(bad)) {
    await t.test(name, async () => {
      const got = await page.evaluate(async (content) => {
        const { widget } = window;
        widget.detector = 'knn';
        widget.data = null;
        /** @type {string[]} */
        const heard = [];
        widget.addEventListener('anomaly-error', ({ detail }) => heard.push(detail.code), { once: true });
        const error = await widget.load(new Blob([typeof content === 'string' ? content : Uint8Array.from(content)])).then(() => null, (error) => error);
        return { code: error?.code, message: error?.message, heard, state: widget.state };
      }, content);
      assert.equal(got.code, code);
      assert.match(got.message, message);
      assert.deepEqual(got.heard, [code]);
      assert.equal(got.state, 'error');
      assert.match(await widget.getByRole('alert').textContent() ?? '', new RegExp(message.source, 'i'));
      assert.ok(await widget.getByRole('button', { name: 'Open a file' }).isVisible());
    });
  }
  const state = await page.evaluate(async (text) => {
    await window.widget.load(new Blob([text]));
    return window.widget.state;
  }, good);
  assert.equal(state, 'ready');
  assert.equal(await widget.getByRole('alert').count(), 0);
  assert.deepEqual(problems, []);
});

test('a constant series is no error and has no events', async () => {
  const { page } = await visit('examples/blank.html');
  const got = await page.evaluate(async (text) => {
    await customElements.whenDefined('anomaly-widget');
    const { widget } = window;
    const report = await widget.load(new Blob([text]));
    return { events: report.events.length, state: widget.state };
  }, valued(() => 5));
  assert.deepEqual(got, { events: 0, state: 'ready' });
  assert.ok(await page.getByRole('heading', { name: 'No anomalies' }).isVisible());
});

test('a file that is not there, and a page in its place', async () => {
  const { page } = await visit('examples/blank.html');
  for (const [src, message] of /** @type {[string, RegExp][]} */ ([['/nowhere.csv', /nowhere\.csv could not be loaded: the server answered 404/], ['/index.html', /web page/]])) {
    await page.evaluate((src) => window.widget.setAttribute('src', src), src);
    await page.getByRole('alert').filter({ hasText: message }).waitFor();
  }
});

test('an error keeps what was shown before, and can be dismissed', async () => {
  const { page } = await visit('examples/blank.html');
  const rows = await page.evaluate(async (good) => {
    await customElements.whenDefined('anomaly-widget');
    const { widget } = window;
    await widget.load(new Blob([good]));
    await widget.load(new Blob([''])).catch(() => {});
    return widget.report.times.length;
  }, good);
  assert.equal(rows, 300);
  await page.getByRole('alert').getByRole('button', { name: 'Close' }).click();
  assert.equal(await page.evaluate(() => window.widget.state), 'ready');
});

test('a model that is corrupt, missing or a web page is named, and so is what runs it', async () => {
  const answers = [{ status: 200, body: 'not weights' }, { status: 404, body: 'not found' }];
  for (const [answer, file] of answers.flatMap((answer) => /** @type {const} */ ([[answer, '*.safetensors'], [answer, 'nets*.wasm']]))) {
    const { page } = await visit('examples/blank.html');
    await page.route(`**/models/${file}`, (route) => route.fulfill(answer));
    const got = await page.evaluate(async (good) => {
      await customElements.whenDefined('anomaly-widget');
      const { widget } = window;
      widget.detector = 'autoencoder';
      const error = await widget.load(new Blob([good])).then(() => null, (error) => error);
      widget.detector = 'knn';
      const report = await widget.load(new Blob([good]));
      return { code: error?.code, message: error?.message, state: widget.state, rows: report.times.length };
    }, good);
    assert.equal(got.code, 'weights');
    assert.match(got.message, file === 'nets*.wasm' ? /autoencoder.*nets(-relaxed)?\.wasm/ : /autoencoder/);
    assert.deepEqual([got.state, got.rows], ['ready', 300], 'another detector works all the same');
  }
});

test('wrong settings are named', async () => {
  const { page } = await visit('examples/blank.html');
  const codes = await page.evaluate(async (good) => {
    await customElements.whenDefined('anomaly-widget');
    const { widget } = window;
    const codes = [];
    for (const settings of [{ detector: 'nonsense' }, { detector: 'knn', params: { nonsense: 1 } }, { nonsense: 1 }, { threshold: 'nonsense' }, { train: 'much' }]) {
      widget.settings = settings;
      codes.push(await widget.load(new Blob([good])).then(() => 'none', (error) => error.code));
    }
    return codes;
  }, good);
  assert.deepEqual(codes, ['unknown-detector', 'param', 'param', 'param', 'param']);
});

test('a file dropped on the page is shown', async () => {
  const { page } = await visit();
  await page.waitForFunction(() => window.widget.state === 'ready');
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], 'mine.csv'));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, good);
  await page.locator('#widget', { hasText: 'mine.csv' }).waitFor();
  await page.waitForFunction(() => window.widget.report.times.length === 300);
});
