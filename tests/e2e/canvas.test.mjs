// The chart on a real canvas: what a picture keeps of the one before, and what shows through it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, wave } from './harness.mjs';

const { open: visit, blank } = await open();

test('what is kept of a picture is, to the pixel, what would be drawn anew', async () => {
  for (const deviceScaleFactor of [1, 1.5, 2]) {
    const { page } = await visit('examples/blank.html', { deviceScaleFactor });
    const wrong = await page.evaluate(async () => {
      // @ts-ignore An address of the test's server.
      const { default: init, Chart } = await import('/pkg/anomaly_widget.js');
      await init({ module_or_path: fetch('/pkg/anomaly_widget_bg.wasm') });
      const scale = devicePixelRatio, [width, height] = [700 * scale, 420 * scale];
      const theme = Uint8Array.from(Chart.colours().flatMap((/** @type {string} */ name, /** @type {number} */ i) =>
        name === 'paper' ? [255, 255, 255, 255] : [(37 * i) % 200, (71 * i) % 200, (13 * i) % 200, name === 'band' ? 60 : 255]));
      const charts = Array.from({ length: 2 }, () => {
        const canvas = document.createElement('canvas');
        const chart = new Chart(canvas);
        chart.resize(width, height, scale);
        chart.theme(theme, 'sans-serif');
        return { canvas, chart };
      });
      const pixels = (/** @type {HTMLCanvasElement} */ canvas) =>
        new Uint32Array(/** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(0, 0, width, height).data.buffer);
      const value = (/** @type {number} */ i) => Math.sin(i / 20) + ((i * 7919) % 13) / 30 + (i % 700 < 9 ? 2 : 0);
      const columns = (/** @type {number} */ from, /** @type {number} */ rows) => {
        const of = (/** @type {(i: number) => number} */ f) => Float64Array.from({ length: rows }, (_, i) => f(from + i));
        return [of((i) => 1000 * i), of(value), of((i) => Math.abs(value(i))), of(() => 1.5), of((i) => Math.sin(i / 20)), of((i) => Math.sin(i / 20) - 0.4), of((i) => Math.sin(i / 20) + 0.8)];
      };
      const marks = (/** @type {number} */ at) => Float64Array.from([at, at + 60e3, at + 9e3, 1, 3, 0, 0, at + 200e3, at + 201e3, at + 200e3, 1.2, 9, 1, 0, at + 400e3, at + 500e3, at + 400e3, 1, 1, 2, 1]);
      /** @type {[string, (chart: any) => void][]} */
      const steps = [
        ['rows', (chart) => chart.replace(0, ...columns(0, 3000))],
        ['marks', (chart) => chart.mark(marks(500e3))],
        ['nothing', () => {}],
        ['more rows', (chart) => chart.replace(3000, ...columns(3000, 40))],
        ['fewer rows', (chart) => { chart.forget(40); chart.replace(2990, ...columns(3030, 300)); }],
        ['a part', (chart) => chart.look(400e3, 900e3)],
        ['beside it', (chart) => chart.look(401e3, 901e3)],
        ['a chosen mark', (chart) => chart.mark(marks(500e3), 0)],
        ['another chosen one', (chart) => chart.mark(marks(500e3), 1)],
        ['none chosen', (chart) => chart.mark(marks(500e3))],
        ['verdicts', (chart) => chart.labels(Float64Array.of(450e3, 480e3, 1, 600e3, 640e3, 0))],
        ['lanes', (chart) => { chart.lanes(['knn', 'lof']); chart.lane(0, 0, Float64Array.from({ length: 3290 }, (_, i) => (i % 100) / 40)); }],
        ['another limit', (chart) => chart.limits(Float64Array.of(0.4))],
        ['another mark', (chart) => chart.reading(Float64Array.of(0, 3.6e6), ',', 1000, 'rarity')],
        ['no lanes', (chart) => chart.lanes([])],
        ['a point at the edge', (chart) => chart.look(700e3, 1300e3)],
        ['no marks', (chart) => chart.mark(new Float64Array())],
        ['marks again', (chart) => chart.mark(marks(500e3))],
        ['all', (chart) => chart.look()],
        ...Array.from({ length: 12 }, (_, i) => /** @type {[string, (chart: any) => void]} */ ([`slide ${i}`, (chart) => {
          const end = 3330 + 25 * i;
          chart.forget(25);
          chart.replace(3265, ...columns(end, 25));
        }])),
      ];
      const wrong = [];
      for (const [name, step] of steps) {
        for (const [i, { chart }] of charts.entries()) {
          step(chart);
          if (i === 1) chart.theme(theme, 'sans-serif');
          const [, ...ticks] = chart.ticks();
          chart.draw(ticks.map((/** @type {number} */ tick) => `${tick / 1000} s`).join('\n'));
        }
        const [kept, anew] = charts.map(({ canvas }) => pixels(canvas));
        const other = kept.reduce((count, pixel, i) => count + Number(pixel !== anew[i]), 0);
        if (other > 0) wrong.push(`${name}: ${other} pixels`);
        if (new Set(anew).size < 20) wrong.push(`${name}: next to nothing is drawn`);
      }
      return { wrong, steps: steps.length };
    });
    assert.deepEqual(wrong, { wrong: [], steps: 31 }, `at ${deviceScaleFactor}`);
  }
});

