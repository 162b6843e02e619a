//! Rarity: scores of different detectors in one unit.
//!
//! The rarity of a score is `log10(1 / 2P)`, where `P` is the part of ordinary points with a score as high: 0 is an
//! even chance, 3 one in two thousand.

use crate::math::stats::quantile_sorted;

/// The part of ordinary points over the default limit. Some of it is learnt away where tails are heavier than they
/// look.
pub const BUDGET: f64 = 5e-5;
/// The excess over the median is never below this part of the range of the scores.
const FLOOR: f64 = 1e-3;
/// The tail is measured from the median to this quantile: a seventh of the scores may be anomalies.
const UPPER: f64 = 0.85;

/// The rarity that a part `p` of ordinary points exceeds.
pub fn rarity(p: f64) -> f64 {
    (0.5 / p).log10()
}

/// The upper tail of ordinary scores, taken to be exponential from their median on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExponentialTail {
    /// The median.
    pub median: f64,
    /// Mean excess over the median.
    pub excess: f64,
}

impl ExponentialTail {
    /// The tail of scores in ascending order; of none: zeros.
    pub fn of(sorted: &[f64]) -> ExponentialTail {
        let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
            return ExponentialTail { median: 0.0, excess: 0.0 };
        };
        let median = quantile_sorted(sorted, 0.5);
        let excess = (quantile_sorted(sorted, UPPER) - median) / (0.5 / (1.0 - UPPER)).ln();
        ExponentialTail { median, excess: excess.max(FLOOR * (high - low)) }
    }

    /// How many times as far over the median the score of this rarity lies as the quantile that the tail is measured
    /// by.
    pub fn height(rarity: f64) -> f64 {
        rarity * std::f64::consts::LN_10 / (0.5 / (1.0 - UPPER)).ln()
    }

    /// The rarity of a score, below 0 under the median. The excess must be above 0.
    pub fn rarity(&self, score: f64) -> f64 {
        (score - self.median) / (self.excess * std::f64::consts::LN_10)
    }

    /// The score of a rarity.
    pub fn score(&self, rarity: f64) -> f64 {
        self.median + self.excess * rarity * std::f64::consts::LN_10
    }
}

/// Scores that are rarities by themselves, up to their unit: `score = (unit · rarity) ^ power`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rarity {
    /// How many of the detector's own powers of ten are one of ordinary points, above 0.
    pub unit: f64,
    /// Above 0.
    pub power: f64,
}

impl Rarity {
    /// Scores that are rarities as they are.
    pub const PLAIN: Rarity = Rarity { unit: 1.0, power: 1.0 };

    /// The score of a rarity; with the sign of it.
    pub fn score(&self, rarity: f64) -> f64 {
        rarity.signum() * (self.unit * rarity.abs()).powf(self.power)
    }

    /// The rarity of a score; with the sign of it.
    pub fn of(&self, score: f64) -> f64 {
        score.signum() * score.abs().powf(1.0 / self.power) / self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_exponential_scores_the_part_over_a_rarity_is_its_own() {
        // Quantiles of 3 + exponential with mean 2.
        let sorted: Vec<f64> =
            (0..100_000).map(|i| 3.0 - 2.0 * (1.0 - (f64::from(i) + 0.5) / 1e5).ln()).collect();
        let tail = ExponentialTail::of(&sorted);
        for p in [0.1, 0.01, 0.001] {
            let over = sorted.iter().filter(|s| **s > tail.score(rarity(p))).count();
            assert!((over as f64 / 1e5 / p - 1.0).abs() < 0.02, "{over} over at {p}");
        }
    }

    #[test]
    fn scores_and_rarities_turn_into_each_other() {
        let scale = Rarity { unit: 1.1, power: 0.8 };
        for rarity in [-2.0, 0.0, 0.5, 6.7] {
            assert!((scale.of(scale.score(rarity)) - rarity).abs() < 1e-12);
        }
        assert_eq!(Rarity::PLAIN.score(3.5), 3.5);
        assert!((rarity(5e-8) - 7.0).abs() < 1e-12);
    }

    #[test]
    fn scores_that_hardly_differ_keep_a_floor() {
        let mut sorted = vec![1.0; 1000];
        sorted.push(2.0);
        assert_eq!(ExponentialTail::of(&sorted), ExponentialTail { median: 1.0, excess: 1e-3 });
        assert_eq!(ExponentialTail::of(&[]).score(5.0), 0.0);
    }
}
