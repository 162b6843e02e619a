// What an analyst does with the findings: reads why, judges, moves the limit, compares, takes away.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { csv, open, wave } from './harness.mjs';

const { open: visit, blank } = await open();

/**
 * A widget with a wave that has two spikes, scored and ready.
 * @param {string} [attributes]
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
async function scored(attributes = 'controls label="Load"', options) {
  const opened = await blank(attributes, options);
  await opened.page.evaluate((series) => window.widget.load(series), spikes());
  return opened;
}

function spikes() {
  const series = wave();
  series.value[400] -= 5;
  return series;
}

/** @param {import('playwright-core').Page} page */
const spoken = (page) => page.locator('anomaly-widget [aria-live]').textContent();

test('the chosen event is explained in plain words, with a figure', async () => {
  const { page, problems } = await scored('detector="pca" sensitivity="70" controls');
  await page.locator('.event').first().click();
  const lines = await page.locator('.more p').allTextContents();
  assert.match(lines[0], /^At the peak [\d.,]+ was expected.*came: \d+% (above|below) expected\.$/);
  assert.match(lines[1], /^Score [\d.,]+, limit [\d.,]+: [\d.,]+ times as severe as one at the limit\.$/);
  assert.match(lines[2], /^Found by pca: shapes that/);
  assert.match(lines[3], /^Limit by the rule “tail 5e-5” at sensitivity 70\. A score looks at \d+ points/);
  assert.match(lines[4], /cannot change|may still change/);
  assert.match(await page.locator('figcaption').textContent() ?? '', /expected \(dashed\)/);
  assert.ok((await page.locator('figure path.value').getAttribute('d') ?? '').length > 100);
  assert.deepEqual(problems, []);
});

test('where nothing is expected, the most similar ordinary stretch is beside the event', async () => {
  const { page } = await scored();
  await page.locator('.event').first().click();
  await page.locator('figcaption', { hasText: 'most similar ordinary one' }).waitFor();
  const d = await page.locator('figure path.other').getAttribute('d') ?? '';
  assert.ok(d.length > 100);
});

test('verdicts are kept, shown, told, counted and taken back', async () => {
  const { page } = await scored();
  await page.locator('.event').first().click();
  await page.locator('[data-does=anomaly]').click();
  await page.locator('.event').nth(1).click();
  await page.locator('[data-does=normal]').click();
  assert.equal(await page.locator('.score').textContent(), 'Precision 50% (1 of 2), recall 100% (1 of 1)');
  assert.match(await page.locator('li[data-verdict=normal]').textContent() ?? '', /Dismissed/);
  const labels = await page.evaluate(() => window.widget.labels);
  assert.deepEqual(labels.map((label) => label.verdict).sort(), ['anomaly', 'normal']);
  assert.deepEqual(await page.evaluate(() => window.heard.filter((name) => name === 'label').length), 2);
  await page.locator('[data-does=note]').click();
  await page.locator('input.note').fill('a door was open');
  await page.locator('input.note').press('Enter');
  assert.equal(await page.evaluate(() => window.widget.labels.find((label) => label.verdict === 'normal')?.note), 'a door was open');

  await page.evaluate(() => { window.widget.undo(); window.widget.undo(); });
  assert.deepEqual(await page.evaluate(() => window.widget.labels.map((label) => label.verdict)), ['anomaly']);
  await page.evaluate(() => window.widget.redo());
  assert.equal(await page.evaluate(() => window.widget.labels.length), 2);
  // Pressing the same verdict again takes it away.
  await page.locator('[data-does=normal]').click();
  assert.equal(await page.evaluate(() => window.widget.labels.length), 1);
});

test('a page can forbid a label', async () => {
  const { page } = await scored();
  await page.evaluate(() => window.widget.addEventListener('anomaly-label', (event) => event.preventDefault()));
  await page.locator('.event').first().click();
  await page.locator('[data-does=anomaly]').click();
  assert.deepEqual(await page.evaluate(() => window.widget.labels), []);
});

test('a stretch of one\'s own is labelled by dragging, and listed', async () => {
  const { page } = await scored();
  await page.getByRole('button', { name: 'Label a stretch' }).click();
  const box = await page.locator('[part=chart]').boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 120, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 180, box.y + 60, { steps: 3 });
  await page.mouse.up();
  const labels = await page.evaluate(() => window.widget.labels);
  assert.equal(labels.length, 1);
  assert.match(await page.locator('li[data-own]').textContent() ?? '', /Labelled as an anomaly.*not found by the detector/);
  assert.match(await page.locator('.score').textContent() ?? '', /^recall 0% \(0 of 1\)$/i);
  await page.locator('li[data-own] [data-does=remove]').click();
  assert.deepEqual(await page.evaluate(() => window.widget.labels), []);
});

