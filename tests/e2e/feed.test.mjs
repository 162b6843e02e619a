// Live feeds: rows arrive, are scored as if they had been there from the start, and every one is accounted for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, wave } from './harness.mjs';

const { open: visit } = await open();

/** An empty page whose element has no detector to fetch. */
async function blank() {
  const opened = await visit('examples/blank.html');
  await opened.page.evaluate(async () => {
    await customElements.whenDefined('anomaly-widget');
    window.widget.detector = 'knn';
  });
  return opened;
}

/** A socket at /test whose server is this function. @param {import('playwright-core').Page} page @param {(socket: import('playwright-core').WebSocketRoute) => void} server */
const socket = (page, server) => page.routeWebSocket('**/test', server);

test('rows appended in any chunks end with the scores of the whole', async () => {
  const { page } = await blank();
  const got = await page.evaluate(async ({ time, value }) => {
    const { widget } = window;
    widget.settings = { train: 600 };
    const whole = await widget.load({ time, value });
    const scores = [...whole.scores], limits = [...whole.limits], events = JSON.stringify(whole.events);
    await widget.load({ time: time.slice(0, 600), value: value.slice(0, 600) });
    let at = 600;
    for (const rows of [1, 7, 200, 1, 300, 91]) {
      await widget.append({ time: time.slice(at, at + rows), value: value.slice(at, at + rows) });
      at += rows;
    }
    const { report } = widget;
    return { rows: report.times.length, scores: scores.every((score, i) => Object.is(score, report.scores[i])),
      limits: limits.every((limit, i) => Object.is(limit, report.limits[i])), events, live: JSON.stringify(report.events) };
  }, wave());
  assert.equal(got.rows, 1200);
  assert.ok(got.scores && got.limits);
  assert.equal(got.live, got.events);
});

test('the live tab receives, scores and marks the planted anomaly', async () => {
  const { page, problems } = await visit('#live');
  const stream = page.locator('#stream');
  await page.evaluate(() => {
    const { stream } = window;
    // From the beginning, and faster.
    stream.data = null;
    stream.connect('/feed?series=sensor-mote2&from=250&history=600&speed=400&plant=1150');
  });
  await page.waitForFunction(() => window.stream.report?.times.length > 1000, null, { timeout: 20_000 });
  const got = await page.evaluate(() => {
    const { report, feedStats, state } = window.stream;
    // The row numbered 1150 in the file is the feed's 900th.
    const planted = report.events.some((event) => event.start <= report.times[905] && event.end > report.times[905]);
    return { planted, feedStats, state };
  });
  assert.ok(got.planted);
  assert.equal(got.state, 'live');
  assert.equal(got.feedStats.used, got.feedStats.received);
  await stream.locator('footer', { hasText: 'Live' }).waitFor();
  assert.deepEqual(problems, []);
});

test('a lost connection is opened again, and no row is lost or counted twice', async () => {
  const { page } = await visit('examples/blank.html');
  await page.evaluate(() => {
    const { widget } = window;
    widget.detector = 'knn';
    widget.connect('/feed?series=sensor-mote3&history=400&speed=300&plant=-1&drop=500&session=lost', { minDelayMs: 20, maxDelayMs: 100 });
  });
  await page.waitForFunction(() => window.widget.feedStats.reconnects >= 2, null, { timeout: 20_000 });
  await page.waitForFunction(() => window.widget.report?.times.length > 1100, null, { timeout: 20_000 });
  const { stats, even } = await page.evaluate(() => {
    const { feedStats, report } = window.widget;
    return { stats: feedStats, even: report.times.every((time, i) => i === 0 || time - report.times[i - 1] === 5000) };
  });
  assert.ok(even, 'the rows follow each other');
  assert.equal(stats.used + stats.late + stats.repeated + stats.malformed + stats.dropped, stats.received);
  assert.deepEqual([stats.late, stats.repeated, stats.malformed, stats.dropped, stats.gaps], [0, 0, 0, 0, 0]);
});

test('late, repeated and unreadable frames are counted, and end nothing', async () => {
  const { page } = await blank();
  const { time, value } = wave({ rows: 320, spikeAt: 290, step: 1000 });
  await socket(page, (ws) => {
    const row = (/** @type {number} */ i) => ({ t: time[i], v: value[i] });
    ws.send(JSON.stringify(time.slice(0, 300).map((_, i) => row(i))));
    ws.send(JSON.stringify(row(299)));
    ws.send(JSON.stringify(row(100)));
    ws.send('{"t": nonsense');
    ws.send(JSON.stringify([time[300], value[300]]));
    ws.send(`${new Date(time[301]).toISOString()},${value[301]}`);
    ws.send(Buffer.from(new Float64Array([time[302], value[302], time[303], value[303]]).buffer));
    ws.send(`${JSON.stringify(row(304))}\n${JSON.stringify(row(305))}`);
    ws.send(JSON.stringify(row(319)));
  });
  await page.evaluate(() => window.widget.connect('/test'));
  await page.waitForFunction(() => window.widget.feedStats.used === 307);
  const { feedStats: stats, state } = await page.evaluate(() => ({ feedStats: window.widget.feedStats, state: window.widget.state }));
  assert.deepEqual([stats.received, stats.used, stats.late, stats.repeated, stats.malformed, stats.gaps], [310, 307, 1, 1, 1, 1]);
  assert.equal(state, 'live');
});

test('what is collected until there is enough to learn from is said', async () => {
  const { page } = await blank();
  const { time, value } = wave({ rows: 260, step: 1000 });
  /** @type {import('playwright-core').WebSocketRoute | undefined} */
  let server;
  await socket(page, (ws) => {
    server = ws;
    ws.send(JSON.stringify(time.slice(0, 100).map((t, i) => [t, value[i]])));
  });
  await page.evaluate(() => window.widget.connect('/test'));
  await page.getByText('Collecting 100 of 240 points').first().waitFor();
  server?.send(JSON.stringify(time.slice(100).map((t, i) => [t, value[100 + i]])));
  await page.waitForFunction(() => window.widget.report?.times.length === 260);
});

test('an address that is refused for good fails with a message, and retryNow tries again', async () => {
  const { page } = await blank();
  let refuse = true;
  await socket(page, (ws) => {
    if (refuse) ws.close({ code: 1008, reason: 'not allowed' });
    else ws.send(JSON.stringify([[0, 1]]));
  });
  await page.evaluate(() => window.widget.connect('/test'));
  await page.waitForFunction(() => window.widget.state === 'error' && window.widget.feedStats.state === 'failed');
  assert.match(await page.getByRole('alert').textContent() ?? '', /feed could not be opened/);
  refuse = false;
  await page.evaluate(() => window.widget.retryNow());
  await page.waitForFunction(() => window.widget.state === 'live');
});

test('no more rows are kept than the capacity', async () => {
  const { page } = await blank();
  const got = await page.evaluate(async ({ time, value }) => {
    const { widget } = window;
    widget.capacity = 500;
    await widget.load({ time: time.slice(0, 400), value: value.slice(0, 400) });
    for (let at = 400; at < 1200; at += 50) await widget.append({ time: time.slice(at, at + 50), value: value.slice(at, at + 50) });
    const { report } = widget;
    return { rows: report.times.length, last: report.times.at(-1) === time[1199], spike: report.events.some((event) => event.start <= time[900] && event.end > time[900]) };
  }, wave());
  assert.ok(got.rows >= 500 && got.rows <= 525, String(got.rows));
  assert.ok(got.last && got.spike);
});
