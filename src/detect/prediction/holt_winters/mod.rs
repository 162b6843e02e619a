//! Holt-Winters: a value far from what level, trend and season lead one to expect is strange.
//!
//! The recurrence stands in [`state`], what it begins with in [`usual`].
//!
//! Source: Winters (1960), Forecasting Sales by Exponentially Weighted Moving Averages; damping by Gardner and
//! McKenzie (1985); robust steps in the spirit of Gelper, Fried and Croux (2010). State: one number a phase and
//! two more; constant cost a value. Needs the period; without one, or with fewer than two periods to learn from,
//! it is Holt's method without a season.

mod state;
mod usual;

use std::sync::Arc;

use super::{Model, Predictive, deviation, feed, floor, huber};
use crate::detect::{Detector, Entry, Family, Fitted, Setup};
use crate::error::{Error, Result};
use crate::math::optimize::nelder_mead;
use crate::math::stats;
use crate::settings::{Setting, choices, settings};
use state::{Gains, State};

/// Values that start a state without a season.
const START: usize = 10;
/// Parameters are fitted on the last so many values at most: more change them little and cost time.
const FIT_POINTS: usize = 20_000;
/// Values in a row that are kept from a state without a season before a new level is believed.
const PATIENCE: usize = 24;

/// How the season joins the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Season {
    /// Added: the swing is the same at every level.
    Additive,
    /// Multiplied: the swing grows with the level. Since values come centred, "level" is counted from one range
    /// of the training values below their smallest.
    Multiplicative,
    /// No season, even if the series has a period.
    None,
}
choices!(Season { Additive = "additive", Multiplicative = "multiplicative", None = "none" });

/// Parameters. Those unset are fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// How the season joins the level.
    pub season: Season,
    /// Gain of the level, 0..=1.
    pub alpha: Option<f64>,
    /// Gain of the trend relative to the level's, 0..=1.
    pub beta: Option<f64>,
    /// Gain of the season, 0..=1.
    pub gamma: Option<f64>,
    /// Damping of the trend, 0..=1; 1 is none.
    pub phi: Option<f64>,
}
settings!(Params { season, alpha, beta, gamma, phi });

impl Default for Params {
    fn default() -> Self {
        Params { season: Season::Additive, alpha: None, beta: None, gamma: None, phi: None }
    }
}

impl Params {
    /// # Errors
    /// [`Error::Param`] for the first gain outside 0..=1.
    pub fn check(&self) -> Result<()> {
        let gains = [("alpha", self.alpha), ("beta", self.beta), ("gamma", self.gamma), ("phi", self.phi)];
        for (name, gain) in gains {
            if gain.is_some_and(|g| !(0.0..=1.0).contains(&g)) {
                return Err(Error::param(name, "must lie in 0 to 1, or be null to be fitted"));
            }
        }
        Ok(())
    }
}

/// Holt-Winters with checked parameters.
pub struct HoltWinters {
    params: Params,
    /// Points in one period; 0 without a season.
    period: usize,
}

impl Detector for HoltWinters {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        if train.len() < START + 2 {
            return Err(Error::TooShort { needed: START + 2, got: train.len() });
        }
        let model = self.learn(train);
        let patience = if model.profile.is_empty() { PATIENCE } else { model.profile.len() };
        Ok(Arc::new(Predictive::new(model, train, patience)))
    }
}

impl HoltWinters {
    fn learn(&self, train: &[f64]) -> Learnt {
        let seasonal = self.period >= 2 && train.len() >= 2 * self.period;
        let period = if seasonal { self.period } else { 0 };
        let train = &train[train.len().saturating_sub(FIT_POINTS.max(10 * period))..];
        let multiplicative = seasonal && self.params.season == Season::Multiplicative;
        let origin = if multiplicative { origin(train) } else { 0.0 };
        let rough = usual::slope(train, period);
        let profile = usual::profile(train, period, rough, multiplicative.then_some(origin));
        let slope =
            if profile.is_empty() || multiplicative { rough } else { usual::line(train, &profile, rough) };
        let mut model = Learnt {
            gains: self.gains(&[0.0; 4]),
            multiplicative,
            origin,
            slope,
            profile,
            head: train[..if seasonal { period } else { START }].to_vec(),
            sd: 0.0,
        };
        // The scale of the errors at the default gains bounds what an anomaly can teach while fitting.
        model.sd = deviation(&model.errors(train, f64::INFINITY));
        let scale = model.sd.max(floor(train));
        let loss = |u: &[f64]| {
            let trial = Learnt { gains: self.gains(u), ..model.clone() };
            trial.errors(train, scale).iter().map(|e| huber(e / scale)).sum::<f64>()
        };
        let (best, _) = nelder_mead(&loss, &[0.0; 4], 1.0, 250, 1e-5);
        model.gains = self.gains(&best);
        model.sd = deviation(&model.errors(train, scale));
        model
    }

