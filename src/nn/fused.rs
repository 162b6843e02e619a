//! The forward pass of the page: any [`Net`], with its weights packed once.
//!
//! Outputs are computed a few vectors at a time, so that their sums stay in registers while the weights stream by in the
//! order in which they lie: two blocks of [`WIDE`] for one row, one block where there are two rows to go through the same
//! weights, steps of a window or states of two windows. Every sum is taken in the order of its inputs, so how windows
//! are grouped changes nothing, bit for bit.

use std::collections::BTreeMap;

use super::activation::{UNITS, sigmoid, tanh, units};
use super::net::{Extent, Layer, Net, Output};
use super::weights::Tensor;
use crate::error::{Error, Result};

/// Outputs of a block: four vectors of four.
const WIDE: usize = 16;
/// Windows that go through an LSTM together.
const ABREAST: usize = 2;
/// Windows that go through a net without one together: as many as share the calls and stay in the cache.
const MANY: usize = 16;

/// A net ready to run.
#[derive(Debug, Clone)]
pub struct Fused {
    stages: Vec<Stage>,
    input: Extent,
    output: Extent,
}

#[derive(Debug, Clone)]
enum Stage {
    Dense(Packed),
    Conv1d { kernel: Packed, stride: usize, padding: usize },
    Lstm { ways: Vec<Way>, output: Output, hold: usize },
    Rnn { way: Way, output: Output },
    Leaky(f32),
    Tanh,
    Sigmoid,
    Upsample(usize),
    Reverse,
    Trim(usize),
    Take(usize),
    Same,
    Flatten,
    Shape { channels: usize },
}

/// A recurrent layer's weights in one direction.
#[derive(Debug, Clone)]
struct Way {
    drive: Packed,
    recur: Packed,
    hidden: usize,
    reverse: bool,
}

/// A matrix and a bias. Rows stand in blocks of [`WIDE`], filled up with zeros, and blocks in pairs; in a pair, and in
/// the block that is left, the weights of each input are together. A row that is alone stands in blocks of its own
/// inputs.
#[derive(Debug, Clone)]
struct Packed {
    weights: Vec<Block>,
    bias: Vec<[f32; WIDE]>,
    inputs: usize,
    outputs: usize,
}

/// The weights of one input, where a cache line begins.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Block([f32; WIDE]);

impl Packed {
    /// Of `weight (outputs, inputs)`, row-major, and `bias (outputs)`.
    fn new(weight: &[f32], bias: &[f32], inputs: usize) -> Packed {
        let outputs = bias.len();
        let blocks = outputs.div_ceil(WIDE);
        let mut packed = Packed {
            weights: vec![Block([0.0; WIDE]); blocks * inputs],
            bias: bias.chunks(WIDE).map(chunk).collect(),
            inputs,
            outputs,
        };
        if outputs == 1 {
            packed.weights = weight.chunks(WIDE).map(|w| Block(chunk(w))).collect();
            return packed;
        }
        // Row by row, in the simplest of loops: the first net is packed before the engine has made its code fast.
        for (row, weight) in weight.chunks_exact(inputs).enumerate() {
            let (block, lane) = (row / WIDE, row % WIDE);
            let (first, step) = if block < blocks / 2 * 2 {
                (block / 2 * 2 * inputs + block % 2, 2)
            } else {
                (block * inputs, 1)
            };
            for (to, w) in packed.weights[first..].iter_mut().step_by(step).zip(weight) {
                to.0[lane] = *w;
            }
        }
        packed
    }

    /// `W x + b` of each row: row `i` of the input begins at `i · stride`, of the output at `i · wide`.
    fn apply(&self, x: &[f32], stride: usize, to: &mut [f32], wide: usize) {
        let row = |i: usize| &x[i * stride..][..self.inputs];
        if self.outputs == 1 {
            to.iter_mut().step_by(wide).enumerate().for_each(|(i, to)| *to = self.alone(row(i)));
            return;
        }
        let rows = to.len() / wide;
        let mut pairs = to.chunks_exact_mut(2 * wide);
        for (i, pair) in pairs.by_ref().enumerate() {
            let (a, b) = pair.split_at_mut(wide);
            self.rows([row(2 * i), row(2 * i + 1)], [&self.bias; 2], [a, b]);
        }
        if rows % 2 == 1 {
            self.rows([row(rows - 1)], [&self.bias], [pairs.into_remainder()]);
        }
    }

