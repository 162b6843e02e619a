// One series on its way: read, fitted, scored, decided anew, and continued live. It knows no document.

import { model } from './assets.js';
import { WidgetError, aborted } from './errors.js';
import { Intake, lowerBound } from './intake.js';
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

/** Rows that a feed without a past is learnt from, unless `settings.train` says otherwise. */
const LEARN = 240;
/** Rows scored in one go: as many as take this long, within bounds. */
const SLICE_MS = 100, LEAST = 64, MOST = 4096;

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
  #openFrom = -Infinity;
  #slice = 1024;
  /** Rows on their way into the series. */
  intake = new Intake();
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
    const decision = await this.client.ask('decide', { series: this.#series, threshold, sensitivity });
    if (!run.aborted) this.tell.decided(decision, sensitivity);
  }

  /**
   * Continues the series; resolves when these rows are scored. Calls wait for each other.
   * @param {Source} source
   * @param {Settings} settings
   * @param {Reading} reading
   */
  async append(source, settings, reading) {
    const run = this.#run.signal;
    await this.#turn(async () => {
      if (run.aborted) throw aborted();
      const { time, value } = await this.#rows(source, reading, run);
      this.intake.add({ time, value, at: performance.now() }, true);
    });
    while (this.intake.any || this.intake.ahead) {
      if (run.aborted) throw aborted();
      await this.score(() => settings, true);
    }
  }

  /**
   * Reads frames of a feed; their rows wait until they are scored.
   * @param {(string | Uint8Array)[]} frames
   * @param {Reading} reading
   * @param {number} at when they came
   */
  async receive(frames, reading, at) {
    const { intake } = this;
    const { time, value, malformed, faults } = await this.client.ask('frames', { series: this.#series, frames, options: options(reading) });
    // Those of a feed that was given up for another are none of its business.
    if (intake !== this.intake) return;
    intake.spoil(malformed, faults);
    intake.add({ time, value, at });
    intake.trim();
  }

  /**
   * Scores the next rows that wait.
   * @param {() => Settings} settings asked when it is their turn
   * @param {boolean} [end] nothing follows them
   * @returns {Promise<number>} when the oldest of them came
   */
  score(settings, end = false) {
    return this.#turn(async () => {
      const { train } = settings();
      const exact = typeof train === 'number' && !this.info ? train : 0;
      const got = this.#collected?.time.length ?? 0;
      // A training stretch of so many rows is just that, however the rows come.
      const limit = exact && got < exact ? exact - got : Infinity;
      const { time, value, at, commit } = this.intake.draw(this.#slice, this.#known(), { limit, end });
      if (time.length) await (this.info ? this.#push({ time, value }) : this.#collect({ time, value }, settings()));
      commit();
      return at;
    });
  }

  /** @returns {import('./intake.js').Known} */
  #known() {
    const rows = this.#collected;
    if (!this.info) {
      const count = rows?.time.length ?? 0;
      const [first, newest] = rows && count ? [rows.time[0], rows.time[count - 1]] : [-Infinity, -Infinity];
      return { newest, openFrom: -Infinity, step: 0, first, count, value: (time) => valueAt(rows?.time, rows?.value, time), around: (time) => around(rows?.time ?? [], time) };
    }
    const columns = this.tell.columns();
    const times = columns.get('time') ?? [];
    return {
      newest: times[times.length - 1] ?? -Infinity, openFrom: this.#openFrom, step: this.info.step, first: times[0], count: times.length,
      value: (time) => valueAt(times, columns.get('value'), time), around: (time) => around(times, time),
    };
  }

  /** @param {Rows} rows */
  async #push(rows) {
    const run = this.#run.signal;
    const from = performance.now(), count = rows.time.length;
    const live = { lateMs: this.intake.lateMs, capacity: this.capacity };
    const { part, openFrom } = await this.client.ask('push', { series: this.#series, ...live, ...rows });
    if (run.aborted) throw aborted();
    this.#slice = Math.min(Math.max(Math.round(SLICE_MS * count / Math.max(performance.now() - from, 1)), LEAST), MOST, 2 * Math.max(this.#slice, LEAST));
    this.#openFrom = openFrom;
    this.tell.part(part, false);
  }

  /** @param {Rows} rows @param {Settings} settings */
  async #collect(rows, settings) {
    const all = this.#collected = merged(this.#collected, rows);
    const needed = Math.max(this.#needed, typeof settings.train === 'number' ? settings.train : LEARN);
    // Settings that failed once fail again with every row: they wait for others.
    if (all.time.length < needed || this.#broken) return this.tell.collecting(all.time.length, needed);
    try {
      await this.#analyse({ time: all.time.slice(), value: all.value.slice() }, settings, this.#run.signal);
      const step = /** @type {import('./messages.js').Info | null} */ (this.info)?.step ?? 0;
      this.intake.counts.gaps += all.time.filter((time, i) => i > 0 && time - all.time[i - 1] > 1.5 * step).length;
    } catch (error) {
      const { needed: more, name } = /** @type {any} */ (error);
      if (!more) {
        // The rows are kept, whatever became of their scores.
        if (name === 'AbortError') return;
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
    this.intake.clear();
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
    const ask = { series: this.#series, settings: core, train: trainRows(train, rows.time.length), model: files, time: rows.time, value: rows.value };
    const progress = (/** @type {import('./messages.js').Progress} */ p) => { if (!run.aborted) this.tell.progress(p); };
    const { part, info, openFrom } = await this.client.ask('analyse', ask, { progress, signal: run });
    if (run.aborted) throw aborted();
    this.info = info;
    this.#collected = null;
    this.#openFrom = openFrom;
    this.tell.part(part, true);
  }
}

/** @param {Reading} reading */
function options({ format, column, only }) {
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

/** @param {ArrayLike<number> | undefined} times @param {ArrayLike<number> | undefined} values @param {number} time */
function valueAt(times, values, time) {
  const row = times ? lowerBound(times, time) : 0;
  return times?.[row] === time ? values?.[row] : undefined;
}

/** @param {ArrayLike<number>} times @param {number} time @returns {[number, number]} */
function around(times, time) {
  const row = lowerBound(times, time);
  return [times[row - 1] ?? -Infinity, times[row] ?? Infinity];
}

/** Two columns in order as one; of equal times the second counts. @param {Rows | null} known @param {Rows} fresh @returns {Rows} */
function merged(known, fresh) {
  if (!known) return fresh;
  const rows = new Map([known, fresh].flatMap(({ time, value }) => [...time].map((t, i) => /** @type {[number, number]} */ ([t, value[i]]))));
  const order = [...rows].sort((a, b) => a[0] - b[0]);
  return { time: Float64Array.from(order, (row) => row[0]), value: Float64Array.from(order, (row) => row[1]) };
}
