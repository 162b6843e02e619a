//! The members side by side along a series.

use std::sync::Arc;

use super::voting::{MEMORY, Member, Shared};
use crate::detect::{StreamingDetector, Tail, streaming};
use crate::error::Result;
use crate::score::Scores;

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

/// All of them.
#[derive(Clone)]
pub(super) struct Live {
    members: Arc<[Member]>,
    shared: Shared,
    voices: Vec<Voice>,
    /// Index of the first score that is kept.
    origin: usize,
    /// What those that are judged together said of the last points before it.
    before: Vec<f64>,
}

impl Live {
    /// At the start of a series.
    pub fn new(members: Arc<[Member]>, shared: Shared) -> Live {
        let voices = members.iter().map(|m| Voice::new(streaming::online(&m.fitted))).collect();
        Live { members, shared, voices, origin: 0, before: Vec::new() }
    }
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
        let said = |row: usize| {
            self.members.iter().zip(&self.voices).map(move |(m, v)| (&m.voting, v.said.value[row]))
        };
        let kept = self.before.len();
        let mut together = std::mem::take(&mut self.before);
        let (mut value, mut by) = (Vec::with_capacity(count - from), Vec::with_capacity(count - from));
        for row in 0..count {
            let verdict = self.shared.together(said(row));
            if row >= from {
                let before = &together[(kept + row).saturating_sub(MEMORY)..];
                let all = self.shared.all(verdict, before, said(row));
                value.push(all.rarity);
                by.push(all.place);
            }
            together.push(verdict.rarity);
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
        together.truncate(kept + drop);
        self.before = together.split_off((kept + drop).saturating_sub(MEMORY));
        Ok(Tail { start, settled, scores })
    }
}
