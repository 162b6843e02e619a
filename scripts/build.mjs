// `npm run build`: makes the folder pkg/, which is the npm package's code, and the demo's data.
//
//   cargo -> wasm-bindgen -> wasm-opt   src/         to  anomaly_widget.js, anomaly_widget_bg.wasm, models/nets.wasm
//   relax.mjs                           nets.wasm    to  models/nets-relaxed.wasm
//   esbuild                             www/*.js     to  anomaly-widget.js reader.js stream.js more.js define.js inline.js worker.js cli.mjs
//   tsc                                 JSDoc types  to  types/
//   copies                              www/models   to  models/
//   data.mjs                            npm packages to  www/data/
//
// A step whose inputs have the contents they had last time is skipped: pkg/.inputs.json keeps their hashes.

import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { relax } from './relax.mjs';
import { setUp, shippingCargo, wasmBindgen } from './setup.mjs';
import { Stop, root, run, runQuietly, say } from './shell.mjs';

const pkg = join(root, 'pkg');
const record = join(pkg, '.inputs.json');

/** @typedef {{ name: string, inputs: string[], outputs: string[], make: () => Promise<void> | void }} Step */

/** @type {Step[]} */
const steps = [
  {
    name: 'wasm',
    inputs: ['Cargo.toml', 'Cargo.lock', '.cargo/config.toml', 'src', 'www/paths.js', 'scripts/setup.mjs', 'scripts/build.mjs', 'scripts/relax.mjs'],
    outputs: ['pkg/anomaly_widget.js', 'pkg/anomaly_widget.d.ts', 'pkg/anomaly_widget_bg.wasm', 'pkg/instance.js', 'target/nets/anomaly_widget_bg.wasm', 'target/nets/relaxed.wasm'],
    make: wasms,
  },
  {
    name: 'bundles',
    inputs: ['package-lock.json', 'pkg/anomaly_widget.js', 'pkg/anomaly_widget_bg.wasm', 'www/*.js', 'www/*.mjs', 'www/*.css', 'scripts/build.mjs'],
    outputs: ['pkg/worker.js'],
    make: bundles,
  },
  {
    name: 'types',
    inputs: ['package-lock.json', 'pkg/anomaly_widget.d.ts', 'www/*.js', 'tsconfig.types.json'],
    outputs: ['pkg/types'],
    make: types,
  },
  { name: 'models', inputs: ['www/models', 'target/nets/anomaly_widget_bg.wasm', 'target/nets/relaxed.wasm'], outputs: ['pkg/models'], make: models },
  { name: 'data', inputs: ['package-lock.json', 'scripts/data.mjs'], outputs: ['www/data/index.json'], make: data },
];

/**
 * Builds what is out of date.
 * @param {string[]} [names] only these steps
 * @returns {Promise<void>}
 */
export async function build(names = steps.map((step) => step.name)) {
  mkdirSync(pkg, { recursive: true });
  /** @type {Record<string, string>} */
  const known = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : {};
  for (const step of steps.filter((step) => names.includes(step.name))) {
    const hash = hashOf(step.inputs);
    if (known[step.name] === hash && step.outputs.every((path) => existsSync(join(root, path)))) continue;
    const from = Date.now();
    say(`build: ${step.name}`);
    await step.make();
    say(`build: ${step.name}: ${((Date.now() - from) / 1000).toFixed(1)} s`);
    known[step.name] = hash;
    writeFileSync(record, JSON.stringify(known, null, 1));
  }
}

/**
 * `npm run build [STEP...]`
 * @param {string[]} args
 */
export async function main(args) {
  await setUp(['modules', 'wasm']);
  await build(args.length ? args : undefined);
}

const withNets = join(root, 'target/nets');

/** What every page loads, and what those load that use a net, which the same JavaScript has to fit. */
async function wasms() {
  // The page's loops that are worth it say that they are to become vectors (src/math/lanes.rs); the nets are such loops.
  await buildWasm(pkg, 'page', ['-Cno-vectorize-loops']);
  await buildWasm(withNets, 'nets');
  fit(withNets, pkg);
  await relaxWasm(withNets);
  await instances();
}