    /// `W x + b` where there is one output.
    fn alone(&self, x: &[f32]) -> f32 {
        let mut sums = [0.0; WIDE];
        let (whole, rest) = x.as_chunks::<WIDE>();
        for (block, x) in self.weights.iter().zip(whole) {
            for j in 0..WIDE {
                sums[j] += block.0[j] * x[j];
            }
        }
        for ((sum, w), x) in sums.iter_mut().zip(self.weights.last().map_or([0.0; WIDE], |b| b.0)).zip(rest) {
            *sum += w * x;
        }
        self.bias.first().map_or(0.0, |b| b[0]) + sums.iter().sum::<f32>()
    }

    /// `W x` of `P` rows together, added to `from`. A function of its own: registers are few enough for its loops.
    #[inline(never)]
    fn rows<const P: usize>(&self, x: [&[f32]; P], from: [&[[f32; WIDE]]; P], mut to: [&mut [f32]; P]) {
        let blocks = self.outputs.div_ceil(WIDE);
        let from = |block: usize| from.map(|from| from[block]);
        let mut put = |block: usize, sums: [[f32; WIDE]; P]| {
            for (to, sums) in to.iter_mut().zip(sums) {
                put(&mut to[block * WIDE..], sums);
            }
        };
        let (pairs, last) = self.weights.split_at(blocks / 2 * 2 * self.inputs);
        for (weights, block) in pairs.chunks_exact(2 * self.inputs).zip((0..).step_by(2)) {
            let weights = weights.as_chunks::<2>().0.iter();
            if P == 1 {
                let [a, b] = summed(weights.map(|w| w.each_ref()), x, [from(block), from(block + 1)]);
                put(block, a);
                put(block + 1, b);
            } else {
                for half in 0..2 {
                    let [sums] = summed(weights.clone().map(|w| [&w[half]]), x, [from(block + half)]);
                    put(block + half, sums);
                }
            }
        }
        if blocks % 2 == 1 {
            let [sums] = summed(last.iter().map(|w| [w]), x, [from(blocks - 1)]);
            put(blocks - 1, sums);
        }
    }
}

/// `sums += W x` of `G` blocks for `P` rows, which are one or two.
#[inline(always)]
fn summed<'a, const P: usize, const G: usize>(
    weights: impl Iterator<Item = [&'a Block; G]>,
    x: [&[f32]; P],
    mut sums: [[[f32; WIDE]; P]; G],
) -> [[[f32; WIDE]; P]; G] {
    const { assert!(P == 1 || P == 2) }
    let mut add = |weights: [&Block; G], p: usize, x: f32| {
        for (sums, weights) in sums.iter_mut().zip(weights) {
            for (sum, w) in sums[p].iter_mut().zip(weights.0) {
                *sum += w * x;
            }
        }
    };
    // By iterators, which check no index.
    if P == 1 {
        weights.zip(x[0]).for_each(|(w, x)| add(w, 0, *x));
    } else {
        for ((w, x), y) in weights.zip(x[0]).zip(x[1]) {
            add(w, 0, *x);
            add(w, 1, *y);
        }
    }
    sums
}

impl Fused {
    /// The net called `name` with its weights among `tensors`, for samples of extent `input`.
    ///
    /// # Errors
    /// [`Error::Weights`] for a missing tensor or one of another shape, [`Error::Param`] for layers that do not fit.
    pub fn new(net: &Net, name: &str, tensors: &BTreeMap<String, Tensor>, input: Extent) -> Result<Fused> {
        let extents = net.extents(input)?;
        let mut stages: Vec<Stage> = Vec::with_capacity(net.layers.len());
        for (i, layer) in net.layers.iter().enumerate() {
            let place = Place { path: format!("{name}.{i}"), layer, tensors };
            let mut stage = place.stage()?;
            // What drives an LSTM is the same for all copies of a step: computed once.
            if let (Stage::Lstm { hold, .. }, Some(Stage::Upsample(times))) = (&mut stage, stages.last()) {
                *hold = *times;
                stages.pop();
            }
            stages.push(stage);
        }
        let output = extents.last().copied().unwrap_or(input);
        Ok(Fused { stages, input, output })
    }

    /// Extent of a sample's output.
    pub fn output(&self) -> Extent {
        self.output
    }

