//! Principal components of rows, and of the windows of a series.

use super::linalg::{dot, norm, symmetric_eigen};
use super::stats;

/// Components with less than this part of the largest variance are rounding.
const RANK: f64 = 1e-10;
/// Part of the windows that the second of two estimates leaves out at least.
const TRIM: f64 = 0.05;
/// It leaves out those that the first rebuilds worse than the median by so many robust deviations.
const OUTLYING: f64 = 6.0;

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
    /// brought to unit length about the median first (Locantore et al. 1999), then from the windows that those
    /// rebuild well.
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
        let bound = stats::robust_limit(&misfit, OUTLYING).min(stats::quantile(&misfit, 1.0 - TRIM));
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
}
