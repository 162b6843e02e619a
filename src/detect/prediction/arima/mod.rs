//! ARIMA: a value far from what its own recent values and errors lead one to expect is strange.
//!
//! With `w` the series differenced `d` times at lag 1 and, if that lowers the variance, once at the period `m`:
//! `w_t - μ = Σ φ_i (w_{t-i} - μ) + e_t + Σ θ_j e_{t-j}`, where the moving average is multiplied by
//! `1 - Θ Bᵐ` after a seasonal difference, which makes the season an average over the periods and not merely the
//! last one. Before the series begins `w = μ` and `e = 0` (conditional sum of squares).
//!
//! Source: Box and Jenkins (1970), Time Series Analysis: Forecasting and Control. The fit starts at the estimates
//! of Hannan and Rissanen (1982), goes on by Nelder-Mead on partial autocorrelations, which keeps the model
//! stationary and invertible, and takes the order with the smallest AICc of Hurvich and Tsai (1989). Errors beyond
//! 3 deviations neither teach the state nor count quadratically, so the training values may hold anomalies. State:
//! `p + q + d` numbers and two periods; cost of a value p + 2q.

mod state;

use std::sync::Arc;

pub use state::State;
use state::{Coefficients, differences};

use super::{Model, Predictive, deviation, feed, floor, huber};
use crate::detect::{Detector, Entry, Family, Fitted, Setup};
use crate::error::{Error, Result};
use crate::math::autoregression::{from_partial, hannan_rissanen, long_errors, to_partial};
use crate::math::optimize::nelder_mead;
use crate::math::stats::{self, MAD_TO_SIGMA};
use crate::settings::{Setting, settings};

/// Values that start a state without a season.
const START: usize = 10;
/// Fewest training values.
const NEEDED: usize = 20;
/// Fitted on the last so many values, or six periods if they are more, at most [`FIT_LIMIT`].
const FIT_POINTS: usize = 3000;
/// Most values that a fit looks at.
const FIT_LIMIT: usize = 10_000;
/// Values in a row that are kept from a state without a season before a new level is believed.
const PATIENCE: usize = 24;
/// Largest p and q.
const MOST: usize = 10;
/// Largest p and q of the search.
const SEARCHED: usize = 3;
/// Orders that are fitted to the end; the others are judged by where they start.
const FINALISTS: usize = 3;
/// A further difference must take away at least this part of the variance.
const GAIN: f64 = 0.05;
/// Largest partial autocorrelation: a model at the edge of stationarity forgets nothing.
const EDGE: f64 = 0.99;
/// Where the search for Θ starts.
const THETA: f64 = 0.8;

/// Parameters. Orders that are unset are searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Autoregressive terms, 0..=10; unset: searched in 0..=3.
    pub p: Option<usize>,
    /// Differences at lag 1, 0..=2; unset: as many as lower the variance.
    pub d: Option<usize>,
    /// Moving-average terms, 0..=10; unset: searched in 0..=3.
    pub q: Option<usize>,
    /// Whether to take a difference at the period if it lowers the variance.
    pub season: bool,
}
settings!(Params { p, d, q, season });

impl Default for Params {
    fn default() -> Self {
        Params { p: None, d: None, q: None, season: true }
    }
}

impl Params {
    /// # Errors
    /// [`Error::Param`] for the first order out of its range.
    pub fn check(&self) -> Result<()> {
        for (name, order, most) in [("p", self.p, MOST), ("d", self.d, 2), ("q", self.q, MOST)] {
            if order.is_some_and(|o| o > most) {
                return Err(Error::param(
                    name,
                    format!("must lie in 0 to {most}, or be null to be searched"),
                ));
            }
        }
        Ok(())
    }
}

/// ARIMA with checked parameters.
pub struct Arima {
    params: Params,
    /// Points in one period; 0 without one.
    period: usize,
}

impl Detector for Arima {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        if train.len() < NEEDED {
            return Err(Error::TooShort { needed: NEEDED, got: train.len() });
        }
        let model = self.learn(train);
        let patience = if model.period > 0 { model.period } else { PATIENCE };
        Ok(Arc::new(Predictive::new(model, train, patience)))
    }
}

