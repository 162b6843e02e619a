//! Functional data: how deep a curve lies among others, the boxplot of curves, and their principal components.

use super::linalg::{dot, symmetric_eigen};
use super::stats;
use crate::settings::choices;

/// How deep a curve lies among others, in `[0, 1]`, the larger the more central.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The share of pairs of curves and of grid points where the curve lies between the two, ends included
    /// (López-Pintado and Romo, 2009, J = 2).
    ModifiedBand,
    /// The share of pairs between which the whole curve lies (the same authors): small where curves are noisy.
    Band,
    /// The mean over the grid points of `1 - |1/2 - F|`, F the share of curves that are not above (Fraiman and
    /// Muniz, 2001).
    Integrated,
}
choices!(Depth { ModifiedBand = "modified-band", Band = "band", Integrated = "integrated" });

impl Depth {
    /// The depth of each curve; curves have equal lengths, and fewer than two are all of depth 1. For n curves
    /// O(n log n) a grid point, [`Depth::Band`] O(n³).
    pub fn of(self, curves: &[Vec<f64>]) -> Vec<f64> {
        let n = curves.len();
        let grid = curves.first().map_or(0, Vec::len);
        if n < 2 || grid == 0 {
            return vec![1.0; n];
        }
        let pairs = |k: usize| (k * k.saturating_sub(1) / 2) as f64;
        match self {
            // A pair misses the curve if both lie below it, or both above.
            Depth::ModifiedBand => {
                mean_of_ranks(curves, |below, above| 1.0 - (pairs(below) + pairs(above)) / pairs(n))
            }
            Depth::Integrated => {
                mean_of_ranks(curves, |_, above| 1.0 - (0.5 - (n - above) as f64 / n as f64).abs())
            }
            Depth::Band => curves.iter().map(|c| enclosing(c, curves) as f64 / pairs(n)).collect(),
        }
    }
}

/// The mean over the grid of what `depth` makes of the numbers of curves below and above each curve.
fn mean_of_ranks(curves: &[Vec<f64>], depth: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let grid = curves.first().map_or(0, Vec::len);
    let mut sums = vec![0.0; curves.len()];
    let mut sorted = Vec::with_capacity(curves.len());
    for t in 0..grid {
        sorted.clear();
        sorted.extend(curves.iter().map(|c| c[t]));
        sorted.sort_unstable_by(f64::total_cmp);
        for (sum, curve) in sums.iter_mut().zip(curves) {
            let below = sorted.partition_point(|v| *v < curve[t]);
            let above = sorted.len() - sorted.partition_point(|v| *v <= curve[t]);
            *sum += depth(below, above);
        }
    }
    sums.iter().map(|d| d / grid as f64).collect()
}

/// How many pairs of `curves` have all of `curve` between them.
fn enclosing(curve: &[f64], curves: &[Vec<f64>]) -> usize {
    let between = |a: &[f64], b: &[f64]| {
        curve.iter().zip(a.iter().zip(b)).all(|(y, (a, b))| a.min(*b) <= *y && *y <= a.max(*b))
    };
    let later = |j: usize| curves[j + 1..].iter().filter(|k| between(&curves[j], k)).count();
    (0..curves.len()).map(later).sum()
}

/// The boxplot of curves (Sun and Genton, 2011).
#[derive(Debug, Clone, PartialEq)]
pub struct Boxplot {
    /// Indices of the curves, deepest first.
    pub order: Vec<usize>,
    /// Lower edge of the central region: the deeper half of the curves.
    pub lower: Vec<f64>,
    /// Its upper edge.
    pub upper: Vec<f64>,
}

impl Boxplot {
    /// The boxplot of `curves`, at least one and of equal lengths, ordered by `depth`.
    pub fn of(curves: &[Vec<f64>], depth: Depth) -> Boxplot {
        let depth = depth.of(curves);
        let shallow: Vec<f64> = depth.iter().map(|d| -d).collect();
        let order = stats::order(&shallow);
        let grid = curves.first().map_or(0, Vec::len);
        let central = &order[..curves.len().div_ceil(2)];
        let edge = |from: f64, pick: fn(f64, f64) -> f64| -> Vec<f64> {
            (0..grid).map(|t| central.iter().map(|i| curves[*i][t]).fold(from, pick)).collect()
        };
        Boxplot { lower: edge(f64::INFINITY, f64::min), upper: edge(f64::NEG_INFINITY, f64::max), order }
    }

