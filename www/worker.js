// The worker: message, call, reply. Built as one file without imports.
//
// Where there is no worker (`worker: false`), the page imports this same file and hands it one end of a channel.

import { Service, failureOf } from './service.js';
import { buffersOf } from './transfer.js';

/** @typedef {{ onmessage: ((event: MessageEvent) => void) | null, postMessage: (message: unknown, buffers: ArrayBuffer[]) => void }} Port */

/** @param {Port} port */
function serve(port) {
  const service = new Service();
  port.onmessage = async ({ data: { id, owner, name, ask } }) => {
    try {
      const result = await service.answer(name, ask, owner, (progress) => port.postMessage({ id, progress }, []));
      port.postMessage({ id, result }, buffersOf(result));
    } catch (error) {
      port.postMessage({ id, error: failureOf(error) }, []);
    }
  };
}

if ('DedicatedWorkerGlobalScope' in globalThis) serve(/** @type {Port} */ (/** @type {unknown} */ (self)));
else Object.assign(globalThis, { [Symbol.for('anomaly-widget.serve')]: serve });
