//! What a limit learns on its way. It begins high, for a calibration shows few of the peaks that are usual, and falls
//! while none comes; as high a peak as came before is less of an anomaly when it comes again; and where peaks keep
//! coming, there are too many to tell.

/// The limit begins at so many times its lowest height, where it also stays over the calibration itself.
const FIRST: f64 = 5.0 / 3.0;
/// So many times where scores are rarities.
const FIRST_RARE: f64 = 2.0;
/// That has halved after so many times the length of the calibration.
const FALL: f64 = 0.5;

/// A peak lifts the limit to so many times its own height.
const OVER: f64 = 1.1;
/// A peak ends where the score falls below this part of the limit.
const END: f64 = 0.7;
/// A peak lifts the limit to so many times its lowest height at most: what is that strange is told again and again.
const MOST: f64 = 4.0;
/// So many where scores are rarities: a third over the limit, they are some ten times as rare.
const MOST_RARE: f64 = 4.0 / 3.0;
/// But not without end: with so many peaks told of late that bound is twice as high, with twice as many 16 times.
const MANY: f64 = 16.0;
/// What was learnt has faded by half after so many times the length of the calibration.
const HALF_LIFE: f64 = 4.0;

/// The peaks that came since the calibration, fading. Heights count from the ordinary score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peaks {
    /// Of the height at which the limit begins, the part that is left.
    first: f64,
    /// The highest that has ended.
    highest: f64,
    /// That of the scores which are high now.
    open: f64,
    /// Whether these were over the limit.
    over: bool,
    /// How many were.
    told: f64,
}

impl Default for Peaks {
    fn default() -> Peaks {
        Peaks { first: 1.0, highest: 0.0, open: 0.0, over: false, told: 0.0 }
    }
}

/// How a limit learns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lesson {
    /// The lowest height of the limit over the ordinary score.
    lowest: f64,
    /// The height at which it begins.
    pub first: f64,
    /// What is left of the first height after one score.
    fall: f64,
    /// What is left of a peak after one score.
    fading: f64,
    /// See [`MOST`].
    most: f64,
}

impl Lesson {
    /// For a limit of this height at least, from so many calibration scores, which may be rarities.
    pub fn new(lowest: f64, calibration: usize, rarities: bool) -> Lesson {
        let left = |half_life: f64| (-1.0 / (half_life * calibration.max(1) as f64)).exp2();
        let (first, most) = if rarities { (FIRST_RARE, MOST_RARE) } else { (FIRST, MOST) };
        Lesson { lowest, first: first * lowest, fall: left(FALL), fading: left(HALF_LIFE), most }
    }
}

impl Peaks {
    /// The height of the limit for a score of this height, which is learnt from; NaN ends a peak.
    pub(super) fn limit(&mut self, height: f64, lesson: &Lesson) -> f64 {
        let limit = lesson.lowest.max(lesson.first * self.first).max(OVER * self.highest);
        self.first *= lesson.fall;
        self.highest *= lesson.fading;
        self.told *= lesson.fading;
        if height > END * limit {
            self.open = self.open.max(height);
            self.over |= height > limit;
        } else if self.open > 0.0 {
            self.told += f64::from(u8::from(self.over));
            let most = lesson.most * (self.told / MANY).powi(2).exp2() * lesson.lowest;
            self.highest = self.highest.max(self.open.min(most / OVER));
            (self.open, self.over) = (0.0, false);
        }
        limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits over these scores, with what is left of the first height.
    fn limits(first: f64, heights: &[f64], lesson: &Lesson) -> Vec<f64> {
        let mut peaks = Peaks { first, ..Peaks::default() };
        heights.iter().map(|h| peaks.limit(*h, lesson)).collect()
    }

    #[test]
    fn a_peak_lifts_the_limit_once_it_has_ended() {
        // So long a calibration that nothing fades.
        let long = Lesson::new(1.0, 1 << 40, false);
        let got = limits(0.0, &[0.0, 1.5, 2.0, 1.9, 0.1, 0.1], &long);
        assert_eq!(got[..5], [1.0; 5]);
        assert!((got[5] - 2.2).abs() < 1e-9);
        // Rarities lift it less.
        let rare = Lesson::new(1.0, 1 << 40, true);
        assert!((limits(0.0, &[2.0, 0.1, 0.1], &rare)[2] - 4.0 / 3.0).abs() < 0.01);
        // What stays below the limit lifts it too, if it comes so near that a tenth more is over it.
        assert!((limits(0.0, &[0.95, 0.1, 0.1], &long)[2] - 1.045).abs() < 1e-9);
        assert_eq!(limits(0.0, &[0.69, 0.1, 0.1], &long), [1.0; 3]);
    }

    #[test]
    fn the_limit_begins_high_and_falls() {
        let limits = limits(1.0, &[0.0; 101], &Lesson::new(3.0, 100, false));
        assert_eq!(limits[0], 5.0);
        // Half of it is left after 50 scores, which is below the lowest.
        assert!((limits[20] - 5.0 * 0.5f64.powf(0.4)).abs() < 1e-9);
        assert_eq!(limits[50..], [3.0; 51]);
    }

    /// Of so many peaks of this height, those over the limit, by their number.
    fn told(peaks: usize, height: f64) -> Vec<usize> {
        let heights: Vec<f64> = (0..10 * peaks).map(|i| if i % 10 == 5 { height } else { 0.2 }).collect();
        let limits = limits(1.0, &heights, &Lesson::new(1.0, 1 << 20, false));
        (0..peaks).filter(|k| heights[10 * k + 5] > limits[10 * k + 5]).collect()
    }

    #[test]
    fn what_is_far_off_is_told_again_and_again_but_not_without_end() {
        assert_eq!(told(13, 7.0).len(), 13);
        assert_eq!(told(13, 3.5), [0]);
        // The bound is 64 times the lowest once 32 have been told.
        assert_eq!(told(100, 63.0), (0..32).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_learnt_fades() {
        let mut heights = vec![0.0; 402];
        heights[0] = 3.0;
        let limits = limits(0.0, &heights, &Lesson::new(1.0, 50, false));
        assert!((limits[2] / 3.3 - 1.0).abs() < 0.01);
        assert!((limits[201] / 1.65 - 1.0).abs() < 0.01, "{}", limits[201]);
        assert_eq!(limits[401], 1.0);
    }

    #[test]
    fn a_score_that_is_missing_ends_a_peak() {
        let got = limits(0.0, &[2.0, f64::NAN, 2.0], &Lesson::new(1.0, 1 << 40, false));
        assert!((got[2] - 2.2).abs() < 1e-9);
    }
}
