//! The columns that are drawn, each with an index that makes a million rows as quick to draw as a few thousand.
//!
//! For every [`BLOCK`] rows the index knows where the smallest and the largest value stand, and whether one is
//! missing. A view that shows many rows in a pixel looks at blocks instead of rows; what it draws is the same.

use super::scale::extent;
use std::ops::Range;

/// Rows of one entry of the index. Fewer make it larger, more leave more rows to look at at each pixel's edges.
pub const BLOCK: usize = 64;

/// The columns as they are handed over, all of one length; NaN: none there.
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

/// A column and its index.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    values: Vec<f64>,
    blocks: Vec<Block>,
}

impl From<Vec<f64>> for Column {
    fn from(values: Vec<f64>) -> Column {
        let mut column = Column::default();
        column.replace(0, &values);
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
    pub fn replace(&mut self, start: usize, rows: &[f64]) {
        self.values.resize(start, f64::NAN);
        self.values.extend_from_slice(rows);
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
        for start in (self.blocks.len() * BLOCK..self.values.len()).step_by(BLOCK) {
            let block = self.values.get(start..(start + BLOCK).min(self.values.len())).unwrap_or_default();
            let mut found = Block { low: None, high: None, whole: true };
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for (i, &v) in block.iter().enumerate() {
                if !v.is_finite() {
                    found.whole = false;
                    continue;
                }
                if found.low.is_none() || v < low {
                    (found.low, low) = (Some(start + i), v);
                }
                if found.high.is_none() || v > high {
                    (found.high, high) = (Some(start + i), v);
                }
            }
            self.blocks.push(found);
        }
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
        let mut row = rows.start;
        while row < rows.end {
            let (from, to);
            if let Some(block) = self.block(row, rows.end) {
                let of = |at: Option<usize>, none: f64| at.and_then(|at| self.get(at)).unwrap_or(none);
                (from, to) = (of(block.low, f64::INFINITY), of(block.high, f64::NEG_INFINITY));
                row += BLOCK;
            } else {
                let next = ((row / BLOCK + 1) * BLOCK).min(rows.end);
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
        times.replace(0, &values);
        times
    }
}

impl Times {
    /// The moments in milliseconds.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Replaces the rows from `start` on.
    pub fn replace(&mut self, start: usize, rows: &[f64]) {
        self.values.truncate(start);
        self.values.extend_from_slice(rows);
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
            let longest = rows.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
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
    pub fn replace(&mut self, start: usize, new: &Columns) -> bool {
        let length = new.time.len();
        let parts = [&new.value, &new.scores, &new.limits, &new.expected, &new.lower, &new.upper];
        if start > self.len() || parts.iter().any(|part| part.len() != length) {
            return false;
        }
        self.time.replace(start, &new.time);
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
            parts.replace(start, &values[start..end]);
        }
        assert_eq!(parts, Column::from(values.clone()));
        parts.forget(70);
        assert_eq!(parts, Column::from(values[70..].to_vec()));
        let mut times = Times::default();
        times.replace(0, &values[..90]);
        times.replace(64, &values[64..]);
        assert_eq!(times, Times::from(values.clone()));
        times.forget(70);
        assert_eq!(times, Times::from(values[70..].to_vec()));
    }

    #[test]
    fn a_later_start_leaves_missing_rows() {
        let mut column = Column::default();
        column.replace(2, &[1.0]);
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
