// A small figure of the chosen event: its course, and beside it what was expected, or, where a detector expects
// nothing, the most similar ordinary stretch of the series.

/** @typedef {import('./columns.js').Columns} Columns */
/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */

const WIDTH = 252, HEIGHT = 72;
/** Places that are compared with the event at most; a longer series is looked through in steps. */
const PLACES = 20_000;
/** Rows of a window that is compared. */
const LONGEST = 256, SHORTEST = 16;

/**
 * Draws the figure.
 * @param {HTMLElement} figure
 * @param {AnomalyEvent} event
 * @param {import('./report.js').Findings} findings
 * @param {import('./messages.js').Info} info
 * @param {import('./format.js').Format} format
 * @param {import('./words.js').Words} words
 */
export function closeUp(figure, event, { columns, events }, info, format, words) {
  const first = event.startIndex - columns.base, length = event.endIndex - event.startIndex;
  const around = Math.max(Math.round(length / 2), 12);
  const start = Math.max(first - around, 0), end = Math.min(first + length + around, columns.length);
  const values = columns.get('value')?.subarray(start, end);
  if (!values || values.length < 2) return;
  let other = columns.get('expected')?.subarray(start, end), caption = words.rebuilt;
  if (!other?.some(Number.isFinite)) {
    const near = nearest(columns, events, event, info.window ?? 0);
    if (!near) return;
    other = new Float64Array(values.length).fill(NaN);
    const value = /** @type {Float64Array} */ (columns.get('value'));
    for (let i = 0; i < near.rows; i += 1) if (near.of + i >= start && near.of + i < end) other[near.of + i - start] = value[near.at + i];
    caption = words.nearest(format.moment(columns.at('time', near.at), info.step));
  }
  const finite = [...values, ...other].filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity), high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const x = (/** @type {number} */ i) => (i / (values.length - 1) * WIDTH).toFixed(1);
  const y = (/** @type {number} */ v) => (3 + (HEIGHT - 6) * (high > low ? (high - v) / (high - low) : 0.5)).toFixed(1);
  const svg = s('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': caption },
    s('rect', { class: 'span', x: x(first - start), y: '0', width: String(Math.max(Number(x(first - start + length)) - Number(x(first - start)), 2)), height: String(HEIGHT) }),
    s('path', { class: 'residual', d: between(values, other, x, y) }),
    s('path', { class: 'other', d: line(other, x, y) }),
    s('path', { class: 'value', d: line(values, x, y) }));
  const text = document.createElement('figcaption');
  text.textContent = caption;
  figure.replaceChildren(svg, text);
}

/** @param {string} tag @param {Record<string, string>} attributes @param {Node[]} children */
function s(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @typedef {(n: number) => string} Place */

/**
 * The path of a line, parted where values are missing; of many rows the extremes of each pixel.
 * @param {Float64Array} values
 * @param {Place} x
 * @param {Place} y
 */
function line(values, x, y) {
  const each = Math.max(1, Math.ceil(values.length / (2 * WIDTH)));
  let path = '', open = false;
  for (let from = 0; from < values.length; from += each) {
    const part = values.subarray(from, from + each);
    const known = [...part].filter(Number.isFinite);
    if (known.length === 0) { open = false; continue; }
    const ends = each === 1 ? known : [Math.min(...known), Math.max(...known)];
    for (const value of ends) {
      path += `${open ? 'L' : 'M'}${x(from)} ${y(value)}`;
      open = true;
    }
  }
  return path;
}

/** The areas between two lines. @param {Float64Array} a @param {Float64Array} b @param {Place} x @param {Place} y */
function between(a, b, x, y) {
  let path = '';
  for (let from = 0; from < a.length;) {
    while (from < a.length && !Number.isFinite(a[from] + b[from])) from += 1;
    let end = from;
    while (end < a.length && Number.isFinite(a[end] + b[end])) end += 1;
    const each = Math.max(1, Math.ceil((end - from) / (2 * WIDTH)));
    const forth = [], back = [];
    for (let i = from; i < end; i += each) {
      forth.push(`${x(i)} ${y(a[i])}`);
      back.push(`${x(i)} ${y(b[i])}`);
    }
    if (forth.length > 1) path += `M${forth.join('L')}L${back.reverse().join('L')}Z`;
    from = end;
  }
  return path;
}

/**
 * The stretch most like the event's, by Euclidean distance, that is part of no event.
 * @param {Columns} columns
 * @param {AnomalyEvent[]} events
 * @param {AnomalyEvent} event
 * @param {number} window rows that one score looks at
 * @returns {{ of: number, at: number, rows: number } | null} first row of the event's window, of the other one, and their length
 */
export function nearest(columns, events, event, window) {
  const value = columns.get('value');
  if (!value) return null;
  const rows = Math.min(Math.max(event.endIndex - event.startIndex, window, SHORTEST), LONGEST, value.length >> 1);
  const middle = Math.round((event.startIndex + event.endIndex) / 2) - columns.base;
  const of = Math.min(Math.max(middle - (rows >> 1), 0), value.length - rows);
  const strange = new Uint8Array(value.length);
  for (const { startIndex, endIndex } of events) strange.fill(1, Math.max(startIndex - columns.base, 0), Math.max(endIndex - columns.base, 0));
  strange.fill(1, of, of + rows);
  const step = Math.max(1, Math.ceil(value.length / PLACES));
  let best = -1, least = Infinity, free = 0;
  for (let end = 0; end < value.length; end += 1) {
    free = strange[end] || !Number.isFinite(value[end]) ? 0 : free + 1;
    const at = end - rows + 1;
    if (free < rows || at % step) continue;
    let sum = 0;
    for (let i = 0; i < rows && sum < least; i += 1) {
      const difference = value[of + i] - value[at + i];
      if (difference === difference) sum += difference * difference;
    }
    if (sum < least) [best, least] = [at, sum];
  }
  return best < 0 ? null : { of, at: best, rows };
}
