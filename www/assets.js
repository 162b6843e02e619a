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
