// One series on its way: read, fitted, scored, decided anew. It knows no document. What follows the series is
// continuation.js, loaded when something does.

import { compile } from './assets.js';
import { WidgetError } from './errors.js';
import { part } from './parts.js';
import { netsFile } from './relaxed.js';
import { read } from './sources.js';

/** @typedef {import('./messages.js').Part} Part */
/** @typedef {import('./messages.js').Columns} Rows */
/** @typedef {import('./sources.js').Source} Source */
/** @typedef {{ format?: string, column?: string, only?: Record<string, string> }} Reading */
/** @typedef {Record<string, any> & { detector?: string, train?: number | string }} Settings */

/**
 * @typedef {object} Listener
 * @property {(progress: import('./messages.js').Progress) => void} progress
 * @property {(part: Part, fresh: boolean) => void} part `fresh`: everything before is gone
 * @property {(decision: import('./messages.js').Decision, sensitivity: number) => void} decided
 * @property {(got: number, needed: number) => void} collecting
 * @property {() => import('./columns.js').Columns} columns the rows that {@link Listener.part} gave
 */

let last = 0;

/** Rows that are not enough to learn from yet. */
const nothing = () => ({ rows: /** @type {Rows | null} */ (null), needed: 0, failed: false });

export class Session {
  series = ++last;
  /** Ends with the series. */
  #run = new AbortController();
  /** Ends with one scoring of it. */
  #job = new AbortController();
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();
  /** What has come of a series that cannot be scored yet, how many rows it needs, and whether the settings failed. */
  learning = nothing();
  /** Rows up to this time can no longer be merged. */
  openFrom = -Infinity;
  /** Rows on their way into the series, once any follow. @type {import('./intake.js').Intake | null} */
  intake = null;
  /** Rows kept of a feed. */
  capacity = Infinity;
  /** @type {import('./messages.js').Info | null} */
  info = null;
  /** @type {string[]} */
  warnings = [];

  /**
   * @param {import('./client.js').Client} client
   * @param {Listener} tell
   */
  constructor(client, tell) {
    this.client = client;
    this.tell = tell;
  }

  /**
   * Everything that changes the series waits its turn, so that no row is lost between two of them.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  turn(work) {
    const next = this.#queue.then(work);
    this.#queue = next.catch(() => {});
    return next;
  }

  /** Aborted when the series is given up for another. */
  get run() {
    return this.#run.signal;
  }

  /**
   * Reads a source and scores it from scratch; what was under way is given up.
   * @param {Source} source
   * @param {Settings} settings
   * @param {Reading} reading
   * @param {AbortSignal} [signal]
   */
  load(source, settings, reading, signal) {
    this.#giveUp();
    const run = this.#run;
    if (signal?.aborted) run.abort();
    signal?.addEventListener('abort', () => run.abort(), { once: true });
    return this.turn(async () => {
      run.signal.throwIfAborted();
      this.tell.progress({ stage: 'read', done: 0 });
      const rows = await this.rows(source, reading, run.signal);
      await this.analyse(rows, settings, run.signal);
    });
  }

