//! Mean, deviation, median, quantile, smoothing. NaN is not expected here unless a function says so.

use std::cmp::Ordering;

/// Consistency factor that makes the MAD estimate the deviation of a normal distribution, 1 / Φ⁻¹(3/4).
pub const MAD_TO_SIGMA: f64 = 1.4826;

/// Arithmetic mean; NaN for no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Population standard deviation (divides by n); NaN for no values.
pub fn std(values: &[f64]) -> f64 {
    let m = mean(values);
    (values.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / values.len() as f64).sqrt()
}

/// Median; NaN for no values. Reorders `values`.
pub fn median_in_place(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let upper = select(values, n / 2);
    if n % 2 == 1 {
        return upper;
    }
    let lower = values[..n / 2].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    0.5 * (lower + upper)
}

/// The value that is at `k < n` when all are in order: it is put there, those before it are not greater and those
/// after it not less (Hoare 1961, "Algorithm 65: Find"). Equal values take one pass, where the standard library's
/// form for small programs takes one for each.
fn select(values: &mut [f64], k: usize) -> f64 {
    let (mut from, mut to) = (0, values.len());
    loop {
        let mut ends = [values[from], values[from + (to - from) / 2], values[to - 1]];
        ends.sort_unstable_by(f64::total_cmp);
        let pivot = ends[1];
        // Less than the pivot: from..less, equal: less..at, greater: greater..to.
        let (mut less, mut at, mut greater) = (from, from, to);
        while at < greater {
            match values[at].total_cmp(&pivot) {
                Ordering::Less => {
                    values.swap(less, at);
                    less += 1;
                    at += 1;
                }
                Ordering::Equal => at += 1,
                Ordering::Greater => {
                    greater -= 1;
                    values.swap(at, greater);
                }
            }
        }
        if k < less {
            to = less;
        } else if k < greater {
            return pivot;
        } else {
            from = greater;
        }
    }
}

/// Median; NaN for no values.
pub fn median(values: &[f64]) -> f64 {
    median_in_place(&mut values.to_vec())
}

/// Median of sorted values; NaN for no values.
pub fn median_sorted(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(half.wrapping_sub(1)), sorted.get(half)) {
        (0, Some(lower), Some(upper)) => 0.5 * (lower + upper),
        (1, _, Some(middle)) => *middle,
        _ => f64::NAN,
    }
}

/// Median absolute deviation from the median, unscaled; NaN for no values.
pub fn mad(values: &[f64]) -> f64 {
    let m = median(values);
    median_in_place(&mut values.iter().map(|v| (v - m).abs()).collect::<Vec<_>>())
}

/// Median plus `k` robust deviations (1.4826 · MAD); NaN for no values.
pub fn robust_limit(values: &[f64], k: f64) -> f64 {
    median(values) + k * MAD_TO_SIGMA * mad(values)
}

/// Quantile `q` in `[0, 1]` of sorted values by linear interpolation (type 7); NaN for no values.
pub fn quantile_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(last);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

/// Quantile `q` in `[0, 1]` by linear interpolation (type 7); NaN for no values.
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_sorted(&sorted, q)
}

/// The places of `keys` from the least key to the greatest; equal ones stay in their order.
///
/// All that is ordered by a number goes through here: a sort by a closure of its own is another 6 kB of code.
pub fn order(keys: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
    order
}

/// The finite values, in order: scores without their warm-up.
pub fn finite(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|v| v.is_finite()).collect()
}

/// Even-centred rolling mean: index i covers `i - w/2 .. i - w/2 + w`, clipped at the ends; fewer than
/// `min_periods` finite values in reach give NaN. NaN values are left out of the mean.
pub fn rolling_mean(values: &[f64], w: usize, min_periods: usize) -> Vec<f64> {
    (0..values.len())
        .map(|i| {
            let start = i.saturating_sub(w / 2);
            let end = (i + w - w / 2).min(values.len());
            let (mut sum, mut n) = (0.0, 0);
            for v in values[start..end].iter().filter(|v| v.is_finite()) {
                sum += v;
                n += 1;
            }
            if n == 0 || n < min_periods { f64::NAN } else { sum / n as f64 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{golden, near, numbers};

    #[test]
    fn equal_keys_stay_in_their_order() {
        assert_eq!(order(&[2.0, 1.0, 2.0, f64::INFINITY, 1.0, -3.0]), [5, 1, 4, 0, 2, 3]);
        assert!(order(&[]).is_empty());
    }

    #[test]
    fn what_is_selected_is_what_a_sort_puts_there() {
        let mut random = crate::math::random::Random::new(9);
        let of = [
            (0..301).map(|_| random.normal()).collect::<Vec<_>>(),
            (0..300).map(|_| (random.uniform() * 4.0).floor()).collect(),
            (0..300).map(f64::from).rev().collect(),
            (0..300).map(|i: i32| f64::from((i - 150).abs())).collect(),
            vec![7.0],
            vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY],
        ];
        for values in of {
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            for k in 0..values.len() {
                let mut some = values.clone();
                let got = select(&mut some, k);
                assert_eq!((got.to_bits(), some[k].to_bits()), (sorted[k].to_bits(), sorted[k].to_bits()));
                assert!(some[..k].iter().all(|v| *v <= got) && some[k..].iter().all(|v| *v >= got));
            }
        }
    }

    #[test]
    fn hand_worked() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
        assert_eq!(mad(&[1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]), 1.0);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.25), 1.75);
        assert_eq!(std(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), 2.0);
        assert_eq!(rolling_mean(&[1.0, 2.0, 3.0, 4.0], 2, 1), [1.0, 1.5, 2.5, 3.5]);
        assert_eq!(rolling_mean(&[1.0, 2.0, 3.0], 3, 2), [1.5, 2.0, 2.5]);
    }

    #[test]
    fn statistics_agree_with_the_reference() {
        let golden = golden("preprocess");
        let want = &golden["outputs"];
        let x = finite(&numbers(&golden["inputs"]["series_full_null_is_missing"]));
        near(&[median(&x)], &numbers(&want["median"]), 1e-9, "median");
        // The reference fills what is missing with the median first.
        let filled: Vec<f64> = numbers(&golden["inputs"]["series_full_null_is_missing"])
            .into_iter()
            .map(|v| if v.is_finite() { v } else { median(&x) })
            .collect();
        near(&[mad(&filled)], &numbers(&want["mad"]), 1e-9, "mad");
        let z: Vec<f64> = filled.iter().map(|v| (v - median(&filled)) / (1.4826 * mad(&filled))).collect();
        near(&z, &numbers(&want["robust_z"]), 1e-9, "robust z");
        near(&[mean(&filled)], &numbers(&want["welford"]["mean"]), 1e-9, "mean");
        near(&[std(&filled).powi(2)], &numbers(&want["welford"]["var_population"]), 1e-9, "variance");
        let quantiles = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map(|q| quantile(&filled, q));
        near(&quantiles, &numbers(&want["percentiles_1_5_25_50_75_95_99_linear"]), 1e-9, "quantiles");
        near(
            &rolling_mean(&filled, 10, 5),
            &numbers(&want["rolling_mean_10_centred_min5"]),
            1e-9,
            "rolling mean",
        );
    }
}
