// Brings what the build and the tests need, and that this machine lacks. Each step says what it brings, why, and
// how long that may take; a step whose thing is there says nothing and costs milliseconds.
//
// Only Node's own modules may be imported here: on a fresh clone there are no others.

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Stop, capture, root, runQuietly, say, which } from './shell.mjs';

/**
 * @typedef {{ what: string, why: string, takes: string, ready: () => boolean, bring: () => Promise<void> }} Step
 * @typedef {'modules' | 'native' | 'wasm' | 'browser'} Need
 */

const TARGET = 'wasm32-unknown-unknown';
const cargoToml = readFileSync(join(root, 'Cargo.toml'), 'utf8');
const bindgenVersion = field(/^wasm-bindgen = "=([\d.]+)"/m, 'the pinned version of wasm-bindgen');
const oldestRust = field(/^rust-version = "([\d.]+)"/m, 'rust-version');

/** Where things that outlive a clone are kept. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'anomaly-widget');
const bindgenFolder = join(cache, `wasm-bindgen-${bindgenVersion}`, 'bin');

/** @type {Record<Need, () => Step[]>} */
const steps = {
  modules: () => [nodeModules],
  native: () => [linker],
  wasm: () => [linker, wasmTarget, bindgen, nodeModules],
  browser: () => [chromium],
};

/**
 * Makes sure that everything for these needs is on the machine.
 * @param {Need[]} needs
 * @returns {Promise<void>} rejects with a Stop: one sentence that says what to install
 */
export async function setUp(needs) {
  if (needs.includes('native') || needs.includes('wasm')) checkRust();
  for (const step of new Set(needs.flatMap((need) => steps[need]()))) {
    if (step.ready()) continue;
    say(`set-up: ${step.what}: ${step.why} (${step.takes})`);
    const from = Date.now();
    await step.bring();
    say(`set-up: ${step.what}: done in ${Math.round((Date.now() - from) / 1000)} s`);
  }
}

/** `npm run setup`: everything, for a machine that will be offline later. */
export async function main() {
  await setUp(['modules', 'native', 'wasm', 'browser']);
  say('set-up: everything is there');
}

// ---------------------------------------------------------------- what the other scripts ask

/**
 * The cargo for wasm tests and for checks while writing, and the environment it wants.
 * @returns {{ cargo: string, env: Record<string, string> }}
 */
export function wasmCargo() {
  const { cargo, env } = toolchain();
  return rustHasTarget() ? { cargo, env } : { cargo, env: { ...env, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: `--sysroot=${debianSysroot()}` } };
}

/**
 * The cargo for the wasm that is shipped, its first arguments, and the environment it wants. The standard library is
 * compiled along: for size, and with panics that end the program without a word, which makes everything a tenth smaller.
 * Compilers call that unstable, hence the variable.
 * @param {string[]} more flags of the compiler
 * @returns {{ cargo: string, args: string[], env: Record<string, string> }}
 */
export function shippingCargo(more) {
  const { cargo, env } = toolchain();
  const flags = ['-Zunstable-options', '-Cpanic=immediate-abort', ...more];
  const args = ['-Zbuild-std=std,panic_abort', '-Zbuild-std-features=optimize_for_size', '--config', `target.${TARGET}.rustflags=${JSON.stringify(flags)}`];
  return { cargo, args, env: { ...env, RUSTC_BOOTSTRAP: '1' } };
}

function toolchain() {
  const path = `${bindgenFolder}:${process.env.PATH}`;
  return rustHasTarget() ? { cargo: 'cargo', env: { PATH: path } } : { cargo: '/usr/bin/cargo', env: { PATH: path, ...debianEnv() } };
}

/** Whether the wasm target is that of the `cargo` on the PATH, so that its clippy can be used too. */
export function rustHasTarget() {
  const sysroot = capture('rustc', ['--print', 'sysroot']);
  return sysroot !== null && hasStd(sysroot) && existsSync(join(sysroot, 'lib/rustlib/src/rust/library/std'));
}

/** The wasm-bindgen program of the crate's version. */
export const wasmBindgen = join(bindgenFolder, 'wasm-bindgen');

