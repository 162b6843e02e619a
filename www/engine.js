// The engine without the element: for Node, a test, another chart.

import { defaults } from './assets.js';
import { Client } from './client.js';
import { Findings } from './report.js';
import { Session } from './session.js';

/** @typedef {import('./report.js').Report} Report */
/** @typedef {import('./session.js').Settings} Settings */

/**
 * Starts an engine.
 * @param {Partial<import('./assets.js').Assets>} [options] where its files are, when not beside this one
 * @returns {Promise<Engine>}
 */
export async function createEngine(options = {}) {
  const client = new Client(Object.create(defaults, Object.getOwnPropertyDescriptors(options)));
  await client.start();
  return new Engine(client);
}

export class Engine {
  #client;

  /** @param {Client} client */
  constructor(client) {
    this.#client = client;
  }

  /** The detectors that there are. */
  detectors() {
    return this.#client.detectors;
  }

  /**
   * Scores a series.
   * @param {import('./sources.js').Source} source
   * @param {Settings} [settings]
   * @param {{ signal?: AbortSignal, format?: string, column?: string }} [options]
   * @returns {Promise<Report>}
   */
  async analyse(source, settings = {}, { signal, ...reading } = {}) {
    const watch = new Watch(this.#client, settings);
    try {
      return await watch.load(source, reading, signal);
    } finally {
      await watch.dispose();
    }
  }

  /** A series to be fed bit by bit. @param {Settings} [settings] */
  async watch(settings = {}) {
    return new Watch(this.#client, settings);
  }

  /** Ends the worker and frees what it holds. */
  dispose() {
    this.#client.end();
  }
}

/** A series that is fed bit by bit. */
export class Watch {
  #findings = new Findings();
  #session; #settings;

  /** @param {Client} client @param {Settings} settings */
  constructor(client, settings) {
    this.#settings = settings;
    this.#session = new Session(client, {
      progress: () => {}, collecting: () => {}, columns: () => this.#findings.columns,
      decided: (decision) => { this.#findings.decide(decision); },
      part: (part, fresh) => {
        if (fresh) this.#findings = new Findings();
        this.#findings.take(part, Infinity);
      },
    });
  }

  /**
   * Scores a whole series, from which later rows go on.
   * @param {import('./sources.js').Source} source
   * @param {{ format?: string, column?: string }} [reading]
   * @param {AbortSignal} [signal]
   * @returns {Promise<Report>}
   */
  async load(source, reading = {}, signal) {
    await this.#session.load(source, this.#settings, reading, signal);
    return /** @type {Report} */ (this.#findings.report);
  }

  /**
   * Scores the rows that follow.
   * @param {Float64Array} time
   * @param {Float64Array} value
   * @returns {Promise<Report | null>} null while there are too few to learn from
   */
  async push(time, value) {
    await this.#session.append({ time, value }, this.#settings, {});
    return this.#findings.report;
  }

  /**
   * Decides anew from the stored scores.
   * @param {string} threshold
   * @param {number} [sensitivity]
   * @returns {Promise<Report | null>}
   */
  async decide(threshold, sensitivity = 50) {
    await this.#session.decide(threshold, sensitivity);
    return this.#findings.report;
  }

  /** Frees the series in the worker. */
  async dispose() {
    await this.#session.close();
  }
}
