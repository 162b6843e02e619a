#!/usr/bin/env node
// The command line: the page's wasm in Node, so what it prints and what the page shows are equal; where the page runs
// the nets by relaxed SIMD, within 4e-5 of the limit.
//
// Arguments and exit codes are here; reading a file is cli-input.mjs, writing results cli-output.mjs.

import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { instance } from '../pkg/instance.js';
import { InputError, readInput } from './cli-input.mjs';
import { eventsOf, scoresCsv, summary } from './cli-output.mjs';

const help = `anomaly-widget detectors [--json]
anomaly-widget detect FILE... [options]

FILE is CSV (timestamp,value or named columns), JSON or NDJSON, also gzipped; - is standard input.

  --detector NAME    which detector; \`detectors\` lists them
  --train N | P%     fit on the first N rows, or P percent of them; default: the whole series
  --live CHUNK       push the rows after those through the live path, CHUNK at a time; same scores
  --time NAME        the column of times
  --column NAME      the column of values
  --threshold T      "tail 5e-5" (default), "robust 6", "sigma 4", "fixed 0.9", "quantile 0.001",
                     "dynamic" or "published"
  --sensitivity S    0 to 100; 50 is neutral
  --settings JSON    all settings as a JSON object, or @FILE
  --scores OUT.csv   timestamp,value,score,expected,limit,anomaly for each row of the input
  --events OUT.json  the events as a JSON array
  --json             the events on standard output as JSON, one line a file
  --help, --version

With several files, OUT is a folder. Exit status: 0 done, 1 bad input, 2 bad arguments.`;

/** What every page loads, and what it loads with a pretrained model. */
const usual = instance(), nets = instance();

/** Wrong arguments: exit status 2. */
class UsageError extends Error {}

const options = /** @type {const} */ ({
  detector: { type: 'string' }, train: { type: 'string' }, live: { type: 'string' }, time: { type: 'string' },
  column: { type: 'string' }, threshold: { type: 'string' }, sensitivity: { type: 'string' }, settings: { type: 'string' },
  scores: { type: 'string' }, events: { type: 'string' }, json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }, version: { type: 'boolean', default: false },
});

/**
 * Runs the command line.
 * @param {string[]} args
 * @returns {Promise<number>} the exit status
 */
export async function main(args) {
  try {
    const { values: given, positionals: [command, ...files] } = readArguments(args);
    if (given.help) return print(help);
    if (given.version) return print(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version);
    if (command === 'detectors') {
      usual.initSync({ module: readFileSync(asset('anomaly_widget_bg.wasm')) });
      return listDetectors(given.json);
    }
    if (command !== 'detect') throw new UsageError(command ? `unknown command "${command}"; known are: detect, detectors` : 'a command is missing: detect or detectors');
    if (files.length === 0) throw new UsageError('a FILE is missing; - is standard input');
    return await detect(files, given);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`anomaly-widget: ${error.message} (--help shows all)`);
    return 2;
  }
}

/** @param {string[]} args */
function readArguments(args) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(String(/** @type {Error} */ (error).message).split('. ')[0]);
  }
}

/** @param {boolean} json */
function listDetectors(json) {
  const list = usual.detectors();
  if (json) return print(JSON.stringify(list, null, 1));
  const width = Math.max(...list.map((/** @type {{ name: string }} */ d) => d.name.length));
  for (const d of list) console.log(`${d.name.padEnd(width)}  ${d.family.padEnd(14)}  ${d.summary}`);
  return 0;
}

/**
 * @typedef {ReturnType<typeof readArguments>['values']} Given
 * @typedef {{ train: (rows: number) => number, live: number | null, settings: Record<string, unknown> }} Plan
 */

/**
 * @param {string[]} files
 * @param {Given} given
 */
