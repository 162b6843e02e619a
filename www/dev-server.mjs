// Serves the demo and, at /feed, a socket that replays a demo series: for `npm start` and the end-to-end tests.
//
// Addresses: / is www/, /pkg/ is the built package. So `../pkg/define.js` is right both here and under www/.

import { createServer } from 'node:http';
import { createReadStream, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

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
    const path = fileOf(new URL(request.url ?? '/', 'http://localhost').pathname);
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Cache-Control', 'no-cache');
    if (csp) response.setHeader('Content-Security-Policy', csp);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else if (path === null) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n');
    } else {
      response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream', 'Content-Length': statSync(path).size });
      if (request.method === 'HEAD') response.end();
      else createReadStream(path).on('error', () => response.destroy()).pipe(response);
    }
  });
  const sockets = new WebSocketServer({ server, path: '/feed' });
  replay(sockets);
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

/** Rows already sent in a session, so that a client that reconnects goes on where it was. */
const sessions = new Map();

/**
 * Each connection gets rows of a series as JSON frames `[{"t":ms,"v":number}, …]`. Of the address's parameters
 * `series` is a file in www/data without its ending, `speed` the rows a second, `batch` the rows a frame,
 * `from` the first row, `history` the rows sent at once at the start, `plant` the row at which an anomaly of 12
 * rows is added (-1: none), `drop` closes the socket after that many rows, and `session` names the rows sent so
 * far, so that the next connection of that name goes on after them.
 * @param {WebSocketServer} sockets
 */
function replay(sockets) {
  sockets.on('connection', (socket, request) => {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    const number = (/** @type {string} */ name, /** @type {number} */ otherwise) => {
      const given = Number(query.get(name) ?? otherwise);
      return Number.isFinite(given) ? given : otherwise;
    };
    const session = query.get('session');
    const rows = series(query.get('series') ?? 'sensor-mote2', number('plant', 1500));
    if (rows === null) return socket.close(1008, 'no such series');
    const [speed, batch, drop] = [Math.max(number('speed', 20), 0.1), Math.max(number('batch', 1), 1), number('drop', Infinity)];
    let at = sessions.get(session) ?? number('from', 0);
    let sent = 0;
    const send = (/** @type {number} */ count) => {
      if (socket.readyState !== socket.OPEN) return;
      const frame = rows.slice(at, at + count);
      if (frame.length) socket.send(JSON.stringify(frame));
      at += frame.length;
      sent += frame.length;
      if (session) sessions.set(session, at);
      if (at >= rows.length) socket.close(1000, 'the series has ended');
      else if (sent >= drop) socket.close(1012, 'dropped on request');
    };
    if (!sessions.has(session) && number('history', 0) > 0) send(number('history', 0));
    // Timers tick at most some hundred times a second: what is due is sent together.
    const from = Date.now();
    let due = 0;
    const timer = setInterval(() => {
      const goal = Math.floor(((Date.now() - from) / 1000) * speed / batch) * batch;
      if (goal > due) send(goal - due);
      due = goal;
    }, Math.min(Math.max((1000 * batch) / speed, 10), 1000));
    socket.on('close', () => clearInterval(timer)).on('error', () => socket.terminate());
  });
}

/**
 * @param {string} name
 * @param {number} plant
 * @returns {{ t: number, v: number }[] | null}
 */
function series(name, plant) {
  if (!/^[\w-]+$/.test(name)) return null;
  try {
    const lines = readFileSync(join(www, 'data', `${name}.csv`), 'utf8').trim().split('\n').slice(1);
    const rows = lines.map((line) => line.split(',')).map(([time, value]) => ({ t: Date.parse(time), v: Number(value) }));
    const values = rows.map((row) => row.v).sort((a, b) => a - b);
    const height = 0.5 * (values[values.length - 1] - values[0]);
    if (plant >= 0) for (const row of rows.slice(plant, plant + 12)) row.v = Number((row.v + height).toFixed(3));
    return rows;
  } catch {
    return null;
  }
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
