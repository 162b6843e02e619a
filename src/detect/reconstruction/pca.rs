//! Principal components of windows: a window that the usual shapes cannot rebuild is strange.
//!
//! Windows of `L` points (means over bins where `L` is long) are rebuilt as `x̂ = m + P(x - m)`, `P` the projector
//! on the components that hold 95 % of the variance, a quarter of all at most. A window's score is the length of
//! the residual, `√Q`, `Q = |x - x̂|²`; or Hotelling's `√T²`, `T² = Σ (v_k·(x - m))² / λ_k` over the kept
//! components; or the larger. A point takes the mean over the windows that cover it, or its own residual,
//! whichever is larger on the scale of its limit in training.
//!
//! Source: Jackson and Mudholkar (1979), Control Procedures for Residuals Associated With Principal Component
//! Analysis; on windows of a series as in Moskvina and Zhigljavsky (2003). The components are robust: a first
//! estimate from windows brought to unit length (Locantore et al. 1999), then the usual one without the windows
//! that the first rebuilds worst. `O(L·K)` a window, one window every `L/16` points. Blind to what repeats often
//! in training, and weak on series whose shapes do not recur.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::detect::{Detector, Entry, Family, Fitted, Reach, Setup};
use crate::error::{Error, Result};
use crate::math::linalg::{dot, norm, symmetric_eigen};
use crate::math::stats::{self, MAD_TO_SIGMA};
use crate::score::Scores;

/// Window of a series without a period.
const WINDOW: usize = 64;
/// Features of a window at most; longer windows are means over bins. The eigenvectors cost its cube.
const FEATURES: usize = 128;
/// Windows that the components are learnt from at most.
const TRAIN_WINDOWS: usize = 2000;
/// Windows that cover a point.
const COVER: usize = 16;
/// Part of the training windows that the second estimate leaves out at least (ALGORITHMS: trimmed refit).
const TRIM: f64 = 0.05;
/// A limit of calibration: median plus so many robust deviations, as the default threshold.
const LIMIT: f64 = 6.0;
/// Components with less than this part of the largest variance are rounding.
const RANK: f64 = 1e-10;

/// Which distance of a window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// Residual: shapes never seen.
    Q,
    /// Hotelling: usual shapes of unusual size.
    T2,
    /// The larger of both, each relative to its limit.
    Combined,
}

/// Parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Points in a window; unset: one period, 64 without.
    pub window: Option<usize>,
    /// Part of the variance that the components hold, in (0, 1].
    pub variance: f64,
    /// Which distance of a window counts.
    pub statistic: Statistic,
}

impl Default for Params {
    fn default() -> Self {
        Params { window: None, variance: 0.95, statistic: Statistic::Q }
    }
}

impl Params {
    /// # Errors
    /// [`Error::Param`] for a window under 4 points or a part outside (0, 1].
    pub fn check(&self) -> Result<()> {
        if self.window.is_some_and(|w| w < 4) {
            return Err(Error::param("window", "must be at least 4 points, or null for one period"));
        }
        if !(self.variance > 0.0 && self.variance <= 1.0) {
            return Err(Error::param("variance", "must be a part of the whole, over 0 and up to 1"));
        }
        Ok(())
    }
}

/// Mean, principal components and their variances.
#[derive(Debug, Clone, PartialEq)]
pub struct Components {
    mean: Vec<f64>,
    /// One unit vector after the other, largest variance first.
    vectors: Vec<f64>,
    variances: Vec<f64>,
}

impl Components {
    /// The components of these rows of `width` values that together hold the part `variance` of the variance,
    /// at most `most`. Constant rows have none.
    pub fn of(rows: &[f64], width: usize, variance: f64, most: usize) -> Components {
        let (mean, covariance) = moments(rows, width);
        Components::principal(mean, &covariance, variance, most)
    }