test('known events come in from CSV and JSON, and a bad file says what is wrong', async () => {
  const { page } = await scored();
  const { time } = wave();
  const text = `start,end,verdict\n${new Date(time[895]).toISOString()},${new Date(time[906]).toISOString()},anomaly\n`;
  const got = await page.evaluate(async ({ text, from, to }) => {
    await window.widget.importLabels(new Blob([text]));
    await window.widget.importLabels(new Blob([JSON.stringify([{ start: from, end: to, verdict: 'normal' }])]));
    /** @type {string[]} */
    const wrong = [];
    for (const bad of ['a,b\n1,2', '[{"start": 5, "end": 1}]', '{', 'start,end\nx,y']) await window.widget.importLabels(new Blob([bad])).catch((error) => wrong.push(error.code));
    return { labels: window.widget.labels, wrong };
  }, { text, from: time[100], to: time[110] });
  assert.deepEqual(got.labels.map((label) => [label.start, label.end, label.verdict]), [[time[100], time[110], 'normal'], [time[895], time[906], 'anomaly']]);
  assert.deepEqual(got.wrong, ['parse', 'source', 'parse', 'source']);
  assert.match(await page.locator('.score').textContent() ?? '', /recall 100%/);
});

test('state goes out and comes back with labels', async () => {
  const { page } = await scored();
  await page.locator('.event').first().click();
  await page.locator('[data-does=anomaly]').click();
  const got = await page.evaluate(async () => {
    const state = JSON.parse(JSON.stringify(window.widget.getState()));
    window.widget.labels = [];
    await window.widget.setState(state);
    return { labels: window.widget.labels, json: JSON.parse(await window.widget.export('labels.json').text()) };
  });
  assert.equal(got.labels.length, 1);
  assert.deepEqual(got.json, got.labels);
});

test('the limit is dragged: the line follows, events are decided anew, nothing is scored', async () => {
  const { page } = await scored();
  const limit = page.locator('.limit');
  const box = await limit.boundingBox();
  assert.ok(box);
  await page.evaluate(() => { window.heard.length = 0; });
  const before = await page.evaluate(() => /** @type {number} */ (window.widget.report.limits.at(-1)));
  await page.mouse.move(box.x + 20, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 20, box.y + box.height / 2 + 8, { steps: 2 });
  await page.waitForFunction((before) => /** @type {number} */ (window.widget.report.limits.at(-1)) < before, before);
  assert.match(await limit.textContent() ?? '', /^limit [\d.]+ · \d+ anomal/);
  const moved = await limit.boundingBox();
  assert.ok(moved && Math.abs(moved.y - box.y - 8) < 3, `${moved?.y} for ${box.y}`);
  await page.mouse.up();
  assert.match(await limit.textContent() ?? '', /^limit [\d.]+$/);
  assert.ok(await page.evaluate(() => window.widget.sensitivity > 50));
  assert.deepEqual(await page.evaluate(() => window.heard.filter((name) => ['read', 'fit', 'score'].includes(name))), []);
  // By the keys too, and back.
  const now = await page.evaluate(() => window.widget.sensitivity);
  await limit.focus();
  await page.keyboard.press('ArrowUp');
  assert.ok(await page.evaluate(() => window.widget.sensitivity) < now);
  await page.waitForTimeout(900);
  await page.evaluate(() => window.widget.undo());
  assert.equal(await page.evaluate(() => window.widget.getAttribute('sensitivity')), null);
});

test('the list sorts and filters, and walking follows it', async () => {
  const { page } = await visit('?series=us-births&detector=holt-winters&threshold=quantile%200.02');
  await page.waitForFunction(() => window.widget.state === 'ready');
  const all = await page.evaluate(() => window.widget.report.events);
  assert.ok(all.length > 3 && new Set(all.map((event) => event.kind)).size > 1, JSON.stringify(all.map((e) => e.kind)));
  const shown = () => page.locator('#widget li[data-id]').evaluateAll((items) => items.map((item) => /** @type {HTMLElement} */ (item).dataset.id));
  const bySeverity = all.toSorted((a, b) => b.severity - a.severity).map((event) => event.id);
  assert.deepEqual(await shown(), bySeverity);
  await page.locator('#widget .filters select').nth(0).selectOption('start');
  assert.deepEqual(await shown(), all.map((event) => event.id));
  const kind = all[0].kind;
  await page.locator('#widget .filters select').nth(1).selectOption(kind);
  const kept = all.filter((event) => event.kind === kind);
  assert.deepEqual(await shown(), kept.map((event) => event.id));
  assert.equal(await page.locator('#widget h2').textContent(), `${kept.length} of ${all.length} anomalies`);
  await page.locator('#widget [part=chart]').focus();
  await page.keyboard.press('p');
  assert.equal(await page.locator('#widget [aria-current=true]').getAttribute('data-id'), kept.at(-1)?.id);
});

