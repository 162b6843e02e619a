// Every state as it looks, pixel by pixel: light and dark, at the device-pixel ratios that differ.
//
// The pictures in tests/pixels/ are what it should look like: `npm run pixels` makes them anew, and a change of them is
// looked at before it is committed. The font comes from a package, so that no machine's own fonts show. Another Chromium,
// or another system's, draws letters and edges otherwise: there these tests are left out, and say so.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { open, root, wave } from './harness.mjs';

/** The part of the pixels that may differ, and from where on a channel of a pixel does. */
const MOST = 0.001, CHANNEL = 32;
const RENEW = process.env.PIXELS === 'renew';
const folder = join(root, 'tests/pixels');
/** What drew the pictures. */
const made = join(folder, 'made-by');
if (RENEW) mkdirSync(folder, { recursive: true });

const { blank } = await open();
const resolve = createRequire(import.meta.url).resolve;
const faces = [400, 600].map((weight) => `@font-face { font-family: Pinned; font-weight: ${weight}; src: url(data:font/woff2;base64,${
  readFileSync(resolve(`@fontsource/inter/files/inter-latin-${weight}-normal.woff2`)).toString('base64')}); }`).join('\n');

/** Each goes on from the one before. @type {Record<string, (page: import('playwright-core').Page) => Promise<unknown>>} */
const states = {
  // The picker is filled when the engine is there.
  empty: (page) => page.locator('anomaly-widget select').first().locator('option[value=knn]').waitFor({ state: 'attached' }),
  loading: (page) => page.evaluate(() => { window.widget.load(new ReadableStream()).catch(() => {}); }),
  error: (page) => page.evaluate(() => window.widget.load(new Blob(['time,value\n2024-01-01,high\n'])).catch(() => {})),
  ready: (page) => page.evaluate((series) => window.widget.load(series), wave()),
  chosen: async (page) => {
    await page.locator('.event').first().click();
    await page.locator('figcaption').waitFor();
    await page.mouse.move(0, 0);
  },
  live: async (page) => {
    const { time, value } = wave();
    await page.routeWebSocket('**/test', (socket) => socket.send(JSON.stringify(time.slice(0, 1000).map((t, i) => ({ t, v: value[i] })))));
    await page.evaluate(() => { window.widget.data = null; window.widget.feed = `${location.origin.replace('http', 'ws')}/test`; });
    await page.waitForFunction(() => window.widget.state === 'live' && window.widget.report?.times.length === 1000 && window.widget.report.events.length > 0);
  },
};

/** Where the pictures differ: pixels, and pixels in all. @param {import('playwright-core').Page} page @param {Buffer} got @param {Buffer} want */
function difference(page, got, want) {
  return page.evaluate(async ({ pictures, channel }) => {
    const [a, b] = await Promise.all(pictures.map(async (data) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height);
    }));
    const all = a.width * a.height;
    if (a.width !== b.width || a.height !== b.height) return { all, differ: all };
    let differ = 0;
    for (let i = 0; i < a.data.length; i += 4) differ += Number([0, 1, 2].some((c) => Math.abs(a.data[i + c] - b.data[i + c]) > channel));
    return { all, differ };
  }, { pictures: [got, want].map((png) => png.toString('base64')), channel: CHANNEL });
}

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const ratio of [1, 1.5, 2]) {
    test(`${colorScheme}, at ratio ${ratio}`, async (t) => {
      const { page } = await blank('controls label="Load"', { colorScheme, deviceScaleFactor: ratio, viewport: { width: 720, height: 400 }, locale: 'en-GB', timezoneId: 'UTC' });
      const drawer = `Chromium ${page.context().browser()?.version().split('.')[0]} on ${process.platform}`;
      if (RENEW) writeFileSync(made, drawer);
      else if (drawer !== readFileSync(made, 'utf8')) return t.skip(`this is ${drawer}, the pictures are of ${readFileSync(made, 'utf8')}`);
      await page.addStyleTag({ content: `${faces}\nanomaly-widget { --anomaly-font: Pinned; } body { margin: 0; } body > div { height: 400px !important; }` });
      await page.evaluate(() => Promise.all([400, 600].map((weight) => document.fonts.load(`${weight} 14px Pinned`))));
      const wrong = [];
      for (const [state, reach] of Object.entries(states)) {
        await reach(page);
        // What has been asked for is painted after two frames.
        await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
        const got = await page.screenshot();
        const name = `${state}-${colorScheme}-${ratio}.png`;
        if (RENEW) {
          writeFileSync(join(folder, name), got);
          continue;
        }
        assert.ok(existsSync(join(folder, name)), `tests/pixels/${name} is missing: npm run pixels`);
        const { all, differ } = await difference(page, got, readFileSync(join(folder, name)));
        if (differ <= MOST * all) continue;
        writeFileSync(join(tmpdir(), name), got);
        wrong.push(`${name}: ${differ} of ${all} pixels differ; what was drawn is in ${tmpdir()}`);
      }
      assert.deepEqual(wrong, []);
      await page.context().close();
    });
  }
}
