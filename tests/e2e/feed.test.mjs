// Live feeds: rows arrive, are scored as if they had been there from the start, and every one is accounted for.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { faultServer } from './fault-server.mjs';
import { open, wave } from './harness.mjs';

const { open: visit, url } = await open();
const ws = url.replace('http', 'ws');

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
    // An event's id is that under which it was first seen.
    const plain = () => JSON.stringify(widget.report.events.map(({ id, settled, ...event }) => event));
    const scores = [...whole.scores], limits = [...whole.limits], events = plain();
    await widget.load({ time: time.slice(0, 600), value: value.slice(0, 600) });
    let at = 600;
    for (const rows of [1, 7, 200, 1, 300, 91]) {
      await widget.append({ time: time.slice(at, at + rows), value: value.slice(at, at + rows) });
      at += rows;
    }
    const { report } = widget;
    return { rows: report.times.length, scores: scores.every((score, i) => Object.is(score, report.scores[i])),
      limits: limits.every((limit, i) => Object.is(limit, report.limits[i])), events, live: plain() };
  }, wave());
  assert.equal(got.rows, 1200);
  assert.ok(got.scores && got.limits);
  assert.equal(got.live, got.events);
});

test('the live tab receives, scores and marks the planted anomaly', async () => {
  const { page, problems } = await visit('#live');
  const stream = page.locator('#stream');
  await page.evaluate((to) => {
    const { stream } = window;
    // From the beginning, and faster.
    stream.data = null;
    stream.connect(to);
  }, `${ws}feed?series=sensor-mote2&from=250&history=600&speed=400&plant=1150`);
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
  await page.evaluate((to) => {
    const { widget } = window;
    widget.detector = 'knn';
    widget.connect(to, { minDelayMs: 20, maxDelayMs: 100 });
  }, `${ws}feed?series=sensor-mote3&history=400&speed=300&plant=-1&drop=500&session=lost`);
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
    ws.send(JSON.stringify({ ...row(100), v: 7 }));
    ws.send('{"t": nonsense');
    ws.send(JSON.stringify([time[300], value[300]]));
    ws.send(`${new Date(time[301]).toISOString()},${value[301]}`);
    ws.send(Buffer.from(new Float64Array([time[302], value[302], time[303], value[303]]).buffer));
    ws.send(`${JSON.stringify(row(304))}\n${JSON.stringify(row(305))}`);
    ws.send(JSON.stringify(row(319)));
  });
  await page.evaluate((to) => window.widget.connect(to), `${ws}test`);
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
  await page.evaluate((to) => window.widget.connect(to), `${ws}test`);
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
  await page.evaluate((to) => window.widget.connect(to), `${ws}test`);
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

// ---------------------------------------------------------------- the page's life

/** A server that sends a row every few milliseconds on each connection, going on where the last one ended. @param {import('playwright-core').Page} page */
async function stream(page, { every = 5, rows = 100_000 } = {}) {
  const { time, value } = wave({ rows: 4000, spikeAt: 900, step: 1000 });
  const server = { sent: 0, connections: 0, open: 0 };
  await socket(page, (route) => {
    server.connections += 1;
    server.open += 1;
    if (server.sent === 0) route.send(JSON.stringify(time.slice(0, server.sent = 300).map((t, i) => [t, value[i]])));
    const timer = setInterval(() => {
      if (server.sent < Math.min(time.length, rows)) route.send(JSON.stringify([time[server.sent], value[server.sent++]]));
    }, every).unref();
    route.onClose(() => { server.open -= 1; clearInterval(timer); });
  });
  return server;
}

/** @param {import('playwright-core').Page} page @param {boolean} hidden */
const hide = (page, hidden) => page.evaluate((hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}, hidden);

test('a hidden page goes on receiving, draws nothing, and scores on return', async () => {
  const { page } = await blank();
  const server = await stream(page);
  await page.evaluate((to) => window.widget.connect(to), `${ws}test`);
  await page.waitForFunction(() => window.widget.report?.times.length > 320);
  await hide(page, true);
  await page.waitForTimeout(100);
  const before = await page.evaluate(() => {
    window.heard = [];
    window.widget.addEventListener('anomaly-feed', () => window.heard.push('feed'));
    return window.widget.report.times.length;
  });
  const sent = server.sent;
  while (server.sent <= sent + 20) await page.waitForTimeout(100);
  assert.equal(await page.evaluate(() => window.widget.report.times.length), before);
  assert.deepEqual(await page.evaluate(() => window.heard), []);
  const all = server.sent;
  await hide(page, false);
  await page.waitForFunction((n) => window.widget.feedStats.used >= n, all);
  const { used, received, gaps } = await page.evaluate(() => window.widget.feedStats);
  assert.deepEqual([received, gaps], [used, 0]);
});

