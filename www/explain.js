// An event in plain words: what was expected, what came, how far over which limit, who found it, how sure that is.

/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */
/** @typedef {import('./format.js').Format} Format */
/** @typedef {import('./words.js').Words} Words */

/**
 * "41 % below expected · 31.5 hr".
 * @param {AnomalyEvent} event
 * @param {Format} format
 * @param {Words} words
 */
export function summary(event, format, words) {
  const parts = [headline(event, format, words)];
  if (event.kind !== 'point') parts.push(format.span(event.end - event.start));
  if (!event.settled) parts.push(words.provisional);
  return parts.join(' · ');
}

/** @param {AnomalyEvent} event @param {Format} format @param {Words} words */
function headline({ kind, direction, value, expected }, format, words) {
  if (kind === 'shift') return words.shift;
  if (direction === 'shape') return words.shape;
  return distance(value, expected, format, words) ?? words[direction];
}

/**
 * How far a value is from the expected one; undefined where that says nothing.
 * @param {number} value
 * @param {number | undefined} expected
 * @param {Format} format
 * @param {Words} words
 */
export function distance(value, expected, format, words) {
  if (expected === undefined || !Number.isFinite(value) || !Number.isFinite(expected)) return undefined;
  const difference = Math.abs(value - expected);
  const part = difference / Math.abs(expected);
  // Far from what the expected value can measure, the difference itself says more.
  const by = part < 10 ? format.percent(part) : format.value(difference);
  return value > expected ? words.above(by) : words.below(by);
}

/**
 * The whole explanation, a sentence or two a line.
 * @param {AnomalyEvent} event
 * @param {import('./columns.js').Columns} columns
 * @param {{ info: import('./messages.js').Info, summary: string, threshold: string, sensitivity: number }} by
 * @param {Format} format
 * @param {Words} words
 * @returns {string[]}
 */
export function explain(event, columns, { info, summary, threshold, sensitivity }, format, words) {
  const { expected, value, score, limit, severity } = event;
  const number = (/** @type {number} */ n) => (Number.isFinite(n) ? format.value(n) : words.missing);
  const row = event.peakIndex - columns.base;
  const [lower, upper] = [columns.at('lower', row), columns.at('upper', row)];
  const band = Number.isFinite(lower) && Number.isFinite(upper) ? words.range(number(lower), number(upper)) : '';
  const first = Math.max(event.startIndex - columns.base, 0), end = event.endIndex - columns.base;
  let scored = 0;
  for (let i = first; i < end; i += 1) if (Number.isFinite(columns.at('scores', i))) scored += 1;
  return [
    expected === undefined ? words.came(number(value)) : words.wasExpected(number(expected), band, number(value), distance(value, expected, format, words) ?? ''),
    words.overLimit(number(score), number(limit), format.tenths(severity)),
    words.foundBy(event.detectors.join(', '), summary.replace(/\.$/, '')),
    [words.rule(threshold, format.whole(sensitivity)), info.window && info.window > 1 ? words.looksAt(format.whole(info.window), format.span(info.window * info.step)) : ''].filter(Boolean).join(' '),
    [end > first && scored < end - first ? words.coverage(format.percent(scored / (end - first))) : '', event.settled ? words.settled : words.unsettled].filter(Boolean).join(' '),
  ];
}
