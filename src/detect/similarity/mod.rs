//! The similarity family: how far a window of the series is from windows that were seen before.
//!
//! Its detectors share three things, kept here. [`Search`] finds the windows of the training stretch that are
//! close to the newest one, without ever comparing a window with itself. [`Covering`] turns one score a window
//! into one a point, live and in batch by the same code. And the window length follows the series' period.

pub mod discord;
pub mod knn;
pub mod lof;
pub mod radius;
pub mod subsequence;

use std::sync::Arc;

use super::{Fitted, Reach, StreamingDetector, Tail};
use crate::error::{Error, Result};
use crate::math::profile::{Form, Measure, Neighbour, Reference, Sweep};
use crate::math::stats::{self, quantile_sorted};
use crate::score::Scores;

/// Points of a window where the series has no period.
const WINDOW_WITHOUT_PERIOD: usize = 32;

/// Least and most points of a window that is not asked for by name.
const WINDOW_RANGE: (usize, usize) = (8, 1024);

/// Training windows needed, laid end to end.
const WINDOWS_NEEDED: usize = 3;

/// Root-mean-square differences below this are rounding: 0.
const ROUNDING: f64 = 1e-6;

/// The window length: the one `given`, or else `periods` of the series' period as far as `train` points allow.
///
/// # Errors
/// [`Error::TooShort`] if `train` points are not three windows.
fn window_length(given: Option<usize>, period: Option<usize>, periods: f64, train: usize) -> Result<usize> {
    let (least, most) = WINDOW_RANGE;
    let window = given.unwrap_or_else(|| {
        let wanted = period.map_or(WINDOW_WITHOUT_PERIOD, |p| (periods * p as f64).round() as usize);
        wanted.clamp(least, most).min(train / (2 * WINDOWS_NEEDED)).max(least)
    });
    let needed = WINDOWS_NEEDED * window;
    if train < needed { Err(Error::TooShort { needed, got: train }) } else { Ok(window) }
}

/// Checks a given window length.
fn check_window(window: Option<usize>) -> Result<()> {
    match window {
        Some(w) if w < 2 => Err(Error::param("window", "must be at least 2 points")),
        _ => Ok(()),
    }
}

/// Refuses 0 for a parameter that counts something.
fn check_positive(name: &str, value: usize) -> Result<()> {
    if value == 0 { Err(Error::param(name, "must be at least 1")) } else { Ok(()) }
}

/// Checks the least scale of z-normalised windows.
fn check_floor(floor: f64) -> Result<()> {
    let fine = floor.is_finite() && floor >= 0.0;
    if fine { Ok(()) } else { Err(Error::param("floor", "must be 0 or more")) }
}

/// Standard deviation of the values clipped to their 1 % and 99 % quantiles, so that spikes do not count.
fn ordinary_deviation(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (quantile_sorted(&sorted, 0.01), quantile_sorted(&sorted, 0.99));
    let clipped: Vec<f64> = values.iter().map(|v| v.clamp(low, high)).collect();
    stats::std(&clipped)
}

/// How windows of `train` are compared. The floor of the scale is `floor` times that of the series.
fn measure(train: &[f64], window: usize, form: Form, floor: f64) -> Measure {
    Measure { window, form, floor: floor * ordinary_deviation(train) }
}

/// Root-mean-square difference of two windows of `window` points, from their squared distance.
fn rms(square: f64, window: usize) -> f64 {
    let rms = (square / window as f64).sqrt();
    if rms < ROUNDING { 0.0 } else { rms }
}

/// The training stretch, and those of its windows that new ones are compared with.
#[derive(Debug)]
struct Known {
    train: Vec<f64>,
    reference: Arc<Reference>,
    /// A window does not count as a neighbour of one that starts less than this from it.
    zone: usize,
    /// Windows of the judged series itself that serve as references too.
    past: usize,
}

impl Known {
    /// At most `most` windows of `train`, plus `past` of the series to be judged.
    fn new(train: &[f64], measure: Measure, most: usize, past: usize) -> Known {
        let reference = Arc::new(Reference::new(train, measure, most));
        Known { train: train.to_vec(), reference, zone: measure.window.div_ceil(2), past }
    }

    fn window(&self) -> usize {
        self.reference.measure().window
    }

    /// Calls `look` for each reference window in turn, with the distances to all others that do not overlap it
    /// by half or more.
    fn among_themselves(&self, mut look: impl FnMut(&Sweep)) {
        for (first, values) in self.reference.stretches() {
            let mut sweep = Sweep::new(Arc::clone(&self.reference));
            for value in values {
                if let Some(start) = sweep.push(*value) {
                    sweep.exclude(first + start, self.zone);
                    look(&sweep);
                }
            }
        }
    }
}

/// Looks for the neighbours of the newest window of a series.
///
/// The series may begin with the very training stretch, or be it. While its values equal the training values
/// bit for bit, a window is the training window of the same start, and neither that nor those that overlap it
/// by half or more are neighbours.
#[derive(Clone)]
struct Search {
    known: Arc<Known>,
    sweep: Sweep,
    seen: usize,
    /// Length of the beginning that the series shares with the training stretch.
    shared: usize,
    /// Start of the newest window, if it is a training window or begins as one.
    same: Option<usize>,
}

