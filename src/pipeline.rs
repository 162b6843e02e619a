//! The only file that knows all the stages: settings in, report out, for a whole series and for a live one.
//!
//! There is one way through: rows are pushed into a [`Watch`], whose detector scores them live; a whole series
//! is a live one that came in one piece. So live and batch agree by construction.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::decide::events::{self, Event, Evidence};
use crate::decide::threshold::Threshold;
use crate::detect::{self, Fitted, Setup, StreamingDetector, registry, streaming};
use crate::error::{Error, Result};
use crate::math::stats;
use crate::nn::weights::Weights;
use crate::prepare::{self, Grid, Prepare};
use crate::series::Series;

/// A row whose score looks at more than this part of filled points is not scored.
const FILLED_LIMIT: f64 = 0.3;

/// All that a user chooses. Unknown fields are refused, every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            detector: "pca".into(),
            params: serde_json::Value::Null,
            prepare: prepare::Options::default(),
            threshold: Threshold::default(),
            sensitivity: 50.0,
            events: events::Options::default(),
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
    /// First row of the columns.
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
    /// Every event that ends after `start`, in order. Their indices count from the first row ever pushed.
    pub events: Vec<Event>,
}

/// A detector fitted to a series, with the preparation that goes before it.
struct Model {
    prepare: Prepare,
    fitted: Arc<dyn Fitted>,
    detector: &'static detect::Entry,
    train_rows: usize,
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
        Watch {
            history: self.trained.history.clone(),
            calibrated: true,
            ..Watch::new(Arc::clone(&self.trained.model), &self.trained.settings)
        }
    }

    /// The watch that has seen the training series, to go on with what follows it.
    pub fn resume(self) -> Watch {
        self.trained
    }
}

/// A series as it comes in: rows are pushed in any chunking, reports read at any time.
pub struct Watch {
    model: Arc<Model>,
    settings: Settings,
    grid: Grid,
    online: Box<dyn StreamingDetector>,
    /// Calibration scores, without NaN.
    history: Vec<f64>,
    calibrated: bool,
    rows: Rows,
    /// Grid points filled up to and including each one: `filled[i]` counts those before point i.
    filled: Vec<u32>,
    /// Grid points before this one have their final scores.
    settled: usize,
}

/// One entry a row that was pushed; `place` may lag behind, rows that have no grid point yet are unscored.
#[derive(Default)]
struct Rows {
    time: Vec<f64>,
    value: Vec<f64>,
    place: Vec<usize>,
    score: Vec<f64>,
    expected: Vec<f64>,
    band: Vec<f64>,
}

impl Watch {
    /// Fits on `train`, which is also the series' beginning: the caller pushes these rows first, and what
    /// follows after them. Until all of them are in, the calibration is not complete and nothing is settled.
    ///
    /// # Errors
    /// As [`Pipeline::fit`].
    pub fn begin(settings: &Settings, weights: Option<&Weights>, train: &Series) -> Result<Watch> {
        settings.check()?;
        let detector = registry::find(&settings.detector)?;
        let prepare = Prepare::fit(&settings.prepare, train)?;
        let setup =
            Setup { params: settings.params.clone(), period: prepare.period(), day: prepare.day(), weights };
        let built = (detector.build)(&setup)?;
        let fitted = built.fit(&prepare.grid().push(train).values)?;
        let model = Model { prepare, fitted, detector, train_rows: train.len() };
        Ok(Watch::new(Arc::new(model), settings))
    }

    fn new(model: Arc<Model>, settings: &Settings) -> Watch {
        Watch {
            grid: model.prepare.grid(),
            online: streaming::online(&model.fitted),
            model,
            settings: settings.clone(),
            history: Vec::new(),
            calibrated: false,
            rows: Rows::default(),
            filled: vec![0],
            settled: 0,
        }
    }

    /// Scores the next rows. Their times must come after those pushed before.
    ///
    /// # Errors
    /// [`Error::Series`] if they do not, [`Error::Numeric`].
    pub fn push(&mut self, rows: &Series) -> Result<()> {
        if let (Some(last), Some(first)) = (self.rows.time.last(), rows.time().first())
            && first <= last
        {
            let why = format!("time {first} is not after {last}, the last one seen; times must increase");
            return Err(Error::Series { at: self.rows.time.len(), why });
        }
        let missing = self.model.train_rows.saturating_sub(self.len());
        if self.calibrated || rows.len() < missing {
            return self.score(rows);
        }
        // The calibration sees the training rows and nothing of what follows, in whatever chunks they came.
        self.score(&rows.slice(0, missing))?;
        self.history = stats::finite(&self.rows.score);
        self.calibrated = true;
        self.score(&rows.slice(missing, rows.len()))
    }

