// The parts of the package that are loaded when they are needed: what is loaded when, and what happens meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, wave } from './harness.mjs';

const { blank } = await open();

/** The package's scripts that were asked for. @param {string[]} requests */
const scripts = (requests) => requests.map((address) => /pkg\/([\w-]+)\.js/.exec(address)?.[1]).filter((name) => name && name !== 'worker');

test('a part is loaded when it is needed, and not before', async () => {
  const { page, requests } = await blank();
  await page.waitForFunction(() => window.widget.shadowRoot?.querySelectorAll('option').length);
  assert.deepEqual(scripts(requests), ['define', 'anomaly-widget']);
  await page.evaluate((series) => window.widget.load(series), wave());
  assert.deepEqual(scripts(requests).slice(2), ['reader']);
  await page.evaluate(() => window.widget.append([{ x: Date.UTC(2030, 0, 1), y: 1 }]));
  assert.deepEqual(scripts(requests).slice(3), ['stream']);
});

test('rows that a given connection brings before its reader is there are counted', async () => {
  const { page } = await blank();
  let late = () => {};
  const wanted = new Promise((then) => { late = () => then(undefined); });
  await page.route('**/pkg/stream.js', async (route) => {
    await wanted;
    await route.continue();
  });
  await page.routeWebSocket('**/given', (socket) => { for (let i = 0; i < 5; i += 1) socket.send(`[[${1000 * i},${i}],[${1000 * i + 500},1]]`); });
  await page.evaluate(() => new Promise((then) => {
    const socket = new WebSocket(new URL('/given', location.href.replace('http', 'ws')).href);
    let frames = 0;
    socket.addEventListener('message', () => { if (++frames === 5) then(undefined); });
    window.widget.connect(socket);
    if (window.widget.feedStats.state !== 'connecting') throw new Error('it is not said that there is a feed');
  }));
  late();
  await page.waitForFunction(() => window.widget.feedStats.used === 10);
  assert.equal(await page.evaluate(() => window.widget.feedStats.state), 'open');
});

test('a feed that is given up before its reader is there is not opened', async () => {
  const { page } = await blank();
  let opened = 0;
  await page.routeWebSocket('**/given', () => { opened += 1; });
  await page.evaluate(async () => {
    window.widget.connect('/given'.replace(/^/, location.origin.replace('http', 'ws')));
    window.widget.disconnect();
    await window.widget.append([{ x: 0, y: 1 }]).catch(() => {});
  });
  assert.equal(opened, 0);
  assert.equal(await page.evaluate(() => window.widget.feedStats.state), 'idle');
});

test('a part that is missing is said, and what there is stays', async () => {
  const { page } = await blank();
  await page.route('**/pkg/reader.js', (route) => route.fulfill({ status: 404, body: 'none' }));
  const rows = await page.evaluate(async (series) => (await window.widget.load(series)).times.length, wave());
  assert.equal(rows, 1200);
  assert.match(await page.locator('anomaly-widget .alert').innerText(), /part of the widget could not be loaded[\s\S]*reader\.js belongs beside/);
});
