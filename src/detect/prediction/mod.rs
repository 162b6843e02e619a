//! The prediction family: a point is strange if a forecast from the points before it missed.
//!
//! A [`Model`] is what `fit` has learnt, its [`Forecaster`] the state that walks along one series. The adapter
//! [`Predictive`] turns any such pair into scores, expected values and a band, for a whole series and live by
//! the very same steps.

pub mod arima;
pub mod foresight;
pub mod functional;
pub mod holt_winters;
pub mod htm;
pub mod lstm;
pub mod rnn;

use std::sync::Arc;

use super::{Fitted, Reach, StreamingDetector, Tail};
use crate::error::Result;
use crate::math::stats::{self, MAD_TO_SIGMA};
use crate::score::Scores;

/// A forecast more than this many deviations off does not teach the state.
pub const CLIP: f64 = 3.0;
/// Half-width of the band in deviations; about the default limit on white noise.
const BAND: f64 = 4.0;
/// Errors that the running size of an error remembers: 3000 and more score alike on NAB and UCR, 1000 less.
const MEMORY: f64 = 10_000.0;
/// An error counts as at most so many usual ones in that size, so that nothing blinds the detector for long.
const OUTLIER: f64 = 30.0;
/// The deviation is never below this part of the range of the training values.
const DEVIATION_FLOOR: f64 = 1e-6;

/// A forecast of one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaussian {
    /// Expected value.
    pub mean: f64,
    /// Standard deviation of the error.
    pub sd: f64,
}

/// The state of a forecast that walks along a series.
pub trait Forecaster: Clone + Send + Sync + 'static {
    /// The forecast of the next value.
    fn next(&self) -> Gaussian;

    /// Takes the next value.
    fn observe(&mut self, x: f64);

    /// Takes the next value after several in a row that were far off: there is a new level.
    fn accept(&mut self, x: f64) {
        self.observe(x);
    }

    /// The forecasts of the next `horizon` values: means as if each forecast came true. Their variances add up
    /// what an error of one deviation in each step before does to the mean, exact for a linear model.
    fn ahead(&self, horizon: usize) -> Vec<Gaussian> {
        let (mut state, mut shocked) = (self.clone(), self.clone());
        let mut variance = 0.0;
        (0..horizon)
            .map(|step| {
                let Gaussian { mean, sd } = state.next();
                let shock = if step == 0 { sd } else { shocked.next().mean - mean };
                variance += shock * shock;
                state.observe(mean);
                shocked.observe(mean + shock);
                Gaussian { mean, sd: variance.sqrt() }
            })
            .collect()
    }
}

/// What a forecaster has learnt from the training values.
pub trait Model: Send + Sync + 'static {
    /// Its walking state.
    type State: Forecaster;

    /// Values at the start of a series that are not scored, since the state is made from them.
    fn warm_up(&self) -> usize;

    /// The state after the first [`Model::warm_up`] values of a series. One of them may be a spike.
    fn start(&self, first: &[f64]) -> Self::State;
}

/// A forecasting model as a fitted detector.
///
/// The score is `|x - mean|` over the root mean square of the errors so far, which starts as that of training
/// and forgets slowly: it makes scores of different series comparable, where the robust deviation of a series
/// that hardly moves would make every move outstanding.
///
/// A value beyond 3 deviations of its forecast reaches the state clipped to 3, for at most `patience` values in
/// a row: an anomaly does not teach the model, a new level is accepted.
pub struct Predictive<M: Model> {
    model: Arc<M>,
    rule: Rule,
    usual: Usual,
}

/// Running mean square of the errors.
#[derive(Debug, Clone, Copy)]
struct Usual {
    square: f64,
    /// Errors behind it.
    count: f64,
}

impl Usual {
    /// Takes an error.
    fn add(&mut self, error: f64, floor: f64) {
        let most = OUTLIER * self.square.sqrt().max(floor);
        self.count = (self.count + 1.0).min(MEMORY);
        self.square += (error.abs().min(most).powi(2) - self.square) / self.count;
    }
}