test('undo and redo take the view back and forth', async () => {
  const { page } = await scored();
  const { time } = wave();
  const got = await page.evaluate(async ([a, b, c]) => {
    const { widget } = window, views = [];
    const wait = () => new Promise((then) => setTimeout(then, 850));
    widget.view = { from: a, to: b };
    await wait();
    widget.view = { from: b, to: c };
    for (const does of ['undo', 'undo', 'redo', 'redo', 'redo', 'undo']) {
      /** @type {any} */ (widget)[does]();
      views.push(widget.view?.from ?? null);
    }
    return views;
  }, [time[100], time[300], time[700]]);
  assert.deepEqual(got, [time[100], null, time[100], time[300], time[300], time[100]]);
});

test('arrow keys walk samples and say them; the event keys say the events', async () => {
  const { page } = await scored('label="Load" locale="en"');
  await page.locator('[part=chart]').focus();
  assert.match(await page.locator('[part=chart]').getAttribute('aria-label') ?? '', /^Chart of Load: .*2 anomalies\. Left and right/);
  /** @type {[string, RegExp][]} */
  const moments = [
    ['Home', /^Mon, Jan 1, 00:00: [\d.]+(, score [\d.]+)?$/],
    ['ArrowRight', /^Mon, Jan 1, 00:01: /],
    ['Control+ArrowRight', /^Mon, Jan 1, 00:21: /],
    ['ArrowLeft', /^Mon, Jan 1, 00:20: /],
    ['End', /^Mon, Jan 1, 19:59: /],
    ['n', /^Mon, Jan 1, 06:\d\d\. .*Severity [\d.]+$/],
    ['n', /^Mon, Jan 1, (14|15):\d\d\. .*Severity [\d.]+$/],
    ['ArrowRight', /, over the limit$/],
    ['p', /^Mon, Jan 1, 06:\d\d\. /],
    ['d', /^Dismissed\.$/],
  ];
  for (const [key, says] of moments) {
    await page.keyboard.press(key);
    assert.match(await spoken(page) ?? '', says, key);
  }
  assert.ok(await page.locator('[part=tooltip]').isVisible());
});

test('the overview moves the view', async () => {
  const { page } = await scored();
  const { time } = wave();
  await page.evaluate(([from, to]) => { window.widget.view = { from, to }; }, [time[200], time[400]]);
  await page.waitForTimeout(100);
  const box = await page.locator('[part=chart]').boundingBox();
  assert.ok(box);
  const y = box.y + box.height - 24;
  const at = (/** @type {number} */ row) => box.x + 52 + row / 1199 * (box.width - 66);
  await page.mouse.move(at(300), y);
  await page.mouse.down();
  await page.mouse.move(at(700), y, { steps: 4 });
  await page.mouse.up();
  const view = await page.evaluate(() => window.widget.view);
  assert.ok(view && Math.abs((view.from - time[600]) / 60_000) < 25 && Math.abs(view.to - view.from - 200 * 60_000) < 60_000, JSON.stringify(view));
});

test('two fingers zoom', async () => {
  const { page } = await scored(undefined, { hasTouch: true });
  const box = await page.locator('[part=chart]').boundingBox();
  assert.ok(box);
  const client = await page.context().newCDPSession(page);
  const touch = (/** @type {string} */ type, /** @type {number[]} */ ...xs) => client.send('Input.dispatchTouchEvent', /** @type {any} */ ({ type, touchPoints: xs.map((x, id) => ({ x: box.x + x, y: box.y + 80, id })) }));
  await touch('touchStart', 300);
  await touch('touchStart', 300, 340);
  for (const by of [20, 40, 60, 80]) await touch('touchMove', 300 - by, 340 + by);
  await touch('touchEnd');
  const { times } = await page.evaluate(() => ({ times: [window.widget.report.times[0], window.widget.report.times[1199]] }));
  const view = await page.evaluate(() => window.widget.view);
  const share = view ? (view.to - view.from) / (times[1] - times[0]) : 1;
  assert.ok(share < 0.35 && share > 0.1, String(share));
});

