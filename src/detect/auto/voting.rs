//! Scores of different detectors in one unit, and the largest of them.

use std::sync::Arc;

use super::live::Live;
use crate::detect::{Fitted, Reach, StreamingDetector};
use crate::error::Result;
use crate::math::stats::{self, quantile_sorted};
use crate::score::Scores;
use crate::score::rarity::{ExponentialTail, Rarity};

/// The part by which the rarity of the others counts beside one whose scores are rarities by themselves: a tail is
/// often heavier than it looks.
const BESIDE: f64 = 0.65;
/// Of a heavy tail, the first power of ten counts in full, and ten times as many powers count so much more.
const HEAVY: f64 = 0.5;
/// A window's score stays high for as long as the window holds what made it so. Beside HTM it is news where it is so
/// many times as rare as in this many points before; where it is not, it counts by a part that keeps an event going
/// and begins none.
const NEWS: f64 = 1.5;
/// See [`NEWS`].
pub(super) const MEMORY: usize = 64;
/// See [`NEWS`].
const STALE: f64 = 0.7;
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
    /// Of scores on the training stretch.
    fn measured(usual: &[f64]) -> Voting {
        let mut sorted = stats::finite(usual);
        sorted.sort_unstable_by(f64::total_cmp);
        let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
            return Voting::Shared { middle: 0.0, unit: 1.0 };
        };
        let middle = quantile_sorted(&sorted, 0.5);
        let unit = (quantile_sorted(&sorted, RARE) - middle).max(LEAST.0 * (high - low)).max(LEAST.1);
        Voting::Shared { middle, unit }
    }

    /// The score as one of those that are judged together; NaN if it is not.
    fn shared(&self, score: f64) -> f64 {
        match self {
            // Without a score there is none of these either.
            Voting::Shared { middle, unit } => match (score - middle) / unit {
                height if height < 0.0 => 0.0,
                height => height,
            },
            _ => f64::NAN,
        }
    }
}

/// What the scores that are judged together are measured by.
#[derive(Clone, Copy)]
pub(super) struct Shared {
    /// The tail of the largest of them.
    tail: ExponentialTail,
    weight: Weight,
}

/// What the rarity by that tail counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// All: nobody else judges.
    Alone,
    /// A part, see [`BESIDE`], beside one whose scores are rarities by themselves.
    Beside,
    /// Hardly more than its logarithm, see [`HEAVY`], beside such a one.
    Heavy,
}

/// What one point is found to be: a rarity, and the place among the members of the one that says so.
#[derive(Clone, Copy)]
pub(super) struct Verdict {
    pub rarity: f64,
    pub place: u8,
}

impl Verdict {
    /// Nothing is said.
    const NONE: Verdict = Verdict { rarity: f64::NAN, place: 0 };

    /// The rarer of two, or the one that says something.
    fn or(self, other: Verdict) -> Verdict {
        if self.rarity.is_nan() || other.rarity > self.rarity { other } else { self }
    }
}

impl Shared {
    /// What those that are judged together say of a point; NaN where none has a score.
    pub fn together<'a>(&self, scores: impl Iterator<Item = (&'a Voting, f64)>) -> Verdict {
        let said = (0u8..).zip(scores).map(|(place, (voting, score))| Verdict {
            rarity: self.counted(self.tail.rarity(voting.shared(score))),
            place,
        });
        said.fold(Verdict::NONE, Verdict::or)
    }

    /// What a rarity by the exponential tail counts.
    fn counted(&self, rarity: f64) -> f64 {
        match self.weight {
            Weight::Beside => BESIDE * rarity,
            Weight::Heavy if rarity > 1.0 => 1.0 + HEAVY * rarity.log10(),
            Weight::Alone | Weight::Heavy => rarity,
        }
    }

    /// Whether they are judged beside one whose scores are rarities by themselves.
    fn beside(&self) -> bool {
        self.weight != Weight::Alone
    }

    /// What all say of a point, at least 0: those that are judged together after their rarities of the points before,
    /// and the one whose scores are rarities.
    pub fn all<'a>(
        &self,
        together: Verdict,
        before: &[f64],
        scores: impl Iterator<Item = (&'a Voting, f64)>,
    ) -> Verdict {
        let usual = before.iter().copied().fold(0.0, f64::max);
        let stale = self.beside() && together.rarity <= NEWS * usual;
        let together = Verdict { rarity: if stale { STALE } else { 1.0 } * together.rarity, ..together };
        let own = (0u8..).zip(scores).filter_map(|(place, (voting, score))| match voting {
            Voting::Own(scale) => Some(Verdict { rarity: scale.of(score), place }),
            _ => None,
        });
        let most = own.fold(together, Verdict::or);
        // Commoner than an even chance is just common.
        Verdict { rarity: if most.rarity < 0.0 { 0.0 } else { most.rarity }, ..most }
    }
}

/// Fitted detectors that judge together.
pub(super) struct Ensemble {
    members: Arc<[Member]>,
    shared: Shared,
}

