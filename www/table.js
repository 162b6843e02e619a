// What the chart shows, as tables: the events, and the samples in view.

import { h } from './dom.js';
import { labelOf } from './labels.js';

/** Samples written out; those at the extremes of the view are always among them. */
const MOST = 200;

/**
 * Writes both tables.
 * @param {HTMLElement} sheet
 * @param {{ events: import('./messages.js').AnomalyEvent[], labels: import('./labels.js').Label[], columns: import('./columns.js').Columns,
 *   view: { from: number, to: number }, step: number, title: string, format: import('./format.js').Format, words: import('./words.js').Words }} show
 */
export function writeTable(sheet, { events, labels, columns, view, step, title, format, words }) {
  const { columns: head } = words;
  const number = (/** @type {number | undefined} */ n) => (n === undefined || Number.isNaN(n) ? '' : format.value(n));
  const rows = events.map((event) => {
    const verdict = labelOf(event, labels)?.verdict;
    return [format.moment(event.start, step), format.moment(event.end, step), words.isKind[event.kind], format.tenths(event.severity), number(event.value), number(event.expected), verdict ? words.verdicts[verdict] : ''];
  });
  const first = columns.nearest(view.from), last = columns.nearest(view.to);
  const each = Math.max(1, Math.ceil((last - first + 1) / MOST));
  const samples = [];
  for (let row = first; row <= last; row += each) {
    samples.push([format.moment(columns.at('time', row), step), ...(/** @type {const} */ (['value', 'expected', 'scores', 'limits'])).map((name) => number(columns.at(name, row)))]);
  }
  sheet.replaceChildren(
    table(words.tableOf(title), [head.start, head.end, head.kind, head.severity, head.value, head.expected, head.verdict], rows),
    table(words.samplesOf(format.moment(view.from, step), format.moment(view.to, step)), [head.time, words.value, head.expected, head.score, head.limit], samples));
}

/** @param {string} caption @param {string[]} head @param {string[][]} rows */
function table(caption, head, rows) {
  return h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { scope: 'col' }, text)))),
    h('tbody', {}, ...rows.map(([first, ...cells]) => h('tr', {}, h('th', { scope: 'row' }, first), ...cells.map((text) => h('td', {}, text))))));
}
