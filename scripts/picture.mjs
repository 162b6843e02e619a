// `npm run picture`: the README's pictures in docs/, taken from the demo page in Chromium.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { build } from './build.mjs';
import { setUp } from './setup.mjs';
import { root, say } from './shell.mjs';

/** @type {{ file: string, query: string, size: [number, number], colorScheme: 'light' | 'dark', scale: number }[]} */
const pictures = [
  { file: 'picture.png', query: '', size: [1100, 720], colorScheme: 'light', scale: 1.5 },
  { file: 'compare.png', query: '?detector=pca&compare=knn,holt-winters,autoencoder', size: [1100, 720], colorScheme: 'dark', scale: 1 },
  { file: 'wide.png', query: '?compare=htm,subsequence', size: [1920, 900], colorScheme: 'dark', scale: 1 },
  { file: 'narrow.png', query: '', size: [380, 860], colorScheme: 'light', scale: 1 },
];

export async function main() {
  await setUp(['modules', 'wasm', 'browser']);
  await build();
  // Not imported at the top: it needs node_modules.
  const { serve } = await import('../www/dev-server.mjs');
  const server = await serve();
  const browser = await launch();
  mkdirSync(join(root, 'docs'), { recursive: true });
  for (const { file, query, size: [width, height], colorScheme, scale } of pictures) {
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale, colorScheme, locale: 'en-GB' });
    const page = await context.newPage();
    await page.goto(new URL(query, server.url).href);
    // The element says itself when it is done.
    await page.waitForFunction(() => /** @type {{ state?: string } | null} */ (document.querySelector('anomaly-widget'))?.state === 'ready', null, { timeout: 60_000 });
    await page.locator('#widget .event').first().click();
    await page.waitForTimeout(query.includes('compare') ? 4000 : 800);
    await page.screenshot({ path: join(root, 'docs', file) });
    say(`docs/${file} is written`);
    await context.close();
  }
  await browser.close();
  await server.close();
}