/// How errors are judged and fed back.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Smallest deviation.
    floor: f64,
    /// Values in a row that may be kept from the state.
    patience: usize,
}

impl<M: Model> Predictive<M> {
    /// The detector of this model, its usual error that over `train`.
    pub fn new(model: M, train: &[f64], patience: usize) -> Predictive<M> {
        let rule = Rule { floor: floor(train), patience };
        let mut fitted =
            Predictive { model: Arc::new(model), rule, usual: Usual { square: 0.0, count: 0.0 } };
        let mut walk = fitted.live();
        let errors: Vec<f64> = train.iter().filter_map(|x| walk.step(*x).map(|s| s.error)).collect();
        if !errors.is_empty() {
            let square = errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64;
            fitted.usual = Usual { square, count: (errors.len() as f64).min(MEMORY) };
        }
        fitted
    }

    fn live(&self) -> Live<M> {
        Live {
            model: Arc::clone(&self.model),
            rule: self.rule,
            usual: self.usual,
            walk: Walk::Waiting(Vec::new()),
            seen: 0,
        }
    }
}

impl<M: Model> Fitted for Predictive<M> {
    fn reach(&self) -> Reach {
        Reach::recursive()
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        Ok(self.live().push(values)?.scores)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        Some(Box::new(self.live()))
    }
}

/// The smallest deviation that errors are divided by: rounding must not look like news.
pub fn floor(train: &[f64]) -> f64 {
    let low = train.iter().copied().fold(f64::INFINITY, f64::min);
    let high = train.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (DEVIATION_FLOOR * (high - low)).max(1e-9)
}

/// The deviation of ordinary errors: 1.4826 · MAD about 0, so that up to half of them may be anomalies.
pub fn deviation(errors: &[f64]) -> f64 {
    if errors.is_empty() {
        return 0.0;
    }
    MAD_TO_SIGMA * stats::median_in_place(&mut errors.iter().map(|e| e.abs()).collect::<Vec<_>>())
}

/// Huber's loss: quadratic up to [`CLIP`] deviations less one, linear beyond.
pub fn huber(u: f64) -> f64 {
    let bound = CLIP - 1.0;
    if u.abs() <= bound { 0.5 * u * u } else { bound * (u.abs() - 0.5 * bound) }
}

/// Feeds `x` to the state, clipped to [`CLIP`] deviations for at most `patience` values in a row, of which
/// `kept` have passed. Returns the error of the forecast.
pub fn feed<F: Forecaster>(state: &mut F, x: f64, floor: f64, patience: usize, kept: &mut usize) -> f64 {
    let forecast = state.next();
    let error = x - forecast.mean;
    let bound = CLIP * forecast.sd.max(floor);
    if error.abs() <= bound {
        *kept = 0;
        state.observe(x);
    } else if *kept < patience {
        *kept += 1;
        state.observe(forecast.mean + bound.copysign(error));
    } else {
        state.accept(x);
    }
    error
}

#[derive(Clone)]
enum Walk<F> {
    /// The values so far, fewer than the warm-up.
    Waiting(Vec<f64>),
    Going {
        state: F,
        kept: usize,
    },
}

/// The one walk along a series, for batch and live.
struct Live<M: Model> {
    model: Arc<M>,
    rule: Rule,
    usual: Usual,
    walk: Walk<M::State>,
    seen: usize,
}

impl<M: Model> Clone for Live<M> {
    fn clone(&self) -> Self {
        Live { model: Arc::clone(&self.model), walk: self.walk.clone(), ..*self }
    }
}

/// What the walk says of one value.
struct Step {
    forecast: Gaussian,
    error: f64,
    /// Usual size of an error before this one.
    usual: f64,
}

