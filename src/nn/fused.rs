//! The forward pass of the page: any [`Net`], with its weights packed once.
//!
//! Windows go through side by side, [`LANES`] at a time, a value of each in one vector: then every layer is the
//! same few vector loops, and a weight that has been read serves all of them. A few windows, as a live series has
//! them, go one by one, and a vector holds the outputs of one. Either way a sum is taken in the same order, so how
//! windows are grouped changes nothing, bit for bit.

use std::collections::BTreeMap;

use super::activation::{sigmoid, tanh};
use super::net::{Extent, Layer, Net, Output};
use super::weights::Tensor;
use crate::error::{Error, Result};

/// Windows that go through together: two vectors of four.
pub const LANES: usize = 8;
/// Outputs computed together: with [`LANES`] their sums fill half of the vector registers.
const BLOCK: usize = 4;
/// Blocks computed together for one window: as many sums that do not wait for each other.
const ABREAST: usize = 4;
/// Up to so many windows are faster one by one.
const FEW: usize = 6;

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

/// A matrix and a bias, rows in blocks of [`BLOCK`] with their columns interleaved.
#[derive(Debug, Clone)]
struct Packed {
    weights: Vec<[f32; BLOCK]>,
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl Packed {
    /// Of `weight (outputs, inputs)`, row-major, and `bias (outputs)`.
    fn new(weight: &[f32], bias: Vec<f32>, inputs: usize) -> Packed {
        let outputs = bias.len();
        let mut weights = vec![[0.0; BLOCK]; outputs.div_ceil(BLOCK) * inputs];
        for (o, row) in weight.chunks_exact(inputs.max(1)).enumerate() {
            for (i, w) in row.iter().enumerate() {
                weights[o / BLOCK * inputs + i][o % BLOCK] = *w;
            }
        }
        Packed { weights, bias, inputs, outputs }
    }

    /// `to = W x + b`, where `x` is the concatenation of `input`: one value of each of `N` windows an entry.
    fn apply<const N: usize>(&self, input: &[[f32; N]], to: &mut [[f32; N]]) {
        for (to, bias) in to.iter_mut().zip(&self.bias) {
            *to = [*bias; N];
        }
        self.add(input, to);
    }

    /// `to += W x`.
    fn add<const N: usize>(&self, input: &[[f32; N]], to: &mut [[f32; N]]) {
        let to = &mut to[..self.outputs];
        if N == 1 {
            let whole = to.len() / (BLOCK * ABREAST) * BLOCK * ABREAST;
            self.blocks::<N, ABREAST>(0, input, &mut to[..whole]);
            self.blocks::<N, 1>(whole / BLOCK, input, &mut to[whole..]);
        } else {
            self.blocks::<N, 1>(0, input, to);
        }
    }

    /// [`Packed::add`] from block `first` on, `G` blocks together.
    fn blocks<const N: usize, const G: usize>(&self, first: usize, input: &[[f32; N]], to: &mut [[f32; N]]) {
        let inputs = self.inputs.min(input.len());
        let input = &input[..inputs];
        for (place, to) in to.chunks_mut(BLOCK * G).enumerate() {
            let rows: [&[[f32; BLOCK]]; G] =
                std::array::from_fn(|g| &self.weights[(first + place * G + g) * self.inputs..][..inputs]);
            let mut sums = [[[0.0; N]; BLOCK]; G];
            for (sum, to) in sums.as_flattened_mut().iter_mut().zip(to.iter()) {
                *sum = *to;
            }
            for k in 0..inputs {
                for g in 0..G {
                    for b in 0..BLOCK {
                        for l in 0..N {
                            sums[g][b][l] += rows[g][k][b] * input[k][l];
                        }
                    }
                }
            }
            for (to, sum) in to.iter_mut().zip(sums.as_flattened()) {
                *to = *sum;
            }
        }
    }
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
        let (width, wide) = (self.input.len().max(1), self.output.len());
        if !inputs.len().is_multiple_of(width) {
            let why = format!("{} values are not samples of {width}", inputs.len());
            return Err(Error::Numeric(why));
        }
        let wide = wide.max(1);
        let count = inputs.len() / width;
        // The last ones one by one, if they are few.
        let grouped = if count % LANES <= FEW { count / LANES * LANES } else { count };
        let mut outputs = vec![0.0; count * wide];
        let (many, few) = inputs.split_at(grouped * width);
        let (out_many, out_few) = outputs.split_at_mut(grouped * wide);
        self.groups::<LANES>(many, out_many);
        self.groups::<1>(few, out_few);
        outputs.truncate(count * self.output.len());
        Ok(outputs)
    }

