//! The cycles of a series, one after the other as they come.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cycles::{Cycle, Levels, cut, lag, phase};
use super::yardstick::Yardstick;
use super::{LEAST_USUAL, Learnt};
use crate::detect::prediction::Usual;
use crate::detect::{StreamingDetector, Tail};
use crate::error::Result;
use crate::math::functional::median_curve;
use crate::score::Scores;

/// The one walk along a series, for batch and live.
#[derive(Clone)]
pub struct Live {
    learnt: Arc<Learnt>,
    /// Values from index `origin` on.
    kept: Vec<f64>,
    origin: usize,
    /// Length of the beginning that the series shares with the training stretch, bit for bit.
    shared: usize,
    /// Points before this one have their final scores.
    settled: usize,
    /// The size of scores before they are divided by it.
    pub usual: Usual,
    /// From the moment that the first cycle is in.
    open: Option<Open>,
    /// Final scores from index `told` on: they are given again until all that they may look at is there.
    done: Column,
    told: usize,
}

/// The cycle that is coming in, and what it will be compared with.
#[derive(Clone)]
struct Open {
    /// Where it begins unless it comes early or late.
    start: usize,
    level: f64,
    levels: Levels,
    ring: VecDeque<Cycle>,
    yardstick: Yardstick,
    /// Place of the cycle that the yardstick leaves out.
    without: Option<usize>,
}

impl Open {
    /// What the boxplot says of the value `x` at point `t`.
    fn score(&self, t: usize, x: f64) -> f64 {
        self.yardstick.distance(t, x - self.level)
    }
}

impl Live {
    /// At the start of a series.
    pub fn new(learnt: &Arc<Learnt>) -> Live {
        let (learnt, usual) = (Arc::clone(learnt), learnt.usual);
        Live {
            learnt,
            kept: Vec::new(),
            origin: 0,
            shared: 0,
            settled: 0,
            usual,
            open: None,
            done: Column::default(),
            told: 0,
        }
    }

    fn seen(&self) -> usize {
        self.origin + self.kept.len()
    }

    /// The first cycle of the series: where in the training cycles it begins decides how those are cut.
    fn begin(&self) -> Open {
        let learnt = &*self.learnt;
        let first = &self.kept[..learnt.points];
        let phase = if self.shared >= learnt.points || learnt.shift == 0 {
            0
        } else {
            phase(first, &median_curve(learnt.cycles.iter().map(|c| &c.curve)))
        };
        let cycles = if phase == 0 {
            learnt.cycles.clone()
        } else {
            cut(&learnt.train, phase, learnt.points, learnt.shift, learnt.most).0
        };
        let levels = Levels::default();
        let ring = VecDeque::from(cycles);
        let (yardstick, without) = self.yardstick(&ring, 0);
        Open { start: 0, level: levels.next(first), levels, ring, yardstick, without }
    }

    /// The yardstick for the cycle that begins at `start`. As long as the series is the training stretch, that
    /// cycle is not compared with itself: its place is given back.
    fn yardstick(&self, ring: &VecDeque<Cycle>, start: usize) -> (Yardstick, Option<usize>) {
        let without = self.itself(ring, start);
        let others = ring.iter().filter(|c| without.is_none() || c.place != without);
        let curves: Vec<Vec<f64>> = others.map(|c| c.curve.clone()).collect();
        (Yardstick::of(&curves, &self.learnt.rules), without)
    }

    fn itself(&self, ring: &VecDeque<Cycle>, start: usize) -> Option<usize> {
        if self.shared < start.max(self.learnt.points) {
            return None;
        }
        ring.iter().filter_map(|c| c.place).find(|place| place.abs_diff(start) < self.learnt.points / 2)
    }

