//! Scores: one value a point, higher is stranger; and the rule by which a reconstruction becomes one.

pub mod area;
pub mod critic;
pub mod dtw;
pub mod point;
pub mod rarity;

use crate::error::{Error, Result};
use crate::math::stats::rolling_mean;
use crate::settings::{choices, settings};

/// What a detector says about each point. Columns are as long as the points scored.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    /// Higher is stranger. NaN: not scored (warm-up). Never infinite.
    pub value: Vec<f64>,
    /// What the detector expected at the point, in the scale of its input; NaN where it expected nothing.
    pub expected: Option<Vec<f64>>,
    /// Half-width of the band around `expected` in which a point is ordinary, in the scale of the input.
    pub band: Option<Vec<f64>>,
    /// Where several detectors judge together: whose score counts at the point, as a place in
    /// [`crate::detect::Fitted::members`].
    pub by: Option<Vec<u8>>,
}

impl Scores {
    /// Scores without an expected value.
    pub fn of(value: Vec<f64>) -> Scores {
        Scores { value, ..Scores::default() }
    }

    /// The rows from `start` on.
    pub fn tail(&self, start: usize) -> Scores {
        let cut = |column: &Vec<f64>| column.get(start..).unwrap_or_default().to_vec();
        Scores {
            value: cut(&self.value),
            expected: self.expected.as_ref().map(cut),
            band: self.band.as_ref().map(cut),
            by: self.by.as_ref().map(|by| by.get(start..).unwrap_or_default().to_vec()),
        }
    }
}

/// How the distance of a series to its reconstruction is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// The larger of [`Measure::Point`] and [`Measure::Area`], each in its own units of usual error.
    #[default]
    Mixed,
    /// [`point::point`].
    Point,
    /// [`area::area`].
    Area,
    /// [`dtw::dtw`].
    Dtw,
}
choices!(Measure { Mixed = "mixed", Point = "point", Area = "area", Dtw = "dtw" });

/// How the reconstruction's error and the critic's judgement become one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mix {
    /// Their weighted sum: one bad critic cannot veto.
    #[default]
    Sum,
    /// Their product: both must agree.
    Product,
    /// The reconstruction alone.
    Reconstruction,
    /// The critic alone.
    Critic,
}
choices!(Mix { Sum = "sum", Product = "product", Reconstruction = "reconstruction", Critic = "critic" });

/// Points of the rolling mean where there is no period, and at most.
const SMOOTH: usize = 5;
const MOST_SMOOTH: usize = 200;

/// How a reconstruction becomes a score. Source: Geiger et al. (2020), TadGAN, section IV.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreRule {
    /// How far off a reconstruction is.
    pub error: Measure,
    /// What the critic adds, if there is one.
    pub mix: Mix,
    /// The reconstruction's share in a sum.
    pub share: f64,
    /// Points of the rolling mean over errors and judgements; by default the series' period, or 5 where it has none.
    pub smooth: Option<usize>,
}
settings!(ScoreRule { error, mix, share, smooth });

impl Default for ScoreRule {
    fn default() -> ScoreRule {
        ScoreRule { error: Measure::Mixed, mix: Mix::Sum, share: 0.5, smooth: None }
    }
}

impl ScoreRule {
    /// Whether it can be followed.
    ///
    /// # Errors
    /// [`Error::Param`].
    pub fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.share) {
            return Err(Error::param("share", "must be from 0 to 1"));
        }
        if self.smooth.is_some_and(|width| width == 0 || width > MOST_SMOOTH) {
            return Err(Error::param("smooth", "must be from 1 to 200"));
        }
        Ok(())
    }

    /// The measures that it needs.
    pub fn measures(&self) -> &'static [Measure] {
        match self.error {
            Measure::Mixed => &[Measure::Point, Measure::Area],
            Measure::Point => &[Measure::Point],
            Measure::Area => &[Measure::Area],
            Measure::Dtw => &[Measure::Dtw],
        }
    }

    /// Points of the rolling mean for a series of this period, in points.
    pub fn width(&self, period: Option<usize>) -> usize {
        self.smooth.unwrap_or_else(|| period.map_or(SMOOTH, |p| p.clamp(SMOOTH, MOST_SMOOTH)))
    }

    /// Points to each side of one that its score looks at, with a rolling mean over `width`.
    pub fn reach(width: usize) -> usize {
        dtw::HALF.max(area::WIDTH / 2) + width.div_ceil(2)
    }

    /// The error of one measure at each point, averaged over `width`; never NaN where there is a reconstruction.
    pub fn errors(measure: Measure, values: &[f64], expected: &[f64], width: usize) -> Vec<f64> {
        let raw = match measure {
            Measure::Mixed | Measure::Point => point::point(values, expected),
            Measure::Area => area::area(values, expected),
            Measure::Dtw => dtw::dtw(values, expected),
        };
        rolling_mean(&raw, width, 1)
    }

    /// One score from those of the reconstruction and of the critic, both 0 where all is usual.
    pub fn mixed(&self, reconstruction: f64, critic: Option<f64>) -> f64 {
        let Some(critic) = critic else { return reconstruction };
        match self.mix {
            Mix::Sum => self.share * reconstruction + (1.0 - self.share) * critic,
            Mix::Product => (reconstruction + 1.0) * (critic + 1.0) - 1.0,
            Mix::Reconstruction => reconstruction,
            Mix::Critic => critic,
        }
    }
}
