//! Where quantities usually lie, learnt on a training stretch that may hold anomalies, and what that makes of them.

use crate::math::stats::{MAD_TO_SIGMA, median_in_place, quantile_sorted};
use crate::score::rarity::{BUDGET, ExponentialTail, rarity};

/// Usual deviations of a score at the default limit where that is lowest.
pub const LIMIT: f64 = 5.2;

/// Where a positive quantity usually is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Level {
    /// Its median.
    pub middle: f64,
    /// What counts as one deviation.
    pub scale: f64,
}

impl Level {
    /// From the quantity on the training stretch, of whose values one anomaly may hold `room`. The scale is at least
    /// `floor`.
    ///
    /// The scale is that of the median deviation or of a high quantile, whichever is wider: tails heavier than the
    /// normal distribution's are usual too. That quantile is 97 %, and 90 % where an anomaly could reach the other.
    pub fn of(mut values: Vec<f64>, floor: f64, room: usize) -> Level {
        values.retain(|v| v.is_finite());
        if values.is_empty() {
            return Level { middle: 0.0, scale: floor };
        }
        values.sort_unstable_by(f64::total_cmp);
        let middle = quantile_sorted(&values, 0.5);
        // Above the 97 % quantile is a thirty-third. So many deviations are a normal distribution's.
        let (part, deviations) = if 33 * room > values.len() { (0.9, 1.282) } else { (0.97, 1.881) };
        let tail = (quantile_sorted(&values, part) - middle) / deviations;
        let mut off: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
        let near = MAD_TO_SIGMA * median_in_place(&mut off);
        Level { middle, scale: near.max(tail).max(floor) }
    }

    /// How many times as large this quantity usually is as another, at least 1.
    pub fn beside(&self, other: &Level) -> f64 {
        let reached = other.middle + other.scale;
        if reached > 0.0 { ((self.middle + self.scale) / reached).max(1.0) } else { 1.0 }
    }

    /// Deviations above what is usual, at least 0.
    pub fn above(&self, value: f64) -> f64 {
        ((value - self.middle) / self.scale).max(0.0)
    }
}

/// How often a distance is large: in a heavy tail, deviations grow with a root of the distance.
#[derive(Debug, Clone, Copy)]
pub struct Tail {
    /// The distance of [`Tail::FIRST`] deviations.
    first: f64,
    /// Exponent above it, 1 for the normal distribution.
    power: f64,
}

impl Default for Tail {
    fn default() -> Tail {
        Tail { first: 1.0, power: 1.0 }
    }
}

impl Tail {
    /// Deviations that a normal distance stays below in 90 % and in 99 % of cases.
    const FIRST: f64 = 1.645;
    const SECOND: f64 = 2.576;
    /// The heaviest tail that is called usual; above it, what is rare is strange.
    const HEAVIEST: f64 = 0.4;

    /// From distances on the training stretch; a deviation is at least `floor`.
    pub fn of(mut values: Vec<f64>, floor: f64) -> Tail {
        values.sort_unstable_by(f64::total_cmp);
        let at = |q| if values.is_empty() { 0.0 } else { quantile_sorted(&values, q) };
        let middle = at(0.5) / 0.6745;
        let first = (at(0.9) / Tail::FIRST).max(middle).max(floor) * Tail::FIRST;
        let ratio = (at(0.99) / first).max(1.0);
        let power = (Tail::SECOND / Tail::FIRST).ln() / ratio.ln();
        Tail { first, power: if ratio > 1.0 { power.clamp(Tail::HEAVIEST, 1.0) } else { 1.0 } }
    }

    /// The deviations that a distance is worth.
    pub fn deviations(&self, value: f64) -> f64 {
        let part = value / self.first;
        Tail::FIRST * if part > 1.0 { part.powf(self.power) } else { part }
    }
}

/// An increasing map of scores: straight lines between knots, nothing changed above the last.
#[derive(Debug, Clone, Default)]
pub struct Spacing {
    knots: Vec<(f64, f64)>,
}

impl Spacing {
    /// The map that lays `scores` out so that their median is 1 and the default limit over them [`LIMIT`], and
    /// leaves what is above alone.
    pub fn of(mut scores: Vec<f64>) -> Spacing {
        scores.sort_unstable_by(f64::total_cmp);
        let mut knots = vec![(0.0, 0.0)];
        let height = ExponentialTail::height(rarity(BUDGET));
        for (q, to) in [(0.25, 0.5), (0.5, 1.0), (0.85, 1.0 + (LIMIT - 1.0) / height)] {
            let from = quantile_sorted(&scores, q);
            if knots.last().is_some_and(|(x, _)| from > *x) && from < LIMIT {
                knots.push((from, to));
            }
        }
        knots.push((LIMIT, LIMIT));
        Spacing { knots }
    }

    /// The tail that scores have when they are laid out.
    pub fn tail() -> ExponentialTail {
        let excess = (LIMIT - 1.0) / (rarity(BUDGET) * std::f64::consts::LN_10);
        ExponentialTail { median: 1.0, excess }
    }

    /// Where a score goes.
    pub fn map(&self, score: f64) -> f64 {
        for pair in self.knots.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            if score < x1 {
                return y0 + (y1 - y0) * (score - x0) / (x1 - x0);
            }
        }
        score
    }
}
