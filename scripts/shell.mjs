// Running other programs, and saying what is going on, for the scripts beside this file.

import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** An end that the reader can do something about: printed as its message, without a stack. */
export class Stop extends Error {
  name = 'Stop';
}

/**
 * The standard output of a program that ends well, else null.
 * @param {string} command
 * @param {string[]} args
 * @returns {string | null}
 */
export function capture(command, args) {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return done.status === 0 ? done.stdout.trim() : null;
}

/**
 * The path of the first of these programs that is on the PATH (or is itself a path), else null.
 * @param {...(string | undefined)} names
 * @returns {string | null}
 */
export function which(...names) {
  for (const name of names) {
    if (!name) continue;
    const folders = name.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
    for (const folder of folders) {
      const path = folder ? join(folder, name) : name;
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return null;
}

/**
 * Runs a program with its output on the terminal.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, cwd?: string }} [options]
 * @returns {Promise<void>} rejects with a Stop when the program fails
 */
export function run(command, args, options = {}) {
  const { promise, settle } = deferred(command, args);
  const child = spawn(command, args, { cwd: options.cwd ?? root, env: { ...process.env, ...options.env }, stdio: 'inherit' });
  child.on('error', settle).on('close', settle);
  return promise;
}

/**
 * Runs a program without showing its output; when it fails, the last lines of it are shown.
 * On a terminal the seconds tick.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, cwd?: string }} [options]
 * @returns {Promise<void>} rejects with a Stop when the program fails
 */
export function runQuietly(command, args, options = {}) {
  const { promise, settle } = deferred(command, args);
  const child = spawn(command, args, { cwd: options.cwd ?? root, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const from = Date.now();
  let tail = '';
  const keep = (/** @type {Buffer} */ data) => (tail = (tail + data.toString()).slice(-4000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const tick = process.stderr.isTTY
    ? setInterval(() => process.stderr.write(`\r    ${Math.round((Date.now() - from) / 1000)} s `), 1000)
    : undefined;
  const end = (/** @type {number | Error | null} */ status) => {
    clearInterval(tick);
    if (tick) process.stderr.write('\r            \r');
    if (status !== 0) console.error(tail.trim().split('\n').slice(-20).join('\n'));
    settle(status);
  };
  child.on('error', end).on('close', end);
  return promise;
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function deferred(command, args) {
  /** @type {() => void} */
  let ok = () => {};
  /** @type {(reason: Stop) => void} */
  let fail = () => {};
  /** @type {Promise<void>} */
  const promise = new Promise((resolve, reject) => {
    ok = resolve;
    fail = reject;
  });
  const settle = (/** @type {number | Error | null} */ status) => {
    if (status === 0) return ok();
    const why = status instanceof Error ? status.message : `ended with status ${status}`;
    fail(new Stop(`\`${[command, ...args].join(' ')}\` ${why}`));
  };
  return { promise, settle };
}

/**
 * Prints one line of progress.
 * @param {string} line
 */
export function say(line) {
  console.error(line);
}
