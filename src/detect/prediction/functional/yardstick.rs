//! What curves are compared with: the functional boxplot of those known, and what their components leave over.

use crate::math::functional::{Boxplot, CurveComponents, Depth, median_curve};
use crate::math::stats;

/// A width or a scale counts as at least this part of the median over the cycle: where all curves agree any
/// difference would be outstanding.
const LEAST: f64 = 0.5;

/// Rules of the comparison.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// What orders the curves.
    pub(super) depth: Depth,
    /// Widths of the central region from its edge to the fence.
    pub(super) factor: f64,
    /// Part of the variance that the components explain.
    pub(super) explained: f64,
    /// Least width and scale, in units of the values.
    pub(super) floor: f64,
}

/// The yardstick made of some curves.
#[derive(Debug, Clone)]
pub(super) struct Yardstick {
    /// Median of the central region.
    pub(super) center: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    /// Half of the region's width, with its floor.
    half: Vec<f64>,
    factor: f64,
    components: CurveComponents,
    /// Deviation of ordinary residuals, with its floor.
    rest: Vec<f64>,
}

impl Yardstick {
    /// Of at least two curves of equal lengths.
    pub(super) fn of(curves: &[Vec<f64>], rules: &Rules) -> Yardstick {
        let boxplot = Boxplot::of(curves, rules.depth);
        let center = median_curve(boxplot.central().iter().map(|i| &curves[*i]));
        let width: Vec<f64> =
            boxplot.upper.iter().zip(&boxplot.lower).map(|(high, low)| high - low).collect();
        let width = floored(width, rules.floor);
        // One odd curve would have a component of its own.
        let inside = |curve: &&Vec<f64>| {
            let edges = boxplot.lower.iter().zip(&boxplot.upper).zip(&width);
            curve.iter().zip(edges).all(|(y, ((low, high), w))| (y - high).max(low - y) <= rules.factor * w)
        };
        let ordinary: Vec<Vec<f64>> = curves.iter().filter(inside).cloned().collect();
        let ordinary = if ordinary.len() >= 2 { ordinary } else { curves.to_vec() };
        let keep = |variances: &[f64]| {
            let mut left = (1.0 - rules.explained) * variances.iter().sum::<f64>();
            let small = variances.iter().rev().take_while(|v| {
                left -= **v;
                left >= 0.0
            });
            (variances.len() - small.count()).min(ordinary.len() / 3)
        };
        let components = CurveComponents::of(&ordinary, &trapezoid(center.len()), keep);
        let residuals: Vec<Vec<f64>> = ordinary.iter().map(|c| components.residual(c)).collect();
        let size =
            |t: usize| (residuals.iter().map(|r| r[t] * r[t]).sum::<f64>() / residuals.len() as f64).sqrt();
        let rest = floored((0..center.len()).map(size).collect(), rules.floor);
        let half = width.iter().map(|w| 0.5 * w).collect();
        let Boxplot { lower, upper, .. } = boxplot;
        Yardstick { center, lower, upper, half, factor: rules.factor, components, rest }
    }

    /// How far `y` lies from the median curve at point `t` of a cycle: 0 on it, 1 at the edge of the central
    /// region, beyond that one more for each half of its width.
    pub(super) fn distance(&self, t: usize, y: f64) -> f64 {
        let (low, high, center) = (self.lower[t], self.upper[t], self.center[t]);
        if y > high {
            1.0 + (y - high) / self.half[t]
        } else if y < low {
            1.0 + (low - y) / self.half[t]
        } else if y > center {
            (y - center) / (high - center)
        } else if y < center {
            (center - y) / (center - low)
        } else {
            0.0
        }
    }

    /// What the components leave of a curve, in deviations of what they leave of ordinary ones.
    pub(super) fn rest(&self, curve: &[f64]) -> Vec<f64> {
        self.components.residual(curve).iter().zip(&self.rest).map(|(r, s)| r.abs() / s).collect()
    }

    /// Distance of the fences from the median curve.
    pub(super) fn band(&self, t: usize) -> f64 {
        (1.0 + 2.0 * self.factor) * self.half[t]
    }
}

/// Each value at least [`LEAST`] of their median and at least `floor`.
fn floored(values: Vec<f64>, floor: f64) -> Vec<f64> {
    let least = (LEAST * stats::median(&values)).max(floor);
    values.into_iter().map(|v| v.max(least)).collect()
}

/// Weights of the trapezoid rule over a cycle, of sum 1.
fn trapezoid(points: usize) -> Vec<f64> {
    let each = 1.0 / (points.max(2) - 1) as f64;
    let mut weights = vec![each; points];
    for end in [0, points - 1] {
        weights[end] = 0.5 * each;
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { depth: Depth::ModifiedBand, factor: 1.5, explained: 0.95, floor: 1e-9 };

    #[test]
    fn distances_by_hand() {
        let curves: Vec<Vec<f64>> = [3.0, 0.0, 1.0, 10.0, 2.0].map(|level| vec![level; 6]).to_vec();
        let yardstick = Yardstick::of(&curves, &RULES);
        // The central region is 1 to 3 about 2.
        let at = |y: f64| yardstick.distance(2, y);
        assert_eq!([2.0, 2.5, 1.0, 6.0, -2.0].map(at), [0.0, 0.5, 1.0, 4.0, 4.0]);
        assert_eq!(yardstick.band(0), 4.0);
    }

    #[test]
    fn a_shape_that_was_not_among_the_curves_is_left_over() {
        let mode = |i: usize, t: usize| (i as f64 - 6.0) * (t as f64 * 0.3).sin();
        let wiggle = |i: usize, t: usize| 0.01 * (((i * 7 + t * 13) % 11) as f64 - 5.0);
        let curves: Vec<Vec<f64>> =
            (0..13).map(|i| (0..20).map(|t| mode(i, t) + wiggle(i, t)).collect()).collect();
        let yardstick = Yardstick::of(&curves, &RULES);
        let ordinary: Vec<f64> = (0..20).map(|t| 1.4 * (t as f64 * 0.3).sin()).collect();
        assert!(yardstick.rest(&ordinary).iter().all(|r| *r < 5.0));
        let mut odd = ordinary.clone();
        odd[11] += 0.5;
        let rest = yardstick.rest(&odd);
        assert!(rest[11] > 10.0 && yardstick.distance(11, odd[11]) < 1.0, "{rest:?}");
    }

    #[test]
    fn equal_curves_leave_a_constant_unremarkable() {
        let yardstick = Yardstick::of(&[vec![4.0; 8], vec![4.0; 8]], &RULES);
        assert_eq!(yardstick.distance(3, 4.0), 0.0);
        assert_eq!(yardstick.rest(&[4.0; 8]), [0.0; 8]);
        assert!(yardstick.distance(3, 4.1).is_finite());
    }
}