/** Of the widget's canvas: its pixels joined to one number, and how many of them are clear. */
const picture = () => {
  const canvas = /** @type {HTMLCanvasElement} */ (window.widget.shadowRoot?.querySelector('canvas'));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return { sum: pixels.reduce((sum, pixel, i) => (sum * 31 + pixel + i) % 1e12, 0), clear: pixels.filter((pixel) => pixel === 0).length };
};
const shown = (/** @type {import('playwright-core').Page} */ page) => page.evaluate(() => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then))));

test('a canvas that has lost its picture gets it back', async () => {
  const { page } = await blank();
  await page.evaluate((series) => window.widget.load(series), wave());
  await shown(page);
  const before = await page.evaluate(picture);
  assert.equal(before.clear, 0);
  await page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (window.widget.shadowRoot?.querySelector('canvas'));
    canvas.getContext('2d')?.reset();
    canvas.dispatchEvent(new Event('contextrestored'));
  });
  await shown(page);
  assert.deepEqual(await page.evaluate(picture), before);
});

test('through paper that is none the page is seen, and no picture of before', async () => {
  const { page } = await blank('style="--anomaly-paper: transparent"');
  const { time } = await page.evaluate(async (series) => { await window.widget.load(series); return series; }, wave());
  const look = async (/** @type {number} */ from, /** @type {number} */ to) => {
    await page.evaluate(([from, to]) => { window.widget.view = { from, to }; }, [time[from], time[to]]);
    await shown(page);
    return page.evaluate(picture);
  };
  const first = await look(100, 300);
  assert.ok(first.clear > 1000, `${first.clear} clear pixels`);
  assert.notDeepEqual(await look(600, 900), first);
  assert.deepEqual(await look(100, 300), first);
});

test('many that are resized at once all have their new size soon', async () => {
  const { page } = await visit('examples/blank.html', { viewport: { width: 900, height: 900 } });
  const sizes = await page.evaluate(async (series) => {
    await customElements.whenDefined('anomaly-widget');
    document.body.innerHTML = '<div>' + '<anomaly-widget detector="knn" style="width:33%;height:220px;display:inline-block"></anomaly-widget>'.repeat(12) + '</div>';
    const all = /** @type {any[]} */ ([...document.querySelectorAll('anomaly-widget')]);
    await Promise.all(all.map((widget) => widget.load(series)));
    // Nothing else is to draw them.
    await new Promise((then) => setTimeout(then, 1000));
    const box = /** @type {HTMLElement} */ (document.querySelector('div'));
    // A picture takes longer than a frame has room for.
    const { fillRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillRect = function (...told) { for (const from = performance.now(); performance.now() - from < 1;); fillRect.apply(this, told); };
    box.style.width = '640px';
    const frames = [];
    for (let i = 0; i < 60; i += 1) {
      await new Promise((then) => requestAnimationFrame(then));
      frames.push(all.filter((widget) => {
        const canvas = widget.shadowRoot.querySelector('canvas');
        return canvas.getBoundingClientRect().top < innerHeight && Math.abs(canvas.width - canvas.clientWidth) > 1;
      }).length);
    }
    return { first: frames[1], last: frames[59] };
  }, wave({ rows: 400, spikeAt: 300 }));
  assert.ok(sizes.first > 0, 'all were drawn in one frame: there is nothing to see here');
  assert.equal(sizes.last, 0);
});
