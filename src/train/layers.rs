//! The reference interpreter of a [`Net`]: the same list of layers as `nn::fused`, on tensors that can be
//! differentiated.

use candle_core::{D, Device, Result, Tensor, bail};

use super::params::Params;
use super::recurrence;
use crate::math::random::Random;
use crate::nn::net::{Layer, Net, Output};

/// Samples of `time` values each, one after the other, as `(batch, time, 1)`.
///
/// # Errors
/// A count that is not a multiple of `time`.
pub fn samples(values: &[f32], time: usize) -> Result<Tensor> {
    Tensor::from_slice(values, (values.len() / time.max(1), time, 1), &Device::Cpu)
}

/// What goes into each layer, and last what comes out: `layers + 1` tensors of shape `(batch, time, channels)`.
/// With `random` given, dropout is on.
///
/// # Errors
/// Shapes that do not fit, or a missing variable.
pub fn trace(
    net: &Net,
    name: &str,
    params: &Params,
    input: &Tensor,
    mut random: Option<&mut Random>,
) -> Result<Vec<Tensor>> {
    let mut steps = Vec::with_capacity(net.layers.len() + 1);
    let mut x = input.clone();
    for (i, layer) in net.layers.iter().enumerate() {
        let place = Place { path: format!("{name}.{i}"), params };
        let y = place.forward(layer, &x, random.as_deref_mut())?;
        steps.push(std::mem::replace(&mut x, y));
    }
    steps.push(x);
    Ok(steps)
}

/// The output of a net for `input (batch, time, channels)`. With `random` given, dropout is on.
///
/// # Errors
/// As of [`trace`].
pub fn forward(
    net: &Net,
    name: &str,
    params: &Params,
    input: &Tensor,
    random: Option<&mut Random>,
) -> Result<Tensor> {
    match trace(net, name, params, input, random)?.pop() {
        Some(output) => Ok(output),
        None => Ok(input.clone()),
    }
}

/// The gradient of a net's only output with respect to its input, as a forward expression of the weights, so that
/// plain differentiation of it gives a gradient penalty's exact gradient. `steps` is the net's [`trace`].
///
/// With each leaky unit's slope at the point held fixed the net is linear, and its gradient is the product of its
/// transposed layers. Layers that are not piecewise linear are refused.
///
/// # Errors
/// A layer that is not dense, a plain convolution, leaky or a reshape.
pub fn input_gradient(net: &Net, name: &str, params: &Params, steps: &[Tensor]) -> Result<Tensor> {
    let Some(output) = steps.last() else { bail!("nothing to differentiate") };
    let mut slope = output.ones_like()?.detach();
    for (i, layer) in net.layers.iter().enumerate().rev() {
        let (input, place) = (&steps[i], Place { path: format!("{name}.{i}"), params });
        slope = match *layer {
            Layer::Dense { .. } => slope.broadcast_matmul(place.get("weight")?)?,
            Layer::Conv1d { taps, stride: 1, padding: 0, .. } => {
                // Full correlation with the kernel's channels swapped and its taps reversed.
                let kernel = place.get("weight")?.permute((1, 2, 0))?;
                let (inputs, _, outputs) = kernel.dims3()?;
                let turned: Vec<Tensor> =
                    (0..taps).rev().map(|k| kernel.narrow(1, k, 1)).collect::<Result<_>>()?;
                let kernel = Tensor::cat(&turned, 1)?.reshape((inputs, taps * outputs))?;
                let padded = slope.pad_with_zeros(1, taps - 1, taps - 1)?;
                unfold(&padded, taps, 1)?.broadcast_matmul(&kernel.t()?)?
            }
            Layer::LeakyRelu { slope: leak } => {
                let positive = input.detach().gt(0f32)?.to_dtype(input.dtype())?;
                (slope * positive.affine(1.0 - f64::from(leak), f64::from(leak))?)?
            }
            Layer::Flatten | Layer::Reshape { .. } => slope.reshape(input.shape())?,
            Layer::Dropout { .. } => slope,
            ref other => bail!("no closed gradient through {other:?}"),
        };
    }
    Ok(slope)
}

/// One layer's variables.
struct Place<'a> {
    path: String,
    params: &'a Params,
}