  /**
   * Scores the known rows with other settings; an earlier call of this that is under way is given up.
   * @param {() => Rows | null} known asked when it is time: rows may still come in before
   * @param {() => Settings} settings
   */
  again(known, settings) {
    this.#job.abort();
    const job = this.#job = new AbortController();
    const signal = AbortSignal.any([job.signal, this.#run.signal]);
    return this.turn(async () => {
      signal.throwIfAborted();
      this.learning.failed = false;
      const rows = known() ?? this.learning.rows;
      if (rows) await this.analyse({ time: rows.time.slice(), value: rows.value.slice() }, settings(), signal);
    });
  }

  #giveUp() {
    this.#run.abort();
    this.#run = new AbortController();
    this.learning = nothing();
  }

  /**
   * Decides anew from the stored scores.
   * @param {string} threshold
   * @param {number} sensitivity
   */
  async decide(threshold, sensitivity) {
    if (!this.info) return;
    const run = this.#run.signal;
    const decision = await this.client.ask('decide', { series: this.series, threshold, sensitivity });
    if (!run.aborted) this.tell.decided(decision, sensitivity);
  }

  /** Frees the series in the worker. */
  async close() {
    this.info = null;
    await this.client.ask('close', { series: this.series });
  }

  /** Forgets the series. */
  clear() {
    this.#giveUp();
    this.info = null;
    this.intake?.clear();
  }

  /** @param {Source} source @param {Reading} reading @param {AbortSignal} run @returns {Promise<Rows>} */
  async rows(source, reading, run) {
    const input = await read(source, run);
    this.warnings = [];
    if (!('bytes' in input)) return this.#ordered(input);
    const parsed = await this.client.ask('parse', { bytes: input.bytes, options: options(reading) }, { signal: run });
    this.warnings = parsed.warnings;
    return parsed;
  }

  /** Rows handed over as columns: by time, the last of equal times wins. @param {Rows} rows @returns {Rows} */
  #ordered({ time, value }) {
    if (time.every((t, i) => i === 0 || t > time[i - 1])) return { time, value };
    const order = [...time.keys()].sort((a, b) => time[a] - time[b] || a - b);
    const kept = order.filter((row, i) => time[row] !== time[order[i + 1]]);
    this.warnings.push('Rows were put in order of time.');
    if (kept.length < order.length) this.warnings.push(`${order.length - kept.length} rows of a time that was there already: the last one counts.`);
    return { time: Float64Array.from(kept, (row) => time[row]), value: Float64Array.from(kept, (row) => value[row]) };
  }

  /** @param {Rows} rows @param {Settings} settings @param {AbortSignal} run */
  async analyse(rows, settings, run) {
    await this.client.start();
    const { train, ...core } = settings;
    const known = this.client.detectors.find((d) => d.name === core.detector);
    if (core.detector === 'auto' && !known) delete core.detector;
    const model = known?.pretrained ? await this.#model(known.name) : undefined;
    run.throwIfAborted();
    // Without a stretch to calibrate on, all that is fitted on is judged.
    core.whole = train === undefined || train === null;
    const ask = { series: this.series, settings: core, train: trainRows(train, rows.time.length), model, time: rows.time, value: rows.value };
    const progress = (/** @type {import('./messages.js').Progress} */ p) => { if (!run.aborted) this.tell.progress(p); };
    const { part: all, info, openFrom } = await this.client.ask('analyse', ask, { progress, signal: run });
    run.throwIfAborted();
    this.info = info;
    this.learning = nothing();
    this.openFrom = openFrom;
    this.tell.part(all, true);
  }

  /** What a pretrained detector needs: the module that has the nets, and its files. @param {string} detector */
  async #model(detector) {
    const { modelBase } = this.client.assets;
    const fetched = part('more').then(({ model }) => model(modelBase, detector));
    const file = netsFile();
    const compiled = compile(new URL(file, modelBase)).catch(({ hint }) => {
      throw new WidgetError('weights', `The model of ${detector} could not be loaded: ${file}, which runs it, cannot be used.`, { hint });
    });
    const [module, files] = await Promise.all([compiled, fetched]);
    return { module, ...files };
  }
}

/** How the engine is to read. @param {Reading} reading */
export function options({ format, column, only }) {
  return { ...(format && format !== 'auto' && { format }), ...(column && { column }), ...(only && { only }) };
}

/**
 * @param {number | string | undefined} train rows, or "P%"
 * @param {number} rows
 */
function trainRows(train, rows) {
  if (train === undefined || train === null) return rows;
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(String(train));
  const wanted = percent ? Math.round(rows * Number(percent[1]) / 100) : Number(train);
  if (!(wanted >= 1)) throw new WidgetError('param', `settings.train: ${train} is neither a number of rows nor a percentage.`);
  return Math.min(wanted, rows);
}
