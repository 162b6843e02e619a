//! Principal components of windows: a window that the usual shapes cannot rebuild is strange.
//!
//! Windows of `L` points (means over bins where `L` is long) are rebuilt as `x̂ = m + P(x - m)`, `P` the projector
//! on the components that hold 95 % of the variance, a quarter of all at most. A window's score is the length of
//! the residual, `√Q`, `Q = |x - x̂|²`; or Hotelling's `√T²`, `T² = Σ (v_k·(x - m))² / λ_k` over the kept
//! components; or the larger. A point takes the mean over the windows that cover it, or its own residual,
//! whichever is larger on the scale of its limit in training.
//!
//! Source: Jackson and Mudholkar (1979), Control Procedures for Residuals Associated With Principal Component
//! Analysis; on windows of a series as in Moskvina and Zhigljavsky (2003), with robust components
//! ([`Components::of_windows`]). `O(L·K)` a window, one window every `L/16` points. Blind to what repeats often in
//! training, and weak on series whose shapes do not recur.

use std::sync::Arc;

use crate::detect::{Detector, Entry, Family, Fitted, Reach, Setup};
use crate::error::{Error, Result};
use crate::math::principal::Components;
use crate::math::stats;
use crate::score::Scores;
use crate::settings::{Setting, choices, settings};

/// Window of a series without a period.
const WINDOW: usize = 64;
/// Features of a window at most; longer windows are means over bins. The eigenvectors cost its cube.
const FEATURES: usize = 128;
/// Windows that the components are learnt from at most.
const TRAIN_WINDOWS: usize = 2000;
/// Windows that cover a point.
const COVER: usize = 16;
/// A limit of calibration: median plus so many robust deviations.
const LIMIT: f64 = 6.0;

/// Which distance of a window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Residual: shapes never seen.
    Q,
    /// Hotelling: usual shapes of unusual size.
    T2,
    /// The larger of both, each relative to its limit.
    Combined,
}
choices!(Statistic { Q = "q", T2 = "t2", Combined = "combined" });

/// Parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Points in a window; unset: one period, 64 without.
    pub window: Option<usize>,
    /// Part of the variance that the components hold, in (0, 1].
    pub variance: f64,
    /// Which distance of a window counts.
    pub statistic: Statistic,
}
settings!(Params { window, variance, statistic });

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
        let limit = |values: &[f64]| stats::robust_limit(values, LIMIT);
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
    defaults: || Params::default().value(),
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
    use crate::math::random::Random;

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
