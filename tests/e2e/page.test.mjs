// The demo page and the element on it: what a reader sees and does.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { csv, open, root, wave } from './harness.mjs';

const { open: visit, blank, url } = await open();

/** JavaScript of the element and its worker, and of what is loaded when it is needed, in bytes of gzip. */
const FIRST_BUDGET = 25 * 1024, LATER_BUDGET = 27_000;

/**
 * The page with its first series shown.
 * @param {string} [path]
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
async function ready(path = '', options) {
  const opened = await visit(path, options);
  await opened.page.waitForFunction(() => window.widget.state === 'ready');
  return opened;
}

test('the demo opens on a labelled series and marks its anomaly', async () => {
  const { page, problems, requests } = await ready();
  const found = await page.evaluate(() => {
    const { events } = window.widget.report;
    const label = { start: 1273374915000, end: 1273375500000 };
    const worst = events.toSorted((a, b) => b.severity - a.severity)[0];
    return { hit: worst.start < label.end && worst.end > label.start, text: document.querySelector('#about')?.textContent ?? '' };
  });
  assert.ok(found.hit);
  assert.match(found.text, /^1 of 1 labelled event found/);
  assert.deepEqual(problems, []);
  assert.deepEqual(requests.filter((address) => !address.startsWith(url)), [], 'nothing goes elsewhere');
  assert.deepEqual(requests.filter((address) => address.includes('/models/')), [], 'no model is fetched before one is needed');
});

test('the picker holds the registry, and a pick scores anew', async () => {
  const { page } = await ready();
  const names = await page.evaluate(() => [...window.widget.shadowRoot.querySelectorAll('option')].map((option) => option.value));
  assert.ok(names.includes('knn') && names.includes('holt-winters'), names.join());
  await page.locator('#widget header select').selectOption('knn');
  await page.locator('#widget footer', { hasText: 'Scored by knn' }).waitFor();
  assert.equal(await page.evaluate(() => window.widget.detector), 'knn');
});

test('another width of as many device pixels is drawn too', async () => {
  const { page } = await ready('?detector=holt-winters', { deviceScaleFactor: 0.5 });
  const steps = await page.evaluate(async () => {
    const { widget } = window, canvas = /** @type {HTMLCanvasElement} */ (widget.shadowRoot.querySelector('canvas')), { width } = widget.getBoundingClientRect();
    const { fillRect } = CanvasRenderingContext2D.prototype;
    let blocks = 0;
    CanvasRenderingContext2D.prototype.fillRect = function (...told) { blocks++; fillRect.apply(this, told); };
    const steps = [];
    for (let i = 1; i <= 12; i++) {
      const before = [canvas.clientWidth, canvas.width];
      widget.style.width = `${width - 0.4 * i}px`;
      widget.sensitivity = 40 + i;
      blocks = 0;
      await new Promise((done) => setTimeout(done, 250));
      steps.push({ other: canvas.clientWidth !== before[0], resized: canvas.width !== before[1], blocks });
    }
    return steps;
  });
  assert.ok(steps.some(({ other, resized }) => other && !resized), JSON.stringify(steps));
  assert.ok(steps.every(({ blocks }) => blocks > 0), JSON.stringify(steps));
});

test('a pretrained detector fetches its model when it is picked', async () => {
  const { page, requests } = await ready();
  const { detectors } = await page.evaluate(async () => {
    // @ts-ignore An address of the test's server.
    const { createEngine } = await import('/pkg/anomaly-widget.js');
    const engine = await createEngine();
    return { detectors: engine.detectors().filter((/** @type {any} */ d) => d.pretrained).map((/** @type {any} */ d) => d.name) };
  });
  const index = JSON.parse(readFileSync(join(root, 'www/models/index.json'), 'utf8'));
  const name = detectors.find((/** @type {string} */ name) => index[name]);
  assert.ok(name, 'a pretrained detector has its model in the index');
  await page.locator('#widget header select').selectOption(name);
  await page.locator('#widget footer', { hasText: `Scored by ${name}` }).waitFor();
  assert.ok(requests.some((address) => address.endsWith(`${index[name]}.safetensors`)));
});

