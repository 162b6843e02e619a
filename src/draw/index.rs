//! Rows with an index that makes a million of them as quick to look through as a few thousand.
//!
//! The index keeps a summary of every [`BLOCK`] rows, of every [`FOLD`] of those, and so on for [`LEVELS`]. What is
//! asked of a stretch of rows is put together from the coarsest entries inside of it and a few rows at its ends, so
//! it is what looking at each row would say.

use std::ops::Range;

/// Rows of one entry of the finest level. Fewer make the index larger, more leave more rows to look at.
pub const BLOCK: usize = 16;
/// Entries of one entry of the next level.
const FOLD: usize = 8;
/// Levels: the coarsest has an entry for every 8192 rows.
const LEVELS: usize = 4;

/// What an index keeps of some rows.
pub trait Summary: Copy {
    /// Of no rows.
    const NONE: Self;

    /// Of these rows of all.
    fn of(all: &[f64], rows: Range<usize>) -> Self;

    /// Of these rows and of those.
    fn with(self, other: Self) -> Self;
}

/// Numbers, one a row, and their index.
#[derive(Debug, Clone)]
pub struct Indexed<S> {
    values: Vec<f64>,
    /// So many of them, the first, are no longer rows. They are kept until they are a quarter of all, so that a series
    /// from whose start a few rows go at a time is not moved and indexed anew each time.
    gone: usize,
    levels: [Vec<S>; LEVELS],
}

impl<S> Default for Indexed<S> {
    fn default() -> Indexed<S> {
        Indexed { values: Vec::new(), gone: 0, levels: std::array::from_fn(|_| Vec::new()) }
    }
}

impl<S: Summary> From<Vec<f64>> for Indexed<S> {
    fn from(values: Vec<f64>) -> Indexed<S> {
        let mut indexed = Indexed { values, ..Indexed::default() };
        indexed.renew(0);
        indexed
    }
}

impl<S: Summary> Indexed<S> {
    /// The rows.
    pub fn values(&self) -> &[f64] {
        self.values.get(self.gone..).unwrap_or_default()
    }

    /// One row, if it is there.
    pub fn get(&self, row: usize) -> Option<f64> {
        self.values.get(self.gone + row).copied()
    }

    /// The row nearest to this one with which an entry of the index begins.
    pub fn edge(&self, row: usize) -> usize {
        ((self.gone + row + BLOCK / 2) / BLOCK * BLOCK).saturating_sub(self.gone)
    }

    /// Makes room for so many rows.
    pub fn room(&mut self, rows: usize) {
        self.values.reserve_exact((self.gone + rows).saturating_sub(self.values.len()));
    }

    /// Replaces the rows from `start` on; rows between the end and a later `start` are NaN.
    pub fn replace(&mut self, start: usize, rows: Vec<f64>) {
        let start = self.gone + start;
        if rows.is_empty() {
            self.values.truncate(start);
        } else if start == 0 {
            self.values = rows;
        } else {
            self.values.resize(start, f64::NAN);
            self.values.extend(rows);
        }
        self.renew(start);
    }

    /// Drops the first rows.
    pub fn forget(&mut self, rows: usize) {
        self.gone = (self.gone + rows).min(self.values.len());
        if 4 * self.gone >= self.values.len() {
            self.values.drain(..self.gone);
            self.gone = 0;
            self.renew(0);
        }
    }

    /// Makes the index anew from a value on.
    fn renew(&mut self, start: usize) {
        let [first, rest @ ..] = &mut self.levels;
        first.truncate(start / BLOCK);
        let end = self.values.len();
        let starts = (first.len() * BLOCK..end).step_by(BLOCK);
        first.extend(starts.map(|start| S::of(&self.values, start..(start + BLOCK).min(end))));
        let (mut finer, mut size) = (first, BLOCK);
        for level in rest {
            size *= FOLD;
            level.truncate(start / size);
            let open = finer.get(level.len() * FOLD..).unwrap_or_default();
            level.extend(open.chunks(FOLD).map(fold));
            finer = level;
        }
    }

