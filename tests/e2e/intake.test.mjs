// What does not need a socket: the fate of each row in any batches, the waits between tries, and a crowd that comes
// back after an outage.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { delay, tap } from '../../www/feed.js';
import { Intake } from '../../www/intake.js';
import { eventsOf } from '../../www/lines.js';
import { Findings } from '../../www/report.js';

/** @param {number} seed */
function seeded(seed) {
  let state = seed * 48271 + 11;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/**
 * Runs rows through an intake into a plain map, in batches of random size; some batches fail and are drawn again.
 * @param {[number, number][]} arrivals
 * @param {{ lateMs: number, batch: () => number, fails?: () => boolean }} options
 */
function run(arrivals, { lateMs, batch, fails = () => false }) {
  const intake = new Intake();
  intake.lateMs = lateMs;
  /** @type {Map<number, number>} */
  const series = new Map();
  const known = () => {
    const times = [...series.keys()];
    return { newest: Math.max(-Infinity, ...times), openFrom: -Infinity, step: 10, first: 0, count: times.length, value: (/** @type {number} */ t) => series.get(t),
      around: (/** @type {number} */ t) => /** @type {[number, number]} */ ([Math.max(-Infinity, ...times.filter((u) => u < t)), Math.min(Infinity, ...times.filter((u) => u >= t))]) };
  };
  for (let at = 0; at < arrivals.length;) {
    const part = arrivals.slice(at, at += batch());
    intake.add({ time: Float64Array.from(part, (row) => row[0]), value: Float64Array.from(part, (row) => row[1]), at: 0 });
    while (intake.any) {
      const { time, value, commit } = intake.draw(batch(), known());
      assert.ok(time.every((t, i) => i === 0 || t > time[i - 1]));
      if (fails()) continue;
      time.forEach((t, i) => series.set(t, value[i]));
      commit();
    }
  }
  return { counts: intake.counts, ahead: intake.ahead, rows: [...series].sort((a, b) => a[0] - b[0]) };
}

test('the fate of a row never depends on how rows are cut into batches', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = seeded(seed);
    let clock = 0;
    /** @type {[number, number][]} */
    const arrivals = Array.from({ length: 150 }, () => {
      const dice = random();
      if (dice < 0.6) clock += 10;
      if (dice < 0.01) clock += 20_000;
      const time = dice > 0.97 ? clock + 1e6 * random() : dice > 0.8 ? clock - 10 * Math.floor(12 * random()) : clock;
      return [time, dice > 0.95 ? NaN : Math.floor(3 * random())];
    });
    const lateMs = [0, 35, 80][seed % 3];
    const whole = run(arrivals, { lateMs, batch: () => 1000 });
    const { used, late, repeated, malformed, dropped } = whole.counts;
    assert.equal(used + late + repeated + malformed + dropped + whole.ahead, arrivals.length);
    assert.equal(whole.rows.length, used);
    assert.equal(whole.counts.gaps, whole.rows.filter(([time], i) => i > 0 && time - whole.rows[i - 1][0] > 15).length);
    for (const batch of [() => 1, () => 1 + Math.floor(20 * random())]) {
      assert.deepEqual(run(arrivals, { lateMs, batch, fails: () => random() < 0.2 }), whole, `seed ${seed}`);
    }
  }
});

test('rows by hand: duplicates, revisions, lateness, gaps and clocks', () => {
  const of = (/** @type {[number, number][]} */ arrivals, lateMs = 0) => run(arrivals, { lateMs, batch: () => 1 });
  assert.deepEqual(of([[10, 1], [10, 1], [10, 2], [20, 3]]), { counts: { used: 2, late: 0, repeated: 2, malformed: 0, dropped: 0, gaps: 0 }, ahead: 0, rows: [[10, 2], [20, 3]] });
  assert.deepEqual(of([[10, 1], [30, 3], [20, 2]]).counts, { used: 2, late: 1, repeated: 0, malformed: 0, dropped: 0, gaps: 1 });
  assert.deepEqual(of([[10, 1], [30, 3], [20, 2]], 10).rows, [[10, 1], [20, 2], [30, 3]]);
  // Too late to be merged, but nothing new.
  assert.deepEqual(of([[10, 1], [30, 3], [10, 1]]).counts.repeated, 1);
  // A missing value takes nothing back.
  assert.deepEqual(of([[10, 1], [10, NaN]]).rows, [[10, 1]]);
  assert.deepEqual(of([[10, NaN], [10, 1]]).rows, [[10, 1]]);
  const jump = of([[10, 1], [1e6, 9], [20, 2]]);
  assert.deepEqual([jump.rows, jump.counts.malformed], [[[10, 1], [20, 2]], 1]);
  assert.equal(of([[10, 1], [1e6, 9], [1e6 + 10, 9], [1e6 + 20, 9], [1e6 + 30, 9]]).rows.length, 5);
});

