//! Scores to one limit a point.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::dynamic;
use super::history::History;
use super::learned::{Lesson, Peaks};
use super::published;
use crate::error::{Error, Result};
use crate::math::decimal;
use crate::math::stats::{self, MAD_TO_SIGMA};
use crate::score::rarity::{BUDGET, ExponentialTail, Rarity, rarity};
use crate::settings::{Setting, wrong};

/// Robust deviations of the limit where no number is given.
const ROBUST_K: f64 = 6.0;
/// The deviation is never below this part of the range of the calibration scores.
const DEVIATION_FLOOR: f64 = 1e-3;

/// How scores become a limit. Written as `tail 5e-5`, `robust 6`, `sigma 4`, `fixed 0.9`, `quantile 0.001`, `dynamic`
/// or `published`; the number may be left out where there is a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Median plus `k` robust deviations (1.4826 · MAD) of the calibration scores.
    Robust {
        /// Deviations.
        k: f64,
    },
    /// Mean plus `k` standard deviations of the calibration scores.
    Sigma {
        /// Deviations.
        k: f64,
    },
    /// A limit on the score itself.
    Fixed {
        /// The limit.
        limit: f64,
    },
    /// The conformal rule: a point is strange if at most a part `q` of the calibration scores reaches its own,
    /// so at most `q` of ordinary points are flagged. Needs `1 / q` calibration scores; with fewer the limit is
    /// their largest.
    Quantile {
        /// Budget of false alarms, a part of all points.
        q: f64,
    },
    /// The score that a part `p` of ordinary points would exceed: by the score itself, where it is a rarity, counted
    /// from an even chance; else if the tail of the calibration scores, from their median to their 85 % quantile, went
    /// on as an exponential one. A seventh of them may be anomalies. Such a tail is often heavier in truth: the limit
    /// learns from the peaks that come (see [`Peaks`]).
    Tail {
        /// Budget of false alarms, a part of all points.
        p: f64,
    },
    /// Non-parametric dynamic threshold, chosen anew on every 2100 scores: the limit whose removal of what is
    /// above it lowers mean and deviation most (Hundman et al., KDD 2018).
    Dynamic,
    /// Mean plus 4 deviations in windows of a third of the series, as published with TadGAN (Geiger et al.,
    /// 2020). Looks at the whole series, so nothing is settled before its end.
    Published,
}

/// What limits are measured by.
#[derive(Debug, Clone, Copy)]
pub struct Calibration<'a> {
    /// The calibration scores.
    pub history: &'a History,
    /// The scale of scores that are rarities by themselves.
    pub scale: Option<Rarity>,
    /// So many of the first scores that get a limit are calibration scores themselves.
    pub own: usize,
}

impl Default for Threshold {
    fn default() -> Self {
        Threshold::Tail { p: BUDGET }
    }
}

impl Threshold {
    /// Limits are chosen on blocks of this many rows at most, counted from the first.
    pub const BLOCK: usize = dynamic::WINDOW;

    /// One limit a score. `peaks`: those before the first score; afterwards those before the next one.
    /// `sensitivity` in 0..=100 moves the limit away from (below 50) or towards (above 50) the median of the
    /// history: each 25 halves or doubles the distance; 50 leaves it as it is.
    pub fn limits(
        &self,
        calibration: &Calibration,
        peaks: &mut Peaks,
        scores: &[f64],
        sensitivity: f64,
    ) -> Vec<f64> {
        let Calibration { history, scale, own } = *calibration;
        let base = history.ordinary();
        let factor = factor(sensitivity);
        let moved = |limit: f64| if factor == 1.0 { limit } else { base + (limit - base) * factor };
        match *self {
            Threshold::Dynamic => scores
                .chunks(dynamic::WINDOW)
                .flat_map(|block| {
                    let limit = moved(dynamic::choose(&stats::finite(block), dynamic::BUFFER).limit);
                    std::iter::repeat_n(limit, block.len())
                })
                .collect(),
            Threshold::Published => {
                published::limits(&published::scored(scores), &published::rule(sensitivity))
            }
            Threshold::Tail { .. } => {
                // An even chance is ordinary, whatever the history.
                let from = if scale.is_some() { 0.0 } else { base };
                let lesson = Lesson::new(
                    self.constant(history, scale) - from,
                    history.sorted().len(),
                    scale.is_some(),
                );
                let (known, new) = scores.split_at(own.min(scores.len()));
                let learned = new.iter().map(|score| moved(from + peaks.limit(score - from, &lesson)));
                std::iter::repeat_n(moved(from + lesson.first), known.len()).chain(learned).collect()
            }
            _ => vec![moved(self.constant(history, scale)); scores.len()],
        }
    }

