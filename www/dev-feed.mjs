// A demo series played as a live feed, in the shapes that public protocols have.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const www = dirname(fileURLToPath(import.meta.url));

/** @typedef {{ t: number, v: number }} Row */

/** What a frame of these rows looks like, by name. @type {Record<string, (rows: Row[], name: string, at: number) => string | Buffer>} */
const shapes = {
  rows: (rows) => JSON.stringify(rows),
  pairs: (rows) => JSON.stringify(rows.map(({ t, v }) => [t, v])),
  csv: (rows) => rows.map(({ t, v }) => `${new Date(t).toISOString()},${v}`).join('\n'),
  packed: (rows) => Buffer.from(new Float64Array(rows.flatMap(({ t, v }) => [t, v])).buffer),
  // Telemetry: a line a reading, with the sensor's name and times in nanoseconds.
  ndjson: (rows, name) => rows.map(({ t, v }) => JSON.stringify({ sensor: name, timestamp: t * 1e6, value: v })).join('\n'),
  // Ticks of an exchange: nested, prices as text, among frames that carry none. It takes a `decode`.
  ticks: (rows, name, at) => JSON.stringify(at % 50 === 0 ? { e: 'heartbeat', E: rows[0]?.t }
    : { stream: `${name}@trade`, data: rows.map(({ t, v }) => ({ e: 'trade', T: t, p: v.toFixed(2), q: '0.10' })) }),
  // Metrics: name, labels, value and time, as they are scraped.
  metrics: (rows, name) => rows.map(({ t, v }) => JSON.stringify({ metric: 'humidity', labels: { host: name }, ts: t / 1000, value: v })).join('\n'),
};

/** Rows already sent in a session, so that a client that reconnects goes on where it was. @type {Map<string | null, number>} */
const sessions = new Map();

/**
 * Plays a series. Of the parameters `series` is a file in www/data without its ending, several with commas between
 * them are sent side by side; `shape` is how a frame looks, `speed` the rows a second, `batch` the rows a frame,
 * `from` the first row, `history` the rows sent at once at the start, `plant` the row at which an anomaly of 12
 * rows is added (-1: none), `drop` ends the connection after that many rows, and `session` names the rows sent so
 * far, so that the next connection of that name goes on after them.
 * @param {URLSearchParams} query
 * @param {{ open: () => boolean, send: (frame: string | Buffer, row: number) => void, end: (code: number, why: string) => void }} to
 * @returns {{ stop: () => void }}
 */
export function play(query, to) {
  const number = (/** @type {string} */ name, /** @type {number} */ otherwise) => {
    const given = Number(query.get(name) ?? otherwise);
    return Number.isFinite(given) ? given : otherwise;
  };
  const session = query.get('session');
  const names = (query.get('series') ?? 'sensor-mote2').split(',');
  const all = names.map((name) => series(name, number('plant', 1500)));
  const shape = shapes[query.get('shape') ?? 'rows'];
  if (!shape || all.some((rows) => rows === null)) {
    to.end(1008, 'no such series or shape');
    return { stop: () => {} };
  }
  const [speed, batch, drop] = [Math.max(number('speed', 20), 0.1), Math.max(number('batch', 1), 1), number('drop', Infinity)];
  const length = Math.min(...all.map((rows) => rows?.length ?? 0));
  let at = sessions.get(session) ?? number('from', 0);
  let sent = 0;
  const send = (/** @type {number} */ count) => {
    // What cannot be sent any more is for the next connection.
    if (!to.open()) return;
    const end = Math.min(at + count, length);
    if (end > at) all.forEach((rows, i) => to.send(shape((rows ?? []).slice(at, end), names[i], at), end - 1));
    sent += Math.max(end - at, 0);
    at = Math.max(end, at);
    if (session) sessions.set(session, at);
    if (at >= length) to.end(1000, 'the series has ended');
    else if (sent >= drop) to.end(1012, 'dropped on request');
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
  return { stop: () => clearInterval(timer) };
}

/**
 * @param {string} name
 * @param {number} plant
 * @returns {Row[] | null}
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
