//! The default: several detectors that see different things, each measured by its own usual scores; the largest counts.
//!
//! Every score becomes a rarity (see [`crate::score::rarity`]), and a point gets the largest. HTM's scores are
//! rarities by themselves. The others are judged together: a score `s` becomes `(s - m) / u`, where `m` is the median
//! of the member's scores over the training stretch and `u` the distance from there to their 99 % quantile, so that 1
//! is rare for each of them; and the largest of these has the rarity that the tail of its own usual values gives it.
//!
//! The members follow what the series shows. Where values stay the same for long, windows are compared, and HTM hears
//! what breaks the order of values. Where a period has come often, windows have shapes to be compared, in three ways,
//! one of them half a period long, and a seasonal forecast says what single values should be. Where values hardly
//! differ from the ones before, it is as where they stay. All else is rough: HTM, and windows unlike any before, of the
//! past of the series as well, so that what has become usual is no news. A forecaster's errors have the heaviest tails
//! of all: it counts by a part, or says what it expects and does not judge.
//!
//! Source: Aggarwal and Sathe (2017), "Outlier Ensembles" (normalised scores, maximum). Cost: the sum of its members'.
//! Limit: what a member alone would see clearly has to stand out from the largest of all usual scores.

use std::sync::Arc;

use super::prediction::{arima, functional, holt_winters, htm};
use super::similarity::{discord, knn, lof, subsequence};
use super::{Detector, Entry, Family, Fitted, Reach, Setup, StreamingDetector, Tail, streaming};
use crate::error::{Error, Result};
use crate::math::stats::{self, quantile_sorted};
use crate::score::Scores;
use crate::score::rarity::{ExponentialTail, Rarity};

/// Detectors that can be members.
const MEMBERS: [Entry; 8] = [
    subsequence::ENTRY,
    lof::ENTRY,
    discord::ENTRY,
    knn::ENTRY,
    holt_winters::ENTRY,
    arima::ENTRY,
    functional::ENTRY,
    htm::ENTRY,
];

/// The part by which a forecaster's score counts.
const FORECAST: f64 = 0.15;
/// The part by which the rarity of the others counts beside one whose scores are rarities by themselves: a tail is often
/// heavier than it looks.
const BESIDE: f64 = 0.6;
/// The quantile of a member's usual scores that becomes 1.
const RARE: f64 = 0.99;
/// The least distance from the median to there, as a part of the range of the usual scores, and at all.
const LEAST: (f64, f64) = (1e-3, 1e-6);
/// A period of fewer points says little about a shape; one that came fewer times is not known yet.
const LONG_PERIOD: usize = 20;
const TIMES: usize = 20;
/// Where fewer of the steps are other than nought, values stay the same for long.
const MOVES: f64 = 0.2;
/// Where the correlation of a value with the next is larger, it hardly differs.
const SMOOTH: f64 = 0.95;

/// Parameters of [`ENTRY`].
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Names of the detectors that are asked; by default those that suit the series.
    pub members: Option<Vec<String>>,
}

struct Auto {
    period: Option<usize>,
    /// Those that were asked for.
    asked: Option<Vec<String>>,
    /// Every detector that can be a member.
    ready: Vec<(&'static Entry, Box<dyn Detector>)>,
}

impl Detector for Auto {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let mut found = Vec::new();
        let mut short: Option<Error> = None;
        for (name, part) in self.wanted(train) {
            let Some((entry, detector)) = self.ready.iter().find(|(entry, _)| entry.name == name) else {
                continue;
            };
            match detector.fit(train) {
                Ok(fitted) => found.push((entry.name, part, fitted)),
                // What is too short for one may be enough for another.
                Err(error @ Error::TooShort { .. }) => short = Some(least(short, error)),
                Err(error) => return Err(error),
            }
        }
        match short {
            Some(error) if found.iter().all(|(_, part, _)| *part == 0.0) => Err(error),
            _ => Ok(Arc::new(Ensemble::measured(found, train)?)),
        }
    }
}

impl Auto {
    /// The names of the members for a series that begins so, and by which part each counts.
    fn wanted(&self, train: &[f64]) -> Vec<(&str, f64)> {
        match &self.asked {
            Some(names) => names.iter().map(|name| (name.as_str(), part(name))).collect(),
            None => suited(self.period, train),
        }
    }
}

/// By which part a detector that was asked for counts.
fn part(name: &str) -> f64 {
    let forecasts =
        MEMBERS.iter().any(|e| e.name == name && e.family == Family::Prediction && name != htm::ENTRY.name);
    if forecasts { FORECAST } else { 1.0 }
}