    /// How many of `n` limits can no longer change when scores are added.
    pub fn settled(&self, n: usize) -> usize {
        match self {
            Threshold::Dynamic => n / dynamic::WINDOW * dynamic::WINDOW,
            Threshold::Published => 0,
            _ => n,
        }
    }

    /// The limit of the rules that look at the calibration scores only. Without such scores nothing is strange.
    fn constant(&self, history: &History, scale: Option<Rarity>) -> f64 {
        match (*self, scale) {
            (Threshold::Fixed { limit }, _) => return limit,
            (Threshold::Tail { p }, Some(scale)) => return scale.score(rarity(p)),
            _ => {}
        }
        let (sorted, median) = (history.sorted(), history.ordinary());
        let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else { return f64::INFINITY };
        let floor = DEVIATION_FLOOR * (high - low);
        match *self {
            Threshold::Robust { k } => {
                let mut away: Vec<f64> = sorted.iter().map(|v| (v - median).abs()).collect();
                median + k * (MAD_TO_SIGMA * stats::median_in_place(&mut away)).max(floor)
            }
            Threshold::Sigma { k } => stats::mean(sorted) + k * stats::std(sorted).max(floor),
            Threshold::Quantile { q } => {
                // p = (1 + #{calibration >= s}) / (n + 1) < q  <=>  s is over the (n + 1)(1 - q)-th smallest.
                let n = sorted.len();
                let rank = ((n as f64 + 1.0) * (1.0 - q)).ceil() as usize;
                sorted[rank.clamp(1, n) - 1]
            }
            Threshold::Tail { p } => ExponentialTail::of(sorted).score(rarity(p)),
            Threshold::Fixed { .. } | Threshold::Dynamic | Threshold::Published => f64::INFINITY,
        }
    }
}

/// What `sensitivity` in 0..=100 multiplies the distance of the limit from the ordinary score by: 1 at 50, half
/// or double for each 25.
pub fn factor(sensitivity: f64) -> f64 {
    ((50.0 - sensitivity) / 25.0).exp2()
}

impl FromStr for Threshold {
    type Err = Error;

    fn from_str(text: &str) -> Result<Threshold> {
        let wrong = |why: &str| {
            let forms = "write tail 5e-5, robust 6, sigma 4, fixed 0.9, quantile 0.001, dynamic or published";
            Error::param("threshold", format!("\"{text}\" {why}; {forms}"))
        };
        let mut words = text.split_whitespace();
        let rule = words.next().unwrap_or_default();
        let number = match words.next().map(decimal::parse) {
            Some(None) => return Err(wrong("does not end in a number")),
            number => number.flatten(),
        };
        if words.next().is_some() {
            return Err(wrong("has more than a rule and a number"));
        }
        let positive = |v: f64| if v > 0.0 { Ok(v) } else { Err(wrong("needs a number above 0")) };
        match (rule, number) {
            ("robust", k) => Ok(Threshold::Robust { k: positive(k.unwrap_or(ROBUST_K))? }),
            ("sigma", k) => Ok(Threshold::Sigma { k: positive(k.unwrap_or(4.0))? }),
            ("quantile", q) => match positive(q.unwrap_or(1e-3))? {
                q if q < 1.0 => Ok(Threshold::Quantile { q }),
                _ => Err(wrong("needs a number below 1")),
            },
            ("tail", p) => match positive(p.unwrap_or(BUDGET))? {
                p if p < 0.5 => Ok(Threshold::Tail { p }),
                _ => Err(wrong("needs a number below 0.5")),
            },
            ("fixed", Some(limit)) => Ok(Threshold::Fixed { limit }),
            ("fixed", None) => Err(wrong("lacks the limit")),
            ("dynamic", None) => Ok(Threshold::Dynamic),
            ("published", None) => Ok(Threshold::Published),
            ("dynamic" | "published", Some(_)) => Err(wrong("takes no number")),
            _ => Err(wrong("is not a known rule")),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Threshold::Robust { k } => write!(f, "robust {k}"),
            Threshold::Sigma { k } => write!(f, "sigma {k}"),
            Threshold::Fixed { limit } => write!(f, "fixed {limit}"),
            Threshold::Quantile { q } => write!(f, "quantile {q}"),
            Threshold::Tail { p } => write!(f, "tail {p}"),
            Threshold::Dynamic => write!(f, "dynamic"),
            Threshold::Published => write!(f, "published"),
        }
    }
}

