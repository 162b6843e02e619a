// The files of pretrained detectors, each fetched once a page.

import { WidgetError } from './errors.js';

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
