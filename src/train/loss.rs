//! What training makes small.

use candle_core::{Result, Tensor};

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
