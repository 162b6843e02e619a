// The chart as a file of pixels.

import { WidgetError } from './errors.js';

/**
 * @param {import('./view.js').View} view that has been started
 * @param {{ type?: 'image/png', width?: number, scale?: number }} options those of the element's `toBlob`
 * @returns {Promise<Blob>}
 * @throws {WidgetError} `draw` when the browser cannot make it
 */
export function pictureOf(view, { type = 'image/png', width = view.canvas.clientWidth || 960, scale = globalThis.devicePixelRatio || 1 }) {
  const canvas = document.createElement('canvas');
  const height = width * (view.canvas.clientHeight || 1) / (view.canvas.clientWidth || 1);
  view.copy(canvas, Math.round(width * scale), Math.round(height * scale), scale);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new WidgetError('draw', 'The picture could not be made.', { hint: 'Is it too large?' }))), type));
}