impl Place<'_> {
    fn get(&self, tensor: &str) -> Result<&Tensor> {
        self.params.get(&format!("{}.{tensor}", self.path))
    }

    fn forward(&self, layer: &Layer, x: &Tensor, random: Option<&mut Random>) -> Result<Tensor> {
        let (batch, time, channels) = x.dims3()?;
        match *layer {
            Layer::Dense { .. } => self.linear(x, self.get("weight")?),
            Layer::Conv1d { taps, stride, padding, .. } => {
                let kernel = self.get("weight")?.permute((0, 2, 1))?;
                let (outputs, _, inputs) = kernel.dims3()?;
                let kernel = kernel.reshape((outputs, taps * inputs))?;
                let padded = x.pad_with_zeros(1, padding, padding)?;
                self.linear(&unfold(&padded, taps, stride)?, &kernel)
            }
            Layer::Lstm { bidirectional, output, .. } => {
                let forth = self.lstm(x, "", false, output)?;
                if !bidirectional {
                    return Ok(forth);
                }
                Tensor::cat(&[forth, self.lstm(x, "_reverse", true, output)?], 2)
            }
            Layer::Rnn { hidden, output, .. } => self.rnn(x, hidden, output),
            Layer::Relu => x.relu(),
            // `max(x, slope x)`, written so that the gradient at 0 is finite.
            Layer::LeakyRelu { slope } => {
                let slope = f64::from(slope);
                x.relu()? * (1.0 - slope) + (x * slope)?
            }
            Layer::Tanh => x.tanh(),
            Layer::Sigmoid => Ok((((x * 0.5)?.tanh()? + 1.0)? * 0.5)?),
            Layer::Dropout { p } => match random {
                Some(random) if p > 0.0 => x * dropped(x, f64::from(p), random)?,
                _ => Ok(x.clone()),
            },
            Layer::Flatten => x.reshape((batch, 1, time * channels)),
            Layer::Reshape { channels } => x.reshape((batch, (), channels)),
            Layer::Repeat { times } => x.broadcast_as((batch, times, channels))?.contiguous(),
            Layer::Upsample { times } => {
                let wide = x.unsqueeze(2)?.broadcast_as((batch, time, times, channels))?;
                wide.contiguous()?.reshape((batch, time * times, channels))
            }
            Layer::Reverse => {
                let steps: Vec<Tensor> = (0..time).rev().map(|t| x.narrow(1, t, 1)).collect::<Result<_>>()?;
                Tensor::cat(&steps, 1)
            }
            Layer::Trim { ends } => x.narrow(1, ends, time - 2 * ends)?.contiguous(),
            Layer::Take { channels } => x.narrow(D::Minus1, 0, channels)?.contiguous(),
        }
    }

    /// `x W' + b` at every step.
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let (batch, time, channels) = x.dims3()?;
        let rows = x.reshape((batch * time, channels))?.matmul(&weight.t()?)?;
        rows.broadcast_add(self.get("bias")?)?.reshape((batch, time, ()))
    }

    fn lstm(&self, x: &Tensor, way: &str, reverse: bool, output: Output) -> Result<Tensor> {
        let (batch, time, channels) = x.dims3()?;
        let steps = x.transpose(0, 1)?.contiguous()?.reshape((time * batch, channels))?;
        let drive = steps.matmul(&self.get(&format!("weight_ih_l0{way}"))?.t()?)?;
        let drive = drive.broadcast_add(self.get(&format!("bias_l0{way}"))?)?;
        let drive = drive.reshape((time, batch, ()))?;
        let states = recurrence::lstm(&drive, self.get(&format!("weight_hh_l0{way}"))?, reverse)?;
        match output {
            Output::Sequence => states.transpose(0, 1)?.contiguous(),
            Output::Last => {
                let end = if reverse { 0 } else { time - 1 };
                states.narrow(0, end, 1)?.transpose(0, 1)?.contiguous()
            }
        }
    }

    fn rnn(&self, x: &Tensor, hidden: usize, output: Output) -> Result<Tensor> {
        let (batch, time, channels) = x.dims3()?;
        let steps = x.transpose(0, 1)?.contiguous()?.reshape((time * batch, channels))?;
        let drive = steps.matmul(&self.get("weight_ih_l0")?.t()?)?;
        let drive = drive.broadcast_add(self.get("bias_l0")?)?.reshape((time, batch, hidden))?;
        let weight = self.get("weight_hh_l0")?.t()?;
        let mut states: Vec<Tensor> = Vec::with_capacity(time);
        for t in 0..time {
            let mut drive = drive.get(t)?;
            if let Some(last) = states.last() {
                drive = (drive + last.matmul(&weight)?)?;
            }
            states.push(drive.tanh()?);
        }
        if output == Output::Last {
            states.drain(..time - 1);
        }
        Tensor::stack(&states, 1)
    }
}

/// Patches of `taps` steps, side by side: `(batch, steps out, taps * channels)`.
fn unfold(x: &Tensor, taps: usize, stride: usize) -> Result<Tensor> {
    let (_, time, _) = x.dims3()?;
    let out = (time - taps) / stride + 1;
    let shifted: Vec<Tensor> = (0..taps)
        .map(|k| {
            if stride == 1 {
                return x.narrow(1, k, out);
            }
            let at: Vec<u32> = (0..out).map(|t| (t * stride + k) as u32).collect();
            x.index_select(&Tensor::from_vec(at, out, x.device())?, 1)
        })
        .collect::<Result<_>>()?;
    Tensor::cat(&shifted, 2)
}

/// 0 with probability `p`, else `1 / (1 - p)`.
fn dropped(x: &Tensor, p: f64, random: &mut Random) -> Result<Tensor> {
    let keep = (1.0 / (1.0 - p)) as f32;
    let mask: Vec<f32> = (0..x.elem_count()).map(|_| if random.uniform() < p { 0.0 } else { keep }).collect();
    Tensor::from_vec(mask, x.shape(), x.device())
}