impl Arima {
    fn learn(&self, train: &[f64]) -> Learnt {
        let most = FIT_POINTS.max(6 * self.period).min(FIT_LIMIT);
        let train = &train[train.len().saturating_sub(most)..];
        let period = if self.params.season && train.len() >= 3 * self.period { self.period } else { 0 };
        let (d, period) = self.differencing(train, period);
        let past = differences(d, period);
        let w = tamed(&differenced(train, &past));
        let mu = if past.is_empty() { stats::mean(&w) } else { 0.0 };
        // A long autoregression: its errors start the estimates, and its scale judges all orders alike.
        let long = ((10.0 * (w.len() as f64).log10()) as usize).min(w.len() / 4);
        let news = long_errors(&w, long);
        let scale = deviation(&news).max(floor(train));
        let trial = |p: usize, q: usize, u: &[f64]| {
            let theta: Vec<f64> = from_partial(&partials(&u[p..p + q])).iter().map(|t| -t).collect();
            let seasonal = if period > 0 { bounded(u[p + q]) } else { 0.0 };
            let ma = Coefficients::moving_average(&theta, period, seasonal);
            let ar = from_partial(&partials(&u[..p]));
            let model = Coefficients { mu, ar, ma, past: past.clone() };
            Learnt { model: Arc::new(model), period, sd: scale }
        };
        let criterion = |p: usize, q: usize, u: &[f64]| {
            let errors = trial(p, q, u).errors(train);
            let n = errors.len() as f64;
            let k = (u.len() + 1 + usize::from(past.is_empty())) as f64;
            let square = 2.0 * errors.iter().map(|e| huber(e / scale)).sum::<f64>() / n;
            n * square.max(f64::MIN_POSITIVE).ln() + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0).max(1.0)
        };
        let started: Vec<(usize, usize, Vec<f64>, f64)> = self
            .orders(w.len())
            .into_iter()
            .map(|(p, q)| {
                let (phi, theta) = hannan_rissanen(&w, &news, p, q);
                let theta: Vec<f64> = theta.iter().map(|t| -t).collect();
                let mut u = to_partial(&phi, 0.95);
                u.extend(to_partial(&theta, 0.95));
                u.extend((period > 0).then_some(THETA));
                let u: Vec<f64> = u.iter().map(|r| (r / EDGE).atanh()).collect();
                let value = criterion(p, q, &u);
                (p, q, u, value)
            })
            .collect();
        let criteria: Vec<f64> = started.iter().map(|s| s.3).collect();
        let best = stats::order(&criteria)
            .into_iter()
            .take(FINALISTS)
            .map(|i| {
                let (p, q, ref u, _) = started[i];
                let (u, value) = nelder_mead(&|u| criterion(p, q, u), u, 0.3, 60 * (u.len() + 1), 1e-7);
                (trial(p, q, &u), value)
            })
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let mut model = best.map_or_else(|| trial(0, 0, &[0.0]), |b| b.0);
        model.sd = deviation(&model.errors(train));
        model
    }

    /// The orders to compare for `n` differenced values.
    fn orders(&self, n: usize) -> Vec<(usize, usize)> {
        let range = |fixed: Option<usize>| fixed.map_or(0..=SEARCHED, |o| o..=o);
        let all = range(self.params.p).flat_map(|p| range(self.params.q).map(move |q| (p, q)));
        // At least ten values a coefficient, unless it was asked for.
        let asked = self.params.p.is_some() || self.params.q.is_some();
        all.filter(|(p, q)| asked || 10 * (p + q) <= n).collect()
    }

    /// Differences at lag 1 and the lag of the seasonal one (0: none) that leave the smallest variance, the fewest
    /// among those about as good.
    fn differencing(&self, train: &[f64], period: usize) -> (usize, usize) {
        let mut best = (self.params.d.unwrap_or(0), 0);
        let mut least = f64::INFINITY;
        for m in [0, period] {
            for d in self.params.d.map_or(0..=2, |d| d..=d) {
                let variance = stats::std(&tamed(&differenced(train, &differences(d, m)))).powi(2);
                if variance < (1.0 - GAIN) * least {
                    (best, least) = ((d, m), variance);
                }
            }
        }
        best
    }
}

fn bounded(u: f64) -> f64 {
    EDGE * u.tanh()
}

fn partials(u: &[f64]) -> Vec<f64> {
    u.iter().map(|u| bounded(*u)).collect()
}