/** The Chromium to test with, or null. */
export const findChromium = () => which(process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');

/** The chromedriver to test with, or null. */
export const findChromedriver = () => which(process.env.CHROMEDRIVER, 'chromedriver', '/usr/lib/chromium-browser/chromedriver');

// ---------------------------------------------------------------- the steps

/** @type {Step} */
const nodeModules = {
  what: 'node_modules',
  why: 'the JS bundler, wasm-opt and the demo data come from npm',
  takes: 'about 20 s',
  ready: () => lockedPackagesAreIn(),
  async bring() {
    const npm = process.env.npm_execpath;
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    if (npm) await runQuietly(process.execPath, [npm, ...args]);
    else await runQuietly('npm', args);
  },
};

/** @type {Step} */
const linker = {
  what: 'a C linker',
  why: 'Rust links its build scripts with it',
  takes: 'about 1 min',
  ready: () => which('cc', 'gcc', 'clang') !== null,
  bring: () => aptInstall(['gcc', 'libc6-dev'], 'a C compiler (cc)'),
};

/** @type {Step} */
const wasmTarget = {
  what: `Rust's ${TARGET} target, and the source of its standard library`,
  why: 'the detectors are compiled to it',
  takes: 'about 30 s; 2 min where only Debian\'s packages can be reached',
  ready: () => rustHasTarget() || (existsSync('/usr/bin/rustc') && hasStd(debianSysroot())),
  async bring() {
    const added = (/** @type {string[]} */ what) => capture('rustup', what) !== null;
    if (which('rustup') && added(['target', 'add', TARGET]) && added(['component', 'add', 'rust-src']) && rustHasTarget()) return;
    say('    rustup cannot bring it; building it from Debian\'s packages instead');
    await buildDebianStd();
  },
};

/** @type {Step} */
const bindgen = {
  what: `wasm-bindgen ${bindgenVersion}`,
  why: 'it writes the JavaScript side of the wasm file',
  takes: 'compiled once, 3 to 5 min; kept in the cache folder',
  ready: () => existsSync(wasmBindgen) && existsSync(join(bindgenFolder, 'wasm-bindgen-test-runner')),
  async bring() {
    const args = ['install', 'wasm-bindgen-cli', '--version', bindgenVersion, '--root', join(cache, `wasm-bindgen-${bindgenVersion}`)];
    // A build folder of its own: cargo removes it, and the project's stays small.
    const env = { CARGO_TARGET_DIR: join(cache, 'build') };
    const cargo = which('cargo') ?? '/usr/bin/cargo';
    try {
      await runQuietly(cargo, [...args, '--locked'], { env });
    } catch {
      say('    a locked dependency cannot be had here; trying again with newer ones');
      await runQuietly(cargo, args, { env });
    }
    rmSync(env.CARGO_TARGET_DIR, { recursive: true, force: true });
  },
};

/** @type {Step} */
const chromium = {
  what: 'Chromium and chromedriver',
  why: 'the wasm and end-to-end tests run in a browser',
  takes: 'about 1 min',
  ready: () => findChromium() !== null && findChromedriver() !== null,
  bring: () => aptInstall(['chromium', 'chromium-driver'], 'Chromium and chromedriver, or set CHROMIUM and CHROMEDRIVER to their paths'),
};

// ---------------------------------------------------------------- how

function checkRust() {
  // Where rustup puts it; a terminal that was open before does not know.
  const usual = join(homedir(), '.cargo/bin');
  if (!which('cargo') && existsSync(join(usual, 'cargo'))) process.env.PATH = `${usual}:${process.env.PATH}`;
  const found = (capture('rustc', ['--version']) ?? '').match(/^rustc (\d+)\.(\d+)/);
  if (!found || !which('cargo')) {
    throw new Stop('Rust is missing: install it from https://rustup.rs, open a new terminal, and run the command again.');
  }
  const [major, minor] = oldestRust.split('.').map(Number);
  if (Number(found[1]) === major && Number(found[2]) < minor) {
    throw new Stop(`Rust ${oldestRust} or newer is needed, this is ${found[1]}.${found[2]}: run \`rustup update\`, then the command again.`);
  }
}

/** Whether each package of the lock file is in node_modules, in its version. */
function lockedPackagesAreIn() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const there = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')).packages;
    return Object.keys(wanted).every((key) => key === '' || wanted[key].optional || there[key]?.version === wanted[key].version);
  } catch {
    return false;
  }
}