test('what has no room is dropped at the end that was asked for', () => {
  const kept = (/** @type {import('../../www/intake.js').OnFull} */ onFull) => {
    const intake = new Intake();
    Object.assign(intake, { onFull, room: 10 });
    for (let at = 0; at < 35; at += 7) {
      intake.add({ time: Float64Array.from({ length: 7 }, (_, i) => at + i), value: new Float64Array(7), at: 0 });
      intake.trim();
    }
    const { time } = intake.draw(100, { newest: -Infinity, openFrom: -Infinity, step: 0, first: 0, count: 0, value: () => undefined, around: () => [-Infinity, Infinity] });
    assert.equal(time.length + intake.counts.dropped, 35);
    return [...time];
  };
  assert.deepEqual(kept('drop-oldest'), [25, 26, 27, 28, 29, 30, 31, 32, 33, 34]);
  assert.deepEqual(kept('drop-newest'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const thin = kept('decimate');
  assert.ok(thin.length <= 10 && thin[0] < 20 && thin.at(-1) === 34, String(thin));
});

test('waits are within the envelope, over ten thousand draws', () => {
  const random = seeded(5);
  const sums = Array.from({ length: 12 }, () => [0, 0]);
  for (let draw = 0; draw < 10_000; draw += 1) {
    const tries = draw % 12;
    const most = Math.min(30_000, 500 * 2 ** tries);
    const wait = delay(tries, {}, random);
    assert.ok(wait >= 0 && wait < most, `${tries}: ${wait}`);
    sums[tries][0] += wait / most;
    sums[tries][1] += 1;
  }
  // Full jitter: all of the envelope is used; of the longest waits the upper half.
  for (const [tries, [sum, count]] of sums.entries()) assert.ok(Math.abs(sum / count - (tries < 6 ? 1 / 2 : 3 / 4)) < 0.05, String(sum / count));
  assert.equal(delay(40, { minDelayMs: 1, maxDelayMs: 7 }, () => 1), 7);
});

test('a thousand clients come back after an outage without a rush', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const random = mock.method(Math, 'random', seeded(9));
  try {
    let now = 0, up = false;
    /** @type {number[]} */
    const arrivals = [];
    class Socket {
      readyState = 0;
      /** @type {((event: { code: number }) => void) | null} */ onclose = null;
      /** @type {(() => void) | null} */ onopen = null;
      constructor() {
        setTimeout(() => {
          if (!up) return this.onclose?.({ code: 1006 });
          arrivals.push(now);
          this.onopen?.();
        }, 1);
      }
      close() {}
    }
    const tell = { frames: () => {}, changed: () => {} };
    const taps = Array.from({ length: 1000 }, () => tap('ws://nowhere/', /** @type {any} */ ({ Socket }), tell));
    taps.forEach((one) => one.feed.start());
    const OUTAGE = 300, step = 100;
    for (; now < OUTAGE * 1000; now += step) mock.timers.tick(step);
    up = true;
    for (; now < (OUTAGE + 35) * 1000; now += step) mock.timers.tick(step);
    assert.equal(arrivals.length, 1000);
    const seconds = new Map();
    for (const at of arrivals) seconds.set(Math.floor(at / 1000), (seconds.get(Math.floor(at / 1000)) ?? 0) + 1);
    const span = (Math.max(...arrivals) - Math.min(...arrivals)) / 1000;
    const busiest = Math.max(...seconds.values()), mean = 1000 / span;
    console.log(`1000 clients came back within ${span.toFixed(1)} s; busiest second ${busiest}, mean ${mean.toFixed(1)}`);
    assert.ok(busiest <= 2 * mean, `${busiest} in one second, ${mean} on average`);
    taps.forEach((one) => one.close());
  } finally {
    random.mock.restore();
    mock.timers.reset();
  }
});

test('the waits begin anew after half a minute of an open connection, not at its opening', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const random = mock.method(Math, 'random', () => 0.999);
  try {
    /** @type {any} */
    let socket;
    class Socket {
      readyState = 0;
      constructor() { socket = this; }
      close() {}
    }
    const one = tap('ws://nowhere/', /** @type {any} */ ({ Socket }), { frames: () => {}, changed: () => {} });
    one.feed.start();
    const lose = (/** @type {number} */ openMs) => {
      socket.onopen?.();
      mock.timers.tick(openMs);
      socket.onclose?.({ code: 1006 });
      const wait = one.feed.retryInMs ?? 0;
      mock.timers.tick(wait + 1);
      return Math.round(wait);
    };
    assert.deepEqual([lose(10), lose(10), lose(29_000), lose(31_000), lose(10)], [500, 999, 1998, 500, 999]);
    one.close();
  } finally {
    random.mock.restore();
    mock.timers.reset();
  }
});