async function detect(files, given) {
  const plan = { train: trainRows(given.train), live: given.live === undefined ? null : wholeNumber('live', given.live), settings: settingsOf(given) };
  usual.initSync({ module: readFileSync(asset('anomaly_widget_bg.wasm')) });
  const many = files.length > 1;
  if (many) for (const folder of [given.scores, given.events]) if (folder) mkdirSync(folder, { recursive: true });
  const out = (/** @type {string} */ to, /** @type {string} */ file, /** @type {string} */ ending) =>
    many ? join(to, (file === '-' ? 'stdin' : basename(file).replace(/\.gz$/i, '').replace(/\.\w+$/, '')) + ending) : to;
  let status = 0;
  for (const [i, file] of files.entries()) {
    const progress = (/** @type {string} */ stage) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${many ? `[${i + 1}/${files.length}] ` : ''}${file}: ${stage}`);
    };
    try {
      progress('reading');
      const input = await readInput(file, usual.parse, { time: given.time, column: given.column });
      const { report, info } = analyse(input, plan, progress);
      progress('');
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
      if (given.scores) writeFileSync(out(given.scores, file, '.csv'), scoresCsv(input, report));
      if (given.events) writeFileSync(out(given.events, file, '.json'), `${JSON.stringify(eventsOf(input, report), null, 1)}\n`);
      const warnings = [...input.warnings, ...info.warnings];
      if (given.json) console.log(JSON.stringify({ file, rows: input.rows, ...info, warnings, events: eventsOf(input, report) }));
      else console.log(summary(file, input, report, info, warnings));
    } catch (error) {
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
      status = Math.max(status, complain(file, error));
      // Wrong settings are wrong for every file.
      if (status === 2) break;
    }
  }
  return status;
}

/**
 * Fits and scores one series.
 * @param {import('./cli-input.mjs').Input} input
 * @param {Plan} plan
 * @param {(stage: string) => void} progress
 */
function analyse({ time, value }, plan, progress) {
  const rows = time.length;
  const trained = Math.min(plan.train(rows), rows);
  const { weights, card } = weightsFor(String(plan.settings.detector ?? 'auto'));
  progress('fitting');
  if (weights) nets.initSync({ module: readFileSync(asset('models/nets.wasm')) });
  const engine = new (weights ? nets : usual).Engine(plan.settings, weights, card, time.slice(0, trained), value.slice(0, trained));
  try {
    const chunk = plan.live ?? rows;
    for (let start = 0; start < rows;) {
      progress(`scoring ${Math.round((100 * start) / rows)} %`);
      const end = Math.min(start === 0 && plan.live !== null ? trained : start + chunk, rows);
      engine.push(time.slice(start, end), value.slice(start, end));
      start = end;
    }
    return { report: engine.report(0), info: engine.info() };
  } finally {
    engine.free();
  }
}

/**
 * The shipped weights of a pretrained detector.
 * @param {string} detector
 * @returns {{ weights: Uint8Array | undefined, card: string | undefined }}
 */
function weightsFor(detector) {
  const index = asset('models/index.json');
  const name = existsSync(index) ? JSON.parse(readFileSync(index, 'utf8'))[detector] : undefined;
  if (!name) return { weights: undefined, card: undefined };
  return { weights: readFileSync(asset(`models/${name}.safetensors`)), card: readFileSync(asset(`models/${name}.json`), 'utf8') };
}

/**
 * A file of the built package: beside this one, or in pkg/ when this is the source.
 * @param {string} name
 */
function asset(name) {
  const beside = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL(`../pkg/${name}`, import.meta.url));
}

/** @param {Given} given */
function settingsOf(given) {
  /** @type {Record<string, unknown>} */
  let settings = {};
  if (given.settings !== undefined) {
    const text = given.settings.startsWith('@') ? readSettings(given.settings.slice(1)) : given.settings;
    try {
      settings = JSON.parse(text);
    } catch (error) {
      throw new UsageError(`--settings is not JSON: ${/** @type {Error} */ (error).message}; an object, or @FILE, is wanted`);
    }
    if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) throw new UsageError('--settings is not a JSON object');
  }
  if (given.detector !== undefined) settings.detector = given.detector;
  if (given.threshold !== undefined) settings.threshold = given.threshold;
  if (given.sensitivity !== undefined) {
    const s = Number(given.sensitivity);
    if (!(s >= 0 && s <= 100)) throw new UsageError(`--sensitivity "${given.sensitivity}": a number from 0 to 100 is wanted`);
    settings.sensitivity = s;
  }
  // Without a stretch to calibrate on, all that is fitted on is judged.
  settings.whole = given.train === undefined;
  return settings;
}

/** @param {string} path */
function readSettings(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`--settings: ${path} cannot be read`);
  }
}

/**
 * How many rows to fit on.
 * @param {string | undefined} train
 * @returns {(rows: number) => number}
 */
function trainRows(train) {
  if (train === undefined) return (rows) => rows;
  if (!train.endsWith('%')) {
    const count = wholeNumber('train', train);
    return () => count;
  }
  const share = Number(train.slice(0, -1)) / 100;
  if (!(share > 0 && share <= 1)) throw new UsageError(`--train "${train}": more than 0 % and at most 100 % is wanted`);
  return (rows) => Math.round(rows * share);
}

/**
 * @param {string} option
 * @param {string} text
 */
function wholeNumber(option, text) {
  const number = Number(text);
  if (!(Number.isInteger(number) && number > 0)) throw new UsageError(`--${option} "${text}": a whole number above 0 is wanted`);
  return number;
}

/**
 * Says in one line what is wrong with a file.
 * @param {string} file
 * @param {unknown} error
 * @returns {number} the exit status
 */
function complain(file, error) {
  const { code, message } = /** @type {Error & { code?: string }} */ (error);
  if (code === 'param' || code === 'unknown-detector') throw new UsageError(message);
  if (error instanceof InputError || code !== undefined) {
    const line = message.match(/^line (\d+): (.*)$/s);
    console.error((line ? `${file}:${line[1]}: ${line[2]}` : `${file}: ${message}`).replace(/\s*\n\s*/g, ' '));
  } else {
    console.error(`${file}: an error inside anomaly-widget: ${message}; please report it`);
  }
  return 1;
}

/** @param {string} text */
function print(text) {
  console.log(text);
  return 0;
}

// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', (error) => process.exit(/** @type {NodeJS.ErrnoException} */ (error).code === 'EPIPE' ? 0 : 1));

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