/**
 * @param {string[]} packages
 * @param {string} otherwise what to install by hand
 */
async function aptInstall(packages, otherwise) {
  const apt = which('apt-get');
  const isRoot = process.getuid?.() === 0;
  if (!apt || !(isRoot || capture('sudo', ['-n', 'true']) !== null)) {
    const how = apt ? ` (\`sudo apt-get install ${packages.join(' ')}\`)` : '';
    throw new Stop(`This needs ${otherwise}, and cannot install it here: please install it${how}, and run the command again.`);
  }
  const prefix = isRoot ? [] : ['sudo'];
  const [command, ...first] = [...prefix, apt];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = [...first, 'install', '-y', '--no-install-recommends', ...packages];
  try {
    await runQuietly(command, [...first, 'update'], { env });
    await runQuietly(command, install, { env });
  } catch {
    throw new Stop(`Debian's packages ${packages.join(', ')} could not be installed: please install ${otherwise}, and run the command again.`);
  }
}

/** @param {string} sysroot */
function hasStd(sysroot) {
  const folder = join(sysroot, 'lib/rustlib', TARGET, 'lib');
  return existsSync(folder) && readdirSync(folder).some((file) => /^libstd-.*\.rlib$/.test(file));
}

/** The standard library that was built from Debian's sources for Debian's compiler. */
function debianSysroot() {
  const version = (capture('/usr/bin/rustc', ['--version']) ?? '').split(' ')[1] ?? 'none';
  return join(cache, `rust-std-${version}`);
}

/** @returns {Record<string, string>} */
function debianEnv() {
  const host = 'x86_64-unknown-linux-gnu';
  const sysroot = which('rustup') ? capture('rustc', ['--print', 'sysroot']) : null;
  const lld = which(sysroot ? join(sysroot, 'lib/rustlib', host, 'bin/rust-lld') : undefined, 'wasm-ld',
    ...[22, 21, 20, 19, 18, 17, 16].map((n) => `wasm-ld-${n}`));
  return { RUSTC: '/usr/bin/rustc', ...(lld ? { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: lld } : {}) };
}

/**
 * Debian ships the compiler and the sources of its standard library, but no library for this target: it is
 * compiled here once, with bitcode (for link-time optimisation) and with `test` (for the wasm tests).
 */
async function buildDebianStd() {
  if (!existsSync('/usr/bin/rustc') || !existsSync('/usr/bin/cargo') || capture('dpkg', ['-s', 'rust-web-src']) === null) {
    await aptInstall(['rustc-web', 'cargo-web', 'rust-web-src'], `Rust's ${TARGET} target`);
  }
  let env = debianEnv();
  if (!env.CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER) {
    await aptInstall(['lld-19'], 'a recent lld (wasm-ld)');
    env = debianEnv();
  }
  const crate = join(cache, 'empty');
  rmSync(crate, { recursive: true, force: true });
  mkdirSync(join(crate, 'src'), { recursive: true });
  writeFileSync(join(crate, 'Cargo.toml'), '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n');
  writeFileSync(join(crate, 'src/lib.rs'), '#![no_std]\n');
  await runQuietly('/usr/bin/cargo', ['build', '--release', '-Zbuild-std=std,panic_abort,test', '--target', TARGET], {
    cwd: crate,
    env: { ...env, RUSTC_BOOTSTRAP: '1', RUSTFLAGS: '-Cembed-bitcode=yes', CARGO_TARGET_DIR: join(crate, 'target') },
  });
  const built = join(crate, 'target', TARGET, 'release/deps');
  const lib = join(debianSysroot(), 'lib/rustlib', TARGET, 'lib');
  mkdirSync(lib, { recursive: true });
  for (const file of readdirSync(built)) {
    if (file.endsWith('.rlib') && !file.startsWith('libempty')) cpSync(join(built, file), join(lib, file));
  }
  rmSync(crate, { recursive: true, force: true });
}

/**
 * @param {RegExp} pattern
 * @param {string} what
 */
function field(pattern, what) {
  const found = cargoToml.match(pattern);
  if (!found) throw new Stop(`Cargo.toml does not name ${what}`);
  return found[1];
}
