//! Hierarchical temporal memory: strange is what the sequence learnt so far did not predict.
//!
//! Each value (and its time of day) becomes a sparse code, a spatial pooler turns it into active columns, and a
//! temporal memory predicts the next ones. The raw score is the part of the active columns that was not
//! predicted; the score is the rarity of its recent mean against its past, `log10(1 / 2P)` to the power 0.8, so
//! 0 is an even chance and 2.4 one in two thousand. A value outside the range seen so far is strange at once
//! (spatial tolerance), the stranger the farther: a rarity of 8 for 5 % of that range, 3 more for ten times as far,
//! so that a record by a hair counts for little. The memory goes on learning while it scores.
//!
//! Source: Ahmad, Lavin, Purdy and Agha, "Unsupervised real-time anomaly detection for streaming data",
//! Neurocomputing 2017; parameters and likelihood of its public implementation, with 1024 columns of 16 cells and a
//! short window of 15 points, which scores 3 more on NAB than its 10. The likelihood as the paper writes it scores 10
//! less there.
//!
//! Cost: 1e5 operations a point at first, and more the more sequences the memory holds, since each of them is
//! looked up in every step: of the classical detectors the slowest, on 100,000 points several times what its start
//! promises. Memory is bounded at four segments a cell, about 20 MB. Limits: needs some hundred points before its
//! predictions mean anything, and finds changes of course rather than of shape.

mod encoder;
mod likelihood;
mod memory;
mod pooler;

use std::sync::Arc;

use crate::detect::{Detector, Entry, Family, Fitted, Reach, Setup, StreamingDetector, Tail};
use crate::error::{Error, Result};
use crate::math::stats;
use crate::score::Scores;
use crate::score::rarity::Rarity;
use crate::settings::{Setting, settings};
use encoder::Encoder;
pub use likelihood::Form;
use likelihood::{Likelihood, rarity};
use memory::Memory;
use pooler::Pooler;

/// Points needed to learn the range of values.
const NEEDED: usize = 20;
/// Buckets of the code over the range of ordinary training values, padded by a fifth on each side: NuPIC's 130 are
/// over the range of the whole series, of which that is about half.
const BUCKETS: f64 = 60.0;
const PADDING: f64 = 1.4;
/// The score of a value this part of the seen range outside it, and what ten times as far adds. On NAB this gives
/// 2 more than one fixed score for all of them, with any resolution or seed.
const TOLERANCE: f64 = 0.05;
const OUTSIDE: f64 = 8.0;
const TENFOLD: f64 = 3.0;
/// The means of surprises that follow each other vary more than independent ones would, so that on white noise the
/// rarities themselves are over the budget of alarms: they are raised to a power, and still count for less than they
/// say.
const SCALE: Rarity = Rarity { unit: 1.5, power: 0.8 };
/// No scores for this part of the calibration, up to a limit; surprises of its first half are forgotten.
const PROBATION: f64 = 0.15;
const LONGEST_PROBATION: usize = 750;

/// Parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Columns of the memory, at least 64; one in fifty is active.
    pub columns: usize,
    /// Cells in each column.
    pub cells: usize,
    /// How surprises become a probability.
    pub likelihood: Form,
    /// Points of the long window of the likelihood.
    pub long: usize,
    /// Points of its short window.
    pub short: usize,
    /// Seed of the codes and the first synapses.
    pub seed: u64,
}
settings!(Params { columns, cells, likelihood, long, short, seed });

impl Default for Params {
    fn default() -> Self {
        Params { columns: 1024, cells: 16, likelihood: Form::Published, long: 8640, short: 15, seed: 1956 }
    }
}

impl Params {
    fn check(&self) -> Result<()> {
        if !(64..=8192).contains(&self.columns) {
            return Err(Error::param("columns", "must be from 64 to 8192"));
        }
        if !(1..=64).contains(&self.cells) {
            return Err(Error::param("cells", "must be from 1 to 64"));
        }
        if self.short == 0 || self.long <= self.short {
            return Err(Error::param("long", "must be above short, and short at least 1"));
        }
        Ok(())
    }
}

struct Htm {
    params: Params,
    day: Option<usize>,
}

/// The range of values, from which the resolution of the codes follows; the memory itself starts blank.
struct Learnt {
    params: Params,
    day: Option<usize>,
    resolution: f64,
    /// Points of the training stretch, and how many of them are not scored.
    known: usize,
    probation: usize,
}

/// A memory that learns as it goes.
#[derive(Clone)]
struct Online {
    encoder: Encoder,
    pooler: Pooler,
    memory: Memory,
    likelihood: Likelihood,
    probation: usize,
    seen: usize,
    low: f64,
    high: f64,
}

impl Detector for Htm {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        if train.len() < NEEDED {
            return Err(Error::TooShort { needed: NEEDED, got: train.len() });
        }
        let range = stats::quantile(train, 0.995) - stats::quantile(train, 0.005);
        Ok(Arc::new(Learnt {
            params: self.params.clone(),
            day: self.day,
            resolution: (range * PADDING / BUCKETS).max(1e-3),
            known: train.len(),
            probation: LONGEST_PROBATION.min((PROBATION * train.len() as f64) as usize),
        }))
    }
}