    /// The summary of these rows, as far as they are there.
    pub fn over(&self, rows: Range<usize>) -> S {
        let (from, to) = (self.gone + rows.start, (self.gone + rows.end).min(self.values.len()));
        let Some(mut inner) = within(from..to, BLOCK) else { return S::of(&self.values, from..to.max(from)) };
        let ends = [from..inner.start * BLOCK, inner.end * BLOCK..to];
        let mut all = S::NONE;
        // Often there are none: what starts and ends with an entry is summed up by entries alone.
        for end in ends.into_iter().filter(|end| !end.is_empty()) {
            all = all.with(S::of(&self.values, end));
        }
        for (i, level) in self.levels.iter().enumerate() {
            let part = |rows: Range<usize>| fold(level.get(rows).unwrap_or_default());
            let Some(next) = within(inner.clone(), FOLD).filter(|_| i + 1 < LEVELS) else {
                return all.with(part(inner));
            };
            all = all.with(part(inner.start..next.start * FOLD)).with(part(next.end * FOLD..inner.end));
            inner = next;
        }
        all
    }
}

fn fold<S: Summary>(parts: &[S]) -> S {
    parts.iter().fold(S::NONE, |all, part| all.with(*part))
}

/// The entries of so many rows each that lie wholly inside of these, if there are any.
fn within(rows: Range<usize>, size: usize) -> Option<Range<usize>> {
    let (from, to) = (rows.start.div_ceil(size), rows.end / size);
    (from < to).then_some(from..to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Sum(f64);

    impl Summary for Sum {
        const NONE: Sum = Sum(0.0);

        fn of(all: &[f64], rows: Range<usize>) -> Sum {
            Sum(all[rows].iter().sum())
        }

        fn with(self, other: Sum) -> Sum {
            Sum(self.0 + other.0)
        }
    }

    fn numbers(n: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7919) % 1009) as f64).collect()
    }

    /// Every level begins and ends inside, at and beyond its entries' edges.
    fn stretches(n: usize) -> impl Iterator<Item = Range<usize>> {
        let edges = [0, 1, 15, 16, 17, 127, 128, 132, 1023, 1024, 1025, 2048, 2050, 4095, 4200, 4999, 5000];
        let edges = edges.into_iter().filter(move |edge| *edge <= n);
        edges
            .clone()
            .flat_map(move |from| edges.clone().filter(move |to| *to >= from).map(move |to| from..to))
    }

    #[test]
    fn the_index_says_what_all_rows_say() {
        let values = numbers(5000);
        let indexed = Indexed::<Sum>::from(values.clone());
        for rows in stretches(5000) {
            assert_eq!(indexed.over(rows.clone()), Sum::of(&values, rows.clone()), "{rows:?}");
        }
        assert_eq!(indexed.over(4990..6000), Sum::of(&values, 4990..5000));
    }

    #[test]
    fn replaced_in_parts_is_replaced_at_once() {
        let values = numbers(5000);
        let mut parts = Indexed::<Sum>::default();
        for (start, end) in [(0, 100), (80, 200), (200, 2731), (1700, 5000)] {
            parts.replace(start, values[start..end].to_vec());
        }
        assert_eq!(parts.levels, Indexed::<Sum>::from(values.clone()).levels);
        assert_eq!(parts.values(), values);
    }

    #[test]
    fn what_is_forgotten_is_no_longer_a_row() {
        let values = numbers(5000);
        let mut rest = Indexed::<Sum>::from(values.clone());
        for (step, gone) in [(7, 7), (93, 100), (1000, 1100), (400, 1500), (1100, 2600)] {
            rest.forget(step);
            assert_eq!(rest.values(), &values[gone..]);
            assert_eq!(rest.get(3), Some(values[gone + 3]));
            for rows in stretches(values.len() - gone) {
                assert_eq!(
                    rest.over(rows.clone()),
                    Sum::of(&values[gone..], rows.clone()),
                    "{gone} {rows:?}"
                );
            }
        }
        rest.replace(10, vec![1.0, 2.0]);
        assert_eq!(rest.values().len(), 12);
        assert_eq!(rest.over(9..12), Sum(values[2609] + 3.0));
        rest.forget(99);
        assert!(rest.values().is_empty());
    }

    #[test]
    fn a_later_start_leaves_missing_rows() {
        let mut late = Indexed::<Sum>::default();
        late.replace(2, vec![1.0]);
        assert!(late.values()[..2].iter().all(|v| v.is_nan()));
        assert_eq!(late.get(2), Some(1.0));
    }
}