    fn principal(mean: Vec<f64>, covariance: &[f64], variance: f64, most: usize) -> Components {
        let width = mean.len();
        let eigen = symmetric_eigen(covariance, width);
        let total: f64 = eigen.values.iter().map(|v| v.max(0.0)).sum();
        let mut held = 0.0;
        let mut kept = 0;
        for value in eigen.values.iter().take(most) {
            if held >= variance * total || *value <= RANK * eigen.values[0] {
                break;
            }
            held += value;
            kept += 1;
        }
        Components {
            mean,
            vectors: eigen.vectors[..kept * width].to_vec(),
            variances: eigen.values[..kept].to_vec(),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.variances.len()
    }

    /// `(Q, T²)` of a row, whose reconstruction is written to `rebuilt`.
    pub fn rebuild(&self, row: &[f64], rebuilt: &mut [f64]) -> (f64, f64) {
        let centred: Vec<f64> = row.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
        let mut hotelling = 0.0;
        rebuilt.copy_from_slice(&self.mean);
        for (vector, variance) in self.vectors.chunks_exact(self.mean.len().max(1)).zip(&self.variances) {
            let along = dot(vector, &centred);
            hotelling += along * along / variance;
            for (r, v) in rebuilt.iter_mut().zip(vector) {
                *r += along * v;
            }
        }
        (row.iter().zip(rebuilt.iter()).map(|(x, r)| (x - r) * (x - r)).sum(), hotelling)
    }

    /// The components of windows at all phases of a series, which a few odd windows cannot own: from windows
    /// brought to unit length about the median first, then from the windows that those rebuild well.
    ///
    /// Windows at all phases are alike in every column, so the covariance is averaged along its diagonals: it
    /// then has `width` numbers to learn instead of their square, and rebuilds new windows as well as old ones
    /// (Vautard and Ghil 1989).
    pub fn of_windows(windows: &[f64], width: usize, variance: f64, most: usize) -> Components {
        let stationary = |rows: &[f64]| {
            let (mean, mut covariance) = moments(rows, width);
            average_diagonals(&mut covariance, width);
            let overall = mean.iter().map(|m| m - mean[0]).sum::<f64>() / width as f64 + mean[0];
            Components::principal(vec![overall; width], &covariance, variance, most)
        };
        let centre = stats::median(windows);
        let unit: Vec<f64> = windows
            .chunks_exact(width)
            .flat_map(|row| {
                let centred: Vec<f64> = row.iter().map(|x| x - centre).collect();
                let length = norm(&centred);
                centred.into_iter().map(move |x| if length > 0.0 { x / length } else { 0.0 })
            })
            .collect();
        let first = Components { mean: vec![centre; width], ..stationary(&unit) };
        let mut rebuilt = vec![0.0; width];
        let misfit: Vec<f64> =
            windows.chunks_exact(width).map(|row| first.rebuild(row, &mut rebuilt).0.sqrt()).collect();
        let bound = limit(&misfit).min(stats::quantile(&misfit, 1.0 - TRIM));
        let good: Vec<f64> = windows
            .chunks_exact(width)
            .zip(&misfit)
            .filter(|(_, m)| **m <= bound)
            .flat_map(|(row, _)| row.iter().copied())
            .collect();
        stationary(&good)
    }
}

/// Mean and covariance (over n - 1) of rows of `width` values.
fn moments(rows: &[f64], width: usize) -> (Vec<f64>, Vec<f64>) {
    let n = rows.len() / width.max(1);
    // Counted from the first row, so that constant rows have exactly no residual.
    let origin = rows.get(..width).unwrap_or_default();
    let mut mean = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        for (m, (x, o)) in mean.iter_mut().zip(row.iter().zip(origin)) {
            *m += x - o;
        }
    }
    for (m, o) in mean.iter_mut().zip(origin) {
        *m = o + *m / n as f64;
    }
    let centred = rows.chunks_exact(width).map(|row| row.iter().zip(&mean).map(|(x, m)| x - m).collect());
    let covariance = covariance(centred, width, n.saturating_sub(1));
    (mean, covariance)
}

/// Replaces each entry below or on the diagonal by the mean of its diagonal.
fn average_diagonals(matrix: &mut [f64], width: usize) {
    for lag in 0..width {
        let cells = || (lag..width).map(|i| i * width + i - lag);
        let mean = cells().map(|cell| matrix[cell]).sum::<f64>() / (width - lag) as f64;
        for cell in cells() {
            matrix[cell] = mean;
        }
    }
}

/// `Σ row rowᵀ / divisor`, its lower triangle.
fn covariance(rows: impl Iterator<Item = Vec<f64>>, width: usize, divisor: usize) -> Vec<f64> {
    let mut sum = vec![0.0; width * width];
    for row in rows {
        for (i, x) in row.iter().enumerate() {
            for (s, y) in sum[i * width..=i * width + i].iter_mut().zip(&row) {
                *s += x * y;
            }
        }
    }
    for s in &mut sum {
        *s /= divisor.max(1) as f64;
    }
    sum
}

