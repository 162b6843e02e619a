// The findings as files.

/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */
/** @typedef {import('./report.js').Report} Report */

const iso = (/** @type {number} */ ms) => new Date(ms).toISOString();
const field = (/** @type {number | undefined} */ n) => (n === undefined || Number.isNaN(n) ? '' : String(n));

/**
 * A file of the findings.
 * @param {Report} report
 * @param {'events.csv' | 'events.json' | 'report.csv'} kind
 * @returns {Blob}
 */
export function fileOf(report, kind) {
  if (kind === 'events.json') return new Blob([JSON.stringify(report.events, null, 1)], { type: 'application/json' });
  const lines = kind === 'events.csv' ? eventLines(report.events) : reportLines(report);
  return new Blob([`${lines.join('\n')}\n`], { type: 'text/csv' });
}

/** @param {AnomalyEvent[]} events */
function eventLines(events) {
  return ['start,end,peak,kind,direction,severity,value,expected,score,limit,detectors', ...events.map((e) =>
    [iso(e.start), iso(e.end), iso(e.peak), e.kind, e.direction, e.severity, field(e.value), field(e.expected), e.score, e.limit, e.detectors.join(' ')].join(','))];
}

/** @param {Report} report */
function reportLines({ times, values, scores, limits, expected, events }) {
  const lines = ['timestamp,value,score,expected,limit,anomaly'];
  let next = 0;
  times.forEach((time, i) => {
    while (next < events.length && events[next].end <= time) next += 1;
    const inside = next < events.length && events[next].start <= time;
    lines.push([iso(time), field(values[i]), field(scores[i]), field(expected?.[i]), field(limits[i]), inside ? 1 : 0].join(','));
  });
  return lines;
}