    /// The outputs for `inputs`, samples one after the other.
    ///
    /// # Errors
    /// [`Error::Numeric`] if `inputs` is not a whole number of samples.
    pub fn run(&self, inputs: &[f32]) -> Result<Vec<f32>> {
        let width = self.input.len().max(1);
        if !inputs.len().is_multiple_of(width) {
            let why = format!("{} values are not samples of {width}", inputs.len());
            return Err(Error::Numeric(why));
        }
        let mut outputs = Vec::with_capacity(inputs.len() / width * self.output.len());
        let mut scratch = Scratch::default();
        let recurrent = self.stages.iter().any(|stage| matches!(stage, Stage::Lstm { .. }));
        let together = if recurrent { ABREAST } else { MANY };
        for samples in inputs.chunks(together * width) {
            scratch.now.clear();
            scratch.now.extend_from_slice(samples);
            scratch.windows = samples.len() / width;
            let mut extent = self.input;
            for stage in &self.stages {
                extent = stage.pass(extent, &mut scratch);
            }
            outputs.extend_from_slice(&scratch.now);
        }
        Ok(outputs)
    }
}

/// Buffers of a pass, reused by the next. What they hold is that of one window after the other.
#[derive(Default)]
struct Scratch {
    /// At most [`ABREAST`] where there is an LSTM.
    windows: usize,
    /// What goes into a stage, and after it what came out.
    now: Vec<f32>,
    next: Vec<f32>,
    drive: Vec<f32>,
    gates: Vec<f32>,
    cell: Vec<f32>,
    state: Vec<f32>,
}

/// Zeros.
fn zeroed(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    buffer.clear();
    sized(buffer, len)
}

/// Room for what is written over all of it.
fn sized(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    buffer.resize(len, 0.0);
    buffer
}

impl Stage {
    /// Runs on `scratch.now`, windows of extent `input`; returns the extent of what it leaves there.
    fn pass(&self, input: Extent, scratch: &mut Scratch) -> Extent {
        let Extent { time, channels } = input;
        let windows = scratch.windows;
        let Scratch { now, next, drive, .. } = scratch;
        let extent = |time, channels| Extent { time, channels };
        let output = match self {
            Stage::Dense(packed) => {
                let wide = packed.outputs;
                packed.apply(now, channels, sized(next, windows * time * wide), wide);
                extent(time, wide)
            }
            Stage::Conv1d { kernel, stride, padding } => {
                let (taps, wide) = (kernel.inputs / channels, kernel.outputs);
                let out = (time + 2 * padding - taps) / stride + 1;
                let to = sized(next, windows * out * wide);
                for (x, to) in now.chunks_exact(input.len()).zip(to.chunks_exact_mut(out * wide)) {
                    let padded = zeroed(drive, (time + 2 * padding) * channels);
                    padded[padding * channels..][..x.len()].copy_from_slice(x);
                    kernel.apply(padded, stride * channels, to, wide);
                }
                extent(out, wide)
            }
            Stage::Lstm { ways, output, hold } => {
                if windows == ABREAST {
                    lstm::<ABREAST>(ways, *output, *hold, input, scratch)
                } else {
                    lstm::<1>(ways, *output, *hold, input, scratch)
                }
            }
            Stage::Rnn { way, output } => rnn(way, *output, input, scratch),
            Stage::Same => return input,
            Stage::Leaky(slope) => {
                each(now, |v| if v > 0.0 { v } else { slope * v });
                return input;
            }
            Stage::Tanh => {
                each(now, tanh);
                return input;
            }
            Stage::Sigmoid => {
                each(now, sigmoid);
                return input;
            }
            Stage::Upsample(times) => {
                next.clear();
                for x in now.chunks_exact(channels) {
                    for _ in 0..*times {
                        next.extend_from_slice(x);
                    }
                }
                extent(time * times, channels)
            }
            Stage::Reverse => {
                next.clear();
                for window in now.chunks_exact(input.len()) {
                    window.chunks_exact(channels).rev().for_each(|x| next.extend_from_slice(x));
                }
                input
            }
            Stage::Trim(ends) => {
                next.clear();
                for window in now.chunks_exact(input.len()) {
                    next.extend_from_slice(&window[ends * channels..window.len() - ends * channels]);
                }
                extent(time - 2 * ends, channels)
            }
            Stage::Take(kept) => {
                next.clear();
                for x in now.chunks_exact(channels) {
                    next.extend_from_slice(&x[..*kept]);
                }
                extent(time, *kept)
            }
            Stage::Shape { channels } => return extent(input.len() / channels, *channels),
            Stage::Flatten => return extent(1, input.len()),
        };
        std::mem::swap(&mut scratch.now, &mut scratch.next);
        output
    }
}