impl Fitted for Learnt {
    fn reach(&self) -> Reach {
        Reach::recursive()
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        Ok(self.begin().push(values)?.scores)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        Some(Box::new(self.begin()))
    }

    fn rarity(&self) -> Option<Rarity> {
        Some(SCALE)
    }
}

impl Learnt {
    fn begin(&self) -> Online {
        let Params { columns, cells, likelihood, long, short, seed } = self.params;
        let encoder = Encoder::new(self.resolution, seed, self.day);
        let winners = (columns / 50).max(1);
        // The published numbers are for 40 active columns; thresholds follow the number here.
        let share = |of_forty: usize| (of_forty * winners).div_ceil(40);
        let pooling = pooler::Rates { connected: 0.2, increment: 0.003, decrement: 0.0005, winners };
        let memory = memory::Rates {
            cells_per_column: cells,
            activation: share(20) as u32,
            matching: share(13) as u32,
            growth: share(31),
            initial: 0.24,
            connected: 0.5,
            increment: 0.04,
            decrement: 0.008,
            punishment: 0.001,
            segments_per_cell: 4,
            synapses_per_segment: 2 * share(31),
        };
        Online {
            pooler: Pooler::new(encoder.width(), columns, 0.8, pooling, seed),
            encoder,
            memory: Memory::new(columns, memory),
            likelihood: Likelihood::new(likelihood, long, short, self.known),
            probation: self.probation,
            seen: 0,
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
        }
    }
}

impl Online {
    fn observe(&mut self, value: f64) -> f64 {
        let columns = self.pooler.step(&self.encoder.bits(value, self.seen));
        let raw = self.memory.step(&columns);
        // At first everything is news.
        let chance = if self.seen < self.probation / 2 { 0.5 } else { self.likelihood.push(raw) };
        let range = self.high - self.low;
        let outside = (self.low - value).max(value - self.high);
        (self.low, self.high) = (self.low.min(value), self.high.max(value));
        self.seen += 1;
        if self.seen <= self.probation || chance.is_nan() {
            f64::NAN
        } else if self.low == self.high {
            // Nothing has differed yet.
            0.0
        } else if range > 0.0 && outside > 0.0 {
            let far = (outside / (TOLERANCE * range)).min(1e6);
            damped((OUTSIDE + TENFOLD * far.log10()).max(rarity(chance)))
        } else {
            damped(rarity(chance))
        }
    }
}

/// A rarity as a score.
fn damped(rarity: f64) -> f64 {
    rarity.signum() * rarity.abs().powf(SCALE.power)
}

impl StreamingDetector for Online {
    fn push(&mut self, values: &[f64]) -> Result<Tail> {
        let start = self.seen;
        let scores = values.iter().map(|v| self.observe(*v)).collect();
        Ok(Tail { start, settled: self.seen, scores: Scores::of(scores) })
    }
}

/// The detector's row.
pub const ENTRY: Entry = Entry {
    name: "htm",
    family: Family::Prediction,
    pretrained: false,
    summary: "Sequences that have not been seen before, learnt as they come",
    source: "Ahmad, Lavin, Purdy and Agha (2017), Unsupervised real-time anomaly detection for streaming data",
    defaults: || Params::default().value(),
    build: |setup: &Setup| {
        let params: Params = setup.params()?;
        params.check()?;
        Ok(Box::new(Htm { params, day: setup.day }))
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_that_repeats_becomes_ordinary_and_its_break_strange() {
        let values: Vec<f64> = (0..1500).map(|i| [0.0, 0.3, -0.4, 0.8, -0.9][i % 5]).collect();
        let mut broken = values.clone();
        broken[1400..1408].reverse();
        let fitted = Htm { params: Params::default(), day: None }.fit(&values[..600]).unwrap();
        let scores = fitted.score(&broken).unwrap().value;
        let before = scores[1200..1400].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let after = scores[1400..1412].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // What is foreseen wholly lies below the least mean, which counts a little as well.
        assert!(before < 1.2 && after > 4.0, "{before} {after}");
    }

    #[test]
    fn a_value_outside_the_seen_range_is_strange_at_once() {
        let mut values: Vec<f64> = (0..400).map(|i| (f64::from(i) * 0.3).sin()).collect();
        values[300] = 1.3;
        let fitted = Htm { params: Params::default(), day: None }.fit(&values[..200]).unwrap();
        let scores = fitted.score(&values).unwrap().value;
        // 1.3 lies 15 % of the range above it, three times the tolerance.
        let want = damped(OUTSIDE + TENFOLD * 3f64.log10());
        assert!((scores[300] - want).abs() < 0.05, "{}", scores[300]);
        assert!(scores[299] < damped(OUTSIDE));
        // 15 surprises are forgotten, and 60 more waited for.
        assert!(scores[..75].iter().all(|s| s.is_nan()) && scores[75].is_finite());
    }
}