test('a frozen page lets go of its connection and takes it up again', async () => {
  const { page } = await blank();
  const server = await stream(page);
  await page.evaluate((to) => window.widget.connect(to), `${ws}test`);
  await page.waitForFunction(() => window.widget.report?.times.length > 310);
  for (const [asleep, awake] of [['freeze', 'resume'], ['pagehide', 'pageshow']]) {
    await page.evaluate((type) => (type === 'freeze' ? document : window).dispatchEvent(new Event(type)), asleep);
    await page.waitForFunction(() => window.widget.feedStats.state === 'waiting' && window.widget.feedStats.retryInMs === undefined);
    assert.equal(server.open, 0);
    await page.evaluate((type) => (type === 'resume' ? document : window).dispatchEvent(new Event(type)), awake);
    await page.waitForFunction(() => window.widget.feedStats.state === 'open');
  }
  assert.equal(await page.evaluate(() => window.widget.feedStats.reconnects), 2);
});

test('without a network nothing is tried until it is back', async () => {
  const { page } = await blank();
  let up = true, tries = 0;
  await socket(page, (route) => {
    tries += 1;
    if (!up) route.close({ code: 1012 });
    else route.send(JSON.stringify([[1e9, 1]]));
  });
  await page.evaluate((to) => window.widget.connect(to, { minDelayMs: 20, maxDelayMs: 40 }), `${ws}test`);
  await page.waitForFunction(() => window.widget.feedStats.state === 'open');
  await page.evaluate(() => { Object.defineProperty(navigator, 'onLine', { value: false, configurable: true }); });
  up = false;
  await page.evaluate(() => { window.widget.retryNow(); document.dispatchEvent(new Event('freeze')); document.dispatchEvent(new Event('resume')); });
  await page.getByText('waiting for the network').first().waitFor();
  const before = tries;
  await page.waitForTimeout(150);
  assert.equal(tries, before);
  up = true;
  await page.evaluate(() => { Object.defineProperty(navigator, 'onLine', { value: true, configurable: true }); dispatchEvent(new Event('online')); });
  await page.waitForFunction(() => window.widget.feedStats.state === 'open');
});

test('an element that is moved keeps its connection; one that is put back takes up its feed', async () => {
  const { page } = await blank();
  const server = await stream(page);
  await page.evaluate((to) => window.widget.connect(to), `${ws}test`);
  await page.waitForFunction(() => window.widget.report?.times.length > 310);
  await page.evaluate(() => { const box = document.createElement('div'); document.body.append(box); box.append(window.widget); });
  await page.waitForTimeout(50);
  assert.deepEqual([server.connections, server.open], [1, 1]);
  // Out of the document it has no name there.
  await page.evaluate(() => { window.stream = window.widget; window.stream.remove(); });
  await page.waitForTimeout(100);
  assert.equal(server.open, 0);
  const rows = await page.evaluate(() => window.stream.report.times.length);
  await page.evaluate(() => document.body.append(/** @type {any} */ (window.stream)));
  await page.waitForFunction((n) => window.widget.report?.times.length > n + 20, rows);
  const { received, used, late, repeated, dropped, malformed, reconnects } = await page.evaluate(() => window.widget.feedStats);
  assert.equal(used + late + repeated + dropped + malformed, received);
  assert.deepEqual([server.connections, reconnects], [2, 1]);
});

test('a policy that forbids the address is not tried again', async () => {
  const { page } = await visit('examples/blank.html');
  await page.evaluate(() => {
    const meta = document.createElement('meta');
    Object.assign(meta, { httpEquiv: 'Content-Security-Policy', content: "connect-src 'self'" });
    document.head.append(meta);
    window.widget.connect('wss://elsewhere.invalid/feed', { minDelayMs: 10 });
  });
  await page.waitForFunction(() => window.widget.feedStats.state === 'failed');
  await page.waitForTimeout(100);
  assert.equal(await page.evaluate(() => window.widget.feedStats.reconnects), 0);
});

test('the ledger unfolds and shows the last frame that could not be read', async () => {
  const { page } = await blank();
  await socket(page, (route) => {
    route.send(JSON.stringify([[1e9, 1], [1e9 + 1, 2]]));
    route.send('no data at all');
  });
  await page.evaluate((to) => window.widget.connect(to), `${ws}test`);
  const ledger = page.locator('#widget details');
  await ledger.getByText('2 of 3 rows used').click();
  await ledger.getByText('no data at all').waitFor();
  assert.match(await ledger.locator('dl').textContent() ?? '', /Received3.*Used2.*Malformed1/);
});

test('an event source that the page has made is taken as it is', async () => {
  const { page } = await blank();
  await page.evaluate(() => window.widget.connect(new EventSource('/feed?series=sensor-mote3&history=300&speed=100&plant=-1')));
  await page.waitForFunction(() => window.widget.report?.times.length > 320);
  assert.equal(await page.evaluate(() => window.widget.feedStats.state), 'open');
});