impl<M: Model> Live<M> {
    /// Takes the next value; `None` while warming up.
    fn step(&mut self, x: f64) -> Option<Step> {
        match &mut self.walk {
            Walk::Waiting(first) => {
                first.push(x);
                if first.len() >= self.model.warm_up() {
                    self.walk = Walk::Going { state: self.model.start(first), kept: 0 };
                }
                None
            }
            Walk::Going { state, kept } => {
                let floor = self.rule.floor;
                let mut forecast = state.next();
                forecast.sd = forecast.sd.max(floor);
                let error = feed(state, x, floor, self.rule.patience, kept);
                let usual = self.usual.square.sqrt().max(floor);
                self.usual.add(error, floor);
                Some(Step { forecast, error, usual })
            }
        }
    }
}

impl<M: Model> StreamingDetector for Live<M> {
    fn push(&mut self, values: &[f64]) -> Result<Tail> {
        let start = self.seen;
        self.seen += values.len();
        let (mut value, mut expected, mut band) = (Vec::new(), Vec::new(), Vec::new());
        for x in values {
            let step = self.step(*x);
            let or_nan = |f: &dyn Fn(&Step) -> f64| step.as_ref().map_or(f64::NAN, f);
            value.push(or_nan(&|s| s.error.abs() / s.usual));
            expected.push(or_nan(&|s| s.forecast.mean));
            band.push(or_nan(&|s| BAND * s.forecast.sd));
        }
        let scores = Scores { expected: Some(expected), band: Some(band), ..Scores::of(value) };
        Ok(Tail { start, settled: self.seen, scores })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forecasts the last value with deviation 1.
    #[derive(Clone)]
    struct Last(f64);

    impl Forecaster for Last {
        fn next(&self) -> Gaussian {
            Gaussian { mean: self.0, sd: 1.0 }
        }
        fn observe(&mut self, x: f64) {
            self.0 = x;
        }
    }

    struct Naive;

    impl Model for Naive {
        type State = Last;
        fn warm_up(&self) -> usize {
            2
        }
        fn start(&self, first: &[f64]) -> Last {
            Last(first[first.len() - 1])
        }
    }

    #[test]
    fn a_step_is_clipped_while_patience_lasts_and_then_accepted() {
        let fitted = Predictive::new(Naive, &[0.0, 0.0, 1.0, 1.0], 2);
        let scores = fitted.score(&[0.0, 0.0, 1.0, 9.0, 9.0, 12.0, 12.0]).unwrap();
        assert!(scores.value[0].is_nan() && scores.value[1].is_nan());
        // 0 is expected first; 9 is taken as 1 + 3, then as 4 + 3; 12 is too far again but believed.
        let mut usual: f64 = 0.5;
        for (i, error) in [1.0, 8.0, 5.0, 5.0, 0.0].into_iter().enumerate() {
            assert!((scores.value[2 + i] - error / usual.sqrt()).abs() < 1e-12, "{i}");
            usual += (error * error - usual) / (3 + i) as f64;
        }
        assert_eq!(scores.expected.unwrap()[2..], [0.0, 1.0, 4.0, 7.0, 12.0]);
        assert_eq!(scores.band.unwrap()[2..], [4.0; 5]);
    }

    #[test]
    fn deviations_by_hand() {
        assert_eq!(deviation(&[1.0, -2.0, 300.0]), 2.0 * MAD_TO_SIGMA);
        assert_eq!(deviation(&[]), 0.0);
        assert_eq!(floor(&[1.0, 4.0]), 3e-6);
        assert_eq!(floor(&[2.0, 2.0]), 1e-9);
        let walk = Last(3.0).ahead(3).iter().map(|g| (g.mean, g.sd * g.sd)).collect::<Vec<_>>();
        assert!(walk.iter().zip(1..).all(|(g, h)| g.0 == 3.0 && (g.1 - f64::from(h)).abs() < 1e-12));
    }
}