test('the loudest thing in the picture is where the anomaly is, at every device-pixel ratio', async () => {
  for (const deviceScaleFactor of [1, 1.5, 2]) {
    const { page } = await ready('?detector=knn', { deviceScaleFactor, viewport: { width: 1200, height: 800 } });
    for (const width of [1200, 700]) {
      await page.setViewportSize({ width, height: 800 });
      await page.waitForTimeout(200);
      const { size, box, marked, events } = await page.evaluate(() => {
        const canvas = /** @type {HTMLCanvasElement} */ (window.widget.shadowRoot.querySelector('canvas'));
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        // The solid colours of the three levels in the light theme.
        const levels = [[219, 165, 32], [217, 101, 26], [191, 31, 60]];
        const columns = new Set();
        for (let i = 0; i < data.length; i += 4) if (levels.some(([r, g, b]) => data[i] === r && data[i + 1] === g && data[i + 2] === b)) columns.add((i / 4) % canvas.width);
        const { times, events } = window.widget.report;
        const share = (/** @type {number} */ ms) => (ms - times[0]) / (times[times.length - 1] - times[0]);
        const r = canvas.getBoundingClientRect();
        return { size: [canvas.width, canvas.height], box: [r.width, r.height], marked: [...columns],
          events: events.toSorted((a, b) => b.severity - a.severity).map((event) => [share(event.start), share(event.end)]) };
      });
      assert.ok(Math.abs(size[0] - box[0] * deviceScaleFactor) <= 1 && Math.abs(size[1] - box[1] * deviceScaleFactor) <= 1, `${size} for ${box} at ${deviceScaleFactor}`);
      // The plot lies between some 52 CSS pixels of axis and 14 of air.
      const places = events.map((ends) => ends.map((share) => (52 + share * (box[0] - 66)) * deviceScaleFactor));
      const air = 6 * deviceScaleFactor;
      const middle = (places[0][0] + places[0][1]) / 2;
      assert.ok(marked.some((x) => Math.abs(x - middle) < air), `nothing at ${middle}, at ${deviceScaleFactor}, ${width} wide`);
      for (const x of marked) assert.ok(places.some(([from, to]) => x > from - air && x < to + air), `${x} is at no event, at ${deviceScaleFactor}, ${width} wide`);
    }
  }
});

test('chart, list and status have their places, with a header and without, wide and narrow', async () => {
  const { page } = await blank();
  const places = await page.evaluate(async (series) => {
    await window.widget.load(series);
    const heights = () => ['header', '.stage', '.side', 'footer'].map((part) => window.widget.shadowRoot?.querySelector(part)?.getBoundingClientRect() ?? new DOMRect());
    const all = [];
    for (const width of [900, 500]) {
      for (const label of ['', 'Bytes']) {
        window.widget.label = label;
        Object.assign(window.widget.parentElement?.style ?? {}, { width: `${width}px` });
        await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
        const [header, stage, side, footer] = heights();
        all.push({ width, label, header: header.height, stage: stage.height, beside: side.left >= stage.right, below: side.top >= stage.bottom, side: side.height, footer: footer.height, last: footer.top >= stage.bottom });
      }
    }
    return all;
  }, wave());
  for (const { width, label, header, stage, beside, below, side, footer, last } of places) {
    const which = `${width} wide, label "${label}"`;
    assert.equal(header > 0, label !== '', which);
    assert.ok(stage >= 300 && side > 60 && footer > 0 && footer < 80 && last, which);
    assert.ok(width === 900 ? beside : below, which);
  }
});

test('load resolves with the report, and events come in order', async () => {
  const { page } = await blank();
  const { time, value } = wave();
  const got = await page.evaluate(async ({ time, value }) => {
    const states = [window.widget.state];
    const promise = window.widget.load({ time, value });
    states.push(window.widget.state);
    const report = await promise;
    states.push(window.widget.state);
    const spike = report.events.some((event) => event.start <= time[900] && event.end > time[900]);
    return { states, heard: window.heard, rows: report.times.length, spike, same: report.events === window.widget.report.events,
      active: window.widget.matches(':state(ready)') };
  }, { time, value });
  assert.deepEqual(got.states, ['empty', 'loading', 'ready']);
  assert.ok(got.heard.indexOf('read') < got.heard.indexOf('fit') && got.heard.indexOf('fit') < got.heard.indexOf('score'), got.heard.join());
  assert.ok(got.heard.indexOf('score') < got.heard.indexOf('ready') && got.heard.includes('detect'), got.heard.join());
  assert.ok(got.spike && got.same && got.active);
  assert.equal(got.rows, 1200);
});

