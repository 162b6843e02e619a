// An engine's end for a program: whole series, or one that is fed bit by bit.

import { Continuation } from './continuation.js';

/** @typedef {import('./report.js').Report} Report */
/** @typedef {import('./report.js').Findings} Findings */
/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').Settings} Settings */

export class Engine {
  #client; #open; #fresh;

  /**
   * @param {import('./client.js').Client} client
   * @param {(listener: import('./session.js').Listener) => Session} open a series
   * @param {() => Findings} fresh findings of it
   */
  constructor(client, open, fresh) {
    this.#client = client;
    this.#open = open;
    this.#fresh = fresh;
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
    const watch = await this.watch(settings);
    try {
      return await watch.load(source, reading, signal);
    } finally {
      await watch.dispose();
    }
  }

  /** A series to be fed bit by bit. @param {Settings} [settings] */
  async watch(settings = {}) {
    return new Watch(this.#open, this.#fresh, settings);
  }

  /** Ends the worker and frees what it holds. */
  dispose() {
    this.#client.end();
  }
}

/** A series that is fed bit by bit. */
export class Watch {
  #findings; #session; #settings;
  /** What follows the series. @type {Continuation | null} */
  #more = null;

  /**
   * @param {(listener: import('./session.js').Listener) => Session} open a series
   * @param {() => Findings} fresh findings of it
   * @param {Settings} settings
   */
  constructor(open, fresh, settings) {
    this.#settings = settings;
    this.#findings = fresh();
    this.#session = open({
      progress: () => {}, collecting: () => {}, columns: () => this.#findings.columns,
      decided: (decision) => { this.#findings.decide(decision); },
      part: (part, first) => {
        if (first) this.#findings = fresh();
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
    this.#more ??= new Continuation(this.#session);
    await this.#more.append({ time, value }, this.#settings, {});
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