    /// The gains at a point of the search space, where 0 is the default of each and every point is admissible:
    /// γ < 1 - α, damping between 0.8 and 1.
    fn gains(&self, u: &[f64]) -> Gains {
        let logistic = |k: usize, default: f64| {
            let at_zero = (default / (1.0 - default)).ln();
            1.0 / (1.0 + (-(u[k] + at_zero)).exp())
        };
        let alpha = self.params.alpha.unwrap_or_else(|| logistic(0, 0.3));
        Gains {
            alpha,
            beta: self.params.beta.unwrap_or_else(|| logistic(1, 0.05)),
            gamma: self.params.gamma.unwrap_or_else(|| (1.0 - alpha) * logistic(2, 0.2)),
            phi: self.params.phi.unwrap_or_else(|| 0.8 + 0.2 * logistic(3, 0.9)),
        }
    }
}

/// What `fit` has learnt.
#[derive(Debug, Clone)]
struct Learnt {
    gains: Gains,
    multiplicative: bool,
    origin: f64,
    /// Trend a point over the whole training stretch.
    slope: f64,
    /// The usual seasonal of each phase, phase 0 at the first training value; empty without a season.
    profile: Vec<f64>,
    /// The first training values, whose phase is known.
    head: Vec<f64>,
    sd: f64,
}

impl Learnt {
    /// Errors over `train` from its start, with steps clipped by the scale `sd`.
    fn errors(&self, train: &[f64], sd: f64) -> Vec<f64> {
        let mut state = State { sd, ..self.before(&train[..self.warm_up()], 0) };
        let patience = self.warm_up();
        let mut kept = 0;
        train.iter().map(|x| feed(&mut state, *x, 0.0, patience, &mut kept)).collect()
    }

    /// The state before `first`, the first value of which has this phase.
    fn before(&self, first: &[f64], phase: usize) -> State {
        let mut levels: Vec<f64> = first
            .iter()
            .enumerate()
            .map(|(j, x)| {
                let level = x - self.origin;
                let along = self.slope * (j + 1) as f64;
                match self.profile.get((phase + j) % self.profile.len().max(1)) {
                    Some(s) if self.multiplicative => level / s - along,
                    Some(s) => level - s - along,
                    None => level - along,
                }
            })
            .collect();
        State {
            gains: self.gains,
            multiplicative: self.multiplicative,
            level: stats::median_in_place(&mut levels),
            trend: self.slope,
            season: self.profile.clone(),
            phase,
            origin: self.origin,
            sd: self.sd,
        }
    }

