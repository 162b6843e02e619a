//! How unlikely the latest surprises are, given those of the longer past.

use std::collections::VecDeque;

use crate::math::special::normal_tail;

/// Floors of mean and variance of the past: a memory that predicted everything must not make any blip a
/// certainty (NuPIC).
const LEAST_MEAN: f64 = 0.03;
const LEAST_VARIANCE: f64 = 0.0003;
/// Values kept between exact sums: bounds the rounding of the running ones.
const RESUM: u64 = 1024;

/// One-sided likelihood over rolling windows (Ahmad, Lavin, Purdy and Agha, Neurocomputing 2017).
#[derive(Debug, Clone)]
pub(super) struct Likelihood {
    long: usize,
    short: usize,
    past: VecDeque<f64>,
    sum: f64,
    squares: f64,
    seen: u64,
}

impl Likelihood {
    /// Windows of `long` and `short` points, both with the present one.
    pub(super) fn new(long: usize, short: usize) -> Likelihood {
        Likelihood { long, short, past: VecDeque::new(), sum: 0.0, squares: 0.0, seen: 0 }
    }

    /// Takes the next raw score and returns how many deviations the mean of the short window lies above that of
    /// the long one. The likelihood is `1 - normal_tail(z)`.
    pub(super) fn push(&mut self, raw: f64) -> f64 {
        self.past.push_back(raw);
        (self.sum, self.squares) = (self.sum + raw, self.squares + raw * raw);
        if self.past.len() > self.long
            && let Some(old) = self.past.pop_front()
        {
            (self.sum, self.squares) = (self.sum - old, self.squares - old * old);
        }
        self.seen += 1;
        if self.seen.is_multiple_of(RESUM) {
            self.sum = self.past.iter().sum();
            self.squares = self.past.iter().map(|v| v * v).sum();
        }
        let n = self.past.len() as f64;
        let mean = self.sum / n;
        let deviation = (self.squares / n - mean * mean).max(LEAST_VARIANCE).sqrt();
        let recent = self.past.iter().rev().take(self.short);
        let count = self.past.len().min(self.short) as f64;
        (recent.sum::<f64>() / count - mean.max(LEAST_MEAN)) / deviation
    }
}

/// `log10` of how many times rarer than an even chance a deviation of `z` or more is: 0 for the mean, bounded at
/// 9.7 by the 1e-10 that the published log scale adds.
pub(super) fn rarity(z: f64) -> f64 {
    -(2.0 * (normal_tail(z) + 1e-10)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_reference() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../../tests/golden/htm_likelihood.json")).unwrap();
        let column = |v: &serde_json::Value| -> Vec<f64> { serde_json::from_value(v.clone()).unwrap() };
        let raw = column(&golden["inputs"]["raw"]);
        let want = column(&golden["outputs"]["paper_one_sided"]);
        let mut likelihood = Likelihood::new(200, 10);
        for (i, (raw, want)) in raw.iter().zip(want).enumerate() {
            let got = 1.0 - normal_tail(likelihood.push(*raw));
            assert!((got - want).abs() < 1e-9, "{i}: {got} {want}");
        }
    }

    #[test]
    fn rarity_is_a_log_scale() {
        assert!(rarity(0.0).abs() < 1e-9);
        assert!((rarity(3.090_232_306_167_813) - 500f64.log10()).abs() < 1e-6);
        assert!(rarity(50.0) < 9.8);
    }
}
