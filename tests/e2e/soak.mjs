// A long run of one feed: `node tests/e2e/soak.mjs [--seconds 3600] [--rate 1000] [--every 60] [--detector pca]`. A socket sends so many
// rows a second and is cut every so often; every tenth of the time it prints what memory and frames do. The end
// fails unless the ledger adds up and memory has stayed flat.

import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { launch } from '../../scripts/browser.mjs';
import { serve } from '../../www/dev-server.mjs';

const { values } = parseArgs({ options: {
  seconds: { type: 'string', default: '3600' }, rate: { type: 'string', default: '1000' }, every: { type: 'string', default: '60' },
  detector: { type: 'string', default: 'pca' }, capacity: { type: 'string', default: '20000' },
} });
const [seconds, rate, every, capacity] = [values.seconds, values.rate, values.every, values.capacity].map(Number);

const sockets = new WebSocketServer({ port: 0, perMessageDeflate: false });
let row = 0, sent = 0;
const value = (/** @type {number} */ i) => Math.sin(i / 40) + 0.1 * Math.sin(i * 12.9898) + (i % 5000 === 3000 ? 4 : 0);
sockets.on('connection', (socket) => {
  const from = Date.now(), first = row;
  const timer = setInterval(() => {
    const due = first + Math.floor((Date.now() - from) / 1000 * rate);
    if (due <= row || socket.bufferedAmount > 1 << 24) return;
    socket.send(JSON.stringify(Array.from({ length: due - row }, (_, i) => [1.7e12 + row + i, value(row + i)])));
    sent += due - row;
    row = due;
  }, 20);
  const cut = setTimeout(() => socket.terminate(), every * 1000);
  socket.on('close', () => { clearInterval(timer); clearTimeout(cut); }).on('error', () => {});
});
/** Pages of wasm memory that the second half may take. */
const SPARE = 3;
const server = await serve();
const browser = await launch({ flags: ['--js-flags=--expose-gc', '--enable-precise-memory-info'] });
try {
  const page = await browser.newPage();
  // Memory is read from the instances that page and worker make.
  const watch = `(() => { const Made = WebAssembly.Instance; globalThis.memories = [];
    WebAssembly.Instance = function (...all) { const made = new Made(...all); memories.push(made.exports.memory); return made; }; })();`;
  await page.addInitScript(watch);
  await page.route('**/pkg/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: watch + await response.text() });
  });
  await page.addInitScript(() => {
    const frames = /** @type {number[]} */ ([]);
    Object.assign(window, { frames });
    let last = performance.now();
    const tick = () => { const now = performance.now(); frames.push(now - last); last = now; requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
  });
  await page.goto(`${server.url}examples/blank.html`);
  await page.evaluate(async ([detector, capacity, to]) => {
    await customElements.whenDefined('anomaly-widget');
    const widget = /** @type {any} */ (window).widget;
    Object.assign(widget, { detector, capacity });
    widget.settings = { train: 2000 };
    widget.connect(to, { minDelayMs: 50, maxDelayMs: 200 });
  }, [values.detector, capacity, `ws://localhost:${/** @type {any} */ (sockets.address()).port}/`]);
  const bytes = () => /** @type {any} */ (globalThis).memories.reduce((/** @type {number} */ sum, /** @type {any} */ memory) => sum + memory.buffer.byteLength, 0);
  const look = async () => ({ ...await page.evaluate(() => {
    const { widget, frames } = /** @type {any} */ (window);
    /** @type {any} */ (globalThis).gc();
    const sorted = frames.splice(0).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
    return { heap: /** @type {any} */ (performance).memory.usedJSHeapSize, p95: sorted[Math.floor(0.95 * sorted.length)] ?? 0, stats: widget.feedStats, events: widget.report?.events.length ?? 0 };
  }), wasm: await page.evaluate(bytes) + await page.workers()[0].evaluate(bytes) });
  const seen = [];
  for (let part = 1; part <= 10; part += 1) {
    await page.waitForTimeout(seconds * 100);
    const now = await look();
    seen.push(now);
    const { used, received, dropped, reconnects, lagMs } = now.stats;
    console.log(`${part * seconds / 10} s: wasm ${(now.wasm / 65536).toFixed(0)} pages, heap ${(now.heap / 2 ** 20).toFixed(1)} MB, frames p95 ${now.p95.toFixed(1)} ms, `
      + `used ${used} of ${received}, dropped ${dropped}, reconnects ${reconnects}, lag ${lagMs.toFixed(0)} ms, events ${now.events}`);
  }
  const [settled, end] = [seen[4], seen[9]];
  const { used, late, repeated, malformed, dropped, received } = end.stats;
  assert.equal(used + late + repeated + malformed + dropped, received);
  assert.ok(received > 0.5 * sent, `${received} of ${sent}`);
  // Holes between what is kept may cost a page or two more. One number kept of each row would be a page in eight seconds.
  assert.ok(end.wasm - settled.wasm <= SPARE * 65536, `wasm grew by ${(end.wasm - settled.wasm) / 65536} pages in the second half`);
  assert.ok(end.heap - settled.heap <= 2 * 2 ** 20, `the heap grew by ${(end.heap - settled.heap) / 2 ** 20} MB in the second half`);
  console.log('flat');
} finally {
  await browser.close();
  await server.close();
  sockets.close();
  for (const socket of sockets.clients) socket.terminate();
}
