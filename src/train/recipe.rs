//! What is trained, and how: the list of recipes and the loop that runs one.

use std::path::Path;
use std::time::{Duration, Instant};

use super::adversarial::{Four, Rates, group, scalar, windows};
use super::data::Source;
use super::layers::forward;
use super::loss::squared;
use super::params::{Adam, Params, restore, save};
use crate::detect::adversarial::tadgan;
use crate::detect::reconstruction::autoencoder;
use crate::error::{Error, Result};
use crate::math::random::{Random, mix};
use crate::nn::net::Nets;

/// How one detector's nets are trained.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The detector.
    pub name: &'static str,
    /// Of the files that it writes.
    pub version: u32,
    /// Its nets.
    pub nets: fn() -> Nets,
    /// Those that reconstruct, in the order of the data.
    pub makers: [&'static str; 2],
    /// The one that judges windows, if any.
    pub critic: Option<&'static str>,
    /// Steps of masked reconstruction.
    pub steps: u64,
    /// Groups of adversarial steps after them.
    pub groups: u64,
    /// Windows of a step.
    pub batch: usize,
    /// Adam's learning rate at the start; it falls to a twentieth along a cosine.
    pub rate: f64,
}

/// Every recipe; `train NAME` looks here.
pub static RECIPES: &[Recipe] = &[
    Recipe {
        name: "autoencoder",
        version: 1,
        nets: autoencoder::nets,
        makers: ["encoder", "decoder"],
        critic: None,
        steps: 40_000,
        groups: 0,
        batch: 256,
        rate: 2e-3,
    },
    Recipe {
        name: "tadgan",
        version: 1,
        nets: tadgan::nets,
        makers: ["encoder", "generator"],
        critic: Some("critic_x"),
        steps: 7_000,
        groups: 200,
        batch: 64,
        rate: 2e-3,
    },
];

/// Where a run stands.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Steps and groups done.
    pub done: u64,
    /// Steps and groups in all.
    pub all: u64,
    /// Of the last step: the reconstruction; in groups also critic x, critic z, makers.
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
    optimisers: [Adam; 3],
    seed: u64,
    done: u64,
}

/// Gradients longer than this are shortened.
const CLIP: f64 = 1.0;
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
        let optimisers = [
            Adam::new("makers", &params, &recipe.makers, 0.9, 0.999)?,
            // 0.5 and 0.9 are usual for critics with a gradient penalty (Gulrajani et al., 2017).
            Adam::new("critic_x", &params, &["critic_x"], 0.5, 0.9)?,
            Adam::new("critic_z", &params, &["critic_z"], 0.5, 0.9)?,
        ];
        Ok(Run { recipe, nets, params, optimisers, seed, done: 0 })
    }

    /// Goes on from a checkpoint, if there is one.
    ///
    /// # Errors
    /// [`Error::Numeric`] for a file that is not a checkpoint of this recipe.
    pub fn resume(&mut self, checkpoint: &Path) -> Result<()> {
        if checkpoint.exists() {
            let [a, b, c] = &mut self.optimisers;
            self.done = restore(checkpoint, &mut self.params, &mut [a, b, c])?;
        }
        Ok(())
    }

    /// Steps until the recipe is done or `budget` is spent; returns whether it is done. Checkpoints go to
    /// `checkpoint`.
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
        while self.done < all {
            if start.elapsed() > budget {
                break;
            }
            // A group costs about this many steps.
            const GROUP: u64 = 12;
            let losses = self.step(source)?;
            self.done += 1;
            let cost = |from: u64, to: u64| {
                let groups = to.saturating_sub(from.max(self.recipe.steps));
                (to - from - groups) + groups * GROUP
            };
            let pace = start.elapsed().as_secs_f64() / cost(first, self.done) as f64;
            let left = Duration::from_secs_f64(pace * cost(self.done, all) as f64);
            report(Progress { done: self.done, all, losses, left });
            if let Some(path) = checkpoint.filter(|_| self.done.is_multiple_of(KEEP_EVERY)) {
                self.keep(path)?;
            }
        }
        if let Some(path) = checkpoint {
            self.keep(path)?;
        }
        Ok(self.done >= all)
    }

    /// The answers of the reconstructing nets to windows.
    ///
    /// # Errors
    /// [`Error::Numeric`].
    pub fn reconstruct(&self, values: &[f32]) -> Result<Vec<f32>> {
        let [encoder, decoder] = self.recipe.makers;
        let mut x = windows(values)?;
        for name in [encoder, decoder] {
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
        let judged = forward(self.net(name)?, name, &self.params, &windows(values)?, None)?;
        Ok(Some(judged.flatten_all()?.to_vec1()?))
    }

    fn net(&self, name: &str) -> Result<&crate::nn::net::Net> {
        self.nets.get(name).ok_or_else(|| Error::param("recipe", format!("there is no net {name}")))
    }

    /// One step or group. Its random numbers follow from the seed and its index.
    fn step(&mut self, source: &Source) -> Result<[f64; 4]> {
        let mut random = Random::new(mix(self.seed ^ mix(self.done + 1)));
        let recipe = self.recipe;
        let [makers, critic_x, critic_z] = &mut self.optimisers;
        if let Some(at) = self.done.checked_sub(recipe.steps) {
            let Some(four) = Four::of(&self.nets, tadgan::LATENT) else {
                return Err(Error::param("recipe", "adversarial groups need the four nets of TadGAN"));
            };
            // The critics learn to judge before the makers listen to them.
            let judgement = (at as f64 / (0.3 * recipe.groups as f64)).min(1.0) * 0.03;
            let rates = Rates { critics: 5e-4, makers: 1e-4, judgement };
            let optimisers = [critic_x, critic_z, makers];
            return Ok(group(&four, &self.params, optimisers, source, recipe.batch, &rates, &mut random)?);
        }
        let batch = source.batch(recipe.batch, true, &mut random);
        let mut x = windows(&batch.shown)?;
        for name in recipe.makers {
            let Some(net) = self.nets.get(name) else {
                return Err(Error::param("recipe", format!("there is no net {name}")));
            };
            x = forward(net, name, &self.params, &x, Some(&mut random))?;
        }
        let loss = squared(&x, &windows(&batch.whole)?)?;
        let turn = std::f64::consts::PI * self.done as f64 / recipe.steps as f64;
        let warm = ((self.done + 1) as f64 / 200.0).min(1.0);
        let rate = recipe.rate * warm * (0.05 + 0.95 * (0.5 + 0.5 * turn.cos()));
        makers.step(&self.params, &loss.backward()?, rate, CLIP)?;
        Ok([scalar(&loss)?, 0.0, 0.0, 0.0])
    }

    fn keep(&self, path: &Path) -> Result<()> {
        let [a, b, c] = &self.optimisers;
        Ok(save(path, &self.params, &[a, b, c], self.done)?)
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Error {
        Error::Numeric(error.to_string())
    }
}
