// Rows of a feed on their way into the series: which are used, and what became of the others. Every row that has
// come is in exactly one of the counts, or still waits.
//
// A row's fate depends on the rows before it, in the order in which they came, and never on how they were cut into
// batches. What has been drawn counts only when it is committed: a batch whose scoring failed is drawn again.

/**
 * @typedef {{ used: number, late: number, repeated: number, malformed: number, dropped: number, gaps: number }} Counts
 * @typedef {{ frame: string, why: string }} Fault
 * @typedef {'drop-oldest' | 'drop-newest' | 'decimate'} OnFull
 * @typedef {object} Known what the series is made of so far
 * @property {number} newest time of its last row, -Infinity: none
 * @property {number} openFrom rows up to this time are settled
 * @property {number} step milliseconds between rows, 0: not known
 * @property {number} first time of its first row
 * @property {number} count its rows
 * @property {(time: number) => number | undefined} value of the row of this time
 * @property {(time: number) => [number, number]} around times of the rows before and after, infinite: none
 * @typedef {{ time: Float64Array, value: Float64Array, at: number }} Chunk `at`: when it came
 */

/** A row so many intervals ahead is believed when others have followed it: a clock may have jumped. */
const JUMP = 1000;
const FOLLOWED = 3;
/** Unreadable frames kept for the developer, and the characters of each. */
const FAULTS = 5, FAULT_LENGTH = 200;

/** @returns {Counts} */
export const noCounts = () => ({ used: 0, late: 0, repeated: 0, malformed: 0, dropped: 0, gaps: 0 });

export class Intake {
  counts = noCounts();
  /** The last frames that could not be read. @type {Fault[]} */
  faults = [];
  /** Rows may come this many milliseconds after newer ones. */
  lateMs = 0;
  /** Rows that may wait. */
  room = 100_000;
  /** @type {OnFull} */
  onFull = 'drop-oldest';
  /** Rows that wait. */
  waiting = 0;
  /** @type {Chunk[]} */
  #queue = [];
  /** Drawn and not yet committed. @type {Chunk | null} */
  #flight = null;
  /** Rows far ahead of the others. @type {[number, number][]} */
  #ahead = [];

  /**
   * Takes rows, which are taken to have come in this order.
   * @param {Chunk} chunk
   * @param {boolean} [sort] they came together: by time
   */
  add({ time, value, at }, sort = false) {
    const bad = (/** @type {number} */ i) => !Number.isFinite(time[i]) || Math.abs(value[i]) === Infinity;
    let rows = [...time.keys()];
    const wrong = rows.filter(bad);
    if (wrong.length) rows = rows.filter((i) => !bad(i));
    this.spoil(wrong.length, wrong.slice(-FAULTS).map((i) => ({ frame: `${time[i]},${value[i]}`, why: 'time and value are to be finite numbers' })));
    if (sort) rows.sort((a, b) => time[a] - time[b] || a - b);
    if (rows.length === 0) return;
    const chunk = wrong.length || sort ? { time: Float64Array.from(rows, (i) => time[i]), value: Float64Array.from(rows, (i) => value[i]), at } : { time, value, at };
    this.#queue.push(chunk);
    this.waiting += rows.length;
  }

  /** Keeps no more than the room. */
  trim() {
    while (this.onFull === 'decimate' && this.waiting > Math.max(this.room, 1)) {
      const { time, value, at } = this.#shift(Infinity);
      // Every other one, the newest among them.
      const odd = (/** @type {number} */ _, /** @type {number} */ i) => (time.length - i) % 2 === 1;
      this.#queue = [{ time: time.filter(odd), value: value.filter(odd), at }];
      this.waiting = this.#queue[0].time.length;
      this.counts.dropped += time.length - this.waiting;
    }
    const over = Math.max(this.waiting - this.room, 0);
    this.counts.dropped += over;
    this.waiting -= over;
    const oldest = this.onFull === 'drop-oldest';
    for (let left = over; left > 0;) {
      const at = oldest ? 0 : this.#queue.length - 1;
      const chunk = this.#queue[at], n = chunk.time.length;
      if (n <= left) this.#queue.splice(at, 1);
      else this.#queue[at] = oldest ? part(chunk, left, n) : part(chunk, 0, n - left);
      left -= n;
    }
  }

  /** Counts what could not be read. @param {number} count @param {Fault[]} faults */
  spoil(count, faults) {
    this.counts.malformed += count;
    for (const { frame, why } of faults) this.faults.push({ frame: frame.slice(0, FAULT_LENGTH), why });
    this.faults.splice(0, this.faults.length - FAULTS);
  }

  /** Counts what was lost before it could be read. @param {number} count */
  drop(count) {
    this.counts.dropped += count;
  }

