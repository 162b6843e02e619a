// A file as the columns that the engine takes, and the way from its rows back to the file's own.

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

/** A file that cannot be used; the message has no file name. */
export class InputError extends Error {}

/**
 * @typedef {{ time: Float64Array, value: Float64Array, column: string, columns: string[], warnings: string[], repeated: Uint32Array }} Parsed
 * @typedef {object} Input
 * @property {Float64Array} time milliseconds, one a row of the series
 * @property {Float64Array} value
 * @property {number} rows the rows of the file: those of the series, and those merged into an earlier one of the same time
 * @property {Uint32Array} rowOf for each row of the file, the row of the series that it belongs to
 * @property {Uint32Array} firstOf for each row of the series, its first row in the file
 * @property {string[] | null} stamps the file's own text for each row's time; null: not a CSV, or none could be told
 * @property {string[]} warnings
 */

/**
 * Reads and parses one file.
 * @param {string} file `-`: standard input
 * @param {(bytes: Uint8Array, options: { time?: string, column?: string }) => Parsed} parse
 * @param {{ time?: string, column?: string }} names
 * @returns {Promise<Input>}
 */
export async function readInput(file, parse, names) {
  const bytes = unzipped(file === '-' ? await standardInput() : await contents(file));
  const given = Object.fromEntries(Object.entries(names).filter(([, name]) => name !== undefined));
  const { time, value, columns, repeated, warnings } = parse(bytes, given);
  const rows = time.length + repeated.length;
  const rowOf = new Uint32Array(rows);
  const firstOf = new Uint32Array(time.length);
  const merged = new Set(repeated);
  for (let row = 0, at = -1; row < rows; row++) {
    if (!merged.has(row)) firstOf[++at] = row;
    rowOf[row] = at;
  }
  return { time, value, rows, rowOf, firstOf, stamps: stampsOf(bytes, rows, columns), warnings };
}

/** @param {string} file */
async function contents(file) {
  try {
    return await readFile(file);
  } catch (error) {
    const why = { ENOENT: 'there is no such file', EISDIR: 'this is a folder; name the files in it', EACCES: 'it may not be read' };
    const code = String(/** @type {NodeJS.ErrnoException} */ (error).code);
    throw new InputError(why[/** @type {keyof typeof why} */ (code)] ?? `it cannot be read (${code})`);
  }
}

async function standardInput() {
  const parts = [];
  for await (const part of process.stdin) parts.push(part);
  return Buffer.concat(parts);
}

/** @param {Uint8Array} bytes */
function unzipped(bytes) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    throw new InputError('the gzip data is damaged; unpack it, or copy it again');
  }
}

/**
 * The text of the time field in each data row of a CSV, so that results carry the times as they were given.
 * @param {Uint8Array} bytes
 * @param {number} rows
 * @param {string[]} columns every column but that of times; the numbers from 1 on where there is no header
 * @returns {string[] | null}
 */
function stampsOf(bytes, rows, columns) {
  const text = new TextDecoder().decode(bytes);
  if (/^\s*[[{]/.test(text)) return null;
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const split = (/** @type {string} */ line, /** @type {string} */ by) => line.split(by).map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
  const separator = [',', ';', '\t'].find((by) => split(lines[0] ?? '', by).length === columns.length + 1);
  const header = lines.length - rows;
  // A quoted field that holds a separator or a line end: then the times are not told apart here.
  if (separator === undefined || header < 0 || header > 1) return null;
  const names = header ? split(lines[0], separator) : columns.map((_, i) => String(i + 1));
  const at = names.findIndex((name, i) => name !== columns[i]);
  const place = at < 0 ? columns.length : at;
  const records = lines.slice(header).map((line) => split(line, separator));
  return records.every((record) => record.length > place) ? records.map((record) => record[place]) : null;
}
