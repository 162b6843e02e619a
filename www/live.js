// Between a feed and a session: frames are read as they come, rows are scored when the page can show them, and
// what became of everything is added up.

import { Continuation } from './continuation.js';
import { WidgetError } from './errors.js';
import { tap } from './feed.js';
import { read } from './sources.js';

/** Characters and bytes of frames that are read at once: what reading takes in memory stays what it is. */
const TOGETHER = 1 << 20;

/** @typedef {import('./feed.js').FeedOptions} FeedOptions */
/** @typedef {import('./feed.js').FeedStats} FeedStats */

/**
 * @typedef {object} Host
 * @property {() => import('./session.js').Settings} settings
 * @property {() => import('./session.js').Reading} reading
 * @property {() => number} capacity
 * @property {() => void} changed the connection is in another state
 * @property {() => void} counted more rows have met their fate
 * @property {(error: unknown) => void} failed
 */

export class Live {
  /** @type {import('./feed.js').Tap | null} */
  #tap = null;
  /** What to open again when the element is put back. @type {[string | WebSocket | EventSource, FeedOptions] | null} */
  #again = null;
  /** @type {FeedOptions} */
  #options = {};
  #reading = false;
  #scoring = false;
  /** The element is out of the document: nothing may start a worker. */
  #suspended = false;
  /** Frames that were on their way then. @type {import('./feed.js').Frame[]} */
  #held = [];
  #reconnects = 0;
  lagMs = 0;

  /** @param {import('./session.js').Session} session @param {Host} host */
  constructor(session, host) {
    this.rows = new Continuation(session);
    this.host = host;
  }

