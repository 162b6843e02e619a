//! What is usual over the whole training stretch: its trend, and what each phase has over its period. Few odd values
//! own neither.

use crate::math::stats;

/// Deviations at which Huber's estimates start to clip: 95 % efficient on normal values.
const HUBER: f64 = 1.345;

/// Trend a point: the median rise over about half the stretch, a whole number of periods. 0 without a season,
/// where the trend at the start is anyone's guess.
pub fn slope(train: &[f64], period: usize) -> f64 {
    if period == 0 {
        return 0.0;
    }
    let lag = (train.len() / (2 * period)).max(1) * period;
    let mut rises: Vec<f64> = train.iter().zip(&train[lag..]).map(|(a, b)| (b - a) / lag as f64).collect();
    stats::median_in_place(&mut rises)
}

/// The slope of a robust line through the values without their season: ten steps of least squares on residuals
/// clipped as in [`robust_mean`], from a rough slope.
pub fn line(train: &[f64], profile: &[f64], rough: f64) -> f64 {
    let centre = 0.5 * (train.len() - 1) as f64;
    let spread: f64 = (0..train.len()).map(|i| (i as f64 - centre).powi(2)).sum();
    let rest = |slope: f64| -> Vec<f64> {
        train
            .iter()
            .zip(profile.iter().cycle())
            .enumerate()
            .map(|(i, (x, s))| x - s - slope * i as f64)
            .collect()
    };
    let mut slope = rough;
    for _ in 0..10 {
        let rest = rest(slope);
        let level = robust_mean(&rest);
        let bound = HUBER * stats::MAD_TO_SIGMA * stats::mad(&rest);
        let turn = |(i, r): (usize, &f64)| (i as f64 - centre) * (r - level).clamp(-bound, bound);
        slope += rest.iter().enumerate().map(turn).sum::<f64>() / spread;
    }
    slope
}

/// The usual seasonal of each phase: what the values of that phase have over (or, counted from `origin`, times)
/// the median of their period, trend removed, as a robust mean over the periods.
pub fn profile(train: &[f64], period: usize, slope: f64, origin: Option<f64>) -> Vec<f64> {
    if period == 0 {
        return Vec::new();
    }
    let zero = origin.unwrap_or(0.0);
    let mut profile = vec![if origin.is_some() { 1.0 } else { 0.0 }; period];
    // The second round knows the season and so the level of a period better.
    for _ in 0..2 {
        let mut phases: Vec<Vec<f64>> = vec![Vec::new(); period];
        for cycle in train.chunks_exact(period) {
            let flat: Vec<f64> = (0..period).map(|j| cycle[j] - zero - slope * j as f64).collect();
            let bare = |(x, s): (&f64, &f64)| if origin.is_some() { x / s } else { x - s };
            let level = robust_mean(&flat.iter().zip(&profile).map(bare).collect::<Vec<_>>());
            for (phase, x) in phases.iter_mut().zip(flat) {
                phase.push(if origin.is_some() { x / level } else { x - level });
            }
        }
        profile = phases.iter().map(|values| robust_mean(values)).collect();
    }
    profile
}

/// Huber's M-estimate of location, ten steps from the median.
fn robust_mean(values: &[f64]) -> f64 {
    let mut centre = stats::median(values);
    let bound = HUBER * stats::MAD_TO_SIGMA * stats::mad(values);
    for _ in 0..10 {
        centre += stats::mean(&values.iter().map(|v| (v - centre).clamp(-bound, bound)).collect::<Vec<_>>());
    }
    centre
}
