// The page's workers: a few, however many elements and engines there are. A worker ends with the last who uses it.

import { compile } from './assets.js';
import { WidgetError } from './errors.js';

/**
 * @typedef {import('./messages.js').Reply} Reply
 * @typedef {{ receive: (reply: Reply) => void, fail: (error: unknown) => void }} User
 * @typedef {{ post: (message: { id: number, owner: number, name: string, ask: unknown }, buffers: ArrayBuffer[]) => void, end: () => void }} Line
 */

const cores = globalThis.navigator?.hardwareConcurrency ?? 2;
/**
 * Workers that share the work of a page: its own thread needs a core too, and each has a memory of its own. Two where
 * there are two cores, so that one long scoring does not keep all others waiting.
 */
const MOST = cores > 1 ? Math.max(2, Math.min(4, cores - 1)) : 1;
/** Those that take more users. @type {Hand[]} */
let hands = [];
let owners = 0;

/** A worker and its users. */
class Hand {
  /** @type {Map<number, User>} */
  users = new Map();
  /** Requests that it has not answered. */
  load = 0;
  #ended = false;
  /** Settles {@link ready}. @type {{ resolve: (detectors: any) => void, reject: (error: unknown) => void }} */
  #started = { resolve() {}, reject() {} };

  /** @param {URL | Worker | false} asset @param {WebAssembly.Module} module */
  constructor(asset, module) {
    this.address = asset instanceof URL ? asset.href : null;
    this.module = module;
    this.line = asset === false ? this.#inside() : this.#outside(asset);
    /** @type {Promise<import('./messages.js').DetectorInfo[]>} */
    this.ready = new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      this.line.then((line) => line.post({ id: 0, owner: 0, name: 'start', ask: { module } }, []), reject);
    });
    // Whoever waits for it hears of a failure.
    this.ready.catch(() => {});
  }

  /** @param {Reply} reply */
  #receive(reply) {
    if (reply.id === 0) {
      const { result, error } = reply;
      if (error) this.#started.reject(new WidgetError(error.code, error.message));
      else this.#started.resolve(result);
      return;
    }
    if (!reply.progress) this.load -= 1;
    for (const user of this.users.values()) user.receive(reply);
    // After a panic, also in what nobody waits for any more, the memory of the module cannot be trusted.
    if (reply.error?.code === 'panic') this.#fail(new WidgetError('panic', reply.error.message));
  }

  /** Ends it for all of its users. @param {unknown} error */
  #fail(error) {
    this.#started.reject(error);
    const users = [...this.users.values()];
    this.#end();
    for (const user of users) user.fail(error);
  }

  /** @param {number} owner who does not use it any more */
  leave(owner) {
    if (!this.users.delete(owner)) return;
    if (this.users.size === 0) return this.#end();
    this.load += 1;
    this.line.then((line) => line.post({ id: -1, owner, name: 'leave', ask: null }, []), () => {});
  }

  #end() {
    if (this.#ended) return;
    this.#ended = true;
    hands = hands.filter((hand) => hand !== this);
    this.users.clear();
    this.line.then((line) => line.end(), () => {});
  }

  /** No worker: its file is imported, and serves on this thread. @returns {Promise<Line>} */
  async #inside() {
    const file = new URL('./worker.js', import.meta.url).href;
    await import(/* webpackIgnore: true */ /* @vite-ignore */ file);
    const { port1, port2 } = new MessageChannel();
    /** @type {any} */ (globalThis)[Symbol.for('anomaly-widget.serve')](port2);
    port1.onmessage = ({ data }) => this.#receive(data);
    return {
      post: (message, buffers) => port1.postMessage(message, buffers),
      end: () => port1.close(),
    };
  }

  /** @param {URL | Worker} given @returns {Promise<Line>} */
  async #outside(given) {
    const worker = given instanceof URL ? await workerAt(given) : given;
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new WidgetError('engine', 'The detection worker failed.', { hint: event.message || 'It could not be started: is its address right, and does the page\'s policy allow it?' }));
    };
    return { post: (message, buffers) => worker.postMessage(message, buffers), end: () => worker.terminate() };
  }
}

/**
 * A place at a worker: at a new one as long as there are few, else at the one with the least to do.
 * @param {import('./assets.js').Assets} assets
 * @param {User} user
 * @returns {Promise<{ detectors: import('./messages.js').DetectorInfo[], post: (message: { id: number, name: string, ask: unknown }, buffers: ArrayBuffer[]) => void,
 *   leave: () => void }>} `leave` frees what it holds of this user
 */
export async function join({ worker, wasm }, user) {
  const module = await compile(wasm);
  const alike = hands.filter((hand) => worker instanceof URL && hand.address === worker.href && hand.module === module);
  const busy = (/** @type {Hand} */ hand) => hand.load + hand.users.size / 1000;
  let hand = alike.length < MOST ? null : alike.sort((a, b) => busy(a) - busy(b))[0];
  if (!hand) {
    hand = new Hand(worker, module);
    if (hand.address) hands.push(hand);
  }
  const seat = hand, owner = ++owners;
  seat.users.set(owner, user);
  try {
    const [detectors, line] = await Promise.all([seat.ready, seat.line]);
    return {
      detectors,
      post(message, buffers) {
        seat.load += 1;
        line.post({ ...message, owner }, buffers);
      },
      leave: () => seat.leave(owner),
    };
  } catch (error) {
    seat.leave(owner);
    throw error;
  }
}

/**
 * A worker from this address; from another origin by way of a blob, which a page may start.
 * @param {URL} url
 */
async function workerAt(url) {
  if (url.protocol === 'blob:' || url.origin === globalThis.location?.origin) return new Worker(url);
  const blob = await (await fetch(url)).blob();
  const address = URL.createObjectURL(new Blob([blob], { type: 'text/javascript' }));
  try {
    return new Worker(address);
  } finally {
    URL.revokeObjectURL(address);
  }
}
