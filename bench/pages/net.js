// One net, one batch size, one contestant: `?net=tadgan&batch=64&who=ours&ms=500`. Checks the output against the
// reference, then times the net in the first moments and when it is warm. The result is left on `window.result`.

import { nets, tensorsOf } from '../nets.js';

const query = new URLSearchParams(location.search);
const name = query.get('net') ?? '';
const batch = Number(query.get('batch'));
const budget = Number(query.get('ms'));

/** @param {string} path @returns {Promise<ArrayBuffer>} */
const bytes = async (path) => (await fetch(path)).arrayBuffer();
const median = (/** @type {number[]} */ values) => [...values].sort((a, b) => a - b)[values.length >> 1];

// Either fetches its model while its program loads, as the widget does; ours its wasm too, which the other fetches itself.

/** @typedef {{ run(samples: Float32Array): Promise<ArrayLike<number>[]> | ArrayLike<number>[], memory(): number }} Contestant */

/** @type {Record<string, () => Promise<Contestant>>} */
const contestants = {
  ours: () => ours('anomaly_widget_bg.wasm'),
  relaxed: () => ours('relaxed.wasm'),
  async onnxruntime() {
    const model = bytes(`/nets/${name}.onnx`);
    // Whoever instantiates it, the memory is seen here.
    /** @type {Set<WebAssembly.Memory>} */
    const memories = new Set();
    const { Memory } = WebAssembly;
    WebAssembly.Memory = new Proxy(Memory, { construct: (target, args) => { const made = new target(...args); memories.add(made); return made; } });
    const ort = await import('/onnxruntime/ort.wasm.min.mjs');
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = '/onnxruntime/';
    ort.env.logLevel = 'error';
    const session = await ort.InferenceSession.create(await model, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
    const { seq } = (await (await fetch('/nets/models.json')).json())[name];
    return {
      async run(samples) {
        const answer = await session.run({ x: new ort.Tensor('float32', samples, [samples.length / seq.reduce((a, b) => a * b, 1), ...seq]) });
        return session.outputNames.map((output) => answer[output].data);
      },
      memory: () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
    };
  },
};

/** @param {string} file @returns {Promise<Contestant>} */
async function ours(file) {
  const module = WebAssembly.compileStreaming(fetch(`/built/${file}`));
  const model = bytes(`/nets/${name}.safetensors`);
  const { default: init, Loading } = await import('/built/anomaly_widget.js');
  const { memory } = await init({ module_or_path: await module });
  const { time, channels, chains } = nets[name];
  const weights = await model;
  const built = chains.map((chain) => {
    const loading = new Loading(JSON.stringify(chain.layers));
    tensorsOf(chain, weights).forEach((tensor) => loading.add(tensor));
    return loading.finish(time, channels);
  });
  // As where the widget uses them, outputs stay in the wasm's memory: looked at, not copied.
  const run = (/** @type {typeof built[0]} */ net, /** @type {Float32Array} */ samples) => {
    const values = net.run(samples);
    return new Float32Array(memory.buffer, net.outputs(), values);
  };
  return { run: (samples) => built.map((net) => run(net, samples)), memory: () => memory.buffer.byteLength };
}

async function measure() {
  const width = nets[name].time * nets[name].channels;
  const samples = new Float32Array(width * batch).map((_, at) => Math.sin((at % width + 3 * Math.floor(at / width)) * 0.37));
  const contestant = await contestants[query.get('who') ?? '']();
  const outputs = await contestant.run(samples);
  const first = performance.now();
  // Only then what is wanted for the check.
  const { ref_head: head, ref_sum: sums, out_len: lengths } = (await (await fetch('/nets/models.json')).json())[name];
  const error = Math.max(...outputs.map((output, i) => {
    const one = Array.from(output).slice(0, lengths[i]);
    const sum = one.reduce((a, b) => a + b, 0);
    const absolute = one.reduce((a, b) => a + Math.abs(b), 0);
    const off = head[i].map((/** @type {number} */ want, /** @type {number} */ k) => Math.abs(want - one[k]));
    // The file has the sum of the absolute values of one window.
    return Math.max(...off, Math.min(Math.abs(sums[i] - sum), Math.abs(sums[i] - absolute)) / lengths[i]);
  }));
  if (!budget) return { first, error };
  const until = async (/** @type {number} */ ms, /** @type {number[]} */ times = []) => {
    const began = performance.now();
    while (times.length < 5 || performance.now() - began < ms) {
      // What takes microseconds is timed in blocks.
      const block = times.length ? Math.max(1, Math.min(200, Math.ceil(0.5 / Math.max(times[0], 0.005)))) : 1;
      const from = performance.now();
      for (let i = 0; i < block; i++) await contestant.run(samples);
      times.push((performance.now() - from) / block);
    }
    return times;
  };
  const cold = await until(budget);
  // An engine on one core needs seconds until the code is as fast as it gets.
  await until(4 * budget);
  const warm = await until(budget);
  return { first, error, cold: median(cold), median: median(warm), memory: contestant.memory() };
}

measure().then((result) => (window.result = result), (error) => (window.result = { failed: String(error?.stack ?? error) }));
