// The browser that the project's pages are opened in: Chromium without what it does beside them.

import { findChromium } from './setup.mjs';

const QUIET = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // The pages of its own address bar are loaded with each new page, and take as long.
  '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,MediaRouter,OptimizationHints,Translate',
];

/**
 * Needs node_modules.
 * @param {{ executablePath?: string, flags?: string[] }} [options]
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function launch({ executablePath = findChromium() ?? undefined, flags = [] } = {}) {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath, args: [...QUIET, ...flags] });
}
