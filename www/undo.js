// What can be taken back: the states of the view, the limit and the labels, one after the other.

/** Changes of one kind that follow each other within so many milliseconds are one. */
const TOGETHER = 800;

/** @template T */
export class Undo {
  /** @type {T[]} */
  #back = [];
  /** @type {T[]} */
  #forth = [];
  #kind = '';
  #at = -Infinity;

  /** @param {T} now */
  constructor(now) {
    this.now = now;
  }

  /**
   * Follows a change.
   * @param {T} now the state after it
   * @param {string} kind
   */
  note(now, kind) {
    if (JSON.stringify(now) === JSON.stringify(this.now)) return;
    const time = performance.now();
    if (kind !== this.#kind || time - this.#at > TOGETHER) this.#back.push(this.now);
    [this.#kind, this.#at, this.#forth, this.now] = [kind, time, [], now];
  }

  /**
   * The state before the last change, or with 1 the one taken back last; null when there is none.
   * @param {-1 | 1} way
   * @returns {T | null}
   */
  step(way) {
    const [from, to] = way < 0 ? [this.#back, this.#forth] : [this.#forth, this.#back];
    const next = from.pop();
    if (next === undefined) return null;
    to.push(this.now);
    [this.now, this.#kind] = [next, ''];
    return next;
  }

  /** Whether there is something to step to. @param {-1 | 1} way */
  can(way) {
    return (way < 0 ? this.#back : this.#forth).length > 0;
  }

  /** Forgets everything before this state. @param {T} now */
  reset(now) {
    [this.#back, this.#forth, this.#kind, this.now] = [[], [], '', now];
  }
}
