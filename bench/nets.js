// The four nets that are timed, as the layers of this project, and where the weights of each layer stand in the
// safetensors file that was made beside the ONNX file.

/** @typedef {{ layers: object[], weights: string[] }} Chain */

const lstm = (/** @type {number} */ inputs, /** @type {number} */ hidden, bidirectional = false, output = 'sequence') =>
  ({ layer: 'lstm', inputs, hidden, bidirectional, output });
const dense = (/** @type {number} */ inputs, /** @type {number} */ outputs) => ({ layer: 'dense', inputs, outputs });
const conv = (/** @type {number} */ inputs) => ({ layer: 'conv1d', inputs, outputs: 64, taps: 5, stride: 1, padding: 0 });
const leaky = { layer: 'leaky-relu', slope: 0.2 };
const relu = { layer: 'relu' };

const recurrent = (/** @type {string} */ name, bidirectional = false) =>
  (bidirectional ? ['fw', 'bw'] : ['fw']).flatMap((way) => ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0'].map((tensor) => `${name}.${way}.${tensor}`));
const affine = (/** @type {string} */ name) => [`${name}.weight`, `${name}.bias`];

const widths = [100, 64, 32, 16, 32, 64, 100];

/** @type {Record<string, { time: number, channels: number, chains: Chain[] }>} */
export const nets = {
  tadgan: {
    time: 100,
    channels: 1,
    chains: [
      {
        layers: [
          lstm(1, 100, true), { layer: 'flatten' }, dense(20_000, 20),
          dense(20, 50), { layer: 'reshape', channels: 1 }, lstm(1, 64, true), { layer: 'upsample', times: 2 },
          lstm(128, 64, true), dense(128, 1), { layer: 'tanh' },
        ],
        weights: [...recurrent('enc', true), ...affine('enc_d'), ...affine('gen_d'), ...recurrent('gen1', true), ...recurrent('gen2', true), ...affine('gen_o')],
      },
      {
        layers: [conv(1), leaky, conv(64), leaky, conv(64), leaky, conv(64), leaky, { layer: 'flatten' }, dense(5376, 1)],
        weights: [...affine('cx0'), ...affine('cx1'), ...affine('cx2'), ...affine('cx3'), 'cx_d.weight^64', 'cx_d.bias'],
      },
    ],
  },
  dense_ae: {
    time: 1,
    channels: 100,
    chains: [{
      layers: widths.slice(1).flatMap((outputs, i) => (i === 5 ? [dense(widths[i], outputs)] : [dense(widths[i], outputs), relu])),
      weights: [0, 1, 2, 3, 4, 5].flatMap((i) => affine(`d${i}`)),
    }],
  },
  lstm_ed: {
    time: 100,
    channels: 1,
    chains: [{
      layers: [lstm(1, 64, false, 'last'), { layer: 'repeat', times: 100 }, lstm(64, 64), dense(64, 1)],
      weights: [...recurrent('enc'), ...recurrent('dec'), ...affine('out')],
    }],
  },
  lstm_fc: {
    time: 250,
    channels: 1,
    chains: [{
      layers: [lstm(1, 80), lstm(80, 80, false, 'last'), dense(80, 1)],
      weights: [...recurrent('l1'), ...recurrent('l2'), ...affine('out')],
    }],
  },
};

/**
 * The tensors of a chain in the order of its layers. A name that ends in `^C` is a matrix over C channels of some steps
 * whose columns go from channel-major to time-major, as our flattening has them.
 * @param {Chain} chain
 * @param {ArrayBuffer} safetensors
 * @returns {Float32Array[]}
 */
export function tensorsOf(chain, safetensors) {
  const view = new DataView(safetensors);
  const size = Number(view.getBigUint64(0, true));
  /** @type {Record<string, { shape: number[], data_offsets: [number, number] }>} */
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(safetensors, 8, size)));
  return chain.weights.map((wanted) => {
    const [name, channels] = wanted.split('^');
    const { shape, data_offsets: [from, to] } = header[name];
    const values = new Float32Array(safetensors, 8 + size + from, (to - from) / 4);
    if (!channels) return values;
    const [rows, columns] = shape;
    const steps = columns / Number(channels);
    const turned = new Float32Array(values.length);
    let at = 0;
    for (let row = 0; row < rows; row++) {
      for (let step = 0; step < steps; step++) {
        for (let from = row * columns + step; from < (row + 1) * columns; from += steps) turned[at++] = values[from];
      }
    }
    return turned;
  });
}
