//! The columns that are drawn, each with an index that makes a million rows as quick to draw as a few thousand.
//!
//! For every [`BLOCK`] rows the index knows where the smallest and the largest value stand, and whether one is
//! missing. A view that shows many rows in a pixel looks at blocks instead of rows; what it draws is the same.

use super::scale::extent;
use std::ops::Range;

/// Rows of one entry of the index. Fewer make it larger, more leave more rows to look at at each pixel's edges.
pub const BLOCK: usize = 64;

/// The columns as they are handed over, all of one length or empty; NaN, or beyond the end: none there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// Milliseconds, increasing.
    pub time: Vec<f64>,
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

/// What the index knows of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// Row of the smallest value; none when no value is finite.
    pub low: Option<usize>,
    /// Row of the largest value.
    pub high: Option<usize>,
    /// Whether every value is finite.
    pub whole: bool,
}

impl Block {
    /// Of these rows, the first of which is row `start`.
    fn of(rows: &[f64], start: usize) -> Block {
        // Four lanes that the compiler makes vectors of. What is not finite leaves something behind in `rest`.
        let (mut low, mut high, mut rest) = ([f64::INFINITY; 4], [f64::NEG_INFINITY; 4], [0.0; 4]);
        let (fours, last) = rows.as_chunks::<4>();
        for four in fours {
            for (i, &v) in four.iter().enumerate() {
                low[i] = if v < low[i] { v } else { low[i] };
                high[i] = if v > high[i] { v } else { high[i] };
                rest[i] += v * 0.0;
            }
        }
        let whole = rest.iter().all(|r| *r == 0.0) && last.iter().all(|v| v.is_finite());
        let among = |lanes: [f64; 4], pick: fn(f64, f64) -> f64| {
            let usable = lanes.iter().chain(last).copied().filter(|v| v.is_finite());
            usable.fold(None, |best: Option<f64>, v| Some(best.map_or(v, |b| pick(b, v))))
        };
        let (low, high) = if whole {
            (among(low, f64::min), among(high, f64::max))
        } else {
            extent(rows.iter().copied()).unzip()
        };
        let place =
            |wanted: Option<f64>| wanted.and_then(|w| rows.iter().position(|v| *v == w)).map(|at| start + at);
        Block { low: place(low), high: place(high), whole }
    }
}

/// A column and its index. It may end before the series does: what is beyond is missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    values: Vec<f64>,
    blocks: Vec<Block>,
}

impl From<Vec<f64>> for Column {
    fn from(values: Vec<f64>) -> Column {
        let mut column = Column::default();
        column.replace(0, values);
        column
    }
}

impl Column {
    /// The values.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// One value, if the row is there.
    pub fn get(&self, row: usize) -> Option<f64> {
        self.values.get(row).copied()
    }

    /// Replaces the rows from `start` on; rows between the end and a later `start` are missing.
    pub fn replace(&mut self, start: usize, rows: Vec<f64>) {
        if rows.is_empty() {
            self.values.truncate(start);
        } else if start == 0 {
            self.values = rows;
        } else {
            self.values.resize(start, f64::NAN);
            self.values.extend(rows);
        }
        self.blocks.truncate(start / BLOCK);
        self.index();
    }

    /// Drops the first rows.
    pub fn forget(&mut self, rows: usize) {
        self.values.drain(..rows.min(self.values.len()));
        self.blocks.clear();
        self.index();
    }

    fn index(&mut self) {
        let from = self.blocks.len() * BLOCK;
        let rows = self.values.get(from..).unwrap_or_default();
        let blocks = rows.chunks(BLOCK).enumerate().map(|(i, rows)| Block::of(rows, from + i * BLOCK));
        self.blocks.extend(blocks);
    }

    /// The block that starts at a row, if one does and it ends before `end`.
    pub fn block(&self, row: usize, end: usize) -> Option<Block> {
        if !row.is_multiple_of(BLOCK) || row + BLOCK > end.min(self.values.len()) {
            return None;
        }
        self.blocks.get(row / BLOCK).copied()
    }

