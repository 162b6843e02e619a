//! Bi-directional GAN, pretrained: encoder and generator that are each other's inverse, judged by joint discriminators.
//!
//! Encoder and generator were trained against three discriminators: of windows with their codes, of two windows, of two
//! codes. At use a window goes to a code and back; its score is the reconstruction's error and how differently a
//! discriminator sees window and reconstruction, mixed as `reconstruction::reconstructive` says. Two such judgements,
//! L1 distances of features, are there:
//!
//! - [`Judge::Twin`]: `|f_xx(x, x) - f_xx(x, G(E(x)))|`, of two windows (Zenati et al. 2018, Adversarially Learned
//!   Anomaly Detection);
//! - [`Judge::Pair`]: `|f_xz(x, E(x)) - f_xz(G(E(x)), E(x))|`, of a window with its code (Zenati et al. 2018, Efficient
//!   GAN-Based Anomaly Detection).
//!
//! Cost: 0.1 million multiply-adds a window. Dense nets: what is shifted within a window has to be learnt at each
//! place.

use std::sync::Arc;

use crate::detect::reconstruction::{Reconstruction, Reconstructor, fused, reconstructive};
use crate::detect::{Detector, Entry, Family, Setup};
use crate::error::Result;
use crate::nn::familiar::WINDOW;
use crate::nn::fused::Fused;
use crate::nn::net::{Extent, Layer, Nets, named};
use crate::score::ScoreRule;
use crate::settings::{Setting, choices, settings};

/// Values of a code.
pub const LATENT: usize = 16;

/// The nets: `encoder` and `generator`; `pair`, `twin` and `codes`, what the discriminators see, and what each makes
/// of that, with `_judge` at its name.
pub fn nets() -> Nets {
    let dense = |inputs, outputs| Layer::Dense { inputs, outputs };
    let leaky = || Layer::LeakyRelu { slope: 0.2 };
    let encoder =
        vec![Layer::Flatten, dense(WINDOW, 128), leaky(), dense(128, 64), leaky(), dense(64, LATENT)];
    let generator = vec![
        dense(LATENT, 64),
        leaky(),
        dense(64, 128),
        leaky(),
        dense(128, WINDOW),
        Layer::Reshape { channels: 1 },
    ];
    let sees = |inputs, outputs| vec![dense(inputs, outputs), leaky()];
    let judges = |inputs| vec![Layer::Dropout { p: 0.2 }, dense(inputs, 1)];
    named([
        ("encoder", encoder),
        ("generator", generator),
        ("pair", sees(WINDOW + LATENT, 128)),
        ("pair_judge", judges(128)),
        ("twin", sees(2 * WINDOW, 128)),
        ("twin_judge", judges(128)),
        ("codes", sees(2 * LATENT, 32)),
        ("codes_judge", judges(32)),
    ])
}

/// Which discriminator's features judge a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Judge {
    /// That of two windows.
    #[default]
    Twin,
    /// That of a window with its code.
    Pair,
}
choices!(Judge { Twin = "twin", Pair = "pair" });

/// Parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Bins between windows, 1 to 50: more are faster and coarser.
    pub step: usize,
    /// Which discriminator's features judge.
    pub judge: Judge,
    /// How the reconstruction's error and that judgement become a score.
    pub score: ScoreRule,
    /// Whether HTM judges beside the net where the series shows it no shapes.
    pub htm: bool,
}
settings!(Params { step, judge, score, htm });

impl Default for Params {
    fn default() -> Params {
        let reconstructive::Params { step, score, htm } = super::defaults();
        Params { step, judge: Judge::default(), score, htm }
    }
}

/// Encoder, generator and what one discriminator sees.
struct Joint {
    encoder: Fused,
    generator: Fused,
    sees: Fused,
    judge: Judge,
}

impl Joint {
    fn new(setup: &Setup, judge: Judge) -> Result<Joint> {
        let net = |name, input| fused(ENTRY.name, setup.weights, name, input);
        let flat = |channels| Extent { time: 1, channels };
        let encoder = net("encoder", Extent { time: WINDOW, channels: 1 })?;
        let generator = net("generator", encoder.output())?;
        let sees = match judge {
            Judge::Twin => net("twin", flat(2 * WINDOW))?,
            Judge::Pair => net("pair", flat(WINDOW + LATENT))?,
        };
        Ok(Joint { encoder, generator, sees, judge })
    }
}

impl Reconstructor for Joint {
    fn reconstruct(&self, windows: &[f32]) -> Result<Reconstruction> {
        let codes = self.encoder.run(windows)?;
        let values = self.generator.run(&codes)?;
        // Each window and its reconstruction, and what the discriminator sees beside either.
        let beside = |window: &[f32], again: &[f32], code: &[f32]| match self.judge {
            Judge::Twin => [[window, window].concat(), [window, again].concat()].concat(),
            Judge::Pair => [[window, code].concat(), [again, code].concat()].concat(),
        };
        let each = windows.chunks_exact(WINDOW).zip(values.chunks_exact(WINDOW));
        let shown: Vec<f32> =
            each.zip(codes.chunks_exact(LATENT)).flat_map(|((w, a), c)| beside(w, a, c)).collect();
        let seen = self.sees.run(&shown)?;
        let width = self.sees.output().len();
        let apart = |pair: &[f32]| -> f32 {
            let (real, again) = pair.split_at(width);
            real.iter().zip(again).map(|(a, b)| (a - b).abs()).sum()
        };
        let critic = seen.chunks_exact(2 * width).map(apart).collect();
        Ok(Reconstruction { values, critic: Some(critic) })
    }
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let params: Params = setup.params()?;
    let net = Joint::new(setup, params.judge)?;
    let params = reconstructive::Params { step: params.step, score: params.score, htm: params.htm };
    reconstructive::detector(ENTRY.name, Arc::new(net), params, setup)
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "bigan",
    family: Family::Adversarial,
    pretrained: true,
    summary: "Shapes that pretrained nets rebuild so that a discriminator sees something else",
    source: "Zenati et al. (2018), Adversarially Learned Anomaly Detection",
    defaults: || Params::default().value(),
    build,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_codes_lead_into_each_other_and_each_pair_is_judged() {
        let nets = nets();
        let through = |name: &str, time, channels| {
            *nets[name].extents(Extent { time, channels }).unwrap().last().unwrap()
        };
        assert_eq!(through("encoder", WINDOW, 1).len(), LATENT);
        assert_eq!(through("generator", 1, LATENT), Extent { time: WINDOW, channels: 1 });
        for (name, width) in [("pair", WINDOW + LATENT), ("twin", 2 * WINDOW), ("codes", 2 * LATENT)] {
            let seen = through(name, 1, width);
            assert_eq!(through(&format!("{name}_judge"), seen.time, seen.channels).len(), 1);
        }
    }
}
