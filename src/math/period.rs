//! The period of a regular series, by its autocorrelation.

use super::stats;

/// Shortest period that is told apart from noise.
const SHORTEST: usize = 4;
/// Periods below this need a correlation of 0.5, those below three times as long one of 0.3 and all others one of
/// 0.2: spiky counts often show weak ones of a few points. So do those of which fewer than six are seen.
const SHORT: usize = 12;
/// Points that one look at the autocorrelation takes, and its longest lag: bounds the cost at 3e7 multiply-adds.
const POINTS: usize = 20_000;
const LAGS: usize = 1500;
/// A period must rise this far out of the dip before it.
const DIP: f64 = 0.2;
/// Standard errors (Bartlett, 1946) that a period's correlation must exceed.
const ERRORS: f64 = 3.0;

/// Points in one period of `values` (finite, regular), or `None` for a series that does not repeat.
///
/// Looks at the full rate first and then at ever coarser averages, so a short cycle wins over a longer one that
/// contains it (the day over the week). Cost: at most about 1e8 multiply-adds, whatever the length.
pub fn period(values: &[f64]) -> Option<usize> {
    let mut factor = 1;
    while values.len() / factor >= 6 * SHORTEST {
        let coarse: Vec<f64> = if factor == 1 {
            values[..values.len().min(POINTS)].to_vec()
        } else {
            values.chunks_exact(factor).take(POINTS).map(stats::mean).collect()
        };
        if let Some(lag) = repeats(&flattened(&coarse)) {
            return Some(if factor == 1 { lag } else { refined(values, lag * factor, factor) });
        }
        if values.len() / factor <= 3 * LAGS {
            return None;
        }
        factor *= 8;
    }
    None
}

/// Clipped to its 0.5 to 99.5 % range, so that single spikes do not own the correlation, and without its line.
fn flattened(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (stats::quantile_sorted(&sorted, 0.005), stats::quantile_sorted(&sorted, 0.995));
    let clipped: Vec<f64> = values.iter().map(|v| v.clamp(low, high)).collect();
    let middle = (clipped.len() as f64 - 1.0) / 2.0;
    let mean = stats::mean(&clipped);
    let (mut up, mut square) = (0.0, 0.0);
    for (i, v) in clipped.iter().enumerate() {
        let t = i as f64 - middle;
        up += t * (v - mean);
        square += t * t;
    }
    let slope = if square > 0.0 { up / square } else { 0.0 };
    clipped.iter().enumerate().map(|(i, v)| v - mean - slope * (i as f64 - middle)).collect()
}

/// The first lag at which `x` (zero mean) clearly repeats itself.
fn repeats(x: &[f64]) -> Option<usize> {
    let r = autocorrelation(x, (x.len() / 3).min(LAGS))?;
    // The memory of the series before it first forgets: it blurs every correlation at longer lags.
    let forgets = r.iter().position(|v| *v <= 0.0).unwrap_or(r.len());
    let memory: f64 = r[1..forgets.max(1)].iter().map(|v| v * v).sum();
    let error = ((1.0 + 2.0 * memory) / x.len() as f64).sqrt();
    let mut dip = 1.0f64;
    let mut peaks: Vec<(usize, f64)> = Vec::new();
    for lag in 1..r.len() - 1 {
        dip = dip.min(r[lag]);
        let doubtful = lag < SHORT || lag > x.len() / 6;
        let least = if doubtful {
            0.5
        } else if lag < 3 * SHORT {
            0.3
        } else {
            0.2
        };
        let rises = r[lag] >= r[lag - 1] && r[lag] > r[lag + 1];
        if lag >= SHORTEST && rises && r[lag] > (ERRORS * error).max(least) && r[lag] - dip >= DIP {
            peaks.push((lag, r[lag]));
        }
    }
    let largest = peaks.iter().map(|p| p.1).fold(0.0, f64::max);
    let (first, _) = *peaks.iter().find(|p| p.1 >= (0.85 * largest).min(largest - ERRORS * error))?;
    // Noise makes a hill of several maxima: the period is its highest.
    let hill = peaks.iter().filter(|p| p.0 >= first && p.0 <= first + first / 4);
    let (lag, height) = *hill.max_by(|a, b| a.1.total_cmp(&b.1))?;
    // What repeats once repeats again.
    let again = r.get(2 * lag - lag / 8 - 1..(2 * lag + lag / 8 + 2).min(r.len()));
    match again {
        Some(near) if !near.is_empty() => {
            (near.iter().copied().fold(f64::NEG_INFINITY, f64::max) >= 0.4 * height).then_some(lag)
        }
        _ => Some(lag),
    }
}