impl Search {
    /// At the start of a series.
    fn new(known: Arc<Known>) -> Search {
        let gap = known.window();
        let sweep = Sweep::new(Arc::clone(&known.reference)).with_past(known.past, gap);
        Search { known, sweep, seen: 0, shared: 0, same: None }
    }

    /// Takes the next value; false until the first window is full.
    fn push(&mut self, value: f64) -> bool {
        self.same = None;
        let same = |known: &f64| known.to_bits() == value.to_bits();
        if self.shared == self.seen && self.known.train.get(self.seen).is_some_and(same) {
            self.shared += 1;
            self.sweep.past_from(self.shared);
        }
        self.seen += 1;
        let Some(start) = self.sweep.push(value) else { return false };
        if start < self.shared {
            self.sweep.exclude(start, self.known.zone);
            self.same = Some(start);
        }
        true
    }

    /// The `k` nearest windows, no two from the same run of half a window.
    fn nearest(&self, k: usize, out: &mut Vec<Neighbour>) {
        self.sweep.nearest(k, self.known.zone, out);
    }
}

/// Judges windows one after the other.
trait WindowScorer: Send {
    /// The score of the window that ends with `value`; NaN while it is not full.
    fn push(&mut self, value: f64) -> f64;
}

/// The score of a point: the mean over the windows that cover it with at least `margin` points on both sides.
/// It is final once they are all there. Until then it is the mean over those that are, or else the score of the
/// newest window; [`Few`] says how much wider such means scatter.
#[derive(Clone)]
struct Covering<S> {
    scorer: S,
    window: usize,
    margin: usize,
    few: Few,
    /// Scores of the last windows, at their last points.
    recent: Vec<f64>,
    seen: usize,
}

impl<S: WindowScorer> Covering<S> {
    /// At the start of a series, for windows of `window` points.
    fn new(scorer: S, window: usize, margin: usize) -> Covering<S> {
        let margin = margin.min((window - 1) / 2);
        Covering { scorer, window, margin, few: Few::default(), recent: Vec::new(), seen: 0 }
    }

    /// With means over few windows brought as close to the usual score as those over all are.
    fn easing(self, few: Few) -> Covering<S> {
        Covering { few, ..self }
    }
}

/// How much farther from the usual score a single window lies than a mean over all windows that cover a point. What
/// depends on the phase of the window falls out of the latter, and would be an alarm at the newest point of a feed.
#[derive(Debug, Clone, Copy)]
struct Few {
    /// The usual score.
    middle: f64,
    /// At least 1.
    wide: f64,
    /// Windows that are all.
    all: usize,
}

impl Default for Few {
    /// A single window is as good as all.
    fn default() -> Few {
        Few { middle: 0.0, wide: 1.0, all: 1 }
    }
}

impl Few {
    /// The quantile that is compared.
    const HIGH: f64 = 0.99;
    /// The least distance of that quantile from the median.
    const LEAST: f64 = 1e-3;

    /// From the scores of successive windows, `all` of which cover a point.
    fn of(singles: &[f64], all: usize) -> Few {
        let means: Vec<f64> = singles.windows(all).map(stats::mean).collect();
        if means.is_empty() {
            return Few::default();
        }
        let middle = stats::median(&means);
        let over = |scores: &[f64]| stats::quantile(scores, Few::HIGH) - middle;
        Few { middle, wide: (over(singles) / over(&means).max(Few::LEAST)).max(1.0), all }
    }

    /// The score that the mean over `n` windows stands for.
    fn eased(&self, mean: f64, n: usize) -> f64 {
        if n >= self.all {
            return mean;
        }
        let missing = 1.0 - n as f64 / self.all as f64;
        self.middle + (mean - self.middle) / (1.0 + (self.wide - 1.0) * missing)
    }
}

/// Reach of a score that [`Covering`] gives: whether a window is compared with itself depends on all before.
fn covering_reach(window: usize, margin: usize) -> Reach {
    Reach { before: Reach::ALL, after: window - 1 - margin.min((window - 1) / 2), grain: 1 }
}

/// The margin that locates best: a point is judged by the windows that hold it in their middle half.
fn middle(window: usize) -> usize {
    window / 4
}

/// The batch form is the live one, in one push.
fn score_at_once(fitted: &dyn Fitted, values: &[f64]) -> Result<Scores> {
    match fitted.online() {
        Some(mut online) => Ok(online.push(values)?.scores),
        None => Err(Error::Numeric("no live form".into())),
    }
}

