//! Nets trained against each other, a group of alternating steps at a time.

pub mod features;
pub mod joint;
pub mod wasserstein;

use candle_core::{Device, Result, Tensor, bail};

use super::layers::forward;
use super::params::{Adam, Params};
use crate::math::random::Random;
use crate::nn::net::{Net, Nets};

/// Learning rates of a group.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Those who judge.
    pub critics: f64,
    /// Those who make.
    pub makers: f64,
    /// Weight of the judgement in the makers' loss.
    pub judgement: f64,
}

/// What a group works on.
pub struct Game<'a> {
    /// All nets.
    pub nets: &'a Nets,
    /// Their variables.
    pub params: &'a Params,
    /// Steps those who make.
    pub makers: &'a mut Adam,
    /// Steps those who judge.
    pub critics: &'a mut Adam,
    /// Windows of a step.
    pub size: usize,
    /// How far it steps.
    pub rates: Rates,
}

impl Game<'_> {
    /// The net of this name, with its name.
    ///
    /// # Errors
    /// If there is none.
    pub fn net<'b>(&self, name: &'b str) -> Result<(&Net, &'b str)> {
        match self.nets.get(name) {
            Some(net) => Ok((net, name)),
            None => bail!("there is no net {name}"),
        }
    }

    /// What a net says to `x`. With `random` given, dropout is on.
    ///
    /// # Errors
    /// Shapes that do not fit, or a net that is missing.
    pub fn on(&self, name: &str, x: &Tensor, random: Option<&mut Random>) -> Result<Tensor> {
        let (net, name) = self.net(name)?;
        forward(net, name, self.params, x, random)
    }
}

/// `count` standard normal codes of `width` values.
///
/// # Errors
/// Out of memory only.
pub fn normal(count: usize, width: usize, random: &mut Random) -> Result<Tensor> {
    let values: Vec<f32> = (0..count * width).map(|_| random.normal() as f32).collect();
    Tensor::from_vec(values, (count, 1, width), &Device::Cpu)
}
