// A reader's hands on the element: what the page's thread works in each frame of a gesture, and how long a step of
// the sensitivity takes until the events are decided anew.

import { marked, trace } from './trace.mjs';

/** @typedef {Record<string, any>} Row */
/** @typedef {import('playwright-core').Page} Page */

const part = (/** @type {number[]} */ values, /** @type {number} */ p) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))];

/** Gestures, each of so many steps on the page's only element. @type {Record<string, { steps: number, step: (page: Page, i: number, at: { x: number, y: number }) => Promise<void> }>} */
const gestures = {
  nothing: { steps: 60, step: async () => {} },
  'cross-hair': { steps: 80, step: (page, i, { x, y }) => page.mouse.move(x + 3 * i, y + (i % 7)) },
  zoom: { steps: 60, step: (page, i) => page.mouse.wheel(0, i < 30 ? -120 : 120) },
  pan: { steps: 60, step: (page, i) => page.mouse.wheel(i < 30 ? 60 : -60, 0) },
  drag: { steps: 60, step: (page, i, { x, y }) => page.mouse.move(x + 3 * i, y) },
};

/**
 * Frames under each gesture, over the loaded element.
 * @param {Page} page
 * @returns {Promise<Row[]>} milliseconds: `work` of the page's thread between two frames, and the `interval` between them
 */
export async function frames(page) {
  const box = await page.locator('anomaly-widget').boundingBox();
  if (!box) throw new Error('there is no element');
  const at = { x: box.x + 200, y: box.y + 180 };
  // The wheel zooms a chart that has the focus.
  await page.mouse.click(at.x, at.y);
  await page.evaluate(() => {
    const mark = () => { performance.mark('hands'); requestAnimationFrame(mark); };
    requestAnimationFrame(mark);
  });
  const results = [];
  for (const [gesture, { steps, step }] of Object.entries(gestures)) {
    await page.mouse.move(at.x, at.y);
    // Panned and dragged is what is zoomed in.
    if (gesture === 'pan') for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -120);
    if (gesture === 'drag') await page.mouse.down();
    await page.waitForTimeout(300);
    const end = await trace(page);
    for (let i = 0; i < steps; i++) {
      await step(page, i, at);
      await page.waitForTimeout(12);
    }
    const { marks, tasks } = marked(await end(), 'hands');
    if (gesture === 'drag') await page.mouse.up();
    const pairs = marks.slice(1).map((mark, i) => [marks[i].ts, mark.ts]);
    const work = pairs.map(([from, to]) => tasks.filter((e) => e.ts >= from && e.ts < to).reduce((all, e) => all + (e.dur ?? 0), 0) / 1000);
    const intervals = pairs.map(([from, to]) => (to - from) / 1000);
    results.push({ gesture, work: part(work, 0.5), work95: part(work, 0.95), interval: part(intervals, 0.5), interval95: part(intervals, 0.95) });
  }
  return results;
}

/**
 * Steps of the sensitivity, each until the element has told which events are other than before.
 * @param {Page} page
 * @returns {Promise<Row>} milliseconds, and how many events there are at the end
 */
export async function decisions(page) {
  const { times, events } = await page.evaluate(async () => {
    const widget = /** @type {any} */ (document.querySelector('anomaly-widget'));
    const times = [];
    for (let i = 0; i < 30; i++) {
      const from = performance.now();
      const told = new Promise((done) => widget.addEventListener('anomaly-detect', () => done(performance.now() - from), { once: true }));
      widget.sensitivity = 50 + (i % 2 ? 5 : -5) + i / 2;
      times.push(await Promise.race([told, new Promise((done) => setTimeout(done, 2000, Infinity))]));
      await new Promise((later) => setTimeout(later, 100));
    }
    return { times, events: widget.report.events.length };
  });
  return { events, decide: part(times, 0.5), decide95: part(times, 0.95) };
}
