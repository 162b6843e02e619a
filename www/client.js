// An element's or engine's end of a worker: a promise for each request. What is cancelled, or fails, gives up its place
// at the worker and with it every series that is open there.

import { WidgetError, aborted } from './errors.js';
import { join } from './pool.js';
import { buffersOf } from './transfer.js';

/**
 * @typedef {import('./messages.js').Requests} Requests
 * @typedef {import('./messages.js').Reply} Reply
 * @typedef {{ progress?: (progress: import('./messages.js').Progress) => void, signal?: AbortSignal }} Options
 * @typedef {Awaited<ReturnType<typeof join>>} Seat
 * @typedef {{ resolve: (result: any) => void, reject: (error: unknown) => void, progress?: Options['progress'] }} Waiting
 */

/** Requests of all clients have numbers of their own: they share workers. */
let last = 0;

export class Client {
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  /** @type {Promise<Seat> | null} */
  #seat = null;
  /** How often it was ended: a request that meets an end while it waits for the worker has no one to answer it. */
  #ends = 0;
  /** @type {import('./messages.js').DetectorInfo[]} */
  detectors = [];

  /** @param {import('./assets.js').Assets} assets */
  constructor(assets) {
    this.assets = assets;
  }

  /** Takes a place at a worker if it has none; resolves when that can take requests. */
  async start() {
    const seat = (this.#seat ??= join(this.assets, { receive: (reply) => this.#receive(reply), fail: (error) => this.end(error) }));
    try {
      const taken = await seat;
      this.detectors = taken.detectors;
      return taken;
    } catch (error) {
      if (this.#seat === seat) this.#seat = null;
      throw error;
    }
  }

  /**
   * Asks the worker.
   * @template {keyof Requests} N
   * @param {N} name
   * @param {Requests[N]['ask']} ask its typed arrays are transferred
   * @param {Options} [options] a signal gives up the place at the worker, and with it every series that is open there
   * @returns {Promise<Requests[N]['reply']>}
   */
  async ask(name, ask, { progress, signal } = {}) {
    if (signal?.aborted) throw aborted();
    const ends = this.#ends;
    const seat = await this.start();
    if (signal?.aborted || ends !== this.#ends) throw aborted();
    const cancel = () => this.end(aborted());
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        const id = ++last;
        this.#waiting.set(id, { resolve, reject, progress });
        seat.post({ id, name, ask }, buffersOf(ask));
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /**
   * Gives up the place at the worker; requests under way fail with this error. The next request takes a new one.
   * @param {unknown} [error]
   */
  end(error = aborted()) {
    this.#ends += 1;
    this.#seat?.then((seat) => seat.leave(), () => {});
    this.#seat = null;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** @param {Reply} reply */
  #receive({ id, result, error, progress }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (progress) return waiting.progress?.(progress);
    this.#waiting.delete(id);
    if (!error) return waiting.resolve(result);
    waiting.reject(new WidgetError(error.code, error.message, { line: error.line, needed: error.needed }));
  }
}
