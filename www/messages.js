// What the page and the worker say to each other: the one list. Types only; this file has no code.
//
// Each request carries an `id`; the worker answers with `{ id, result }` or `{ id, error }`, and on the way with
// any number of `{ id, progress }`. Typed arrays are transferred, not copied.

/**
 * @typedef {object} Columns
 * @property {Float64Array} time milliseconds, increasing
 * @property {Float64Array} value NaN: missing
 */

/** @typedef {Columns & { column: string, columns: string[], warnings: string[], repeated: Uint32Array }} Parsed */

/** @typedef {{ format?: string, time?: string, column?: string, only?: Record<string, string> }} ParseOptions */

/** @typedef {{ name: string, family: string, pretrained: boolean, summary: string, source: string, defaults: object }} DetectorInfo */

/** @typedef {{ detector: string, step: number, period: number | null, window: number | null, rows: number, confidence: string, warnings: string[] }} Info */

/** @typedef {{ weights: Uint8Array, card: string }} Model */

/**
 * @typedef {object} AnomalyEvent
 * @property {string} id
 * @property {number} start milliseconds
 * @property {number} end milliseconds, exclusive
 * @property {number} peak milliseconds
 * @property {number} startIndex row
 * @property {number} endIndex row, exclusive
 * @property {number} peakIndex row
 * @property {'point' | 'duration' | 'shift'} kind
 * @property {'high' | 'low' | 'shape'} direction
 * @property {number} severity 1 at the limit
 * @property {number} value at the peak
 * @property {number} [expected] at the peak
 * @property {number} limit
 * @property {number} score
 * @property {boolean} settled
 * @property {string[]} detectors who found it: of several that judge together the one whose score counts at the peak
 */

/**
 * Rows from `start` on and every event that ends after it; both replace what was said of them before.
 * @typedef {object} Part
 * @property {number} start row
 * @property {number} settled rows before this one never change again
 * @property {Float64Array} time
 * @property {Float64Array} value
 * @property {Float64Array} scores
 * @property {Float64Array} limits
 * @property {Float64Array} [expected]
 * @property {Float64Array} [lower]
 * @property {Float64Array} [upper]
 * @property {number} ordinary the median score of the calibration
 * @property {AnomalyEvent[]} events
 */

/** @typedef {{ start: number, settled: number, limits: Float64Array, ordinary: number, events: AnomalyEvent[] }} Decision of the rows from `start` on; a single
 *   limit holds for all of them */

/** @typedef {{ stage: 'read' | 'fit' | 'score' | 'adapt', done: number }} Progress `done`: 0 to 1 */

/**
 * Requests by name: what is asked, and what comes back.
 * @typedef {object} Requests
 * @property {{ ask: { module: WebAssembly.Module }, reply: DetectorInfo[] }} start instantiate
 * @property {{ ask: { bytes: Uint8Array, options: ParseOptions }, reply: Parsed }} parse bytes to columns
 * @property {{ ask: { series: number, frames: (string | Uint8Array)[], options: ParseOptions }, reply: Columns & { malformed: number, faults: { frame: string, why: string }[] } }} frames
 *   frames of a feed to rows in the order in which they came; what cannot be read is counted, the last of it shown
 * @property {{ ask: Columns & { series: number, settings: object, train: number, model?: Model & { module: WebAssembly.Module } }, reply: { part: Part, info: Info, openFrom: number } }} analyse
 *   fit on the first `train` rows and score all; rows up to `openFrom` can no longer change
 * @property {{ ask: Columns & { series: number, lateMs: number, capacity: number }, reply: { part: Part, openFrom: number } }} push
 *   merge rows and score what follows them
 * @property {{ ask: { series: number, threshold: string, sensitivity: number }, reply: Decision }} decide from stored scores
 * @property {{ ask: { series: number }, reply: null }} close free the engine of a series
 * @property {{ ask: null, reply: null }} leave free all that the asker has open
 */

/** @typedef {{ code: string, message: string, line?: number, needed?: number }} Failure */

/** @typedef {{ id: number, result?: unknown, error?: Failure, progress?: Progress }} Reply */

export {};
