// The chart on its canvas: keeps the wasm Chart in step with the data, the size and the theme, and draws at most
// once a frame.

import { Chart, initSync } from '../pkg/anomaly_widget.js';
import { themeOf } from './colours.js';
import { names } from './columns.js';
import { offsets } from './format.js';

/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */
/** @typedef {import('./columns.js').Columns} Columns */

/**
 * Where the parts of the picture stand, in CSS pixels.
 * @typedef {object} Layout
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 * @property {number} stripTop
 * @property {number} stripBottom
 * @property {number} limit height of the limit, NaN: none
 * @property {number} from first moment shown
 * @property {number} to last moment shown
 * @property {number} low value at the bottom
 * @property {number} high value at the top
 */

export class View {
  /** @type {Chart | null} */
  #chart = null;
  #frame = 0;
  #scale = 1;
  #size = [0, 0];
  /** @type {{ from: number, to: number } | null} */
  #look = null;
  /** @type {Layout | null} */
  layout = null;
  /** @type {AnomalyEvent[]} */
  events = [];
  /** @type {number | undefined} */
  chosen;
  /** @type {import('./format.js').Format | null} */
  format = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} probe where the style sheet's colours are read
   * @param {Columns} columns
   * @param {() => void} drawn told after each drawing
   */
  constructor(canvas, probe, columns, drawn) {
    this.canvas = canvas;
    this.probe = probe;
    this.columns = columns;
    this.drawn = drawn;
    this.observer = new ResizeObserver(([entry]) => this.#resized(entry));
  }

  /** @param {WebAssembly.Module} module */
  start(module) {
    if (this.#chart) return;
    initSync({ module });
    this.#chart = new Chart(this.canvas);
    this.#dressed = false;
    this.#chart.resize(this.#size[0], this.#size[1], this.#scale);
    try {
      this.observer.observe(this.canvas, { box: 'device-pixel-content-box' });
    } catch {
      this.observer.observe(this.canvas);
    }
  }

  /** Frees what the module holds. */
  stop() {
    this.observer.disconnect();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#chart?.free();
    this.#chart = null;
  }

  /** Whether {@link start} has been called. */
  get started() {
    return this.#chart !== null;
  }

  /**
   * Follows a change of the columns.
   * @param {number} start the first row that changed, before
   * @param {number} [forgotten] so many rows went from the front
   */
  replace(start, forgotten = 0) {
    if (!this.#chart) return;
    // What changed begins before the rows that are left: all of them are handed over.
    const whole = forgotten > start;
    if (!whole) this.#chart.forget(forgotten);
    feed(this.#chart, this.columns, whole ? 0 : start - forgotten);
    this.draw();
  }

  /**
   * Shows these events, one of them emphasised.
   * @param {AnomalyEvent[]} events
   * @param {number} [chosen]
   */
  mark(events, chosen) {
    this.events = events;
    this.chosen = chosen;
    this.#chart?.mark(marks(events), chosen);
    this.draw();
  }

  /** @param {import('./format.js').Format} format @param {number} step milliseconds */
  read(format, step) {
    this.format = format;
    const time = this.columns.get('time') ?? [0];
    const zone = offsets(time[0] ?? 0, time[time.length - 1] ?? 0, format.timeZone);
    this.#chart?.reading(zone, format.decimal, step);
    this.draw();
  }

  /** Shows a stretch of time; null: all. @param {{ from: number, to: number } | null} view */
  look(view) {
    this.#look = view;
    this.#chart?.look(view?.from, view?.to);
    this.draw();
  }

  /** The stretch chosen, or null: all. */
  get looking() {
    return this.#look;
  }

  #dressed = false;

  /** Reads the colours again at the next drawing. */
  undress() {
    this.#dressed = false;
    this.draw();
  }

  /** Draws in the next frame. */
  draw() {
    if (this.#frame || !this.#chart) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#drawNow();
    });
  }

  #drawNow() {
    if (!this.#chart || this.#size[0] === 0) return;
    if (!this.#dressed) {
      this.#dressed = true;
      dress(this.#chart, this.probe);
    }
    this.layout = layoutOf(this.#chart, this.#scale);
    this.#chart.draw(labels(this.#chart, this.format));
    this.drawn();
  }

  /** @param {ResizeObserverEntry} entry */
  #resized(entry) {
    const scale = globalThis.devicePixelRatio || 1;
    const exact = entry.devicePixelContentBoxSize?.[0];
    const width = devicePixels(exact?.inlineSize, entry.contentRect.width * scale);
    const height = devicePixels(exact?.blockSize, entry.contentRect.height * scale);
    if (width === this.#size[0] && height === this.#size[1] && scale === this.#scale) return;
    this.#size = [width, height];
    this.#scale = scale;
    this.#chart?.resize(width, height, scale);
    // The browser has emptied the canvas: it is drawn before the next picture is shown.
    this.#drawNow();
  }

  /**
   * The picture at another size.
   * @param {number} width CSS pixels
   * @param {number} scale device pixels a CSS pixel
   * @param {number} step
   * @returns {HTMLCanvasElement}
   */
  picture(width, scale, step) {
    const canvas = document.createElement('canvas');
    const height = width * (this.canvas.clientHeight || 1) / (this.canvas.clientWidth || 1);
    const chart = new Chart(canvas);
    try {
      chart.resize(Math.round(width * scale), Math.round(height * scale), scale);
      dress(chart, this.probe);
      feed(chart, this.columns, 0);
      const time = this.columns.get('time') ?? [0];
      if (this.format) chart.reading(offsets(time[0] ?? 0, time[time.length - 1] ?? 0, this.format.timeZone), this.format.decimal, step);
      chart.mark(marks(this.events));
      chart.look(this.#look?.from, this.#look?.to);
      chart.draw(labels(chart, this.format));
      return canvas;
    } finally {
      chart.free();
    }
  }
}

/** The browser's own count, unless it forgot the scale, as an emulated screen does. @param {number | undefined} exact @param {number} computed */
function devicePixels(exact, computed) {
  return exact !== undefined && Math.abs(exact - computed) < 2 ? exact : Math.round(computed);
}

/** @param {Chart} chart @param {HTMLElement} probe */
function dress(chart, probe) {
  chart.theme(themeOf(probe, Chart.colours()), getComputedStyle(probe).fontFamily);
}

/** @param {Chart} chart @param {Columns} columns @param {number} start */
function feed(chart, columns, start) {
  const [time, value, scores, limits, expected, lower, upper] = names.map((name) => columns.get(name)?.subarray(start));
  const none = new Float64Array();
  chart.replace(start, time ?? none, value ?? none, scores ?? none, limits ?? none, expected, lower, upper);
}

/** @param {AnomalyEvent[]} events */
function marks(events) {
  return Float64Array.from(events.flatMap((e) => [e.start, e.end, e.peak, e.value, e.severity, e.kind === 'point' ? 1 : 0]));
}

/** @param {Chart} chart @param {import('./format.js').Format | null} format */
function labels(chart, format) {
  const [unit, ...ticks] = chart.ticks();
  return ticks.map((tick) => format?.tick(tick, unit) ?? '');
}

/** @param {Chart} chart @param {number} scale @returns {Layout | null} */
function layoutOf(chart, scale) {
  const numbers = chart.layout();
  if (numbers.length === 0) return null;
  const [left, top, right, bottom, stripTop, stripBottom, limit] = numbers.subarray(0, 7).map((n) => n / scale);
  const [from, to, low, high] = numbers.subarray(7);
  return { left, top, right, bottom, stripTop, stripBottom, limit, from, to, low, high };
}

/** The name of a severity's level, as in the style sheet. @param {number} severity */
export function levelOf(severity) {
  return Chart.level(severity);
}
