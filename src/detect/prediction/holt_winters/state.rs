//! The recurrence.
//!
//! With level `l`, trend `b`, damping φ and seasonals `s` (one a phase), `x̂ = l + φb + s` and, in the
//! error-correction form with `e = x - x̂`: `l ← l + φb + αe`, `b ← φb + αβe`, `s ← s + γe`. The multiplicative
//! form has `x̂ = (l + φb)·s` and divides `e` by `s` for `l` and `b`, by `l + φb` for `s`.

use crate::detect::prediction::{Forecaster, Gaussian};

/// The four gains of the recurrence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gains {
    /// Of the level.
    pub alpha: f64,
    /// Of the trend, relative to that of the level.
    pub beta: f64,
    /// Of the season.
    pub gamma: f64,
    /// Damping of the trend.
    pub phi: f64,
}

/// Level, trend and season: the state of the recurrence.
#[derive(Debug, Clone)]
pub struct State {
    /// How much an error teaches.
    pub gains: Gains,
    /// Whether the season multiplies the level.
    pub multiplicative: bool,
    /// Level of the last value.
    pub level: f64,
    /// Trend there.
    pub trend: f64,
    /// One a phase, empty without a season; that of the next value is at `phase`.
    pub season: Vec<f64>,
    /// See `season`.
    pub phase: usize,
    /// What values are counted from.
    pub origin: f64,
    /// Deviation of a forecast's error.
    pub sd: f64,
}

impl State {
    /// Level plus damped trend, and the seasonal of the next value.
    #[inline(always)]
    fn parts(&self) -> (f64, f64) {
        let neutral = if self.multiplicative { 1.0 } else { 0.0 };
        (self.level + self.gains.phi * self.trend, self.season.get(self.phase).copied().unwrap_or(neutral))
    }
}

impl Forecaster for State {
    #[inline(always)]
    fn next(&self) -> Gaussian {
        let (base, season) = self.parts();
        let mean = if self.multiplicative { base * season } else { base + season };
        Gaussian { mean: self.origin + mean, sd: self.sd }
    }

    #[inline(always)]
    fn observe(&mut self, x: f64) {
        let error = x - self.next().mean;
        let (base, season) = self.parts();
        let Gains { alpha, beta, gamma, phi } = self.gains;
        // What the error says of the level and of the season; the factors stay clear of 0.
        let (of_level, of_season) = if self.multiplicative {
            (error / season.max(1e-3), error / base.max(1e-3))
        } else {
            (error, error)
        };
        self.level = base + alpha * of_level;
        self.trend = phi * self.trend + alpha * beta * of_level;
        if let Some(s) = self.season.get_mut(self.phase) {
            *s += gamma * of_season;
            self.phase = (self.phase + 1) % self.season.len();
        }
    }

    /// The level alone follows: the way to it is no trend.
    fn accept(&mut self, x: f64) {
        let (_, season) = self.parts();
        let off = x - self.next().mean;
        self.level += if self.multiplicative { off / season.max(1e-3) } else { off };
        self.observe(x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{golden, near, numbers};
    use crate::math::linalg::dot;

    #[test]
    fn recurrences_agree_with_the_reference() {
        let golden = golden("holt_winters");
        for (name, input) in [
            ("additive", "y_add"),
            ("additive_damped", "y_add"),
            ("multiplicative", "y_mul"),
            ("holt", "y_add"),
            ("ses", "y_add"),
        ] {
            let p = &golden["params"][name];
            let number = |key: &str, default: f64| p[key].as_f64().unwrap_or(default);
            let mut state = State {
                gains: Gains {
                    alpha: number("alpha", 0.0),
                    beta: number("beta", 0.0),
                    gamma: number("gamma", 0.0),
                    phi: number("phi", 1.0),
                },
                multiplicative: name == "multiplicative",
                level: number("l0", 0.0),
                trend: number("b0", 0.0),
                season: p["s0"].as_array().map(|_| numbers(&p["s0"])).unwrap_or_default(),
                phase: 0,
                origin: 0.0,
                sd: 1.0,
            };
            let (mut fitted, mut errors) = (vec![], vec![]);
            let (mut level, mut trend, mut season) = (vec![], vec![], vec![]);
            for x in numbers(&golden["inputs"][input]) {
                fitted.push(state.next().mean);
                errors.push(x - state.next().mean);
                let phase = state.phase;
                state.observe(x);
                level.push(state.level);
                trend.push(state.trend);
                season.extend(state.season.get(phase));
            }
            let want = &golden["outputs"][name];
            near(&fitted, &numbers(&want["fitted"]), 1e-9, name);
            near(&errors, &numbers(&want["one_step_error"]), 1e-9, name);
            near(&[dot(&errors, &errors)], &numbers(&want["sse"]), 1e-9, name);
            near(&level, &numbers(&want["level"]), 1e-9, name);
            if name != "ses" {
                near(&trend, &numbers(&want["trend"]), 1e-9, name);
            }
            near(&season, &numbers(&want["season"]), 1e-9, name);
            // The reference forecasts the phase of the last value with its season from before that value.
            if let Some(last) = (season.len().checked_sub(13)).map(|i| season[i]) {
                let phase = (state.phase + 11) % 12;
                state.season[phase] = last;
            }
            let horizon = want["forecast"].as_array().unwrap().len();
            let ahead: Vec<f64> = state.ahead(horizon).iter().map(|g| g.mean).collect();
            near(&ahead, &numbers(&want["forecast"]), 1e-9, name);
        }
    }
}
