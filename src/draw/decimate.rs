//! The decimation of a long series to pixel columns.
//!
//! It is for the eye only and never for the detector: a column of pixels keeps its first, smallest, largest and last
//! sample, which draws the same pixels as all of them would; where samples are so near to each other that the way from one
//! to the next leaves no trace, the smallest and the largest alone. Of a very long series a sample may count to the column
//! beside its own, if it is an eighth of a pixel away from it at most.

use super::index::BLOCK;
use super::rows::Column;
use super::scale::Scale;
use super::stretch::{STEEP, Stretch, Turns, least, most};
use super::times::Times;
use std::ops::Range;
use std::rc::Rc;

/// Rows of a pixel column that are looked at one by one.
const FEW: usize = 5;
/// Rows of a pixel column from which on an eighth of it is more than half an entry of the index.
const WIDE: usize = 4 * BLOCK;
/// Where the last row of such a column is drawn that belongs to the next.
const LAST: f64 = 0.9;
/// Rows so few pixels from each other leave no trace of the way from one to the next.
const NEAR: f64 = 1.0 / 32.0;

/// The height of a value, kept within the range.
fn heights(y: &Scale) -> impl Fn(f64) -> f64 {
    let (top, bottom) = (least(y.range().0, y.range().1), most(y.range().0, y.range().1));
    move |v| most(top, least(bottom, y.at(v)))
}

/// A series and the scales that it is drawn by.
#[derive(Clone, Copy)]
pub struct Trace<'a> {
    /// Moments of the rows.
    pub time: &'a Times,
    /// Their values.
    pub value: &'a Column,
    /// Time to pixels.
    pub x: &'a Scale,
    /// Value to pixels, larger values higher up.
    pub y: &'a Scale,
    /// A step in time longer than so many milliseconds is a gap, as is a value that is not finite.
    pub longest: f64,
}

impl Trace<'_> {
    /// The stretches of a series between its gaps, at most four points a pixel column: first, smallest,
    /// largest, last. Where a column has more than [`FEW`] rows, its extremes stand within it where they make the shorter
    /// line, else at their own moments.
    ///
    /// Lines that cross the left or right end of `x`'s range are cut there; `y` is kept within its range.
    pub fn stretches(&self, rows: Range<usize>) -> Vec<Stretch> {
        let rows = rows.start..rows.end.min(self.value.values().len());
        if let Some(line) = self.filling(rows.clone()) {
            return vec![line];
        }
        self.parts(rows).iter().map(|points| Stretch::of(points)).collect()
    }

    /// The line of rows so near to each other, and so far up and down, that it fills what it passes: then the extremes of
    /// each pixel column say all of it. None where it has gaps or is not like that.
    fn filling(&self, rows: Range<usize>) -> Option<Stretch> {
        let Trace { time, value, x, y, longest } = *self;
        let (left, right) = x.range();
        let from = time.partition_point(rows.clone(), |t| x.at(t) < left);
        let to = time.partition_point(from..rows.end, |t| x.at(t) <= right);
        let width = x.at(time.get(to.checked_sub(1)?)?) - x.at(time.get(from)?);
        let step = time.longest_step(from + 1..to);
        if step > longest.min(NEAR / x.unit()) || width < 1.0 || !value.over(from..to).whole {
            return None;
        }
        let height = heights(y);
        let (mut turns, mut climbed) = (Turns::across(width), 0.0);
        for (left, rows) in pixel_columns(time, value, from..to, x) {
            let block = value.over(rows);
            let (top, bottom) = (height(block.high()), height(block.low()));
            climbed += bottom - top;
            turns.take(left, top, bottom);
        }
        (climbed > STEEP * width).then(|| Stretch { places: Rc::new(turns.places), steep: true })
    }

    /// The points of [`Trace::stretches`] before any are left out where they are dense and steep.
    fn parts(&self, rows: Range<usize>) -> Vec<Vec<(f64, f64)>> {
        let Trace { time, value, x, y, longest } = *self;
        let mut all = Vec::new();
        let mut open: Vec<(f64, f64)> = Vec::new();
        let mut column = Extremes::default();
        let mut before = f64::NEG_INFINITY;
        let place = |row: usize| time.get(row).zip(value.get(row));
        let height = heights(y);
        let unparted = time.longest_step(rows.start + 1..rows.end) <= longest;
        for (left, rows) in pixel_columns(time, value, rows, x) {
            let joined = unparted && before.is_finite()
                || place(rows.start).is_some_and(|(t, _)| t - before <= longest)
                    && time.longest_step(rows.start + 1..rows.end) <= longest;
            let ends = place(rows.start).zip(place(rows.end - 1)).filter(|_| joined && rows.len() > FEW);
            let block = ends.map(|_| value.over(rows.clone())).filter(|block| block.whole);
            if let Some((((from, first), (to, last)), block)) = ends.zip(block) {
                let (low, high) = (block.low(), block.high());
                let falls = (first - low) + (high - last) <= (high - first) + (last - low);
                let [near, far] = if falls { [low, high] } else { [high, low] };
                let (start, end) = (most(x.at(from), left), x.at(to));
                let end = if end < left + 1.0 { end } else { left + LAST };
                let third = (end - start) / 3.0;
                column.close(&mut open);
                let mut put = |pixel: f64, v: f64| open.push((pixel, height(v)));
                put(start, first);
                if near != first {
                    put(start + third, near);
                }
                if far != last {
                    put(end - third, far);
                }
                put(end, last);
                before = to;
                continue;
            }
            for (t, v) in rows.filter_map(place) {
                if !v.is_finite() || t - before > longest {
                    column.close(&mut open);
                    finish(&mut open, &mut all, x);
                }
                if v.is_finite() {
                    column.take((x.at(t), height(v)), &mut open);
                    before = t;
                }
            }
        }
        column.close(&mut open);
        finish(&mut open, &mut all, x);
        all
    }
}

