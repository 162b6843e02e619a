//! The recurrence of an ARIMA model: what it carries along a series, and its forecast of the next value.

use std::sync::Arc;

use super::super::{Forecaster, Gaussian};

/// The model, as sums over what came before.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Coefficients {
    /// Mean of the differenced values.
    pub mu: f64,
    /// φ of the lags 1..=p.
    pub ar: Vec<f64>,
    /// Lag and factor of each earlier error.
    pub ma: Vec<(usize, f64)>,
    /// Lag and factor of each earlier value: what the differences took away.
    pub past: Vec<(usize, f64)>,
}

impl Coefficients {
    /// θ(B)(1 - ΘBᵐ) without its leading 1, as lags and factors; `m = 0`: no season.
    pub fn moving_average(theta: &[f64], m: usize, seasonal: f64) -> Vec<(usize, f64)> {
        let plain = theta.iter().enumerate().map(|(j, t)| (j + 1, *t));
        if m == 0 {
            return plain.collect();
        }
        let shifted = theta.iter().enumerate().map(|(j, t)| (m + j + 1, -seasonal * t));
        plain.chain([(m, -seasonal)]).chain(shifted).collect()
    }
}

/// `1 - (1 - B)^d (1 - Bᵐ)` as lags and factors; `m = 0`: no seasonal difference.
pub fn differences(d: usize, m: usize) -> Vec<(usize, f64)> {
    let mut polynomial = vec![1.0];
    for lag in std::iter::repeat_n(1, d).chain((m > 0).then_some(m)) {
        let before = polynomial.clone();
        polynomial.resize(before.len() + lag, 0.0);
        for (k, c) in before.iter().enumerate() {
            polynomial[k + lag] -= c;
        }
    }
    polynomial.iter().enumerate().skip(1).filter(|(_, c)| **c != 0.0).map(|(k, c)| (k, -c)).collect()
}

/// The last values, newest first.
#[derive(Debug, Clone)]
struct Ring {
    values: Vec<f64>,
    newest: usize,
}

impl Ring {
    /// Holds as many as `oldest_first`.
    fn of(oldest_first: Vec<f64>) -> Ring {
        Ring { newest: oldest_first.len().saturating_sub(1), values: oldest_first }
    }

    fn push(&mut self, x: f64) {
        self.newest = if self.newest + 1 < self.values.len() { self.newest + 1 } else { 0 };
        if let Some(slot) = self.values.get_mut(self.newest) {
            *slot = x;
        }
    }

    /// The value `lag` steps ago; 1 is the newest.
    fn back(&self, lag: usize) -> f64 {
        let n = self.values.len();
        let at = if lag <= self.newest + 1 { self.newest + 1 - lag } else { self.newest + 1 + n - lag };
        self.values.get(at).copied().unwrap_or(0.0)
    }
}

/// What the recurrence carries along a series.
#[derive(Debug, Clone)]
pub struct State {
    model: Arc<Coefficients>,
    /// Values of the series.
    values: Ring,
    /// Differenced values less μ.
    deviations: Ring,
    errors: Ring,
    sd: f64,
    /// What the differences took away from the next value.
    base: f64,
    /// Forecast of the next value.
    mean: f64,
}

impl State {
    /// The state after `past`, the last values before the series, oldest first.
    pub fn new(model: Arc<Coefficients>, past: Vec<f64>, sd: f64) -> State {
        let errors = model.ma.iter().map(|(lag, _)| *lag).max().unwrap_or(0);
        let mut state = State {
            values: Ring::of(past),
            deviations: Ring::of(vec![0.0; model.ar.len()]),
            errors: Ring::of(vec![0.0; errors]),
            model,
            sd,
            base: 0.0,
            mean: 0.0,
        };
        state.forecast();
        state
    }

    fn forecast(&mut self) {
        let sum =
            |terms: &[(usize, f64)], ring: &Ring| terms.iter().map(|(k, c)| c * ring.back(*k)).sum::<f64>();
        let ar: f64 = self.model.ar.iter().enumerate().map(|(i, f)| f * self.deviations.back(i + 1)).sum();
        self.base = sum(&self.model.past, &self.values);
        self.mean = self.base + self.model.mu + ar + sum(&self.model.ma, &self.errors);
    }
}

impl Forecaster for State {
    fn next(&self) -> Gaussian {
        Gaussian { mean: self.mean, sd: self.sd }
    }