/// The values less what the differences take away, from the first that has all its lags.
fn differenced(values: &[f64], past: &[(usize, f64)]) -> Vec<f64> {
    let lag = past.iter().map(|(k, _)| *k).max().unwrap_or(0);
    (lag..values.len())
        .map(|t| values[t] - past.iter().map(|(k, c)| c * values[t - k]).sum::<f64>())
        .collect()
}

/// The values with the outermost 1 % on each side, and all beyond 5 robust deviations (if there are any), drawn in.
fn tamed(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (stats::quantile_sorted(&sorted, 0.01), stats::quantile_sorted(&sorted, 0.99));
    let (middle, spread) = (stats::quantile_sorted(&sorted, 0.5), 5.0 * MAD_TO_SIGMA * stats::mad(values));
    let bound = if spread > 0.0 { spread } else { f64::INFINITY };
    values.iter().map(|v| v.clamp(low, high).clamp(middle - bound, middle + bound)).collect()
}

/// What `fit` has learnt.
#[derive(Debug, Clone)]
struct Learnt {
    model: Arc<Coefficients>,
    /// Lag of the seasonal difference; 0: none.
    period: usize,
    sd: f64,
}

impl Learnt {
    /// Errors over `train` after the warm-up.
    fn errors(&self, train: &[f64]) -> Vec<f64> {
        let (first, rest) = train.split_at(self.warm_up());
        let mut state = self.start(first);
        let (mut kept, patience) = (0, if self.period > 0 { self.period } else { PATIENCE });
        rest.iter().map(|x| feed(&mut state, *x, 0.0, patience, &mut kept)).collect()
    }
}

impl Model for Learnt {
    type State = State;

    fn warm_up(&self) -> usize {
        START.max(2 * self.period)
    }

    fn start(&self, first: &[f64]) -> State {
        let lag = self.model.past.iter().map(|(k, _)| *k).max().unwrap_or(0);
        let (past, rest) = if self.period > 0 {
            let season = agreed(&first[..self.period], &first[self.period..]);
            let before = vec![season[0]; lag - self.period];
            ([before, season].concat(), &first[self.period..])
        } else {
            (vec![stats::median(first); lag], first)
        };
        let mut state = State::new(Arc::clone(&self.model), past, self.sd);
        let mut kept = 0;
        for x in rest {
            feed(&mut state, *x, 0.0, first.len(), &mut kept);
        }
        state
    }
}

/// The first period, where the second contradicts it by more than 5 robust deviations, with whichever of the two
/// values lies nearer to the median of its neighbourhood in both.
fn agreed(one: &[f64], two: &[f64]) -> Vec<f64> {
    let change: Vec<f64> = one.iter().zip(two).map(|(a, b)| b - a).collect();
    let (shift, bound) = (stats::median(&change), 5.0 * MAD_TO_SIGMA * stats::mad(&change));
    (0..one.len())
        .map(|i| {
            let other = two[i] - shift;
            if (other - one[i]).abs() <= bound {
                return one[i];
            }
            let near = i.saturating_sub(2)..(i + 3).min(one.len());
            let mut around = one[near.clone()].to_vec();
            around.extend(two[near].iter().map(|v| v - shift));
            let middle = stats::median_in_place(&mut around);
            if (one[i] - middle).abs() <= (other - middle).abs() { one[i] } else { other }
        })
        .collect()
}