/// An LSTM over `P` windows, from `scratch.now` to `scratch.next`; each step of the input lasts for `hold` steps.
fn lstm<const P: usize>(
    ways: &[Way],
    output: Output,
    hold: usize,
    input: Extent,
    scratch: &mut Scratch,
) -> Extent {
    let Scratch { now, next, drive, gates, cell, state, .. } = scratch;
    let hidden = ways.first().map_or(0, |w| w.hidden);
    let (steps, wide) = (input.time * hold, hidden * ways.len());
    let kept = if output == Output::Last { 1 } else { steps };
    let to = sized(next, P * kept * wide);
    for (k, way) in ways.iter().enumerate() {
        let blocks = way.drive.bias.len();
        let drive = sized(drive, P * input.time * blocks * WIDE);
        way.drive.apply(now, input.channels, drive, blocks * WIDE);
        let (drive, _) = drive.as_chunks();
        let gates = sized(gates, P * 4 * hidden);
        let (cell, state) = (zeroed(cell, P * hidden), zeroed(state, P * hidden));
        for step in 0..steps {
            let t = if way.reverse { steps - 1 - step } else { step };
            let driven = std::array::from_fn(|p| &drive[(p * input.time + t / hold) * blocks..][..blocks]);
            way.step::<P>(driven, gates, cell, state);
            if output == Output::Sequence || step + 1 == steps {
                let place = if output == Output::Sequence { t } else { 0 };
                for (p, state) in state.chunks_exact(hidden).enumerate() {
                    to[(p * kept + place) * wide + k * hidden..][..hidden].copy_from_slice(state);
                }
            }
        }
    }
    Extent { time: kept, channels: wide }
}

/// Elman's layer, from `scratch.now` to `scratch.next`.
fn rnn(way: &Way, output: Output, input: Extent, scratch: &mut Scratch) -> Extent {
    let Scratch { windows, now, next, drive, gates, state, .. } = scratch;
    let hidden = way.hidden;
    let kept = if output == Output::Last { 1 } else { input.time };
    let to = sized(next, *windows * kept * hidden);
    let drive = sized(drive, *windows * input.time * hidden);
    way.drive.apply(now, input.channels, drive, hidden);
    for (drive, to) in drive.chunks_exact(input.time * hidden).zip(to.chunks_exact_mut(kept * hidden)) {
        let state = zeroed(state, hidden);
        for (t, drive) in drive.chunks_exact(hidden).enumerate() {
            let back = sized(gates, hidden);
            way.recur.apply(state, hidden, back, hidden);
            for ((state, drive), back) in state.iter_mut().zip(drive).zip(back.iter()) {
                *state = tanh(drive + back);
            }
            let place = if output == Output::Last { 0 } else { t };
            to[place * hidden..][..hidden].copy_from_slice(state);
        }
    }
    Extent { time: kept, channels: hidden }
}

impl Way {
    /// One step of an LSTM in `P` windows: from what drives its gates, the cells and states before to those after, one
    /// window after the other.
    fn step<const P: usize>(
        &self,
        drive: [&[[f32; WIDE]]; P],
        gates: &mut [f32],
        cell: &mut [f32],
        state: &mut [f32],
    ) {
        let hidden = self.hidden;
        let x = std::array::from_fn(|p| &state[p * hidden..][..hidden]);
        let mut windows = gates.chunks_exact_mut(4 * hidden);
        self.recur.rows::<P>(x, drive, std::array::from_fn(|_| windows.next().unwrap_or_default()));
        let windows = cell.chunks_exact_mut(hidden).zip(state.chunks_exact_mut(hidden));
        for (gates, (cell, state)) in gates.chunks_exact(4 * hidden).zip(windows) {
            advance(gates, cell, state);
        }
    }
}

/// One step of an LSTM's units from their gates before activation.
#[inline(never)]
fn advance(gates: &[f32], cell: &mut [f32], state: &mut [f32]) {
    let hidden = cell.len();
    for at in (0..hidden).step_by(UNITS) {
        let gate = |g: usize| chunk(&gates[g * hidden..][..hidden][at..]);
        let after = units([gate(0), gate(1), gate(2), gate(3)], &chunk(&cell[at..]));
        put(&mut cell[at..], after.0);
        put(&mut state[at..], after.1);
    }
}

