//! Alternating steps for TadGAN: critics several times, then encoder and generator (Geiger et al., 2020).

use candle_core::{Device, Result, Tensor};

use super::data::Source;
use super::layers::forward;
use super::loss::{critique, squared};
use super::params::{Adam, Params};
use crate::math::random::Random;
use crate::nn::familiar::WINDOW;
use crate::nn::net::{Net, Nets};

/// The four nets by their names.
pub struct Four<'a> {
    /// Window to latent.
    pub encoder: &'a Net,
    /// Latent to window.
    pub generator: &'a Net,
    /// Judges windows.
    pub critic_x: &'a Net,
    /// Judges latents.
    pub critic_z: &'a Net,
    /// Values of a latent.
    pub latent: usize,
}

impl Four<'_> {
    /// Those of `nets`, if they are all there.
    pub fn of(nets: &Nets, latent: usize) -> Option<Four<'_>> {
        Some(Four {
            encoder: nets.get("encoder")?,
            generator: nets.get("generator")?,
            critic_x: nets.get("critic_x")?,
            critic_z: nets.get("critic_z")?,
            latent,
        })
    }

    /// `G(E(x))`.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn cycle(&self, params: &Params, x: &Tensor, mut random: Option<&mut Random>) -> Result<Tensor> {
        let z = forward(self.encoder, "encoder", params, x, random.as_deref_mut())?;
        forward(self.generator, "generator", params, &z, random)
    }
}

/// Steps of the critics for one of encoder and generator.
pub const CRITIC_STEPS: usize = 5;
/// Weight of the reconstruction beside the critics' judgement (the reference implementation's).
const CYCLE: f64 = 10.0;
/// Gradients longer than this are shortened.
const CLIP: f64 = 5.0;

/// Learning rates of a group.
pub struct Rates {
    /// Both critics'.
    pub critics: f64,
    /// Encoder's and generator's.
    pub makers: f64,
    /// Weight of the critics' judgement in the makers' loss; the reference has 1.
    pub judgement: f64,
}

/// One group: [`CRITIC_STEPS`] steps of both critics, then one of encoder and generator on the last batch. Returns
/// the parts of the losses: critic x, critic z, makers, reconstruction.
///
/// # Errors
/// A loss that is not finite.
pub fn group(
    four: &Four,
    params: &Params,
    optimisers: [&mut Adam; 3],
    source: &Source,
    size: usize,
    rates: &Rates,
    random: &mut Random,
) -> Result<[f64; 4]> {
    let [adam_x, adam_z, adam_eg] = optimisers;
    let mut parts = [0.0; 4];
    let mut last = None;
    for _ in 0..CRITIC_STEPS {
        let batch = source.batch(size, true, random);
        let whole = windows(&batch.whole)?;
        let z = normal(size, four.latent, random)?;
        let made = forward(four.generator, "generator", params, &z, None)?.detach();
        let mix = uniform(size, random)?;
        let loss = critique(four.critic_x, "critic_x", params, &whole, &made, &mix, Some(random))?;
        adam_x.step(params, &loss.total.backward()?, rates.critics, f64::INFINITY)?;
        parts[0] = scalar(&loss.total)?;
        let code = forward(four.encoder, "encoder", params, &whole, None)?.detach();
        let mix = uniform(size, random)?;
        let loss = critique(four.critic_z, "critic_z", params, &z, &code, &mix, Some(random))?;
        adam_z.step(params, &loss.total.backward()?, rates.critics, f64::INFINITY)?;
        parts[1] = scalar(&loss.total)?;
        last = Some((whole, windows(&batch.shown)?, z));
    }
    let Some((whole, shown, z)) = last else { return Ok(parts) };
    let made = forward(four.generator, "generator", params, &z, None)?;
    let judged_x = forward(four.critic_x, "critic_x", params, &made, None)?.mean_all()?;
    let code = forward(four.encoder, "encoder", params, &shown, None)?;
    let judged_z = forward(four.critic_z, "critic_z", params, &code, None)?.mean_all()?;
    let again = forward(four.generator, "generator", params, &code, None)?;
    let error = squared(&again, &whole)?;
    let loss = ((&error * CYCLE)? - ((judged_x + judged_z)? * rates.judgement)?)?;
    adam_eg.step(params, &loss.backward()?, rates.makers, CLIP)?;
    parts[2] = scalar(&loss)?;
    parts[3] = scalar(&error)?;
    Ok(parts)
}

/// Windows as `(batch, WINDOW, 1)`.
///
/// # Errors
/// A count that is not a multiple of [`WINDOW`].
pub fn windows(values: &[f32]) -> Result<Tensor> {
    Tensor::from_slice(values, (values.len() / WINDOW, WINDOW, 1), &Device::Cpu)
}

/// A loss as a number.
///
/// # Errors
/// If it is not finite.
pub fn scalar(loss: &Tensor) -> Result<f64> {
    let value = f64::from(loss.to_scalar::<f32>()?);
    if value.is_finite() { Ok(value) } else { candle_core::bail!("the loss is not finite") }
}

fn normal(count: usize, width: usize, random: &mut Random) -> Result<Tensor> {
    let values: Vec<f32> = (0..count * width).map(|_| random.normal() as f32).collect();
    Tensor::from_vec(values, (count, 1, width), &Device::Cpu)
}

fn uniform(count: usize, random: &mut Random) -> Result<Tensor> {
    let values: Vec<f32> = (0..count).map(|_| random.uniform() as f32).collect();
    Tensor::from_vec(values, (count, 1, 1), &Device::Cpu)
}