/// The registry's row.
pub const ENTRY: Entry = Entry {
    name: "arima",
    family: Family::Prediction,
    pretrained: false,
    summary: "Values off what the last ones lead to",
    source: "Box and Jenkins (1970), Time Series Analysis: Forecasting and Control",
    defaults: || Params::default().value(),
    build,
};

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let params: Params = setup.params()?;
    params.check()?;
    Ok(Box::new(Arima { params, period: setup.period.filter(|m| *m >= 2).unwrap_or(0) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Random;

    #[test]
    fn a_series_is_differenced_twice_by_hand() {
        assert_eq!(differenced(&[1.0, 4.0, 9.0, 16.0], &differences(2, 0)), [2.0, 2.0]);
    }

    /// `x_t = φ x_{t-1} + e_t + θ e_{t-1}`.
    fn simulated(n: usize, phi: f64, theta: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let (mut x, mut e) = (0.0, 0.0);
        (0..n)
            .map(|_| {
                let news = random.normal();
                x = phi * x + news + theta * e;
                e = news;
                x
            })
            .collect()
    }

    fn learn(p: Option<usize>, d: Option<usize>, q: Option<usize>, period: usize, x: &[f64]) -> Learnt {
        Arima { params: Params { p, d, q, season: true }, period }.learn(x)
    }

    #[test]
    fn estimates_find_the_simulated_coefficients_also_among_spikes() {
        let mut x = simulated(5000, 0.7, 0.0, 1);
        let phi = |x: &[f64]| learn(Some(1), Some(0), Some(0), 0, x).model.ar[0];
        assert!((phi(&x) - 0.7).abs() < 0.05, "{}", phi(&x));
        // One value in a hundred far off: each still teaches 3 deviations.
        for i in (3..5000).step_by(97) {
            x[i] += 30.0;
        }
        assert!((phi(&x) - 0.7).abs() < 0.08, "{}", phi(&x));
        let mixed = learn(Some(1), Some(0), Some(1), 0, &simulated(5000, 0.5, 0.4, 2));
        assert!(
            (mixed.model.ar[0] - 0.5).abs() < 0.08 && (mixed.model.ma[0].1 - 0.4).abs() < 0.08,
            "{mixed:?}"
        );
        assert!((mixed.sd - 1.0).abs() < 0.05, "{}", mixed.sd);
    }

    #[test]
    fn the_search_takes_no_more_than_is_needed() {
        let noise = learn(None, None, None, 0, &simulated(3000, 0.0, 0.0, 3));
        assert_eq!((noise.model.past.len(), noise.warm_up()), (0, START));
        assert!((noise.sd - 1.0).abs() < 0.06, "{}", noise.sd);
        // A random walk needs one difference and little else.
        let mut level = 0.0;
        let walk: Vec<f64> = simulated(3000, 0.0, 0.0, 4)
            .iter()
            .map(|e| {
                level += e;
                level
            })
            .collect();
        let walk = learn(None, None, None, 0, &walk);
        assert_eq!(walk.model.past, [(1, 1.0)]);
        assert!((walk.sd - 1.0).abs() < 0.06, "{}", walk.sd);
    }

    #[test]
    fn a_season_is_averaged_over_periods() {
        let mut random = Random::new(5);
        let x: Vec<f64> =
            (0..2000).map(|i| [0.0, 3.0, -1.0, 8.0, 2.0, 2.5, -4.0][i % 7] + 0.1 * random.normal()).collect();
        let model = learn(None, None, None, 7, &x);
        assert_eq!(model.period, 7);
        // The last period alone would give 0.14, the average over many 0.1.
        assert!(model.sd < 0.115, "{}", model.sd);
    }

    #[test]
    fn a_spike_in_the_warm_up_leaves_no_trace() {
        let mut random = Random::new(6);
        for at in [3, 30] {
            let mut x: Vec<f64> = (0..800)
                .map(|i| (std::f64::consts::TAU * f64::from(i) / 24.0).sin() + 0.05 * random.normal())
                .collect();
            let fit = |x: &[f64]| Arima { params: Params::default(), period: 24 }.fit(x).unwrap();
            let clean = fit(&x).score(&x).unwrap().value;
            x[at] += 30.0;
            let spoiled = fit(&x).score(&x).unwrap().value;
            let worst = (48..800).map(|i| (clean[i] - spoiled[i]).abs()).fold(0.0, f64::max);
            assert!(worst < 1.5, "{at}: {worst}");
        }
    }

    #[test]
    fn a_constant_has_no_error_and_orders_out_of_range_are_refused() {
        let fitted = Arima { params: Params::default(), period: 0 }.fit(&[5.0; 100]).unwrap();
        assert!(fitted.score(&[5.0; 50]).unwrap().value[START..].iter().all(|s| *s == 0.0));
        for wrong in [
            serde_json::json!({ "p": 11 }),
            serde_json::json!({ "d": 3 }),
            serde_json::json!({ "q": -3 }),
            serde_json::json!({ "season": 1 }),
        ] {
            let said = build(&Setup { params: wrong.clone(), ..Setup::default() }).err();
            assert!(matches!(said, Some(Error::Param { .. })), "{wrong}: {said:?}");
        }
    }
}