    /// Samples that go through `N` at a time.
    fn groups<const N: usize>(&self, inputs: &[f32], outputs: &mut [f32]) {
        let (width, wide) = (self.input.len().max(1), self.output.len().max(1));
        let mut scratch = Scratch::default();
        for (group, out) in inputs.chunks(width * N).zip(outputs.chunks_mut(wide * N)) {
            sized(&mut scratch.now, width);
            for (lane, sample) in group.chunks_exact(width).enumerate() {
                for (to, v) in scratch.now.iter_mut().zip(sample) {
                    to[lane] = *v;
                }
            }
            self.pass::<N>(&mut scratch);
            for (lane, sample) in out.chunks_exact_mut(wide).enumerate() {
                for (to, v) in sample.iter_mut().zip(&scratch.now) {
                    *to = v[lane];
                }
            }
        }
    }

    fn pass<const N: usize>(&self, scratch: &mut Scratch<N>) {
        let mut channels = self.input.channels;
        let mut time = self.input.time;
        for stage in &self.stages {
            (time, channels) = stage.pass(time, channels, scratch);
        }
    }
}

/// Buffers of a pass, reused by the next.
#[derive(Default)]
struct Scratch<const N: usize> {
    /// What goes into a stage, and after it what came out.
    now: Vec<[f32; N]>,
    next: Vec<[f32; N]>,
    drive: Vec<[f32; N]>,
    gates: Vec<[f32; N]>,
    cell: Vec<[f32; N]>,
    state: Vec<[f32; N]>,
}

fn sized<const N: usize>(buffer: &mut Vec<[f32; N]>, len: usize) -> &mut [[f32; N]] {
    buffer.clear();
    buffer.resize(len, [0.0; N]);
    buffer
}