  /**
   * The next rows, in order of time and each time once: those to be merged into the series.
   * @param {number} most rows looked at
   * @param {Known} known
   * @param {{ limit?: number, end?: boolean }} [options] `limit`: new rows at most; `end`: nothing will follow
   * @returns {{ time: Float64Array, value: Float64Array, at: number, commit: () => void }}
   */
  draw(most, known, { limit = Infinity, end = false } = {}) {
    const rows = this.#flight ?? this.#shift(most);
    this.#flight = rows;
    const batch = new Batch(known, this.lateMs, this.#ahead);
    let taken = 0;
    while (taken < rows.time.length && batch.counts.used < limit) {
      batch.arrive(rows.time[taken], rows.value[taken]);
      taken += 1;
    }
    if (end && taken === rows.time.length) batch.believe();
    const commit = () => {
      this.#flight = null;
      if (taken < rows.time.length) {
        this.#queue.unshift(part(rows, taken, rows.time.length));
        this.waiting += rows.time.length - taken;
      }
      this.#ahead = batch.ahead;
      for (const name of /** @type {(keyof Counts)[]} */ (Object.keys(this.counts))) this.counts[name] += batch.counts[name];
      this.spoil(0, batch.wrong.map(([time, value]) => ({ frame: `${time},${value}`, why: 'its time is far ahead of the rows before and after it' })));
    };
    return { time: Float64Array.from(batch.time), value: Float64Array.from(batch.value), at: rows.at, commit };
  }

  /** Rows far ahead of the others, which wait for more to follow them. */
  get ahead() {
    return this.#ahead.length;
  }

  /** Whether there is something to draw. */
  get any() {
    return this.waiting > 0 || this.#flight !== null;
  }

  /** Forgets what waits, without counting it. */
  clear() {
    this.#queue = [];
    this.#flight = null;
    this.#ahead = [];
    this.waiting = 0;
  }

  /** @param {number} most @returns {Chunk} */
  #shift(most) {
    const first = this.#queue[0];
    const count = Math.min(most, this.waiting);
    const time = new Float64Array(count), value = new Float64Array(count);
    let filled = 0;
    while (filled < count) {
      const chunk = this.#queue[0];
      const n = Math.min(chunk.time.length, count - filled);
      time.set(chunk.time.subarray(0, n), filled);
      value.set(chunk.value.subarray(0, n), filled);
      filled += n;
      if (n === chunk.time.length) this.#queue.shift();
      else this.#queue[0] = part(chunk, n, chunk.time.length);
    }
    this.waiting -= count;
    return { time, value, at: first?.at ?? 0 };
  }
}

/** @param {Chunk} chunk @param {number} from @param {number} to @returns {Chunk} */
function part({ time, value, at }, from, to) {
  return { time: time.subarray(from, to), value: value.subarray(from, to), at };
}

/** Rows judged one after the other. */
class Batch {
  counts = noCounts();
  /** @type {number[]} */
  time = [];
  /** @type {number[]} */
  value = [];
  /** Rows far ahead that nothing followed. @type {[number, number][]} */
  wrong = [];

  /** @param {Known} known @param {number} lateMs @param {[number, number][]} ahead */
  constructor(known, lateMs, ahead) {
    this.known = known;
    this.newest = known.newest;
    this.lateMs = lateMs;
    this.ahead = ahead.slice();
  }

  /** @param {number} time @param {number} value */
  arrive(time, value) {
    const { ahead, step } = this;
    if (ahead.length && time >= ahead[0][0]) {
      ahead.push([time, value]);
      if (ahead.length > FOLLOWED) this.believe();
      return;
    }
    if (ahead.length && time > this.newest) {
      // The clock is back where it was.
      this.counts.malformed += ahead.length;
      this.wrong.push(...ahead.splice(0));
    }
    if (step > 0 && this.newest > -Infinity && time - this.newest > JUMP * step) ahead.push([time, value]);
    else this.settle(time, value);
  }

  /** Milliseconds between rows, 0: not known yet. */
  get step() {
    const { step, first, count } = this.known, n = count + this.counts.used;
    const from = count ? first : this.time[0];
    return step || (n > 8 ? (this.newest - from) / (n - 1) : 0);
  }

  /** The rows far ahead are right. */
  believe() {
    for (const [time, value] of this.ahead.splice(0)) this.settle(time, value);
  }

  /** 1 if there is a gap between rows of these times. @param {number} before @param {number} after */
  gap(before, after) {
    const { step } = this.known, apart = after - before;
    return Number(step > 0 && apart > 1.5 * step && apart < Infinity);
  }

  /** @param {number} time @param {number} value */
  settle(time, value) {
    const { counts, known, newest } = this;
    if (time > newest) {
      counts.gaps += this.gap(newest, time);
      this.newest = time;
      this.time.push(time);
      this.value.push(value);
      counts.used += 1;
      return;
    }
    const at = lowerBound(this.time, time);
    const inside = this.time[at] === time;
    const old = inside ? this.value[at] : known.value(time);
    if (Object.is(old, value)) counts.repeated += 1;
    else if (newest - time > this.lateMs || time <= known.openFrom) counts.late += 1;
    else {
      if (old === undefined) {
        counts.used += 1;
        // It splits a gap, or fills it.
        const [low, high] = known.around(time);
        const [before, after] = [Math.max(low, this.time[at - 1] ?? -Infinity), Math.min(high, this.time[at] ?? Infinity)];
        counts.gaps += this.gap(before, time) + this.gap(time, after) - this.gap(before, after);
      } else counts.repeated += 1;
      // A missing value says nothing against one that is there.
      if (old !== undefined && Number.isNaN(value)) return;
      if (inside) this.value[at] = value;
      else {
        this.time.splice(at, 0, time);
        this.value.splice(at, 0, value);
      }
    }
  }
}

/**
 * The first place whose time is not before this one.
 * @param {ArrayLike<number>} times in order
 * @param {number} time
 */
export function lowerBound(times, time) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