/// Median plus 6 robust deviations.
fn limit(values: &[f64]) -> f64 {
    stats::median(values) + LIMIT * MAD_TO_SIGMA * stats::mad(values)
}

/// PCA on windows with checked parameters.
pub struct Pca {
    params: Params,
    window: usize,
}

impl Detector for Pca {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        // The window may be cut to a quarter of a short training stretch, but not below 4 points.
        let size =
            if self.params.window.is_some() { self.window } else { self.window.min(train.len() / 4).max(4) };
        if train.len() < size + 4 {
            return Err(Error::TooShort { needed: size + 4, got: train.len() });
        }
        let bin = size.div_ceil(FEATURES);
        let size = size / bin * bin;
        let width = size / bin;
        let starts = train.len() - size + 1;
        // Multiples of the golden ratio cover all phases of any period evenly.
        let golden = 0.5 * (5f64.sqrt() - 1.0);
        let mut rows = Vec::new();
        for k in 0..starts.min(TRAIN_WINDOWS) {
            let start = if starts <= TRAIN_WINDOWS {
                k
            } else {
                ((k as f64 * golden).fract() * starts as f64) as usize
            };
            rows.extend(binned(&train[start..start + size], bin));
        }
        let components = Components::of_windows(&rows, width, self.params.variance, width / 4);
        let mut model = Windowed {
            components,
            statistic: self.params.statistic,
            size,
            bin,
            step: (size / COVER).max(1),
            limits: Limits::default(),
        };
        model.limits = model.calibrate(train);
        Ok(Arc::new(model))
    }
}

/// Means over `bin` points.
fn binned(window: &[f64], bin: usize) -> impl Iterator<Item = f64> {
    window.chunks_exact(bin).map(move |c| if bin == 1 { c[0] } else { stats::mean(c) })
}

/// Training limits, which put different distances on one scale.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    q: f64,
    t2: f64,
    point: f64,
}

/// What `fit` has learnt.
struct Windowed {
    components: Components,
    statistic: Statistic,
    /// Points in a window, a multiple of `bin`.
    size: usize,
    /// Points in a feature.
    bin: usize,
    /// Points from one window to the next.
    step: usize,
    limits: Limits,
}

/// Distances of a series, before calibration.
struct Distances {
    /// `√Q` and `√T²` of each window.
    q: Vec<f64>,
    t2: Vec<f64>,
    /// Rebuilt value of each point: the median over the windows that cover it.
    expected: Vec<f64>,
}

impl Windowed {
    /// Starts of the windows over `n` points: the multiples of the step, and at the live edge one more, so that
    /// the newest point is seen at once. The scores of the points in that one are not final.
    fn starts(&self, n: usize) -> Vec<usize> {
        let Some(last) = n.checked_sub(self.size) else { return Vec::new() };
        let edge = (last % self.step > 0).then_some(last);
        (0..=last).step_by(self.step).chain(edge).collect()
    }

    /// Indices in `starts` of the windows that cover point `i`.
    fn cover(&self, starts: &[usize], i: usize) -> std::ops::Range<usize> {
        starts.partition_point(|s| s + self.size <= i)..starts.partition_point(|s| *s <= i)
    }

    fn distances(&self, values: &[f64], starts: &[usize]) -> Distances {
        let width = self.size / self.bin;
        let (mut q, mut t2) = (Vec::with_capacity(starts.len()), Vec::with_capacity(starts.len()));
        let mut rows = vec![0.0; starts.len() * width];
        for (start, rebuilt) in starts.iter().zip(rows.chunks_exact_mut(width)) {
            let features: Vec<f64> = binned(&values[*start..start + self.size], self.bin).collect();
            let (residual, hotelling) = self.components.rebuild(&features, rebuilt);
            q.push(residual.sqrt());
            t2.push(hotelling.sqrt());
        }
        let mut seen = Vec::with_capacity(COVER + 2);
        let expected = (0..values.len())
            .map(|i| {
                seen.clear();
                seen.extend(self.cover(starts, i).map(|k| rows[k * width + (i - starts[k]) / self.bin]));
                stats::median_in_place(&mut seen)
            })
            .collect();
        Distances { q, t2, expected }
    }