/// Correlation of `x` with itself at lags `0..=longest`, each over the pairs there are. `None` for a constant.
fn autocorrelation(x: &[f64], longest: usize) -> Option<Vec<f64>> {
    let n = x.len();
    let power = x.iter().map(|v| v * v).sum::<f64>() / n as f64;
    let scale = x.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if longest < SHORTEST + 1 || power <= 1e-18 * scale.max(1.0) {
        return None;
    }
    let dot = |lag: usize| x[lag..].iter().zip(x).map(|(a, b)| a * b).sum::<f64>() / (n - lag) as f64;
    Some((0..=longest).map(|lag| dot(lag) / power).collect())
}

/// The lag near `lag` at which the full-rate series agrees best with itself.
fn refined(values: &[f64], lag: usize, reach: usize) -> usize {
    let x = flattened(&values[..values.len().min(10 * POINTS)]);
    let agree =
        |lag: usize| x[lag..].iter().zip(&x).map(|(a, b)| a * b).sum::<f64>() / (x.len() - lag) as f64;
    let stride = (reach / 32).max(1);
    (lag.saturating_sub(reach)..=(lag + reach).min(x.len() - 1))
        .step_by(stride)
        .map(|l| (l, agree(l)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(lag, |best| best.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::golden;
    use crate::math::random::Random;
    use std::f64::consts::TAU;

    fn signal(n: usize, seed: u64, mut f: impl FnMut(usize, &mut Random) -> f64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..n).map(|i| f(i, &mut random)).collect()
    }

    fn near(got: Option<usize>, want: usize) -> bool {
        got.is_some_and(|p| p.abs_diff(want) <= 1 + want / 20)
    }

    #[test]
    fn finds_a_sine_in_noise_of_its_own_size() {
        for p in [12, 24, 48, 288, 700] {
            let x = signal(12 * p + 500, p as u64, |i, r| (TAU * i as f64 / p as f64).sin() + r.normal());
            assert!(near(period(&x), p), "{p}: {:?}", period(&x));
        }
    }

    #[test]
    fn takes_the_day_over_the_week() {
        let x = signal(24 * 7 * 6, 1, |i, r| {
            let weekend = if (i / 24) % 7 >= 5 { 0.5 } else { 1.0 };
            weekend * (1.0 + (TAU * i as f64 / 24.0).sin()) + 0.1 * r.normal()
        });
        assert_eq!(period(&x), Some(24));
    }

    #[test]
    fn finds_jittered_beats() {
        let mut x = vec![0.0; 8000];
        let mut random = Random::new(3);
        let mut at = 40.0;
        while at < 7990.0 {
            for k in -4i32..=4 {
                x[(at as i32 + k) as usize] += (-0.5 * f64::from(k * k) / 4.0).exp();
            }
            at += 150.0 + 3.0 * random.normal();
        }
        assert!(near(period(&x), 150), "{:?}", period(&x));
    }

    #[test]
    fn finds_a_cycle_longer_than_one_look() {
        let p = 9000;
        let x = signal(12 * p, 5, |i, r| (TAU * i as f64 / p as f64).sin() + 0.3 * r.normal());
        assert!(near(period(&x), p), "{:?}", period(&x));
    }

    #[test]
    fn noise_has_none() {
        let mut found = 0;
        for seed in 0..100 {
            for phi in [0.0, 0.5, 0.95, 1.0] {
                let mut last = 0.0;
                let x = signal(600 + 20 * seed as usize, seed, |_, r| {
                    last = phi * last + r.normal();
                    last
                });
                found += usize::from(period(&x).is_some());
            }
            let counts =
                signal(
                    2000,
                    seed,
                    |_, r| if r.uniform() < 0.05 { 30.0 * r.uniform() } else { r.uniform().floor() },
                );
            found += usize::from(period(&counts).is_some());
        }
        assert!(found <= 5, "{found} of 500");
        assert_eq!(period(&[1.0; 500]), None);
        assert_eq!(period(&[]), None);
    }

    #[test]
    fn the_period_of_the_reference_series_is_found() {
        let golden = golden("preprocess");
        let series = golden["inputs"]["series_full_null_is_missing"].as_array().unwrap();
        let values: Vec<f64> = series.iter().filter_map(serde_json::Value::as_f64).collect();
        let want = golden["outputs"]["acf_best_period"].as_u64().unwrap() as usize;
        assert!(near(period(&values), want), "{:?}", period(&values));
    }
}
