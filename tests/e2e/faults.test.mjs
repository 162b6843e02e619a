// Twelve faults of a socket, played from scripts by a real server: after each the ledger is exact, and the rows that
// were scored are those of one batch.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { faultServer } from './fault-server.mjs';
import { wave } from './harness.mjs';
import { alive } from './live.mjs';

const ROWS = 400;
const { time, value } = wave({ rows: ROWS, spikeAt: 330, step: 1000 });
const row = (/** @type {number} */ i) => [time[i], value[i]];
/** A frame of rows. @param {number} from @param {number} to */
const rows = (from, to) => ({ send: JSON.stringify(time.slice(from, to).map((_, i) => row(from + i))) });

/** @type {(() => unknown)[]} */
const ends = [];
after(() => Promise.all(ends.map((end) => end())));

/**
 * Plays a script and resolves when a number of rows and frames have met their fate.
 * @param {(connection: number, request: import('node:http').IncomingMessage) => import('./fault-server.mjs').Step[]} script
 * @param {{ received: number, http?: boolean, options?: import('../../www/feed.js').FeedOptions, capacity?: number, settings?: object, ms?: number }} plan
 */
async function play(script, { received, http, options, capacity, settings, ms }) {
  const server = await faultServer(script);
  const one = alive({ train: 240, ...settings }, { capacity });
  ends.push(() => { one.end(); return server.close(); });
  one.connect(http ? server.http : server.ws, options);
  const stats = await one.until((s) => s.received >= received, ms);
  assert.equal(stats.used + stats.late + stats.repeated + stats.malformed + stats.dropped, stats.received);
  assert.deepEqual(one.errors, []);
  return { stats, one, server };
}

/** The counts that are not 0. @param {import('../../www/feed.js').FeedStats} stats */
function ledger({ received, used, late, repeated, malformed, dropped, gaps, reconnects }) {
  return Object.fromEntries(Object.entries({ received, used, late, repeated, malformed, dropped, gaps, reconnects }).filter(([, n]) => n > 0));
}

/** The scores are those of these rows in one piece. @param {ReturnType<typeof alive>} one */
async function equalsBatch(one, times = time, values = value) {
  const batch = alive({ train: 240 });
  await batch.session.load({ time: times, value: values }, { detector: 'pca', train: 240 }, {});
  const [got, want] = [one.report, batch.report];
  batch.end();
  assert.ok(got && want);
  assert.deepEqual([...got.times], [...want.times]);
  for (const name of /** @type {const} */ (['values', 'scores', 'limits'])) {
    const differs = got[name].findIndex((v, i) => !Object.is(v, want[name][i]));
    assert.equal(differs, -1, name);
  }
  const plain = (/** @type {import('../../www/messages.js').AnomalyEvent[]} */ events) => events.map(({ id, settled, ...event }) => event);
  assert.deepEqual(plain(got.events), plain(want.events));
  assert.ok(got.events.length > 0);
}

test('refused: the handshake is answered with an error, and tried again', async () => {
  const { stats, one } = await play((n) => (n < 3 ? [{ refuse: 503 }] : [rows(0, ROWS)]), { received: ROWS });
  assert.deepEqual(ledger(stats), { received: ROWS, used: ROWS, reconnects: 3 });
  await equalsBatch(one);
});

test('dropped at the handshake', async () => {
  const { stats, one } = await play((n) => (n < 3 ? [{ drop: true }] : [rows(0, ROWS)]), { received: ROWS });
  assert.deepEqual(ledger(stats), { received: ROWS, used: ROWS, reconnects: 3 });
  await equalsBatch(one);
});

test('dropped within a frame: the frame is sent again and nothing is counted twice', async () => {
  const script = (/** @type {number} */ n) => (n === 0 ? [rows(0, 300), { partial: '[[1600000000000,' }] : [rows(300, ROWS)]);
  const { stats, one } = await play(script, { received: ROWS });
  assert.deepEqual(ledger(stats), { received: ROWS, used: ROWS, reconnects: 1 });
  await equalsBatch(one);
});

