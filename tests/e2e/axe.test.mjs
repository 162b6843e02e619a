// Accessibility in every state, by axe: nothing serious, nothing critical. And targets that a finger meets.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { open, wave } from './harness.mjs';

const { open: visit, blank } = await open();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds serious or critical. @param {import('playwright-core').Page} page */
async function problemsOf(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await /** @type {any} */ (window).axe.run(document.body, { resultTypes: ['violations'] });
    return violations.filter((/** @type {any} */ v) => ['serious', 'critical'].includes(v.impact))
      .flatMap((/** @type {any} */ v) => v.nodes.map((/** @type {any} */ node) => `${v.id}: ${node.target.join(' ')}: ${node.failureSummary}`));
  });
}

/** Targets smaller than 24 by 24 CSS pixels. @param {import('playwright-core').Page} page */
function smallTargets(page) {
  return page.evaluate(() => [...window.widget.shadowRoot.querySelectorAll('button, select, input:not([hidden]), summary, [role=slider]')]
    .filter((target) => target.getClientRects().length)
    .map((target) => ({ target, box: target.getBoundingClientRect(), reach: 2 * -Math.min(0, parseFloat(getComputedStyle(target, '::before').top) || 0) * (target.matches('[role=slider]') ? 1 : 0) }))
    .filter(({ box, reach }) => box.width < 24 || box.height + reach < 24)
    .map(({ target, box }) => `${target.className || target.tagName} ${target.textContent} ${box.width} x ${box.height}`));
}

/** @type {Record<string, (page: import('playwright-core').Page) => Promise<unknown>>} */
const states = {
  empty: async () => {},
  ready: (page) => page.evaluate((series) => window.widget.load(series), wave()),
  chosen: async (page) => {
    await page.evaluate((series) => window.widget.load(series), wave());
    await page.locator('.event').first().click();
    await page.locator('[data-does=anomaly]').click();
    await page.locator('[data-does=note]').click();
    await page.locator('figcaption').waitFor();
  },
  compared: async (page) => {
    await page.evaluate((series) => window.widget.load(series), wave());
    await page.evaluate(() => { window.widget.compare = 'pca,arima'; });
    await page.waitForTimeout(500);
  },
  menu: async (page) => {
    await page.evaluate((series) => window.widget.load(series), wave());
    await page.getByRole('button', { name: 'More' }).click();
    await page.locator('.menu summary').click();
  },
  table: async (page) => {
    await page.evaluate((series) => window.widget.load(series), wave());
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('button', { name: 'Show as a table' }).click();
    await page.locator('[part=table] table').first().waitFor();
  },
  loading: (page) => page.evaluate(() => { window.widget.load(new ReadableStream()).catch(() => {}); }),
  error: (page) => page.evaluate(() => window.widget.load(new Blob(['a,b\nx,y'])).catch(() => {})),
  errorOver: async (page) => {
    await page.evaluate((series) => window.widget.load(series), wave());
    await page.evaluate(() => window.widget.load(new Blob(['a,b\nx,y'])).catch(() => {}));
  },
};

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const [name, reach] of Object.entries(states)) {
    // The colours are what differs, and these states have all of them.
    if (colorScheme === 'dark' && !['chosen', 'menu', 'errorOver'].includes(name)) continue;
    test(`${name}, ${colorScheme}`, async () => {
      const { page } = await blank('controls label="Load"', { colorScheme });
      await reach(page);
      assert.deepEqual(await problemsOf(page), []);
      assert.deepEqual(await smallTargets(page), []);
      await page.context().close();
    });
  }
}

test('the demo, each tab', async () => {
  for (const tab of ['explore', 'live', 'embed']) {
    const { page } = await visit(`?detector=knn#${tab}`);
    await page.waitForFunction((tab) => tab === 'embed' || (tab === 'live' ? window.stream.state === 'live' && window.stream.report : window.widget.state === 'ready'), tab);
    assert.deepEqual(await problemsOf(page), [], tab);
    await page.context().close();
  }
});
