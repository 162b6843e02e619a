// What the end-to-end tests share: a server, a browser, pages that remember what went wrong in them, and runs of
// the command line.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach } from 'node:test';
import { launch } from '../../scripts/browser.mjs';
import { root } from '../../scripts/shell.mjs';
import { serve } from '../../www/dev-server.mjs';

export { root };

/**
 * A server and a browser for the tests of one file; both end after the last of them.
 * @param {{ csp?: string }} [options] a Content-Security-Policy for every response
 * @returns {Promise<{ url: string, open: Open, blank: (attributes?: string, page?: import('playwright-core').BrowserContextOptions) => Promise<Opened> }>}
 *   `blank`: a page with one empty widget in a box of 900 by 480, on `window.widget`; `window.heard` has the events as they come
 *
 * @typedef {(path?: string, page?: import('playwright-core').BrowserContextOptions) => Promise<Opened>} Open
 *
 * @typedef {object} Opened
 * @property {import('playwright-core').Page} page
 * @property {string[]} problems errors on the console, uncaught ones, and failed requests, as they come
 * @property {string[]} requests the address of each request
 */
export async function open({ csp } = {}) {
  const server = await serve({ csp });
  const browser = await launch();
  // A page that is left open goes on working, and keeps those of the next tests waiting: it closes with its test, or part
  // of a test.
  /** @type {import('playwright-core').BrowserContext[][]} */
  const before = [];
  beforeEach(() => { before.push(browser.contexts()); });
  afterEach(() => {
    const kept = before.pop() ?? [];
    return Promise.all(browser.contexts().filter((context) => !kept.includes(context)).map((context) => context.close()));
  });
  after(async () => {
    await browser.close();
    await server.close();
  });
  return {
    url: server.url,
    open: visit,
    async blank(attributes = '', options = {}) {
      const opened = await visit('examples/blank.html', options);
      await opened.page.evaluate(async (attributes) => {
        document.body.innerHTML = `<div style="width:900px;max-width:100%;height:480px"><anomaly-widget ${attributes} detector="knn" style="height:100%"></anomaly-widget></div>`;
        await customElements.whenDefined('anomaly-widget');
        window.widget = /** @type {any} */ (document.querySelector('anomaly-widget'));
        window.heard = [];
        for (const name of ['ready', 'detect', 'progress', 'error', 'select', 'view', 'feed', 'label']) {
          document.addEventListener(`anomaly-${name}`, (event) => window.heard.push(name === 'progress' ? /** @type {CustomEvent} */ (event).detail.stage : name));
        }
      }, attributes);
      return opened;
    },
  };

  /** @type {Open} */
  async function visit(path = '', options = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    /** @type {string[]} */
    const problems = [];
    /** @type {string[]} */
    const requests = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => requests.push(request.url()));
    page.on('requestfailed', (request) => problems.push(`${request.url()}: ${request.failure()?.errorText}`));
    await page.goto(new URL(path, server.url).href);
    return { page, problems, requests };
  }
}

/**
 * Runs the built command line.
 * @param {string[]} args
 * @param {{ input?: string | Uint8Array, cwd?: string }} [options]
 * @returns {Promise<{ status: number | null, out: string, err: string }>}
 */
export function cli(args, { input, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'pkg/cli.mjs'), ...args], { cwd });
    const text = { out: '', err: '' };
    child.stdout.on('data', (data) => (text.out += data));
    child.stderr.on('data', (data) => (text.err += data));
    child.on('error', reject).on('close', (status) => resolve({ status, ...text }));
    child.stdin.on('error', () => {}).end(input);
  });
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'anomaly-widget-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A made-up series: a daily wave at one row a minute, noise from a fixed seed, and a spike.
 * @param {{ rows?: number, spikeAt?: number, step?: number }} [options] `step` in milliseconds
 * @returns {{ time: number[], value: number[] }}
 */
export function wave({ rows = 1200, spikeAt = 900, step = 60_000 } = {}) {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const from = Date.UTC(2024, 0, 1);
  const time = Array.from({ length: rows }, (_, i) => from + i * step);
  const value = time.map((_, i) => 10 + Math.sin((2 * Math.PI * i) / 60) + 0.1 * (random() - 0.5) + (i === spikeAt ? 6 : 0));
  return { time, value };
}

/**
 * A series as CSV text.
 * @param {{ time: number[], value: number[] }} series
 * @param {{ head?: string, stamp?: (ms: number) => string | number }} [options]
 */
export function csv({ time, value }, { head = 'timestamp,value', stamp = (ms) => new Date(ms).toISOString() } = {}) {
  return `${head}\n${time.map((ms, i) => `${stamp(ms)},${value[i]}`).join('\n')}\n`;
}
