//! Rows to what detectors see: a regular grid without gaps, on a robust scale; and the way back.

use std::collections::VecDeque;

use crate::error::{Error, Result};
use crate::math::{period, stats};
use crate::series::Series;
use crate::settings::settings;

/// Longest gap, in points, that is bridged by a straight line.
const SHORT_GAP: usize = 10;
/// Longest gap, in points, that is filled whole; a longer one loses whole periods.
const LONG_GAP: usize = 200;
/// A difference of times over this many steps holds a gap.
const GAP: f64 = 1.5;
/// The scale is never below this part of the absolute median.
const SCALE_FLOOR: f64 = 1e-6;
/// Milliseconds in a day.
const DAY: f64 = 86_400_000.0;

/// What the user may choose.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Sampling interval in milliseconds: rows in the same interval are averaged. `None`: each row is a point,
    /// and only gaps are filled.
    pub interval: Option<f64>,
    /// Points in one period; `Some(0)`: there is none; `None`: found from the training rows.
    pub period: Option<usize>,
}
settings!(Options { interval, period });

/// What has been learnt of the training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepare {
    aggregate: bool,
    step: f64,
    center: f64,
    scale: f64,
    period: Option<usize>,
    day: Option<usize>,
}

impl Prepare {
    /// Learns sampling interval (median difference of times), centre (median), scale (half of the range from the
    /// 1 % to the 99 % quantile) and period of `train`.
    ///
    /// # Errors
    /// [`Error::Param`] for an interval that is not positive, [`Error::Series`] if every value is missing,
    /// [`Error::TooShort`] if there is no row.
    pub fn fit(options: &Options, train: &Series) -> Result<Prepare> {
        if let Some(interval) = options.interval
            && !(interval.is_finite() && interval > 0.0)
        {
            return Err(Error::param("prepare.interval", format!("{interval} ms is not a positive time")));
        }
        if train.is_empty() {
            return Err(Error::TooShort { needed: 1, got: 0 });
        }
        let mut values = stats::finite(train.value());
        if values.is_empty() {
            let why = "every value is missing; at least one number is needed".into();
            return Err(Error::Series { at: 0, why });
        }
        values.sort_unstable_by(f64::total_cmp);
        let mut steps: Vec<f64> = train.time().windows(2).map(|t| t[1] - t[0]).collect();
        let step = match options.interval {
            Some(interval) => interval,
            None if steps.is_empty() => 1000.0,
            None => stats::median_in_place(&mut steps),
        };
        let center = stats::quantile_sorted(&values, 0.5);
        let mut prepare = Prepare {
            aggregate: options.interval.is_some(),
            step,
            center,
            scale: spread(&values, center),
            period: None,
            day: points_a_day(step),
        };
        prepare.period = match options.period {
            Some(points) => (points >= 2).then_some(points),
            None => period::period(&prepare.grid().push(train).values),
        };
        Ok(prepare)
    }

    /// Milliseconds between grid points.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// Whether rows in the same interval are averaged.
    pub fn aggregates(&self) -> bool {
        self.aggregate
    }

    /// Points in one period, if the series has one.
    pub fn period(&self) -> Option<usize> {
        self.period
    }

    /// Points in one day, if the interval divides it.
    pub fn day(&self) -> Option<usize> {
        self.day
    }

    /// Half of the range that ordinary values fill, in units of the input.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// A grid value in units of the input.
    pub fn value_of(&self, y: f64) -> f64 {
        self.center + y * self.scale
    }

    /// A width on the grid's scale in units of the input.
    pub fn width_of(&self, width: f64) -> f64 {
        width * self.scale
    }

    /// A grid at the start of a series.
    pub fn grid(&self) -> Grid {
        Grid {
            prepare: self.clone(),
            origin: None,
            last: 0.0,
            bin: None,
            pending: Vec::new(),
            cycle: VecDeque::new(),
            anchor: None,
            points: 0,
        }
    }
}

/// Half of the 1 to 99 % range of sorted values. Where rare events make up all of the spread, half of the whole
/// range; never below a part of the median, and 1 for an all-zero series.
fn spread(sorted: &[f64], center: f64) -> f64 {
    let floor = SCALE_FLOOR * center.abs();
    let half = |q: f64| 0.5 * (stats::quantile_sorted(sorted, 1.0 - q) - stats::quantile_sorted(sorted, q));
    match [half(0.01), half(0.0)].into_iter().find(|s| *s > floor) {
        Some(scale) => scale,
        None if floor > 0.0 => floor,
        None => 1.0,
    }
}

fn points_a_day(step: f64) -> Option<usize> {
    let points = (DAY / step).round();
    ((2.0..=86_400.0).contains(&points) && (points * step - DAY).abs() < 1e-6 * DAY)
        .then_some(points as usize)
}

/// Places rows on the grid, in any chunking with the same result.
#[derive(Debug, Clone)]
pub struct Grid {
    prepare: Prepare,
    /// Time of the first row, from which intervals are counted.
    origin: Option<f64>,
    /// Row mode: time of the last row.
    last: f64,
    /// Interval mode: the interval that is still open.
    bin: Option<Bin>,
    /// Points without a value, waiting for the value that ends their gap; each with its number of rows.
    pending: Vec<usize>,
    /// The last period of values, for the filling of long gaps.
    cycle: VecDeque<f64>,
    /// The last real value.
    anchor: Option<f64>,
    /// Points given out.
    points: usize,
}

