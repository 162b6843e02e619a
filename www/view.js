// The chart on its canvas: keeps the wasm Chart in step with the data, the size and the theme, and draws at most
// once a frame.

import { Chart, initSync } from '../pkg/anomaly_widget.js';
import { themeOf } from './colours.js';
import { names } from './columns.js';
import { draw, drawAtOnce, forget } from './frames.js';
import { offsets } from './format.js';
import { labelOf } from './labels.js';
import { turn } from './turn.js';

/** Rows handed to the chart at once: many more take longer than a reader waits for an answer to a key. */
const SLICE = 1 << 17;

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
 * @property {number} lanesTop
 * @property {number} lanesBottom
 * @property {number} overviewTop
 * @property {number} overviewBottom the same as its top: there is none
 * @property {number} from first moment shown
 * @property {number} to last moment shown
 * @property {number} low value at the bottom
 * @property {number} high value at the top
 */

export class View {
  /** @type {Chart | null} */
  #chart = null;
  /** Whether the canvas is on the screen or near it; what is not is not drawn. */
  #seen = true;
  /** Whether it has changed since it was drawn. */
  #stale = false;
  #scale = 1;
  #size = [0, 0];
  /** {@link boxOf} the canvas when that was told. */
  #box = '';
  /** @type {{ from: number, to: number } | null} */
  #look = null;
  /** @type {Layout | null} */
  layout = null;
  /** @type {AnomalyEvent[]} */
  events = [];
  /** The id of the event that is emphasised. @type {string | null} */
  chosen = null;
  /** @type {import('./format.js').Format | null} */
  format = null;
  /** The reader's verdicts, also those of other times. @type {import('./labels.js').Label[]} */
  labels = [];
  /** @type {import('./compare.js').Lane[]} */
  lanes = [];
  /** The limit at the middle sensitivity; NaN: not known. */
  neutral = NaN;
  /** Colours that the reader switched off. @type {Set<string>} */
  hidden = new Set();
  #step = 0;
  #word = '';
  /** Rows that the chart has of the columns; the rest follows, a slice a turn. */
  #fed = 0;
  #feeding = false;
  /** @type {MediaQueryList | null} */
  #density = null;

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
    this.#watch = new IntersectionObserver(([entry]) => {
      this.#seen = entry.isIntersecting;
      if (!this.#seen) forget(this.#picture);
      else if (this.#stale) this.draw();
    }, { rootMargin: '50%' });
  }
  #watch;

  /** @type {import('./frames.js').Picture} */
  #picture = {
    ready: () => {
      const box = boxOf(this.canvas.clientWidth, this.canvas.clientHeight);
      if (box === this.#box) return true;
      // The observer tells of it before this frame is shown, and draws, unless it has as many device pixels: then the
      // next frame does.
      this.#box = box;
      requestAnimationFrame(() => this.#stale && this.draw());
      return false;
    },
    draw: () => this.#drawNow(),
    drawn: () => this.drawn(),
  };

  /** Prints are made of what is drawn now, in the colours of paper. */
  #print = () => {
    this.#dressed = false;
    while (this.#feeding) this.#slice();
    this.#drawNow();
    this.drawn();
  };

  /** @param {WebAssembly.Module} module */
  start(module) {
    if (this.#chart) return;
    initSync({ module });
    this.#chart = new Chart(this.canvas);
    this.#fed = 0;
    this.#dressed = false;
    this.#observe();
    this.#watch.observe(this.canvas);
    this.canvas.oncontextrestored = () => this.undress();
    for (const type of ['beforeprint', 'afterprint']) addEventListener(type, this.#print);
    this.#follow();
  }

  /** A screen of another density: not every browser tells the observer of that. */
  #follow() {
    this.#density = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    this.#density.addEventListener('change', this.#moved, { once: true });
  }

  #moved = () => {
    this.observer.unobserve(this.canvas);
    this.#observe();
    this.#follow();
  };

  #observe() {
    try {
      this.observer.observe(this.canvas, { box: 'device-pixel-content-box' });
    } catch {
      this.observer.observe(this.canvas);
    }
  }

  /** Frees what the module holds. */
  stop() {
    this.observer.disconnect();
    // The document keeps a query that is listened to, and with it everything here.
    this.#density?.removeEventListener('change', this.#moved);
    for (const type of ['beforeprint', 'afterprint']) removeEventListener(type, this.#print);
    this.#watch.disconnect();
    forget(this.#picture);
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
    const kept = Math.min(start, this.#fed) - forgotten;
    if (kept >= 0) this.#chart.forget(forgotten);
    // What changed begins before the rows that are left: all of them are handed over.
    this.#fed = Math.max(kept, 0);
    if (!this.#feeding) this.#feed();
  }

  /** Hands rows to the chart, and draws when it has all. */
  async #feed() {
    this.#slice();
    while (this.#feeding) {
      await turn();
      this.#slice();
    }
    this.draw();
  }

  #slice() {
    const { length } = this.columns, first = this.#fed;
    this.#fed = Math.min(first + SLICE, length);
    this.#feeding = this.#chart !== null && this.#fed < length;
    if (!this.#chart) return;
    feed(this.#chart, this.columns, first, this.#fed);
    if (first === 0 && this.#feeding) this.#chart.room(length);
  }

  /** The labels of this series' time. */
  get here() {
    const { from, to } = this.whole;
    return this.labels.filter((label) => label.end > from && label.start <= to);
  }

  /** Shows these events, the chosen one emphasised, and the reader's labels. @param {AnomalyEvent[]} events */
  mark(events) {
    this.events = events;
    const chosen = events.findIndex((event) => event.id === this.chosen);
    this.#chart?.mark(marks(events, this.labels), chosen < 0 ? undefined : chosen);
    this.#chart?.labels(spans(this.here));
    this.draw();
  }

  /** Follows a change of all limits. @param {import('./messages.js').Decision} decision that the columns have taken in */
  decided({ start, limits }) {
    const one = limits.length === 1 && start <= this.columns.base;
    this.#chart?.limits(one ? limits : this.columns.get('limits') ?? new Float64Array());
    this.draw();
  }

  /** Keeps the neutral limit at its height. @param {number} ordinary score @param {number} sensitivity that the limits were decided with */
  keep(ordinary, sensitivity) {
    const limit = this.columns.at('limits', this.columns.length - 1);
    this.neutral = ordinary + (limit - ordinary) / 2 ** ((50 - sensitivity) / 25);
    this.#chart?.keep(this.neutral);
  }

  /** Shows a lane for each other detector. @param {import('./compare.js').Lane[]} lanes */
  compare(lanes) {
    this.lanes = lanes;
    if (this.#chart) layLanes(this.#chart, lanes);
    this.draw();
  }

  /** The name of a severity's level, as in the style sheet. @param {number} severity */
  level(severity) {
    return Chart.level(severity);
  }

  /** The score at a height of the strip. @param {number} y CSS pixels */
  scoreAt(y) {
    return this.#chart?.score(y * this.#scale) ?? NaN;
  }

  /** @param {import('./format.js').Format} format @param {number} step milliseconds @param {string} word beside the scores */
  read(format, step, word) {
    this.format = format;
    [this.#step, this.#word] = [step, word];
    if (this.#chart) this.#reading(this.#chart);
    this.draw();
  }

  /** @param {Chart} chart */
  #reading(chart) {
    if (!this.format) return;
    const time = this.columns.get('time') ?? [0];
    const zone = offsets(time[0] ?? 0, time[time.length - 1] ?? 0, this.format.timeZone);
    chart.reading(zone, this.format.decimal, this.#step, this.#word);
  }

  /** The time of all rows. */
  get whole() {
    const { columns } = this;
    return { from: columns.at('time', 0), to: columns.at('time', columns.length - 1) };
  }

  /** Shows a stretch of time, moved and widened to what there is; null: all. @param {{ from: number, to: number } | null} view */
  look(view) {
    const { from: first, to: last } = this.whole, step = this.#step;
    this.#look = null;
    if (view && view.to > view.from && last > first) {
      const span = Math.max(Math.min(view.to - view.from, last - first), Math.min(4 * step, last - first));
      const from = Math.min(Math.max(view.from, first), last - span);
      if (span < last - first) this.#look = { from, to: from + span };
    }
    this.#chart?.look(this.#look?.from, this.#look?.to);
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

  /** Draws in the next frame; what cannot be seen, when it can be. */
  draw() {
    this.#stale = true;
    if (this.#chart && this.#seen && !this.#feeding) draw(this.#picture);
  }

  #drawNow() {
    if (!this.#chart || this.#size[0] === 0) return;
    this.#stale = false;
    if (!this.#dressed) {
      this.#dressed = true;
      dress(this.#chart, this.probe, this.hidden);
    }
    // This empties a canvas of another size.
    this.#chart.resize(this.#size[0], this.#size[1], this.#scale);
    this.layout = layoutOf(this.#chart, this.#scale);
    this.#chart.draw(labels(this.#chart, this.format));
  }

  /** @param {ResizeObserverEntry} entry */
  #resized(entry) {
    // The canvas itself would be laid out anew for the answer, if another has been resized just before.
    this.#box = boxOf(entry.contentRect.width, entry.contentRect.height);
    const scale = globalThis.devicePixelRatio || 1;
    const exact = entry.devicePixelContentBoxSize?.[0];
    const width = devicePixels(exact?.inlineSize, entry.contentRect.width * scale);
    const height = devicePixels(exact?.blockSize, entry.contentRect.height * scale);
    if (width === this.#size[0] && height === this.#size[1] && scale === this.#scale && !this.#stale) return;
    this.#size = [width, height];
    this.#scale = scale;
    this.#stale = true;
    // A picture is drawn before the browser shows it stretched, but where many are.
    if (this.#chart && this.#seen && this.layout) drawAtOnce(this.#picture);
    else this.draw();
  }

  /**
   * Draws the same on another canvas.
   * @param {HTMLCanvasElement} canvas
   * @param {number} width device pixels
   * @param {number} height
   * @param {number} scale device pixels a CSS pixel
   */
  copy(canvas, width, height, scale) {
    const chart = new Chart(canvas);
    try {
      chart.resize(width, height, scale);
      dress(chart, this.probe, this.hidden);
      feed(chart, this.columns, 0, this.columns.length);
      this.#reading(chart);
      chart.keep(this.neutral);
      layLanes(chart, this.lanes);
      chart.mark(marks(this.events, this.labels));
      chart.labels(spans(this.here));
      chart.look(this.#look?.from, this.#look?.to);
      chart.draw(labels(chart, this.format));
    } finally {
      chart.free();
    }
  }
}

/** A canvas' size on the page, in whole CSS pixels. @param {number} width @param {number} height */
function boxOf(width, height) {
  return `${Math.round(width)} ${Math.round(height)}`;
}

/** The browser's own count, unless it forgot the scale, as an emulated screen does. @param {number | undefined} exact @param {number} computed */
function devicePixels(exact, computed) {
  return exact !== undefined && Math.abs(exact - computed) < 2 ? exact : Math.round(computed);
}

/** @param {Chart} chart @param {HTMLElement} probe @param {Set<string>} hidden */
function dress(chart, probe, hidden) {
  const names = Chart.colours();
  const bytes = themeOf(probe, names);
  for (const name of hidden) bytes[4 * names.indexOf(name) + 3] = 0;
  chart.theme(bytes, getComputedStyle(probe).fontFamily);
}

/** @param {Chart} chart @param {import('./compare.js').Lane[]} lanes */
function layLanes(chart, lanes) {
  chart.lanes(lanes.map((lane) => lane.name));
  lanes.forEach((lane, i) => chart.lane(i, 0, lane.severity));
}

/** @param {Chart} chart @param {Columns} columns @param {number} start @param {number} end */
function feed(chart, columns, start, end) {
  const [time, value, scores, limits, expected, lower, upper] = names.map((name) => columns.get(name)?.subarray(start, end));
  const none = new Float64Array();
  chart.replace(start, time ?? none, value ?? none, scores ?? none, limits ?? none, expected, lower, upper);
}

const kinds = { duration: 0, point: 1, shift: 2 };

/** @param {AnomalyEvent[]} events @param {import('./labels.js').Label[]} labels */
function marks(events, labels) {
  return Float64Array.from(events.flatMap((e) => [e.start, e.end, e.peak, e.value, e.severity, kinds[e.kind], labelOf(e, labels)?.verdict === 'normal' ? 1 : 0]));
}

/** @param {import('./labels.js').Label[]} labels */
function spans(labels) {
  return Float64Array.from(labels.flatMap(({ start, end, verdict }) => [start, end, verdict === 'anomaly' ? 1 : 0]));
}

/** @param {Chart} chart @param {import('./format.js').Format | null} format */
function labels(chart, format) {
  const [unit, ...ticks] = chart.ticks();
  return ticks.map((tick) => format?.tick(tick, unit) ?? '').join('\n');
}

/** @param {Chart} chart @param {number} scale @returns {Layout | null} */
function layoutOf(chart, scale) {
  const numbers = chart.layout();
  if (numbers.length === 0) return null;
  const [left, top, right, bottom, stripTop, stripBottom, limit, lanesTop, lanesBottom, overviewTop, overviewBottom] = numbers.subarray(0, 11).map((n) => n / scale);
  const [from, to, low, high] = numbers.subarray(11);
  return { left, top, right, bottom, stripTop, stripBottom, limit, lanesTop, lanesBottom, overviewTop, overviewBottom, from, to, low, high };
}