    fn score(&mut self, rows: &Series) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let placed = self.grid.push(rows);
        self.rows.append(rows, &placed.rows);
        for filled in placed.filled {
            let before = self.filled.last().copied().unwrap_or(0);
            self.filled.push(before + u32::from(filled));
        }
        if placed.values.is_empty() {
            return Ok(());
        }
        let tail = self.online.push(&placed.values)?;
        self.settled = tail.settled;
        let (prepare, reach) = (&self.model.prepare, self.model.fitted.reach());
        let first = self.rows.place.partition_point(|g| *g < tail.start);
        for row in first..self.rows.place.len() {
            let (place, missing) = (self.rows.place[row], self.rows.value[row].is_nan());
            let at = place - tail.start;
            let read = |column: &Option<Vec<f64>>| {
                column.as_ref().and_then(|c| c.get(at)).copied().unwrap_or(f64::NAN)
            };
            let hidden = missing || filled_share(&self.filled, place, reach) > FILLED_LIMIT;
            let score = tail.scores.value.get(at).copied().unwrap_or(f64::NAN);
            self.rows.score[row] = if hidden { f64::NAN } else { score };
            self.rows.expected[row] = prepare.value_of(read(&tail.scores.expected));
            self.rows.band[row] = prepare.width_of(read(&tail.scores.band));
        }
        Ok(())
    }

    /// Rows pushed.
    pub fn len(&self) -> usize {
        self.rows.time.len()
    }

    /// Whether no row has been pushed.
    pub fn is_empty(&self) -> bool {
        self.rows.time.is_empty()
    }

    /// Changes limit and sensitivity for the reports to come; nothing is scored again.
    ///
    /// # Errors
    /// [`Error::Param`] for a sensitivity outside 0..=100.
    pub fn decide(&mut self, threshold: Threshold, sensitivity: f64) -> Result<()> {
        check_sensitivity(sensitivity)?;
        (self.settings.threshold, self.settings.sensitivity) = (threshold, sensitivity);
        Ok(())
    }

    /// The report from row `since` on.
    pub fn report(&self, since: usize) -> Report {
        let scores = &self.rows.score;
        let provisional = if self.calibrated { None } else { Some(stats::finite(scores)) };
        let history = provisional.as_deref().unwrap_or(&self.history);
        let threshold = self.settings.threshold;
        let limits = threshold.limits(history, scores, self.settings.sensitivity);
        let final_rows = self.rows.place.partition_point(|g| *g < self.settled);
        let settled = if self.calibrated { threshold.settled(final_rows) } else { 0 };
        let expected = self.rows.expected.iter().any(|v| v.is_finite());
        let evidence = Evidence {
            history,
            scores,
            limits: &limits,
            values: &self.rows.value,
            expected: expected.then_some(self.rows.expected.as_slice()),
            scale: self.model.prepare.scale(),
            settled,
        };
        let options = &self.settings.events;
        let events = match threshold {
            Threshold::Published => events::find_published(&evidence, options, self.settings.sensitivity),
            _ => events::find(&evidence, options),
        };
        let start = since.min(scores.len());
        let open = events.iter().find(|e| !e.settled).map_or(settled, |e| e.start.min(settled));
        let cut = |column: &[f64]| column[start..].to_vec();
        let band = self.rows.band.iter().any(|v| v.is_finite());
        Report {
            start,
            settled: open,
            scores: cut(scores),
            limits: cut(&limits),
            expected: expected.then(|| cut(&self.rows.expected)),
            band: band.then(|| cut(&self.rows.band)),
            events: events.into_iter().filter(|e| e.end > start).collect(),
        }
    }

    /// Times of the rows, in milliseconds.
    pub fn time(&self) -> &[f64] {
        &self.rows.time
    }

    /// Values of the rows; NaN: missing.
    pub fn value(&self) -> &[f64] {
        &self.rows.value
    }

    /// Name of the detector.
    pub fn detector(&self) -> &'static str {
        self.model.detector.name
    }

    /// The preparation in use: sampling interval, period, scale.
    pub fn prepare(&self) -> &Prepare {
        &self.model.prepare
    }

    /// Why the scores deserve less trust than usual, if they do.
    pub fn caution(&self) -> Option<String> {
        self.model.fitted.caution()
    }
}

impl Rows {
    fn append(&mut self, rows: &Series, place: &[usize]) {
        self.time.extend_from_slice(rows.time());
        self.value.extend_from_slice(rows.value());
        self.place.extend_from_slice(place);
        let n = self.time.len();
        for column in [&mut self.score, &mut self.expected, &mut self.band] {
            column.resize(n, f64::NAN);
        }
    }
}

/// The part of filled points among those that the score at `place` looks at. Scores with an endless memory are
/// asked about the point itself only: the grid never holds more filled points than they can bridge.
fn filled_share(filled: &[u32], place: usize, reach: detect::Reach) -> f64 {
    let before = if reach.before == detect::Reach::ALL { 0 } else { reach.before };
    let start = place.saturating_sub(before);
    let end = (place + reach.after + 1).min(filled.len() - 1);
    f64::from(filled[end] - filled[start]) / (end - start).max(1) as f64
}
