//! The loop that runs a recipe.

use std::path::Path;
use std::time::{Duration, Instant};

use candle_core::Tensor;

use super::adversarial::{Game, Rates, features, joint, normal, wasserstein};
use super::batch::Source;
use super::layers::{forward, samples};
use super::loss::{divergence, ended, scalar, squared};
use super::params::{Adam, Done, Params, restore, save};
use super::recipe::{Recipe, Rivalry, Task};
use crate::error::{Error, Result};
use crate::math::random::{Random, mix};
use crate::nn::net::{Layer, Net, Nets, Output};

/// Where a run stands.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Steps and groups done.
    pub done: u64,
    /// Steps and groups in all.
    pub all: u64,
    /// Of the last step: the makers' loss; of a group what its game says of it.
    pub losses: [f64; 4],
    /// Time that the rest will take at the pace of this run.
    pub left: Duration,
}

/// Nets in training with their optimisers.
pub struct Run<'a> {
    recipe: &'a Recipe,
    nets: Nets,
    /// The variables.
    pub params: Params,
    makers: Adam,
    critics: Adam,
    seed: u64,
    done: Done,
}

/// Gradients longer than this are shortened.
const CLIP: f64 = 1.0;
/// Values that a forecaster foresees in one pass of training; after each of them the window is one longer.
const AHEAD: usize = 8;
/// Twice the variance that a decoder is taken to have, so that loss and divergence are on one scale.
const SPREAD: f64 = 0.02;
/// Steps between checkpoints.
const KEEP_EVERY: u64 = 200;

