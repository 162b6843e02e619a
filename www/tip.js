// The cross-hair and what stands beside it: the sample under the pointer or the keys.

import { h } from './dom.js';
import { summary } from './explain.js';

/**
 * Shows a row, or nothing.
 * @param {import('./instruments.js').Instruments} tools
 * @param {import('./view.js').View} view
 * @param {number | null} row
 * @param {import('./format.js').Format} format
 * @param {import('./words.js').Words} words
 * @param {number} step milliseconds
 * @param {[string, string][]} [more] further lines
 */
export function showTip({ cross, dot, tip, chart }, view, row, format, words, step, more = []) {
  const { layout, columns } = view;
  const time = row === null ? NaN : columns.at('time', row);
  const seen = layout !== null && time >= layout.from && time <= layout.to;
  cross.hidden = tip.hidden = dot.hidden = !seen;
  if (!seen || row === null || !layout) return;
  const value = columns.at('value', row);
  const x = layout.left + (time - layout.from) / (layout.to - layout.from) * (layout.right - layout.left);
  const y = layout.bottom - (value - layout.low) / (layout.high - layout.low) * (layout.bottom - layout.top);
  Object.assign(cross.style, { left: `${x}px`, top: `${layout.top}px`, height: `${Math.max(layout.stripBottom, layout.lanesBottom) - layout.top}px` });
  dot.hidden = Number.isNaN(value);
  Object.assign(dot.style, { left: `${x}px`, top: `${y}px` });
  const number = (/** @type {number} */ n) => (Number.isNaN(n) ? '' : format.value(n));
  const [lower, upper] = [number(columns.at('lower', row)), number(columns.at('upper', row))];
  const event = view.events.find((event) => event.start <= time && event.end > time);
  const lines = [
    [words.value, number(value) || words.missing], [words.expected, number(columns.at('expected', row))],
    [words.band, lower && upper && words.range(lower, upper)],
    [words.scoreOf, number(columns.at('scores', row))], [words.limit, number(columns.at('limits', row))],
    ...more, [words.why, event ? summary(event, format, words) : ''],
  ].filter(([, text]) => text);
  tip.replaceChildren(h('b', {}, format.moment(time, step)), h('dl', {}, ...lines.flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, text)])));
  // On the side with more room, and never outside of the chart.
  const left = x > chart.clientWidth / 2 ? x - tip.offsetWidth - 12 : x + 12;
  tip.style.left = `${Math.max(4, Math.min(left, chart.clientWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${layout.top + 8}px`;
}
