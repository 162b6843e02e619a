// What is handed over between page and worker instead of being copied.

/**
 * The buffers of all typed arrays in a message.
 * @param {unknown} result
 * @returns {ArrayBuffer[]}
 */
export function buffersOf(result) {
  if (result === null || typeof result !== 'object') return [];
  if (ArrayBuffer.isView(result)) return [/** @type {ArrayBuffer} */ (result.buffer)];
  return Array.isArray(result) ? [] : Object.values(result).flatMap(buffersOf);
}
