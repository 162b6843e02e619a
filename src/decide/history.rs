//! The calibration scores: what is ordinary, and how far ordinary scores reach.

use crate::math::stats;

/// The finite scores of the calibration, in order of size, so that no decision has to sort them again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History(Vec<f64>);

impl History {
    /// Of these scores; NaN, as of the warm-up, counts as none.
    pub fn of(scores: &[f64]) -> History {
        let mut sorted = stats::finite(scores);
        sorted.sort_unstable_by(f64::total_cmp);
        History(sorted)
    }

    /// The scores, the smallest first.
    pub fn sorted(&self) -> &[f64] {
        &self.0
    }

    /// The ordinary score, their median, from which limits and severities are measured; 0 without scores.
    pub fn ordinary(&self) -> f64 {
        if self.0.is_empty() { 0.0 } else { stats::median_sorted(&self.0) }
    }

    /// The largest score that is not over this limit; 0 if there is none.
    pub fn below(&self, limit: f64) -> f64 {
        self.0[..self.0.partition_point(|v| *v <= limit)].last().copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_ordered_and_missing_ones_left_out() {
        let history = History::of(&[3.0, f64::NAN, 1.0, 2.0, f64::INFINITY, 8.0]);
        assert_eq!(history.sorted(), [1.0, 2.0, 3.0, 8.0]);
        assert_eq!(history.ordinary(), 2.5);
        assert_eq!([0.5, 1.0, 7.9, 8.0].map(|limit| history.below(limit)), [0.0, 1.0, 3.0, 8.0]);
        assert_eq!((History::default().ordinary(), History::default().below(1.0)), (0.0, 0.0));
    }
}