test('half open: a silent connection is noticed, before and after the handshake', async () => {
  const script = (/** @type {number} */ n) => [[rows(0, 300)], [{ hang: true }], [rows(300, ROWS), { wait: 20 }, rows(0, 1)]][n] ?? [{ open: true }];
  const { stats, one } = await play(/** @type {any} */ (script), { received: ROWS + 1, options: { heartbeatMs: 400 } });
  assert.deepEqual(ledger(stats), { received: ROWS + 1, used: ROWS, repeated: 1, reconnects: 2 });
  await equalsBatch(one);
});

test('many reconnects, each with one row', async () => {
  const times = Number(process.env.RECONNECTS ?? 300);
  const long = wave({ rows: 200 + times, spikeAt: 400, step: 1000 });
  const script = (/** @type {number} */ n) => {
    const frame = { send: JSON.stringify(n === 0 ? long.time.slice(0, 200).map((t, i) => [t, long.value[i]]) : [long.time[199 + n], long.value[199 + n]]) };
    return n < times ? [frame, { close: 1012 }] : [frame];
  };
  const { stats, one } = await play(script, { received: 200 + times, ms: 30_000 });
  assert.deepEqual(ledger(stats), { received: 200 + times, used: 200 + times, reconnects: times });
  await equalsBatch(one, long.time, long.value);
});

test('a frame of a megabyte', async () => {
  const many = wave({ rows: 30_000, spikeAt: 20_000, step: 1000 });
  const frame = JSON.stringify(many.time.map((t, i) => ({ t, v: many.value[i] })));
  assert.ok(frame.length > 1 << 20);
  const { stats, one } = await play(() => [rows(0, 300), { send: frame }], { received: 30_300 });
  assert.deepEqual(ledger(stats), { received: 30_300, used: 30_000, repeated: 300 });
  assert.equal(one.report?.times.length, 30_000);
});

test('text and binary mixed, in every format', async () => {
  const packed = (/** @type {number} */ i) => Buffer.from(new Float64Array(row(i)).buffer);
  const { stats, one } = await play(() => [
    rows(0, 390), { send: packed(390) }, { send: `${time[391] / 1000},${value[391]}` }, { send: packed(392) },
    { send: JSON.stringify({ t: new Date(time[393]).toISOString(), v: value[393] }) },
    { send: JSON.stringify({ ts: time[394] * 1000, value: String(value[394]) }) }, { send: Buffer.from(JSON.stringify(row(395))) },
    { send: `${JSON.stringify({ time: time[396] * 1e6, value: value[396] })}\n${JSON.stringify([time[397] * 1e6, value[397]])}` },
    { send: JSON.stringify({ time: time.slice(398), value: value.slice(398) }) },
  ], { received: ROWS });
  assert.deepEqual(ledger(stats), { received: ROWS, used: ROWS });
  await equalsBatch(one);
});

test('frames that are no data cost themselves alone, and are kept for the developer', async () => {
  const bad = ['{"t": nonsense', 'hello', '<html>gateway timeout</html>', '{"type":"ack"}', '[[1,', '\u0000\u0001'];
  const { stats, one } = await play(() => [rows(0, 350), ...bad.map((send) => ({ send })), rows(350, ROWS)], { received: ROWS + bad.length });
  assert.deepEqual(ledger(stats), { received: ROWS + bad.length, used: ROWS, malformed: bad.length });
  assert.equal(stats.faults.length, 5);
  assert.deepEqual(stats.faults.map((fault) => fault.frame), bad.slice(1));
  assert.match(stats.faults[2].why, /field/);
  await equalsBatch(one);
});

test('disorder: rows within lateMs are merged and scored again, later ones are counted', async () => {
  const order = time.map((_, i) => i);
  // Pairs from the middle of the calibration on come the wrong way round.
  for (let i = 100; i < ROWS - 1; i += 3) [order[i], order[i + 1]] = [order[i + 1], order[i]];
  const script = () => [...order.map((i) => ({ send: JSON.stringify(row(i)) })), { send: JSON.stringify([time[200] - 500, 1]) }];
  const { stats, one } = await play(script, { received: ROWS + 1, options: { lateMs: 2000 } });
  assert.deepEqual(ledger(stats), { received: ROWS + 1, used: ROWS, late: 1 });
  assert.deepEqual([...(one.report?.times ?? [])], time);
  const strict = await play(script, { received: ROWS + 1 });
  assert.deepEqual(ledger(strict.stats), { received: ROWS + 1, used: ROWS - 100, late: 101, gaps: 100 });
});

