//! What training makes small.

use candle_core::{Result, Tensor, bail};

use super::layers::{forward, input_gradient, trace};
use super::params::Params;
use crate::math::random::Random;
use crate::nn::net::Net;

/// Mean squared difference.
///
/// # Errors
/// Shapes that differ.
pub fn squared(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    (a - b)?.sqr()?.mean_all()
}

/// Mean absolute difference.
///
/// # Errors
/// Shapes that differ.
pub fn absolute(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    (a - b)?.abs()?.mean_all()
}

/// Mean logistic loss of logits that should all say `truth`, 1 or 0: `max(l, 0) - l y + ln(1 + exp(-|l|))`, which is
/// finite whatever the logit.
///
/// # Errors
/// Out of memory only.
pub fn logistic(logits: &Tensor, truth: f64) -> Result<Tensor> {
    let far = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    ((logits.relu()? - (logits * truth)?)? + far)?.mean_all()
}

/// Mean squared difference where the first and last `ends` steps weigh a quarter each, and the rest a half (Wong et
/// al., 2022).
///
/// # Errors
/// Shapes that differ or are not longer than the ends.
pub fn ended(a: &Tensor, b: &Tensor, ends: usize) -> Result<Tensor> {
    let time = a.dim(1)?;
    let part = |start, length| squared(&a.narrow(1, start, length)?, &b.narrow(1, start, length)?);
    let outer = (part(0, ends)? + part(time - ends, ends)?)?;
    (outer * 0.25)? + (part(ends, time - 2 * ends)? * 0.5)?
}

/// How far normal distributions of these means and logarithms of variances are from the standard one: their
/// Kullback-Leibler divergence, summed over a sample's values, the mean over samples.
///
/// # Errors
/// Shapes that differ.
pub fn divergence(mean: &Tensor, log_variance: &Tensor) -> Result<Tensor> {
    let each = ((mean.sqr()? + log_variance.exp()?)? - log_variance)?.affine(0.5, -0.5)?;
    each.flatten_from(1)?.sum(1)?.mean_all()
}

/// A loss as a number.
///
/// # Errors
/// If it is not finite.
pub fn scalar(loss: &Tensor) -> Result<f64> {
    let value = f64::from(loss.to_scalar::<f32>()?);
    if value.is_finite() { Ok(value) } else { bail!("the loss is not finite") }
}

/// A critic's loss and its parts.
#[derive(Debug, Clone)]
pub struct Critique {
    /// `fake - real + 10 penalty`.
    pub total: Tensor,
    /// Mean judgement of real samples.
    pub real: Tensor,
    /// Mean judgement of made ones.
    pub fake: Tensor,
    /// Mean squared distance of the slope's length from 1.
    pub penalty: Tensor,
}

/// Weight of the penalty (Gulrajani et al., 2017).
const PENALTY: f64 = 10.0;
/// Keeps the gradient of a root finite at 0.
const ROOT: f64 = 1e-12;

/// The Wasserstein loss with gradient penalty of the critic called `name`. `mix (batch, 1, 1)` in `[0, 1]` says
/// where between a real and a made sample the slope is looked at.
///
/// # Errors
/// Shapes that do not fit, or a critic that is not piecewise linear.
pub fn critique(
    net: &Net,
    name: &str,
    params: &Params,
    real: &Tensor,
    fake: &Tensor,
    mix: &Tensor,
    mut random: Option<&mut Random>,
) -> Result<Critique> {
    let judged = forward(net, name, params, real, random.as_deref_mut())?.mean_all()?;
    let made = forward(net, name, params, fake, random)?.mean_all()?;
    let between = (real.broadcast_mul(mix)? + fake.broadcast_mul(&mix.affine(-1.0, 1.0)?)?)?;
    let steps = trace(net, name, params, &between.detach(), None)?;
    let slope = input_gradient(net, name, params, &steps)?;
    let length = (slope.sqr()?.flatten_from(1)?.sum(1)? + ROOT)?.sqrt()?;
    let penalty = length.affine(1.0, -1.0)?.sqr()?.mean_all()?;
    let total = ((&made - &judged)? + (&penalty * PENALTY)?)?;
    Ok(Critique { total, real: judged, fake: made, penalty })
}
