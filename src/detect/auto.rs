//! The default: several detectors that see different things, each measured by its own usual scores; the largest counts.
//!
//! A member's score `s` becomes `(s - m) / u`, where `m` is the median of its scores over the training stretch and
//! `u` the distance from there to their 99 % quantile. So 1 is rare for every member, and they can be compared. A
//! point gets the largest. The members follow what the series shows: windows of a periodic series have shapes to be
//! compared, in two ways; every series has single values to be forecast, by its season or by the last ones. The
//! forecaster's errors have the heaviest tails of all, so they count by a part.
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
const FORECAST: f64 = 0.3;
/// The quantile of a member's usual scores that becomes 1.
const RARE: f64 = 0.99;
/// The least distance from the median to there, as a part of the range of the usual scores, and at all.
const LEAST: (f64, f64) = (1e-3, 1e-6);

/// Parameters of [`ENTRY`].
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Names of the detectors that are asked; by default those that suit the series.
    pub members: Option<Vec<String>>,
}

struct Auto {
    members: Vec<(&'static Entry, Box<dyn Detector>)>,
}

impl Detector for Auto {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let mut members = Vec::new();
        let mut short: Option<Error> = None;
        for (entry, detector) in &self.members {
            match detector.fit(train) {
                Ok(fitted) => members.push(Member::measured(entry, fitted, train)?),
                // What is too short for one may be enough for another.
                Err(error @ Error::TooShort { .. }) => short = Some(least(short, error)),
                Err(error) => return Err(error),
            }
        }
        match short {
            Some(error) if members.is_empty() => Err(error),
            _ => Ok(Arc::new(Ensemble { members: members.into() })),
        }
    }
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

/// A fitted detector and the scale of its scores.
struct Member {
    name: &'static str,
    fitted: Arc<dyn Fitted>,
    middle: f64,
    unit: f64,
}

impl Member {
    fn measured(entry: &Entry, fitted: Arc<dyn Fitted>, train: &[f64]) -> Result<Member> {
        let mut usual = stats::finite(&fitted.score(train)?.value);
        usual.sort_unstable_by(f64::total_cmp);
        let (Some(low), Some(high)) = (usual.first(), usual.last()) else {
            return Ok(Member { name: entry.name, fitted, middle: 0.0, unit: 1.0 });
        };
        let middle = quantile_sorted(&usual, 0.5);
        let unit = (quantile_sorted(&usual, RARE) - middle).max(LEAST.0 * (high - low)).max(LEAST.1);
        let part = if entry.family == Family::Prediction { FORECAST } else { 1.0 };
        Ok(Member { name: entry.name, fitted, middle, unit: unit / part })
    }

    fn calibrated(&self, score: f64) -> f64 {
        ((score - self.middle) / self.unit).max(0.0)
    }
}

struct Ensemble {
    members: Arc<[Member]>,
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

    fn members(&self) -> Vec<&'static str> {
        self.members.iter().map(|m| m.name).collect()
    }
}

impl Ensemble {
    fn live(&self) -> Live {
        let voices = self.members.iter().map(|m| Voice::new(streaming::online(&m.fitted))).collect();
        Live { members: Arc::clone(&self.members), voices, origin: 0 }
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
                let own = member.calibrated(*score);
                // The larger, or the one that is a number.
                if largest.is_nan() || own > *largest {
                    (*largest, *by) = (own, place);
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

/// The members that suit a series.
fn suited(setup: &Setup) -> Vec<&'static str> {
    match setup.period {
        Some(_) => vec!["subsequence", "lof", "holt-winters"],
        None => vec!["subsequence", "lof", "arima"],
    }
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    static ENTRIES: [Entry; 8] = MEMBERS;
    let params: Params = setup.params()?;
    let names = params.members.unwrap_or_else(|| suited(setup).into_iter().map(str::to_string).collect());
    if names.is_empty() {
        return Err(Error::param("members", "must name at least one detector"));
    }
    let plain = Setup { params: serde_json::Value::Null, ..setup.clone() };
    let member = |name: &String| {
        let known = || ENTRIES.iter().map(|e| e.name).collect::<Vec<_>>().join(", ");
        let unknown = || Error::param("members", format!("\"{name}\" cannot be one; these can: {}", known()));
        let entry = ENTRIES.iter().find(|e| e.name == name).ok_or_else(unknown)?;
        Ok((entry, (entry.build)(&plain)?))
    };
    Ok(Box::new(Auto { members: names.iter().map(member).collect::<Result<_>>()? }))
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
