//! Which detectors judge a series, by what it shows, and by which part each counts.

use crate::math::stats;

/// The part by which a forecaster's score counts.
pub(super) const FORECAST: f64 = 0.15;
/// A period of fewer points says little about a shape; one that came fewer times is not known yet.
const LONG_PERIOD: usize = 20;
const TIMES: usize = 20;
/// Where fewer of the steps are other than nought, values stay the same for long.
const MOVES: f64 = 0.2;
/// Where the correlation of a value with the next is larger, it hardly differs.
const SMOOTH: f64 = 0.95;

/// The members that suit a series, and the part by which each counts.
pub(super) fn suited(period: Option<usize>, train: &[f64]) -> Vec<(&'static str, f64)> {
    let forecaster = if period.is_some() { "holt-winters" } else { "arima" };
    let (moves, smooth) = course(train);
    let periodic = period.is_some_and(|p| p >= LONG_PERIOD && train.len() >= TIMES * p);
    let (judges, forecast): (&[&str], f64) = if moves < MOVES {
        (&["subsequence", "lof", "htm"], 0.0)
    } else if periodic {
        (&["subsequence", "lof", "discord"], FORECAST)
    } else if smooth > SMOOTH {
        (&["subsequence", "lof", "htm"], 0.0)
    } else {
        (&["discord", "htm"], 0.0)
    };
    judges.iter().map(|name| (*name, 1.0)).chain([(forecaster, forecast)]).collect()
}

/// The part of the steps that are not nought, and the correlation of a value with the next.
fn course(train: &[f64]) -> (f64, f64) {
    let steps = train.windows(2).filter(|w| w[0].is_finite() && w[1].is_finite()).map(|w| w[1] - w[0]);
    let (mut count, mut moved, mut squares) = (0usize, 0usize, 0.0);
    for step in steps {
        count += 1;
        moved += usize::from(step != 0.0);
        squares += step * step;
    }
    let n = count.max(1) as f64;
    let variance = stats::std(&stats::finite(train)).powi(2).max(f64::MIN_POSITIVE);
    (moved as f64 / n, 1.0 - squares / n / (2.0 * variance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Random;

    fn names(period: Option<usize>, train: &[f64]) -> Vec<&'static str> {
        suited(period, train).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_members_follow_what_the_series_shows() {
        let wave: Vec<f64> = (0..1000).map(|i| (f64::from(i) * std::f64::consts::TAU / 25.0).sin()).collect();
        assert_eq!(names(Some(25), &wave), ["subsequence", "lof", "discord", "holt-winters"]);
        // Too few of them, and too short ones.
        assert_eq!(names(Some(25), &wave[..499]), ["subsequence", "lof", "htm", "holt-winters"]);
        assert_eq!(names(Some(19), &wave)[2], "htm");
        let held: Vec<f64> = (0..1000).map(|i| f64::from(i / 10 % 3)).collect();
        assert_eq!(names(Some(30), &held), ["subsequence", "lof", "htm", "holt-winters"]);
        assert_eq!(names(None, &held), ["subsequence", "lof", "htm", "arima"]);
        let mut random = Random::new(1);
        let noise: Vec<f64> = (0..1000).map(|_| random.normal()).collect();
        assert_eq!(names(None, &noise), ["discord", "htm", "arima"]);
        assert_eq!(names(None, &[]), ["subsequence", "lof", "htm", "arima"]);
    }

    #[test]
    fn the_course_by_hand() {
        // Steps 0, 1, 0, -1 of values with variance 0.24.
        let (moves, smooth) = course(&[0.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(moves, 0.5);
        assert!((smooth - (1.0 - 0.5 / 0.48)).abs() < 1e-12);
    }
}
