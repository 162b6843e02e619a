// Serves the demo and, at /feed, a demo series played as a live feed: for `npm start` and the end-to-end tests.
//
// Addresses: / is www/, /pkg/ is the built package. So `../pkg/define.js` is right both here and under www/.

import { createServer } from 'node:http';
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { play } from './dev-feed.mjs';

const www = dirname(fileURLToPath(import.meta.url));
const root = resolve(www, '..');

/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8', '.json': 'application/json', '.map': 'application/json', '.csv': 'text/csv; charset=utf-8',
  '.ndjson': 'application/x-ndjson', '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.png': 'image/png',
  '.ico': 'image/x-icon', '.ts': 'text/plain; charset=utf-8', '.md': 'text/markdown; charset=utf-8',
};

/**
 * Starts the server.
 * @param {object} [options]
 * @param {number} [options.port] 0: any free one
 * @param {string} [options.host]
 * @param {string} [options.csp] a Content-Security-Policy for every response; a worker obeys that of its own file
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve({ port = 0, host = '127.0.0.1', csp } = {}) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = fileOf(pathname);
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Cache-Control', 'no-cache');
    if (csp) response.setHeader('Content-Security-Policy', csp);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else if (pathname === '/feed') {
      playEvents(request, response);
    } else if (path === null) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n');
    } else {
      response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream', 'Content-Length': statSync(path).size });
      if (request.method === 'HEAD') response.end();
      else createReadStream(path).on('error', () => response.destroy()).pipe(response);
    }
  });
  const sockets = new WebSocketServer({ server, path: '/feed' });
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => socket.terminate());
    const player = play(new URL(request.url ?? '/', 'http://localhost').searchParams, {
      open: () => socket.readyState === socket.OPEN,
      send: (frame) => socket.send(frame),
      end: (code, why) => socket.close(code, why),
    });
    socket.on('close', () => player.stop());
  });
  await new Promise((listening, failed) => server.once('error', failed).listen(port, host, () => listening(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://${host === '127.0.0.1' ? 'localhost' : host}:${address.port}/`,
    close: () => new Promise((closed) => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close(() => closed());
    }),
  };
}

/**
 * The file that a path stands for, or null: nothing outside the two folders, nothing hidden.
 * @param {string} pathname
 */
function fileOf(pathname) {
  try {
    const wanted = decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    if (wanted.includes('\0') || wanted.split('/').some((part) => part.startsWith('.'))) return null;
    const base = wanted.startsWith('/pkg/') ? root : www;
    const path = realpathSync(join(base, wanted));
    return path.startsWith(base + sep) && statSync(path).isFile() ? path : null;
  } catch {
    return null;
  }
}

/**
 * The feed as server-sent events: each has the number of its last row as id, and a client that comes back with it
 * gets what follows.
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function playEvents(request, response) {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const last = request.headers['last-event-id'];
  if (typeof last === 'string' && /^\d+$/.test(last)) {
    query.set('from', String(Number(last) + 1));
    query.delete('history');
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const player = play(query, {
    open: () => !response.writableEnded && !response.destroyed,
    send: (frame, row) => response.write(`id: ${row}\n${String(frame).split('\n').map((line) => `data: ${line}\n`).join('')}\n`),
    end: () => response.end(),
  });
  response.on('close', () => player.stop());
}

/**
 * Serves until interrupted: `[--port N] [--host NAME]`. Without a port, the first free one from 8080 on.
 * @param {string[]} args
 */
export async function main(args) {
  const { values } = parseArgs({ args, options: { port: { type: 'string' }, host: { type: 'string', default: '127.0.0.1' } } });
  const ports = values.port ? [Number(values.port)] : [8080, 8081, 8082, 8083, 8084, 0];
  for (const [i, port] of ports.entries()) {
    try {
      const { url } = await serve({ port, host: values.host });
      console.log(`The demo is at ${url}  (Ctrl+C ends it)`);
      return;
    } catch (error) {
      const taken = /** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE';
      if (!taken || i === ports.length - 1) throw error;
    }
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