test('every form of data gives the same scores', async () => {
  const { page } = await blank();
  const series = wave({ step: 1000 });
  const sums = await page.evaluate(async ({ series, text }) => {
    const { time, value } = series;
    const bytes = new TextEncoder().encode(text);
    const zipped = new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).blob();
    const sources = [
      { time, value }, { time: Float64Array.from(time), value: Float64Array.from(value) }, value,
      time.map((x, i) => ({ x, y: value[i] })), time.map((t, i) => ({ time: new Date(t), value: value[i] })),
      time.map((t, i) => ({ t: new Date(t).toISOString(), v: value[i] })), time.map((t, i) => /** @type {[number, number]} */ ([t, value[i]])),
      new Blob([bytes]), bytes.buffer.slice(0), new Blob([bytes]).stream(), await zipped, new URL(URL.createObjectURL(new Blob([bytes]))),
    ];
    const sums = [];
    for (const source of sources) {
      const { scores, values } = await window.widget.load(source);
      sums.push([values.length, scores.reduce((sum, score) => sum + (score || 0), 0)]);
    }
    return sums;
  }, { series, text: csv(series) });
  const wrong = await page.evaluate(() => window.widget.append(/** @type {any} */ ([{ x: 1, y: 2 }, { when: 2, y: 3 }])).catch((error) => [error.code, error.message]));
  assert.deepEqual(wrong, ['source', 'Point 1 of the array has no time.']);
  for (const [rows, sum] of sums) {
    assert.equal(rows, 1200);
    assert.ok(Math.abs(sum - sums[0][1]) < 1e-6 * Math.abs(sums[0][1]), `${sum} for ${sums[0][1]}`);
  }
});

test('threshold and sensitivity decide anew and score nothing', async () => {
  const { page } = await blank('controls');
  const got = await page.evaluate(async (series) => {
    const before = await window.widget.load(series);
    const scores = [...before.scores];
    window.heard.length = 0;
    const limits = [];
    for (const wish of [{ sensitivity: 80 }, { sensitivity: 20 }, { threshold: 'quantile 0.01' }]) {
      Object.assign(window.widget, wish);
      const first = window.widget.report.limits.at(-1);
      for (let i = 0; i < 100 && Object.is(window.widget.report.limits.at(-1), first); i += 1) await new Promise((then) => setTimeout(then, 20));
      limits.push(window.widget.report.limits.at(-1));
    }
    return { heard: window.heard, limits, same: scores.every((score, i) => Object.is(score, window.widget.report.scores[i])) };
  }, wave());
  const [keen, dull, other] = /** @type {number[]} */ (got.limits);
  assert.ok(keen < dull && other !== dull, got.limits.join());
  assert.ok(got.same);
  assert.deepEqual(got.heard.filter((name) => ['read', 'fit', 'score', 'error'].includes(name)), []);
});

test('settings.train fits on the first rows alone', async () => {
  const { page } = await blank();
  const [whole, part, rows] = await page.evaluate(async (series) => {
    const limit = async (/** @type {number | string | undefined} */ train) => {
      window.widget.settings = { train };
      return (await window.widget.load(series)).limits.at(-1);
    };
    return [await limit(undefined), await limit('50%'), await limit(600)];
  }, wave());
  assert.notEqual(part, whole);
  assert.equal(part, rows);
});

test('what is given later wins over what was begun before', async () => {
  const { page } = await blank();
  const got = await page.evaluate(async ({ first, second }) => {
    const given = window.widget.load(first).then(() => 'shown', (error) => error.name);
    const report = await window.widget.load(second);
    return { given: await given, rows: report.times.length, state: window.widget.state, errors: window.heard.filter((name) => name === 'error') };
  }, { first: wave(), second: wave({ rows: 700, spikeAt: 300 }) });
  assert.deepEqual(got, { given: 'AbortError', rows: 700, state: 'ready', errors: [] });
});

test('a stream that never ends is given up for what comes next', async () => {
  const { page } = await blank();
  const got = await page.evaluate(async (series) => {
    const first = window.widget.load(new ReadableStream()).catch((error) => error.name);
    await new Promise((read) => setTimeout(read, 50));
    const report = await window.widget.load(series);
    return { first: await first, rows: report.times.length, state: window.widget.state };
  }, wave());
  assert.deepEqual(got, { first: 'AbortError', rows: 1200, state: 'ready' });
});