/// The left edge of each pixel column that has rows, and these. Where a column has [`WIDE`] rows and more, its end is
/// moved to an edge of the index of `column`, by an eighth of a pixel at most: then it is summed up without a look at its
/// rows.
fn pixel_columns(
    time: &Times,
    column: &Column,
    rows: Range<usize>,
    x: &Scale,
) -> impl Iterator<Item = (f64, Range<usize>)> {
    let end = rows.end.min(time.len());
    let pixel = |row: usize| time.get(row).map_or(f64::INFINITY, |t| x.at(t).floor());
    // The pixel of row 0 and the rows in a pixel, if they are many everywhere: then those at its end are computed.
    let even = time.even().map(|(first, step)| (x.at(first), 1.0 / (step * x.unit())));
    let even = even.filter(|(_, rows)| *rows >= WIDE as f64 && rows.is_finite());
    let (mut row, mut exact, mut this) = (rows.start, rows.start, pixel(rows.start));
    // Most have as many rows as the one before.
    let mut width = 1;
    std::iter::from_fn(move || {
        if row >= end {
            return None;
        }
        let (left, from) = (this, row);
        let next = left + 1.0;
        (width, this) = match even {
            Some((first, rows)) => {
                let after = ((next - first) * rows).ceil() as usize;
                (after.clamp(from + 1, end) - exact, next)
            }
            None => {
                let width = in_column(time, exact..end, x, left, width);
                (width, pixel(exact + width))
            }
        };
        exact += width;
        let edge = column.edge(exact);
        let inside = || even.is_some() || this == next && pixel(edge) <= this;
        row = if width >= WIDE && exact.max(edge) < end && inside() { edge } else { exact };
        Some((left, from..row))
    })
}

