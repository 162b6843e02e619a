//! What is usual of a series and of what a net makes of it, measured on the training stretch.

use super::stitched::{Answers, Parts};
use super::usual::{Level, Spacing, Tail};
use crate::math::stats::{median_in_place, rolling_mean};
use crate::nn::familiar::WINDOW;
use crate::score::Measure;

/// A reconstruction whose median error is above this part of the series' deviation has not understood it.
const FOREIGN: f64 = 0.5;
/// Robust deviations that the band around the expected value is wide to each side.
const BAND: f64 = 3.0;

/// What is usual of the second opinion.
#[derive(Debug, Clone, Copy)]
pub struct Opinion {
    /// Its median.
    pub middle: f64,
    /// Its distance from the middle.
    pub level: Level,
    /// How much larger that is for a single window.
    pub edge: f64,
}

/// What is usual, learnt on the training stretch.
#[derive(Debug, Clone, Default)]
pub struct Usual {
    /// Errors of each measure of the rule.
    pub errors: Vec<Level>,
    /// Distance of the critic's judgement from its median, or error of the forecasts.
    pub opinion: Option<Opinion>,
    /// Distance of a window's level from its median.
    pub level: (f64, Level),
    /// Distance of the logarithm of a window's spread from its median.
    pub spread: (f64, Level),
    /// Distance of a point to the median of its neighbours.
    pub point: Tail,
    /// Where the bulk of the scores goes.
    pub spacing: Spacing,
    /// How much larger an error is where one window covers a bin than where many do.
    pub edge: f64,
    /// Half-width of the band around the expected value.
    pub band: f64,
    /// Median error and deviation of the series, if the one is too large for the other.
    pub foreign: Option<(f64, f64)>,
}

/// What was seen of the training stretch, one value a bin where nothing else is said.
#[derive(Debug, Default)]
pub struct Seen {
    /// Errors of each measure.
    errors: Vec<Vec<f64>>,
    /// The second opinion, and what a critic says of each window.
    opinion: Vec<f64>,
    critic: Vec<f64>,
    /// Whether that opinion is the error of forecasts.
    forecast: bool,
    level: Vec<f64>,
    spread: Vec<f64>,
    /// Errors of the stitched reconstruction, and of single windows at their edge.
    stitched: Vec<f64>,
    alone: Vec<f64>,
    /// Distance of each point to its expected value.
    pub expected: Vec<f64>,
}

impl Seen {
    /// Takes a stretch: its bins, the errors of each measure, and what the windows every `step` bins say.
    pub fn take(&mut self, bins: &[f64], errors: &[Vec<f64>], answers: &Answers, parts: &Parts, step: usize) {
        // The ends are covered by few windows; of a short stretch there is nothing else.
        let inner =
            if bins.len() >= 2 * WINDOW { WINDOW / 2..bins.len() - WINDOW / 2 } else { 0..bins.len() };
        self.errors.resize(errors.len(), Vec::new());
        for (all, each) in self.errors.iter_mut().zip(errors) {
            all.extend_from_slice(&each[inner.clone()]);
        }
        self.stitched.extend(inner.clone().map(|b| (bins[b] - parts.expected[b]).abs()));
        self.opinion.extend(parts.opinion.iter().flat_map(|c| &c[inner.clone()]));
        self.critic.extend(answers.critic.iter().flatten().map(|c| f64::from(*c)));
        self.forecast = answers.ends > 0;
        self.level.extend_from_slice(&parts.level[inner.clone()]);
        self.spread.extend_from_slice(&parts.spread[inner]);
        self.alone.extend(answers.at_the_edge(bins, step));
    }

    /// What is usual, of a series of deviation `unit` whose points lie `off` the median of their neighbours, for errors
    /// of `measures` and opinions averaged over `width` bins.
    pub fn usual(self, off: Vec<f64>, unit: f64, measures: &[Measure], width: usize) -> Usual {
        // An anomaly of a point shows in as many bins as a window, and in the means.
        let room = WINDOW + width;
        let (error, edge) = (Level::of(self.stitched, 0.0, room), Level::of(self.alone, 0.0, room));
        let away =
            |values: &[f64], middle: f64| values.iter().map(|v| (v - middle).abs()).collect::<Vec<_>>();
        let centred = |values: Vec<f64>, floor: f64| {
            let middle = median_in_place(&mut values.clone());
            (middle, Level::of(away(&values, middle), floor, room))
        };
        let opinion = (!self.opinion.is_empty()).then(|| {
            // A forecast's error is a distance already, and has the floor of other errors.
            let middle = if self.forecast { 0.0 } else { median_in_place(&mut self.opinion.clone()) };
            let least = if self.forecast { floor(Measure::Point, unit) } else { 1e-3 };
            let level = Level::of(rolling_mean(&away(&self.opinion, middle), width, 1), least, room);
            let single = Level::of(away(&self.critic, middle), 0.0, 0);
            Opinion { middle, level, edge: single.beside(&level) }
        });
        let band = Level::of(self.expected, 0.0, 0);
        let errors = measures.iter().zip(self.errors);
        Usual {
            // An error below a fiftieth of the series' deviation is none, however exact the training stretch.
            errors: errors.map(|(m, e)| Level::of(e, floor(*m, unit), room)).collect(),
            opinion,
            level: centred(self.level, 0.2 * unit + 1e-6),
            spread: centred(self.spread, 0.1),
            point: Tail::of(off, 0.01),
            spacing: Spacing::default(),
            edge: edge.beside(&error),
            band: band.middle + BAND * band.scale,
            foreign: (error.middle > FOREIGN * unit).then_some((error.middle, unit)),
        }
    }
}

/// The least scale of a measure's error, for a series of this deviation: a fiftieth of it a point.
fn floor(measure: Measure, deviation: f64) -> f64 {
    let points = match measure {
        Measure::Mixed | Measure::Point => 1.0,
        // Errors of single points partly cancel: the root of the points that are summed.
        Measure::Area | Measure::Dtw => 3.0,
    };
    0.02 * deviation * points + 1e-6
}