impl<S: WindowScorer + Clone + 'static> StreamingDetector for Covering<S> {
    fn push(&mut self, values: &[f64]) -> Result<Tail> {
        let lag = self.window - 1 - self.margin;
        let start = self.seen.saturating_sub(lag);
        // `recent[0]` belongs to point `start`: no window that ends before it counts any more.
        self.recent.drain(..self.recent.len().saturating_sub(self.seen - start));
        self.recent.extend(values.iter().map(|v| self.scorer.push(*v)));
        self.seen += values.len();
        let settled = self.seen.saturating_sub(lag).max(start);
        let mut value = vec![f64::NAN; self.seen - start];
        let newest = self.recent.last().copied().unwrap_or(f64::NAN);
        // Sums go from the newest window back, so those of unsettled points build on one another.
        let (mut sum, mut n) = (0.0, 0);
        for i in (settled - start..value.len()).rev() {
            if let Some(score) = self.recent.get(i + self.margin) {
                add(&mut sum, &mut n, *score);
            }
            value[i] = self.few.eased(if n > 0 { sum / n as f64 } else { newest }, n);
        }
        for i in 0..settled - start {
            let (mut sum, mut n) = (0.0, 0);
            for score in self.recent[i + self.margin..=i + lag].iter().rev() {
                add(&mut sum, &mut n, *score);
            }
            // At the start of a series a point is covered by fewer.
            value[i] = self.few.eased(sum / n as f64, n);
        }
        Ok(Tail { start, settled: self.seen.saturating_sub(lag), scores: Scores::of(value) })
    }
}

/// Adds a window's score to a mean, unless the window was not full.
fn add(sum: &mut f64, n: &mut usize, score: f64) {
    if !score.is_nan() {
        *sum += score;
        *n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value itself is the score of the window that ends with it.
    #[derive(Clone)]
    struct Echo(usize);

    impl WindowScorer for Echo {
        fn push(&mut self, value: f64) -> f64 {
            self.0 = self.0.saturating_sub(1);
            if self.0 > 0 { f64::NAN } else { value }
        }
    }

    #[test]
    fn a_point_gets_the_mean_over_its_windows_and_says_when_it_is_final() {
        let mut live = Covering::new(Echo(3), 3, 0);
        let tail = live.push(&[1.0, 2.0]).unwrap();
        assert!(tail.scores.value.iter().all(|v| v.is_nan()) && tail.settled == 0);
        let tail = live.push(&[3.0, 4.0]).unwrap();
        assert_eq!((tail.start, tail.settled), (0, 2));
        assert_eq!(tail.scores.value, [3.0, 3.5, 3.5, 4.0]);
        let tail = live.push(&[5.0]).unwrap();
        assert_eq!((tail.start, tail.settled), (2, 3));
        assert_eq!(tail.scores.value, [4.0, 4.5, 5.0]);
        assert_eq!(live.push(&[]).unwrap().scores.value, [4.5, 5.0]);
    }

    #[test]
    fn a_margin_leaves_out_windows_that_hold_the_point_at_their_edge() {
        let mut live = Covering::new(Echo(4), 4, 1);
        // Point i is judged by the windows that end at i + 1 and i + 2.
        let tail = live.push(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!((tail.start, tail.settled), (0, 4));
        assert!(tail.scores.value[0].is_nan());
        assert_eq!(tail.scores.value[1..], [4.0, 4.5, 5.5, 6.0, 6.0]);
        let tail = live.push(&[7.0]).unwrap();
        assert_eq!((tail.start, tail.settled), (4, 5));
        assert_eq!(tail.scores.value, [6.5, 7.0, 7.0]);
    }

    #[test]
    fn means_over_few_windows_are_eased_by_as_much_as_they_scatter_more() {
        // Scores that go by turns: one window says 0 or 4, two say 2 but for one in a hundred.
        let mut singles: Vec<f64> = (0..1000).map(|i| f64::from(i % 2) * 4.0).collect();
        singles[100..140].fill(3.0);
        let few = Few::of(&singles, 2);
        assert_eq!((few.middle, few.wide, few.all), (2.0, 2.0, 2));
        assert_eq!((few.eased(8.0, 2), few.eased(8.0, 1), few.eased(8.0, 0)), (8.0, 2.0 + 6.0 / 1.5, 5.0));
        assert_eq!(Few::default().eased(8.0, 1), 8.0);
    }

    #[test]
    fn windows_follow_the_period_and_short_stretches() {
        assert_eq!(window_length(None, Some(100), 0.5, 5000).unwrap(), 50);
        assert_eq!(window_length(None, Some(100), 0.5, 120).unwrap(), 20);
        assert_eq!(window_length(None, None, 0.5, 5000).unwrap(), WINDOW_WITHOUT_PERIOD);
        assert_eq!(window_length(None, None, 0.5, 23).unwrap_err(), Error::TooShort { needed: 24, got: 23 });
        assert_eq!(
            window_length(Some(50), None, 0.5, 149).unwrap_err(),
            Error::TooShort { needed: 150, got: 149 }
        );
    }

    #[test]
    fn spikes_do_not_raise_the_deviation() {
        let mut x: Vec<f64> = (0..1000).map(|i| f64::from(i % 2)).collect();
        x[500] = 1e6;
        assert!((ordinary_deviation(&x) - 0.5).abs() < 1e-2);
    }
}