/// The members that suit a series, and the part by which each counts.
fn suited(period: Option<usize>, train: &[f64]) -> Vec<(&'static str, f64)> {
    let forecaster = if period.is_some() { "holt-winters" } else { "arima" };
    let (moves, smooth) = course(train);
    let periodic = period.is_some_and(|p| p >= LONG_PERIOD && train.len() >= TIMES * p);
    let (judges, forecast): (&[&str], f64) = if moves < MOVES {
        (&["subsequence", "lof", "htm"], 0.0)
    } else if periodic {
        (&["subsequence", "lof", "discord"], FORECAST)
    } else if smooth > SMOOTH {
        (&["subsequence", "lof", "htm"], 0.0)
    } else {
        (&["discord", "htm"], 0.0)
    };
    judges.iter().map(|name| (*name, 1.0)).chain([(forecaster, forecast)]).collect()
}

/// The part of the steps that are not nought, and the correlation of a value with the next.
fn course(train: &[f64]) -> (f64, f64) {
    let steps = train.windows(2).filter(|w| w[0].is_finite() && w[1].is_finite()).map(|w| w[1] - w[0]);
    let (mut count, mut moved, mut squares) = (0usize, 0usize, 0.0);
    for step in steps {
        count += 1;
        moved += usize::from(step != 0.0);
        squares += step * step;
    }
    let n = count.max(1) as f64;
    let variance = stats::std(&stats::finite(train)).powi(2).max(f64::MIN_POSITIVE);
    (moved as f64 / n, 1.0 - squares / n / (2.0 * variance))
}

/// Of two errors the one that asks for fewer points.
fn least(before: Option<Error>, now: Error) -> Error {
    match (&before, &now) {
        (Some(Error::TooShort { needed: a, .. }), Error::TooShort { needed: b, .. }) if a <= b => {
            before.unwrap_or(now)
        }
        _ => now,
    }
}

/// How a member's scores become rarities.
enum Voting {
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
struct Member {
    name: &'static str,
    fitted: Arc<dyn Fitted>,
    voting: Voting,
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

struct Ensemble {
    members: Arc<[Member]>,
    /// The tail of the largest of the scores that are judged together.
    tail: ExponentialTail,
}

impl Ensemble {
    fn measured(found: Vec<(&'static str, f64, Arc<dyn Fitted>)>, train: &[f64]) -> Result<Ensemble> {
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
        Ok(Ensemble {
            members: members.into(),
            tail: ExponentialTail { excess: tail.excess.max(LEAST.1), ..tail },
        })
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
        self.known().then_some(Rarity::PLAIN)
    }

    fn members(&self) -> Vec<&'static str> {
        self.members.iter().map(|m| m.name).collect()
    }
}

impl Ensemble {
    /// Whether a member's scores are rarities by themselves.
    fn known(&self) -> bool {
        self.members.iter().any(|m| matches!(m.voting, Voting::Own(_)))
    }

    fn live(&self) -> Live {
        let voices = self.members.iter().map(|m| Voice::new(streaming::online(&m.fitted))).collect();
        let part = if self.known() { BESIDE } else { 1.0 };
        Live { members: Arc::clone(&self.members), tail: self.tail, part, voices, origin: 0 }
    }
}

/// A member on its way along a series.
struct Voice {
    online: Box<dyn StreamingDetector>,
    /// Its scores from the ensemble's origin on.
    said: Scores,
    /// Its scores before this index never change again.
    settled: usize,
}

impl Clone for Voice {
    fn clone(&self) -> Voice {
        Voice { online: self.online.branch(), said: self.said.clone(), settled: self.settled }
    }
}

impl Voice {
    fn new(online: Box<dyn StreamingDetector>) -> Voice {
        Voice { online, said: Scores::default(), settled: 0 }
    }