    fn calibrate(&self, train: &[f64]) -> Limits {
        let d = self.distances(train, &self.starts(train.len()));
        let residuals: Vec<f64> = train.iter().zip(&d.expected).map(|(x, e)| (x - e).abs()).collect();
        // Rounding must not look like news, and a distance that is always 0 says nothing.
        let floor = 1e-6 * train.iter().fold(0.0, |a: f64, v| a.max(v.abs())) + 1e-9;
        Limits { q: limit(&d.q).max(floor), t2: limit(&d.t2).max(1e-9), point: limit(&residuals).max(floor) }
    }

    /// Strangeness of a window; 1 is the limit in training.
    fn strangeness(&self, q: f64, t2: f64) -> f64 {
        let (q, t2) = (q / self.limits.q, t2 / self.limits.t2);
        match self.statistic {
            Statistic::Q => q,
            Statistic::T2 => t2,
            Statistic::Combined => q.max(t2),
        }
    }
}

impl Fitted for Windowed {
    fn reach(&self) -> Reach {
        Reach { before: self.size - 1, after: self.size, grain: self.step }
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        let starts = self.starts(values.len());
        let d = self.distances(values, &starts);
        let strange: Vec<f64> = d.q.iter().zip(&d.t2).map(|(q, t2)| self.strangeness(*q, *t2)).collect();
        let value = (0..values.len())
            .map(|i| {
                let window = stats::mean(&strange[self.cover(&starts, i)]);
                let point = (values[i] - d.expected[i]).abs() / self.limits.point;
                if window.is_nan() { window } else { window.max(point) }
            })
            .collect();
        let band = d.expected.iter().map(|e| if e.is_nan() { *e } else { self.limits.point }).collect();
        Ok(Scores { expected: Some(d.expected), band: Some(band), ..Scores::of(value) })
    }
}