    fn observe(&mut self, x: f64) {
        self.errors.push(x - self.mean);
        self.deviations.push(x - self.base - self.model.mu);
        self.values.push(x);
        self.forecast();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{golden, near, numbers};

    fn state(params: &serde_json::Value, past: Vec<(usize, f64)>, before: Vec<f64>) -> State {
        let model = Coefficients {
            mu: params["mu"].as_f64().unwrap_or(0.0),
            ar: numbers(&params["phi"]),
            ma: Coefficients::moving_average(&numbers(&params["theta"]), 0, 0.0),
            past,
        };
        State::new(Arc::new(model), before, params["sigma2"].as_f64().unwrap().sqrt())
    }

    fn walk(state: &mut State, values: &[f64]) -> Vec<f64> {
        let step = |x: &f64| {
            let mean = state.next().mean;
            state.observe(*x);
            mean
        };
        values.iter().map(step).collect()
    }

    #[test]
    fn forecasts_agree_with_the_reference() {
        let golden = golden("arima");
        for (name, series, d, one_step) in [
            ("arima_2_0_1", "y_arma", 0, "css_one_step"),
            ("arima_1_1_1", "y_int", 1, "css_one_step_from_index1"),
        ] {
            let want = |key: &str| numbers(&golden["outputs"][name][key]);
            let values = numbers(&golden["inputs"][series]);
            let (before, y) = values.split_at(d);
            let mut model = state(&golden["params"][name], differences(d, 0), before.to_vec());
            let got = walk(&mut model, y);
            near(&got, &want(one_step), 1e-9, name);
            let errors: Vec<f64> = y.iter().zip(&got).map(|(y, mean)| y - mean).collect();
            near(&errors, &want("css_resid"), 1e-9, name);
            // The exact filter forgets how it began.
            let burnt = golden["outputs"][name]["css_equals_kalman_from_index"].as_u64().unwrap() as usize;
            near(&got[burnt - d..], &want("kalman_one_step")[burnt..], 1e-6, name);
            if name == "arima_2_0_1" {
                near(&errors[burnt..], &want("kalman_resid")[burnt..], 1e-6, name);
                let variance = golden["params"][name]["sigma2"].as_f64().unwrap();
                let settled = &want("kalman_innovation_var")[burnt..];
                near(&vec![model.next().sd.powi(2); settled.len()], settled, 1e-6, name);
                assert!((model.next().sd.powi(2) - variance).abs() < 1e-12);
            }
            let ahead = model.ahead(6);
            near(&ahead.iter().map(|g| g.mean).collect::<Vec<_>>(), &want("forecast"), 1e-6, name);
            near(&ahead.iter().map(|g| g.sd).collect::<Vec<_>>(), &want("forecast_se"), 1e-6, name);
        }
    }

    #[test]
    fn an_error_echoes_as_the_reference_says() {
        let golden = golden("arima");
        let mut model = state(&golden["params"]["arima_2_0_1"], Vec::new(), Vec::new());
        model.observe(model.next().mean + 1.0);
        let mut echo = vec![1.0];
        while echo.len() < 8 {
            let mean = model.next().mean;
            echo.push(mean - model.model.mu);
            model.observe(mean);
        }
        near(&echo, &numbers(&golden["outputs"]["psi_weights_2_0_1"]), 1e-9, "ψ");
    }

    #[test]
    fn differences_by_hand() {
        assert_eq!(differences(0, 0), []);
        assert_eq!(differences(2, 0), [(1, 2.0), (2, -1.0)]);
        assert_eq!(differences(1, 4), [(1, 1.0), (4, 1.0), (5, -1.0)]);
        assert_eq!(Coefficients::moving_average(&[0.5], 4, 0.2), [(1, 0.5), (4, -0.2), (5, -0.1)]);
    }

    #[test]
    fn the_ring_gives_back_what_went_in() {
        let mut ring = Ring::of(vec![1.0, 2.0, 3.0]);
        assert_eq!([ring.back(1), ring.back(2), ring.back(3)], [3.0, 2.0, 1.0]);
        for x in [4.0, 5.0] {
            ring.push(x);
        }
        assert_eq!([ring.back(1), ring.back(2), ring.back(3)], [5.0, 4.0, 3.0]);
        let mut none = Ring::of(Vec::new());
        none.push(1.0);
        assert_eq!(none.back(1), 0.0);
    }
}