/**
 * Makes the wasm of one folder call the JavaScript of another: all that it calls and is called by has to be there in the
 * same words. Only the numbers that wasm-bindgen gives to conversions may be others, and become those of the other.
 * @param {string} folder
 * @param {string} other
 */
function fit(folder, other) {
  const [part, whole] = [folder, other].map((path) => readFileSync(join(path, 'anomaly_widget.js'), 'utf8'));
  const pieces = (/** @type {string} */ text) => [/^ {8}__\w+: function[^]*?^ {8}\}/gm, /^export class Engine [^]*?^\}/gm, /^function (?!__wbg_|initSync)[^]*?^\}/gm].map((kind) => text.match(kind) ?? []);
  const numbered = /__wbindgen_generic_\d+/;
  const there = new Map(pieces(whole).flat().map((piece) => [piece.replace(numbered, ''), piece.match(numbered)?.[0]]));
  const [imports, engine, helpers] = pieces(part);
  const missing = [...imports, ...engine, ...helpers].filter((piece) => !there.has(piece.replace(numbered, '')));
  if (!imports.length || !engine.length || missing.length) throw new Stop(`the wasm of the nets does not fit the JavaScript of the page's, which lacks:\n${missing.join('\n')}`);
  const names = new Map(imports.flatMap((piece) => { const name = piece.match(numbered)?.[0]; return name ? [[name, there.get(piece.replace(numbered, ''))]] : []; }));
  const file = join(folder, 'anomaly_widget_bg.wasm');
  // Names of equal length, so nothing else in the file moves.
  const renamed = readFileSync(file, 'latin1').replace(new RegExp(numbered, 'g'), (name) => names.get(name) ?? name);
  writeFileSync(file, renamed, 'latin1');
}

/**
 * The JavaScript of a wasm has one instance. A worker may need two: a function around it makes as many as are wanted. A
 * worker has no canvas, so what the wasm calls of one is left out.
 */
async function instances() {
  const esbuild = await import('esbuild');
  const { outputFiles: [{ text }] } = await esbuild.build({
    stdin: { contents: "export { Engine, Frames, detectors, initSync, parse } from './anomaly_widget.js';", resolveDir: pkg },
    bundle: true, write: false, format: 'esm', target: 'es2022', drop: ['console'], logLevel: 'warning', plugins: [glue((text) => withoutCanvas(freedByName(text)))],
  });
  const body = text.replace(/export \{([\w\s,]*)\};\s*$/, 'return {$1};');
  if (body === text) throw new Stop('the last lines of the wasm\'s JavaScript are not the exports that were expected');
  writeFileSync(join(pkg, 'instance.js'), `// @ts-nocheck\n/** @returns {typeof import('./anomaly_widget.js')} */\nexport function instance() {\n${body}\n}\n`);
}

/**
 * Compiles the crate for the page.
 * @param {string} folder
 * @param {string} feature what of the crate
 * @param {string[]} [flags] of the compiler
 */
export async function buildWasm(folder, feature, flags = []) {
  const { cargo, args, env } = shippingCargo(flags);
  await run(cargo, ['build', '--release', '--lib', '--target', 'wasm32-unknown-unknown', ...args, '--no-default-features', '--features', feature], { env });
  const built = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'wasm32-unknown-unknown/release/anomaly_widget.wasm');
  // The wasm's address is always given by our own code, so that a bundler sees it once, in one place.
  await run(wasmBindgen, [built, '--target', 'web', '--omit-default-module-path', '--out-dir', folder]);
  const file = join(folder, 'anomaly_widget_bg.wasm');
  // The smallest; -O3 takes longer, and the detectors run no faster by it. Nothing lies in the first kilobyte, the
  // far end of the stack, so offsets can be folded into loads: fewer bytes, and the nets run a sixth faster. A function
  // with one caller is made a part of it only if it is short: fewer bytes by brotli, and the nets' loops stay in
  // functions of their own, for which an engine has enough registers.
  await runQuietly(join(root, 'node_modules/.bin/wasm-opt'), [file, '-Os', '--low-memory-unused', '-ocimfs', '50', '-o', file]);
}