    /// Takes the next values; returns from where its scores are new.
    fn push(&mut self, values: &[f64], origin: usize) -> Result<usize> {
        let Tail { start, settled, scores } = self.online.push(values)?;
        self.settled = settled;
        let at = start - origin;
        self.said.value.truncate(at);
        self.said.value.extend(scores.value);
        for (kept, new) in [(&mut self.said.expected, scores.expected), (&mut self.said.band, scores.band)] {
            if let Some(new) = new {
                let kept = kept.get_or_insert_default();
                kept.truncate(at);
                kept.extend(new);
            }
        }
        Ok(start)
    }
}

#[derive(Clone)]
struct Live {
    members: Arc<[Member]>,
    tail: ExponentialTail,
    /// By which part the rarity of scores that are judged together counts.
    part: f64,
    voices: Vec<Voice>,
    /// Index of the first score that is kept.
    origin: usize,
}

impl StreamingDetector for Live {
    fn push(&mut self, values: &[f64]) -> Result<Tail> {
        let mut start = usize::MAX;
        for voice in &mut self.voices {
            start = start.min(voice.push(values, self.origin)?);
        }
        let settled = self.voices.iter().map(|v| v.settled).min().unwrap_or(0);
        let from = start - self.origin;
        let count = self.voices.first().map_or(0, |v| v.said.value.len());
        let mut value = vec![f64::NAN; count - from];
        let mut by = vec![0; count - from];
        for (place, (member, voice)) in (0u8..).zip(self.members.iter().zip(&self.voices)) {
            for ((largest, by), score) in value.iter_mut().zip(&mut by).zip(&voice.said.value[from..]) {
                let own = match member.voting {
                    Voting::Own(scale) => scale.of(*score),
                    Voting::Shared { .. } => self.part * self.tail.rarity(member.voting.shared(*score)),
                    Voting::Silent => break,
                };
                // The larger, or the one that is a number; commoner than an even chance is just common.
                if largest.is_nan() || own > *largest {
                    (*largest, *by) = (if own < 0.0 { 0.0 } else { own }, place);
                }
            }
        }
        let forecast = self.voices.iter().find(|v| v.said.expected.is_some());
        let column = |pick: fn(&Scores) -> &Option<Vec<f64>>| {
            forecast.and_then(|v| pick(&v.said).as_ref()).map(|c| c[from..].to_vec())
        };
        let scores =
            Scores { value, expected: column(|s| &s.expected), band: column(|s| &s.band), by: Some(by) };
        // The next tails begin where this one has settled.
        let drop = settled.max(self.origin) - self.origin;
        for voice in &mut self.voices {
            voice.said = voice.said.tail(drop);
        }
        self.origin += drop;
        Ok(Tail { start, settled, scores })
    }
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    static ENTRIES: [Entry; 8] = MEMBERS;
    let Params { members: asked } = setup.params()?;
    for name in asked.iter().flatten() {
        if !ENTRIES.iter().any(|e| e.name == name) {
            let known = ENTRIES.iter().map(|e| e.name).collect::<Vec<_>>().join(", ");
            return Err(Error::param("members", format!("\"{name}\" cannot be one; these can: {known}")));
        }
    }
    if asked.as_ref().is_some_and(Vec::is_empty) {
        return Err(Error::param("members", "must name at least one detector"));
    }
    let ready = |entry: &'static Entry| {
        // The others see whole periods. A longer past costs more and finds no more.
        let params = if entry.name == discord::ENTRY.name {
            serde_json::json!({ "periods": 0.5, "past": 1024 })
        } else {
            serde_json::Value::Null
        };
        Ok((entry, (entry.build)(&Setup { params, ..setup.clone() })?))
    };
    let ready = ENTRIES.iter().map(ready).collect::<Result<_>>()?;
    Ok(Box::new(Auto { period: setup.period, asked, ready }))
}

/// The registry row.
pub const ENTRY: Entry = Entry {
    name: "auto",
    family: Family::Ensemble,
    pretrained: false,
    summary: "The default: shapes, levels and single values at once, by several detectors",
    source: "Aggarwal and Sathe (2017), Outlier Ensembles",
    defaults: || serde_json::json!(Params::default()),
    build,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Random;

    fn names(period: Option<usize>, train: &[f64]) -> Vec<&'static str> {
        suited(period, train).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_members_follow_what_the_series_shows() {
        let wave: Vec<f64> = (0..1000).map(|i| (f64::from(i) * std::f64::consts::TAU / 25.0).sin()).collect();
        assert_eq!(names(Some(25), &wave), ["subsequence", "lof", "discord", "holt-winters"]);
        // Too few of them, and too short ones.
        assert_eq!(names(Some(25), &wave[..499]), ["subsequence", "lof", "htm", "holt-winters"]);
        assert_eq!(names(Some(19), &wave)[2], "htm");
        let held: Vec<f64> = (0..1000).map(|i| f64::from(i / 10 % 3)).collect();
        assert_eq!(names(Some(30), &held), ["subsequence", "lof", "htm", "holt-winters"]);
        assert_eq!(names(None, &held), ["subsequence", "lof", "htm", "arima"]);
        let mut random = Random::new(1);
        let noise: Vec<f64> = (0..1000).map(|_| random.normal()).collect();
        assert_eq!(names(None, &noise), ["discord", "htm", "arima"]);
        assert_eq!(names(None, &[]), ["subsequence", "lof", "htm", "arima"]);
    }

    #[test]
    fn the_course_by_hand() {
        // Steps 0, 1, 0, -1 of values with variance 0.24.
        let (moves, smooth) = course(&[0.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(moves, 0.5);
        assert!((smooth - (1.0 - 0.5 / 0.48)).abs() < 1e-12);
    }

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
