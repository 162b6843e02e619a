//! The rows that a watch keeps. The oldest may be forgotten; row numbers go on counting from the first ever pushed.

use crate::detect::Reach;
use crate::series::Series;

/// No member of several detectors.
pub(super) const ALONE: u8 = u8::MAX;

/// One entry a row kept; `place` may lag behind: rows that have no grid point yet are unscored.
#[derive(Default)]
pub(super) struct Rows {
    /// Rows forgotten, which is the number of the first one kept.
    base: usize,
    pub time: Vec<f64>,
    pub value: Vec<f64>,
    pub place: Vec<usize>,
    pub score: Vec<f64>,
    pub expected: Vec<f64>,
    pub band: Vec<f64>,
    /// Whose score it is, of detectors that judge together; [`ALONE`]: of one that judges alone.
    pub by: Vec<u8>,
    /// Grid points filled: `filled[i]` counts those up to and including point `origin + i`.
    filled: Vec<u32>,
    origin: usize,
}

impl Rows {
    /// Number of the first row kept.
    pub fn base(&self) -> usize {
        self.base
    }

    /// Rows ever pushed.
    pub fn end(&self) -> usize {
        self.base + self.time.len()
    }

    /// Rows ever placed.
    pub fn placed(&self) -> usize {
        self.base + self.place.len()
    }

    /// Grid points ever given out.
    pub fn points(&self) -> usize {
        self.origin + self.filled.len()
    }

    /// Appends rows, the places of those that have one now, and whether each new grid point was filled.
    pub fn append(&mut self, rows: &Series, place: &[usize], filled: &[bool]) {
        self.time.extend_from_slice(rows.time());
        self.value.extend_from_slice(rows.value());
        self.place.extend_from_slice(place);
        let n = self.time.len();
        for column in [&mut self.score, &mut self.expected, &mut self.band] {
            column.resize(n, f64::NAN);
        }
        self.by.resize(n, ALONE);
        for filled in filled {
            let before = self.filled.last().copied().unwrap_or(0);
            self.filled.push(before + u32::from(*filled));
        }
    }

    /// The part of filled points among those that the score at `place` looks at. Scores with an endless memory
    /// are asked about the point itself only: the grid never holds more filled points than they can bridge.
    pub fn filled_share(&self, place: usize, reach: Reach) -> f64 {
        let before = if reach.before == Reach::ALL { 0 } else { reach.before };
        let start = place.saturating_sub(before);
        let end = (place + reach.after + 1).min(self.points());
        let until = |point: usize| match point.checked_sub(self.origin + 1) {
            Some(i) => f64::from(self.filled[i]),
            None => 0.0,
        };
        (until(end) - until(start)) / (end - start).max(1) as f64
    }

    /// Rows from number `row` on, as a series of their own.
    pub fn since(&self, row: usize) -> (&[f64], &[f64]) {
        let at = row.saturating_sub(self.base).min(self.time.len());
        (&self.time[at..], &self.value[at..])
    }

    /// Takes back every row from number `end` on, and the places from row `placed` and grid point `points` on.
    pub fn truncate(&mut self, end: usize, placed: usize, points: usize) {
        let n = end - self.base;
        for column in [&mut self.time, &mut self.value, &mut self.score, &mut self.expected, &mut self.band] {
            column.truncate(n);
        }
        self.by.truncate(n);
        self.place.truncate(placed - self.base);
        self.filled.truncate(points - self.origin);
        for column in [&mut self.score, &mut self.expected, &mut self.band] {
            column[placed - self.base..].fill(f64::NAN);
        }
    }

    /// Forgets the rows before number `row`, which have their places; grid points are kept as far back as the
    /// scores of the rows left look.
    pub fn forget(&mut self, row: usize, before: usize) {
        let count = row - self.base;
        for column in [&mut self.time, &mut self.value, &mut self.score, &mut self.expected, &mut self.band] {
            column.drain(..count);
        }
        self.by.drain(..count);
        self.place.drain(..count);
        self.base = row;
        let first = self.place.first().map_or(self.points(), |place| place.saturating_sub(before));
        if let Some(count) = first.checked_sub(self.origin + 1) {
            // One point more: it holds the count of all before.
            self.filled.drain(..count);
            self.origin += count;
        }
    }
}