/// How many of these rows are in the pixel column `this`, where the first is, or before it. About `guess`, which is tried
/// first.
fn in_column(time: &Times, rows: Range<usize>, x: &Scale, this: f64, guess: usize) -> usize {
    let inside_column = |t: f64| x.at(t) < this + 1.0;
    let inside = |at: usize| at < rows.len() && time.get(rows.start + at).is_some_and(inside_column);
    let mut known = [guess, guess - 1].into_iter().find(|n| *n > 1 && inside(n - 1)).unwrap_or(1);
    let mut step = 1;
    while inside(known + step - 1) {
        known += step;
        step *= 2;
    }
    let open = rows.start + known..rows.end.min(rows.start + known + step - 1);
    time.partition_point(open, inside_column) - rows.start
}

/// Cuts a finished stretch at the ends of the range and keeps it.
fn finish(open: &mut Vec<(f64, f64)>, all: &mut Vec<Vec<(f64, f64)>>, x: &Scale) {
    let (left, right) = x.range();
    let stretch = cut(std::mem::take(open), left, right);
    if !stretch.is_empty() {
        all.push(stretch);
    }
}

/// The part of a line (points from left to right) between two pixels.
fn cut(mut line: Vec<(f64, f64)>, left: f64, right: f64) -> Vec<(f64, f64)> {
    let first = line.partition_point(|point| point.0 < left);
    let end = line.partition_point(|point| point.0 <= right);
    // Where the line crosses an edge before this point.
    let crossing = |at: usize, x: f64| {
        let (from, to) = (line.get(at.checked_sub(1)?)?, line.get(at)?);
        let between = from.1 + (x - from.0) / (to.0 - from.0) * (to.1 - from.1);
        (from.0 < x && to.0 > x).then_some((x, between))
    };
    let (enters, leaves) = (crossing(first, left), crossing(end, right));
    line.truncate(end);
    line.splice(..first, enters);
    line.extend(leaves);
    line
}

/// The samples of one column of pixels.
#[derive(Default)]
struct Extremes {
    kept: Option<[(f64, f64); 4]>,
}

impl Extremes {
    /// Takes a point: into this column, or, when it lies in another one, closes this and opens that.
    fn take(&mut self, point: (f64, f64), out: &mut Vec<(f64, f64)>) {
        match &mut self.kept {
            Some([first, low, high, last]) if first.0.floor() == point.0.floor() => {
                if point.1 < low.1 {
                    *low = point;
                }
                if point.1 > high.1 {
                    *high = point;
                }
                *last = point;
            }
            _ => {
                self.close(out);
                self.kept = Some([point; 4]);
            }
        }
    }

    fn close(&mut self, out: &mut Vec<(f64, f64)>) {
        let Some([first, low, high, last]) = self.kept.take() else { return };
        let (a, b) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        for point in [first, a, b, last] {
            if out.last() != Some(&point) {
                out.push(point);
            }
        }
    }
}