    /// The curves of the central region.
    pub fn central(&self) -> &[usize] {
        &self.order[..self.order.len().div_ceil(2)]
    }

    /// How far `curve` leaves the fences, which lie `factor` times the width outside the central region, at each
    /// grid point, in widths; 0 within. A width of 0 counts as `least`.
    pub fn exceedance(&self, curve: &[f64], factor: f64, least: f64) -> Vec<f64> {
        let edges = self.lower.iter().zip(&self.upper);
        curve
            .iter()
            .zip(edges)
            .map(|(y, (low, high))| {
                let width = (high - low).max(least);
                ((y - high).max(low - y) / width - factor).max(0.0)
            })
            .collect()
    }
}

/// Principal components of curves.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveComponents {
    /// The mean curve.
    pub mean: Vec<f64>,
    /// All variances, largest first, as many as curves or grid points, whichever are fewer.
    pub variances: Vec<f64>,
    /// The first components, of norm 1 under the quadrature weights.
    pub components: Vec<Vec<f64>>,
    weights: Vec<f64>,
}

impl CurveComponents {
    /// The components of `curves` with quadrature `weights`, one a grid point; `keep` says how many from the
    /// variances (Ramsay and Silverman, Functional Data Analysis, 8.4). O(n² m + n³) for n curves of m points.
    pub fn of(curves: &[Vec<f64>], weights: &[f64], keep: impl Fn(&[f64]) -> usize) -> CurveComponents {
        let n = curves.len();
        let mean: Vec<f64> =
            (0..weights.len()).map(|t| curves.iter().map(|c| c[t]).sum::<f64>() / n.max(1) as f64).collect();
        let rows: Vec<Vec<f64>> = curves
            .iter()
            .map(|c| c.iter().zip(&mean).zip(weights).map(|((y, m), w)| (y - m) * w.sqrt()).collect())
            .collect();
        // The products of the curves have the same eigenvalues as those of the grid points, and there are fewer.
        let divisor = n.saturating_sub(1).max(1) as f64;
        let mut gram = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                gram[i * n + j] = dot(&rows[i], &rows[j]) / divisor;
            }
        }
        let eigen = symmetric_eigen(&gram, n);
        let first = eigen.values.first().copied().unwrap_or(0.0);
        let variances: Vec<f64> = eigen.values.iter().take(weights.len()).map(|v| v.max(0.0)).collect();
        let components = (0..keep(&variances).min(variances.len()))
            .take_while(|k| variances[*k] > 1e-10 * first)
            .map(|k| {
                let mix = &eigen.vectors[k * n..(k + 1) * n];
                let size = (variances[k] * divisor).sqrt();
                let along = |t: usize| rows.iter().zip(mix).map(|(r, u)| r[t] * u).sum::<f64>();
                (0..weights.len()).map(|t| along(t) / (size * weights[t].sqrt())).collect()
            })
            .collect();
        CurveComponents { mean, variances, components, weights: weights.to_vec() }
    }

    /// The curve less its mean and its part in the components.
    pub fn residual(&self, curve: &[f64]) -> Vec<f64> {
        let mut rest: Vec<f64> = curve.iter().zip(&self.mean).map(|(y, m)| y - m).collect();
        // The components are orthogonal: taking them away one after the other is the same as at once.
        for component in &self.components {
            let score: f64 = rest.iter().zip(component).zip(&self.weights).map(|((r, c), w)| w * r * c).sum();
            for (r, c) in rest.iter_mut().zip(component) {
                *r -= score * c;
            }
        }
        rest
    }

    /// `Σ w r²` of a residual.
    pub fn size(&self, residual: &[f64]) -> f64 {
        residual.iter().zip(&self.weights).map(|(r, w)| w * r * r).sum()
    }
}