test('other detectors have a lane each, and follow new rows and the limit', async () => {
  const { page, problems } = await scored('compare="pca,holt-winters,nonsense" controls');
  await page.locator('footer', { hasText: 'nonsense' }).waitFor();
  const box = await page.locator('[part=chart]').boundingBox();
  assert.ok(box);
  // The gutter is as wide as the longest name.
  const left = await page.locator('.limit').evaluate((limit) => parseFloat(/** @type {HTMLElement} */ (limit).style.left) - 4);
  await page.mouse.move(box.x + left + 900 / 1199 * (box.width - left - 14), box.y + 80);
  assert.match(await page.locator('[part=tooltip]').textContent() ?? '', /Detector[12] of 3 detectors/);
  const picture = () => page.evaluate(async () => [...new Uint8Array(await (await window.widget.toBlob()).arrayBuffer())].reduce((sum, byte, i) => (sum * 31 + byte + i) % 1e9, 0));
  const before = await picture();
  await page.evaluate(({ time, value }) => {
    const last = time[time.length - 1];
    return window.widget.append({ time: Array.from({ length: 60 }, (_, i) => last + (i + 1) * 60_000), value: value.slice(0, 60) });
  }, wave());
  await page.waitForFunction(() => window.widget.report.times.length === 1260);
  assert.notEqual(await picture(), before);
  await page.evaluate(() => { window.widget.compare = ''; });
  await page.waitForFunction((left) => parseFloat(/** @type {HTMLElement} */ (window.widget.shadowRoot.querySelector('.limit')).style.left) - 4 < left, left);
  assert.deepEqual(problems, []);
});

test('the menu has the files, the table, the keys', async () => {
  const { page } = await scored('controls label="Load"');
  await page.getByRole('button', { name: 'More' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-file="events.csv"]').click()]);
  assert.equal(download.suggestedFilename(), 'load-events.csv');
  assert.match(readFileSync(await download.path(), 'utf8'), /^start,end,peak,kind/);
  await page.getByRole('button', { name: 'More' }).click();
  const [picture] = await Promise.all([page.waitForEvent('download'), page.locator('[data-file=png]').click()]);
  assert.equal(readFileSync(await picture.path()).readUInt32BE(16), 2 * await page.locator('canvas').evaluate((canvas) => canvas.clientWidth));
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('button', { name: 'Show as a table' }).click();
  const table = page.locator('[part=table] table').first();
  await table.waitFor();
  assert.equal(await table.locator('tbody tr').count(), await page.evaluate(() => window.widget.report.events.length));
  assert.equal(await page.locator('[part=table] table').nth(1).locator('tbody tr').count(), 200);
  await page.getByRole('button', { name: 'More' }).click();
  await page.locator('.menu').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.menu').count(), 0);
  assert.equal(await page.getByRole('button', { name: 'More' }).evaluate((button) => button === /** @type {ShadowRoot} */ (button.getRootNode()).activeElement), true);
});

test('the legend hides and shows, Korean is spoken where it is asked for', async () => {
  const { page } = await scored('detector="pca" sensitivity="70" controls locale="ko"');
  await page.locator('footer', { hasText: '이 페이지를 떠난 데이터: 0바이트' }).waitFor();
  assert.match(await page.locator('h2').textContent() ?? '', /^이상 \d건$/);
  const picture = () => page.evaluate(async () => (await window.widget.toBlob()).size);
  const before = await picture();
  await page.locator('[data-colour=band]').click();
  assert.equal(await page.locator('[data-colour=band]').getAttribute('aria-pressed'), 'false');
  assert.notEqual(await picture(), before);
  await page.evaluate(() => { window.widget.strings = { private: '✓' }; });
  await page.locator('footer', { hasText: '✓' }).waitFor();
});

test('loading can be cancelled, and what was there stays', async () => {
  const { page } = await scored();
  await page.evaluate(() => {
    const rows = 400_000;
    window.widget.load({ time: Array.from({ length: rows }, (_, i) => i * 1000), value: Array.from({ length: rows }, (_, i) => Math.sin(i / 9)) }).catch(() => {});
  });
  await page.evaluate(() => /** @type {HTMLElement} */ ([...window.widget.shadowRoot.querySelectorAll('button')].find((button) => button.textContent === 'Cancel')).click());
  assert.equal(await page.evaluate(() => window.widget.state), 'ready');
  assert.equal(await page.evaluate(() => window.widget.report.times.length), 1200);
  // And it can go on.
  assert.equal(await page.evaluate((series) => window.widget.load(series).then((report) => report.times.length), wave({ rows: 700, spikeAt: 300 })), 700);
});
