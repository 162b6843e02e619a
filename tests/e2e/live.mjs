// A feed without a page: the element's own connection, ledger and engine in Node, for tests that count.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { Client } from '../../www/client.js';
import { Live } from '../../www/live.js';
import { Findings } from '../../www/report.js';
import { Session } from '../../www/session.js';
import { root } from '../../scripts/shell.mjs';

/**
 * @param {import('../../www/session.js').Settings} [settings]
 * @param {{ capacity?: number }} [options]
 */
export function alive(settings = {}, { capacity = 100_000 } = {}) {
  const wasm = readFileSync(join(root, 'pkg/anomaly_widget_bg.wasm'));
  const client = new Client({ wasm, worker: false, modelBase: new URL('../../www/models/', import.meta.url) });
  let findings = new Findings();
  /** @type {import('../../www/report.js').Change[]} */
  const changes = [];
  /** @type {unknown[]} */
  const errors = [];
  const chosen = { detector: 'pca', ...settings };
  const session = new Session(client, {
    progress: () => {}, collecting: () => {}, decided: () => {}, columns: () => findings.columns,
    part: (part, fresh) => {
      if (fresh) findings = new Findings();
      changes.push(...findings.take(part, fresh ? Infinity : capacity).changed);
    },
  });
  /** @type {Set<() => void>} */
  const watching = new Set();
  const look = () => watching.forEach((one) => one());
  const live = new Live(session, {
    settings: () => chosen, reading: () => ({}), capacity: () => capacity,
    changed: look, counted: look, failed: (error) => { errors.push(error); look(); },
  });
  return {
    session, live, changes, errors,
    get stats() { return live.stats; },
    get report() { return findings.report; },
    /** @param {string | WebSocket} target @param {import('../../www/feed.js').FeedOptions} [options] */
    connect(target, options = {}) {
      live.connect(/** @type {any} */ (target), /** @type {any} */ ({ Socket: WebSocket, minDelayMs: 1, maxDelayMs: 4, ...options }));
    },
    /** Resolves when the condition holds; it is looked at whenever something has happened. @param {(stats: import('../../www/feed.js').FeedStats) => boolean} holds */
    until(holds, ms = 10_000) {
      return /** @type {Promise<import('../../www/feed.js').FeedStats>} */ (new Promise((resolve, reject) => {
        const end = (/** @type {() => void} */ does) => { watching.delete(check); clearTimeout(timer); does(); };
        const check = () => { if (holds(live.stats)) end(() => resolve(live.stats)); };
        const timer = setTimeout(() => end(() => reject(new Error(`still ${JSON.stringify(live.stats)}; ${errors}`))), ms);
        watching.add(check);
        check();
      }));
    },
    end() {
      live.disconnect();
      client.end();
    },
  };
}
