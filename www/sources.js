// Whatever a user hands over, as bytes for the parser or as two columns. Bytes are never read here.

import { WidgetError } from './errors.js';

/**
 * @typedef {number | string | Date} Moment milliseconds, or an ISO date
 * @typedef {{ x: Moment, y: number | null } | { time: Moment, value: number | null } | { t: Moment, v: number | null } | [Moment, number | null]} Point
 * @typedef {{ time: ArrayLike<number>, value: ArrayLike<number> } | Point[] | number[] |
 *   Blob | ArrayBuffer | ReadableStream<Uint8Array> | URL} Source
 * @typedef {{ bytes: Uint8Array } | import('./messages.js').Columns} Input
 */

/**
 * @param {Source} source
 * @param {AbortSignal} [signal]
 * @returns {Promise<Input>} fresh arrays, fit to be transferred
 */
export async function read(source, signal) {
  if (source instanceof URL) return unzipped(await download(source, signal));
  if (source instanceof Blob) return unzipped(new Uint8Array(await source.arrayBuffer()));
  if (source instanceof ArrayBuffer) return unzipped(new Uint8Array(source.slice(0)));
  if (source instanceof ReadableStream) return unzipped(await given(source, signal));
  if (Array.isArray(source)) return rows(source);
  if (source?.time && source?.value) return { time: Float64Array.from(source.time), value: Float64Array.from(source.value) };
  throw new WidgetError('source', 'This is not a source of data.', { hint: FORMS });
}

const FORMS = 'Give a file, an address, bytes, {time, value} of columns, an array of {time, value}, {t, v}, {x, y} or [time, value], or one of numbers.';

/**
 * @param {any[]} list numbers (a row a second) or points
 * @returns {import('./messages.js').Columns}
 */
function rows(list) {
  const number = (/** @type {unknown} */ value) => (value === null || value === undefined ? NaN : Number(value));
  if (typeof list[0] !== 'object') return { time: Float64Array.from(list, (_, i) => 1000 * i), value: Float64Array.from(list, number) };
  const points = list.map((row) => (Array.isArray(row) ? row : [row?.x ?? row?.time ?? row?.t, row?.y ?? row?.value ?? row?.v]));
  const timeless = points.findIndex(([time]) => time === undefined);
  if (timeless >= 0) throw new WidgetError('source', `Point ${timeless} of the array has no time.`, { hint: FORMS });
  return { time: Float64Array.from(points, ([time]) => (typeof time === 'string' ? Date.parse(time) : Number(time))), value: Float64Array.from(points, ([, value]) => number(value)) };
}

/**
 * @param {URL} url
 * @param {AbortSignal} [signal]
 */
async function download(url, signal) {
  const name = url.pathname.split('/').pop() || url.host;
  let response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new WidgetError('fetch', `${name} could not be reached.`, { cause: error, hint: 'Check the address, and whether its server allows this page to read it.' });
  }
  if (!response.ok) throw new WidgetError('fetch', `${name} could not be loaded: the server answered ${response.status}.`, { hint: 'Check the address.' });
  return bytesOf(response);
}

/** @param {ReadableStream<Uint8Array>} stream @param {AbortSignal} [signal] */
async function given(stream, signal) {
  try {
    return await bytesOf(new Response(stream.pipeThrough(new TransformStream(), { signal })));
  } catch (error) {
    // The response tells of a stream that was given up as of one that failed.
    signal?.throwIfAborted();
    throw error;
  }
}

/** @param {Response} response */
async function bytesOf(response) {
  return new Uint8Array(await response.arrayBuffer());
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function unzipped(bytes) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { bytes: checked(bytes) };
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return { bytes: checked(await bytesOf(new Response(stream))) };
  } catch (error) {
    if (error instanceof WidgetError) throw error;
    throw new WidgetError('parse', 'The gzip data is damaged.', { cause: error, hint: 'Unpack the file, or copy it again.' });
  }
}

/** A web page in place of data is the most common wrong answer of a server: it gets a sentence of its own. */
/** @param {Uint8Array} bytes */
function checked(bytes) {
  const head = new TextDecoder().decode(bytes.subarray(0, 256)).trimStart().toLowerCase();
  if (head.startsWith('<!doctype') || head.startsWith('<html')) {
    throw new WidgetError('parse', 'This is a web page, not data.', { hint: 'Give the address of the CSV or JSON file itself.' });
  }
  return bytes;
}
