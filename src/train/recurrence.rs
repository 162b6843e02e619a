//! The recurrent part of an LSTM as one differentiable operation.
//!
//! Built from single tensor operations, a layer of 100 steps is a graph of thousands of nodes, and each slice of
//! its input is paid for again on the way back. Here the way forward keeps the gates, and the way back is written
//! out (back-propagation through time), so a step costs one matrix product and one loop in each direction.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor, bail};

use crate::nn::activation::{sigmoid, tanh};

/// Hidden states `(time, batch, hidden)` for `drive (time, batch, 4 hidden)`, the input's share of the gates with
/// the bias, and `weight (4 hidden, hidden)`. With `reverse` it runs from the last step to the first.
///
/// # Errors
/// Shapes that do not fit.
pub fn lstm(drive: &Tensor, weight: &Tensor, reverse: bool) -> Result<Tensor> {
    let op = Recurrence { reverse, kept: Mutex::default() };
    drive.contiguous()?.apply_op2(&weight.contiguous()?, op)
}

struct Recurrence {
    reverse: bool,
    kept: Mutex<Kept>,
}

/// What the way back needs: gates after their activation, and cells.
#[derive(Default)]
struct Kept {
    gates: Vec<f32>,
    cells: Vec<f32>,
}

/// Extents of one call.
#[derive(Clone, Copy)]
struct Sizes {
    time: usize,
    batch: usize,
    hidden: usize,
}

impl Sizes {
    fn of(drive: &Shape, weight: &Shape) -> Result<Sizes> {
        let (time, batch, rows) = drive.dims3()?;
        let (w_rows, hidden) = weight.dims2()?;
        if rows != w_rows || rows != 4 * hidden || time == 0 {
            bail!("an LSTM of {hidden} cannot run on {drive:?} with weights {weight:?}");
        }
        Ok(Sizes { time, batch, hidden })
    }

    /// Values of one step in a column of `width` values a sample.
    fn step(&self, t: usize, width: usize) -> std::ops::Range<usize> {
        t * self.batch * width..(t + 1) * self.batch * width
    }

    /// Steps in the order of the recurrence, each with the one before it.
    fn order(&self, reverse: bool) -> Vec<(usize, Option<usize>)> {
        let n = self.time;
        (0..n)
            .map(|k| if reverse { n - 1 - k } else { k })
            .scan(None, |before, t| Some((t, before.replace(t))))
            .collect()
    }
}

impl CustomOp2 for Recurrence {
    fn name(&self) -> &'static str {
        "lstm-recurrence"
    }

    fn cpu_fwd(
        &self,
        drive: &CpuStorage,
        drive_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = Sizes::of(drive_layout.shape(), weight_layout.shape())?;
        let Sizes { time, batch, hidden } = sizes;
        let mut gates = contiguous(drive, drive_layout)?.to_vec();
        let weight =
            Tensor::from_slice(contiguous(weight, weight_layout)?, (4 * hidden, hidden), &Device::Cpu)?;
        let weight = weight.t()?;
        let mut cells = vec![0f32; time * batch * hidden];
        let mut states = vec![0f32; time * batch * hidden];
        for (t, before) in sizes.order(self.reverse) {
            let gate = &mut gates[sizes.step(t, 4 * hidden)];
            let mut last_cells = Vec::new();
            if let Some(b) = before {
                let h = Tensor::from_slice(&states[sizes.step(b, hidden)], (batch, hidden), &Device::Cpu)?;
                let share = h.matmul(&weight)?.flatten_all()?.to_vec1::<f32>()?;
                gate.iter_mut().zip(&share).for_each(|(g, s)| *g += s);
                last_cells.extend_from_slice(&cells[sizes.step(b, hidden)]);
            } else {
                last_cells.resize(batch * hidden, 0.0);
            }
            let (cell, state) = (&mut cells[sizes.step(t, hidden)], &mut states[sizes.step(t, hidden)]);
            for row in 0..batch {
                let part = row * hidden..(row + 1) * hidden;
                advance(
                    &mut gate[4 * row * hidden..4 * (row + 1) * hidden],
                    &last_cells[part.clone()],
                    &mut cell[part.clone()],
                    &mut state[part],
                );
            }
        }
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept { gates, cells };
        Ok((CpuStorage::F32(states), Shape::from((time, batch, hidden))))
    }

    fn bwd(
        &self,
        drive: &Tensor,
        weight: &Tensor,
        states: &Tensor,
        slope: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let sizes = Sizes::of(drive.shape(), weight.shape())?;
        let Sizes { time, batch, hidden } = sizes;
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        if kept.gates.is_empty() {
            bail!("the gates of an LSTM are kept for one way back only");
        }
        let slope = slope.flatten_all()?.to_vec1::<f32>()?;
        let mut drive_slope = vec![0f32; time * batch * 4 * hidden];
        let mut state_slope = vec![0f32; batch * hidden];
        let mut cell_slope = vec![0f32; batch * hidden];
        let still = vec![0f32; batch * hidden];
        let mut order = sizes.order(self.reverse);
        order.reverse();
        for (t, before) in order {
            state_slope.iter_mut().zip(&slope[sizes.step(t, hidden)]).for_each(|(s, g)| *s += g);
            let last_cells = before.map_or(&still[..], |b| &kept.cells[sizes.step(b, hidden)]);
            let gate = &kept.gates[sizes.step(t, 4 * hidden)];
            let cell = &kept.cells[sizes.step(t, hidden)];
            let out = &mut drive_slope[sizes.step(t, 4 * hidden)];
            for row in 0..batch {
                let (part, wide) =
                    (row * hidden..(row + 1) * hidden, 4 * row * hidden..4 * (row + 1) * hidden);
                retreat(
                    &gate[wide.clone()],
                    &cell[part.clone()],
                    &last_cells[part.clone()],
                    &state_slope[part.clone()],
                    &mut cell_slope[part],
                    &mut out[wide],
                );
            }
            let out = Tensor::from_slice(out, (batch, 4 * hidden), &Device::Cpu)?;
            state_slope = out.matmul(weight)?.flatten_all()?.to_vec1()?;
        }
        let drive_slope = Tensor::from_vec(drive_slope, (time * batch, 4 * hidden), &Device::Cpu)?;
        let pad = Tensor::zeros((1, batch, hidden), states.dtype(), states.device())?;
        let before = if self.reverse {
            Tensor::cat(&[&states.narrow(0, 1, time - 1)?, &pad], 0)?
        } else {
            Tensor::cat(&[&pad, &states.narrow(0, 0, time - 1)?], 0)?
        };
        let weight_slope = drive_slope.t()?.matmul(&before.reshape((time * batch, hidden))?)?;
        Ok((Some(drive_slope.reshape((time, batch, 4 * hidden))?), Some(weight_slope)))
    }
}

