// Where the package's other files are, and how the wasm is compiled: once a page.

import { WidgetError } from './errors.js';

/**
 * @typedef {URL | BufferSource | WebAssembly.Module | (() => Promise<BufferSource>)} WasmSource
 * @typedef {{ wasm: WasmSource, worker: URL | Worker | false, modelBase: URL }} Assets
 */

/** @type {Assets} Beside this file, in the package as built. */
export const defaults = {
  get wasm() { return new URL('./anomaly_widget_bg.wasm', import.meta.url); },
  get worker() { return new URL('./worker.js', import.meta.url); },
  get modelBase() { return new URL('./models/', import.meta.url); },
};

/** @type {Map<unknown, Promise<WebAssembly.Module>>} */
const compiled = new Map();

/**
 * The compiled module; the same source is compiled once. A failure is forgotten, so that the next call tries again.
 * @param {WasmSource} source
 * @returns {Promise<WebAssembly.Module>}
 */
export function compile(source) {
  const key = source instanceof URL ? source.href : source;
  let module = compiled.get(key);
  if (!module) {
    module = compileFresh(source).catch((error) => {
      compiled.delete(key);
      throw new WidgetError('engine', 'The detection engine could not be loaded.', { cause: error, hint: String(error?.message ?? error) });
    });
    compiled.set(key, module);
  }
  return module;
}

/** @param {WasmSource} source */
async function compileFresh(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === 'function') return WebAssembly.compile(await source());
  if (!(source instanceof URL)) return WebAssembly.compile(source);
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source.pathname}: ${response.status}`);
  const copy = response.clone();
  try {
    return await WebAssembly.compileStreaming(response);
  } catch {
    // A server that does not know the type of wasm files, most often.
    return WebAssembly.compile(await copy.arrayBuffer());
  }
}

/** @type {Map<string, Promise<import('./messages.js').Model>>} */
const models = new Map();

/**
 * The files of a pretrained detector, fetched when first asked for.
 * @param {URL} base
 * @param {string} detector
 * @returns {Promise<import('./messages.js').Model>} copies, fit to be transferred
 */
export async function model(base, detector) {
  const key = new URL(detector, base).href;
  let files = models.get(key);
  if (!files) models.set(key, files = fetchModel(base, detector));
  try {
    const { weights, card } = await files;
    return { weights: weights.slice(), card };
  } catch (error) {
    models.delete(key);
    throw error;
  }
}

/**
 * @param {URL} base
 * @param {string} detector
 */
async function fetchModel(base, detector) {
  const get = async (/** @type {string} */ file) => {
    const response = await fetch(new URL(file, base)).catch(() => null);
    if (response?.ok) return response;
    throw new WidgetError('weights', `The model of ${detector} could not be loaded: ${file} ${response ? `answered ${response.status}` : 'was not reached'}.`);
  };
  /** @type {Record<string, string>} */
  const index = await (await get('index.json')).json().catch((error) => { throw WidgetError.from(error); });
  const name = index[detector];
  if (!name) throw new WidgetError('weights', `There is no model of ${detector} in ${base.pathname}index.json.`);
  const [weights, card] = await Promise.all([get(`${name}.safetensors`), get(`${name}.json`)]);
  return { weights: new Uint8Array(await weights.arrayBuffer()), card: await card.text() };
}