impl Setting for Threshold {
    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        *self = value.as_str().ok_or_else(|| wrong(name, "a text as \"robust 6\"", value))?.parse()?;
        Ok(())
    }

    fn value(&self) -> Value {
        self.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_forms_round_trip() {
        for text in
            ["tail 0.001", "robust 6", "sigma 4", "fixed 0.9", "quantile 0.001", "dynamic", "published"]
        {
            assert_eq!(text.parse::<Threshold>().unwrap().to_string(), text);
        }
        assert_eq!("sigma".parse::<Threshold>().unwrap(), Threshold::Sigma { k: 4.0 });
        for text in [
            "",
            "sigma x",
            "sigma -1",
            "fixed",
            "quantile 1.5",
            "dynamic 3",
            "sigma 4 5",
            "magic 2",
            "tail 0.5",
        ] {
            assert!(matches!(text.parse::<Threshold>(), Err(Error::Param { .. })), "{text}");
        }
    }

    /// The limit of the first score after the calibration.
    fn one(threshold: Threshold, history: &[f64], sensitivity: f64) -> f64 {
        let calibration = Calibration { history: &History::of(history), scale: None, own: 0 };
        threshold.limits(&calibration, &mut Peaks::default(), &[0.0], sensitivity)[0]
    }

    #[test]
    fn the_tail_learns_from_what_comes_after_the_calibration() {
        let history: Vec<f64> = (0..1000).map(|i| f64::from(i % 100)).collect();
        let rule = Threshold::default();
        let first = one(rule, &history, 50.0);
        let history = History::of(&history);
        let high = first * 1.5;
        let scores = [high, 0.0, 0.0, high, 0.0, 0.0];
        let limits = |own, scale| {
            let calibration = Calibration { history: &history, scale, own };
            rule.limits(&calibration, &mut Peaks::default(), &scores, 50.0)
        };
        let learned = limits(0, None);
        assert!(learned[0] == first && learned[1] < first);
        assert!(learned[2] > high && learned[3] > high);
        // The calibration itself is known.
        assert_eq!(limits(3, None)[..4], [first; 4]);
        // Rarities say how rare they are: theirs goes by the budget's, whatever the calibration.
        let rare = limits(3, Some(Rarity::PLAIN));
        assert_eq!(rare[..4], [8.0; 4]);
        assert!(rare[4] < 8.0, "{rare:?}");
        // In pieces as in one.
        let mut peaks = Peaks::default();
        let calibration = Calibration { history: &history, scale: None, own: 0 };
        let mut pieces = rule.limits(&calibration, &mut peaks, &scores[..2], 50.0);
        pieces.extend(rule.limits(&calibration, &mut peaks, &scores[2..], 50.0));
        assert_eq!(pieces, learned);
    }

    #[test]
    fn constant_rules_by_hand() {
        let history = [1.0, 2.0, 3.0, 4.0, 5.0];
        let limit = |t: &str, s: f64| one(t.parse().unwrap(), &history, s);
        assert_eq!(limit("robust 2", 50.0), 3.0 + 2.0 * 1.4826);
        assert_eq!(limit("sigma 2", 50.0), 3.0 + 2.0 * 2f64.sqrt());
        // Median 3, 85 % quantile 4.4.
        let tail = 3.0 + 5.0 / 3.0 * 1.4 / (0.5f64 / 0.15).ln() * (0.5f64 / 1e-3).ln();
        assert!((limit("tail 1e-3", 50.0) - tail).abs() < 1e-12);
        assert_eq!(limit("fixed 7", 50.0), 7.0);
        assert_eq!(limit("fixed 7", 75.0), 5.0);
        assert_eq!(limit("fixed 7", 25.0), 11.0);
        assert_eq!(limit("quantile 0.5", 50.0), 3.0);
        assert_eq!(limit("quantile 0.01", 50.0), 5.0);
        assert_eq!(one(Threshold::default(), &[], 50.0), f64::INFINITY);
    }

    #[test]
    fn quantile_keeps_its_budget_exactly() {
        // With n = 999 and q = 0.01, p = (1 + c) / 1000 <= 0.01 needs c <= 9: ten calibration scores may be over.
        let history: Vec<f64> = (0..999).map(f64::from).collect();
        let limit = one(Threshold::Quantile { q: 0.01 }, &history, 50.0);
        assert_eq!(history.iter().filter(|v| **v > limit).count(), 9);
    }
}