#[derive(Debug, Clone)]
struct Bin {
    index: f64,
    sum: f64,
    present: usize,
    rows: usize,
}

/// Rows on the grid.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Placed {
    /// New values of the grid: regular, finite, scaled.
    pub values: Vec<f64>,
    /// For each value, whether it stands for a missing one.
    pub filled: Vec<bool>,
    /// For each row that has now been placed, in order, its point counted from the first ever.
    pub rows: Vec<usize>,
}

impl Grid {
    /// Takes the next rows. Those that cannot be placed yet, because no value has ended their gap or their
    /// interval is still open, come out of a later push.
    pub fn push(&mut self, rows: &Series) -> Placed {
        let mut placed = Placed::default();
        for (time, value) in rows.time().iter().zip(rows.value()) {
            let origin = *self.origin.get_or_insert(*time);
            if self.prepare.aggregate {
                self.collect(((time - origin) / self.prepare.step).floor(), *value, &mut placed);
            } else {
                let steps = (time - self.last) / self.prepare.step;
                if *time > origin && steps > GAP {
                    self.skip(steps.round() - 1.0);
                }
                self.last = *time;
                self.point(*value, 1, &mut placed);
            }
        }
        placed
    }

    /// Adds a value to its interval; a value of a later one closes the interval that is open.
    fn collect(&mut self, index: f64, value: f64, placed: &mut Placed) {
        if let Some(bin) = self.bin.take_if(|bin| bin.index < index) {
            self.point(bin.sum / bin.present as f64, bin.rows, placed);
            self.skip(index - bin.index - 1.0);
        }
        let bin = self.bin.get_or_insert(Bin { index, sum: 0.0, present: 0, rows: 0 });
        bin.rows += 1;
        if value.is_finite() {
            bin.sum += value;
            bin.present += 1;
        }
    }

    /// `count` points that no row stands for. Of a long gap whole periods are left out, so that the phase stays.
    fn skip(&mut self, count: f64) {
        let period = self.prepare.period.unwrap_or(1);
        let longest = (LONG_GAP + period) as f64;
        let kept =
            if count > longest { longest - (longest - count).rem_euclid(period as f64) } else { count };
        self.pending.extend(std::iter::repeat_n(0, kept.max(0.0) as usize));
    }

    /// One point with the rows it stands for; its value may be missing (NaN).
    fn point(&mut self, value: f64, rows: usize, placed: &mut Placed) {
        if !value.is_finite() {
            self.pending.push(rows);
            return;
        }
        let y = (value - self.prepare.center) / self.prepare.scale;
        let gap = std::mem::take(&mut self.pending);
        for (i, rows) in gap.iter().enumerate() {
            let part = (i + 1) as f64 / (gap.len() + 1) as f64;
            let fill = match self.anchor {
                Some(before) if gap.len() <= SHORT_GAP => before + part * (y - before),
                _ => self.a_period_ago(),
            };
            self.give(fill, true, *rows, placed);
        }
        self.give(y, false, rows, placed);
        self.anchor = Some(y);
    }

    /// The value of the same phase one period before; the centre if there is none.
    fn a_period_ago(&self) -> f64 {
        match self.prepare.period {
            Some(period) if self.cycle.len() == period => self.cycle.front().copied().unwrap_or(0.0),
            _ => 0.0,
        }
    }

