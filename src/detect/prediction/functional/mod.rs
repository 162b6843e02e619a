//! Functional data analysis: a cycle is a curve; strange is where it leaves the others or has another shape.
//!
//! The series is cut into cycles of one period. From each the level is taken that the cycles before it lead to
//! expect, the median of the last three of theirs: that follows a trend, and yet shows a whole cycle that is too
//! high. A cycle that comes up to a tenth of a period early or late is moved to where it fits. What remains is
//! measured in two ways, and the larger counts:
//!
//! - by the functional boxplot of the last cycles: distance from the median curve, in half widths of the central
//!   region (the deeper half of the curves, by modified band depth unless asked otherwise), so the fences lie at
//!   `1 + 2 * factor`;
//! - by functional principal components, learnt on the curves that the boxplot does not flag: what they leave of
//!   the curve at each point, in deviations of what they leave of ordinary ones.
//!
//! Where that is more than one in the root mean square over the series so far, it is divided by it, which makes
//! the scores of different series comparable.
//!
//! Sources: Sun and Genton (2011), "Functional Boxplots"; López-Pintado and Romo (2009), "On the Concept of Depth
//! for Functional Data"; Ramsay and Silverman (2005), "Functional Data Analysis".
//!
//! Live, a point first has the score of the boxplot; once its cycle is complete it has its final one. Cost for n
//! curves of m points: O(m) a push within a cycle; on a completed one O(n m (n + log n) + n³), so about n²
//! a point. Limits: it needs cycles. Without a period, or with fewer than four to learn from, the curves are
//! stretches of 32 points, and only the level and the spread of values count.

mod cycles;
mod live;
mod yardstick;

use std::sync::Arc;

use super::{Usual, floor};
use crate::detect::{Detector, Entry, Family, Fitted, Reach, Setup, StreamingDetector};
use crate::error::{Error, Result};
use crate::math::functional::Depth;
use crate::score::Scores;
use crate::settings::{Setting, settings};
use cycles::{Cycle, cut};
use live::Live;
use yardstick::Rules;

/// Points of a curve where the series has no period.
const WITHOUT_PERIOD: usize = 32;
/// Fewest points of a curve that is not asked for by name.
const SHORTEST: usize = 8;
/// Cycles needed to learn from.
const NEEDED: usize = 4;
/// Scores are not divided by less: about the root mean square where cycles differ by normal noise.
const LEAST_USUAL: f64 = 1.0;

/// Parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Points of a cycle, at least 4; by default one period.
    pub cycle: Option<usize>,
    /// The last so many cycles are remembered, at least 4.
    pub curves: usize,
    /// What orders the curves from the deepest outwards.
    pub depth: Depth,
    /// Widths of the central region from its edge to the fence, above 0 (Sun and Genton: 1.5).
    pub factor: f64,
    /// Part of the variance of the curves that the components explain, 0 to 1.
    pub explained: f64,
    /// How far a cycle may come early or late, as a part of it, 0 to 0.5.
    pub shift: f64,
}
settings!(Params { cycle, curves, depth, factor, explained, shift });

impl Default for Params {
    fn default() -> Params {
        Params {
            cycle: None,
            curves: 30,
            depth: Depth::ModifiedBand,
            factor: 1.5,
            explained: 0.95,
            shift: 0.1,
        }
    }
}

impl Params {
    fn check(&self) -> Result<()> {
        if self.cycle.is_some_and(|m| m < 4) {
            return Err(Error::param("cycle", "must be at least 4 points, or null for one period"));
        }
        if !(NEEDED..=1000).contains(&self.curves) {
            return Err(Error::param("curves", format!("must be from {NEEDED} to 1000")));
        }
        if !(self.factor.is_finite() && self.factor > 0.0) {
            return Err(Error::param("factor", "must be above 0"));
        }
        for (name, part, most) in [("explained", self.explained, 1.0), ("shift", self.shift, 0.5)] {
            if !(0.0..=most).contains(&part) {
                return Err(Error::param(name, format!("must be from 0 to {most}")));
            }
        }
        Ok(())
    }
}

struct Functional {
    params: Params,
    period: Option<usize>,
}

impl Detector for Functional {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let p = &self.params;
        let n = train.len();
        let cyclic = p.cycle.or(self.period.filter(|m| *m >= 4 && n >= NEEDED * m));
        let points = cyclic.unwrap_or_else(|| WITHOUT_PERIOD.min(n / NEEDED).max(SHORTEST));
        if n < NEEDED * points {
            return Err(Error::TooShort { needed: NEEDED * points, got: n });
        }
        let shift = if cyclic.is_some() { (p.shift * points as f64) as usize } else { 0 };
        let rules = Rules { depth: p.depth, factor: p.factor, explained: p.explained, floor: floor(train) };
        let (cycles, _) = cut(train, 0, points, shift, p.curves);
        let usual = Usual { square: 0.0, count: 0.0 };
        let learnt = Learnt { train: train.to_vec(), points, shift, most: p.curves, rules, cycles, usual };
        let mut live = Live::new(&Arc::new(learnt.clone()));
        live.push(train)?;
        Ok(Arc::new(Fit(Arc::new(Learnt { usual: live.usual, ..learnt }))))
    }
}

/// The training stretch and its last cycles.
#[derive(Clone)]
struct Learnt {
    train: Vec<f64>,
    /// Points of a cycle, and how many it may come early or late.
    points: usize,
    shift: usize,
    /// Cycles remembered.
    most: usize,
    rules: Rules,
    cycles: Vec<Cycle>,
    usual: Usual,
}

struct Fit(Arc<Learnt>);

