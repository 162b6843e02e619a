//! The contract that every detector keeps.
//!
//! A [`Detector`] holds parameters; its `fit` makes a [`Fitted`], so scoring before fitting cannot be written.
//! Detectors see regular, gap-free, scaled values: gaps, units and time are the business of `prepare`, limits
//! that of `decide`. No statistic is ever taken over the series being judged: means, deviations and quantiles
//! come from `fit`, so a score depends on the values in its [`Reach`] alone and live scores, once final, equal
//! the batch ones bit for bit.

pub mod adversarial;
pub mod auto;
pub mod prediction;
pub mod reconstruction;
pub mod registry;
pub mod similarity;
pub mod streaming;

use std::sync::Arc;

use serde_json::Value;

use crate::error::Result;
use crate::nn::weights::Weights;
use crate::score::Scores;
use crate::score::rarity::Rarity;
use crate::settings::Setting;

/// Parameters, checked; nothing learnt yet.
pub trait Detector: Send + Sync {
    /// Learns from `train`: regular, finite values, oldest first, on the scale on which it will score.
    /// The training stretch may contain anomalies.
    ///
    /// # Errors
    /// [`crate::Error::TooShort`] with the number of points needed.
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>>;
}

/// What has been learnt. Asking twice gives the same answer.
pub trait Fitted: Send + Sync {
    /// The points that a score looks at.
    fn reach(&self) -> Reach;

    /// One score a point of `values`, which start where the series starts. Fewer values than a window are all
    /// unscored (NaN), not an error: a live feed begins so.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] only.
    fn score(&self, values: &[f64]) -> Result<Scores>;

    /// The live form, at the start of a series. `None`: [`streaming::Rolling`] re-scores the tail.
    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        None
    }

    /// The scale of scores that say themselves how rare they are; `None`: only the calibration tells.
    fn rarity(&self) -> Option<Rarity> {
        None
    }

    /// Names of the detectors that judge together; none: it judges alone.
    fn members(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Why the scores deserve less trust than usual, in one sentence, e.g. a shape foreign to a pretrained net.
    fn caution(&self) -> Option<String> {
        None
    }
}

/// Live: the scores from [`Tail::start`] on replace those given earlier. It is `Clone` too, which [`Branch`] asks
/// for: values may turn out to have been others, and a copy made before them is where scoring goes on.
pub trait StreamingDetector: Send + Branch {
    /// Takes the next values and returns every score that is new or has changed.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] only.
    fn push(&mut self, values: &[f64]) -> Result<Tail>;
}

/// A copy of a live detector in its present state, made for whatever is `Clone`.
pub trait Branch {
    /// The copy: it goes its own way from here.
    fn branch(&self) -> Box<dyn StreamingDetector>;
}

impl<T: StreamingDetector + Clone + 'static> Branch for T {
    fn branch(&self) -> Box<dyn StreamingDetector> {
        Box::new(self.clone())
    }
}

/// How far a score looks. With `score` over N values, the score at `i` depends on `values[i - before ..= i +
/// after]` only, is final once `i + after < N`, and scoring `values[a..]` gives the same scores from
/// `a + before` on, bit for bit, for every `a` that is a multiple of `grain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Points before; [`Reach::ALL`] for state that carries on from the start of the series.
    pub before: usize,
    /// Points after.
    pub after: usize,
    /// Alignment of the windows to the start of the series, at least 1.
    pub grain: usize,
}

impl Reach {
    /// The value of `before` for a score that depends on everything before it.
    pub const ALL: usize = usize::MAX;

    /// A score that depends on everything before it and nothing after.
    pub const fn recursive() -> Reach {
        Reach { before: Reach::ALL, after: 0, grain: 1 }
    }
}

/// New and changed scores of a live series. Indices count from the first value ever pushed.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// Index of the first score in `scores`.
    pub start: usize,
    /// Scores before this index never change again.
    pub settled: usize,
    /// Scores of the points `start..`.
    pub scores: Scores,
}

/// The families of detectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Distance to what was seen.
    Similarity,
    /// Distance to a forecast.
    Prediction,
    /// Distance to a reconstruction.
    Reconstruction,
    /// Reconstruction by, and judgement of, nets trained against each other.
    Adversarial,
    /// Several of the others together.
    Ensemble,
}

/// What a detector is built from.
#[derive(Debug, Clone, Default)]
pub struct Setup<'a> {
    /// Parameters as given by the user; an object, or null for the defaults.
    pub params: Value,
    /// Points in one period of the series, if it has one.
    pub period: Option<usize>,
    /// Points in one day, if the sampling interval divides one.
    pub day: Option<usize>,
    /// Pretrained weights, for the detectors that need them.
    pub weights: Option<&'a Weights>,
}

impl Setup<'_> {
    /// The parameters as `P`, unset ones at their defaults.
    ///
    /// # Errors
    /// [`crate::Error::Param`] for an unknown name or a value of the wrong type.
    pub fn params<P: Setting + Default>(&self) -> Result<P> {
        self.params_over(P::default())
    }

    /// The parameters over `defaults`, in nested objects too.
    ///
    /// # Errors
    /// [`crate::Error::Param`] for an unknown name or a value of the wrong type.
    pub fn params_over<P: Setting>(&self, mut defaults: P) -> Result<P> {
        if !self.params.is_null() {
            defaults.set("params", &self.params)?;
        }
        Ok(defaults)
    }
}

/// A detector's row in the registry.
pub struct Entry {
    /// Its one name, lower case with hyphens.
    pub name: &'static str,
    /// What kind of distance it measures.
    pub family: Family,
    /// Whether it needs a weight file.
    pub pretrained: bool,
    /// What it finds, in a few words for the picker.
    pub summary: &'static str,
    /// The publication it follows.
    pub source: &'static str,
    /// Its parameters at their defaults, a JSON object.
    pub defaults: fn() -> Value,
    /// Checks the parameters and makes the detector.
    pub build: fn(&Setup) -> Result<Box<dyn Detector>>,
}
