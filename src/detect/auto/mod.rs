//! The default: several detectors that see different things, each measured by its own usual scores; the largest counts.
//!
//! Every score becomes a rarity (see [`crate::score::rarity`]), and a point gets the largest. HTM's scores are
//! rarities by themselves. The others are judged together: a score `s` becomes `(s - m) / u`, where `m` is the median
//! of the member's scores over the training stretch and `u` the distance from there to their 99 % quantile, so that 1
//! is rare for each of them; and the largest of these has the rarity that the tail of its own usual values gives it.
//! Beside HTM that rarity counts by a part, and in full only where it is news.
//!
//! The members follow what the series shows. Where values stay the same for long, windows are compared, and HTM hears
//! what breaks the order of values. Where a period has come often, windows have shapes to be compared, in three ways,
//! one of them a quarter of a period long. All else is judged by HTM, and by windows unlike any before, of the past of
//! the series as well, so that what has become usual is no news. A forecaster says what it expects and does not judge:
//! its errors have the heaviest tails of all. A pretrained net is no member; it has HTM beside it in the same way
//! ([`Accompanied`]).
//!
//! Source: Aggarwal and Sathe (2017), "Outlier Ensembles" (normalised scores, maximum). Cost: the sum of its members'.
//! Limit: what a member alone would see clearly has to stand out from the largest of all usual scores.

mod beside;
mod choice;
mod live;
mod voting;

use std::sync::Arc;

pub use beside::Accompanied;

use super::prediction::{arima, functional, holt_winters, htm};
use super::similarity::{discord, knn, lof, subsequence};
use super::{Detector, Entry, Family, Fitted, Setup};
use crate::error::{Error, Result};
use crate::settings::{Setting, settings};
use choice::{FORECASTER, suited};
use voting::Ensemble;

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

/// Parameters of [`ENTRY`].
#[derive(Debug, Clone, Default)]
pub struct Params {
    /// Names of the detectors that are asked; by default those that suit the series.
    pub members: Option<Vec<String>>,
}
settings!(Params { members });

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
        for (name, judges) in self.wanted(train) {
            let Some((entry, detector)) = self.ready.iter().find(|(entry, _)| entry.name == name) else {
                continue;
            };
            match detector.fit(train) {
                Ok(fitted) => found.push((entry.name, judges, fitted)),
                // What is too short for one may be enough for another.
                Err(error @ Error::TooShort { .. }) => short = Some(least(short, error)),
                Err(error) => return Err(error),
            }
        }
        match short {
            Some(error) if found.iter().all(|(_, judges, _)| !judges) => Err(error),
            _ => Ok(Arc::new(Ensemble::measured(found, train)?)),
        }
    }
}

impl Auto {
    /// The names of the members for a series that begins so, and whether each judges.
    fn wanted(&self, train: &[f64]) -> Vec<(&str, bool)> {
        if let Some(names) = &self.asked {
            return names.iter().map(|name| (name.as_str(), true)).collect();
        }
        let judges = suited(self.period, train).iter().map(|name| (*name, true));
        judges.chain([(FORECASTER, false)]).collect()
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
            serde_json::json!({ "periods": 0.25, "past": 1024 })
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
    defaults: || Params::default().value(),
    build,
};
