//! Which detectors judge a series, by what it shows.

use crate::math::stats;

/// A period of fewer points says little about a shape; one that came fewer times is not known yet.
const LONG_PERIOD: usize = 20;
const TIMES: usize = 20;
/// Where fewer of the steps are other than nought, values stay the same for long.
const MOVES: f64 = 0.2;
/// Where the correlation of a value with the next is larger, a series runs in curves.
const SMOOTH: f64 = 0.9;

/// What a series shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Values that stay the same for long.
    Held,
    /// A shape that comes again and again.
    Periodic,
    /// Curves.
    Smooth,
    /// None of these.
    Rough,
}

/// Says what is expected, and does not judge.
pub(super) const FORECASTER: &str = "holt-winters";

/// The members that judge a series that begins so.
pub(super) fn suited(period: Option<usize>, train: &[f64]) -> &'static [&'static str] {
    match course(period, train) {
        Course::Held => &["subsequence", "lof", "htm"],
        Course::Periodic => &["subsequence", "lof", "discord"],
        Course::Smooth | Course::Rough => &["discord", "htm"],
    }
}

/// What a series shows that begins so.
pub(super) fn course(period: Option<usize>, train: &[f64]) -> Course {
    let (moves, smooth) = steps(train);
    if moves < MOVES {
        Course::Held
    } else if period.is_some_and(|p| p >= LONG_PERIOD && train.len() >= TIMES * p) {
        Course::Periodic
    } else if smooth > SMOOTH {
        Course::Smooth
    } else {
        Course::Rough
    }
}

/// The part of the steps that are not nought, and the correlation of a value with the next.
fn steps(train: &[f64]) -> (f64, f64) {
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

    #[test]
    fn the_members_follow_what_the_series_shows() {
        let wave: Vec<f64> = (0..1000).map(|i| (f64::from(i) * std::f64::consts::TAU / 25.0).sin()).collect();
        assert_eq!(suited(Some(25), &wave), ["subsequence", "lof", "discord"]);
        // Too few of them, and too short ones.
        assert_eq!(suited(Some(25), &wave[..499]), ["discord", "htm"]);
        assert_eq!(suited(Some(19), &wave)[1], "htm");
        let held: Vec<f64> = (0..1000).map(|i| f64::from(i / 10 % 3)).collect();
        assert_eq!(suited(Some(30), &held), ["subsequence", "lof", "htm"]);
        assert_eq!(suited(None, &held), ["subsequence", "lof", "htm"]);
        let mut random = Random::new(1);
        let noise: Vec<f64> = (0..1000).map(|_| random.normal()).collect();
        assert_eq!(suited(None, &noise), ["discord", "htm"]);
        assert_eq!(suited(None, &[]), ["subsequence", "lof", "htm"]);
    }

    #[test]
    fn steps_by_hand() {
        // Steps 0, 1, 0, -1 of values with variance 0.24.
        let (moves, smooth) = steps(&[0.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(moves, 0.5);
        assert!((smooth - (1.0 - 0.5 / 0.48)).abs() < 1e-12);
    }
}
