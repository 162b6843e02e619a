// Results of the command line as text: the scores of each row, the events, the summary for a reader.

/**
 * @typedef {import('./cli-input.mjs').Input} Input
 * @typedef {{ start: number, end: number, startIndex: number, endIndex: number, peakIndex: number, kind: string,
 *   direction: string, severity: number, detectors: string[] }} Event
 * @typedef {{ scores: Float64Array, limits: Float64Array, expected?: Float64Array, events: Event[] }} Report
 * @typedef {{ detector: string, step: number, period?: number, confidence?: string, warnings: string[] }} Info
 */

/**
 * `timestamp,value,score,expected,limit,anomaly`, one line a row of the file; an empty field: there is none.
 * @param {Input} input
 * @param {Report} report
 */
export function scoresCsv(input, report) {
  const inEvent = new Uint8Array(input.time.length);
  for (const event of report.events) inEvent.fill(1, event.startIndex, event.endIndex);
  const lines = ['timestamp,value,score,expected,limit,anomaly'];
  for (let row = 0; row < input.rows; row++) {
    const at = input.rowOf[row];
    const stamp = input.stamps?.[row] ?? iso(input.time[at]);
    const numbers = [input.value[at], report.scores[at], report.expected?.[at], report.limits[at]].map(text);
    lines.push(`${quoted(stamp)},${numbers.join(',')},${inEvent[at]}`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * The events, with indices that count rows of the file.
 * @param {Input} input
 * @param {Report} report
 * @returns {Event[]}
 */
export function eventsOf(input, report) {
  // One past the last row of the file that belongs to the series' row before `end`.
  const endOf = (/** @type {number} */ end) => (end < input.firstOf.length ? input.firstOf[end] : input.rows);
  return report.events.map((event) => ({
    start: event.start,
    end: event.end,
    startIndex: input.firstOf[event.startIndex],
    endIndex: endOf(event.endIndex),
    peakIndex: input.firstOf[event.peakIndex],
    kind: event.kind,
    direction: event.direction,
    severity: event.severity,
    detectors: event.detectors,
  }));
}

/**
 * What a reader sees: one line about the file, one an event, one a warning.
 * @param {string} file
 * @param {Input} input
 * @param {Report} report
 * @param {Info} info
 * @param {string[]} warnings
 */
export function summary(file, input, report, info, warnings) {
  const count = report.events.length;
  const lines = [`${file}: ${input.rows} rows, ${info.detector}: ${count === 0 ? 'no anomaly' : count === 1 ? '1 anomaly' : `${count} anomalies`}`];
  for (const event of eventsOf(input, report)) {
    const span = event.endIndex - event.startIndex === 1 ? `row ${event.startIndex}` : `rows ${event.startIndex} to ${event.endIndex - 1}`;
    lines.push(`  ${iso(event.start)}  ${span}  ${event.kind}, ${event.direction}, severity ${event.severity.toPrecision(3)}`);
  }
  for (const warning of warnings) lines.push(`  note: ${warning}`);
  return lines.join('\n');
}

/** @param {number | undefined} x */
const text = (x) => (x === undefined || Number.isNaN(x) ? '' : String(x));

/** @param {number} ms */
const iso = (ms) => new Date(ms).toISOString().replace('.000Z', 'Z');

/** @param {string} field */
const quoted = (field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