    /// The smallest and largest finite value of these rows.
    pub fn extent(&self, rows: Range<usize>) -> Option<(f64, f64)> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut row, end) = (rows.start, rows.end.min(self.values.len()));
        while row < end {
            let (from, to);
            if let Some(block) = self.block(row, end) {
                let of = |at: Option<usize>, none: f64| at.and_then(|at| self.get(at)).unwrap_or(none);
                (from, to) = (of(block.low, f64::INFINITY), of(block.high, f64::NEG_INFINITY));
                row += BLOCK;
            } else {
                let next = ((row / BLOCK + 1) * BLOCK).min(end);
                let part = self.values.get(row..next).unwrap_or_default();
                (from, to) = extent(part.iter().copied()).unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
                row = next;
            }
            (low, high) = (low.min(from), high.max(to));
        }
        (low <= high).then_some((low, high))
    }
}

/// Moments, increasing, and for each block the longest step into one of its rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Times {
    values: Vec<f64>,
    steps: Vec<f64>,
}

impl From<Vec<f64>> for Times {
    fn from(values: Vec<f64>) -> Times {
        let mut times = Times::default();
        times.replace(0, values);
        times
    }
}

impl Times {
    /// The moments in milliseconds.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Replaces the rows from `start` on.
    pub fn replace(&mut self, start: usize, rows: Vec<f64>) {
        if start == 0 {
            self.values = rows;
        } else {
            self.values.truncate(start);
            self.values.extend(rows);
        }
        self.steps.truncate(start / BLOCK);
        self.index();
    }

    /// Drops the first rows.
    pub fn forget(&mut self, rows: usize) {
        self.values.drain(..rows.min(self.values.len()));
        self.steps.clear();
        self.index();
    }

    fn index(&mut self) {
        for start in (self.steps.len() * BLOCK..self.values.len()).step_by(BLOCK) {
            let end = (start + BLOCK).min(self.values.len());
            let rows = self.values.get(start.saturating_sub(1)..end).unwrap_or_default();
            let steps = rows.iter().zip(rows.iter().skip(1)).map(|(from, to)| to - from);
            let longest = steps.fold(0.0, |most, step| if step > most { step } else { most });
            self.steps.push(longest);
        }
    }

    /// The longest step into one of the rows of the block that starts at a row.
    pub fn longest_step(&self, row: usize) -> f64 {
        self.steps.get(row / BLOCK).copied().unwrap_or(f64::INFINITY)
    }
}

/// All columns, indexed.
#[derive(Debug, Clone, Default, PartialEq)]
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
        self.time.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
    fn the_index_says_what_all_rows_say() {
        let value = |i: usize| if i % 37 == 5 { f64::NAN } else { ((i * 7919) % 1009) as f64 };
        let values: Vec<f64> = (0..1000).map(value).collect();
        let column = Column::from(values.clone());
        for rows in [0..1000, 3..70, 64..128, 63..129, 10..11, 200..900, 5..5, 5..6] {
            assert_eq!(column.extent(rows.clone()), extent(values[rows.clone()].iter().copied()), "{rows:?}");
        }
        assert_eq!(Column::from(vec![f64::NAN; 200]).extent(0..200), None);
    }

    #[test]
    fn replaced_in_parts_is_replaced_at_once() {
        let values: Vec<f64> = (0..500).map(|i| ((i * 31) % 97) as f64).collect();
        let mut parts = Column::default();
        for (start, end) in [(0, 100), (80, 200), (200, 331), (331, 500)] {
            parts.replace(start, values[start..end].to_vec());
        }
        assert_eq!(parts, Column::from(values.clone()));
        parts.forget(70);
        assert_eq!(parts, Column::from(values[70..].to_vec()));
        let mut times = Times::default();
        times.replace(0, values[..90].to_vec());
        times.replace(64, values[64..].to_vec());
        assert_eq!(times, Times::from(values.clone()));
        times.forget(70);
        assert_eq!(times, Times::from(values[70..].to_vec()));
    }

    #[test]
    fn a_later_start_leaves_missing_rows() {
        let mut column = Column::default();
        column.replace(2, vec![1.0]);
        assert!(column.values()[..2].iter().all(|v| v.is_nan()));
        assert_eq!(column.get(2), Some(1.0));
    }

    #[test]
    fn the_longest_step_counts_the_one_into_a_block() {
        let mut values: Vec<f64> = (0..200).map(f64::from).collect();
        values[64..].iter_mut().for_each(|v| *v += 500.0);
        let times = Times::from(values);
        assert_eq!(
            [times.longest_step(0), times.longest_step(64), times.longest_step(128)],
            [1.0, 501.0, 1.0]
        );
    }
}
