// A feed: a connection that is kept open, and the frames it brings, handed over as they came. It knows nothing of
// their meaning; what became of them is counted by whoever reads them.
//
// Widgets that each take some rows of one address share its connection.

import { eventLine, socketLine, sourceLine } from './lines.js';

/**
 * @typedef {object} FeedOptions
 * @property {(frame: string | ArrayBuffer) => import('./sources.js').Source | null} [decode] rows of a frame; null: none
 * @property {string | string[]} [protocols] of the WebSocket
 * @property {string | (() => string)} [subscribe] sent whenever the WebSocket opens
 * @property {Record<string, string | number>} [only] rows whose fields have these values; such feeds of one address share its connection
 * @property {number} [heartbeatMs] nothing for so long: the connection is closed and opened again
 * @property {number} [minDelayMs] the first wait before a retry is random up to this
 * @property {number} [maxDelayMs] no wait is longer
 * @property {number} [maxRetries]
 * @property {number} [lateMs] rows that come so much after newer ones are merged, and what follows is scored again
 * @property {'drop-oldest' | 'drop-newest' | 'decimate'} [onFull] when more rows wait than the capacity
 * @typedef {'idle' | 'connecting' | 'open' | 'waiting' | 'closed' | 'failed'} FeedState
 * @typedef {object} FeedStats received = used + late + repeated + malformed + dropped, always
 * @property {FeedState} state
 * @property {number} received rows, and frames that could not be read, whose fate is known
 * @property {number} used rows that are part of the series
 * @property {number} late rows too old to be merged
 * @property {number} repeated rows of a time that was there; the last value counts
 * @property {number} malformed frames, lines or rows that could not be read
 * @property {number} dropped lost because there was no room
 * @property {number} gaps stretches of more than 1.5 intervals without rows
 * @property {number} reconnects
 * @property {number} lagMs from a frame's arrival to its score
 * @property {number} [retryInMs] until the next try
 * @property {{ frame: string, why: string }[]} faults the last that could not be read
 * @typedef {{ data: string | Uint8Array, at: number }} Frame
 */

/** So long open, a connection counts as sound and the waits start from the shortest again. */
const SOUND_MS = 30_000;
/** Characters and bytes of frames kept while nobody takes them. */
const ROOM = 64 << 20;

/**
 * Full jitter: clients that lost the same server do not come back all at once. Once the waits are at their longest
 * they leave out the shorter half: of clients that wait so, twice as many as on average would else come back in the
 * first second.
 * @param {number} tries that failed before
 * @param {FeedOptions} options
 * @param {() => number} [random]
 */
export function delay(tries, { minDelayMs = 500, maxDelayMs = 30_000 }, random = Math.random) {
  const grown = minDelayMs * 2 ** tries;
  return grown < maxDelayMs ? random() * grown : (1 + random()) / 2 * maxDelayMs;
}

/** Connections that may be shared, by what they are opened with. @type {Map<string, Feed>} */
const shared = new Map();

/**
 * One reader of a feed.
 * @param {string | WebSocket | EventSource} target an absolute address, or a connection
 * @param {FeedOptions & import('./lines.js').LineOptions} options
 * @param {{ frames: () => void, changed: () => void }} tell `frames`: there is something to take
 */
export function tap(target, options, tell) {
  const key = typeof target === 'string' && options.only ? JSON.stringify([target, options.protocols, String(options.subscribe)]) : '';
  const feed = (key && shared.get(key)) || new Feed(target, options, () => { if (shared.get(key) === feed) shared.delete(key); });
  if (key) shared.set(key, feed);
  return new Tap(feed, tell, options.onFull);
}

/** What one reader has not taken yet. */
export class Tap {
  /** @type {Frame[]} */
  #frames = [];
  #size = 0;
  /** Frames lost unread. */
  #lost = 0;

  /** @param {Feed} feed @param {{ frames: () => void, changed: () => void }} tell @param {FeedOptions['onFull']} onFull */
  constructor(feed, tell, onFull) {
    this.feed = feed;
    this.tell = tell;
    this.newest = onFull === 'drop-newest';
    feed.taps.add(this);
    queueMicrotask(() => feed.start());
  }

