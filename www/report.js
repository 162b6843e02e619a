// What the element knows about its series.

import { Columns } from './columns.js';

/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */

/**
 * What became of an event, in the order of what outweighs what. `withdrawn`: later rows have shown that it was none.
 * @typedef {AnomalyEvent & { change: 'new' | 'merged' | 'revised' | 'settled' | 'withdrawn', merged?: string[] }} Change `merged`: ids of
 *   the events that are now part of it
 */

/**
 * @typedef {object} Report
 * @property {Float64Array} times milliseconds
 * @property {Float64Array} values NaN: missing
 * @property {Float64Array} scores NaN: not scored
 * @property {Float64Array} limits
 * @property {Float64Array} [expected]
 * @property {Float64Array} [lower]
 * @property {Float64Array} [upper]
 * @property {AnomalyEvent[]} events by time
 * @property {number} settledTo scores and events before this moment never change again
 */

export class Findings {
  columns = new Columns();
  /** @type {AnomalyEvent[]} */
  events = [];
  /** The ordinary score, from which limits are measured. */
  ordinary = NaN;
  #settled = 0;

  /**
   * Takes in a part. Events keep the id of the first that they overlap; those of rows that were dropped stay.
   * @param {import('./messages.js').Part} part
   * @param {number} capacity rows kept
   * @returns {{ start: number, forgotten: number, changed: Change[] }} first row replaced; rows dropped from the
   *   front after that; events that are not what they were
   */
  take(part, capacity) {
    const start = this.columns.replace(part);
    const changed = this.#follow(part);
    // Some room, so that a full buffer is not moved at every row.
    const over = this.columns.length - capacity;
    const forgotten = over > capacity / 20 ? over : 0;
    if (forgotten) this.columns.forget(forgotten);
    return { start, forgotten, changed };
  }

  /**
   * Takes in what was decided anew.
   * @param {import('./messages.js').Decision} decision
   * @returns {Change[]} events that are not what they were
   */
  decide(decision) {
    this.columns.put('limits', decision.limits, decision.start);
    return this.#follow(decision);
  }

  /**
   * Replaces the events from a row on.
   * @param {import('./messages.js').Decision | import('./messages.js').Part} part
   * @returns {Change[]}
   */
  #follow({ start, settled, ordinary, events }) {
    const before = this.events.filter((event) => event.startIndex >= start);
    this.events = this.events.filter((event) => event.startIndex < start);
    const ids = new Set(this.events.map((event) => event.id));
    /** @type {Change[]} */
    const changed = [];
    for (const event of events) {
      const same = before.filter((old) => old.start < event.end && event.start < old.end);
      before.splice(0, before.length, ...before.filter((old) => !same.includes(old)));
      const [first, ...others] = same;
      event.id = first?.id ?? event.id;
      while (ids.has(event.id)) event.id += '+';
      ids.add(event.id);
      if (!first) changed.push({ ...event, change: 'new' });
      else if (others.length) changed.push({ ...event, change: 'merged', merged: others.map((old) => old.id) });
      else if (differs(first, event)) changed.push({ ...event, change: 'revised' });
      else if (first.settled !== event.settled) changed.push({ ...event, change: 'settled' });
    }
    for (const old of before) changed.push({ ...old, change: 'withdrawn' });
    this.events.push(...events);
    [this.#settled, this.ordinary] = [settled, ordinary];
    return changed;
  }

  /** @returns {Report | null} */
  get report() {
    const { columns } = this;
    if (columns.length === 0) return null;
    const column = (/** @type {import('./columns.js').Name} */ name) => columns.get(name) ?? new Float64Array(columns.length).fill(NaN);
    const settled = Math.max(this.#settled - columns.base, 0);
    return {
      times: column('time'), values: column('value'), scores: column('scores'), limits: column('limits'),
      expected: columns.get('expected'), lower: columns.get('lower'), upper: columns.get('upper'), events: this.events,
      settledTo: settled < columns.length ? columns.at('time', settled) : columns.at('time', columns.length - 1) + 1,
    };
  }
}

/** @param {AnomalyEvent} a @param {AnomalyEvent} b */
function differs(a, b) {
  return a.start !== b.start || a.end !== b.end || a.severity !== b.severity || a.kind !== b.kind || a.direction !== b.direction;
}
