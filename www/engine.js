// The engine without the element: for Node, a test, another chart.

import { defaults } from './assets.js';
import { Client } from './client.js';
import { part } from './parts.js';
import { Findings } from './report.js';
import { Session } from './session.js';

/** @typedef {import('./report.js').Report} Report */
/** @typedef {import('./session.js').Settings} Settings */

/**
 * Starts an engine.
 * @param {Partial<import('./assets.js').Assets>} [options] where its files are, when not beside this one
 * @returns {Promise<import('./watch.js').Engine>}
 */
export async function createEngine(options = {}) {
  const client = new Client(Object.create(defaults, Object.getOwnPropertyDescriptors(options)));
  const [{ Engine }] = await Promise.all([part('stream'), client.start()]);
  return new Engine(client, (listener) => new Session(client, listener), () => new Findings());
}