    /// Judges the open cycle if it is complete and opens the next one.
    fn close(&mut self, scores: &mut Column) -> bool {
        let (points, shift) = (self.learnt.points, self.learnt.shift);
        let seen = self.seen();
        let Some(mut open) = self.open.take() else {
            if seen >= points {
                self.open = Some(self.begin());
            }
            return seen >= points;
        };
        // The first cycle stands where it stands.
        let reach = if open.start == 0 { 0 } else { shift };
        if seen < open.start + points + reach {
            self.open = Some(open);
            return false;
        }
        let nominal = open.start - self.origin;
        let moved =
            if reach > 0 { lag(&self.kept, nominal, &open.yardstick.center, reach, reach) } else { 0 };
        let start = open.start.saturating_add_signed(moved);
        let values = &self.kept[start - self.origin..][..points];
        let curve: Vec<f64> = values.iter().map(|x| x - open.level).collect();
        let rest = open.yardstick.rest(&curve);
        let usual = self.usual;
        for i in self.settled..start + points {
            // Points between two cycles are judged as the first of the later one.
            let t = i.saturating_sub(start);
            let score = open.score(t, self.kept[i - self.origin]).max(if i < start { 0.0 } else { rest[t] });
            self.usual.add(score, LEAST_USUAL);
            scores.push(&open, t, score / usual.square.sqrt().max(LEAST_USUAL));
        }
        self.settled = start + points;
        open.levels.push(values);
        // The training cycles are known already.
        let known = self.shared >= start + points && start + points <= self.learnt.train.len();
        if !known {
            open.ring.push_back(Cycle { place: None, curve });
            if open.ring.len() > self.learnt.most {
                open.ring.pop_front();
            }
        }
        open.start = start + points;
        open.level = open.levels.next(&[]);
        if !known || open.without.is_some() || self.itself(&open.ring, open.start).is_some() {
            (open.yardstick, open.without) = self.yardstick(&open.ring, open.start);
        }
        let needed = open.start.saturating_sub(shift).min(self.settled);
        self.kept.drain(..needed - self.origin);
        self.origin = needed;
        self.open = Some(open);
        true
    }
}

impl StreamingDetector for Live {
    fn push(&mut self, values: &[f64]) -> Result<Tail> {
        let start = self.told;
        let mut scores = std::mem::take(&mut self.done);
        // Value by value, so that a cycle is judged by what is known when its last point comes, in any chunks.
        for value in values {
            let index = self.seen();
            let same = |known: &f64| known.to_bits() == value.to_bits();
            if self.shared == index && self.learnt.train.get(index).is_some_and(same) {
                self.shared += 1;
            }
            self.kept.push(*value);
            while self.close(&mut scores) {}
        }
        let points = self.learnt.points;
        let after = points - 1 + 2 * self.learnt.shift;
        self.told = self.settled.min(self.seen().saturating_sub(after)).max(start);
        self.done = scores.from(self.told - start);
        for i in self.settled..self.seen() {
            match &self.open {
                // Until the cycle is complete, by the boxplot alone.
                Some(open) => {
                    let t = i.saturating_sub(open.start) % points;
                    let score = open.score(t, self.kept[i - self.origin]);
                    scores.push(open, t, score / self.usual.square.sqrt().max(LEAST_USUAL));
                }
                None => scores.nothing(),
            }
        }
        let Column { value, expected, band } = scores;
        let scores = Scores { expected: Some(expected), band: Some(band), ..Scores::of(value) };
        Ok(Tail { start, settled: self.told, scores })
    }
}

/// Scores on their way out.
#[derive(Clone, Default)]
struct Column {
    value: Vec<f64>,
    expected: Vec<f64>,
    band: Vec<f64>,
}

impl Column {
    /// A score at point `t` of the open cycle.
    fn push(&mut self, open: &Open, t: usize, score: f64) {
        self.value.push(score);
        self.expected.push(open.level + open.yardstick.center[t]);
        self.band.push(open.yardstick.band(t));
    }

    /// The scores from this one on.
    fn from(&self, first: usize) -> Column {
        let cut = |column: &[f64]| column[first..].to_vec();
        Column { value: cut(&self.value), expected: cut(&self.expected), band: cut(&self.band) }
    }

    fn nothing(&mut self) {
        for column in [&mut self.value, &mut self.expected, &mut self.band] {
            column.push(f64::NAN);
        }
    }
}
