//! Special functions.

use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

/// Complementary error function, relative error below 1e-13: the series of erf up to 2, Laplace's continued
/// fraction beyond (Abramowitz and Stegun 7.1.6 and 7.1.14).
pub fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x < 2.0 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term.abs() > 1e-17 * sum.abs() {
            n += 1.0;
            term *= 2.0 * x * x / (2.0 * n + 1.0);
            sum += term;
        }
        return 1.0 - FRAC_2_SQRT_PI * (-x * x).exp() * sum;
    }
    let fraction = (1..=120).rev().fold(x, |below, k| x + 0.5 * f64::from(k) / below);
    0.5 * FRAC_2_SQRT_PI * (-x * x).exp() / fraction
}

/// The part of a standard normal distribution above `z`.
pub fn normal_tail(z: f64) -> f64 {
    0.5 * erfc(z / SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabled_values() {
        // DLMF table 7.23 and mpmath.
        for (x, want) in [
            (0.0, 1.0),
            (0.5, 0.479_500_122_186_953_5),
            (1.0, 0.157_299_207_050_285_13),
            (1.99, 0.004_888_586_800_383_003),
            (2.0, 0.004_677_734_981_047_266),
            (4.0, 1.541_725_790_028_002e-8),
            (-1.0, 1.842_700_792_949_714_8),
        ] {
            assert!((erfc(x) - want).abs() <= 1e-9 * want.abs().max(1e-3), "{x}: {} {want}", erfc(x));
        }
        assert!((normal_tail(1.959_963_984_540_054) - 0.025).abs() < 1e-12);
        assert_eq!(normal_tail(40.0), 0.0);
    }
}
