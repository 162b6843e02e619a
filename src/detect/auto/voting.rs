//! Scores of different detectors in one unit, and the largest of them.

use std::sync::Arc;

use super::live::Live;
use crate::detect::{Fitted, Reach, StreamingDetector};
use crate::error::Result;
use crate::math::stats::{self, quantile_sorted};
use crate::score::Scores;
use crate::score::rarity::{ExponentialTail, Rarity};

/// The part by which the rarity of the others counts beside one whose scores are rarities by themselves: a tail is often
/// heavier than it looks.
const BESIDE: f64 = 0.6;
/// The quantile of a member's usual scores that becomes 1.
const RARE: f64 = 0.99;
/// The least distance from the median to there, as a part of the range of the usual scores, and at all.
const LEAST: (f64, f64) = (1e-3, 1e-6);

/// How a member's scores become rarities.
pub(super) enum Voting {
    /// They are rarities, on this scale.
    Own(Rarity),
    /// They are judged together with others: the largest of them becomes a rarity, by the tail of its usual values.
    Shared {
        /// The usual score.
        middle: f64,
        /// How far over it a score is rare.
        unit: f64,
    },
    /// It does not judge; it says what it expects.
    Silent,
}

/// A fitted detector and the scale of its scores.
pub(super) struct Member {
    name: &'static str,
    pub fitted: Arc<dyn Fitted>,
    pub voting: Voting,
}

impl Voting {
    /// Of scores on the training stretch, of a detector that counts by `part`.
    fn measured(usual: &[f64], part: f64) -> Voting {
        let mut sorted = stats::finite(usual);
        sorted.sort_unstable_by(f64::total_cmp);
        let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
            return Voting::Shared { middle: 0.0, unit: 1.0 / part };
        };
        let middle = quantile_sorted(&sorted, 0.5);
        let unit = (quantile_sorted(&sorted, RARE) - middle).max(LEAST.0 * (high - low)).max(LEAST.1);
        Voting::Shared { middle, unit: unit / part }
    }

    /// The score as one of those that are judged together; NaN if it is not.
    fn shared(&self, score: f64) -> f64 {
        match self {
            Voting::Shared { middle, unit } => ((score - middle) / unit).max(0.0),
            _ => f64::NAN,
        }
    }
}

/// What the scores that are judged together are measured by.
#[derive(Clone, Copy)]
pub(super) struct Shared {
    /// The tail of the largest of them.
    tail: ExponentialTail,
    /// By which part their rarity counts.
    part: f64,
}

impl Shared {
    /// The rarity of a member's score; `None` if it does not judge.
    pub fn rarity(&self, voting: &Voting, score: f64) -> Option<f64> {
        match voting {
            Voting::Own(scale) => Some(scale.of(score)),
            Voting::Shared { .. } => Some(self.part * self.tail.rarity(voting.shared(score))),
            Voting::Silent => None,
        }
    }
}

/// Fitted detectors that judge together.
pub(super) struct Ensemble {
    members: Arc<[Member]>,
    shared: Shared,
    /// Whether the scores of one are rarities by themselves.
    known: bool,
}

impl Ensemble {
    /// Of fitted detectors with their names and the part by which each counts.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] from a member.
    pub fn measured(found: Vec<(&'static str, f64, Arc<dyn Fitted>)>, train: &[f64]) -> Result<Ensemble> {
        let mut members = Vec::new();
        let mut largest = vec![f64::NAN; train.len()];
        for (name, part, fitted) in found {
            let voting = match fitted.rarity() {
                _ if part == 0.0 => Voting::Silent,
                Some(scale) => Voting::Own(scale),
                None => {
                    let usual = fitted.score(train)?.value;
                    let voting = Voting::measured(&usual, part);
                    for (largest, score) in largest.iter_mut().zip(&usual) {
                        *largest = largest.max(voting.shared(*score));
                    }
                    voting
                }
            };
            members.push(Member { name, fitted, voting });
        }
        let mut usual = stats::finite(&largest);
        usual.sort_unstable_by(f64::total_cmp);
        let tail = ExponentialTail::of(&usual);
        let tail = ExponentialTail { excess: tail.excess.max(LEAST.1), ..tail };
        let known = members.iter().any(|m: &Member| matches!(m.voting, Voting::Own(_)));
        let shared = Shared { tail, part: if known { BESIDE } else { 1.0 } };
        Ok(Ensemble { members: members.into(), shared, known })
    }

    fn live(&self) -> Live {
        Live::new(Arc::clone(&self.members), self.shared)
    }
}

impl Fitted for Ensemble {
    fn reach(&self) -> Reach {
        let each = || self.members.iter().map(|m| m.fitted.reach());
        Reach {
            before: each().map(|r| r.before).max().unwrap_or(0),
            after: each().map(|r| r.after).max().unwrap_or(0),
            grain: each().map(|r| r.grain).max().unwrap_or(1),
        }
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        Ok(self.live().push(values)?.scores)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        Some(Box::new(self.live()))
    }

    fn rarity(&self) -> Option<Rarity> {
        self.known.then_some(Rarity::PLAIN)
    }

    fn members(&self) -> Vec<&'static str> {
        self.members.iter().map(|m| m.name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_scores_are_rare_by_their_own_quantile_and_count_by_their_part() {
        let usual: Vec<f64> = (0..=1000).map(f64::from).collect();
        let whole = Voting::measured(&usual, 1.0);
        assert!((whole.shared(990.0) - 1.0).abs() < 1e-12);
        assert_eq!(whole.shared(100.0), 0.0);
        assert!((Voting::measured(&usual, 0.3).shared(990.0) - 0.3).abs() < 1e-12);
        assert!(Voting::Own(Rarity::PLAIN).shared(5.0).is_nan());
    }
}