test('duplicates: the last value of a time counts, and what follows is scored again', async () => {
  const script = () => [rows(0, 300), rows(250, 320), ...time.slice(320).flatMap((t, i) => [
    { send: JSON.stringify([t, value[320 + i] + 1]) }, { send: JSON.stringify([t, value[320 + i]]) }])];
  const { stats, one } = await play(script, { received: ROWS + 50 + 80 });
  assert.deepEqual(ledger(stats), { received: ROWS + 130, used: ROWS, repeated: 130 });
  await equalsBatch(one);
});

test('clock jumps: a lone time far ahead is refused, a real pause is not, a clock set back is late', async () => {
  const ahead = { send: JSON.stringify([Date.UTC(2099, 0, 1), 5]) };
  const pause = 3_600_000;
  const shifted = (/** @type {number} */ i) => ({ send: JSON.stringify([time[i] + pause, value[i]]) });
  const script = () => [rows(0, 300), ahead, rows(300, 350), ...time.slice(350).map((_, i) => shifted(350 + i)), rows(380, 390)];
  const { stats, one } = await play(script, { received: ROWS + 11 });
  assert.deepEqual(ledger(stats), { received: ROWS + 11, used: ROWS, malformed: 1, late: 10, gaps: 1 });
  assert.match(stats.faults[0].why, /far ahead/);
  await equalsBatch(one, time.map((t, i) => (i < 350 ? t : t + pause)));
});

test('a burst of a million rows: what has no room is counted', async () => {
  const million = 1_000_000, frame = 10_000;
  const frames = Array.from({ length: million / frame }, (_, n) => {
    const packed = new Float64Array(2 * frame);
    for (let i = 0; i < frame; i += 1) packed.set([1.7e12 + (n * frame + i) * 1000, Math.sin((n * frame + i) / 9)], 2 * i);
    return { send: Buffer.from(packed.buffer) };
  });
  for (const onFull of /** @type {const} */ (['drop-oldest', 'drop-newest', 'decimate'])) {
    const { stats, one } = await play(() => frames, { received: million, capacity: 20_000, options: { onFull }, ms: 30_000 });
    assert.equal(stats.received, million);
    assert.equal(stats.used + stats.dropped, million);
    assert.ok(stats.dropped > 0 && stats.used >= (onFull === 'decimate' ? 10_000 : 20_000), `${onFull}: ${stats.used}`);
    const times = one.report?.times ?? new Float64Array();
    assert.ok(times.length <= 21_000, String(times.length));
    if (onFull !== 'drop-newest') assert.equal(times.at(-1), 1.7e12 + (million - 1) * 1000);
  }
});

// ---------------------------------------------------------------- beyond the twelve

test('server-sent events go on after the last id, in small pieces and with comments between', async () => {
  const event = (/** @type {number} */ i) => `id: ${i}\ndata: ${JSON.stringify(row(i))}\n\n`;
  const { stats, one, server } = await play((_, request) => {
    const from = Number(request.headers['last-event-id'] ?? -1) + 1;
    const to = Math.min(from + 150, ROWS);
    const text = `retry: 2\n: hello\n${Array.from({ length: to - from }, (_, i) => event(from + i)).join('')}id: 9999\ndata: [1,`;
    return [...(text.match(/[^]{1,997}/g) ?? []).map((send) => ({ send })), { wait: 30 }, to === ROWS ? { open: true } : { drop: true }];
  }, { received: ROWS, http: true });
  assert.deepEqual(ledger(stats), { received: ROWS, used: ROWS, reconnects: 2 });
  assert.deepEqual(server.requests.map((request) => request.headers['last-event-id']), [undefined, '149', '299']);
  await equalsBatch(one);
});