/// One sample's step: gates in place to their activations; the new cell and state.
fn advance(gate: &mut [f32], last: &[f32], cell: &mut [f32], state: &mut [f32]) {
    let hidden = last.len();
    let (sigmoids, rest) = gate.split_at_mut(2 * hidden);
    let (candidate, exit) = rest.split_at_mut(hidden);
    sigmoids.iter_mut().for_each(|v| *v = sigmoid(*v));
    candidate.iter_mut().for_each(|v| *v = tanh(*v));
    exit.iter_mut().for_each(|v| *v = sigmoid(*v));
    let (enter, forget) = sigmoids.split_at(hidden);
    let (candidate, exit) = (&candidate[..hidden], &exit[..hidden]);
    let (enter, forget) = (&enter[..hidden], &forget[..hidden]);
    let (cell, state) = (&mut cell[..hidden], &mut state[..hidden]);
    for k in 0..hidden {
        cell[k] = forget[k] * last[k] + enter[k] * candidate[k];
        state[k] = exit[k] * tanh(cell[k]);
    }
}

/// One sample's step back: the slope of the gates before their activation, from the slopes of state and cell.
fn retreat(gate: &[f32], cell: &[f32], last: &[f32], dh: &[f32], dc: &mut [f32], out: &mut [f32]) {
    let hidden = cell.len();
    let (enter, rest) = gate.split_at(hidden);
    let (forget, rest) = rest.split_at(hidden);
    let (candidate, exit) = rest.split_at(hidden);
    let (out_enter, rest) = out.split_at_mut(hidden);
    let (out_forget, rest) = rest.split_at_mut(hidden);
    let (out_candidate, out_exit) = rest.split_at_mut(hidden);
    let (last, dh, dc) = (&last[..hidden], &dh[..hidden], &mut dc[..hidden]);
    let (candidate, exit) = (&candidate[..hidden], &exit[..hidden]);
    let (forget, out_forget) = (&forget[..hidden], &mut out_forget[..hidden]);
    let (out_candidate, out_exit) = (&mut out_candidate[..hidden], &mut out_exit[..hidden]);
    for k in 0..hidden {
        let reached = tanh(cell[k]);
        let d = dc[k] + dh[k] * exit[k] * (1.0 - reached * reached);
        out_enter[k] = d * candidate[k] * enter[k] * (1.0 - enter[k]);
        out_forget[k] = d * last[k] * forget[k] * (1.0 - forget[k]);
        out_candidate[k] = d * enter[k] * (1.0 - candidate[k] * candidate[k]);
        out_exit[k] = dh[k] * reached * exit[k] * (1.0 - exit[k]);
        dc[k] = d * forget[k];
    }
}

fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("an LSTM needs contiguous tensors"),
    }
}
