// Every word that the widget shows, in one place, so that a page can replace them.

/** @param {number} n @param {string} one @param {string} many */
const count = (n, one, many) => (n === 1 ? one : many);

export const words = {
  empty: 'Drop a CSV or JSON file here',
  open: 'Open a file',
  read: 'Reading',
  fit: 'Learning what is normal',
  score: 'Scoring',
  adapt: 'Adapting',
  ready: 'Ready',
  live: 'Live',
  idle: 'No data yet',
  failed: 'Not loaded',
  collecting: (/** @type {string} */ got, /** @type {string} */ needed) => `Collecting ${got} of ${needed} points`,
  connecting: 'Connecting',
  waiting: (/** @type {number} */ seconds) => `Connection lost, next try in ${seconds} s`,
  closed: 'Connection closed',
  retry: 'Retry now',
  dismiss: 'Dismiss',
  reset: 'Show all',
  zoom: 'Zoom in',
  detector: 'Detector',
  sensitivity: 'Sensitivity',
  scoredBy: (/** @type {string} */ name) => `Scored by ${name}`,
  private: '0 bytes left this page',
  points: (/** @type {number} */ n, /** @type {string} */ text) => `${text} ${count(n, 'point', 'points')}`,
  rhythm: (/** @type {string} */ period) => `${period} rhythm`,
  events: (/** @type {number} */ n) => (n === 0 ? 'No anomalies' : `${n} ${count(n, 'anomaly', 'anomalies')}`),
  order: 'most severe first',
  none: 'Nothing is over the limit.',
  more: (/** @type {number} */ n) => `and ${n} more`,
  above: (/** @type {string} */ by) => `${by} above expected`,
  below: (/** @type {string} */ by) => `${by} below expected`,
  high: 'Higher than usual',
  low: 'Lower than usual',
  shape: 'Unusual course',
  shift: 'New level',
  why: (/** @type {{ expected?: string, value: string, score: string, limit: string }} */ e) =>
    `${e.expected ? `Expected ${e.expected}, came ${e.value}` : `Value ${e.value}`} at the peak. Score ${e.score}, limit ${e.limit}.`,
  provisional: 'Provisional',
  severity: (/** @type {string} */ s) => `Severity ${s}`,
  value: 'Value',
  expected: 'Expected',
  scoreOf: 'Score',
  limit: 'Limit',
  missing: 'missing',
  chart: (/** @type {string} */ label, /** @type {string} */ facts, /** @type {string} */ events) =>
    `Chart of ${label}: ${facts}. ${events}. Arrow keys go from one to the next.`,
  series: 'the series',
};

/** @typedef {typeof words} Words */
