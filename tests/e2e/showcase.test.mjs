// The demo page as a showcase: own files, other limits, other detectors, the snippet, and no network.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { csv, open, wave } from './harness.mjs';

const { open: visit, blank } = await open();

test('an own file, another limit, and the snippet that says so', async () => {
  const { page, problems } = await visit('?detector=knn');
  await page.waitForFunction(() => window.widget.state === 'ready');
  await page.locator('#picked').setInputFiles({ name: 'mine.csv', mimeType: 'text/csv', buffer: Buffer.from(csv(wave())) });
  await page.waitForFunction(() => window.widget.report.times.length === 1200);
  assert.equal(await page.evaluate(() => window.widget.label), 'mine.csv');
  assert.equal(await page.locator('#series option:checked').textContent(), 'mine.csv');
  await page.locator('#threshold').selectOption('sigma 4');
  assert.equal(await page.evaluate(() => window.widget.threshold), 'sigma 4');
  assert.match(await page.locator('#sent').textContent() ?? '', /^0 bytes left this page\. It loaded \d+ files .* and 0 from elsewhere/);
  await page.locator('#compare').check();
  assert.match(await page.evaluate(() => window.widget.compare), /pca,knn/);
  await page.locator('#tab-embed').click();
  assert.match(await page.locator('#snippet').textContent() ?? '', /<anomaly-widget src="readings\.csv" .*detector="knn" threshold="sigma 4" compare="pca,knn/);
  assert.deepEqual(problems, []);
});

test('the demo works without a network after the first load', async () => {
  const { page } = await visit('?detector=knn');
  await page.waitForFunction(() => window.widget.state === 'ready');
  await page.evaluate(() => navigator.serviceWorker.ready.then((registration) => new Promise((active) => {
    const { active: worker } = registration;
    if (!worker || worker.state === 'activated') active(undefined);
    else worker.addEventListener('statechange', () => worker.state === 'activated' && active(undefined));
  })));
  await page.context().setOffline(true);
  await page.reload();
  await page.waitForFunction(() => window.widget.state === 'ready');
  await page.locator('#series').selectOption('us-births');
  await page.waitForFunction(() => window.widget.report.times.length === 5479 && window.widget.state === 'ready');
  await page.context().setOffline(false);
});

for (const way of /** @type {const} */ (['mouse', 'touch'])) {
  test(`an analyst does it all by ${way} alone`, async () => {
    const { page } = await blank('controls label="Load"', { hasTouch: way === 'touch' });
    const press = (/** @type {import('playwright-core').Locator} */ target) => (way === 'touch' ? target.tap() : target.click());
    const from = Date.now();
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press(page.getByRole('button', { name: 'Open a file' }))]);
    await chooser.setFiles({ name: 'load.csv', mimeType: 'text/csv', buffer: Buffer.from(csv(wave())) });
    await press(page.locator('.event').first());
    assert.match(await page.locator('.more p').first().textContent() ?? '', /^At the peak/);
    await press(page.locator('[data-does=normal]'));
    const limit = await page.locator('.limit').boundingBox();
    assert.ok(limit);
    const [x, y] = [limit.x + 30, limit.y + limit.height / 2];
    if (way === 'mouse') {
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, y + 6, { steps: 2 });
      await page.mouse.up();
    } else {
      const client = await page.context().newCDPSession(page);
      const touch = (/** @type {string} */ type, /** @type {{ x: number, y: number }[]} */ touchPoints) => client.send('Input.dispatchTouchEvent', /** @type {any} */ ({ type, touchPoints }));
      await touch('touchStart', [{ x, y }]);
      await touch('touchMove', [{ x, y: y + 3 }]);
      await touch('touchMove', [{ x, y: y + 6 }]);
      await touch('touchEnd', []);
    }
    await page.waitForFunction(() => window.widget.sensitivity > 50);
    await press(page.getByRole('button', { name: 'More' }));
    const [download] = await Promise.all([page.waitForEvent('download'), press(page.locator('[data-file="events.csv"]'))]);
    assert.equal(download.suggestedFilename(), 'load-events.csv');
    console.error(`# by ${way}: ${Date.now() - from} ms from the empty widget to the exported file`);
  });
}

test('an analyst does it all by the keyboard alone', async () => {
  const { page } = await blank('controls label="Load"');
  const from = Date.now();
  // The browser has to be told that somebody waits before the key is pressed.
  const chooser = page.waitForEvent('filechooser');
  const opens = page.getByRole('button', { name: 'Open a file' });
  await opens.waitFor();
  await opens.focus();
  await page.keyboard.press('Enter');
  await (await chooser).setFiles({ name: 'load.csv', mimeType: 'text/csv', buffer: Buffer.from(csv(wave())) });
  await page.waitForFunction(() => window.widget.state === 'ready');
  // Keys are of the picture: nobody presses one before it is there.
  await page.locator('.limit').waitFor();
  await page.locator('[part=chart]').focus();
  await page.keyboard.press('n');
  assert.match(await page.locator('.more p').first().textContent() ?? '', /^At the peak/);
  await page.keyboard.press('d');
  assert.deepEqual(await page.evaluate(() => window.widget.labels.map((label) => label.verdict)), ['normal']);
  await page.locator('input[type=range]').focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => window.widget.sensitivity === 51);
  await page.getByRole('button', { name: 'More' }).focus();
  await page.keyboard.press('Enter');
  const file = page.locator('[data-file="labels.json"]');
  await file.waitFor();
  for (let i = 0; i < 20 && !await file.evaluate((item) => item === /** @type {ShadowRoot} */ (item.getRootNode()).activeElement); i += 1) await page.keyboard.press('ArrowDown');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  assert.equal(JSON.parse(readFileSync(await download.path(), 'utf8')).length, 1);
  console.error(`# by keyboard: ${Date.now() - from} ms from the empty widget to the exported file`);
});
