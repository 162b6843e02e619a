// `npm run bench [PART...]`: the widget beside its peers, onnxruntime-web for the nets and uPlot for the chart, in one
// Chromium on one core. Every round visits all contestants, each in a fresh page, odd rounds backwards; a ratio is
// taken within a round, and what is reported is the median over the rounds.
//
//   npm run bench -- [nets] [cold] [chart] [widget] [hands] [bytes] [--rounds 5] [--nets ../shared/bench]
//
// `--nets` is a folder with the four nets as NAME.onnx and NAME.safetensors and what they answer, models.json. Writes
// bench/results.json, and docs/bench.md from it.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cpus } from 'node:os';
import { setTimeout as rest } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { launch } from '../scripts/browser.mjs';
import { build, buildWasm, relaxWasm } from '../scripts/build.mjs';
import { findChromium, setUp } from '../scripts/setup.mjs';
import { Stop, capture, root, run, say, which } from '../scripts/shell.mjs';
import { decisions, frames } from './hands.mjs';
import { nets } from './nets.js';
import { tables } from './report.mjs';
import { serve } from './server.mjs';
import { marked, trace } from './trace.mjs';

const here = join(root, 'bench');
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, nets: { type: 'string', default: '../shared/bench' } },
});
const rounds = Number(options.rounds);
const netFolder = resolve(root, options.nets);
const file = join(here, 'results.json');
const onOneCore = join(here, 'built/chromium');