impl Stage {
    /// Runs on `scratch.now` of `time` steps of `channels`; returns the extent of what it leaves there.
    fn pass<const N: usize>(&self, time: usize, channels: usize, scratch: &mut Scratch<N>) -> (usize, usize) {
        let Scratch { now, next, drive, gates, cell, state } = scratch;
        let extent = match self {
            Stage::Dense(packed) => {
                let to = sized(next, time * packed.outputs);
                for (x, to) in now.chunks_exact(packed.inputs).zip(to.chunks_exact_mut(packed.outputs)) {
                    packed.apply(x, to);
                }
                (time, packed.outputs)
            }
            Stage::Conv1d { kernel, stride, padding } => {
                let padded = sized(drive, (time + 2 * padding) * channels);
                padded[padding * channels..][..now.len()].copy_from_slice(now);
                let taps = kernel.inputs / channels;
                let out = (time + 2 * padding - taps) / stride + 1;
                let to = sized(next, out * kernel.outputs);
                for (t, to) in to.chunks_exact_mut(kernel.outputs).enumerate() {
                    kernel.apply(&padded[t * stride * channels..][..kernel.inputs], to);
                }
                (out, kernel.outputs)
            }
            Stage::Lstm { ways, output, hold } => {
                let hidden = ways.first().map_or(0, |w| w.hidden);
                let (steps, wide) = (time * hold, hidden * ways.len());
                let kept = if *output == Output::Last { 1 } else { steps };
                let to = sized(next, kept * wide);
                for (k, way) in ways.iter().enumerate() {
                    let drive = sized(drive, time * 4 * hidden);
                    for (x, to) in now.chunks_exact(channels).zip(drive.chunks_exact_mut(4 * hidden)) {
                        way.drive.apply(x, to);
                    }
                    let (cell, state) = (sized(cell, hidden), sized(state, hidden));
                    let gates = sized(gates, 4 * hidden);
                    for step in 0..steps {
                        let t = if way.reverse { steps - 1 - step } else { step };
                        gates.copy_from_slice(&drive[t / hold * 4 * hidden..][..4 * hidden]);
                        if step > 0 {
                            way.recur.add(state, gates);
                        }
                        advance(gates, cell, state);
                        if *output == Output::Sequence {
                            to[t * wide + k * hidden..][..hidden].copy_from_slice(state);
                        }
                    }
                    if *output == Output::Last {
                        to[k * hidden..][..hidden].copy_from_slice(state);
                    }
                }
                (kept, wide)
            }
            Stage::Rnn { way, output } => {
                let hidden = way.hidden;
                let kept = if *output == Output::Last { 1 } else { time };
                let to = sized(next, kept * hidden);
                let state = sized(state, hidden);
                let sums = sized(gates, hidden);
                for (t, x) in now.chunks_exact(channels).enumerate() {
                    way.drive.apply(x, sums);
                    way.recur.add(state, sums);
                    for (state, sum) in state.iter_mut().zip(sums.iter()) {
                        *state = sum.map(tanh);
                    }
                    let place = if *output == Output::Last { 0 } else { t };
                    to[place * hidden..][..hidden].copy_from_slice(state);
                }
                (kept, hidden)
            }
            Stage::Same => return (time, channels),
            Stage::Leaky(slope) => {
                each(now, |v| v.max(0.0) + slope * v.min(0.0));
                return (time, channels);
            }
            Stage::Tanh => {
                each(now, tanh);
                return (time, channels);
            }
            Stage::Sigmoid => {
                each(now, sigmoid);
                return (time, channels);
            }
            Stage::Upsample(times) => {
                sized(next, 0);
                for x in now.chunks_exact(channels) {
                    for _ in 0..*times {
                        next.extend_from_slice(x);
                    }
                }
                (time * times, channels)
            }
            Stage::Reverse => {
                sized(next, 0);
                for x in now.chunks_exact(channels).rev() {
                    next.extend_from_slice(x);
                }
                (time, channels)
            }
            Stage::Trim(ends) => {
                sized(next, 0);
                next.extend_from_slice(&now[ends * channels..now.len() - ends * channels]);
                (time - 2 * ends, channels)
            }
            Stage::Take(kept) => {
                sized(next, 0);
                for x in now.chunks_exact(channels) {
                    next.extend_from_slice(&x[..*kept]);
                }
                (time, *kept)
            }
            Stage::Shape { channels } => return (now.len() / channels, *channels),
            Stage::Flatten => return (1, now.len()),
        };
        std::mem::swap(now, next);
        extent
    }
}

fn each<const N: usize>(values: &mut [[f32; N]], function: impl Fn(f32) -> f32) {
    for v in values.as_flattened_mut() {
        *v = function(*v);
    }
}

/// One step of an LSTM from its gates before their activation: input, forget, cell, output.
fn advance<const N: usize>(gates: &[[f32; N]], cell: &mut [[f32; N]], state: &mut [[f32; N]]) {
    let part = gates.len() / 4;
    let (enter, rest) = gates.split_at(part);
    let (forget, rest) = rest.split_at(part);
    let (candidate, exit) = rest.split_at(part);
    let gates = enter.as_flattened().iter().zip(forget.as_flattened());
    let gates = gates.zip(candidate.as_flattened().iter().zip(exit.as_flattened()));
    let kept = cell.as_flattened_mut().iter_mut().zip(state.as_flattened_mut());
    for (((enter, forget), (candidate, exit)), (cell, state)) in gates.zip(kept) {
        *cell = sigmoid(*forget) * *cell + sigmoid(*enter) * tanh(*candidate);
        *state = sigmoid(*exit) * tanh(*cell);
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
                Stage::Dense(Packed::new(self.get("weight")?, self.get("bias")?.to_vec(), inputs))
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
                let kernel = Packed::new(&turned, self.get("bias")?.to_vec(), patch);
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
        let bias = get("bias_l0")?.to_vec();
        let none = vec![0.0; bias.len()];
        Ok(Way {
            drive: Packed::new(get("weight_ih_l0")?, bias, inputs),
            recur: Packed::new(get("weight_hh_l0")?, none, hidden),
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
