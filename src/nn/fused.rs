//! The forward pass of the page: any [`Net`], with its weights packed once.
//!
//! Outputs are computed [`WIDE`] at a time, so that their sums stay in vector registers while the weights stream by in
//! the order in which they lie; where there are two rows to go through the same weights, steps of a window or states of
//! two windows, they go together. The four gates of an LSTM's units are neighbours, and never leave the registers
//! before they are a state. Every sum is taken in the order of its inputs, so how windows are grouped changes nothing,
//! bit for bit.

use std::collections::BTreeMap;

use super::activation::{sigmoid, tanh, unit};
use super::net::{Extent, Layer, Net, Output};
use super::weights::Tensor;
use crate::error::{Error, Result};

/// Outputs of a block: four vectors of four.
const WIDE: usize = 16;
/// Units of an LSTM whose gates make a block.
const UNITS: usize = WIDE / 4;
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

/// A matrix and a bias. Rows stand in blocks of [`WIDE`], filled up with zeros; in a block the weights of each input
/// are together. A row that is alone stands in blocks of its own inputs.
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
        let mut packed = Packed::arranged(weight, bias, inputs, bias.len(), |row| row);
        if packed.outputs == 1 {
            let block = |w: &[f32]| Block(std::array::from_fn(|j| w.get(j).copied().unwrap_or(0.0)));
            packed.weights = weight.chunks(WIDE).map(block).collect();
        }
        packed
    }

    /// Of the gates of an LSTM: a block has the input gates of [`UNITS`] units, then their forget, cell and output
    /// gates.
    fn gates(weight: &[f32], bias: &[f32], inputs: usize) -> Packed {
        let hidden = bias.len() / 4;
        let rows = hidden.div_ceil(UNITS) * WIDE;
        Packed::arranged(weight, bias, inputs, rows, |row| {
            let unit = row / WIDE * UNITS + row % UNITS;
            if unit < hidden { row % WIDE / UNITS * hidden + unit } else { usize::MAX }
        })
    }

    /// With `outputs` rows, each of which is the row of `weight` that `from` says, or zeros if there is none.
    fn arranged(
        weight: &[f32],
        bias: &[f32],
        inputs: usize,
        outputs: usize,
        from: impl Fn(usize) -> usize,
    ) -> Packed {
        let blocks = outputs.div_ceil(WIDE);
        let mut packed = Packed {
            weights: vec![Block([0.0; WIDE]); blocks * inputs],
            bias: vec![[0.0; WIDE]; blocks],
            inputs,
            outputs,
        };
        // Row by row, in the simplest of loops: the first net is packed before the engine has made its code fast.
        for at in 0..outputs {
            let (row, block, lane) = (from(at), at / WIDE, at % WIDE);
            let Some(value) = bias.get(row) else { continue };
            packed.bias[block][lane] = *value;
            let there = &mut packed.weights[block * inputs..][..inputs];
            for (to, w) in there.iter_mut().zip(&weight[row * inputs..]) {
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
            self.rows([row(2 * i), row(2 * i + 1)], [a, b]);
        }
        if rows % 2 == 1 {
            self.rows([row(rows - 1)], [pairs.into_remainder()]);
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

    /// `W x + b` of `P` rows together.
    fn rows<const P: usize>(&self, x: [&[f32]; P], mut to: [&mut [f32]; P]) {
        let bias = |block: usize| [self.bias[block]; P];
        self.each_block(x, bias, |block, sums| {
            for (to, sums) in to.iter_mut().zip(sums) {
                let to = &mut to[block * WIDE..];
                match to.first_chunk_mut() {
                    Some(to) => *to = *sums,
                    None => to.copy_from_slice(&sums[..to.len()]),
                }
            }
        });
    }

    /// Gives `then` each block's sums of `P` rows, which begin at what `from` says. One row alone goes through two
    /// blocks at once.
    #[inline(always)]
    fn each_block<const P: usize>(
        &self,
        x: [&[f32]; P],
        from: impl Fn(usize) -> [[f32; WIDE]; P],
        mut then: impl FnMut(usize, &[[f32; WIDE]; P]),
    ) {
        let together = if P == 1 { self.bias.len() / 2 * 2 } else { 0 };
        let inputs = self.inputs;
        let x = x.map(|x| &x[..inputs]);
        let weights = |block: usize| &self.weights[block * inputs..][..inputs];
        for block in (0..together).step_by(2) {
            let sums = summed([weights(block), weights(block + 1)], x, [from(block), from(block + 1)]);
            then(block, &sums[0]);
            then(block + 1, &sums[1]);
        }
        for block in together..self.bias.len() {
            then(block, &summed([weights(block)], x, [from(block)])[0]);
        }
    }
}

/// `sums += W x` of `G` blocks for `P` rows.
#[inline(always)]
fn summed<const P: usize, const G: usize>(
    weights: [&[Block]; G],
    x: [&[f32]; P],
    mut sums: [[[f32; WIDE]; P]; G],
) -> [[[f32; WIDE]; P]; G] {
    if P == 2 && G == 1 {
        // By iterators, which check no index: batches take a thirteenth less.
        for ((weights, x), y) in weights[0].iter().zip(x[0]).zip(x[1]) {
            for j in 0..WIDE {
                sums[0][0][j] += weights.0[j] * x;
                sums[0][1][j] += weights.0[j] * y;
            }
        }
        return sums;
    }
    let inputs = weights[0].len();
    let (weights, x) = (weights.map(|w| &w[..inputs]), x.map(|x| &x[..inputs]));
    for k in 0..inputs {
        for g in 0..G {
            for p in 0..P {
                for j in 0..WIDE {
                    sums[g][p][j] += weights[g][k].0[j] * x[p][k];
                }
            }
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
    cell: Vec<f32>,
    state: Vec<f32>,
    before: Vec<f32>,
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
    let Scratch { now, next, drive, cell, state, before, .. } = scratch;
    let hidden = ways.first().map_or(0, |w| w.hidden);
    let (steps, wide) = (input.time * hold, hidden * ways.len());
    let kept = if output == Output::Last { 1 } else { steps };
    let to = sized(next, P * kept * wide);
    for (k, way) in ways.iter().enumerate() {
        let gates = way.drive.bias.len() * WIDE;
        let padded = gates / 4;
        let drive = sized(drive, P * input.time * gates);
        way.drive.apply(now, input.channels, drive, gates);
        let cell = zeroed(cell, P * padded);
        let (mut state, mut before) = (zeroed(state, P * padded), zeroed(before, P * padded));
        for step in 0..steps {
            let t = if way.reverse { steps - 1 - step } else { step };
            std::mem::swap(&mut state, &mut before);
            let driven = std::array::from_fn(|p| &drive[(p * input.time + t / hold) * gates..][..gates]);
            way.step::<P>(driven, before, cell, state);
            if output == Output::Sequence || step + 1 == steps {
                let place = if output == Output::Sequence { t } else { 0 };
                for (p, state) in state.chunks_exact(padded).enumerate() {
                    to[(p * kept + place) * wide + k * hidden..][..hidden].copy_from_slice(&state[..hidden]);
                }
            }
        }
    }
    Extent { time: kept, channels: wide }
}

/// Elman's layer, from `scratch.now` to `scratch.next`.
fn rnn(way: &Way, output: Output, input: Extent, scratch: &mut Scratch) -> Extent {
    let Scratch { windows, now, next, drive, state, before, .. } = scratch;
    let hidden = way.hidden;
    let kept = if output == Output::Last { 1 } else { input.time };
    let to = sized(next, *windows * kept * hidden);
    let drive = sized(drive, *windows * input.time * hidden);
    way.drive.apply(now, input.channels, drive, hidden);
    for (drive, to) in drive.chunks_exact(input.time * hidden).zip(to.chunks_exact_mut(kept * hidden)) {
        let state = zeroed(state, hidden);
        for (t, drive) in drive.chunks_exact(hidden).enumerate() {
            let back = sized(before, hidden);
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
    /// One step of an LSTM in `P` windows: from what drives its gates and the states before, the cells and states
    /// after, one window after the other and each filled up to whole blocks.
    fn step<const P: usize>(&self, drive: [&[f32]; P], before: &[f32], cell: &mut [f32], state: &mut [f32]) {
        let padded = before.len() / P;
        let x = std::array::from_fn(|p| &before[p * padded..][..self.hidden]);
        let driven =
            |block: usize| drive.map(|d| d[block * WIDE..].first_chunk().copied().unwrap_or([0.0; WIDE]));
        self.recur.each_block(x, driven, |block, gates| {
            for (p, gates) in gates.iter().enumerate() {
                let at = p * padded + block * UNITS;
                let units = (cell[at..].first_chunk_mut(), state[at..].first_chunk_mut());
                if let (Some(cell), Some(state)) = units {
                    advance(gates, cell, state);
                }
            }
        });
    }
}

fn each(values: &mut [f32], function: impl Fn(f32) -> f32) {
    for v in values {
        *v = function(*v);
    }
}

/// One step of some units from their gates before activation: input, forget, cell, output.
///
/// On its own, so that the compiler sees a loop to make vectors of.
#[inline(never)]
fn advance(gates: &[f32; WIDE], cell: &mut [f32; UNITS], state: &mut [f32; UNITS]) {
    if let ([enter, forget, candidate, exit], []) = gates.as_chunks::<UNITS>() {
        for j in 0..UNITS {
            (cell[j], state[j]) = unit([enter[j], forget[j], candidate[j], exit[j]], cell[j]);
        }
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
        let packed = if matches!(self.layer, Layer::Lstm { .. }) { Packed::gates } else { Packed::new };
        Ok(Way {
            drive: packed(get("weight_ih_l0")?, bias, inputs),
            recur: packed(get("weight_hh_l0")?, &none, hidden),
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