/// The first values, and zeros where there are no more.
#[inline(always)]
fn chunk<const N: usize>(values: &[f32]) -> [f32; N] {
    #[cold]
    #[inline(never)]
    fn rest<const N: usize>(values: &[f32]) -> [f32; N] {
        let mut chunk = [0.0; N];
        chunk[..values.len()].copy_from_slice(values);
        chunk
    }
    match values.first_chunk() {
        Some(chunk) => *chunk,
        None => rest(values),
    }
}

/// Writes over the first values, as many as there are.
#[inline(always)]
fn put<const N: usize>(to: &mut [f32], values: [f32; N]) {
    match to.first_chunk_mut() {
        Some(to) => *to = values,
        None => to.copy_from_slice(&values[..to.len()]),
    }
}

fn each(values: &mut [f32], function: impl Fn(f32) -> f32) {
    for v in values {
        *v = function(*v);
    }
}

/// A layer and where its tensors are.
struct Place<'a> {
    path: String,
    layer: &'a Layer,
    tensors: &'a BTreeMap<String, Tensor>,
}

impl Place<'_> {
    fn stage(&self) -> Result<Stage> {
        Ok(match *self.layer {
            Layer::Dense { inputs, .. } => {
                Stage::Dense(Packed::new(self.get("weight")?, self.get("bias")?, inputs))
            }
            Layer::Conv1d { inputs, taps, stride, padding, .. } => {
                // From (outputs, inputs, taps) to (outputs, taps, inputs): a patch lies in the data as it is.
                let weight = self.get("weight")?;
                let patch = taps * inputs;
                let turned: Vec<f32> = (0..weight.len())
                    .map(|at| {
                        let (o, k, i) = (at / patch, at % patch / inputs, at % inputs);
                        weight[o * patch + i * taps + k]
                    })
                    .collect();
                let kernel = Packed::new(&turned, self.get("bias")?, patch);
                Stage::Conv1d { kernel, stride, padding }
            }
            Layer::Lstm { inputs, hidden, bidirectional, output } => {
                let mut ways = vec![self.way("", inputs, hidden)?];
                if bidirectional {
                    ways.push(self.way("_reverse", inputs, hidden)?);
                }
                Stage::Lstm { ways, output, hold: 1 }
            }
            Layer::Rnn { inputs, hidden, output } => {
                Stage::Rnn { way: self.way("", inputs, hidden)?, output }
            }
            Layer::Relu => Stage::Leaky(0.0),
            Layer::LeakyRelu { slope } => Stage::Leaky(slope),
            Layer::Tanh => Stage::Tanh,
            Layer::Sigmoid => Stage::Sigmoid,
            // Nothing at use: the same values, as many channels.
            Layer::Dropout { .. } => Stage::Same,
            Layer::Flatten => Stage::Flatten,
            Layer::Reshape { channels } => Stage::Shape { channels },
            // Of one step, the two are the same.
            Layer::Repeat { times } | Layer::Upsample { times } => Stage::Upsample(times),
            Layer::Reverse => Stage::Reverse,
            Layer::Trim { ends } => Stage::Trim(ends),
            Layer::Take { channels } => Stage::Take(channels),
        })
    }

    fn way(&self, way: &str, inputs: usize, hidden: usize) -> Result<Way> {
        let get = |name: &str| self.get(&format!("{name}{way}"));
        let bias = get("bias_l0")?;
        let none = vec![0.0; bias.len()];
        Ok(Way {
            drive: Packed::new(get("weight_ih_l0")?, bias, inputs),
            recur: Packed::new(get("weight_hh_l0")?, &none, hidden),
            hidden,
            reverse: !way.is_empty(),
        })
    }

    /// The values of one of the layer's tensors, of the shape that the layer asks for.
    fn get(&self, name: &str) -> Result<&[f32]> {
        let full = format!("{}.{name}", self.path);
        let fail = |why: &str| Error::weights("weights", format!("tensor {full} {why}"));
        let tensor = self.tensors.get(&full).ok_or_else(|| fail("is missing"))?;
        let slots = self.layer.slots();
        let fits = slots.iter().any(|slot| slot.name == name && slot.shape == tensor.shape);
        if !fits || tensor.values.len() != tensor.shape.iter().product::<usize>() {
            return Err(fail(&format!("is {:?}, which its layer cannot use", tensor.shape)));
        }
        Ok(&tensor.values)
    }
}