const median = (/** @type {number[]} */ values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const megabytes = (/** @type {number} */ bytes) => bytes / 2 ** 20;
const rounded = (/** @type {number} */ value) => Number(value.toPrecision(4));

/** @typedef {Record<string, any>} Row */

/** @type {Record<string, () => Promise<Row | Row[]>>} */
const parts = {
  nets: async () => {
    const cases = Object.keys(nets).flatMap((net) => [1, 64].map((batch) => ({ net, batch })));
    const got = await compared(cases, ['ours', 'relaxed', 'onnxruntime'], ({ net, batch }, who) => `net.html?net=${net}&batch=${batch}&who=${who}&ms=500`);
    return got.map(({ net, batch, ours, relaxed, onnxruntime }) => {
      const wrong = [...ours, ...relaxed, ...onnxruntime].filter(({ error }) => !(error < 1e-5));
      if (wrong.length) throw new Stop(`${net}: an answer is ${wrong[0].error} off`);
      return {
        net, batch,
        ratio: rounded(median(ours.map((o, i) => onnxruntime[i].median / o.median))),
        relaxed: rounded(median(relaxed.map((o, i) => onnxruntime[i].median / o.median))),
        ours: rounded(median(ours.map((o) => o.median))),
        onnxruntime: rounded(median(onnxruntime.map((o) => o.median))),
        first: rounded(median(ours.map((o) => o.cold))),
        memory: rounded(megabytes(Math.max(...ours.map((o) => o.memory)))),
        memoryOfPeer: rounded(megabytes(Math.max(...onnxruntime.map((o) => o.memory)))),
        error: rounded(Math.max(...[...ours, ...relaxed].map((o) => o.error))),
      };
    });
  },

  cold: async () => {
    const [got] = await compared([{ net: 'tadgan' }], ['ours', 'onnxruntime'], ({ net }, who) => `net.html?net=${net}&batch=1&who=${who}&ms=0`, { fresh: true });
    const times = (/** @type {'ours' | 'onnxruntime'} */ who) => got[who].map((r) => r.first);
    return { ratio: rounded(median(times('ours').map((t, i) => t / times('onnxruntime')[i]))), ours: rounded(median(times('ours'))), onnxruntime: rounded(median(times('onnxruntime'))) };
  },

  chart: async () => {
    const cases = [1, 2].flatMap((scale) => [10_000, 100_000, 1_000_000].map((rows) => ({ rows, scale, slide: rows === 10_000 })));
    const got = await compared(cases, ['ours', 'uplot'], ({ rows, slide }, who) => `chart.html?rows=${rows}&who=${who}&slide=${slide ? 1 : 0}`);
    return got.map(({ rows, scale, ours, uplot }) => {
      const row = /** @type {Row} */ ({ rows, scale });
      for (const what of ['script', 'paint', 'redraw', 'early', 'move', 'slide', 'slide95']) {
        if (ours[0][what] === undefined) continue;
        row[what] = { ratio: rounded(median(ours.map((o, i) => o[what] / uplot[i][what]))), ours: rounded(median(ours.map((o) => o[what]))), uplot: rounded(median(uplot.map((o) => o[what]))) };
      }
      return row;
    });
  },

  widget: async () => {
    const detectors = JSON.parse(capture(process.execPath, [join(root, 'pkg/cli.mjs'), 'detectors', '--json']) ?? '[]').map((/** @type {Row} */ d) => d.name);
    const of = (/** @type {string} */ what, /** @type {Row} */ query) => ({ what, ...query });
    const cases = [
      of('file', { rows: 100_000, detector: 'holt-winters' }), of('file', { rows: 1_000_000, detector: 'holt-winters' }),
      of('live', { rows: 5000, detector: 'holt-winters', points: 200 }), of('live', { rows: 5000, detector: 'auto', points: 200 }), of('live', { rows: 5000, detector: 'tadgan', points: 200 }),
      ...[1000, 10_000, 100_000, 1_000_000].map((rows) => of('points', { rows, detector: 'auto' })),
      ...[1, 10, 50].map((widgets) => of('widgets', { rows: 2000, detector: 'auto', widgets })),
      ...detectors.map((/** @type {string} */ detector) => of('detector', { rows: 100_000, detector })),
    ];
    const got = await compared(cases, ['ours'], ({ what, ...query }) => `widget.html?${new URLSearchParams(query)}`, { times: (one) => (one.what === 'detector' || one.rows > 100_000 ? 1 : rounds), along: worked });
    return got.map((row) => {
      const { ours, ...one } = row;
      const middle = (/** @type {string} */ what) => (ours[0][what] === undefined ? undefined : rounded(median(ours.map((/** @type {Row} */ o) => o[what]))));
      const long = ours.map((/** @type {Row} */ o) => /** @type {number[]} */ (o.long));
      return {
        ...one, scored: middle('scored'), drawn: middle('drawn'), live: middle('live'), live95: middle('live95'), shown95: middle('shown95'), events: ours[0].events,
        longTasks: Math.max(...long.map((/** @type {number[]} */ tasks) => tasks.length)), longest: rounded(Math.max(0, ...long.flat())),
        most: rounded(Math.max(...ours.map((/** @type {Row} */ o) => o.most))),
      };
    });
  },

  hands: async () => {
    const series = [{ rows: 5000, every: 37 }, { rows: 100_000, every: 9703 }, { rows: 1_000_000, every: 97_003 }];
    const cases = [...series.map((one) => ({ what: 'decide', ...one })), { what: 'frames', rows: 1_000_000, every: 97_003 }];
    const got = await compared(cases, ['ours'], ({ rows, every }) => `widget.html?rows=${rows}&every=${every}&detector=holt-winters`, {
      then: async (page, { what }) => (what === 'frames' ? { frames: await frames(page) } : decisions(page)),
    });
    const middle = (/** @type {Row[]} */ all, /** @type {string} */ what) => rounded(median(all.map((one) => one[what])));
    return got.flatMap(({ what, rows, ours }) => {
      if (what === 'decide') return [{ what, rows, events: ours[0].events, decide: middle(ours, 'decide'), decide95: middle(ours, 'decide95') }];
      return ours[0].frames.map((/** @type {Row} */ { gesture }, /** @type {number} */ i) => {
        const all = ours.map((one) => one.frames[i]);
        return { what, rows, gesture, ...Object.fromEntries(['work', 'work95', 'interval', 'interval95'].map((name) => [name, middle(all, name)])) };
      });
    });
  },

  bytes: async () => {
    const sized = (/** @type {string[]} */ paths) => {
      const contents = paths.map((path) => readFileSync(path));
      const sum = (/** @type {(bytes: Buffer) => number} */ size) => contents.reduce((all, bytes) => all + size(bytes), 0);
      const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
      return { raw: sum((b) => b.length), gzip: sum((b) => gzipSync(b, { level: 9 }).length), brotli: sum((b) => brotliCompressSync(b, brotli).length) };
    };
    const pkg = (/** @type {string[]} */ ...names) => names.map((name) => join(root, 'pkg', name));
    const first = pkg('anomaly_widget_bg.wasm', 'anomaly-widget.js', 'worker.js');
    const models = readdirSync(join(root, 'pkg/models')).filter((name) => name.endsWith('.bin') || name.endsWith('.safetensors'));
    const peer = join(here, 'node_modules/onnxruntime-web/dist');
    return [
      { what: 'wasm', ...sized(first.slice(0, 1)) },
      { what: 'JavaScript before the first picture', ...sized(first.slice(1)) },
      { what: 'JavaScript that comes later', ...sized(pkg('reader.js', 'stream.js', 'more.js')) },
      { what: 'wasm and JavaScript before the first picture', ...sized(first) },
      { what: 'the same with autoencoder and tadgan', ...sized([...first, ...pkg('models/nets.wasm'), ...models.filter((m) => /^(autoencoder|tadgan)-/.test(m)).map((m) => join(root, 'pkg/models', m))]) },
      ...['models/nets.wasm', 'models/nets-relaxed.wasm'].map((what) => ({ what, ...sized(pkg(what)) })),
      ...models.map((name) => ({ what: name, ...sized([join(root, 'pkg/models', name)]) })),
      { what: 'onnxruntime-web: wasm and JavaScript', ...sized([join(peer, 'ort-wasm-simd-threaded.wasm'), join(peer, 'ort-wasm-simd-threaded.mjs'), join(peer, 'ort.wasm.min.mjs')]) },
    ];
  },
};

/**
 * The most that the page's thread works in one task after the mark `began`, in milliseconds: less than the task lasts
 * while others have the core.
 * @param {import('playwright-core').Page} page
 */
async function worked(page) {
  const end = await trace(page);
  return async () => {
    const { marks: [began], tasks } = marked(await end(), 'began');
    return { most: Math.max(...tasks.filter((task) => task.ts >= began.ts).map((task) => task.tdur ?? 0)) / 1000 };
  };
}

/**
 * Visits the pages of all cases and contestants in each round.
 * @template {Row} Case
 * @param {Case[]} cases
 * @param {string[]} contestants
 * @param {(one: Case, who: string) => string} page
 * @param {{ fresh?: boolean, times?: (one: Case) => number, along?: (page: import('playwright-core').Page) => Promise<() => Promise<Row>>, then?: (page: import('playwright-core').Page, one: Case) => Promise<Row> }} [how]
 *   `fresh`: a new browser for each page, a second after its launch; `times`: rounds of a case, else as asked; `along`: begins before the page is opened, and gives
 *   more results when it is ready; `then`: what is done with the page after that, and gives more results
 * @returns {Promise<(Case & Record<string, Row[]>)[]>} each case with the results of each contestant
 */
async function compared(cases, contestants, page, { fresh = false, times = () => rounds, along, then } = {}) {
  const server = await serve({ bench: here, built: join(here, 'built'), pkg: join(root, 'pkg'), nets: netFolder, onnxruntime: join(here, 'node_modules/onnxruntime-web/dist'), uplot: join(here, 'node_modules/uplot/dist') });
  const opening = { executablePath: onOneCore };
  let browser = fresh ? null : await launch(opening);
  const results = cases.map((one) => ({ ...one, ...Object.fromEntries(contestants.map((who) => [who, /** @type {Row[]} */ ([])])) }));
  const visits = results.flatMap((one, i) => contestants.map((who) => ({ one, asked: cases[i], who, most: times(cases[i]), path: page(cases[i], who) })));
  for (let round = 0; round < rounds; round++) {
    for (const { one, asked, who, most, path } of round % 2 ? visits.toReversed() : visits) {
      if (round >= most) continue;
      if (fresh) browser = await launch(opening);
      const context = await /** @type {import('playwright-core').Browser} */ (browser).newContext({ viewport: { width: 1000, height: 500 }, deviceScaleFactor: one.scale ?? 1 });
      const opened = await context.newPage();
      // What a browser does to start is not what a page takes.
      if (fresh) await rest(1000);
      const end = await along?.(opened);
      await opened.goto(`${server.url}/bench/pages/${path}`, { waitUntil: 'commit' });
      await opened.waitForFunction('window.result', null, { timeout: 180_000, polling: 500 });
      const result = await opened.evaluate('window.result');
      if (end && !result.failed) Object.assign(result, await end());
      if (then && !result.failed) Object.assign(result, await then(opened, asked));
      await context.close();
      if (fresh) await browser?.close();
      if (result.failed) throw new Stop(`${path}: ${result.failed}`);
      one[who].push(result);
    }
    say(`bench: round ${round + 1} of ${rounds}`);
  }
  if (!fresh) await browser?.close();
  await server.close();
  return /** @type {any} */ (results);
}

async function main() {
  const names = positionals.length ? positionals : Object.keys(parts);
  const unknown = names.find((name) => !(name in parts));
  if (unknown) throw new Stop(`no part "${unknown}"; there are: ${Object.keys(parts).join(', ')}`);
  await setUp(['modules', 'wasm', 'browser']);
  await build();
  mkdirSync(join(here, 'built'), { recursive: true });
  await buildWasm(join(here, 'built'), 'bench');
  await relaxWasm(join(here, 'built'));
  if (!existsSync(join(here, 'node_modules'))) await run('npm', ['ci', '--ignore-scripts'], { cwd: here });
  // Chromium is many processes: all of them on one core, so that what is measured is work and not luck.
  const pinned = which('taskset') ? 'taskset -c 1 ' : '';
  writeFileSync(onOneCore, `#!/bin/sh\nexec ${pinned}${findChromium()} "$@"\n`, { mode: 0o755 });
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const machine = `${cpus()[0].model.trim()}, ${capture(String(findChromium()), ['--version'])?.split(' ').slice(0, 2).join(' ')}`;
  // Parts of another machine or browser do not stand beside these.
  /** @type {Row} */
  const results = known.machine === machine ? known : { machine };
  for (const name of names) {
    if ((name === 'nets' || name === 'cold') && !existsSync(join(netFolder, 'models.json'))) {
      say(`bench: ${name} is left out: there is no ${join(netFolder, 'models.json')}; name the folder of the nets by --nets`);
      continue;
    }
    say(`bench: ${name}`);
    results[name] = await parts[name]();
    console.table(results[name]);
    writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
    writeFileSync(join(root, 'docs/bench.md'), tables(results));
  }
}

main().catch((error) => {
  console.error(error instanceof Stop ? error.message : error);
  process.exitCode = 1;
});