/**
 * Makes the wasm for engines with relaxed SIMD of the one in a folder: relaxed.wasm beside it.
 * @param {string} folder
 */
export async function relaxWasm(folder) {
  const tool = (/** @type {string} */ name) => join(root, 'node_modules/.bin', name);
  const text = join(folder, 'relaxed.wat');
  await runQuietly(tool('wasm-dis'), [join(folder, 'anomaly_widget_bg.wasm'), '-o', text]);
  writeFileSync(text, relax(readFileSync(text, 'utf8')));
  const features = ['simd', 'relaxed-simd', 'bulk-memory', 'reference-types', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'sign-ext'];
  await runQuietly(tool('wasm-as'), [text, ...features.map((name) => `--enable-${name}`), '-o', join(folder, 'relaxed.wasm')]);
  rmSync(text);
}

async function bundles() {
  // Not imported at the top: on a fresh clone it is there only after the set-up.
  const esbuild = await import('esbuild');
  const styles = styleSheets(esbuild);
  const common = /** @type {const} */ ({ bundle: true, minify: true, target: 'es2022', legalComments: 'none', logLevel: 'warning' });
  // The glue of wasm-bindgen warns of deprecated calls, which are not made.
  const silent = { ...common, drop: /** @type {import('esbuild').Drop[]} */ (['console']) };
  const from = (/** @type {string} */ name) => join(root, 'www', name);
  const to = (/** @type {string} */ name) => join(pkg, name);

  // One file without imports: the only shape of a worker that every bundler takes.
  await esbuild.build({ ...silent, entryPoints: [from('worker.js')], outfile: to('worker.js'), format: 'iife' });
  // The element, and files beside it that it loads when they are needed, which bundlers follow.
  const parts = ['./reader.js', './stream.js', './more.js'];
  await esbuild.build({ ...silent, entryPoints: [from('anomaly-widget.js')], outfile: to('anomaly-widget.js'), format: 'esm', plugins: [styles, glue(freedByName)], external: parts });
  for (const part of parts) {
    await esbuild.build({ ...common, entryPoints: [from(part)], outfile: to(part), format: 'esm', plugins: [styles, oneError], external: parts });
  }
  await esbuild.build({ ...common, entryPoints: [from('define.js')], outfile: to('define.js'), format: 'esm', external: ['./anomaly-widget.js'] });
  // Worker and wasm as text and bytes inside one file.
  await esbuild.build({ ...common, entryPoints: [from('inline.js')], outfile: to('inline.js'), format: 'esm',
    loader: { '.wasm': 'binary' }, plugins: [styles, glue(freedByName), asText(to('worker.js'))] });
  await esbuild.build({ ...common, minify: false, entryPoints: [from('cli.mjs')], outfile: to('cli.mjs'), format: 'esm', platform: 'node', target: 'node20' });
}

/**
 * `import css from './NAME.css'` gives the minified text of a style sheet.
 * @param {typeof import('esbuild')} esbuild
 * @returns {import('esbuild').Plugin}
 */
function styleSheets(esbuild) {
  return {
    name: 'style-sheets-as-text',
    setup(build) {
      build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
        const { code } = await esbuild.transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true });
        return { contents: code, loader: 'text' };
      });
    },
  };
}

/**
 * A part takes the class of errors from the element's file, so that there is one.
 * @type {import('esbuild').Plugin}
 */
const oneError = {
  name: 'one-error',
  setup(build) {
    build.onResolve({ filter: /^\.\/errors\.js$/ }, () => ({ path: './anomaly-widget.js', external: true }));
  },
};

