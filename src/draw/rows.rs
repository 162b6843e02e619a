//! The columns that are drawn.

use super::index::{Indexed, Summary};
use super::scale::extent;
use super::times::Times;
use std::ops::Range;

/// The columns as they are handed over, all of one length or empty; NaN, or beyond the end: none there.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// Moments.
    pub time: Times,
    /// Values in the series' own unit.
    pub value: Vec<f64>,
    /// Scores, higher is stranger.
    pub scores: Vec<f64>,
    /// The limit of each score.
    pub limits: Vec<f64>,
    /// Expected values.
    pub expected: Vec<f64>,
    /// Lower ends of the band around them.
    pub lower: Vec<f64>,
    /// Upper ends of it.
    pub upper: Vec<f64>,
}

/// What is in some rows of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// The smallest finite value and the negative of the largest, infinite where there is none: so both are a minimum,
    /// and one instruction takes both.
    ends: [f64; 2],
    /// Whether every value is finite.
    pub whole: bool,
}

impl Block {
    fn new(low: f64, high: f64, whole: bool) -> Block {
        Block { ends: [low, -high], whole }
    }

    /// The smallest finite value; infinite when there is none.
    pub fn low(&self) -> f64 {
        self.ends[0]
    }

    /// The largest finite value; negative infinite when there is none.
    pub fn high(&self) -> f64 {
        -self.ends[1]
    }
}

impl Summary for Block {
    const NONE: Block = Block { ends: [f64::INFINITY; 2], whole: true };

    fn of(all: &[f64], rows: Range<usize>) -> Block {
        let rows = all.get(rows).unwrap_or_default();
        let (eights, last) = rows.as_chunks::<8>();
        // What is not finite leaves something behind in `rest`.
        let (mut low, mut high, mut rest) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2], [0.0; 2]);
        for eight in eights {
            for (i, v) in eight.iter().enumerate() {
                take(&mut low[i % 2], &mut high[i % 2], &mut rest[i % 2], *v);
            }
        }
        for v in last {
            take(&mut low[0], &mut high[0], &mut rest[0], *v);
        }
        if rest != [0.0; 2] {
            let finite = extent(rows.iter().copied());
            return finite
                .map_or(Block { whole: false, ..Block::NONE }, |(low, high)| Block::new(low, high, false));
        }
        Block::new(low[0], high[0], true).with(Block::new(low[1], high[1], true))
    }

    fn with(self, other: Block) -> Block {
        let smaller = |a: f64, b: f64| if b < a { b } else { a };
        let ([a, b], [c, d]) = (self.ends, other.ends);
        Block { ends: [smaller(a, c), smaller(b, d)], whole: self.whole & other.whole }
    }
}

fn take(low: &mut f64, high: &mut f64, rest: &mut f64, v: f64) {
    *low = if v < *low { v } else { *low };
    *high = if v > *high { v } else { *high };
    *rest += v * 0.0;
}

/// A column. It may end before the series does: what is beyond is missing.
pub type Column = Indexed<Block>;

impl Column {
    /// The smallest and largest finite value of these rows.
    pub fn extent(&self, rows: Range<usize>) -> Option<(f64, f64)> {
        let block = self.over(rows);
        (block.low() <= block.high()).then_some((block.low(), block.high()))
    }
}

/// All columns.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Moments.
    pub time: Times,
    /// Values.
    pub value: Column,
    /// Scores.
    pub scores: Column,
    /// Limits.
    pub limits: Column,
    /// Expected values.
    pub expected: Column,
    /// Lower ends of the band.
    pub lower: Column,
    /// Upper ends of the band.
    pub upper: Column,
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Replaces the rows from `start` on; false, and nothing changes, when the columns differ in length or
    /// `start` lies beyond the rows that are there.
    pub fn replace(&mut self, start: usize, new: Columns) -> bool {
        let Columns { time, value, scores, limits, expected, lower, upper } = new;
        let parts = [value, scores, limits, expected, lower, upper];
        let fits = |part: &Vec<f64>| part.is_empty() || part.len() == time.len();
        if start > self.len() || !parts.iter().all(fits) {
            return false;
        }
        self.time.replace(start, time);
        for (column, part) in self.columns().into_iter().zip(parts) {
            column.replace(start, part);
        }
        true
    }

    /// Whether the rows from `start` on are the first of these, in time and value, so that these change none.
    pub fn begins(&self, start: usize, new: &Columns) -> bool {
        let known = start..self.len();
        let same = |(i, row): (usize, usize)| {
            let value = |v: Option<f64>| v.map(f64::to_bits);
            self.time.get(row) == new.time.get(i)
                && value(self.value.get(row)) == value(new.value.get(i).copied())
        };
        start > 0 && known.enumerate().all(same)
    }

    /// Makes room for so many rows in the columns that have some.
    pub fn room(&mut self, rows: usize) {
        self.time.room(rows);
        for column in self.columns().into_iter().filter(|column| !column.values().is_empty()) {
            column.room(rows);
        }
    }

    /// Drops the first rows.
    pub fn forget(&mut self, rows: usize) {
        self.time.forget(rows);
        for column in self.columns() {
            column.forget(rows);
        }
    }

    fn columns(&mut self) -> [&mut Column; 6] {
        let Rows { value, scores, limits, expected, lower, upper, .. } = self;
        [value, scores, limits, expected, lower, upper]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extent_is_that_of_the_finite_values() {
        let value = |i: usize| match i % 37 {
            5 => f64::NAN,
            6 => f64::INFINITY,
            _ => ((i * 7919) % 1009) as f64,
        };
        let values: Vec<f64> = (0..1000).map(value).collect();
        let column = Column::from(values.clone());
        for rows in [0..1000, 500..1000, 3..70, 64..128, 63..129, 10..11, 200..900, 5..5, 5..6, 7..20] {
            assert_eq!(column.extent(rows.clone()), extent(values[rows.clone()].iter().copied()), "{rows:?}");
            let whole = values[rows.clone()].iter().all(|v| v.is_finite());
            assert_eq!(column.over(rows.clone()).whole, whole, "{rows:?}");
        }
        assert_eq!(Column::from(vec![f64::NAN; 200]).extent(0..200), None);
    }
}
