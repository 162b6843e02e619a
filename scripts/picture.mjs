// `npm run picture`: docs/picture.png, the README's picture, taken from the demo page in Chromium.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { findChromium, setUp } from './setup.mjs';
import { root, say } from './shell.mjs';

export async function main() {
  await setUp(['modules', 'wasm', 'browser']);
  await build();
  // Not imported at the top: they need node_modules.
  const { chromium } = await import('playwright-core');
  const { serve } = await import('../www/dev-server.mjs');
  const server = await serve();
  // The browser's own scale, not an emulated one: only then does it tell a canvas its size in device pixels.
  const args = ['--no-sandbox', '--disable-gpu', '--force-device-scale-factor=2', '--window-size=1100,720'];
  const browser = await chromium.launch({ executablePath: findChromium() ?? undefined, args });
  const context = await browser.newContext({ viewport: null, colorScheme: 'light', locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto(server.url);
  // The element says itself when it is done.
  await page.waitForFunction(() => /** @type {{ state?: string } | null} */ (document.querySelector('anomaly-widget'))?.state === 'ready', null, { timeout: 60_000 });
  await page.waitForTimeout(500);
  mkdirSync(join(root, 'docs'), { recursive: true });
  await page.screenshot({ path: join(root, 'docs/picture.png') });
  await browser.close();
  await server.close();
  say('docs/picture.png is written');
}
