// What the worker can do: each request of messages.js as a method. It owns the wasm engines, one a series. Those who
// share it are told apart by a number; what one of them has open is freed when it leaves.
//
// Apart from worker.js so that the same runs where there is no worker.

import { instance } from '../pkg/instance.js';
import { turn } from './turn.js';

/** @typedef {import('./messages.js').Requests} Requests */

/** Rows scored between two words about progress. */
const SLICE = 8192;
const encoder = new TextEncoder();
/** The module that every page loads, and the one that has the nets too, once one is wanted. */
const usual = instance(), nets = instance();

export class Service {
  /** @type {Map<number, { owner: number, engine: import('../pkg/anomaly_widget.js').Engine, settled: number }>} */
  #open = new Map();
  /** Readers of feeds, which remember a header. @type {Map<number, { owner: number, asked: string, frames: import('../pkg/anomaly_widget.js').Frames }>} */
  #readers = new Map();
  /** Those who have left. @type {Set<number>} */
  #left = new Set();

  /**
   * Answers one request.
   * @param {string} name
   * @param {any} ask
   * @param {number} owner who asks
   * @param {(progress: import('./messages.js').Progress) => void} progress
   * @returns {Promise<unknown>}
   */
  async answer(name, ask, owner, progress) {
    switch (name) {
      case 'start': return this.#start(ask);
      case 'parse': return usual.parse(ask.bytes, ask.options);
      case 'frames': return this.#frames(ask, owner);
      case 'analyse': return this.#analyse(ask, owner, progress);
      case 'push': return this.#push(ask);
      case 'decide': return this.#decide(ask);
      case 'close': return this.#close(ask);
      case 'leave': return this.#leave(owner);
      default: throw new Error(`unknown request ${name}`);
    }
  }

  /** @param {Requests['start']['ask']} ask */
  #start({ module }) {
    usual.initSync({ module });
    return usual.detectors();
  }

  /** @param {Requests['frames']['ask']} ask @param {number} owner */
  #frames({ series, frames, options }, owner) {
    const asked = JSON.stringify(options);
    let reader = this.#readers.get(series);
    if (reader?.asked !== asked) {
      reader?.frames.free();
      this.#readers.set(series, reader = { owner, asked, frames: new usual.Frames(options) });
    }
    for (const frame of frames) reader.frames.add(typeof frame === 'string' ? encoder.encode(frame) : frame);
    return reader.frames.take();
  }

  /**
   * @param {Requests['analyse']['ask']} ask
   * @param {number} owner
   * @param {(progress: import('./messages.js').Progress) => void} progress
   */
  async #analyse({ series, settings, train, model, time, value }, owner, progress) {
    progress({ stage: 'fit', done: 0 });
    if (model) nets.initSync({ module: model.module });
    const engine = new (model ? nets : usual).Engine(settings, model?.weights, model?.card, time.slice(0, train), value.slice(0, train));
    try {
      for (let from = 0; from < time.length; from += SLICE) {
        progress({ stage: 'score', done: from / time.length });
        // Others have their turn in between.
        await turn();
        if (this.#left.has(owner)) throw Object.assign(new Error('given up'), { code: 'closed' });
        engine.merge(time.slice(from, from + SLICE), value.slice(from, from + SLICE));
      }
      const part = engine.report(0);
      this.#open.get(series)?.engine.free();
      this.#open.set(series, { owner, engine, settled: part.settled });
      return { part, info: engine.info(), openFrom: engine.openFrom() };
    } catch (error) {
      engine.free();
      throw error;
    }
  }

  /** @param {Requests['push']['ask']} ask */
  #push({ series, lateMs, capacity, time, value }) {
    const open = this.#at(series);
    open.engine.live(lateMs, capacity);
    const from = open.engine.merge(time, value);
    const part = open.engine.report(Math.min(open.settled, from));
    open.settled = part.settled;
    return { part, openFrom: open.engine.openFrom() };
  }

  /** @param {Requests['decide']['ask']} ask */
  #decide({ series, threshold, sensitivity }) {
    const { engine } = this.#at(series);
    engine.decide(threshold, sensitivity);
    return engine.decision();
  }

  /** @param {Requests['close']['ask']} ask */
  #close({ series }) {
    this.#open.get(series)?.engine.free();
    this.#open.delete(series);
    this.#readers.get(series)?.frames.free();
    this.#readers.delete(series);
    return null;
  }

  /** Frees all that is open of one of those who share the worker. @param {number} owner */
  #leave(owner) {
    this.#left.add(owner);
    for (const all of [this.#open, this.#readers]) {
      for (const [series, one] of all) if (one.owner === owner) this.#close({ series });
    }
    return null;
  }

  /** @param {number} series */
  #at(series) {
    const open = this.#open.get(series);
    if (!open) throw Object.assign(new Error(`series ${series} is not open`), { code: 'closed' });
    return open;
  }
}

/**
 * An error as it crosses to the page; what is not one of ours is a bug and says so.
 * @param {any} error
 * @returns {import('./messages.js').Failure}
 */
export function failureOf(error) {
  const message = String(error?.message ?? error);
  // A trap says only "unreachable": what it happened in is all that a report of it has.
  const place = error instanceof WebAssembly.RuntimeError ? ` in ${error.stack?.match(/wasm-function\[\d+\]/g)}` : '';
  return { code: error?.code ?? 'panic', message: message + place, line: error?.line, needed: error?.needed };
}