test('nothing is tried again where it cannot help', async () => {
  for (const [script, http, state] of /** @type {const} */ ([[[{ open: true }, { close: 1008 }], false, 'failed'], [[{ open: true }, { close: 1000 }], false, 'closed'],
    [[{ refuse: 404 }], true, 'failed'], [[{ refuse: 204 }], true, 'closed']])) {
    const server = await faultServer(() => [...script]);
    const one = alive();
    ends.push(() => { one.end(); return server.close(); });
    one.connect(http ? server.http : server.ws);
    await one.until((s) => s.state === state);
    await new Promise((on) => setTimeout(on, 30));
    assert.equal(server.connections(), 1, JSON.stringify(script));
    one.live.retryNow();
    await one.until((s) => s.reconnects === 1);
  }
});

test('several series in one feed share one connection, each with its own ledger', async () => {
  const both = (/** @type {number} */ i) => JSON.stringify([{ id: 'a', t: time[i], v: value[i] }, { id: 'b', t: time[i], v: 2 * value[i] }]);
  const server = await faultServer(() => [{ wait: 20 }, ...time.map((_, i) => ({ send: both(i) })), { send: '{"id":"a"}' }, { send: 'noise' }]);
  const a = alive({ train: 240 }), b = alive({ train: 240 });
  ends.push(() => { a.end(); b.end(); return server.close(); });
  a.connect(server.ws, { only: { id: 'a' } });
  b.connect(server.ws, { only: { id: 'b' } });
  const [ofA, ofB] = [await a.until((s) => s.received === ROWS + 2), await b.until((s) => s.received === ROWS + 1)];
  assert.equal(server.connections(), 1);
  assert.deepEqual([ledger(ofA), ledger(ofB)], [{ received: ROWS + 2, used: ROWS, malformed: 2 }, { received: ROWS + 1, used: ROWS, malformed: 1 }]);
  await equalsBatch(a);
  assert.equal(b.report?.values[7], 2 * value[7]);
  a.live.disconnect();
  assert.equal(b.stats.state, 'open');
});

test('decode reads what no format does; what it cannot read is counted', async () => {
  const tick = (/** @type {number} */ i) => ({ send: JSON.stringify({ stream: 'x@trade', data: [{ T: time[i], p: String(value[i]) }] }) });
  const decode = (/** @type {any} */ frame) => {
    const { data } = JSON.parse(frame);
    return data ? data.map((/** @type {any} */ d) => ({ x: d.T, y: Number(d.p) })) : null;
  };
  const script = () => [...time.map((_, i) => tick(i)), { send: '{"event":"subscribed"}' }, { send: 'oops' }, { send: '{"data":[{"T":"x","p":"1"}]}' }];
  const { stats, one } = await play(script, { received: ROWS + 2, options: { decode } });
  assert.deepEqual(ledger(stats), { received: ROWS + 2, used: ROWS, malformed: 2 });
  await equalsBatch(one);
});

test('events say whether they are new, revised, merged, settled or withdrawn, and keep their id', async () => {
  const long = wave({ rows: 700, spikeAt: 330, step: 1000 });
  const one = alive();
  ends.push(() => one.end());
  for (let at = 0; at < 700; at += 10) await one.live.rows.append({ time: long.time.slice(at, at + 10), value: long.value.slice(at, at + 10) }, { detector: 'pca', train: 240 }, {});
  const event = one.report?.events.find((e) => e.start <= time[330] && e.end > time[330]);
  assert.ok(event);
  const life = one.changes.filter((change) => change.id === event.id);
  assert.equal(life[0].change, 'new');
  assert.ok(life.every((change) => change.change !== 'withdrawn'));
  assert.ok(life.some((change) => change.change === 'settled'), life.map((change) => change.change).join());
  const now = new Set(one.report?.events.map((e) => e.id));
  for (const id of new Set(one.changes.map((change) => change.id))) {
    const last = one.changes.findLast((change) => change.id === id);
    const absorbed = one.changes.some((change) => change.merged?.includes(id));
    assert.ok(now.has(id) || last?.change === 'withdrawn' || absorbed, `${id} has gone without a word`);
  }
});
