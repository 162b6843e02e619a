//! Marks: states of a watch to which it can go back, when a row comes that belongs before its newest.

use super::rows::Rows;
use crate::detect::StreamingDetector;
use crate::prepare::Grid;

/// Rows between two marks: going back costs at most about twice as many, and a mark costs one copy of the detector.
pub(super) const SPACING: usize = 512;
/// Marks kept. The more rows may come late, the farther apart they stand.
const MOST: usize = 6;

/// A watch's state after its first rows.
pub(super) struct Mark {
    /// Rows pushed.
    pub rows: usize,
    /// Rows of these that had their grid point.
    pub placed: usize,
    /// Grid points given out.
    pub points: usize,
    pub grid: Grid,
    pub online: Box<dyn StreamingDetector>,
    /// Grid points that were settled.
    pub settled: usize,
}

impl Mark {
    /// The state as it is now.
    pub fn new(rows: &Rows, grid: &Grid, online: &dyn StreamingDetector, settled: usize) -> Mark {
        Mark {
            rows: rows.end(),
            placed: rows.placed(),
            points: rows.points(),
            grid: grid.clone(),
            online: online.branch(),
            settled,
        }
    }
}

/// Marks in order of their rows, never none.
pub(super) struct Marks {
    kept: Vec<Mark>,
}

impl Marks {
    /// Begins with this mark.
    pub fn new(mark: Mark) -> Marks {
        Marks { kept: vec![mark] }
    }

    /// Rows at the oldest mark: what comes before cannot be reached any more.
    pub fn first(&self) -> usize {
        self.kept.first().map_or(0, |mark| mark.rows)
    }

    /// Rows at the newest mark.
    pub fn last(&self) -> usize {
        self.kept.last().map_or(0, |mark| mark.rows)
    }

    /// The newest mark that does not stand after `row`; those after it are given up.
    pub fn before(&mut self, row: usize) -> Option<&Mark> {
        let count = self.kept.partition_point(|mark| mark.rows <= row);
        if count == 0 {
            return None;
        }
        self.kept.truncate(count);
        self.kept.last()
    }

    /// Adds a mark after all others, in place of one that stands at the same row.
    pub fn add(&mut self, mark: Mark) {
        if self.kept.len() > 1 && self.last() == mark.rows {
            self.kept.pop();
        }
        self.kept.push(mark);
        if self.kept.len() > MOST {
            let gap = |i: usize| self.kept[i + 1].rows - self.kept[i - 1].rows;
            let nearest = (1..self.kept.len() - 1).min_by_key(|i| gap(*i)).unwrap_or(1);
            self.kept.remove(nearest);
        }
    }

    /// Gives up marks that are not needed where the first `fixed` rows never change.
    pub fn forget(&mut self, fixed: usize) {
        let count = self.kept.partition_point(|mark| mark.rows <= fixed);
        self.kept.drain(..count.saturating_sub(1));
    }
}