test('the list and the keys walk the events', async () => {
  const { page } = await ready('?detector=knn&threshold=quantile%200.02');
  const chart = page.locator('#widget [part=chart]');
  await chart.focus();
  await page.keyboard.press('n');
  const first = await page.locator('#widget [aria-current=true] b').textContent();
  await page.keyboard.press('n');
  assert.notEqual(await page.locator('#widget [aria-current=true] b').textContent(), first);
  assert.match(await page.locator('#widget [aria-live]').textContent() ?? '', /Severity/);
  await page.keyboard.press('Enter');
  const view = await page.evaluate(() => window.widget.view);
  assert.ok(view !== null);
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => window.widget.view), null);
  await page.locator('#widget .event').first().click();
  assert.equal(await page.locator('#widget li[aria-current=true]').count(), 1);
});

test('dragging zooms, a double click shows all again, the pointer reads a sample', async () => {
  const { page } = await ready('?detector=knn');
  const box = await page.locator('#widget [part=chart]').boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 300, box.y + 100);
  assert.match(await page.locator('#widget [part=tooltip]').textContent() ?? '', /Value.*Score.*Limit/);
  await page.mouse.down();
  await page.mouse.move(box.x + 500, box.y + 120, { steps: 4 });
  await page.mouse.up();
  const view = await page.evaluate(() => window.widget.view);
  const full = await page.evaluate(() => { const { times } = window.widget.report; return times[times.length - 1] - times[0]; });
  assert.ok(view && Math.abs((view.to - view.from) / full - 200 / (box.width - 64)) < 0.02, JSON.stringify(view));
  await page.mouse.dblclick(box.x + 200, box.y + 100);
  assert.equal(await page.evaluate(() => window.widget.view), null);
});

test('a long series comes to the chart in parts and is drawn whole, with what changed in between', async () => {
  const { page, problems } = await blank('detector="holt-winters" capacity="500000" label="Load"');
  const got = await page.evaluate(async () => {
    const { widget } = window, rows = 450_000;
    const value = (/** @type {number} */ i) => Math.sin(i / 24 * 6.283) + (i % 90_001 === 90_000 ? 4 : 0);
    const pixels = async (/** @type {CanvasImageSource} */ image) => {
      const { clientWidth: width, clientHeight: height } = /** @type {HTMLElement} */ (widget.shadowRoot.querySelector('[part=chart]'));
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(width, height).getContext('2d'));
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, width, height).data;
    };
    const drawn = () => new Promise((next) => setTimeout(next, 600));
    const canvas = /** @type {HTMLCanvasElement} */ (widget.shadowRoot.querySelector('canvas'));
    await widget.load({ time: Float64Array.from({ length: rows }, (_, i) => 6e4 * i), value: Float64Array.from({ length: rows }, (_, i) => value(i)) });
    // The first part is with the chart, the rest is not.
    widget.sensitivity = 70;
    await widget.append(Array.from({ length: 3 }, (_, i) => ({ time: 6e4 * (rows + i), value: 2 })));
    await drawn();
    const [shown, whole] = [await pixels(canvas), await pixels(await createImageBitmap(await widget.toBlob({ scale: 1 })))];
    const other = shown.reduce((sum, byte, i) => sum + (byte === whole[i] ? 0 : 1), 0);
    return { other, size: shown.length, rows: widget.report.times.length };
  });
  assert.deepEqual(problems, []);
  assert.equal(got.rows, 450_003);
  assert.ok(got.size > 100_000);
  assert.equal(got.other, 0, `${got.other} of ${got.size} bytes differ from a picture of all rows at once`);
});

test('picture, files and state come out', async () => {
  const { page } = await blank('label="Load"');
  const got = await page.evaluate(async (series) => {
    const { widget } = window;
    await widget.load(series);
    const picture = await createImageBitmap(await widget.toBlob({ width: 500, scale: 2 }));
    const text = (/** @type {'events.csv' | 'events.json' | 'report.csv'} */ kind) => widget.export(kind).text();
    widget.view = { from: series.time[100], to: series.time[300] };
    const state = JSON.parse(JSON.stringify(widget.getState()));
    widget.view = null;
    await widget.setState(state);
    return { width: picture.width, view: widget.view, wanted: state.view, events: await text('events.csv'), json: JSON.parse(await text('events.json')), report: await text('report.csv') };
  }, wave());
  assert.equal(got.width, 1000);
  assert.deepEqual(got.view, got.wanted);
  assert.equal(got.events.trim().split('\n').length, got.json.length + 1);
  const lines = got.report.trim().split('\n');
  assert.equal(lines.length, 1201);
  assert.match(lines[901], /^2024-01-01T15:00:00\.000Z,1\d\.\d+,[\d.]+,.*,1$/);
});