impl Fitted for Fit {
    fn reach(&self) -> Reach {
        // A cycle is final when the place of the next one is known.
        Reach { before: Reach::ALL, after: self.0.points - 1 + 2 * self.0.shift, grain: 1 }
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        Ok(Live::new(&self.0).push(values)?.scores)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        Some(Box::new(Live::new(&self.0)))
    }
}

/// The registry's row.
pub const ENTRY: Entry = Entry {
    name: "functional",
    family: Family::Prediction,
    pretrained: false,
    summary: "Cycles that leave the bundle of the others, or have another shape",
    source: "Sun and Genton (2011), Functional Boxplots",
    defaults: || Params::default().value(),
    build: |setup: &Setup| {
        let params: Params = setup.params()?;
        params.check()?;
        Ok(Box::new(Functional { params, period: setup.period }))
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Random;
    use std::f64::consts::TAU;

    const M: usize = 40;

    /// Cycles of [`M`] points whose amplitude and level vary a little, and noise.
    fn bundle(cycles: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..cycles)
            .flat_map(|_| {
                let (size, level) = (1.0 + 0.1 * random.normal(), 0.1 * random.normal());
                (0..M)
                    .map(|t| level + size * (TAU * t as f64 / M as f64).sin() + 0.02 * random.normal())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn fit(period: Option<usize>, train: &[f64]) -> Arc<dyn Fitted> {
        Functional { params: Params::default(), period }.fit(train).unwrap()
    }

    fn most(scores: &[f64]) -> f64 {
        scores.iter().copied().filter(|s| s.is_finite()).fold(0.0, f64::max)
    }

    #[test]
    fn a_cycle_that_is_too_high_and_one_of_another_shape_stand_out() {
        let mut x = bundle(60, 1);
        x[M * 40..M * 41].iter_mut().for_each(|v| *v += 1.0);
        // Within the bundle at each point, but of three waves where the others have one.
        for t in 0..M {
            x[M * 50 + t] += 0.12 * (3.0 * TAU * t as f64 / M as f64).sin();
        }
        let scores = fit(Some(M), &x[..M * 35]).score(&x).unwrap().value;
        let cycle = |k: usize| most(&scores[M * k..M * (k + 1)]);
        let usual = (0..60).filter(|k| ![40, 41, 42, 50].contains(k)).map(cycle).fold(0.0, f64::max);
        assert!(cycle(40) > 1.3 * usual && cycle(50) > 1.3 * usual, "{} {} {usual}", cycle(40), cycle(50));
    }

    #[test]
    fn cycles_that_come_late_and_a_start_in_their_middle_are_ordinary() {
        let even = bundle(60, 2);
        let usual = most(&fit(Some(M), &even).score(&even).unwrap().value);
        // Every fifth cycle has a pause of three points after it.
        let late: Vec<f64> = even
            .chunks(5 * M)
            .flat_map(|five| five.iter().chain(std::iter::repeat_n(&five[0], 3)).copied().collect::<Vec<_>>())
            .collect();
        let scores = fit(Some(M), &late).score(&late).unwrap().value;
        assert!(most(&scores) < 1.5 * usual, "{} {usual}", most(&scores));
        let scores = fit(Some(M), &even).score(&even[17..]).unwrap().value;
        assert!(most(&scores) < 1.5 * usual, "{} {usual}", most(&scores));
    }

    #[test]
    fn a_cycle_has_the_boxplots_scores_until_it_is_complete() {
        let x = bundle(30, 3);
        let mut live = fit(Some(M), &x[..M * 20]).online().unwrap();
        let tail = live.push(&x[..M - 1]).unwrap();
        assert!(tail.scores.value.iter().all(|s| s.is_nan()));
        let tail = live.push(&x[M - 1..M + 9]).unwrap();
        // Told to be final once all that its reach names is there: a cycle and a shift to both sides.
        let after = M - 1 + 2 * 4;
        assert_eq!((tail.start, tail.settled, tail.scores.value.len()), (0, M + 9 - after, M + 9));
        let first = tail.scores.value[20..M].to_vec();
        let tail = live.push(&x[M + 9..2 * M + 4]).unwrap();
        assert_eq!((tail.start, tail.settled), (M + 9 - after, 2 * M + 4 - after));
        assert_eq!(tail.scores.value[18..M - 2], first);
    }

    #[test]
    fn without_a_period_levels_and_spikes_are_judged() {
        let mut random = Random::new(4);
        let mut x: Vec<f64> = (0..2000).map(|_| random.normal()).collect();
        x[1500] += 12.0;
        let fitted = fit(None, &x[..1000]);
        let scores = fitted.score(&x).unwrap().value;
        assert_eq!((0..2000).max_by(|a, b| scores[*a].total_cmp(&scores[*b])), Some(1500));
        assert_eq!(fitted.reach().after, WITHOUT_PERIOD - 1);
        // Fewer than four periods are no more than none.
        assert_eq!(fit(Some(300), &x[..1000]).reach().after, WITHOUT_PERIOD - 1);
        let short = Functional { params: Params::default(), period: None }.fit(&x[..31]).err();
        assert_eq!(short, Some(Error::TooShort { needed: 32, got: 31 }));
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        for wrong in [
            serde_json::json!({ "cycle": 3 }),
            serde_json::json!({ "curves": 3 }),
            serde_json::json!({ "factor": 0 }),
            serde_json::json!({ "explained": 1.5 }),
            serde_json::json!({ "shift": 0.6 }),
        ] {
            let said = (ENTRY.build)(&Setup { params: wrong.clone(), ..Setup::default() }).err();
            assert!(matches!(said, Some(Error::Param { .. })), "{wrong}: {said:?}");
        }
    }
}
