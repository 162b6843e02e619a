//! The only module that knows all the stages: settings in, report out, for a whole series and for a live one.
//!
//! There is one way through: rows are pushed into a [`Watch`], whose detector scores them live; a whole series
//! is a live one that came in one piece. So live and batch agree by construction. Rows that come late go back to
//! a mark left before them and are scored from there, as if they had come in order.

mod marks;
mod rows;
mod watch;

use crate::decide::Event;
use crate::decide::{Threshold, events};
use crate::detect::registry;
use crate::error::{Error, Result};
use crate::nn::weights::Weights;
use crate::prepare;
use crate::series::Series;
use crate::settings::settings;

pub use watch::Watch;

/// All that a user chooses. Unknown fields are refused, every field has a default.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Name of the detector in the registry.
    pub detector: String,
    /// Its parameters, an object; null for the defaults.
    pub params: serde_json::Value,
    /// Sampling interval and period.
    pub prepare: prepare::Options,
    /// Scores to a limit.
    pub threshold: Threshold,
    /// 0..=100; moves the limit, 50 leaves it.
    pub sensitivity: f64,
    /// Points over the limit to events.
    pub events: events::Options,
    /// Whether the rows that are fitted on are no calibration set apart but what is to be judged. Scores that are
    /// rarities owe them nothing, and their limit learns from the first of them on.
    pub whole: bool,
}
settings!(Settings { detector, params, prepare, threshold, sensitivity, events, whole });

impl Default for Settings {
    fn default() -> Self {
        Settings {
            detector: "auto".into(),
            params: serde_json::Value::Null,
            prepare: prepare::Options::default(),
            threshold: Threshold::default(),
            sensitivity: 50.0,
            events: events::Options::default(),
            whole: false,
        }
    }
}

impl Settings {
    /// # Errors
    /// [`Error::Param`] for the first value out of range, [`Error::UnknownDetector`].
    pub fn check(&self) -> Result<()> {
        registry::find(&self.detector)?;
        check_sensitivity(self.sensitivity)?;
        self.events.check()
    }
}

fn check_sensitivity(sensitivity: f64) -> Result<()> {
    if (0.0..=100.0).contains(&sensitivity) {
        return Ok(());
    }
    Err(Error::param("sensitivity", format!("{sensitivity} is outside 0 to 100; 50 is neutral")))
}

/// Scores, limits and events of the rows from `start` on; replaces what was said of them before. Columns hold
/// one entry a row; NaN means none.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// First row of the columns, counted from the first ever pushed.
    pub start: usize,
    /// Rows before this one, and their events, never change again.
    pub settled: usize,
    /// Scores; higher is stranger; NaN: not scored.
    pub scores: Vec<f64>,
    /// One limit a score.
    pub limits: Vec<f64>,
    /// Expected values in units of the input.
    pub expected: Option<Vec<f64>>,
    /// Half-width of the ordinary band around `expected`, in units of the input.
    pub band: Option<Vec<f64>>,
    /// The ordinary score: the median of the calibration scores, from which limits and severities are measured.
    pub ordinary: f64,
    /// Every event that ends after `start`, in order. Their indices count from the first row ever pushed.
    pub events: Vec<Event>,
}

/// What of a [`Report`] threshold and sensitivity decide; the fields are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// See [`Report::start`].
    pub start: usize,
    /// See [`Report::settled`].
    pub settled: usize,
    /// See [`Report::limits`].
    pub limits: Vec<f64>,
    /// See [`Report::ordinary`].
    pub ordinary: f64,
    /// See [`Report::events`].
    pub events: Vec<Event>,
}

/// A fitted detector and its calibration: makes watches for series that begin anew.
pub struct Pipeline {
    trained: Watch,
}

impl Pipeline {
    /// Fits on `train` and scores it for calibration.
    ///
    /// # Errors
    /// Those of [`Settings::check`], of the detector's parameters and weights, [`Error::TooShort`].
    pub fn fit(settings: &Settings, weights: Option<&Weights>, train: &Series) -> Result<Pipeline> {
        let mut trained = Watch::begin(settings, weights, train)?;
        trained.push(train)?;
        Ok(Pipeline { trained })
    }

    /// The report of a whole series, judged by the calibration on the training series.
    ///
    /// # Errors
    /// [`Error::Numeric`].
    pub fn detect(&self, series: &Series) -> Result<Report> {
        let mut watch = self.watch();
        watch.push(series)?;
        Ok(watch.report(0))
    }

    /// A watch at the start of a series of its own.
    pub fn watch(&self) -> Watch {
        self.trained.afresh()
    }

    /// The watch that has seen the training series, to go on with what follows it.
    pub fn resume(self) -> Watch {
        self.trained
    }
}