  /** @param {Frame} frame */
  keep(frame) {
    this.#frames.push(frame);
    this.#size += frame.data.length;
    while (this.#size > ROOM && this.#frames.length > 1) {
      const gone = /** @type {Frame} */ (this.newest ? this.#frames.pop() : this.#frames.shift());
      this.#size -= gone.data.length;
      this.#lost += 1;
    }
    this.tell.frames();
  }

  /** The frames that came since the last call, and how many were lost. */
  take() {
    const taken = { frames: this.#frames, lost: this.#lost };
    [this.#frames, this.#size, this.#lost] = [[], 0, 0];
    return taken;
  }

  /** Wants no more; the last one ends the feed. */
  close() {
    this.feed.taps.delete(this);
    if (this.feed.taps.size === 0) this.feed.close();
  }
}

export class Feed {
  /** @type {Set<Tap>} */
  taps = new Set();
  /** @type {FeedState} */
  state = 'connecting';
  /** @type {number | undefined} */
  retryInMs;
  reconnects = 0;
  /** @type {import('./lines.js').Line | null} */
  #line = null;
  /** What the events so far said. @type {{ id: string, retry?: number }} */
  #last = { id: '' };
  #tries = 0;
  #begun = false;
  #parked = false;
  /** @type {Record<'retry' | 'watchdog' | 'sound', ReturnType<typeof setTimeout> | undefined>} */
  #timers = { retry: undefined, watchdog: undefined, sound: undefined };
  #listening = new AbortController();

  /**
   * @param {string | WebSocket | EventSource} target
   * @param {FeedOptions & import('./lines.js').LineOptions} options
   * @param {() => void} [closed]
   */
  constructor(target, options, closed = () => {}) {
    this.given = typeof target === 'string' ? null : target;
    this.url = typeof target === 'string' ? target : target.url;
    this.options = options;
    this.closed = closed;
  }

  /** Connects for the first time. */
  start() {
    if (this.#begun || this.taps.size === 0) return;
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ does, /** @type {any} */ target = globalThis) =>
      target?.addEventListener?.(type, does, { signal: this.#listening.signal });
    on('offline', () => { if (this.state === 'waiting') this.#wait(null); });
    // Many pages come back with the same network.
    on('online', () => { if (this.state === 'waiting' && !this.#parked) this.#wait(delay(0, this.options)); });
    // A frozen page cannot read, and one with an open connection is not kept for the way back.
    for (const type of ['pagehide', 'freeze']) on(type, () => this.#park(), type === 'freeze' ? globalThis.document : globalThis);
    for (const type of ['pageshow', 'resume']) on(type, () => this.#unpark(), type === 'resume' ? globalThis.document : globalThis);
    on('securitypolicyviolation', ({ blockedURI }) => { if (this.state !== 'open' && this.#is(blockedURI)) this.#end('failed'); }, globalThis.document);
    this.#connect();
  }

  /** Tries again at once. */
  retryNow() {
    if (['waiting', 'failed', 'closed'].includes(this.state) && this.taps.size) this.#connect();
  }

  /** Ends the feed. */
  close() {
    this.#listening.abort();
    this.#end('closed');
    this.closed();
  }

  #connect() {
    this.#quit();
    this.#parked = false;
    if (this.#begun) this.reconnects += 1;
    this.#begun = true;
    this.#become('connecting');
    /** @type {import('./lines.js').Line | null} */
    let line = null;
    const live = (/** @type {() => void} */ does) => { if (line === this.#line) does(); };
    /** @type {import('./lines.js').Hooks} */
    const hooks = {
      open: () => live(() => {
        this.#timers.sound = setTimeout(() => { this.#tries = 0; }, SOUND_MS);
        this.#watch();
        this.#become('open');
      }),
      alive: () => live(() => this.#watch()),
      frame: (data) => live(() => {
        this.#watch();
        const frame = { data, at: performance.now() };
        for (const tap of this.taps) tap.keep(frame);
      }),
      ended: (end) => live(() => this.#ended(end)),
    };
    try {
      line = this.#line = this.#open(hooks);
    } catch {
      // A bad address, or a policy that forbids it: no retry can help.
      return this.#end('failed');
    }
    if (this.state === 'connecting') this.#watch();
  }

  /** @param {import('./lines.js').Hooks} hooks */
  #open(hooks) {
    const { given, options } = this;
    this.given = null;
    if (given && 'withCredentials' in given) return sourceLine(given, hooks);
    const target = given ?? this.url;
    return typeof target !== 'string' || /^wss?:/.test(target) ? socketLine(target, options, hooks) : eventLine(target, this.#last, options, hooks);
  }

  /** @param {import('./lines.js').End} end */
  #ended(end) {
    const { options } = this;
    if (end !== 'again') return this.#end(end);
    if (this.#tries >= (options.maxRetries ?? Infinity)) return this.#end('failed');
    const wait = delay(this.#tries, { minDelayMs: this.#last.retry, ...options });
    this.#tries += 1;
    this.#quit();
    this.#wait(globalThis.navigator?.onLine === false ? null : wait);
  }

  /** Waits for the next try; null: for the network, or for the page to wake up. @param {number | null} ms */
  #wait(ms) {
    clearTimeout(this.#timers.retry);
    if (ms !== null) this.#timers.retry = setTimeout(() => this.#connect(), ms);
    this.#become('waiting', ms ?? undefined);
  }

  #park() {
    if (!['connecting', 'open', 'waiting'].includes(this.state)) return;
    this.#parked = true;
    this.#quit();
    this.#wait(null);
  }

  #unpark() {
    if (!this.#parked) return;
    this.#tries = 0;
    this.#connect();
  }

  #watch() {
    clearTimeout(this.#timers.watchdog);
    const { heartbeatMs } = this.options;
    if (heartbeatMs) this.#timers.watchdog = setTimeout(() => this.#ended('again'), heartbeatMs);
  }

  /** @param {'closed' | 'failed'} state */
  #end(state) {
    this.#quit();
    this.#become(state);
  }

  /** Lets go of the connection and every timer. */
  #quit() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    const line = this.#line;
    this.#line = null;
    line?.close();
  }

  /** Whether a policy's report is about this address. @param {string} blocked */
  #is(blocked) {
    try {
      return new URL(blocked).host === new URL(this.url).host;
    } catch {
      return false;
    }
  }

  /**
   * @param {FeedState} state
   * @param {number} [retryInMs]
   */
  #become(state, retryInMs) {
    this.state = state;
    this.retryInMs = retryInMs;
    for (const tap of this.taps) tap.tell.changed();
  }
}