/// The registry's row.
pub const ENTRY: Entry = Entry {
    name: "pca",
    family: Family::Reconstruction,
    pretrained: false,
    summary: "Shapes that the usual ones cannot rebuild",
    source: "Jackson and Mudholkar (1979), Control Procedures for Residuals Associated With Principal Component Analysis",
    defaults: || serde_json::json!(Params::default()),
    build,
};

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let params: Params = setup.params()?;
    params.check()?;
    let window = params.window.unwrap_or(setup.period.map_or(WINDOW, |p| p.max(16)));
    Ok(Box::new(Pca { params, window }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{golden, near, numbers};
    use crate::math::random::Random;

    #[test]
    fn components_agree_with_the_reference() {
        let golden = golden("pca");
        let want = &golden["outputs"];
        let x = numbers(&golden["inputs"]["X"]);
        let all = Components::of(&x, 6, 1.0, 6);
        near(&all.mean, &numbers(&want["mean"]), 1e-8, "mean");
        near(&all.variances, &numbers(&want["explained_variance"]), 1e-8, "variances");
        let two = Components::of(&x, 6, 1.0, 2);
        let projector: Vec<f64> = (0..36)
            .map(|k| (0..2).map(|c| two.vectors[6 * c + k / 6] * two.vectors[6 * c + k % 6]).sum())
            .collect();
        near(&projector, &numbers(&want["projector_P_equals_Ct_C"]), 1e-8, "projector");
        let mut rebuilt = [0.0; 6];
        for (rows, name) in [(&x, "train"), (&numbers(&golden["inputs"]["Q"]), "query")] {
            let both: Vec<(f64, f64)> = rows.chunks(6).map(|row| two.rebuild(row, &mut rebuilt)).collect();
            let (q, t2): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
            near(&q, &numbers(&want[format!("{name}_sq_error")]), 1e-8, name);
            near(&t2, &numbers(&want[format!("{name}_hotelling_t2")]), 1e-8, name);
        }
        let rebuild = |row: &[f64]| {
            let mut rebuilt = [0.0; 6];
            two.rebuild(row, &mut rebuilt);
            rebuilt
        };
        let rows: Vec<f64> = numbers(&golden["inputs"]["Q"]).chunks(6).flat_map(rebuild).collect();
        near(&rows, &numbers(&want["query_reconstruction"]), 1e-8, "reconstruction");
    }

    #[test]
    fn window_errors_agree_with_the_reference() {
        let golden = golden("subsequence");
        let x = numbers(&golden["inputs"]["series"]);
        let train: Vec<f64> = x.windows(20).take(100).flatten().copied().collect();
        let components = Components::of(&train, 20, 1.0, 3);
        let mut rebuilt = [0.0; 20];
        let errors: Vec<f64> = x.windows(20).map(|w| components.rebuild(w, &mut rebuilt).0).collect();
        near(&errors, &numbers(&golden["outputs"]["pca_window_error"]), 1e-8, "windows");
        let points: Vec<f64> = (0..x.len())
            .map(|i| stats::mean(&errors[i.saturating_sub(19)..=i.min(errors.len() - 1)]))
            .collect();
        near(&points, &numbers(&golden["outputs"]["pca_point_score"]), 1e-8, "points");
    }

    #[test]
    fn the_kept_span_costs_nothing_and_all_components_rebuild_all() {
        let mut random = Random::new(1);
        let rows: Vec<f64> = (0..200 * 8).map(|_| random.normal()).collect();
        let three = Components::of(&rows, 8, 1.0, 3);
        let mut rebuilt = [0.0; 8];
        let (q, _) = three.rebuild(&rows[..8], &mut rebuilt);
        let moved: Vec<f64> = rows[..8].iter().zip(&three.vectors[8..16]).map(|(x, v)| x + 5.0 * v).collect();
        assert!((three.rebuild(&moved, &mut rebuilt).0 - q).abs() < 1e-10);
        let all = Components::of(&rows, 8, 1.0, 8);
        assert_eq!(all.count(), 8);
        assert!(all.rebuild(&rows[..8], &mut rebuilt).0 < 1e-20);
        assert_eq!(Components::of(&[3.0; 80], 8, 0.9, 8).count(), 0);
    }

    fn wave(n: usize) -> Vec<f64> {
        let mut random = Random::new(2);
        (0..n).map(|i| (std::f64::consts::TAU * i as f64 / 40.0).sin() + 0.05 * random.normal()).collect()
    }

    #[test]
    fn an_anomaly_in_training_owns_no_component() {
        let mut x = wave(2000);
        x[1000] += 40.0;
        let fitted = Pca { params: Params::default(), window: 40 }.fit(&x).unwrap();
        let scores = fitted.score(&x).unwrap();
        assert!(scores.value[1000] > 50.0, "{}", scores.value[1000]);
        let expected = scores.expected.unwrap();
        let far = (0..2000)
            .filter(|i| (expected[*i] - (std::f64::consts::TAU * *i as f64 / 40.0).sin()).abs() > 0.5);
        assert!(far.count() <= 80);
    }

    #[test]
    fn a_foreign_shape_of_usual_values_is_found() {
        let mut x = wave(3000);
        // A cycle of half the length: every value is ordinary.
        for i in 2400..2440 {
            x[i] = (std::f64::consts::TAU * i as f64 / 20.0).sin();
        }
        for statistic in [Statistic::Q, Statistic::Combined] {
            let params = Params { statistic, ..Params::default() };
            let scores = Pca { params, window: 40 }.fit(&x[..1500]).unwrap().score(&x).unwrap().value;
            let peak = (0..2960).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
            assert!((2400..2440).contains(&peak), "{peak}");
        }
        // The usual shape, three times as large, stays in the span: only T² sees it.
        let mut x = wave(3000);
        x[2400..2440].iter_mut().for_each(|v| *v *= 3.0);
        let params = Params { statistic: Statistic::T2, ..Params::default() };
        let scores = Pca { params, window: 40 }.fit(&x[..1500]).unwrap().score(&x).unwrap().value;
        let peak = (0..2960).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        assert!((2390..2450).contains(&peak), "{peak}");
    }

    #[test]
    fn long_windows_are_binned() {
        let mut random = Random::new(4);
        let mut x: Vec<f64> = (0..8000)
            .map(|i| (std::f64::consts::TAU * i as f64 / 500.0).sin() + 0.05 * random.normal())
            .collect();
        for v in &mut x[6000..6120] {
            *v = 0.0;
        }
        let fitted = Pca { params: Params::default(), window: 500 }.fit(&x[..4000]).unwrap();
        assert_eq!(fitted.reach(), Reach { before: 499, after: 500, grain: 31 });
        let scores = fitted.score(&x).unwrap().value;
        let peak = (0..7500).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        assert!((5900..6220).contains(&peak), "{peak}");
    }

    #[test]
    fn short_series_are_cut_to_fit_or_refused() {
        let x = wave(60);
        let fitted = Pca { params: Params::default(), window: 64 }.fit(&x).unwrap();
        assert_eq!(fitted.reach().after, 15);
        let params = Params { window: Some(64), ..Params::default() };
        let refused = Pca { params, window: 64 }.fit(&x).err();
        assert_eq!(refused, Some(Error::TooShort { needed: 68, got: 60 }));
    }
}
