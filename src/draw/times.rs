//! The moments of the rows, which mostly follow each other at one step and then need no list.

use super::index::{Indexed, Summary};
use std::ops::Range;

/// Moments in milliseconds, increasing.
#[derive(Debug, Clone)]
pub enum Times {
    /// Row `i` is at `first + (gone + i) * step`.
    Regular {
        /// The moment that was the first.
        first: f64,
        /// From one to the next; 0 while there is only one.
        step: f64,
        /// So many from the first on are no longer rows.
        gone: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// One by one.
    Listed(Indexed<Longest>),
}

/// The longest step into one of some rows; the first of all has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Longest(f64);

impl Summary for Longest {
    const NONE: Longest = Longest(0.0);

    fn of(all: &[f64], rows: Range<usize>) -> Longest {
        let moments = all.get(rows.start.saturating_sub(1)..rows.end).unwrap_or_default();
        let steps = moments.iter().zip(moments.iter().skip(1)).map(|(from, to)| to - from);
        steps.map(Longest).fold(Longest::NONE, Longest::with)
    }

    fn with(self, other: Longest) -> Longest {
        if other.0 > self.0 { other } else { self }
    }
}

impl Default for Times {
    fn default() -> Times {
        Times::Regular { first: 0.0, step: 0.0, gone: 0, rows: 0 }
    }
}

impl Times {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Times::Regular { rows, .. } => *rows,
            Times::Listed(moments) => moments.values().len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The moment of a row, if it is there.
    pub fn get(&self, row: usize) -> Option<f64> {
        match self {
            Times::Regular { first, step, gone, rows } => {
                (row < *rows).then(|| first + (gone + row) as f64 * step)
            }
            Times::Listed(moments) => moments.get(row),
        }
    }

    /// The moment of the first row and the step to each next one, where all steps are the same.
    pub fn even(&self) -> Option<(f64, f64)> {
        match self {
            Times::Regular { first, step, gone, .. } => Some((first + *gone as f64 * step, *step)),
            Times::Listed(_) => None,
        }
    }

    /// The moments of the first and the last row.
    pub fn ends(&self) -> Option<(f64, f64)> {
        self.get(0).zip(self.get(self.len().wrapping_sub(1)))
    }

