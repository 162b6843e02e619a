//! The forward pass of the page: any [`Net`], with its weights packed once.
//!
//! How windows are grouped changes nothing, bit for bit.

use std::collections::BTreeMap;

use super::activation::{sigmoid, tanh, units};
use super::filter::Filter;
use super::matrix::{Packed, chunk, put};
use super::net::{Extent, Layer, Net, Output};
use super::weights::Tensor;
use crate::error::{Error, Result};

/// Units of an LSTM that are computed together: enough that what one vector of them waits for, others fill.
const UNITS: usize = 16;
/// And those that are left.
const FEW: usize = 4;
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
    Filter { filter: Filter, padding: usize },
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
        let Scratch { now, next, drive, gates, .. } = scratch;
        let extent = |time, channels| Extent { time, channels };
        let output = match self {
            Stage::Dense(packed) => {
                let wide = packed.outputs();
                packed.apply(now, channels, sized(next, windows * time * wide), wide);
                extent(time, wide)
            }
            Stage::Conv1d { kernel, stride, padding } => {
                let (taps, wide) = (kernel.inputs() / channels, kernel.outputs());
                let out = (time + 2 * padding - taps) / stride + 1;
                let to = sized(next, windows * out * wide);
                for (x, to) in now.chunks_exact(input.len()).zip(to.chunks_exact_mut(out * wide)) {
                    let padded = zeroed(drive, (time + 2 * padding) * channels);
                    padded[padding * channels..][..x.len()].copy_from_slice(x);
                    kernel.apply(padded, stride * channels, to, wide);
                }
                extent(out, wide)
            }
            Stage::Filter { filter, padding } => {
                let (out, wide) = (filter.outputs_of(time + 2 * padding), filter.outputs());
                let to = sized(next, windows * out * wide);
                for (x, to) in now.chunks_exact(input.len()).zip(to.chunks_exact_mut(out * wide)) {
                    let padded = zeroed(drive, filter.inputs(out) * channels);
                    padded[padding * channels..][..x.len()].copy_from_slice(x);
                    filter.apply(padded, to, gates);
                }
                extent(out, wide)
            }
            Stage::Lstm { ways, output, hold } => lstm(ways, *output, *hold, input, scratch),
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

/// An LSTM, from `scratch.now` to `scratch.next`; each step of the input lasts for `hold` steps.
fn lstm(ways: &[Way], output: Output, hold: usize, input: Extent, scratch: &mut Scratch) -> Extent {
    let Scratch { windows, now, next, drive, gates, cell } = scratch;
    let (windows, hidden) = (*windows, ways.first().map_or(0, |w| w.hidden));
    let (steps, wide) = (input.time * hold, hidden * ways.len());
    let kept = if output == Output::Last { 1 } else { steps };
    let to = sized(next, windows * kept * wide);
    for (k, way) in ways.iter().enumerate() {
        let span = way.drive.span();
        let drive = sized(drive, windows * input.time * span);
        way.drive.apply(now, input.channels, drive, span);
        let gates = sized(gates, windows * span);
        let cell = zeroed(cell, windows * hidden);
        let mut before = None;
        for step in 0..steps {
            let t = if way.reverse { steps - 1 - step } else { step };
            // States stand where they are wanted, and are read from there by the next step.
            let place = if output == Output::Last { 0 } else { t };
            let state = |window: usize, place: usize| (window * kept + place) * wide + k * hidden;
            let driven = |window: usize| &drive[(window * input.time + t / hold) * span..][..span];
            if let Some(before) = before {
                way.recur.add(&to[state(0, before)..], kept * wide, driven, gates, span);
            } else {
                gates
                    .chunks_exact_mut(span)
                    .enumerate()
                    .for_each(|(w, gates)| gates.copy_from_slice(driven(w)));
            }
            for (w, (gates, cell)) in gates.chunks_exact(span).zip(cell.chunks_exact_mut(hidden)).enumerate()
            {
                advance(gates, cell, &mut to[state(w, place)..][..hidden]);
            }
            before = Some(place);
        }
    }
    Extent { time: kept, channels: wide }
}

/// Elman's layer, from `scratch.now` to `scratch.next`.
fn rnn(way: &Way, output: Output, input: Extent, scratch: &mut Scratch) -> Extent {
    let Scratch { windows, now, next, drive, gates, cell } = scratch;
    let hidden = way.hidden;
    let kept = if output == Output::Last { 1 } else { input.time };
    let to = sized(next, *windows * kept * hidden);
    let drive = sized(drive, *windows * input.time * hidden);
    way.drive.apply(now, input.channels, drive, hidden);
    for (drive, to) in drive.chunks_exact(input.time * hidden).zip(to.chunks_exact_mut(kept * hidden)) {
        let state = zeroed(cell, hidden);
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

/// One step of an LSTM's units from their gates before activation.
#[inline(never)]
fn advance(gates: &[f32], cell: &mut [f32], state: &mut [f32]) {
    let many = cell.len() / UNITS * UNITS;
    (0..many).step_by(UNITS).for_each(|at| some::<UNITS>(at, gates, cell, state));
    (many..cell.len()).step_by(FEW).for_each(|at| some::<FEW>(at, gates, cell, state));
}

/// [`advance`] for `N` units from `at` on, or those that are left.
#[inline(always)]
fn some<const N: usize>(at: usize, gates: &[f32], cell: &mut [f32], state: &mut [f32]) {
    let hidden = cell.len();
    let gate = |g: usize| chunk(&gates[g * hidden..][..hidden][at..]);
    let after = units::<N>([gate(0), gate(1), gate(2), gate(3)], &chunk(&cell[at..]));
    put(&mut cell[at..], after.0);
    put(&mut state[at..], after.1);
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
                if let (1, Some(filter)) =
                    (stride, Filter::new(self.get("weight")?, self.get("bias")?, inputs, taps))
                {
                    return Ok(Stage::Filter { filter, padding });
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize, seed: f32) -> Vec<f32> {
        (0..count).map(|i| (seed + 0.7 * i as f32).sin() * 0.6).collect()
    }

    fn tensors(all: &[(&str, &[usize], &[f32])]) -> BTreeMap<String, Tensor> {
        let tensor =
            |shape: &[usize], values: &[f32]| Tensor { shape: shape.to_vec(), values: values.to_vec() };
        all.iter().map(|(name, shape, values)| (format!("n.0.{name}"), tensor(shape, values))).collect()
    }

    /// `W x + b` of one row.
    fn plain(weight: &[f32], bias: &[f32], x: &[f32]) -> Vec<f64> {
        let sum = |row: &[f32]| row.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum::<f64>();
        weight.chunks(x.len()).zip(bias).map(|(row, b)| sum(row) + f64::from(*b)).collect()
    }

    fn close(got: &[f32], want: &[f64], what: &str) {
        assert_eq!(got.len(), want.len(), "{what}");
        for (i, (g, w)) in got.iter().zip(want).enumerate() {
            assert!((f64::from(*g) - w).abs() < 5e-6 * w.abs().max(1.0), "{what}[{i}]: {g}, want {w}");
        }
    }

    #[test]
    fn a_dense_layer_of_any_width_is_its_formula() {
        let shapes = [1, 2, 16, 20, 33, 70].map(|outputs| (9, outputs));
        let few = [1, 3, 4, 7, 10].map(|outputs| (643, outputs));
        for (inputs, outputs) in shapes.into_iter().chain(few) {
            let (weight, bias, x) =
                (values(inputs * outputs, 0.1), values(outputs, 0.2), values(inputs * 5, 0.3));
            let known = tensors(&[("weight", &[outputs, inputs], &weight), ("bias", &[outputs], &bias)]);
            let net = Net::new(vec![Layer::Dense { inputs, outputs }]);
            let fused = Fused::new(&net, "n", &known, Extent { time: 1, channels: inputs }).unwrap();
            let want: Vec<f64> = x.chunks(inputs).flat_map(|x| plain(&weight, &bias, x)).collect();
            close(&fused.run(&x).unwrap(), &want, &format!("{outputs} outputs of {inputs} inputs"));
        }
    }

    #[test]
    fn a_convolution_of_any_shape_is_its_formula() {
        let shapes = [1, 8, 11].into_iter().flat_map(|inputs| (1..=8).map(move |taps| (inputs, taps)));
        for (inputs, taps) in shapes {
            for (time, stride, padding) in [(9, 1, 0), (10, 1, 2), (11, 1, 1), (9, 2, 1)] {
                let (outputs, patch) = (18, inputs * taps);
                let (weight, bias) = (values(outputs * patch, 0.1), values(outputs, 0.2));
                let x = values(2 * time * inputs, 0.3);
                let known =
                    tensors(&[("weight", &[outputs, inputs, taps], &weight), ("bias", &[outputs], &bias)]);
                let net = Net::new(vec![Layer::Conv1d { inputs, outputs, taps, stride, padding }]);
                let fused = Fused::new(&net, "n", &known, Extent { time, channels: inputs }).unwrap();
                let mut want = Vec::new();
                for window in x.chunks(time * inputs) {
                    let at = |t: usize, i: usize| {
                        t.checked_sub(padding)
                            .and_then(|t| window.get(t * inputs + i))
                            .copied()
                            .unwrap_or(0.0)
                    };
                    for t in (0..=time + 2 * padding - taps).step_by(stride) {
                        let patch: Vec<f32> = (0..patch).map(|k| at(t + k % taps, k / taps)).collect();
                        want.extend(plain(&weight, &bias, &patch));
                    }
                }
                let what = format!("{inputs} channels, {taps} taps, {time} steps by {stride}");
                close(&fused.run(&x).unwrap(), &want, &what);
            }
        }
    }

    #[test]
    fn an_lstm_of_any_width_is_its_formula() {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        for hidden in [1, 5, 16, 21, 37, 64] {
            let (drive, recur) = (values(4 * hidden * 3, 0.1), values(4 * hidden * hidden, 0.2));
            let (bias, x) = (values(4 * hidden, 0.3), values(3 * 7 * 3, 0.4));
            let known = tensors(&[
                ("weight_ih_l0", &[4 * hidden, 3], &drive),
                ("weight_hh_l0", &[4 * hidden, hidden], &recur),
                ("bias_l0", &[4 * hidden], &bias),
            ]);
            let output = Output::Sequence;
            let net = Net::new(vec![Layer::Lstm { inputs: 3, hidden, bidirectional: false, output }]);
            let fused = Fused::new(&net, "n", &known, Extent { time: 7, channels: 3 }).unwrap();
            let mut want = Vec::new();
            for window in x.chunks(7 * 3) {
                let (mut cell, mut state) = (vec![0.0f64; hidden], vec![0.0f32; hidden]);
                for x in window.chunks(3) {
                    let back = plain(&recur, &vec![0.0; 4 * hidden], &state);
                    let gates: Vec<f64> =
                        plain(&drive, &bias, x).iter().zip(back).map(|(a, b)| a + b).collect();
                    for j in 0..hidden {
                        let [enter, forget, candidate, exit] = [0, 1, 2, 3].map(|g| gates[g * hidden + j]);
                        cell[j] = sigmoid(forget) * cell[j] + sigmoid(enter) * candidate.tanh();
                        state[j] = (sigmoid(exit) * cell[j].tanh()) as f32;
                    }
                    want.extend(state.iter().map(|s| f64::from(*s)));
                }
            }
            close(&fused.run(&x).unwrap(), &want, &format!("{hidden} units"));
        }
    }
}