test('a feed in the shape of exchange ticks, of telemetry lines and of metrics events', async () => {
  const { page, problems } = await visit('examples/feeds.html');
  await page.waitForFunction(() => /** @type {any[]} */ ([...document.querySelectorAll('anomaly-widget')]).every((widget) => (widget.report?.times.length ?? 0) > 300), null, { timeout: 20_000 });
  const stats = await page.evaluate(() => /** @type {any[]} */ ([...document.querySelectorAll('anomaly-widget')]).map((widget) => widget.feedStats));
  for (const { used, received, malformed } of stats) assert.ok(used === received && malformed === 0, JSON.stringify(stats));
  assert.equal(stats.length, 4);
  assert.deepEqual(problems, []);
});

test('a million rows at once leave the page alive and the ledger exact', async () => {
  const { page } = await blank();
  const server = await faultServer(() => Array.from({ length: 20 }, (_, n) => {
    const packed = new Float64Array(100_000);
    for (let i = 0; i < 50_000; i += 1) packed.set([1.7e12 + (50_000 * n + i) * 1000, Math.sin((50_000 * n + i) / 9)], 2 * i);
    return { send: Buffer.from(packed.buffer) };
  }));
  after(() => server.close());
  const longest = await page.evaluate(async (to) => {
    const { widget } = window;
    widget.detector = 'pca';
    widget.capacity = 20_000;
    let longest = 0, last = performance.now();
    const frame = () => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    widget.connect(to);
    await new Promise((done) => widget.addEventListener('anomaly-feed', () => { if (widget.feedStats.received === 1_000_000) done(undefined); }));
    return longest;
  }, server.ws);
  const { received, used, dropped } = await page.evaluate(() => window.widget.feedStats);
  assert.deepEqual([received, used + dropped], [1_000_000, 1_000_000]);
  assert.ok(longest < 2000, `the page stood still for ${longest} ms`);
});

/** @typedef {{ nodes: number, jsEventListeners: number, workers: number, sockets: number }} Count */

/**
 * What a page holds once what ended has ended; its own element has a worker.
 * @param {import('playwright-core').Page} page
 * @param {() => number} sockets that are open
 */
async function counter(page, sockets) {
  const session = await page.context().newCDPSession(page);
  // One that was ended while it started may stay in the list of the page; it does not answer.
  const answers = (/** @type {import('playwright-core').Worker} */ worker) =>
    Promise.race([worker.evaluate(() => true).catch(() => false), page.waitForTimeout(1000).then(() => false)]);
  const alive = async () => (await Promise.all(page.workers().map(answers))).filter(Boolean).length;
  /** @returns {Promise<Count>} */
  return async () => {
    // Closing a connection takes both ends, and a worker ends in its own time.
    let workers = await alive();
    for (let i = 0; i < 500 && (sockets() > 0 || workers > 1); i += 1) {
      await page.waitForTimeout(20);
      workers = await alive();
    }
    for (let i = 0; i < 3; i += 1) await session.send('HeapProfiler.collectGarbage');
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
    return { nodes, jsEventListeners, workers, sockets: sockets() };
  };
}

/** @param {Count} before @param {Count} end */
function nothingLeft(before, end) {
  assert.deepEqual([end.workers, end.sockets], [1, 0]);
  assert.ok(end.nodes <= before.nodes + 10 && end.jsEventListeners <= before.jsEventListeners + 10, JSON.stringify({ before, end }));
}

/** How often something is done that leaves nothing behind; by hand a thousand times. @param {number} usual */
const times = (usual) => Number(process.env.TIMES ?? usual);

test('attached and detached again and again, it leaves nothing behind', async () => {
  const { page } = await blank();
  const { time, value } = wave({ rows: 300 });
  const server = await faultServer(() => [{ send: JSON.stringify(time.map((t, i) => [t, value[i]])) }]);
  after(() => server.close());
  const count = await counter(page, () => server.open());
  const attach = (/** @type {number} */ times) => page.evaluate(async ([times, to]) => {
    for (let i = 0; i < Number(times); i += 1) {
      const widget = /** @type {any} */ (document.createElement('anomaly-widget'));
      widget.detector = 'knn';
      document.body.append(widget);
      widget.connect(to);
      await new Promise((on) => setTimeout(on, 20));
      widget.remove();
      await new Promise((on) => setTimeout(on, 10));
    }
  }, [times, server.ws]);
  await attach(10);
  const before = await count();
  await attach(times(20));
  nothingLeft(before, await count());
});

test('loaded and removed, or analysed and disposed, again and again, it leaves nothing behind', async () => {
  const { page } = await blank();
  const count = await counter(page, () => 0);
  const load = (/** @type {number} */ times) => page.evaluate(async ([times, { time, value }]) => {
    const { createEngine } = await import(/** @type {any} */ ('/pkg/anomaly-widget.js'));
    for (let i = 0; i < times; i += 1) {
      const widget = /** @type {any} */ (document.createElement('anomaly-widget'));
      widget.detector = 'pca';
      document.body.append(widget);
      await widget.load({ time, value });
      widget.remove();
      const engine = await createEngine();
      await engine.analyse({ time, value }, { detector: 'pca' });
      engine.dispose();
    }
  }, /** @type {const} */ ([times, wave({ rows: 300 })]));
  await load(3);
  const before = await count();
  await load(times(3));
  nothingLeft(before, await count());
});
