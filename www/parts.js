// The parts of the package that are loaded when they are first needed, each a file beside the element's.

import { WidgetError } from './errors.js';

/** Written out, so that a bundler sees them. */
const parts = {
  /** Reading the findings: list, reasons, gestures, labels. */
  reader: () => import('./reader.js'),
  /** Continuing the series: feeds and single rows. */
  stream: () => import('./stream.js'),
  /** What is seldom needed. */
  more: () => import('./more.js'),
};

/**
 * Loads a part.
 * @template {keyof typeof parts} N
 * @param {N} name
 * @returns {ReturnType<typeof parts[N]>}
 */
export function part(name) {
  return /** @type {any} */ (parts[name]().catch((/** @type {unknown} */ cause) => {
    throw new WidgetError('engine', 'A part of the widget could not be loaded.', { cause, hint: `${name}.js belongs beside anomaly-widget.js.` });
  }));
}