    fn give(&mut self, y: f64, filled: bool, rows: usize, placed: &mut Placed) {
        placed.values.push(y);
        placed.filled.push(filled);
        placed.rows.extend(std::iter::repeat_n(self.points, rows));
        self.points += 1;
        if let Some(period) = self.prepare.period {
            self.cycle.push_back(y);
            if self.cycle.len() > period {
                self.cycle.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{golden, numbers};
    use proptest::prelude::*;

    fn series(rows: &[(f64, f64)]) -> Series {
        Series::new(rows.iter().map(|r| r.0).collect(), rows.iter().map(|r| r.1).collect()).unwrap()
    }

    /// Values in units of the input.
    fn place(options: &Options, rows: &[(f64, f64)]) -> (Vec<f64>, Vec<bool>, Vec<usize>) {
        let series = series(rows);
        let prepare = Prepare::fit(options, &series).unwrap();
        let placed = prepare.grid().push(&series);
        (placed.values.iter().map(|y| prepare.value_of(*y)).collect(), placed.filled, placed.rows)
    }

    #[test]
    fn learns_step_center_and_scale() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        let rows: Vec<(f64, f64)> = values.iter().map(|v| (v * 300_000.0, *v)).collect();
        let prepare = Prepare::fit(&Options::default(), &series(&rows)).unwrap();
        assert_eq!((prepare.step(), prepare.day()), (300_000.0, Some(288)));
        assert_eq!((prepare.center, prepare.scale), (50.0, 49.0));
        assert_eq!((prepare.value_of(1.0), prepare.width_of(2.0)), (99.0, 98.0));
    }

    #[test]
    fn rare_events_and_constants_have_a_scale() {
        let mut values = vec![3.0; 1000];
        assert_eq!(spread(&values, 3.0), 3e-6);
        values[999] = 13.0;
        assert_eq!(spread(&values, 3.0), 5.0);
        assert_eq!(spread(&[0.0; 5], 0.0), 1.0);
    }

    #[test]
    fn a_gap_and_a_missing_value_are_bridged() {
        let rows = [(0.0, 1.0), (1e3, 2.0), (2e3, f64::NAN), (3e3, 4.0), (6e3, 7.0), (7e3, f64::NAN)];
        let (values, filled, place) = place(&Options::default(), &rows);
        assert_eq!(values.iter().map(|v| v.round()).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!(filled, [false, false, true, false, true, true, false]);
        // The row after the gap stands on point 6; the trailing missing one waits.
        assert_eq!(place, [0, 1, 2, 3, 6]);
    }

    #[test]
    fn a_long_gap_repeats_the_last_period_and_keeps_the_phase() {
        let wave = |i: usize| [0.0, 5.0, 9.0, 5.0][i % 4];
        let mut rows: Vec<(f64, f64)> = (0..40).map(|i| (i as f64 * 1e3, wave(i))).collect();
        rows.extend((1_000_000..1_000_008).map(|i| (i as f64 * 1e3, wave(i))));
        let options = Options { period: Some(4), ..Options::default() };
        let (values, filled, _) = place(&options, &rows);
        assert!(values.len() < 300);
        for (i, v) in values.iter().enumerate() {
            assert!((v - wave(i)).abs() < 1e-9, "{i}");
        }
        assert_eq!(filled.iter().filter(|f| !**f).count(), 48);
    }

    #[test]
    fn an_interval_averages_and_leaves_the_last_open() {
        let rows = [(0.0, 1.0), (400.0, 3.0), (1100.0, f64::NAN), (2500.0, 8.0), (3000.0, 5.0)];
        let (values, filled, place) = place(&Options { interval: Some(1e3), period: Some(0) }, &rows);
        assert_eq!(values, [2.0, 5.0, 8.0]);
        assert_eq!(filled, [false, true, false]);
        assert_eq!(place, [0, 0, 1, 2]);
    }

    #[test]
    fn means_over_an_interval_agree_with_the_reference() {
        let golden = golden("preprocess");
        let seconds = numbers(&golden["inputs"]["timestamp"]);
        let values = numbers(&golden["inputs"]["value_null_is_missing"]);
        let rows: Vec<(f64, f64)> = seconds.iter().zip(values).map(|(t, v)| (1000.0 * t, v)).collect();
        let options = Options { interval: Some(180_000.0), ..Options::default() };
        let (means, filled, _) = place(&options, &rows);
        let want = numbers(&golden["outputs"]["aggregate_180s_mean"]);
        // The last one is still open.
        assert_eq!(means.len() + 1, want.len());
        for (i, (mean, want)) in means.iter().zip(&want).enumerate() {
            assert_eq!(filled[i], want.is_nan(), "{i}");
            assert!(want.is_nan() || (mean - want).abs() < 1e-9, "{i}: {mean} for {want}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_learn_from() {
        let fit = |o: &Options, rows: &[(f64, f64)]| Prepare::fit(o, &series(rows)).unwrap_err().code();
        assert_eq!(fit(&Options::default(), &[]), "too-short");
        assert_eq!(fit(&Options::default(), &[(0.0, f64::NAN)]), "series");
        assert_eq!(fit(&Options { interval: Some(0.0), period: None }, &[(0.0, 1.0)]), "param");
    }

    proptest! {
        #[test]
        fn chunking_changes_nothing(
            rows in proptest::collection::vec((1u32..8000, proptest::option::weighted(0.8, -5.0..5.0f64)), 1..200),
            cuts in proptest::collection::vec(1usize..20, 1..100),
            interval in proptest::option::of(500.0..3000.0f64),
        ) {
            let mut time = 0.0;
            let rows: Vec<(f64, f64)> = rows
                .iter()
                .map(|(d, v)| {
                    time += f64::from(*d);
                    (time, v.unwrap_or(f64::NAN))
                })
                .chain([(1e9, 1.0), (1e9 + 1e4, 2.0)])
                .collect();
            let whole = series(&rows);
            let prepare = Prepare::fit(&Options { interval, period: Some(7) }, &whole).unwrap();
            let want = prepare.grid().push(&whole);
            let (mut grid, mut got, mut at) = (prepare.grid(), Placed::default(), 0);
            for cut in cuts.into_iter().chain([rows.len()]) {
                let part = grid.push(&whole.slice(at, at + cut));
                at = (at + cut).min(rows.len());
                got.values.extend(part.values);
                got.filled.extend(part.filled);
                got.rows.extend(part.rows);
            }
            prop_assert_eq!(&got, &want);
            prop_assert!(got.values.iter().all(|v| v.is_finite()));
            prop_assert!(got.rows.windows(2).all(|w| w[0] <= w[1]));
        }
    }
}