test('times are shown in the zone and the language that are asked for', async () => {
  const { page } = await blank('locale="de" time-zone="Europe/Berlin"');
  await page.evaluate((series) => window.widget.load(series), wave());
  const text = await page.locator('anomaly-widget .event b').first().textContent();
  assert.match(text ?? '', /^Mo.*1\. Jan.*1[56]:\d\d$/);
});

test('a removed element ends its worker, and one put back goes on', async () => {
  const { page } = await blank();
  await page.evaluate((series) => window.widget.load(series), wave());
  const workers = () => page.workers().length;
  assert.equal(workers(), 1);
  await page.evaluate(async () => { const box = /** @type {ParentNode} */ (window.widget.parentNode); window.widget.remove(); await new Promise((then) => setTimeout(then, 200)); window.box = box; });
  assert.equal(workers(), 0);
  await page.evaluate(() => window.box.append(window.widget));
  await page.waitForFunction(() => window.heard.filter((name) => name === 'ready').length === 2);
  assert.equal(workers(), 1);
});

test('many elements share a few workers, and one that leaves takes nothing from the others', async () => {
  const { page, problems } = await blank();
  await page.evaluate(async (series) => {
    document.body.innerHTML = '<anomaly-widget detector="knn"></anomaly-widget>'.repeat(7);
    const all = [...document.querySelectorAll('anomaly-widget')];
    await Promise.all(all.map((one) => /** @type {any} */ (one).load(series)));
  }, wave());
  assert.ok(page.workers().length <= 4, `${page.workers().length} workers`);
  const left = await page.evaluate(async (series) => {
    const [first, ...others] = /** @type {any[]} */ ([...document.querySelectorAll('anomaly-widget')]);
    const given = new AbortController();
    const aborted = first.load(series, { signal: given.signal }).catch((/** @type {Error} */ error) => error.name);
    const going = others.map((one) => one.load(series));
    given.abort();
    for (const one of others.slice(3)) one.remove();
    // Scores that are there are decided anew, and a removed element's load ends in its own way.
    const [name] = await Promise.all([aborted, ...going.slice(0, 3), ...going.slice(3).map((load) => load.catch(() => {}))]);
    others[0].sensitivity = 10;
    await new Promise((told) => { others[0].addEventListener('anomaly-detect', told, { once: true }); });
    return { name, states: others.slice(0, 3).map((one) => one.state) };
  }, wave());
  assert.deepEqual(left, { name: 'AbortError', states: ['ready', 'ready', 'ready'] });
  assert.deepEqual(problems, []);
});

test('a chart that cannot be seen is drawn when it comes near', async () => {
  const { page } = await blank();
  await page.evaluate(async (series) => {
    document.body.style.paddingTop = '4000px';
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next, 100)));
    await window.widget.load(series);
    await new Promise((next) => setTimeout(next, 100));
  }, wave());
  const painted = () => page.evaluate(() => {
    const canvas = window.widget.shadowRoot?.querySelector('canvas');
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return pixels.some((byte) => byte > 0);
  });
  assert.equal(await painted(), false);
  await page.evaluate(() => window.widget.scrollIntoView());
  await page.waitForTimeout(200);
  assert.equal(await painted(), true);
});

test('the scripts keep their budget', () => {
  const bytes = (/** @type {string[]} */ ...names) => names.reduce((sum, name) => sum + gzipSync(readFileSync(join(root, 'pkg', name)), { level: 9 }).length, 0);
  const first = bytes('anomaly-widget.js', 'worker.js');
  assert.ok(first <= FIRST_BUDGET, `${first} bytes before the first picture`);
  const later = bytes('reader.js', 'stream.js', 'more.js');
  assert.ok(later <= LATER_BUDGET, `${later} bytes when they are needed`);
  // What is loaded later is not a part of what is loaded first.
  assert.deepEqual([...readFileSync(join(root, 'pkg/anomaly-widget.js'), 'utf8').matchAll(/\bfrom\s*["']/g)], []);
});
