// A feed's server that goes wrong on purpose: it plays a script, one list of steps for each connection in turn.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/**
 * What a connection does next.
 * @typedef {{ send: string | Uint8Array } | { wait: number } | { close: number } | { refuse: number } | { hang: true } | { drop: true }
 *   | { partial: string } | { open: true }} Step `refuse`: answer the handshake with this status; `hang`: never answer it;
 *   `drop`: cut the wire; `partial`: cut it within this frame; `open`: answer the handshake and send nothing yet. A script that ends leaves
 *   the connection open and silent.
 */

/**
 * @param {(connection: number, request: import('node:http').IncomingMessage) => Step[]} script
 * @returns {Promise<{ ws: string, http: string, connections: () => number, open: () => number, requests: import('node:http').IncomingMessage[], close: () => Promise<void> }>}
 */
export async function faultServer(script) {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  /** @type {import('node:http').IncomingMessage[]} */
  const requests = [];
  server.on('upgrade', async (request, wire, head) => {
    wire.on('error', () => {});
    const steps = script(requests.push(request) - 1, request);
    const [first] = steps;
    if (first && 'hang' in first) return;
    if (first && 'drop' in first) return wire.destroy();
    if (first && 'refuse' in first) return wire.end(`HTTP/1.1 ${first.refuse} Refused\r\nConnection: close\r\n\r\n`);
    sockets.handleUpgrade(request, wire, head, async (socket) => {
      socket.on('error', () => {});
      for (const step of steps) {
        if (socket.readyState !== socket.OPEN) return;
        if ('send' in step) await new Promise((sent) => socket.send(step.send, sent));
        else if ('wait' in step) await new Promise((on) => setTimeout(on, step.wait));
        else if ('close' in step) socket.close(step.close);
        else if ('drop' in step) socket.terminate();
        else if ('partial' in step) {
          // The head of a text frame that is longer than what follows.
          wire.write(Buffer.concat([Buffer.from([0x81, 126, 0x40, 0x00]), Buffer.from(step.partial)]));
          await new Promise((on) => setTimeout(on, 5));
          wire.destroy();
        }
      }
    });
  });
  server.on('request', async (request, response) => {
    const steps = script(requests.push(request) - 1, request);
    const [first] = steps;
    if (first && 'refuse' in first) return response.writeHead(first.refuse).end();
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    for (const step of steps) {
      if (response.destroyed) return;
      if ('send' in step) response.write(step.send);
      else if ('wait' in step) await new Promise((on) => setTimeout(on, step.wait));
      else if ('drop' in step) return response.destroy();
      else if ('close' in step) return response.end();
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    ws: `ws://127.0.0.1:${port}/`, http: `http://127.0.0.1:${port}/`,
    connections: () => requests.length,
    open: () => sockets.clients.size,
    requests,
    close: () => new Promise((closed) => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close(() => closed());
    }),
  };
}