  /**
   * @param {string | WebSocket | EventSource} target an absolute address, or a connection
   * @param {FeedOptions} options
   */
  connect(target, options) {
    // What is left of another feed is not a part of this one.
    this.#tap?.take();
    this.disconnect();
    this.rows.renew();
    [this.#reconnects, this.lagMs, this.#held] = [0, 0, []];
    if (this.#suspended) this.#again = [target, options];
    else this.#join(target, options);
  }

  /** @param {string | WebSocket | EventSource} target @param {FeedOptions} options */
  #join(target, options) {
    this.#options = options;
    this.#again = [typeof target === 'string' ? target : target.url, options];
    globalThis.document?.addEventListener('visibilitychange', this.#shown);
    this.#tap = tap(target, options, { frames: () => this.#read(), changed: () => this.#changed() });
    this.#changed();
  }

  /** Ends the feed; what has come is still scored. */
  disconnect() {
    this.#again = null;
    this.#leave();
  }

  /** The element has left the document. */
  suspend() {
    const again = this.#tap ? this.#again : null;
    this.#suspended = true;
    this.#leave();
    this.#again = again;
  }

  /** The element is back; true if there was a feed. */
  resume() {
    this.#suspended = false;
    if (!this.#again || this.#tap) return false;
    this.#reconnects += 1;
    this.#join(...this.#again);
    this.#read();
    return true;
  }

  #leave() {
    const left = this.#tap;
    if (!left) return;
    this.#reconnects = this.reconnects;
    globalThis.document?.removeEventListener('visibilitychange', this.#shown);
    left.close();
    this.#tap = null;
    if (!this.#suspended) this.#read(left);
    else {
      const { frames, lost } = left.take();
      this.rows.intake.drop(lost);
      this.#held.push(...frames);
    }
  }

  retryNow() {
    this.#tap?.feed.retryNow();
  }

  get state() { return this.#tap?.feed.state ?? 'idle'; }
  get url() { return this.#tap?.feed.url ?? ''; }
  get open() { return ['connecting', 'open', 'waiting'].includes(this.state); }
  get reconnects() { return this.#reconnects + (this.#tap?.feed.reconnects ?? 0); }

  /** @returns {FeedStats} */
  get stats() {
    const { counts, faults } = this.rows.intake;
    const { used, late, repeated, malformed, dropped } = counts;
    const received = used + late + repeated + malformed + dropped;
    return { state: this.state, received, ...counts, reconnects: this.reconnects, lagMs: this.lagMs, retryInMs: this.#tap?.feed.retryInMs, faults: [...faults] };
  }

  #changed() {
    if (!this.#tap) return;
    this.host.changed();
    // Rows that waited for others to follow them wait in vain.
    if (!this.open) this.score();
  }

  #shown = () => { this.score(); };

  /** Has everything read that came, as often as something is there. */
  async #read(from = this.#tap) {
    if (this.#reading || this.#suspended || !from) return;
    this.#reading = true;
    const { intake } = this.rows;
    [intake.lateMs, intake.onFull, intake.room] = [this.#options.lateMs ?? 0, this.#options.onFull ?? 'drop-oldest', this.host.capacity()];
    const take = () => {
      const { frames, lost } = from.take();
      intake.drop(lost);
      return { frames: [...this.#held.splice(0), ...frames], lost };
    };
    let { frames, lost } = take();
    try {
      for (; frames.length || lost; { frames, lost } = take()) {
        await this.#receive(frames);
        intake.trim();
        if (intake.any) this.score();
        else if (!globalThis.document?.hidden) this.host.counted();
      }
    } catch (error) {
      if (this.#suspended) this.#held.unshift(...frames);
      else this.host.failed(error);
    } finally {
      this.#reading = false;
    }
    // Another feed may have come meanwhile.
    if (this.#tap && this.#tap !== from) this.#read();
  }

  /** @param {import('./feed.js').Frame[]} frames taken away as they are read */
  async #receive(frames) {
    const { rows, host } = this;
    const { decode, only } = this.#options;
    const reading = { ...host.reading(), ...(only && { only: Object.fromEntries(Object.entries(only).map(([k, v]) => [k, String(v)])) }) };
    if (!decode) {
      while (frames.length) {
        let size = 0;
        const count = frames.findIndex((frame) => (size += frame.data.length) > TOGETHER);
        const some = frames.slice(0, count < 0 ? frames.length : Math.max(count, 1));
        await this.#twice(() => rows.receive(some.map((frame) => frame.data), reading, some[0].at));
        frames.splice(0, some.length);
      }
      return;
    }
    for (; frames.length; frames.shift()) {
      const [{ data, at }] = frames;
      try {
        const source = await decode(typeof data === 'string' ? data : /** @type {ArrayBuffer} */ (data.slice().buffer));
        if (source === null || source === undefined) continue;
        const input = await read(source);
        if ('bytes' in input) await this.#twice(() => rows.receive([input.bytes], reading, at));
        else rows.intake.add({ ...input, at }, true);
      } catch (error) {
        if (this.#suspended || (error instanceof WidgetError && error.code === 'engine')) throw error;
        rows.intake.spoil(1, [{ frame: typeof data === 'string' ? data : `${data.length} bytes`, why: `decode: ${/** @type {any} */ (error)?.message ?? error}` }]);
      }
    }
  }

  /** Scores what waits, a part a frame of the screen. A hidden page has no use for scores: rows wait. */
  async score() {
    const { rows, host } = this;
    const end = () => !this.#tap || !this.open;
    if (this.#scoring || this.#suspended) return;
    this.#scoring = true;
    rows.session.capacity = host.capacity();
    try {
      while (!this.#suspended && !globalThis.document?.hidden && (rows.intake.any || (rows.intake.ahead && end()))) {
        const at = await rows.score(host.settings, end());
        if (at) this.lagMs = performance.now() - at;
        host.counted();
        await new Promise((next) => (globalThis.document?.hidden === false ? requestAnimationFrame(next) : setTimeout(next, 16)));
      }
    } catch (error) {
      // Given up for something newer; the rows are drawn again.
      if (/** @type {any} */ (error)?.name === 'AbortError') setTimeout(() => this.score());
      else host.failed(error);
    } finally {
      this.#scoring = false;
    }
  }

  /** A worker that ended under way is asked once more. @param {() => Promise<void>} ask */
  async #twice(ask) {
    try {
      await ask();
    } catch (error) {
      if (this.#suspended || /** @type {any} */ (error)?.name !== 'AbortError') throw error;
      await ask();
    }
  }
}
