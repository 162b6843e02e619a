//! The columns that are drawn, each with an index that makes a million rows as quick to draw as a few thousand.
//!
//! For every [`BLOCK`] rows and every [`WIDE`] the index knows the smallest and the largest value, and whether one is
//! missing. A view that shows many rows in a pixel looks at these instead of rows; what it draws is the same.

use super::scale::extent;
use std::ops::Range;

/// Rows of one entry of the index. Fewer make it larger, more leave more rows to look at at each pixel's edges.
const BLOCK: usize = 64;
/// Rows of one entry of the coarser index.
const WIDE: usize = 8 * BLOCK;

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

/// What the index knows of some rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// The smallest finite value; infinite when there is none.
    pub low: f64,
    /// The largest finite value; negative infinite when there is none.
    pub high: f64,
    /// Whether every value is finite.
    pub whole: bool,
}

impl Block {
    const NONE: Block = Block { low: f64::INFINITY, high: f64::NEG_INFINITY, whole: true };

    /// Of these rows. A function of its own, so that an engine can make it fast while a long index is being made.
    #[inline(never)]
    fn of(rows: &[f64]) -> Block {
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
        if !whole {
            let (low, high) = extent(rows.iter().copied()).unwrap_or((Block::NONE.low, Block::NONE.high));
            return Block { low, high, whole };
        }
        let low = low.iter().chain(last).copied().fold(Block::NONE.low, f64::min);
        let high = high.iter().chain(last).copied().fold(Block::NONE.high, f64::max);
        Block { low, high, whole }
    }

    /// Of these and of others.
    fn with(self, other: &Block) -> Block {
        Block {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            whole: self.whole && other.whole,
        }
    }
}

/// A column and its index. It may end before the series does: what is beyond is missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    values: Vec<f64>,
    blocks: Vec<Block>,
    wide: Vec<Block>,
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
        self.index(start);
    }

    /// Drops the first rows.
    pub fn forget(&mut self, rows: usize) {
        self.values.drain(..rows.min(self.values.len()));
        self.index(0);
    }

    /// Makes the index anew from a row on.
    fn index(&mut self, start: usize) {
        self.blocks.truncate(start / BLOCK);
        self.wide.truncate(start / WIDE);
        let rows = self.values.get(self.blocks.len() * BLOCK..).unwrap_or_default();
        self.blocks.extend(rows.chunks(BLOCK).map(Block::of));
        let blocks = self.blocks.get(self.wide.len() * (WIDE / BLOCK)..).unwrap_or_default();
        self.wide.extend(blocks.chunks(WIDE / BLOCK).map(|all| all.iter().fold(Block::NONE, Block::with)));
    }

    /// These rows in pieces of which the index knows what is in them, and others that are looked at.
    fn pieces(&self, rows: Range<usize>) -> impl Iterator<Item = (Range<usize>, Block)> {
        let end = rows.end.min(self.values.len());
        let mut row = rows.start;
        std::iter::from_fn(move || {
            if row >= end {
                return None;
            }
            let from = row;
            let known = [(WIDE, &self.wide), (BLOCK, &self.blocks)].into_iter().find_map(|(size, blocks)| {
                let inside = from.is_multiple_of(size) && from + size <= end;
                let block = if inside { blocks.get(from / size) } else { None };
                Some((from + size, *block?))
            });
            let (next, block) = known.unwrap_or_else(|| {
                let next = ((from / BLOCK + 1) * BLOCK).min(end);
                (next, Block::of(self.values.get(from..next).unwrap_or_default()))
            });
            row = next;
            Some((from..next, block))
        })
    }

    /// What is in these rows.
    pub fn block(&self, rows: Range<usize>) -> Block {
        self.pieces(rows).fold(Block::NONE, |all, (_, piece)| all.with(&piece))
    }

    /// The first rows of the smallest and of the largest value of these; none where not every value is finite, or
    /// there are no rows.
    pub fn places(&self, rows: Range<usize>) -> Option<(usize, usize)> {
        let mut pieces = self.pieces(rows);
        let (first, mut all) = pieces.next()?;
        let (mut low, mut high) = (first.clone(), first);
        for (piece, block) in pieces {
            if block.low < all.low {
                low = piece.clone();
            }
            if block.high > all.high {
                high = piece;
            }
            all = all.with(&block);
        }
        all.whole.then(|| (self.place(low, all.low, |b| b.low), self.place(high, all.high, |b| b.high)))
    }

    /// The first row of a piece that has this value, which is its smallest or its largest, as `of` says.
    fn place(&self, piece: Range<usize>, wanted: f64, of: fn(&Block) -> f64) -> usize {
        let inner = self.blocks.get(piece.start.div_ceil(BLOCK)..piece.end / BLOCK).unwrap_or_default();
        let from = piece.start + BLOCK * inner.iter().position(|b| of(b) == wanted).unwrap_or(0);
        let values = self.values.get(from..piece.end).unwrap_or_default();
        from + values.iter().position(|v| *v == wanted).unwrap_or(0)
    }

    /// The smallest and largest finite value of these rows.
    pub fn extent(&self, rows: Range<usize>) -> Option<(f64, f64)> {
        let Block { low, high, .. } = self.block(rows);
        (low <= high).then_some((low, high))
    }
}

