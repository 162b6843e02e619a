//! What a critic says of the windows over a point, as one number a point.

use crate::math::stats::{mean, median, quantile, std};

/// Below this variance, windows say the same: the KDE has no width.
const SAME: f64 = 1e-12;

/// The value at which a Gaussian kernel density of `values` (Scott's bandwidth, `n^(-1/5)` deviations) is highest
/// among them, the first of equals; the median of fewer than two values or of equal ones; NaN for none.
pub fn mode(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let deviation = std(values) * (n / (n - 1.0)).sqrt();
    if values.len() < 2 || deviation * deviation < SAME {
        return median(values);
    }
    let width = n.powf(-0.2) * deviation;
    let density = |at: f64| -> f64 { values.iter().map(|v| (-0.5 * ((at - v) / width).powi(2)).exp()).sum() };
    let mut best = (f64::NEG_INFINITY, f64::NAN);
    for v in values {
        let d = density(*v);
        if d > best.0 {
            best = (d, *v);
        }
    }
    best.1
}

/// What is usual of a critic: mean within the quartiles, and deviation of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// Mean of the values between the quartiles.
    pub middle: f64,
    /// Population standard deviation of all values.
    pub deviation: f64,
}

impl Usual {
    /// From the calibration stretch.
    pub fn of(values: &[f64]) -> Usual {
        let (low, high) = (quantile(values, 0.25), quantile(values, 0.75));
        let inner: Vec<f64> = values.iter().copied().filter(|v| (low..=high).contains(v)).collect();
        Usual { middle: mean(&inner), deviation: std(values) }
    }

    /// `|c - middle|` in deviations: unusual data may be judged too low or too high.
    pub fn away(&self, value: f64) -> f64 {
        (value - self.middle).abs() / self.deviation.max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_ignores_a_minority() {
        assert_eq!(mode(&[1.0, 1.0, 1.0, 9.0]), 1.0);
        assert_eq!(mode(&[4.0]), 4.0);
        assert_eq!(mode(&[2.0, 2.0]), 2.0);
        assert!(mode(&[]).is_nan());
    }

    #[test]
    fn both_sides_are_strange() {
        let usual = Usual::of(&[0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(usual.middle, 2.0);
        assert_eq!(usual.away(0.0), usual.away(4.0));
    }
}