test('an event stream is read the same in any pieces', () => {
  const text = ': hi\nid: 1\ndata: a\ndata:b\n\nretry: 70\r\nid: 2\r\ndata: c\r\n\r\nevent: x\rdata: d\r\rid\ndata\n\nid: 9\ndata: cut';
  const read = (/** @type {number} */ size) => {
    const last = { id: '' };
    /** @type {unknown[]} */
    const frames = [];
    const events = eventsOf(last, { frame: (data) => frames.push([data, last.id]), alive: () => {} });
    for (let at = 0; at < text.length; at += size) events(text.slice(at, at + size));
    return { last, frames };
  };
  const want = read(1000);
  assert.deepEqual(want, { last: { id: '', retry: 70 }, frames: [['a\nb', '1'], ['c', '2'], ['d', '2'], ['', '']] });
  for (let size = 1; size < 20; size += 1) assert.deepEqual(read(size), want, String(size));
});

test('events that grow, meet, settle and vanish say so, and keep the id of the first', () => {
  const findings = new Findings();
  /** @param {number} start @param {number} rows @param {[number, number, boolean?][]} events spans of rows, and whether they are settled */
  const take = (start, rows, events) => {
    const column = () => new Float64Array(rows);
    const part = {
      start, settled: start, time: column().map((_, i) => 10 * (start + i)), value: column(), scores: column(), limits: column(), ordinary: 0,
      events: events.map(([from, to, settled = false]) => ({
        id: `e${10 * from}`, start: 10 * from, end: 10 * to, peak: 10 * from, startIndex: from, endIndex: to, peakIndex: from, settled,
        kind: /** @type {const} */ ('point'), direction: /** @type {const} */ ('high'), severity: 2, value: 1, limit: 1, score: 2, detectors: ['pca'],
      })),
    };
    return findings.take(part, 60).changed.map(({ id, change, merged }) => [id, change, ...(merged ?? [])].join(' '));
  };
  assert.deepEqual(take(0, 30, [[10, 12], [16, 18], [25, 26]]), ['e100 new', 'e160 new', 'e250 new']);
  assert.deepEqual(take(5, 30, [[10, 12], [16, 18], [25, 26]]), []);
  // The first begins a row earlier than thought, and meets the second; the third was none.
  assert.deepEqual(take(5, 40, [[9, 18]]), ['e100 merged e160', 'e250 withdrawn']);
  assert.deepEqual(take(5, 50, [[9, 19]]), ['e100 revised']);
  assert.deepEqual(take(5, 60, [[9, 19, true]]), ['e100 settled']);
  assert.deepEqual(take(40, 60, [[70, 71]]), ['e700 new']);
  // The row of the first has left the ring; the event has not.
  assert.ok(findings.columns.base > 20);
  assert.deepEqual(findings.events.map((event) => event.id), ['e100', 'e700']);
});