/// Moments, increasing, and for each [`BLOCK`] and each [`WIDE`] the longest step into one of its rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Times {
    values: Vec<f64>,
    steps: Vec<f64>,
    wide: Vec<f64>,
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
        self.index(start);
    }

    /// Drops the first rows.
    pub fn forget(&mut self, rows: usize) {
        self.values.drain(..rows.min(self.values.len()));
        self.index(0);
    }

    /// Makes the index anew from a row on.
    fn index(&mut self, start: usize) {
        self.steps.truncate(start / BLOCK);
        self.wide.truncate(start / WIDE);
        for start in (self.steps.len() * BLOCK..self.values.len()).step_by(BLOCK) {
            let end = (start + BLOCK).min(self.values.len());
            self.steps.push(longest(self.values.get(start.saturating_sub(1)..end).unwrap_or_default()));
        }
        let steps = self.steps.get(self.wide.len() * (WIDE / BLOCK)..).unwrap_or_default();
        self.wide.extend(steps.chunks(WIDE / BLOCK).map(|all| all.iter().copied().fold(0.0, f64::max)));
    }

    /// The longest step into one of these rows.
    pub fn longest_step(&self, rows: Range<usize>) -> f64 {
        let (mut row, mut most) = (rows.start, 0.0);
        while row < rows.end {
            let known = [(WIDE, &self.wide), (BLOCK, &self.steps)].into_iter().find_map(|(size, steps)| {
                let inside = row.is_multiple_of(size) && row + size <= rows.end;
                let step = if inside { steps.get(row / size) } else { None };
                Some((row + size, *step?))
            });
            let (next, step) = known.unwrap_or_else(|| {
                let next = ((row / BLOCK + 1) * BLOCK).min(rows.end);
                (next, longest(self.values.get(row.saturating_sub(1)..next).unwrap_or_default()))
            });
            most = if step > most { step } else { most };
            row = next;
        }
        most
    }
}

/// The longest step between neighbours. A function of its own for the reason that [`Block::of`] is.
#[inline(never)]
fn longest(moments: &[f64]) -> f64 {
    let steps = moments.iter().zip(moments.iter().skip(1)).map(|(from, to)| to - from);
    steps.fold(0.0, |most, step| if step > most { step } else { most })
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

    /// Makes room for so many rows in the columns that have some.
    pub fn room(&mut self, rows: usize) {
        let Rows { time, value, scores, limits, expected, lower, upper } = self;
        let columns = [value, scores, limits, expected, lower, upper].map(|column| &mut column.values);
        for values in std::iter::once(&mut time.values).chain(columns).filter(|values| !values.is_empty()) {
            values.reserve_exact(rows.saturating_sub(values.len()));
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
    fn the_index_says_what_all_rows_say() {
        let value = |i: usize| if i % 37 == 5 { f64::NAN } else { ((i * 7919) % 1009) as f64 };
        let values: Vec<f64> = (0..1000).map(value).collect();
        let column = Column::from(values.clone());
        for rows in [0..1000, 500..1000, 3..70, 64..128, 63..129, 10..11, 200..900, 5..5, 5..6] {
            assert_eq!(column.extent(rows.clone()), extent(values[rows.clone()].iter().copied()), "{rows:?}");
        }
        assert_eq!(Column::from(vec![f64::NAN; 200]).extent(0..200), None);
    }

    #[test]
    fn the_places_are_the_first_of_the_extremes() {
        let column = Column::from((0..1200).map(|i| ((i * 7919) % 251) as f64).collect::<Vec<_>>());
        for rows in [0..64, 64..128, 0..512, 512..1024, 3..5, 70..1200, 0..1200, 100..101, 130..700] {
            let (low, high) = column.places(rows.clone()).unwrap();
            let values = &column.values()[rows.clone()];
            let first = |wanted: f64| rows.start + values.iter().position(|v| *v == wanted).unwrap();
            let (least, most) = column.extent(rows.clone()).unwrap();
            assert_eq!((low, high), (first(least), first(most)), "{rows:?}");
        }
        assert_eq!(column.places(7..7), None);
        assert_eq!(Column::from(vec![1.0, f64::NAN, 2.0]).places(0..3), None);
    }

    #[test]
    fn replaced_in_parts_is_replaced_at_once() {
        let values: Vec<f64> = (0..1500).map(|i| ((i * 31) % 97) as f64).collect();
        let mut parts = Column::default();
        for (start, end) in [(0, 100), (80, 200), (200, 731), (700, 1500)] {
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
        let step = |rows| times.longest_step(rows);
        assert_eq!([step(0..64), step(64..128), step(128..192)], [1.0, 501.0, 1.0]);
        assert_eq!(
            [step(0..200), step(3..64), step(3..65), step(65..70), step(9..9)],
            [501.0, 1.0, 501.0, 1.0, 0.0]
        );
    }
}
