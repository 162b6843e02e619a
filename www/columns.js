// The columns that the element keeps: they grow by doubling, are replaced from a row on, and lose their oldest
// rows on a feed that never ends.

/** @typedef {import('./messages.js').Part} Part */

/** @type {readonly ['time', 'value', 'scores', 'limits', 'expected', 'lower', 'upper']} */
export const names = ['time', 'value', 'scores', 'limits', 'expected', 'lower', 'upper'];
/** @typedef {typeof names[number]} Name */

export class Columns {
  /** Rows kept. */
  length = 0;
  /** Rows dropped from the front: the engine's row numbers count them too. */
  base = 0;
  /** @type {Partial<Record<Name, Float64Array>>} */
  #data = {};

  /**
   * Replaces what was known from a part's start on.
   * @param {Part} part
   * @returns {number} the first row replaced, counted from those kept
   */
  replace(part) {
    const start = Math.max(part.start - this.base, 0);
    const skip = Math.max(this.base - part.start, 0);
    const length = start + part.time.length - skip;
    for (const name of names) {
      const rows = part[name];
      if (!rows && !this.#data[name]) continue;
      // All of them: the part's own array is kept, not copied.
      if (rows && start === 0 && skip === 0) {
        this.#data[name] = rows;
        continue;
      }
      const column = this.#room(name, length);
      if (rows) column.set(skip ? rows.subarray(skip) : rows, start);
      else column.fill(NaN, start, length);
    }
    this.length = length;
    return start;
  }

  /**
   * Replaces a column from a row on.
   * @param {Name} name
   * @param {Float64Array} rows a single one stands for all
   * @param {number} start counted from the first row ever seen
   */
  put(name, rows, start) {
    const at = Math.max(start - this.base, 0), skip = Math.max(this.base - start, 0);
    const column = this.#room(name, this.length);
    if (rows.length === 1) column.fill(rows[0], at, this.length);
    else column.set(rows.subarray(skip, skip + this.length - at), at);
  }

  /**
   * Drops the oldest rows.
   * @param {number} count
   */
  forget(count) {
    for (const column of Object.values(this.#data)) column.copyWithin(0, count, this.length);
    this.length -= count;
    this.base += count;
  }

  /**
   * A column as far as it is filled; undefined when the detector gives none.
   * @param {Name} name
   * @returns {Float64Array | undefined}
   */
  get(name) {
    return this.#data[name]?.subarray(0, this.length);
  }

  /**
   * One entry; NaN where there is none.
   * @param {Name} name
   * @param {number} row
   */
  at(name, row) {
    return row < this.length ? this.#data[name]?.[row] ?? NaN : NaN;
  }

  /**
   * The row whose time is nearest.
   * @param {number} time
   */
  nearest(time) {
    const times = this.get('time') ?? new Float64Array();
    let low = 0, high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (low === times.length || time - times[low - 1] < times[low] - time) ? low - 1 : low;
  }

  /**
   * @param {Name} name
   * @param {number} length
   */
  #room(name, length) {
    const old = this.#data[name];
    if (old && old.length >= length) return old;
    const column = new Float64Array(old ? Math.max(length, 2 * old.length) : length);
    if (old) column.set(old.subarray(0, this.length));
    else column.fill(NaN, 0, this.length);
    return (this.#data[name] = column);
  }
}
