//! The adversarial family: nets trained against critics.

pub mod beatgan;
pub mod bigan;
pub mod cyclegan;
pub mod tadgan;

use serde::{Deserialize, Serialize};

use super::reconstruction::reconstructive;
use crate::score::ScoreRule;

/// The reconstruction's share in a score beside that of a critic, which says little of a stranger's series.
const SHARE: f64 = 0.9;

/// Parameters of nets with a critic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Bins between windows, 1 to 50: more are faster and coarser.
    pub step: usize,
    /// How the reconstruction's error and the critic's judgement become a score.
    pub score: ScoreRule,
}

impl Default for Params {
    fn default() -> Params {
        let reconstructive::Params { step, score } = reconstructive::Params::default();
        Params { step, score: ScoreRule { share: SHARE, ..score } }
    }
}

impl From<Params> for reconstructive::Params {
    fn from(Params { step, score }: Params) -> reconstructive::Params {
        reconstructive::Params { step, score }
    }
}
