//! Estimates of autoregressive and moving-average coefficients from autocovariances, and the map that keeps
//! them stationary: what an ARIMA fit starts from.

use super::linalg::{dot, least_squares};
use super::stats;

/// Autocovariances at the lags `0..=lags` about the mean, divided by n (so that they are positive definite).
pub fn autocovariances(values: &[f64], lags: usize) -> Vec<f64> {
    let mean = stats::mean(values);
    let n = values.len() as f64;
    (0..=lags)
        .map(|lag| {
            let later = values.get(lag..).unwrap_or_default();
            values.iter().zip(later).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / n
        })
        .collect()
}

/// Partial autocorrelations at the lags `1..`, from autocovariances at the lags `0..`, by the recursion of
/// Levinson (1947) and Durbin (1960). All 0 if the variance is 0.
pub fn partial_autocorrelations(covariances: &[f64]) -> Vec<f64> {
    let Some((variance, rest)) = covariances.split_first() else { return Vec::new() };
    let mut left = *variance;
    let mut phi: Vec<f64> = Vec::new();
    rest.iter()
        .enumerate()
        .map(|(k, covariance)| {
            let known: f64 = phi.iter().enumerate().map(|(i, f)| f * covariances[k - i]).sum();
            let r = if left > 1e-12 * variance { (covariance - known) / left } else { 0.0 };
            extend(&mut phi, r);
            left *= 1.0 - r * r;
            r
        })
        .collect()
}

/// Partial autocorrelations at the lags `1..=order` by Burg (1975), which takes the errors forwards and backwards and
/// no values before the first, and the variance that they leave over. All 0 if `values`, which are taken about their
/// mean, do not vary or are not more than `order`. O(n · order).
pub fn burg(values: &[f64], order: usize) -> (Vec<f64>, f64) {
    let mean = stats::mean(values);
    let mut forward: Vec<f64> = values.iter().map(|v| v - mean).collect();
    let mut backward = forward.clone();
    let least = 1e-12 * dot(&forward, &forward);
    let mut variance = dot(&forward, &forward) / values.len().max(1) as f64;
    let partial = (0..order)
        .map(|_| {
            // Errors forwards, and backwards from one point before.
            let f = forward.get(1..).unwrap_or_default();
            let b = &backward[..f.len()];
            let energy = dot(f, f) + dot(b, b);
            let r = if energy > least { 2.0 * dot(f, b) / energy } else { 0.0 };
            variance = (1.0 - r * r) * energy / (2 * f.len()).max(1) as f64;
            (forward, backward) = f.iter().zip(b).map(|(f, b)| (f - r * b, b - r * f)).unzip();
            r
        })
        .collect();
    (partial, variance)
}

/// The autoregressive coefficients with these partial autocorrelations; stationary if each lies in (-1, 1).
pub fn from_partial(partial: &[f64]) -> Vec<f64> {
    let mut phi = Vec::with_capacity(partial.len());
    for r in partial {
        extend(&mut phi, *r);
    }
    phi
}

/// The partial autocorrelations of these autoregressive coefficients, each cut to `[-most, most]` with `most`
/// under 1, so that the way back with [`from_partial`] is stationary whatever came in.
pub fn to_partial(phi: &[f64], most: f64) -> Vec<f64> {
    let mut phi = phi.to_vec();
    let mut partial = vec![0.0; phi.len()];
    for k in (0..phi.len()).rev() {
        let r = phi[k].clamp(-most, most);
        partial[k] = r;
        let before = &phi[..k];
        phi = (0..k).map(|i| (before[i] + r * before[k - 1 - i]) / (1.0 - r * r)).collect();
    }
    partial
}

/// One step of Durbin and Levinson: the coefficients of one order more, whose last is `r`.
fn extend(phi: &mut Vec<f64>, r: f64) {
    let before = phi.clone();
    for (i, f) in phi.iter_mut().enumerate() {
        *f -= r * before[before.len() - 1 - i];
    }
    phi.push(r);
}

/// Errors of the autoregression of this order that Yule and Walker's equations give, for `values` about their
/// mean, from the first value that has `order` values before it.
pub fn long_errors(values: &[f64], order: usize) -> Vec<f64> {
    let phi = from_partial(&partial_autocorrelations(&autocovariances(values, order)));
    let mean = stats::mean(values);
    (order..values.len())
        .map(|t| values[t] - mean - (0..order).map(|i| phi[i] * (values[t - 1 - i] - mean)).sum::<f64>())
        .collect()
}