/// The smallest and largest finite value of each pixel column: `(column's left edge, smallest, largest)`, columns
/// without any left out. `low` and `high` may be the same.
pub fn columns(
    time: &Times,
    low: &Column,
    high: &Column,
    rows: Range<usize>,
    x: &Scale,
) -> Vec<(f64, f64, f64)> {
    let mut all: Vec<(f64, f64, f64)> = Vec::new();
    let rows = rows.start..rows.end.min(low.values().len()).min(high.values().len());
    for (left, rows) in pixel_columns(time, low, rows, x) {
        let lower = low.over(rows.clone());
        let upper = if std::ptr::eq(low, high) { lower } else { high.over(rows) };
        let (bottom, top) = (lower.low(), upper.high());
        if !bottom.is_finite() || !top.is_finite() {
            continue;
        }
        // What is beyond the edges counts to the columns there.
        let column = x.clamp(left).floor();
        match all.last_mut() {
            Some(last) if last.0 == column => {
                last.1 = last.1.min(bottom);
                last.2 = last.2.max(top);
            }
            _ => all.push((column, bottom, top)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::scale::extent;
    use super::super::stretch::crossed;
    use super::*;

    fn identity() -> Scale {
        Scale::new((0.0, 128.0), (0.0, 128.0))
    }

    fn drawn(time: &[f64], value: &[f64], x: &Scale, longest: f64) -> Vec<Vec<(f64, f64)>> {
        let (times, column) = (Times::from(time.to_vec()), Column::from(value.to_vec()));
        Trace { time: &times, value: &column, x, y: &identity(), longest }.parts(0..time.len())
    }

    #[test]
    fn a_column_keeps_first_smallest_largest_last() {
        let time = [5.0, 5.2, 5.4, 5.6, 5.8, 7.0];
        let value = [50.0, 10.0, 90.0, 60.0, 40.0, 30.0];
        let got = drawn(&time, &value, &identity(), f64::INFINITY);
        assert_eq!(got, vec![vec![(5.0, 50.0), (5.2, 10.0), (5.4, 90.0), (5.8, 40.0), (7.0, 30.0)]]);
    }

    #[test]
    fn a_gap_parts_the_line() {
        let time = [1.0, 2.0, 3.0, 4.0, 50.0];
        let value = [1.0, 2.0, f64::NAN, 4.0, 5.0];
        let got = drawn(&time, &value, &identity(), 10.0);
        assert_eq!(got, vec![vec![(1.0, 1.0), (2.0, 2.0)], vec![(4.0, 4.0)], vec![(50.0, 5.0)]]);
    }

    #[test]
    fn lines_are_cut_at_the_edges() {
        let x = Scale::new((0.0, 10.0), (0.0, 10.0));
        let time = [-10.0, 5.0, 20.0];
        let value = [0.0, 15.0, 45.0];
        let got = drawn(&time, &value, &x, f64::INFINITY);
        assert_eq!(got, vec![vec![(0.0, 10.0), (5.0, 15.0), (10.0, 25.0)]]);
        // Both ends outside, nothing inside: the line still crosses the picture.
        let got = drawn(&[-10.0, 20.0], &[0.0, 30.0], &x, f64::INFINITY);
        assert_eq!(got, vec![vec![(0.0, 10.0), (10.0, 20.0)]]);
    }

    #[test]
    fn columns_join_the_extremes() {
        let time = [1.0, 1.5, 2.0, 3.0];
        let (low, high) =
            (Column::from(vec![1.0, 0.0, 5.0, f64::NAN]), Column::from(vec![2.0, 3.0, 6.0, 7.0]));
        let got = columns(&Times::from(time.to_vec()), &low, &high, 0..4, &identity());
        assert_eq!(got, vec![(1.0, 0.0, 3.0), (2.0, 5.0, 6.0)]);
    }

    /// What the values reach in a pixel column without so much at both ends, or with more.
    fn reach(time: &[f64], value: &[f64], (x, y): (&Scale, &Scale), left: f64, more: f64) -> (f64, f64) {
        let inside = |t: f64| x.at(t) >= left - more && x.at(t) < left + 1.0 + more;
        let seen = time.iter().zip(value).filter(|(t, _)| inside(**t)).map(|(_, v)| y.at(*v));
        extent(seen).unwrap_or((f64::INFINITY, f64::NEG_INFINITY))
    }

    #[test]
    fn rows_that_fill_what_they_pass_are_drawn_by_their_extremes() {
        let n = 20_005;
        let time: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let value: Vec<f64> = (0..n).map(|i| ((i * 7919) % 128) as f64).collect();
        let y = Scale::new((0.0, 128.0), (128.0, 0.0));
        let filled = |time: &[f64], value: &[f64], x: &Scale, y: &Scale| {
            let (times, column) = (Times::from(time.to_vec()), Column::from(value.to_vec()));
            Trace { time: &times, value: &column, x, y, longest: 10.0 }.filling(0..time.len())
        };
        let mut uneven = time.clone();
        uneven[1] += 0.1;
        // All rows at 200 a pixel, a part of them at 50 a pixel, and rows that end within a pixel of 300.
        let views = [(0.0, 19_999.0), (700.5, 5700.0), (0.0, 30_000.0)];
        for ((from, to), time) in views.into_iter().flat_map(|view| [(view, &time), (view, &uneven)]) {
            let x = Scale::new((from, to), (0.0, 100.0));
            let line = filled(time, &value, &x, &y).unwrap();
            assert!(line.steep);
            let points: Vec<_> = line.points().collect();
            let columns = points.as_chunks::<2>().0;
            let shown = from.ceil() as usize..n.min(to as usize + 1);
            assert_eq!(columns.len(), x.at((shown.end - 1) as f64) as usize + 1);
            for (i, &[(at, one), (also, other)]) in columns.iter().enumerate() {
                assert_eq!([at, also], [i as f64 + 0.5; 2]);
                assert_eq!(one < other, i % 2 == 0 && one != other, "down and up in turn");
                let (top, bottom) = (one.min(other), one.max(other));
                let seen =
                    |more| reach(&time[shown.clone()], &value[shown.clone()], (&x, &y), at - 0.5, more);
                let (inner, outer) = (seen(-0.125), seen(0.125));
                assert!(top <= inner.0 && bottom >= inner.1, "{at}: {top}..{bottom} without {inner:?}");
                assert!(top >= outer.0 && bottom <= outer.1, "{at}: {top}..{bottom} beyond {outer:?}");
            }
        }
        let x = Scale::new((0.0, 19_999.0), (0.0, 100.0));
        let none = |time: &[f64], value: &[f64], x: &Scale, y: &Scale| filled(time, value, x, y).is_none();
        assert!(
            none(&time, &value, &Scale::new((0.0, 3000.0), (0.0, 100.0)), &identity()),
            "30 rows a pixel"
        );
        assert!(none(&time, &value, &x, &Scale::new((0.0, 128.0), (5.0, 0.0))), "it hardly climbs");
        let changed = |column: &[f64], row: usize, by: f64| {
            let mut changed = column.to_vec();
            changed[row..].iter_mut().for_each(|v| *v += by);
            changed
        };
        assert!(none(&changed(&time, 9000, 7.0), &value, &x, &y), "a longer step");
        assert!(none(&time, &changed(&value, 19_000, f64::NAN), &x, &y), "a value is missing");
    }

    #[test]
    fn blocks_draw_what_rows_draw() {
        // 700 rows a pixel column, a missing value and a long step among them.
        let n = 70_000;
        let time: Vec<f64> = (0..n).map(|i| if i < 50_000 { i as f64 } else { i as f64 + 40.0 }).collect();
        let value: Vec<f64> =
            (0..n).map(|i| if i == 30_100 { f64::NAN } else { ((i * 7919) % 128) as f64 }).collect();
        let x = Scale::new((0.0, 70_040.0), (0.0, 100.0));
        let (times, column) = (Times::from(time.clone()), Column::from(value.clone()));
        let trace = Trace { time: &times, value: &column, x: &x, y: &identity(), longest: 10.0 };
        for start in [0, 1, 100] {
            let got = trace.parts(start..n);
            let [a, b, c] = &got[..] else { panic!("{} stretches", got.len()) };
            for (stretch, rows) in [(a, start..30_100), (b, 30_101..50_000), (c, 50_000..n)] {
                assert!(stretch.len() <= 4 * 101);
                let columns = crossed(stretch);
                let ends = [rows.start, rows.end - 1].map(|row| x.at(time[row]).floor());
                assert_eq!([columns[0].0, columns[columns.len() - 1].0], ends);
                assert!(columns.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1.0));
                for &(left, top, bottom) in &columns {
                    let [inner, outer] = [-0.125, 0.125].map(|more| {
                        reach(&time[rows.clone()], &value[rows.clone()], (&x, &identity()), left, more)
                    });
                    assert!(top <= inner.0 && bottom >= inner.1, "{left}: {top}..{bottom} without {inner:?}");
                    assert!(top >= outer.0 && bottom <= outer.1, "{left}: {top}..{bottom} beyond {outer:?}");
                }
            }
        }
    }
}