impl Ensemble {
    /// Of fitted detectors with their names and whether they judge.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] from a member.
    pub fn measured(found: Vec<(&'static str, bool, Arc<dyn Fitted>)>, train: &[f64]) -> Result<Ensemble> {
        let mut members = Vec::new();
        let mut largest = vec![f64::NAN; train.len()];
        for (name, judges, fitted) in found {
            let voting = match fitted.rarity() {
                _ if !judges => Voting::Silent,
                Some(scale) => Voting::Own(scale),
                None => {
                    let usual = fitted.score(train)?.value;
                    let voting = Voting::measured(&usual);
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
        let beside = members.iter().any(|m: &Member| matches!(m.voting, Voting::Own(_)));
        let weight = if beside { Weight::Beside } else { Weight::Alone };
        Ok(Ensemble { members: members.into(), shared: Shared { tail, weight } })
    }

    /// Of one whose usual scores have this tail, and of one whose scores are rarities, with their names.
    pub fn pair(
        found: [(&'static str, Arc<dyn Fitted>); 2],
        tail: ExponentialTail,
        weight: Weight,
    ) -> Ensemble {
        let members = found.map(|(name, fitted)| {
            let voting = fitted.rarity().map_or(Voting::Shared { middle: 0.0, unit: 1.0 }, Voting::Own);
            Member { name, fitted, voting }
        });
        Ensemble { members: Arc::new(members), shared: Shared { tail, weight } }
    }

    fn live(&self) -> Live {
        Live::new(Arc::clone(&self.members), self.shared)
    }
}

impl Fitted for Ensemble {
    fn reach(&self) -> Reach {
        let each = || self.members.iter().map(|m| m.fitted.reach());
        let memory = if self.shared.beside() { MEMORY } else { 0 };
        Reach {
            before: each().map(|r| r.before).max().unwrap_or(0).saturating_add(memory),
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
        self.shared.beside().then_some(Rarity::PLAIN)
    }

    fn members(&self) -> Vec<&'static str> {
        self.members.iter().map(|m| m.name).collect()
    }

    fn caution(&self) -> Option<String> {
        self.members.iter().find_map(|m| m.fitted.caution())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_a_rarity_a_plateau_counts_in_full_where_it_begins() {
        let usual: Vec<f64> = (0..=1000).map(f64::from).collect();
        let votings = [Voting::measured(&usual), Voting::Own(Rarity::PLAIN)];
        let scores = |score: f64, own: f64| votings.iter().zip([score, own]);
        let tail = ExponentialTail { median: 0.0, excess: 1.0 };
        for (weight, stale) in [(Weight::Beside, STALE), (Weight::Heavy, STALE), (Weight::Alone, 1.0)] {
            let shared = Shared { tail, weight };
            let high = shared.together(scores(5000.0, 0.1));
            let all = |before: &[f64]| shared.all(high, before, scores(5000.0, 0.1)).rarity;
            assert_eq!(all(&[]), high.rarity);
            assert_eq!(all(&[f64::NAN, 0.5 * high.rarity]), high.rarity);
            assert_eq!(all(&[0.7 * high.rarity, 0.1]), stale * high.rarity);
        }
        // The rarer of both is told, with its place, and nothing is commoner than an even chance.
        let shared = Shared { tail, weight: Weight::Beside };
        let of =
            |score: f64, own: f64| shared.all(shared.together(scores(score, own)), &[], scores(score, own));
        assert_eq!((of(0.0, 7.0).rarity, of(0.0, 7.0).place, of(5000.0, 0.1).place), (7.0, 1, 0));
        assert_eq!((of(f64::NAN, -1.0).rarity, of(f64::NAN, 2.0).rarity), (0.0, 2.0));
        assert!(of(f64::NAN, f64::NAN).rarity.is_nan());
    }

    #[test]
    fn a_heavy_tail_counts_by_the_logarithm_of_its_powers() {
        let counted = |weight, rarity| {
            Shared { tail: ExponentialTail { median: 0.0, excess: 1.0 }, weight }.counted(rarity)
        };
        for (rarity, counts) in [(-1.0, -1.0), (0.5, 0.5), (1.0, 1.0), (10.0, 1.5), (1e6, 4.0)] {
            assert_eq!(counted(Weight::Heavy, rarity), counts);
            assert_eq!(counted(Weight::Alone, rarity), rarity);
            assert_eq!(counted(Weight::Beside, rarity), BESIDE * rarity);
        }
        assert!(counted(Weight::Heavy, f64::NAN).is_nan());
    }

    #[test]
    fn shared_scores_are_rare_by_their_own_quantile() {
        let usual: Vec<f64> = (0..=1000).map(f64::from).collect();
        let whole = Voting::measured(&usual);
        assert!((whole.shared(990.0) - 1.0).abs() < 1e-12);
        assert_eq!(whole.shared(100.0), 0.0);
        assert!(Voting::Own(Rarity::PLAIN).shared(5.0).is_nan());
    }
}
