// A feed: a socket that is kept open, and the frames it brings, handed over as they came. It knows nothing of
// their meaning; what became of them is counted by whoever reads them.

/**
 * @typedef {object} FeedOptions
 * @property {string | string[]} [protocols]
 * @property {string | (() => string)} [subscribe] sent whenever the socket opens
 * @property {number} [heartbeatMs] no frame for so long: the socket is closed and opened again
 * @property {number} [minDelayMs] the first wait before a retry is random up to this
 * @property {number} [maxDelayMs] no wait is longer
 * @property {number} [maxRetries]
 * @typedef {object} FeedStats
 * @property {'idle' | 'connecting' | 'open' | 'waiting' | 'closed' | 'failed'} state
 * @property {number} received rows, and frames that could not be read
 * @property {number} used rows scored
 * @property {number} late rows older than the newest one
 * @property {number} repeated rows that were there already
 * @property {number} malformed frames that could not be read
 * @property {number} dropped frames lost because the buffer was full
 * @property {number} gaps stretches without rows
 * @property {number} reconnects
 * @property {number} lagMs from a frame's arrival to its score
 * @property {number} [retryInMs] until the next try
 */

/** Close codes after which trying again cannot help. */
const FINAL = [1000, 1002, 1003, 1007, 1008, 1010];
/** So long open, a connection counts as sound and the waits start from the shortest again. */
const SOUND_MS = 30_000;
/** Frames kept while nobody takes them. */
const ROOM = 10_000;

/** @returns {FeedStats} */
export function noStats() {
  return { state: 'idle', received: 0, used: 0, late: 0, repeated: 0, malformed: 0, dropped: 0, gaps: 0, reconnects: 0, lagMs: 0 };
}

export class Feed {
  /** @type {{ data: string | Uint8Array, at: number }[]} */
  #frames = [];
  /** @type {WebSocket | null} */
  #socket = null;
  #tries = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #watchdog;
  #ended = false;
  stats = noStats();

  /**
   * @param {string | URL | WebSocket} target
   * @param {FeedOptions} options
   * @param {{ frames: () => void, changed: () => void }} tell `frames`: there is something to take
   * @param {typeof WebSocket} [Socket]
   */
  constructor(target, options, tell, Socket = globalThis.WebSocket) {
    this.options = options;
    this.tell = tell;
    this.Socket = Socket;
    this.given = typeof target === 'string' || target instanceof URL ? null : target;
    this.url = this.given ? this.given.url : String(target);
    this.#connect();
  }

  /** The frames that came since the last call, and when the oldest of them came. */
  take() {
    const frames = this.#frames;
    this.#frames = [];
    return { frames: frames.map((frame) => frame.data), since: frames[0]?.at ?? performance.now() };
  }

  /** Tries again at once. */
  retryNow() {
    if (this.stats.state === 'open' || this.stats.state === 'connecting') return;
    clearTimeout(this.#retry);
    this.#ended = false;
    this.#connect();
  }

  /** Ends the feed. */
  close() {
    this.#ended = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#watchdog);
    this.#socket?.close(1000);
    this.#become('closed');
  }

  #connect() {
    this.#become('connecting');
    let socket;
    try {
      socket = this.given ?? new this.Socket(this.url, this.options.protocols);
    } catch {
      // A bad address, or a policy that forbids it: no retry can help.
      return this.#become('failed');
    }
    this.given = null;
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    let openedAt = 0;
    const opened = () => {
      openedAt = performance.now();
      const { subscribe } = this.options;
      if (subscribe !== undefined) socket.send(typeof subscribe === 'function' ? subscribe() : subscribe);
      this.#watch(socket);
      this.#become('open');
    };
    socket.onmessage = ({ data }) => {
      this.#watch(socket);
      this.#keep(typeof data === 'string' ? data : new Uint8Array(data));
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      clearTimeout(this.#watchdog);
      if (openedAt && performance.now() - openedAt > SOUND_MS) this.#tries = 0;
      this.#closed(code);
    };
    if (socket.readyState === 1) opened();
    else socket.onopen = opened;
  }

  /** @param {number} code */
  #closed(code) {
    if (this.#ended || code === 1000) return this.#become('closed');
    const { minDelayMs = 500, maxDelayMs = 30_000, maxRetries = Infinity } = this.options;
    if (FINAL.includes(code) || this.#tries >= maxRetries) return this.#become('failed');
    // Full jitter: clients that lost the same server do not come back all at once.
    const wait = Math.random() * Math.min(maxDelayMs, minDelayMs * 2 ** this.#tries);
    this.#tries += 1;
    this.#retry = setTimeout(() => {
      this.stats.reconnects += 1;
      this.#connect();
    }, wait);
    this.#become('waiting', wait);
  }

  /** @param {WebSocket} socket */
  #watch(socket) {
    clearTimeout(this.#watchdog);
    const { heartbeatMs } = this.options;
    if (heartbeatMs) this.#watchdog = setTimeout(() => socket.close(4000, 'no frame came in time'), heartbeatMs);
  }

  /** @param {string | Uint8Array} data */
  #keep(data) {
    if (this.#frames.length >= ROOM) {
      this.#frames.shift();
      this.stats.dropped += 1;
      this.stats.received += 1;
    }
    this.#frames.push({ data, at: performance.now() });
    this.tell.frames();
  }

  /**
   * @param {FeedStats['state']} state
   * @param {number} [retryInMs]
   */
  #become(state, retryInMs) {
    this.stats.state = state;
    this.stats.retryInMs = retryInMs;
    this.tell.changed();
  }
}