/**
 * The JavaScript of the wasm, changed.
 * @param {(text: string) => string} change
 * @returns {import('esbuild').Plugin}
 */
function glue(change) {
  return {
    name: 'glue',
    setup(build) {
      build.onLoad({ filter: /anomaly_widget\.js$/ }, ({ path }) => ({ contents: change(readFileSync(path, 'utf8')) }));
    },
  };
}

/**
 * Wasm objects are freed by name. Without what `using` would need, a bundle leaves out the classes that it does not use.
 * Nor does it need what stands in for a FinalizationRegistry: engines of its target have one.
 * @param {string} text
 */
function freedByName(text) {
  return text.replace(/^if \(Symbol\.dispose\).*$|\(typeof FinalizationRegistry === 'undefined'\)\s*\?.*\s*: /gm, '');
}

/**
 * Without what a canvas is asked to do: asked all the same, it is an error that names it.
 * @param {string} text
 */
function withoutCanvas(text) {
  const asked = 'arc beginPath fill fillRect fillText getContext height instanceof_CanvasRenderingContext2d pathOf polygon polyline setTransform set_fillStyle set_font set_height set_lineJoin set_lineWidth set_strokeStyle set_textAlign set_textBaseline set_width stroke width'.split(' ');
  const found = new Set();
  const rest = text
    .replace(/^ {8}__wbg_(\w+)_[0-9a-f]{16}: function[^]*?^ {8}\}.*\n/gm, (all, name) => (asked.includes(name) ? (found.add(name), '') : all))
    .replace(/^ {4}const import0 = (\{[^]*?^ {4}\});/m, 'const import0 = new Proxy($1, { get: (known, name) => known[name] ?? (() => { throw new Error(name); }) });');
  const missing = asked.filter((name) => !found.has(name));
  if (missing.length || !rest.includes('new Proxy')) throw new Stop(`the wasm's JavaScript does not ask a canvas for ${missing.join(', ') || 'anything'}, which was expected`);
  return rest;
}

/**
 * `import text from 'worker:text'` gives the built worker as a string.
 * @param {string} path
 * @returns {import('esbuild').Plugin}
 */
function asText(path) {
  return {
    name: 'worker-as-text',
    setup(build) {
      build.onResolve({ filter: /^worker:text$/ }, () => ({ path, namespace: 'text' }));
      build.onLoad({ filter: /.*/, namespace: 'text' }, () => ({ contents: readFileSync(path, 'utf8'), loader: 'text' }));
    },
  };
}

async function types() {
  rmSync(join(pkg, 'types'), { recursive: true, force: true });
  await run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.types.json']);
}

function models() {
  rmSync(join(pkg, 'models'), { recursive: true, force: true });
  mkdirSync(join(pkg, 'models'), { recursive: true });
  if (existsSync(join(root, 'www/models'))) cpSync(join(root, 'www/models'), join(pkg, 'models'), { recursive: true });
  copyFileSync(join(withNets, 'anomaly_widget_bg.wasm'), join(pkg, 'models/nets.wasm'));
  copyFileSync(join(withNets, 'relaxed.wasm'), join(pkg, 'models/nets-relaxed.wasm'));
}

async function data() {
  const { writeDemoData } = await import('./data.mjs');
  writeDemoData(join(root, 'www/data'));
}

/**
 * A hash over the names and contents of files; a folder stands for all files in it, `folder/*.ext` for those
 * directly in it.
 * @param {string[]} inputs relative to the root
 */
function hashOf(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap(filesOf)) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/**
 * @param {string} input
 * @returns {string[]}
 */
function filesOf(input) {
  const star = input.indexOf('/*');
  const path = star < 0 ? input : input.slice(0, star);
  if (!existsSync(join(root, path))) return [];
  if (statSync(join(root, path)).isFile()) return [path];
  const ending = star < 0 ? '' : input.slice(star + 2);
  return readdirSync(join(root, path), { recursive: star < 0, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}
