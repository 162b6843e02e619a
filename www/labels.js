// What the reader says about events and stretches: which verdict holds for an event, how right the events are by the
// verdicts, and verdicts from a file.

import { WidgetError } from './errors.js';

/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */
/** @typedef {{ start: number, end: number, verdict: 'anomaly' | 'normal', note?: string }} Label half-open, milliseconds */
/** @typedef {Label & { removed?: true }} LabelChange what `anomaly-label` tells; `removed`: it is taken away */

/** @param {{ start: number, end: number }} a @param {{ start: number, end: number }} b */
const common = (a, b) => Math.min(a.end, b.end) - Math.max(a.start, b.start);

/**
 * The label that says most about an event: the one it shares most time with.
 * @param {{ start: number, end: number }} event
 * @param {Label[]} labels
 * @returns {Label | undefined}
 */
export function labelOf(event, labels) {
  let best, most = 0;
  for (const label of labels) {
    const shared = common(event, label);
    if (shared > most) [best, most] = [label, shared];
  }
  return best;
}

/**
 * Labels with one more; a label of the same stretch gives way.
 * @param {Label[]} labels
 * @param {Label} label
 */
export function withLabel(labels, label) {
  return [...withoutLabel(labels, label), label].sort((a, b) => a.start - b.start);
}

/** @param {Label[]} labels @param {Label} label */
export function withoutLabel(labels, { start, end }) {
  return labels.filter((label) => label.start !== start || label.end !== end);
}

/**
 * How right the events are. Precision counts the events that were judged, recall the anomalies that are labelled.
 * @param {AnomalyEvent[]} events
 * @param {Label[]} labels
 */
export function rightness(events, labels) {
  const verdicts = events.map((event) => labelOf(event, labels)?.verdict);
  const right = verdicts.filter((verdict) => verdict === 'anomaly').length;
  const judged = verdicts.filter(Boolean).length;
  const known = labels.filter((label) => label.verdict === 'anomaly');
  const found = known.filter((label) => events.some((event) => common(event, label) > 0)).length;
  return { right, judged, found, known: known.length };
}

/**
 * Checked copies of labels that came from outside.
 * @param {unknown} list
 * @returns {Label[]}
 */
export function checkedLabels(list) {
  if (!Array.isArray(list)) throw new WidgetError('source', 'These are not labels.', { hint: 'Give a list of {start, end, verdict, note?}, times in milliseconds.' });
  return list.map((label, i) => {
    const [start, end] = [moment(label?.start), moment(label?.end)];
    const verdict = label?.verdict ?? 'anomaly';
    if (!(end > start) || !['anomaly', 'normal'].includes(verdict)) {
      throw new WidgetError('source', `Label ${i + 1} cannot be used: it needs a start before its end, and the verdict "anomaly" or "normal".`);
    }
    return { start, end, verdict, ...(label.note && { note: String(label.note) }) };
  }).sort((a, b) => a.start - b.start);
}

/** @param {unknown} time */
function moment(time) {
  return typeof time === 'number' ? time : /^\s*-?\d+(\.\d+)?\s*$/.test(String(time)) ? Number(time) : Date.parse(String(time));
}

/**
 * Labels from a file: a JSON list of {start, end}, or CSV with the columns start and end.
 * @param {string} text
 * @returns {Label[]}
 */
export function parseLabels(text) {
  if (/^\s*[[{]/.test(text)) {
    try {
      const json = JSON.parse(text);
      return checkedLabels(json.labels ?? json);
    } catch (error) {
      if (error instanceof WidgetError) throw error;
      throw new WidgetError('parse', 'The labels are not JSON.', { cause: error, hint: String(error) });
    }
  }
  const [head, ...lines] = text.trim().split(/\r?\n/).map((line) => line.split(',').map((cell) => cell.trim()));
  const [start, end, verdict, note] = ['start', 'end', 'verdict', 'note'].map((name) => head.indexOf(name));
  if (start < 0 || end < 0) throw new WidgetError('parse', 'The labels have no columns "start" and "end".', { hint: 'The first line of a CSV names the columns: start,end,verdict,note.' });
  return checkedLabels(lines.map((cells) => ({ start: cells[start], end: cells[end], verdict: cells[verdict] || undefined, note: cells[note] })));
}
