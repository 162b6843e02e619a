// The page's end of the worker: a promise for each request. A worker that fails or is cancelled is replaced.

import { compile } from './assets.js';
import { WidgetError, aborted } from './errors.js';
import { buffersOf } from './transfer.js';

/**
 * @typedef {import('./messages.js').Requests} Requests
 * @typedef {import('./messages.js').Reply} Reply
 * @typedef {{ progress?: (progress: import('./messages.js').Progress) => void, signal?: AbortSignal }} Options
 * @typedef {{ post: (message: { id: number, name: string, ask: unknown }, buffers: ArrayBuffer[]) => void, end: () => void }} Line
 * @typedef {{ resolve: (result: any) => void, reject: (error: unknown) => void, progress?: Options['progress'] }} Waiting
 */

export class Client {
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #last = 0;
  /** @type {Promise<Line> | null} */
  #line = null;
  /** How often it was ended: a request that meets an end while it waits for the worker has no one to answer it. */
  #ends = 0;
  /** @type {import('./messages.js').DetectorInfo[]} */
  detectors = [];

  /** @param {import('./assets.js').Assets} assets */
  constructor(assets) {
    this.assets = assets;
  }

  /** Starts the worker if it is not running; resolves when it can take requests. */
  async start() {
    const line = (this.#line ??= this.#connect());
    try {
      return await line;
    } catch (error) {
      if (this.#line === line) this.#line = null;
      throw error;
    }
  }

  /**
   * Asks the worker.
   * @template {keyof Requests} N
   * @param {N} name
   * @param {Requests[N]['ask']} ask its typed arrays are transferred
   * @param {Options} [options] a signal ends the worker, and with it every series that is open
   * @returns {Promise<Requests[N]['reply']>}
   */
  async ask(name, ask, { progress, signal } = {}) {
    if (signal?.aborted) throw aborted();
    const ends = this.#ends;
    const line = await this.start();
    if (signal?.aborted || ends !== this.#ends) throw aborted();
    const cancel = () => this.end(aborted());
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await this.#send(line, name, ask, progress);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /**
   * Ends the worker; requests under way fail with this error. The next request starts a fresh one.
   * @param {unknown} [error]
   */
  end(error = aborted()) {
    this.#ends += 1;
    this.#line?.then((line) => line.end(), () => {});
    this.#line = null;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /**
   * @param {Line} line
   * @param {string} name
   * @param {unknown} ask
   * @param {Options['progress']} [progress]
   * @returns {Promise<any>}
   */
  #send(line, name, ask, progress) {
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#waiting.set(id, { resolve, reject, progress });
      line.post({ id, name, ask }, name === 'start' ? [] : buffersOf(ask));
    });
  }

  /** @param {Reply} reply */
  #receive({ id, result, error, progress }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (progress) return waiting.progress?.(progress);
    this.#waiting.delete(id);
    if (!error) return waiting.resolve(result);
    waiting.reject(new WidgetError(error.code, error.message, { line: error.line, needed: error.needed }));
    // After a panic the memory of the module cannot be trusted.
    if (error.code === 'panic') this.end(new WidgetError('panic', error.message));
  }

  async #connect() {
    const module = await compile(this.assets.wasm);
    const line = await (this.assets.worker === false ? this.#inside() : this.#outside(this.assets.worker));
    try {
      this.detectors = await this.#send(line, 'start', { module });
    } catch (error) {
      line.end();
      throw error;
    }
    return line;
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

  /**
   * @param {URL | Worker} given
   * @returns {Promise<Line>}
   */
  async #outside(given) {
    const worker = given instanceof URL ? await workerAt(given) : given;
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.end(new WidgetError('engine', 'The detection worker failed.', { hint: event.message || 'It could not be started: is its address right, and does the page\'s policy allow it?' }));
    };
    return { post: (message, buffers) => worker.postMessage(message, buffers), end: () => worker.terminate() };
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
