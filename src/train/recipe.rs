//! What is trained, and how: the list of recipes.

use crate::detect::adversarial::{beatgan, bigan, cyclegan, tadgan};
use crate::detect::prediction::{foresight, lstm, rnn};
use crate::detect::reconstruction::{aer, autoencoder, lstm_autoencoder, vae};
use crate::nn::familiar::WINDOW;
use crate::nn::net::Nets;

/// What the makers learn by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// To answer windows whole that are hidden or spoilt in places.
    Rebuild,
    /// The same, and so many points at each end, which are not shown: together they count as much as the rest.
    Regress(usize),
    /// As [`Task::Rebuild`], from a code that is drawn around what the first maker says.
    Vary,
    /// To say by how much the next value differs from the last.
    Foresee,
}

/// What comes back where in a cycle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cycles {
    /// Windows, in the mean square.
    Windows,
    /// Windows and codes, in the mean absolute error, with noise of this deviation on the codes of windows.
    Both(f64),
}

/// Who the makers play against after their steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rivalry {
    /// Nobody.
    None,
    /// Wasserstein critics of windows and of codes of so many values.
    Wasserstein(Cycles, usize),
    /// A discriminator whose features they are to match.
    Features,
    /// Joint discriminators of windows and codes of so many values.
    Joint(usize),
}

impl Rivalry {
    /// Steps that take about as long as a group.
    pub fn cost(self) -> u64 {
        match self {
            Rivalry::None => 1,
            Rivalry::Wasserstein(..) => 12,
            Rivalry::Features => 2,
            Rivalry::Joint(_) => 4,
        }
    }
}

/// How one detector's nets are trained.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The detector.
    pub name: &'static str,
    /// Of the files that it writes.
    pub version: u32,
    /// Its nets.
    pub nets: fn() -> Nets,
    /// Points that they look at.
    pub window: usize,
    /// Those that rebuild or foresee, in the order of the data.
    pub makers: &'static [&'static str],
    /// The one that judges windows, if any.
    pub critic: Option<&'static str>,
    /// Others that a score needs.
    pub kept: &'static [&'static str],
    /// What the makers learn.
    pub task: Task,
    /// Steps of it.
    pub steps: u64,
    /// Who they play against after that.
    pub rivalry: Rivalry,
    /// Groups of it.
    pub groups: u64,
    /// Weight of the judgement in the makers' loss, once it has grown.
    pub judgement: f64,
    /// Windows of a step.
    pub batch: usize,
    /// Adam's learning rate at the start; it falls to a twentieth along a cosine.
    pub rate: f64,
}

/// What recipes have in common.
const USUAL: Recipe = Recipe {
    name: "",
    version: 1,
    nets: Nets::new,
    window: WINDOW,
    makers: &["encoder", "decoder"],
    critic: None,
    kept: &[],
    task: Task::Rebuild,
    steps: 0,
    rivalry: Rivalry::None,
    groups: 0,
    judgement: 0.0,
    batch: 64,
    rate: 2e-3,
};

/// A forecaster's.
const FORESEEING: Recipe = Recipe { makers: &[foresight::NET], task: Task::Foresee, batch: 128, ..USUAL };

/// Every recipe; `train NAME` looks here.
pub static RECIPES: &[Recipe] = &[
    Recipe { name: "autoencoder", nets: autoencoder::nets, steps: 40_000, batch: 256, ..USUAL },
    Recipe { name: "vae", nets: vae::nets, task: Task::Vary, steps: 5_000, ..USUAL },
    Recipe { name: "lstm-autoencoder", nets: lstm_autoencoder::nets, steps: 4_000, ..USUAL },
    Recipe { name: "aer", nets: aer::nets, task: Task::Regress(aer::ENDS), steps: 4_000, ..USUAL },
    Recipe { name: "rnn", nets: rnn::nets, window: rnn::BACK, steps: 12_000, ..FORESEEING },
    Recipe { name: "lstm", nets: lstm::nets, window: lstm::BACK, steps: 6_000, ..FORESEEING },
    Recipe {
        name: "tadgan",
        nets: tadgan::nets,
        makers: &["encoder", "generator"],
        critic: Some("critic_x"),
        steps: 2_600,
        rivalry: Rivalry::Wasserstein(Cycles::Windows, tadgan::LATENT),
        groups: 80,
        judgement: 0.03,
        ..USUAL
    },
    Recipe {
        name: "cyclegan",
        nets: cyclegan::nets,
        makers: &["encoder", "generator"],
        critic: Some("critic_x"),
        steps: 4_000,
        rivalry: Rivalry::Wasserstein(Cycles::Both(0.03), cyclegan::LATENT),
        groups: 100,
        judgement: 0.03,
        ..USUAL
    },
    Recipe {
        name: "bigan",
        nets: bigan::nets,
        makers: &["encoder", "generator"],
        kept: &["pair", "twin"],
        steps: 30_000,
        rivalry: Rivalry::Joint(bigan::LATENT),
        groups: 2_000,
        judgement: 0.02,
        batch: 128,
        ..USUAL
    },
    Recipe {
        name: "beatgan",
        nets: beatgan::nets,
        steps: 4_000,
        rivalry: Rivalry::Features,
        groups: 500,
        judgement: 0.1,
        ..USUAL
    },
];

/// The recipe of this detector.
pub fn find(name: &str) -> Option<&'static Recipe> {
    RECIPES.iter().find(|r| r.name == name)
}