    /// The first row of these that is not as `early` says; `early` holds for the first rows and for none after them.
    pub fn partition_point(&self, rows: Range<usize>, early: impl Fn(f64) -> bool) -> usize {
        let (mut low, mut high) = (rows.start, rows.end.min(self.len()));
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(&early) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Makes room for so many rows, where they are listed.
    pub fn room(&mut self, rows: usize) {
        if let Times::Listed(moments) = self {
            moments.room(rows);
        }
    }

    /// Replaces the rows from `start` on, which is at most their number.
    pub fn replace(&mut self, start: usize, new: Times) {
        if start == 0 {
            *self = new;
            return;
        }
        self.truncate(start);
        match new {
            Times::Listed(moments) => self.extend(moments.values()),
            regular => {
                self.extend(&(0..regular.len()).filter_map(|row| regular.get(row)).collect::<Vec<_>>())
            }
        }
    }

    fn truncate(&mut self, end: usize) {
        match self {
            Times::Regular { rows, .. } => *rows = end.min(*rows),
            Times::Listed(moments) => moments.replace(end.min(moments.values().len()), Vec::new()),
        }
    }

    /// Adds rows at the end.
    pub fn extend(&mut self, mut moments: &[f64]) {
        while let Times::Regular { first, step, gone, rows } = self {
            match (*gone + *rows, moments) {
                (_, []) => return,
                (0, [moment, ..]) => *first = *moment,
                (1, [moment, ..]) => *step = *moment - *first,
                _ => {}
            }
            let known = *gone + *rows;
            let more = if known < 2 { 1 } else { regular(*first, *step, known, moments) };
            *rows += more;
            moments = moments.get(more..).unwrap_or_default();
            if more == 0 {
                let known = (0..self.len()).filter_map(|row| self.get(row)).collect::<Vec<_>>();
                *self = Times::Listed(Indexed::from(known));
            }
        }
        if let Times::Listed(listed) = self {
            listed.replace(listed.values().len(), moments.to_vec());
        }
    }

    /// Drops the first rows.
    pub fn forget(&mut self, count: usize) {
        match self {
            Times::Regular { gone, rows, .. } => {
                let count = count.min(*rows);
                (*gone, *rows) = (*gone + count, *rows - count);
            }
            Times::Listed(moments) => moments.forget(count),
        }
    }

    /// The longest step into one of these rows.
    pub fn longest_step(&self, rows: Range<usize>) -> f64 {
        match self {
            Times::Regular { step, gone, .. } if !rows.is_empty() && gone + rows.end > 1 => *step,
            Times::Regular { .. } => 0.0,
            Times::Listed(moments) => moments.over(rows).0,
        }
    }
}

impl From<Vec<f64>> for Times {
    fn from(moments: Vec<f64>) -> Times {
        let mut times = Times::default();
        times.extend(&moments);
        times
    }
}

/// How many of the first of these moments are at `first + (known + i) * step`.
fn regular(first: f64, step: f64, known: usize, moments: &[f64]) -> usize {
    let mut fit = 0;
    let at = |i: usize| first + (known + i) as f64 * step;
    for eight in moments.as_chunks::<8>().0 {
        // All eight at once, which the compiler makes vectors of.
        let (before, mut off) = ((known + fit) as f64, false);
        for (i, moment) in eight.iter().enumerate() {
            off |= first + (before + i as f64) * step != *moment;
        }
        if off {
            break;
        }
        fit += 8;
    }
    let rest = moments.get(fit..).unwrap_or_default();
    fit + rest.iter().enumerate().take_while(|(i, moment)| at(fit + i) == **moment).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(times: &Times) -> Vec<f64> {
        (0..times.len()).filter_map(|row| times.get(row)).collect()
    }

    #[test]
    fn a_regular_series_is_not_listed() {
        let moments: Vec<f64> = (0..1000).map(|i| 1.7e12 + 250.0 * f64::from(i)).collect();
        let mut times = Times::from(moments[..500].to_vec());
        times.replace(500, Times::from(moments[500..].to_vec()));
        assert!(matches!(times, Times::Regular { .. }));
        assert_eq!(listed(&times), moments);
        times.forget(300);
        times.replace(100, Times::from(moments[400..600].to_vec()));
        assert!(matches!(times, Times::Regular { .. }));
        assert_eq!(listed(&times), &moments[300..600]);
        assert_eq!(times.ends(), Some((moments[300], moments[599])));
    }

    #[test]
    fn a_gap_makes_a_list_of_it() {
        for start in [0, 300] {
            let mut times = Times::from((0..400).map(f64::from).collect::<Vec<_>>());
            times.forget(start);
            let rest = 400 - start;
            times.replace(rest, Times::from(vec![400.0, 500.0, 501.0]));
            assert!(matches!(times, Times::Listed(_)));
            let all: Vec<f64> = (start as u32..401).map(f64::from).chain([500.0, 501.0]).collect();
            assert_eq!(listed(&times), all);
            assert_eq!(times.longest_step(0..rest + 3), 100.0);
            times.replace(0, Times::from(vec![5.0, 7.0, 9.0]));
            assert!(matches!(times, Times::Regular { .. }));
            assert_eq!(listed(&times), [5.0, 7.0, 9.0]);
        }
    }

    #[test]
    fn rows_are_found_by_their_moment() {
        for moments in [vec![0.0, 10.0, 20.0, 30.0], vec![0.0, 10.0, 20.0, 31.0]] {
            let times = Times::from(moments);
            let before = |moment: f64| times.partition_point(0..4, |t| t < moment);
            assert_eq!([-1.0, 0.0, 0.5, 20.0, 29.0, 99.0].map(before), [0, 0, 1, 2, 3, 4]);
            assert_eq!(times.partition_point(2..9, |t| t < 0.0), 2);
        }
        assert_eq!(Times::default().ends(), None);
    }

    #[test]
    fn the_longest_step_counts_the_one_into_a_row() {
        let mut moments: Vec<f64> = (0..200).map(f64::from).collect();
        assert_eq!(Times::from(moments.clone()).longest_step(0..1), 0.0);
        assert_eq!(Times::from(moments.clone()).longest_step(5..9), 1.0);
        moments[64..].iter_mut().for_each(|v| *v += 500.0);
        let times = Times::from(moments);
        let step = |rows| times.longest_step(rows);
        assert_eq!([step(0..64), step(64..128), step(128..192)], [1.0, 501.0, 1.0]);
        assert_eq!(
            [step(0..200), step(3..64), step(3..65), step(65..70), step(9..9)],
            [501.0, 1.0, 501.0, 1.0, 0.0]
        );
    }
}
