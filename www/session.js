// One series on its way: read, fitted, scored, decided anew, and continued live. It knows no document.

import { model } from './assets.js';
import { WidgetError, aborted } from './errors.js';
import { read } from './sources.js';

/** @typedef {import('./messages.js').Part} Part */
/** @typedef {import('./messages.js').Columns} Rows */
/** @typedef {import('./sources.js').Source} Source */
/** @typedef {{ format?: string, column?: string }} Reading */
/** @typedef {Record<string, any> & { detector?: string, train?: number | string }} Settings */

/**
 * @typedef {object} Listener
 * @property {(progress: import('./messages.js').Progress) => void} progress
 * @property {(part: Part, fresh: boolean) => void} part `fresh`: everything before is gone
 * @property {(got: number, needed: number) => void} collecting
 * @property {(ledger: Ledger) => void} count what rows that came in were
 */

/** @typedef {{ received: number, used: number, late: number, repeated: number, malformed: number, gaps: number }} Ledger */

/** Rows that a feed without a past is learnt from, unless `settings.train` says otherwise. */
const LEARN = 240;

let last = 0;

export class Session {
  #series = ++last;
  /** Ends with the series. */
  #run = new AbortController();
  /** Ends with one scoring of it. */
  #job = new AbortController();
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();
  /** Rows of a feed that are not enough to learn from yet. @type {Rows | null} */
  #collected = null;
  #needed = 0;
  #broken = false;
  #newest = -Infinity;
  #newestValue = NaN;
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
  #turn(work) {
    const next = this.#queue.then(work);
    this.#queue = next.catch(() => {});
    return next;
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
    return this.#turn(async () => {
      if (run.signal.aborted) throw aborted();
      this.tell.progress({ stage: 'read', done: 0 });
      const rows = await this.#rows(source, reading, run.signal);
      await this.#analyse(rows, settings, run.signal);
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
    return this.#turn(async () => {
      if (signal.aborted) throw aborted();
      this.#broken = false;
      const rows = known() ?? this.#collected;
      if (rows) await this.#analyse({ time: rows.time.slice(), value: rows.value.slice() }, settings(), signal);
    });
  }

  #giveUp() {
    this.#run.abort();
    this.#run = new AbortController();
    this.#broken = false;
    this.#collected = null;
  }

  /**
   * Decides anew from the stored scores.
   * @param {string} threshold
   * @param {number} sensitivity
   */
  async decide(threshold, sensitivity) {
    if (!this.info) return;
    const run = this.#run.signal;
    const part = await this.client.ask('decide', { series: this.#series, threshold, sensitivity });
    if (!run.aborted) this.tell.part(part, false);
  }

  /**
   * Continues the series; calls wait for each other.
   * @param {Source | { frames: (string | Uint8Array)[] }} source
   * @param {Settings} settings
   * @param {Reading} reading
   */
  append(source, settings, reading) {
    const run = this.#run.signal;
    return this.#turn(() => this.#append(source, settings, reading, run));
  }

  /**
   * @param {Source | { frames: (string | Uint8Array)[] }} source
   * @param {Settings} settings
   * @param {Reading} reading
   * @param {AbortSignal} run
   */
  async #append(source, settings, reading, run) {
    if (run.aborted) throw aborted();
    let malformed = 0, rows;
    if ('frames' in source) {
      const parsed = await this.client.ask('frames', { frames: source.frames, options: options(reading) });
      malformed = parsed.malformed;
      rows = parsed;
    } else {
      rows = await this.#rows(source, reading, run);
    }
    if (run.aborted) throw aborted();
    const received = rows.time.length + malformed;
    const { time, value, late, repeated, gaps } = this.#following(rows);
    this.tell.count({ received, used: time.length, late, repeated, malformed, gaps });
    if (time.length === 0) return;
    if (!this.info) await this.#collect({ time, value }, settings, run);
    else {
      const part = await this.client.ask('push', { series: this.#series, time, value });
      if (run.aborted) throw aborted();
      this.tell.part(part, false);
    }
  }

  /** The rows that come after the newest one, in order. @param {Rows} rows */
  #following(rows) {
    const order = [...rows.time.keys()].sort((a, b) => rows.time[a] - rows.time[b]);
    const time = [], value = [];
    let late = 0, repeated = 0, gaps = 0;
    const step = this.info?.step ?? 0;
    for (const i of order) {
      const [t, v] = [rows.time[i], rows.value[i]];
      if (t > this.#newest) {
        if (step && t - this.#newest > 1.5 * step && this.#newest > -Infinity) gaps += 1;
        time.push(t);
        value.push(v);
        [this.#newest, this.#newestValue] = [t, v];
      } else if (t === this.#newest && Object.is(v, this.#newestValue)) repeated += 1;
      else late += 1;
    }
    return { time: Float64Array.from(time), value: Float64Array.from(value), late, repeated, gaps };
  }

  /** @param {Rows} rows @param {Settings} settings @param {AbortSignal} run */
  async #collect(rows, settings, run) {
    const all = this.#collected ? { time: joined(this.#collected.time, rows.time), value: joined(this.#collected.value, rows.value) } : rows;
    this.#collected = all;
    const needed = Math.max(this.#needed, typeof settings.train === 'number' ? settings.train : LEARN);
    // Settings that failed once fail again with every row: they wait for others.
    if (all.time.length < needed || this.#broken) return this.tell.collecting(all.time.length, needed);
    try {
      await this.#analyse({ time: all.time.slice(), value: all.value.slice() }, settings, run);
    } catch (error) {
      const { needed: more } = /** @type {any} */ (error);
      if (!more) {
        this.#broken = true;
        throw error;
      }
      this.#needed = Math.max(more, all.time.length + 1);
      this.tell.collecting(all.time.length, this.#needed);
    }
  }

  /** Frees the series in the worker. */
  async close() {
    this.info = null;
    await this.client.ask('close', { series: this.#series });
  }

  /** Forgets the series. */
  clear() {
    this.#giveUp();
    this.info = null;
    this.#needed = 0;
    this.#newest = -Infinity;
  }

  /** @param {Source} source @param {Reading} reading @param {AbortSignal} run @returns {Promise<Rows>} */
  async #rows(source, reading, run) {
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
  async #analyse(rows, settings, run) {
    await this.client.start();
    const { train, ...core } = settings;
    const known = this.client.detectors.find((d) => d.name === core.detector);
    if (core.detector === 'auto' && !known) delete core.detector;
    const files = known?.pretrained ? await model(this.client.assets.modelBase, known.name) : undefined;
    if (run.aborted) throw aborted();
    const [newest, newestValue] = [rows.time[rows.time.length - 1], rows.value[rows.value.length - 1]];
    const ask = { series: this.#series, settings: core, train: trainRows(train, rows.time.length), model: files, time: rows.time, value: rows.value };
    const progress = (/** @type {import('./messages.js').Progress} */ p) => { if (!run.aborted) this.tell.progress(p); };
    const { part, info } = await this.client.ask('analyse', ask, { progress, signal: run });
    if (run.aborted) throw aborted();
    this.info = info;
    this.#collected = null;
    [this.#newest, this.#newestValue] = [newest ?? -Infinity, newestValue];
    this.tell.part(part, true);
  }
}

/** @param {Reading} reading */
function options({ format, column }) {
  return { ...(format && format !== 'auto' && { format }), ...(column && { column }) };
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

/** @param {Float64Array} a @param {Float64Array} b */
function joined(a, b) {
  const all = new Float64Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