    /// The phase of the first of these values: where the usual season fits them best, level apart.
    fn phase(&self, first: &[f64]) -> usize {
        let m = self.profile.len();
        if m == 0 || first == self.head {
            return 0;
        }
        let level = stats::median(first);
        let typical = stats::median(&self.profile);
        // At most 2048 phases are compared, on as many values.
        let step = m.div_ceil(2048);
        let size = if self.multiplicative { (level - self.origin) / typical } else { 1.0 };
        let misfit = |phase: usize| -> f64 {
            (0..m.min(first.len()))
                .step_by(step)
                .map(|j| (first[j] - level - size * (self.profile[(phase + j) % m] - typical)).abs())
                .sum()
        };
        (0..m)
            .step_by(step)
            .map(|phase| (phase, misfit(phase)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(0, |best| best.0)
    }
}

impl Model for Learnt {
    type State = State;

    fn warm_up(&self) -> usize {
        self.head.len()
    }

    fn start(&self, first: &[f64]) -> State {
        let mut state = self.before(first, self.phase(first));
        let mut kept = 0;
        for x in first {
            feed(&mut state, *x, 0.0, first.len(), &mut kept);
        }
        state
    }
}

/// Zero of the multiplicative form: as far below the smallest value as the largest lies above it.
fn origin(train: &[f64]) -> f64 {
    let low = train.iter().copied().fold(f64::INFINITY, f64::min);
    let high = train.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    low - (high - low).max(f64::MIN_POSITIVE)
}

/// The registry's row.
pub const ENTRY: Entry = Entry {
    name: "holt-winters",
    family: Family::Prediction,
    pretrained: false,
    summary: "Values off their level, trend and season",
    source: "Winters (1960), Forecasting Sales by Exponentially Weighted Moving Averages",
    defaults: || Params::default().value(),
    build,
};

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let params: Params = setup.params()?;
    params.check()?;
    let period = if params.season == Season::None { 0 } else { setup.period.unwrap_or(0) };
    Ok(Box::new(HoltWinters { params, period }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{golden, numbers};
    use crate::math::linalg::{dot, least_squares};
    use crate::math::random::Random;

    #[test]
    fn own_fit_is_as_good_as_the_reference_optimum_but_for_the_outlier() {
        let golden = golden("holt_winters");
        let x = numbers(&golden["inputs"]["y_add"]);
        // The reference optimum has no gains: it is the least-squares line plus one value a phase.
        let rows: Vec<f64> = (0..60)
            .flat_map(|i| (0..13).map(move |j| if j < 12 { f64::from(i % 12 == j) } else { f64::from(i) }))
            .collect();
        let b = least_squares(&rows, 13, &x, 0.0);
        let errors = |i: usize| x[i] - dot(&rows[13 * i..13 * i + 13], &b);
        let squares: Vec<f64> = (0..60).map(|i| errors(i).powi(2)).collect();
        let best = golden["outputs"]["additive_optimised_reference"]["sse"].as_f64().unwrap();
        assert!((squares.iter().sum::<f64>() - best).abs() < 1e-4);
        // One value is 6 deviations off; a robust fit leaves it out and must do better on the others.
        let model = HoltWinters { params: Params::default(), period: 12 }.learn(&x);
        let mut state = model.before(&x, 0);
        let own: Vec<f64> =
            x.iter().map(|v| feed(&mut state, *v, f64::INFINITY, 0, &mut 0).powi(2)).collect();
        let trimmed =
            |squares: &[f64]| squares.iter().sum::<f64>() - squares.iter().copied().fold(0.0, f64::max);
        assert!(trimmed(&own) <= trimmed(&squares), "{} for {}", trimmed(&own), trimmed(&squares));
    }

    fn seasonal(n: usize, period: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..n)
            .map(|i| {
                let angle = std::f64::consts::TAU * (i % period) as f64 / period as f64;
                angle.sin() + 0.5 * (2.0 * angle).cos() + 0.05 * random.normal()
            })
            .collect()
    }

    fn fit(period: usize, train: &[f64]) -> Arc<dyn Fitted> {
        HoltWinters { params: Params::default(), period }.fit(train).unwrap()
    }

    #[test]
    fn finds_the_phase_of_a_series_that_starts_elsewhere() {
        let x = seasonal(600, 24, 1);
        let fitted = fit(24, &x);
        let scores = fitted.score(&x[7..]).unwrap().value;
        assert!(
            scores[24..].iter().all(|s| *s < 6.0),
            "{:?}",
            scores[24..].iter().fold(0.0, |a: f64, b| a.max(*b))
        );
    }

    #[test]
    fn a_spike_in_the_warm_up_leaves_no_trace() {
        let mut x = seasonal(600, 24, 2);
        let clean = fit(24, &x).score(&x).unwrap().value;
        x[9] += 30.0;
        let fitted = fit(24, &x);
        let spoiled = fitted.score(&x).unwrap().value;
        let worst = (24..600).map(|i| (clean[i] - spoiled[i]).abs()).fold(0.0, f64::max);
        assert!(worst < 1.5, "{worst}");
    }

    #[test]
    fn a_new_level_is_no_trend() {
        let mut random = Random::new(5);
        let x: Vec<f64> = (0..600).map(|i| random.normal() + if i < 300 { 0.0 } else { 40.0 }).collect();
        let expected = fit(0, &x[..300]).score(&x).unwrap().expected.unwrap();
        assert!(expected[300 + PATIENCE] < 20.0);
        for (i, e) in expected.iter().enumerate().skip(301 + PATIENCE) {
            assert!((e - 40.0).abs() < 4.0, "{i}: {e}");
        }
    }

    #[test]
    fn very_long_periods_and_none() {
        let x = seasonal(6000, 1440, 3);
        let mut y = x.clone();
        y[5000] += 1.0;
        let scores = fit(1440, &x).score(&y).unwrap().value;
        let peak = (1440..6000).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        assert_eq!(peak, 5000);
        let scores = fit(0, &x).score(&y).unwrap().value;
        assert_eq!(scores.iter().filter(|s| s.is_nan()).count(), START);
    }

    #[test]
    fn a_multiplied_season_is_learnt_and_scales() {
        let swing = |i: usize| 2.0 + (std::f64::consts::TAU * i as f64 / 20.0).sin();
        let x: Vec<f64> = (0..400).map(|i| swing(i) * (1.0 + i as f64 / 400.0)).collect();
        let params = Params { season: Season::Multiplicative, ..Params::default() };
        let model = HoltWinters { params, period: 20 };
        let scores = model.fit(&x).unwrap().score(&x).unwrap();
        assert!(scores.value[20..].iter().all(|s| s.is_finite()));
        let scaled: Vec<f64> = x.iter().map(|v| 8.0 * v).collect();
        let again = model.fit(&scaled).unwrap().score(&scaled).unwrap();
        for (a, b) in scores.expected.unwrap()[20..].iter().zip(&again.expected.unwrap()[20..]) {
            assert!((8.0 * a - b).abs() < 1e-6 * b.abs());
        }
    }

    #[test]
    fn a_perfect_season_without_gains_has_no_error() {
        let x: Vec<f64> = (0..90).map(|i| f64::from(i % 9)).collect();
        let zero = Some(0.0);
        let params = Params { alpha: zero, beta: zero, gamma: zero, phi: zero, ..Params::default() };
        let scores = HoltWinters { params, period: 9 }.fit(&x).unwrap().score(&x).unwrap();
        assert!(scores.value[9..].iter().all(|s| *s == 0.0), "{:?}", &scores.value[9..20]);
    }
}
