// What follows a series: rows handed over, and rows of a feed, each scored in its turn.

import { Intake, lowerBound } from './intake.js';
import { options } from './session.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').Settings} Settings */
/** @typedef {import('./session.js').Reading} Reading */
/** @typedef {import('./messages.js').Columns} Rows */

/** Rows that a feed without a past is learnt from, unless `settings.train` says otherwise. */
const LEARN = 240;
/** Rows scored in one go: as many as take this long, within bounds. */
const SLICE_MS = 100, LEAST = 64, MOST = 4096;

export class Continuation {
  #slice = 1024;

  /** @param {Session} session */
  constructor(session) {
    this.session = session;
    session.intake ??= new Intake();
  }

  /** Rows on their way into the series. */
  get intake() {
    return /** @type {Intake} */ (this.session.intake);
  }

  /** Another feed begins: what is left of the one before is not a part of it. */
  renew() {
    this.session.intake = new Intake();
  }

  /**
   * Continues the series; resolves when these rows are scored. Calls wait for each other.
   * @param {import('./sources.js').Source} source
   * @param {Settings} settings
   * @param {Reading} reading
   */
  async append(source, settings, reading) {
    const { session } = this, { run } = session;
    await session.turn(async () => {
      run.throwIfAborted();
      const { time, value } = await session.rows(source, reading, run);
      this.intake.add({ time, value, at: performance.now() }, true);
    });
    while (this.intake.any || this.intake.ahead) {
      run.throwIfAborted();
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
    const { session, intake } = this;
    const { time, value, malformed, faults } = await session.client.ask('frames', { series: session.series, frames, options: options(reading) });
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
    const { session } = this;
    return session.turn(async () => {
      const { train } = settings();
      const exact = typeof train === 'number' && !session.info ? train : 0;
      const got = session.learning.rows?.time.length ?? 0;
      // A training stretch of so many rows is just that, however the rows come.
      const limit = exact && got < exact ? exact - got : Infinity;
      const { time, value, at, commit } = this.intake.draw(this.#slice, this.#known(), { limit, end });
      if (time.length) await (session.info ? this.#push({ time, value }) : this.#collect({ time, value }, settings()));
      commit();
      return at;
    });
  }

  /** @returns {import('./intake.js').Known} */
  #known() {
    const { info, learning, openFrom, tell } = this.session;
    if (!info) {
      const { rows } = learning;
      const count = rows?.time.length ?? 0;
      const [first, newest] = rows && count ? [rows.time[0], rows.time[count - 1]] : [-Infinity, -Infinity];
      return { newest, openFrom: -Infinity, step: 0, first, count, value: (time) => valueAt(rows?.time, rows?.value, time), around: (time) => around(rows?.time ?? [], time) };
    }
    const columns = tell.columns();
    const times = columns.get('time') ?? [];
    return {
      newest: times[times.length - 1] ?? -Infinity, openFrom, step: info.step, first: times[0], count: times.length,
      value: (time) => valueAt(times, columns.get('value'), time), around: (time) => around(times, time),
    };
  }

  /** @param {Rows} rows */
  async #push(rows) {
    const { session } = this, { run } = session;
    const from = performance.now(), count = rows.time.length;
    const live = { lateMs: this.intake.lateMs, capacity: session.capacity };
    const { part, openFrom } = await session.client.ask('push', { series: session.series, ...live, ...rows });
    run.throwIfAborted();
    this.#slice = Math.min(Math.max(Math.round(SLICE_MS * count / Math.max(performance.now() - from, 1)), LEAST), MOST, 2 * Math.max(this.#slice, LEAST));
    session.openFrom = openFrom;
    session.tell.part(part, false);
  }

  /** @param {Rows} rows @param {Settings} settings */
  async #collect(rows, settings) {
    const { session } = this, { learning } = session;
    const all = learning.rows = merged(learning.rows, rows);
    const needed = Math.max(learning.needed, typeof settings.train === 'number' ? settings.train : LEARN);
    // Settings that failed once fail again with every row: they wait for others.
    if (all.time.length < needed || learning.failed) return session.tell.collecting(all.time.length, needed);
    try {
      const calibrated = { ...settings, train: settings.train ?? all.time.length };
      await session.analyse({ time: all.time.slice(), value: all.value.slice() }, calibrated, session.run);
      const step = /** @type {import('./messages.js').Info | null} */ (session.info)?.step ?? 0;
      this.intake.counts.gaps += all.time.filter((time, i) => i > 0 && time - all.time[i - 1] > 1.5 * step).length;
    } catch (error) {
      const { needed: more, name } = /** @type {any} */ (error);
      if (!more) {
        // The rows are kept, whatever became of their scores.
        if (name === 'AbortError') return;
        learning.failed = true;
        throw error;
      }
      learning.needed = Math.max(more, all.time.length + 1);
      session.tell.collecting(all.time.length, learning.needed);
    }
  }
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