impl<'a> Run<'a> {
    /// A fresh start.
    ///
    /// # Errors
    /// [`Error::Numeric`].
    pub fn new(recipe: &'a Recipe, seed: u64) -> Result<Run<'a>> {
        let nets = (recipe.nets)();
        let mut params = Params::new();
        let mut random = Random::new(mix(seed));
        for (name, net) in &nets {
            params.start(name, net, &mut random)?;
        }
        let makers = Adam::new("makers", &params, recipe.makers, 0.9, 0.999)?;
        let critics: Vec<&str> =
            nets.keys().map(String::as_str).filter(|name| !recipe.makers.contains(name)).collect();
        // 0.5 and 0.9 are usual for critics with a gradient penalty (Gulrajani et al., 2017).
        let critics = Adam::new("critics", &params, &critics, 0.5, 0.9)?;
        Ok(Run { recipe, nets, params, makers, critics, seed, done: Done::default() })
    }

    /// Goes on from a checkpoint, if there is one.
    ///
    /// # Errors
    /// [`Error::Numeric`] for a file that is not a checkpoint of this recipe.
    pub fn resume(&mut self, checkpoint: &Path) -> Result<()> {
        if checkpoint.exists() {
            let optimisers = &mut [&mut self.makers, &mut self.critics];
            self.done = restore(checkpoint, &mut self.params, optimisers)?;
        }
        Ok(())
    }

    /// Steps, at least once, until the recipe is done or `budget` is spent; returns whether it is done. Checkpoints
    /// go to `checkpoint`.
    ///
    /// # Errors
    /// [`Error::Numeric`] for a loss that is not finite.
    pub fn advance(
        &mut self,
        source: &Source,
        budget: Duration,
        checkpoint: Option<&Path>,
        mut report: impl FnMut(Progress),
    ) -> Result<bool> {
        let (start, first, all) = (Instant::now(), self.done, self.recipe.steps + self.recipe.groups);
        while self.done.steps < all {
            let losses = self.step(source)?;
            self.done.steps += 1;
            let spent = start.elapsed().as_secs_f64();
            self.done.seconds = first.seconds + spent;
            let cost = |from: u64, to: u64| {
                let groups = to.saturating_sub(from.max(self.recipe.steps));
                (to - from - groups) + groups * self.recipe.rivalry.cost()
            };
            let done = self.done.steps;
            let pace = spent / cost(first.steps, done) as f64;
            let left = Duration::from_secs_f64(pace * cost(done, all) as f64);
            report(Progress { done, all, losses, left });
            if let Some(path) = checkpoint.filter(|_| done.is_multiple_of(KEEP_EVERY)) {
                self.keep(path)?;
            }
            if start.elapsed() > budget {
                break;
            }
        }
        if let Some(path) = checkpoint {
            self.keep(path)?;
        }
        Ok(self.done.steps >= all)
    }

    /// Minutes that the steps and groups so far took.
    pub fn minutes(&self) -> f64 {
        self.done.seconds / 60.0
    }

    /// The answers of the makers to windows, one after the other.
    ///
    /// # Errors
    /// [`Error::Numeric`].
    pub fn answer(&self, values: &[f32]) -> Result<Vec<f32>> {
        let mut x = samples(values, self.recipe.window)?;
        for name in self.recipe.makers {
            x = forward(self.net(name)?, name, &self.params, &x, None)?;
        }
        Ok(x.flatten_all()?.to_vec1()?)
    }

    /// The critic's judgement of windows, if there is a critic.
    ///
    /// # Errors
    /// [`Error::Numeric`].
    pub fn judge(&self, values: &[f32]) -> Result<Option<Vec<f32>>> {
        let Some(name) = self.recipe.critic else { return Ok(None) };
        let x = samples(values, self.recipe.window)?;
        let judged = forward(self.net(name)?, name, &self.params, &x, None)?;
        Ok(Some(judged.flatten_all()?.to_vec1()?))
    }

    fn net(&self, name: &str) -> Result<&Net> {
        self.nets.get(name).ok_or_else(|| Error::param("recipe", format!("there is no net {name}")))
    }

    /// One step or group. Its random numbers follow from the seed and its index.
    fn step(&mut self, source: &Source) -> Result<[f64; 4]> {
        let mut random = Random::new(mix(self.seed ^ mix(self.done.steps + 1)));
        let recipe = self.recipe;
        if let Some(at) = self.done.steps.checked_sub(recipe.steps) {
            return self.play(at, source, &mut random);
        }
        let loss = match recipe.task {
            Task::Rebuild | Task::Regress(_) => self.rebuild(source, &mut random)?,
            Task::Vary => self.vary(source, &mut random)?,
            Task::Foresee => self.foresee(source, &mut random)?,
        };
        let turn = std::f64::consts::PI * self.done.steps as f64 / recipe.steps as f64;
        let warm = ((self.done.steps + 1) as f64 / 200.0).min(1.0);
        let rate = recipe.rate * warm * (0.05 + 0.95 * (0.5 + 0.5 * turn.cos()));
        self.makers.step(&self.params, &loss.backward()?, rate, CLIP)?;
        Ok([scalar(&loss)?, 0.0, 0.0, 0.0])
    }

    /// The group of this index.
    fn play(&mut self, at: u64, source: &Source, random: &mut Random) -> Result<[f64; 4]> {
        let recipe = self.recipe;
        // The critics learn to judge before the makers listen to them.
        let judgement = (at as f64 / (0.3 * recipe.groups as f64)).min(1.0) * recipe.judgement;
        let game = &mut Game {
            nets: &self.nets,
            params: &self.params,
            makers: &mut self.makers,
            critics: &mut self.critics,
            size: recipe.batch,
            rates: Rates { critics: 5e-4, makers: 1e-4, judgement },
        };
        Ok(match recipe.rivalry {
            Rivalry::None => [0.0; 4],
            Rivalry::Wasserstein(cycles, latent) => wasserstein::group(game, cycles, latent, source, random)?,
            Rivalry::Features => features::group(game, source, random)?,
            Rivalry::Joint(latent) => joint::group(game, latent, source, random)?,
        })
    }

    /// How far the makers' answers to spoilt windows are from the windows as they were.
    fn rebuild(&self, source: &Source, random: &mut Random) -> Result<Tensor> {
        let batch = source.batch(self.recipe.batch, true, random);
        let mut x = samples(&batch.shown, self.recipe.window)?;
        for name in self.recipe.makers {
            x = forward(self.net(name)?, name, &self.params, &x, Some(random))?;
        }
        let whole = samples(&batch.whole, self.recipe.window)?;
        Ok(match self.recipe.task {
            Task::Regress(ends) => ended(&x, &whole, ends)?,
            _ => squared(&x, &whole)?,
        })
    }

    /// The loss of a variational auto-encoder on spoilt windows. The draw and the divergence come in slowly over the
    /// first third: else no code would say anything.
    fn vary(&self, source: &Source, random: &mut Random) -> Result<Tensor> {
        let Recipe { window, batch, makers, .. } = *self.recipe;
        let [encoder, decoder] = makers else { return Err(Error::param("recipe", "two makers are needed")) };
        let batch = source.batch(batch, true, random);
        let shown = samples(&batch.shown, window)?;
        let said = forward(self.net(encoder)?, encoder, &self.params, &shown, Some(random))?;
        let latent = said.dim(2)? / 2;
        let mean = said.narrow(2, 0, latent)?.contiguous()?;
        let log_variance = said.narrow(2, latent, latent)?.contiguous()?.clamp(-10f32, 10f32)?;
        let grown = (3.0 * self.done.steps as f64 / self.recipe.steps as f64).min(1.0);
        let draw = (normal(shown.dim(0)?, latent, random)? * grown)?;
        let code = (&mean + ((&log_variance * 0.5)?.exp()? * draw)?)?;
        let again = forward(self.net(decoder)?, decoder, &self.params, &code, Some(random))?;
        let apart = divergence(&mean, &log_variance)?;
        Ok((squared(&again, &samples(&batch.whole, window)?)? + (apart * (grown * SPREAD / window as f64))?)?)
    }

    /// How far the changes that the first maker foresees are from those that came.
    fn foresee(&self, source: &Source, random: &mut Random) -> Result<Tensor> {
        let Recipe { window, batch, makers, .. } = *self.recipe;
        let Some(name) = makers.first() else { return Err(Error::param("recipe", "there is no maker")) };
        let batch = source.ahead(batch, window, AHEAD, random);
        let shown = samples(&batch.shown, window + AHEAD - 1)?;
        // A recurrent net says at every step what it will say of the last one.
        let mut net = self.net(name)?.clone();
        for layer in &mut net.layers {
            if let Layer::Rnn { output, .. } | Layer::Lstm { output, .. } = layer {
                *output = Output::Sequence;
            }
        }
        let said = forward(&net, name, &self.params, &shown, Some(random))?;
        Ok(squared(&said.narrow(1, window - 1, AHEAD)?, &samples(&batch.whole, AHEAD)?)?)
    }

    fn keep(&self, path: &Path) -> Result<()> {
        Ok(save(path, &self.params, &[&self.makers, &self.critics], self.done)?)
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Error {
        Error::Numeric(error.to_string())
    }
}
