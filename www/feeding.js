// The element's end of its feed. It stands in for live.js until that is loaded: what is wished meanwhile is done
// then, and what a connection that was handed in brings is kept.

import { part } from './parts.js';

/** @typedef {import('./feed.js').FeedOptions} FeedOptions */
/** @typedef {import('./feed.js').FeedStats} FeedStats */
/** @typedef {string | WebSocket | EventSource} Target an absolute address, or a connection */

/** @type {FeedStats} */
const NONE = { state: 'idle', received: 0, used: 0, late: 0, repeated: 0, malformed: 0, dropped: 0, gaps: 0, reconnects: 0, lagMs: 0, faults: [] };

export class Feeding {
  /** @type {import('./live.js').Live | null} */
  #live = null;
  /** What is to be opened once that can be done. @type {{ target: Target, options: FeedOptions, early: () => void } | null} */
  #wanted = null;
  #suspended = false;

  /**
   * @param {import('./session.js').Session} session
   * @param {import('./live.js').Host & { loaded: (part: typeof import('./stream.js')) => void }} host
   */
  constructor(session, host) {
    this.session = session;
    this.host = host;
  }

  /** @param {Target} target @param {FeedOptions} options */
  connect(target, options) {
    if (this.#live) return this.#live.connect(target, options);
    this.#letGo();
    this.#wanted = { target, options, early: early(target) };
    this.host.changed();
    this.#load().catch((error) => {
      this.#letGo();
      this.host.failed(error);
    });
  }

  async #load() {
    const loaded = await part('stream');
    if (this.#live) return;
    this.host.loaded(loaded);
    const live = this.#live = new loaded.Live(this.session, this.host);
    if (this.#suspended) live.suspend();
    if (!this.#wanted) return;
    const { target, options, early } = this.#wanted;
    this.#wanted = null;
    live.connect(target, options);
    // After the connection has its reader.
    queueMicrotask(early);
  }

  /**
   * Continues the series; resolves when these rows are scored.
   * @param {import('./sources.js').Source} source
   * @param {import('./session.js').Settings} settings
   * @param {import('./session.js').Reading} reading
   */
  async append(source, settings, reading) {
    const { run } = this.session;
    await this.#load();
    run.throwIfAborted();
    await this.#live?.rows.append(source, settings, reading);
  }

  disconnect() {
    this.#letGo();
    this.#live?.disconnect();
  }

  #letGo() {
    const target = this.#wanted?.target;
    if (typeof target === 'object') target.close();
    this.#wanted = null;
  }

  /** The element has left the document. */
  suspend() {
    this.#suspended = true;
    this.#live?.suspend();
  }

  /** The element is back; true if there was a feed. */
  resume() {
    this.#suspended = false;
    return this.#live?.resume() ?? this.#wanted !== null;
  }

  retryNow() {
    this.#live?.retryNow();
  }

  /** Scores the rows that wait. */
  score() {
    this.#live?.score();
  }

  get url() { return this.#live?.url ?? ''; }
  get open() { return this.#live?.open ?? this.#wanted !== null; }

  /** @returns {FeedStats} */
  get stats() {
    return this.#live?.stats ?? { ...NONE, state: this.#wanted ? 'connecting' : 'idle' };
  }
}

/**
 * Keeps what a connection brings while nobody reads it.
 * @param {Target} target
 * @returns {() => void} hands it to the reader
 */
function early(target) {
  if (typeof target === 'string') return () => {};
  if ('binaryType' in target) target.binaryType = 'arraybuffer';
  /** @type {MessageEvent[]} */
  const kept = [];
  const keep = (/** @type {any} */ event) => { kept.push(event); };
  target.addEventListener('message', keep);
  return () => {
    target.removeEventListener('message', keep);
    for (const event of kept) /** @type {any} */ (target).onmessage?.(event);
  };
}