/// Pointwise median of curves, at least one and of equal lengths.
pub fn median_curve<'a>(curves: impl Iterator<Item = &'a Vec<f64>> + Clone) -> Vec<f64> {
    let grid = curves.clone().next().map_or(0, Vec::len);
    (0..grid).map(|t| stats::median_in_place(&mut curves.clone().map(|c| c[t]).collect::<Vec<_>>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{near, numbers};
    use crate::math::random::Random;

    fn golden() -> (Vec<Vec<f64>>, serde_json::Value) {
        let all = crate::golden::golden("fda");
        let curves = all["inputs"]["curves"].as_array().unwrap().iter().map(numbers).collect();
        (curves, all["outputs"].clone())
    }

    #[test]
    fn depths_and_boxplot_agree_with_the_reference() {
        let (curves, want) = golden();
        for (depth, key) in [
            (Depth::ModifiedBand, "modified_band_depth"),
            (Depth::Band, "band_depth_j2"),
            (Depth::Integrated, "fraiman_muniz_discrete_mean"),
        ] {
            near(&depth.of(&curves), &numbers(&want[key]), 1e-9, key);
        }
        let boxplot = Boxplot::of(&curves, Depth::ModifiedBand);
        let want = &want["functional_boxplot_factor_1_5"];
        // Curves 10 and 12 are equally deep, so depths are compared and not indices.
        let depth = Depth::ModifiedBand.of(&curves);
        let sorted: Vec<f64> = boxplot.order.iter().map(|i| depth[*i]).collect();
        let order: Vec<f64> = numbers(&want["order_desc"]).iter().map(|i| depth[*i as usize]).collect();
        assert!(sorted.iter().zip(&order).all(|(a, b)| (a - b).abs() < 1e-12));
        near(&boxplot.lower, &numbers(&want["central_lower"]), 1e-9, "lower");
        near(&boxplot.upper, &numbers(&want["central_upper"]), 1e-9, "upper");
        let fence = |edge: &[f64], out: f64| -> Vec<f64> {
            let width = boxplot.upper.iter().zip(&boxplot.lower).map(|(high, low)| high - low);
            edge.iter().zip(width).map(|(e, w)| e + out * w).collect()
        };
        near(&fence(&boxplot.lower, -1.5), &numbers(&want["fence_lower"]), 1e-9, "lower fence");
        near(&fence(&boxplot.upper, 1.5), &numbers(&want["fence_upper"]), 1e-9, "upper fence");
        let most = |c: &Vec<f64>| boxplot.exceedance(c, 1.5, 0.0).into_iter().fold(0.0, f64::max);
        let out: Vec<f64> = curves.iter().map(most).collect();
        near(&out, &numbers(&want["max_exceedance_in_ranges"]), 1e-9, "exceedance");
        let flags: Vec<bool> =
            want["outlier"].as_array().unwrap().iter().map(|b| b.as_bool().unwrap()).collect();
        assert_eq!(out.iter().map(|e| *e > 0.0).collect::<Vec<_>>(), flags);
    }

    #[test]
    fn distance_from_the_median_curve_agrees_with_the_reference() {
        let (curves, want) = golden();
        let median = median_curve(curves.iter());
        let column = |t: usize| curves.iter().map(|c| c[t]).collect::<Vec<f64>>();
        let scale: Vec<f64> = (0..median.len()).map(|t| 1.4826 * stats::mad(&column(t))).collect();
        let most: Vec<f64> = curves
            .iter()
            .map(|c| (0..c.len()).map(|t| (c[t] - median[t]).abs() / scale[t]).fold(0.0, f64::max))
            .collect();
        near(&most, &numbers(&want["pointwise_robust_z"]), 1e-9, "distance");
    }

    #[test]
    fn components_agree_with_the_reference() {
        let (curves, want) = golden();
        let weights = numbers(&want["fpca"]["weights"]);
        let three = CurveComponents::of(&curves, &weights, |_| 3);
        near(&three.mean, &numbers(&want["fpca"]["mean_curve"]), 1e-9, "mean");
        near(&three.variances[..6], &numbers(&want["fpca"]["eigenvalues"]), 1e-7, "variances");
        for (curve, scores) in curves.iter().zip(want["fpca"]["scores_up_to_sign_abs"].as_array().unwrap()) {
            let away = |k: &[f64]| -> f64 {
                let part = |t: usize| weights[t] * (curve[t] - three.mean[t]) * k[t];
                (0..weights.len()).map(part).sum::<f64>().abs()
            };
            let got: Vec<f64> = three.components.iter().map(|k| away(k)).collect();
            near(&got, &numbers(scores), 1e-7, "scores");
        }
        let residuals: Vec<Vec<f64>> = curves.iter().map(|c| three.residual(c)).collect();
        let sizes: Vec<f64> = residuals.iter().map(|r| three.size(r)).collect();
        near(&sizes, &numbers(&want["fpca"]["residual_ise"]), 1e-7, "residual");
        let most: Vec<f64> =
            residuals.iter().map(|r| r.iter().fold(0.0, |a: f64, v| a.max(v.abs()))).collect();
        near(&most, &numbers(&want["fpca"]["residual_max_abs"]), 1e-7, "largest residual");
        let kept: Vec<Vec<f64>> =
            curves.iter().enumerate().filter(|(i, _)| *i != 5 && *i != 9).map(|(_, c)| c.clone()).collect();
        let two = CurveComponents::of(&kept, &weights, |_| 2);
        let sizes: Vec<f64> = curves.iter().map(|c| two.size(&two.residual(c))).collect();
        near(
            &sizes,
            &numbers(&want["fpca_trained_without_5_9_k2"]["residual_ise_all"]),
            1e-7,
            "without the outliers",
        );
    }

    #[test]
    fn depth_equals_the_count_over_pairs_also_with_ties() {
        let mut random = Random::new(1);
        let curves: Vec<Vec<f64>> =
            (0..9).map(|_| (0..5).map(|_| random.below(4) as f64).collect()).collect();
        let naive = |i: usize| {
            let mut inside = 0;
            for j in 0..9 {
                for k in j + 1..9 {
                    let between = |t: &usize| {
                        let (a, b) = (curves[j][*t], curves[k][*t]);
                        a.min(b) <= curves[i][*t] && curves[i][*t] <= a.max(b)
                    };
                    inside += (0..5).filter(between).count();
                }
            }
            f64::from(inside as u32) / (36.0 * 5.0)
        };
        for (i, d) in Depth::ModifiedBand.of(&curves).iter().enumerate() {
            assert!((d - naive(i)).abs() < 1e-12, "{i}: {d}");
            assert!(*d > 0.0 && *d <= 1.0);
        }
    }

    #[test]
    fn the_median_curve_is_deepest_and_edges_hold() {
        let curves: Vec<Vec<f64>> = [3.0, 0.0, 1.0, 10.0, 2.0].map(|level| vec![level; 6]).to_vec();
        assert_eq!(median_curve(curves.iter()), [2.0; 6]);
        let boxplot = Boxplot::of(&curves, Depth::ModifiedBand);
        assert_eq!(boxplot.order[0], 4);
        assert_eq!(boxplot.central().len(), 3);
        assert_eq!((boxplot.lower[0], boxplot.upper[0]), (1.0, 3.0));
        // 10 lies 7 over the region, 3.5 widths of 2, of which 1.5 are free.
        assert_eq!(boxplot.exceedance(&curves[3], 1.5, 0.0), [2.0; 6]);
        assert_eq!(Depth::ModifiedBand.of(&[]), [0.0; 0]);
        assert_eq!(Depth::ModifiedBand.of(&[vec![1.0]]), [1.0]);
        let none = CurveComponents::of(&[vec![2.0; 4], vec![2.0; 4]], &[0.25; 4], |_| 2);
        assert!(none.components.is_empty() && none.residual(&[2.0; 4]) == [0.0; 4]);
    }
}