/// Coefficients `(φ, θ)` of `v_t = Σ φ_i v_{t-i} + e_t + Σ θ_j e_{t-j}`, `v` the values about their mean, by
/// Hannan and Rissanen (1982): least squares on `p` lags and on `q` lags of `errors`, which are those of a long
/// autoregression ([`long_errors`]) and end where `values` end. All 0 if there are too few values.
pub fn hannan_rissanen(values: &[f64], errors: &[f64], p: usize, q: usize) -> (Vec<f64>, Vec<f64>) {
    let mean = stats::mean(values);
    let ahead = values.len() - errors.len();
    let first = (ahead + q).max(p);
    let mut rows = Vec::new();
    let mut targets = Vec::new();
    for t in first..values.len() {
        rows.extend((1..=p).map(|i| values[t - i] - mean));
        rows.extend((1..=q).map(|j| errors[t - ahead - j]));
        targets.push(values[t] - mean);
    }
    if targets.len() <= p + q {
        return (vec![0.0; p], vec![0.0; q]);
    }
    let mut phi = least_squares(&rows, p + q, &targets, 0.0);
    let theta = phi.split_off(p);
    (phi, theta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{near, numbers};

    fn golden() -> (Vec<f64>, serde_json::Value) {
        let all = crate::golden::golden("ar_fit");
        (numbers(&all["inputs"]["y"]), all["outputs"].clone())
    }

    #[test]
    fn estimates_agree_with_the_reference() {
        let (y, want) = golden();
        let covariances = autocovariances(&y, 10);
        let correlations: Vec<f64> = covariances.iter().map(|c| c / covariances[0]).collect();
        near(&correlations, &numbers(&want["acf_0_10"]), 1e-8, "acf");
        let partial = partial_autocorrelations(&covariances);
        near(&partial[..6], &numbers(&want["pacf_yw_mle_0_6"])[1..], 1e-8, "pacf");
        // The same sums over the pairs there are.
        let n = y.len() as f64;
        let adjusted: Vec<f64> =
            covariances.iter().enumerate().map(|(lag, c)| c * n / (n - lag as f64)).collect();
        for p in 1..=3 {
            let want = &want[format!("p{p}")];
            let number = |key: &str| [want[key].as_f64().unwrap()];
            for (covariances, name) in [(&covariances, "yw_mle"), (&adjusted, "yw_adjusted")] {
                let phi = from_partial(&partial_autocorrelations(&covariances[..=p]));
                near(&phi, &numbers(&want[format!("{name}_phi")]), 1e-8, name);
                let variance = covariances[0] - dot(&phi, &covariances[1..=p]);
                near(&[variance.sqrt()], &number(&format!("{name}_sigma")), 1e-8, name);
            }
            let (partial, variance) = burg(&y, p);
            near(&from_partial(&partial), &numbers(&want["burg_phi"]), 1e-8, "Burg");
            near(&[variance], &number("burg_sigma2"), 1e-8, "Burg's variance");
            let rows: Vec<f64> = (p..y.len())
                .flat_map(|t| std::iter::once(1.0).chain((1..=p).map(|i| y[t - i]).collect::<Vec<_>>()))
                .collect();
            let b = least_squares(&rows, p + 1, &y[p..], 0.0);
            near(&b, &numbers(&want["ols_const_phi"]), 1e-8, "least squares");
            let fitted: Vec<f64> = rows.chunks_exact(p + 1).map(|row| dot(row, &b)).collect();
            let variance =
                y[p..].iter().zip(&fitted).map(|(y, f)| (y - f).powi(2)).sum::<f64>() / fitted.len() as f64;
            near(&[variance], &number("ols_sigma2"), 1e-8, "least squares, variance");
            // Of the normal errors with this variance; it counts as one parameter more.
            let loss = fitted.len() as f64 * ((std::f64::consts::TAU * variance).ln() + 1.0);
            near(&[loss + 2.0 * (p + 2) as f64], &number("ols_aic"), 1e-8, "least squares, AIC");
            if !want["ols_fitted"].is_null() {
                near(&fitted, &numbers(&want["ols_fitted"]), 1e-8, "least squares, fitted");
            }
        }
        let (phi, theta) = hannan_rissanen(&y, &long_errors(&y, 6), 2, 1);
        near(&phi, &numbers(&want["hannan_rissanen_2_1"]["ar"]), 1e-8, "Hannan and Rissanen, φ");
        near(&theta, &numbers(&want["hannan_rissanen_2_1"]["ma"]), 1e-8, "Hannan and Rissanen, θ");
    }

    #[test]
    fn correlations_of_a_periodic_series_agree_with_the_reference() {
        let golden = crate::golden::golden("preprocess");
        let series = golden["inputs"]["series_full_null_is_missing"].as_array().unwrap();
        let known: Vec<f64> = series.iter().filter_map(serde_json::Value::as_f64).collect();
        // The reference fills what is missing with the median.
        let filled: Vec<f64> =
            series.iter().map(|v| v.as_f64().unwrap_or_else(|| stats::median(&known))).collect();
        let covariances = autocovariances(&filled, 60);
        let correlations: Vec<f64> = covariances.iter().map(|c| c / covariances[0]).collect();
        near(&correlations, &numbers(&golden["outputs"]["acf_0_60"]), 1e-8, "acf");
    }

    #[test]
    fn the_maps_invert_each_other_and_cut_what_is_not_stationary() {
        let partial = [0.5, -0.3, 0.9];
        near(&to_partial(&from_partial(&partial), 0.99), &partial, 1e-8, "there and back");
        assert_eq!(from_partial(&[0.5, 0.2]), [0.4, 0.2]);
        assert_eq!(to_partial(&[1.7], 0.9), [0.9]);
        assert!(to_partial(&[3.0, 1.0, -8.0], 0.9).iter().all(|r| r.abs() <= 0.9));
    }

    #[test]
    fn constants_and_too_few_values_give_zeros() {
        assert_eq!(partial_autocorrelations(&autocovariances(&[4.0; 9], 3)), [0.0; 3]);
        assert_eq!(hannan_rissanen(&[1.0, 2.0, 3.0], &[1.0], 2, 1), (vec![0.0; 2], vec![0.0]));
        assert_eq!(partial_autocorrelations(&[]), [0.0; 0]);
        assert_eq!(burg(&[4.0; 9], 3), (vec![0.0; 3], 0.0));
        assert_eq!(burg(&[], 2), (vec![0.0; 2], 0.0));
        // What alternates is known from the value before.
        let (partial, left) = burg(&[1.0, -1.0, 1.0, -1.0, 1.0, -1.0], 2);
        assert_eq!((partial, left), (vec![-1.0, 0.0], 0.0));
    }
}
