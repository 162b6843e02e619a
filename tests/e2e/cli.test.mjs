// The command line, as a user meets it: results, formats, exit codes, and one-line errors.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { cli, csv, root, temporaryFolder, wave } from './harness.mjs';

const folder = temporaryFolder();
const series = wave();
const text = csv(series);

/**
 * Writes a file of the test folder and returns its path.
 * @param {string} name
 * @param {string | Uint8Array} contents
 */
function file(name, contents) {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

/** @param {string} path */
const table = (path) => readFileSync(path, 'utf8').trim().split('\n').map((line) => line.split(','));

/** Files of scores so far. */
let written = 0;

/**
 * Runs `detect` on a file and returns the text of its scores.
 * @param {string[]} args
 */
async function scores(args) {
  const out = join(folder, `scores-${written += 1}.csv`);
  const { status, err } = await cli(['detect', ...args, '--scores', out]);
  assert.equal(status, 0, err);
  return readFileSync(out, 'utf8');
}

const wavePath = file('wave.csv', text);

test('detectors lists the registry, as text and as JSON', async () => {
  const plain = await cli(['detectors']);
  const json = await cli(['detectors', '--json']);
  assert.equal(plain.status, 0, plain.err);
  const list = JSON.parse(json.out);
  assert.ok(list.length > 0);
  for (const d of list) {
    assert.deepEqual(Object.keys(d).sort(), ['defaults', 'family', 'name', 'pretrained', 'source', 'summary']);
    assert.match(plain.out, new RegExp(`^${d.name} `, 'm'));
  }
});

test('the planted spike is found, and every output says so', async () => {
  const [scoresPath, eventsPath] = [join(folder, 's.csv'), join(folder, 'e.json')];
  const { status, out, err } = await cli(['detect', wavePath, '--scores', scoresPath, '--events', eventsPath, '--json']);
  assert.equal(status, 0, err);
  assert.equal(err, '');
  const rows = table(scoresPath);
  assert.deepEqual(rows[0], ['timestamp', 'value', 'score', 'expected', 'limit', 'anomaly']);
  assert.equal(rows.length, series.time.length + 1);
  const events = JSON.parse(readFileSync(eventsPath, 'utf8'));
  const result = JSON.parse(out);
  assert.deepEqual(result.events, events);
  assert.equal(result.rows, series.time.length);
  const hit = events.find((/** @type {{ startIndex: number, endIndex: number }} */ e) => e.startIndex <= 900 && 900 < e.endIndex);
  assert.ok(hit, out);
  assert.deepEqual(Object.keys(hit), ['start', 'end', 'startIndex', 'endIndex', 'peakIndex', 'kind', 'direction', 'severity', 'detectors']);
  assert.equal(hit.start, series.time[hit.startIndex]);
  const flagged = new Set(rows.slice(1).flatMap((row, i) => (row[5] === '1' ? [i] : [])));
  const inEvents = new Set(events.flatMap((/** @type {{ startIndex: number, endIndex: number }} */ e) =>
    Array.from({ length: e.endIndex - e.startIndex }, (_, k) => e.startIndex + k)));
  assert.deepEqual(flagged, inEvents);
});

test('every detector scores the wave, and live scores are the batch ones', async () => {
  const list = JSON.parse((await cli(['detectors', '--json'])).out);
  for (const { name } of list) {
    const [batch, live] = await Promise.all([[], ['--live', '37']].map((more) => scores([wavePath, '--detector', name, '--train', '50%', ...more])));
    assert.equal(live, batch, name);
  }
});

test('gzip, standard input, JSON and NDJSON score like the CSV', async () => {
  const want = (await scores([wavePath])).split('\n').map((line) => line.split(',').slice(1).join(','));
  const rows = series.time.map((t, i) => ({ time: t, value: series.value[i] }));
  const others = [file('wave.csv.gz', gzipSync(text)), file('wave.json', JSON.stringify(rows)), file('wave.ndjson', rows.map((row) => JSON.stringify(row)).join('\n'))];
  for (const path of others) {
    const got = (await scores([path])).split('\n').map((line) => line.split(',').slice(1).join(','));
    assert.deepEqual(got, want, path);
  }
  const out = join(folder, 'stdin.csv');
  const { status, err } = await cli(['detect', '-', '--scores', out], { input: text });
  assert.equal(status, 0, err);
  assert.equal(readFileSync(out, 'utf8'), await scores([wavePath]));
});

test('times are written as they were read', async () => {
  for (const stamp of [(/** @type {number} */ ms) => String(ms / 1000), (/** @type {number} */ ms) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')]) {
    const path = file('stamps.csv', csv(series, { stamp }));
    const rows = (await scores([path])).trim().split('\n').slice(1).map((line) => line.split(',')[0]);
    assert.deepEqual(rows, series.time.map(stamp));
  }
});

test('a row of a repeated time has its line, and events count rows of the input', async () => {
  const lines = text.trim().split('\n');
  // Row 100 twice: all that follows moves by one.
  lines.splice(102, 0, lines[101]);
  const path = file('repeated.csv', lines.join('\n'));
  const { status, out, err } = await cli(['detect', path, '--json', '--scores', join(folder, 'r.csv')]);
  assert.equal(status, 0, err);
  const rows = table(join(folder, 'r.csv')).slice(1);
  assert.equal(rows.length, series.time.length + 1);
  assert.deepEqual(rows[100], rows[101]);
  const { events } = JSON.parse(out);
  assert.ok(events.some((/** @type {{ peakIndex: number }} */ e) => e.peakIndex === 901), out);
});

test('columns are chosen by name', async () => {
  const body = series.time.map((t, i) => `5,${series.value[i]},${new Date(t).toISOString()}`).join('\n');
  const path = file('named.csv', `flat,height,when\n${body}\n`);
  const got = await cli(['detect', path, '--time', 'when', '--column', 'height', '--json']);
  assert.equal(got.status, 0, got.err);
  const want = await cli(['detect', wavePath, '--json']);
  assert.deepEqual(JSON.parse(got.out).events, JSON.parse(want.out).events);
});

test('with several files OUT is a folder', async () => {
  const second = file('second.csv', csv(wave({ spikeAt: 400 })));
  const out = join(folder, 'many');
  const { status, err, out: lines } = await cli(['detect', wavePath, second, '--scores', out, '--events', out, '--json']);
  assert.equal(status, 0, err);
  assert.deepEqual(readdirSync(out).sort(), ['second.csv', 'second.json', 'wave.csv', 'wave.json']);
  assert.equal(lines.trim().split('\n').map((line) => JSON.parse(line)).length, 2);
});

test('threshold and sensitivity act, and settings can come from a file', async () => {
  const count = async (/** @type {string[]} */ args) => JSON.parse((await cli(['detect', wavePath, '--json', ...args])).out).events.length;
  assert.equal(await count(['--threshold', 'fixed 1e9']), 0);
  assert.ok((await count(['--threshold', 'quantile 0.05'])) > 0);
  const settings = file('settings.json', JSON.stringify({ threshold: 'fixed 1e9' }));
  assert.equal(await count(['--settings', `@${settings}`]), 0);
});

test('bad input ends with 1 and one line that names file and line', async () => {
  const lines = text.trim().split('\n');
  lines[41] = `${lines[41].split(',')[0]},abc`;
  const bad = file('bad.csv', lines.join('\n'));
  const cases = [
    { args: [bad], want: /^\S*bad\.csv:42: .*\n$/ },
    { args: [join(folder, 'absent.csv')], want: /^\S*absent\.csv: there is no such file\n$/ },
    { args: [file('empty.csv', '')], want: /^\S*empty\.csv:.*\n$/ },
    { args: [file('cut.csv.gz', gzipSync(text).subarray(0, 200))], want: /^\S*cut\.csv\.gz: .*\n$/ },
    { args: [file('short.csv', lines.slice(0, 3).join('\n'))], want: /^\S*short\.csv: too short: .*\n$/ },
  ];
  for (const { args, want } of cases) {
    const { status, out, err } = await cli(['detect', ...args]);
    assert.deepEqual([status, out], [1, ''], err);
    assert.match(err, want);
  }
  const { status, out, err } = await cli(['detect', bad, wavePath, '--json']);
  assert.equal(status, 1, err);
  assert.equal(JSON.parse(out).file, wavePath, 'the other files are still done');
});

test('bad arguments end with 2 and one line', async () => {
  const wrong = [
    [], ['dance'], ['detect'], ['detect', wavePath, '--no-such'], ['detect', wavePath, '--detector', 'oracle'],
    ['detect', wavePath, '--threshold', 'vague'], ['detect', wavePath, '--sensitivity', '101'], ['detect', wavePath, '--train', '0'],
    ['detect', wavePath, '--train', '120%'], ['detect', wavePath, '--live', '1.5'], ['detect', wavePath, '--settings', '{'],
    ['detect', wavePath, '--settings', '{"no-such": 1}'], ['detect', wavePath, '--settings', `@${join(folder, 'absent.json')}`],
  ];
  for (const args of wrong) {
    const { status, out, err } = await cli(args);
    assert.deepEqual([status, out], [2, ''], `${args.join(' ')}: ${err}`);
    assert.match(err, /^anomaly-widget: [^\n]+\n$/);
  }
});

test('help and version', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal((await cli(['--version'])).out.trim(), version);
  const help = await cli(['--help']);
  assert.equal(help.status, 0);
  for (const line of help.out.trim().split('\n')) assert.ok(line.length <= 100, line);
});
