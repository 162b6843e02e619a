//! How unlikely the latest surprises are, given those of the longer past.

use std::collections::VecDeque;

use crate::math::special::normal_tail;
use crate::math::stats;
use crate::settings::choices;

/// Floors of mean and variance of the past: a memory that predicted everything must not make any blip a
/// certainty (NuPIC).
const LEAST_MEAN: f64 = 0.03;
const LEAST_VARIANCE: f64 = 0.0003;
/// Values kept between exact sums: bounds the rounding of the running ones.
const RESUM: u64 = 1024;
/// What the public implementations divide by for √2.
#[expect(clippy::approx_constant, reason = "the reference values are made with it")]
const ROOT_TWO: f64 = 1.4142;
/// The published form calls a probability red from here down; red after red counts as [`YELLOW`].
const RED: f64 = 1e-5;
const YELLOW: f64 = 1e-3;

/// The forms in which surprises are turned into a probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The mean of a short window against mean and deviation of a long one, both rolling, upwards only (Ahmad,
    /// Lavin, Purdy and Agha, Neurocomputing 2017).
    Rolling,
    /// As NuPIC has it: mean and deviation of the long window are taken anew now and then, a mean that is too low
    /// counts like one that is too high, and a second alarm in a row is damped.
    Published,
    /// As htm.core has it: mean and variance that decay, of a time of the short window, and two points together.
    Decaying,
}
choices!(Form { Rolling = "rolling", Published = "published", Decaying = "decaying" });

/// Any of the forms, as it goes.
#[derive(Debug, Clone)]
pub(super) enum Likelihood {
    Rolling(Rolling),
    Published(Published),
    Decaying(Decaying),
}

impl Likelihood {
    /// Windows of `long` and `short` points, both with the present one; `known` points come before the first that is
    /// judged.
    pub(super) fn new(form: Form, long: usize, short: usize, known: usize) -> Likelihood {
        match form {
            Form::Rolling => Likelihood::Rolling(Rolling::new(long, short)),
            Form::Published => Likelihood::Published(Published::new(Pace::within(known, long, short))),
            Form::Decaying => Likelihood::Decaying(Decaying::new(short)),
        }
    }

    /// Takes the next raw score and returns how probable it is to be so high by chance; 0.5 is an even chance, NaN
    /// that too little is known to say.
    pub(super) fn push(&mut self, raw: f64) -> f64 {
        match self {
            Likelihood::Rolling(form) => form.push(raw),
            Likelihood::Published(form) => form.push(raw),
            Likelihood::Decaying(form) => form.push(raw),
        }
    }
}

/// [`Form::Rolling`].
#[derive(Debug, Clone)]
pub(super) struct Rolling {
    long: usize,
    short: usize,
    past: VecDeque<f64>,
    sum: f64,
    squares: f64,
    seen: u64,
}

impl Rolling {
    fn new(long: usize, short: usize) -> Rolling {
        Rolling { long, short, past: VecDeque::new(), sum: 0.0, squares: 0.0, seen: 0 }
    }

    fn push(&mut self, raw: f64) -> f64 {
        self.past.push_back(raw);
        (self.sum, self.squares) = (self.sum + raw, self.squares + raw * raw);
        if self.past.len() > self.long
            && let Some(old) = self.past.pop_front()
        {
            (self.sum, self.squares) = (self.sum - old, self.squares - old * old);
        }
        self.seen += 1;
        if self.seen.is_multiple_of(RESUM) {
            self.sum = self.past.iter().sum();
            self.squares = self.past.iter().map(|v| v * v).sum();
        }
        let n = self.past.len() as f64;
        let mean = self.sum / n;
        let deviation = (self.squares / n - mean * mean).max(LEAST_VARIANCE).sqrt();
        let recent = self.past.iter().rev().take(self.short);
        let count = self.past.len().min(self.short) as f64;
        normal_tail((recent.sum::<f64>() / count - mean.max(LEAST_MEAN)) / deviation)
    }
}

/// Sizes of [`Form::Published`], in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Surprises remembered.
    long: usize,
    /// Surprises in a mean.
    short: usize,
    /// First means that are never counted, and more that are waited for.
    learning: usize,
    waiting: usize,
    /// Points between estimates.
    every: usize,
}

impl Pace {
    /// The published sizes, or shorter ones where so few points are `known` that most of them would go unjudged.
    fn within(known: usize, long: usize, short: usize) -> Pace {
        Pace { long, short, learning: (known / 5).min(288), waiting: (known / 10).min(100), every: 100 }
    }
}

/// [`Form::Published`].
#[derive(Debug, Clone)]
pub(super) struct Published {
    pace: Pace,
    past: VecDeque<f64>,
    seen: usize,
    /// Mean and deviation of the means, once they are known.
    usual: Option<(f64, f64)>,
    /// The last surprises, of which the next mean is made.
    recent: VecDeque<f64>,
    /// The last probability.
    last: f64,
}

impl Published {
    fn new(pace: Pace) -> Published {
        let (past, recent) = (VecDeque::new(), VecDeque::new());
        Published { pace, past, seen: 0, usual: None, recent, last: 1.0 }
    }

    fn push(&mut self, raw: f64) -> f64 {
        let first = self.pace.learning + self.pace.waiting;
        if self.seen >= first && (self.usual.is_none() || self.seen.is_multiple_of(self.pace.every)) {
            self.estimate();
        }
        let probability = self.usual.map_or(f64::NAN, |usual| {
            let before = self.last;
            self.last = two_sided(self.mean_with(raw), usual);
            if self.last <= RED && before <= RED { YELLOW } else { self.last }
        });
        self.past.push_back(raw);
        if self.past.len() > self.pace.long {
            self.past.pop_front();
        }
        self.seen += 1;
        probability
    }

    /// The mean of the last surprises with the next one.
    fn mean_with(&mut self, raw: f64) -> f64 {
        self.recent.push_back(raw);
        if self.recent.len() > self.pace.short {
            self.recent.pop_front();
        }
        self.recent.iter().sum::<f64>() / self.recent.len() as f64
    }

    /// Takes mean and deviation of the means anew.
    fn estimate(&mut self) {
        self.recent.clear();
        let past = std::mem::take(&mut self.past);
        let means: Vec<f64> = past.iter().map(|raw| self.mean_with(*raw)).collect();
        self.past = past;
        let left = self.seen - self.past.len();
        let counted = &means[self.pace.learning.saturating_sub(left).min(means.len())..];
        let deviation = stats::std(counted).max(LEAST_VARIANCE.sqrt());
        let usual = (stats::mean(counted).max(LEAST_MEAN), deviation);
        self.usual = Some(usual);
        self.last = means.last().map_or(1.0, |mean| two_sided(*mean, usual));
    }
}

/// The tail beyond `value`, on whichever side of the mean it lies.
fn two_sided(value: f64, (mean, deviation): (f64, f64)) -> f64 {
    tail((value - mean).abs() / deviation)
}

/// [`Form::Decaying`].
#[derive(Debug, Clone)]
pub(super) struct Decaying {
    period: usize,
    seen: usize,
    mean: f64,
    variance: f64,
    /// The last probability.
    last: f64,
}

impl Decaying {
    fn new(period: usize) -> Decaying {
        Decaying { period, seen: 0, mean: 1.0, variance: LEAST_VARIANCE, last: 1.0 }
    }

    fn push(&mut self, raw: f64) -> f64 {
        let probability = tail((raw - self.mean) / self.variance.sqrt());
        let before = std::mem::replace(&mut self.last, probability);
        let share = 1.0 - (-1.0 / self.period as f64).exp();
        let away = raw - self.mean;
        self.variance = ((1.0 - share) * (self.variance + share * away * away)).max(LEAST_VARIANCE);
        self.mean = (self.mean + share * away).max(LEAST_MEAN);
        self.seen += 1;
        if self.seen < self.period { f64::NAN } else { probability * before }
    }
}

/// The upper tail of the normal distribution as the public implementations take it.
fn tail(z: f64) -> f64 {
    normal_tail(z * std::f64::consts::SQRT_2 / ROOT_TWO)
}

/// `log10` of how many times rarer than an even chance a probability is: 0 for one half, bounded at 9.7 by the 1e-10
/// that the published log scale adds.
pub(super) fn rarity(probability: f64) -> f64 {
    -(2.0 * (probability + 1e-10)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden, numbers};

    /// The published scale: 0 for an even chance or more, 1 for 1e-10.
    fn log_scale(probability: f64) -> f64 {
        (1e-10 + probability).ln() / 1e-10f64.ln()
    }

    fn near(form: &mut Likelihood, raw: &[f64], want: &[f64], scale: fn(f64) -> f64, tolerance: f64) {
        assert_eq!(raw.len(), want.len());
        for (i, (raw, want)) in raw.iter().zip(want).enumerate() {
            let got = scale(form.push(*raw));
            assert!((got - want).abs() < tolerance, "{i}: {got} {want}");
        }
    }

    #[test]
    fn each_form_agrees_with_its_reference() {
        let golden = golden("htm_likelihood");
        let raw = numbers(&golden["inputs"]["raw"]);
        let want = |key: &str| numbers(&golden["outputs"][key]);
        let rolling = || Likelihood::new(Form::Rolling, 200, 10, 0);
        near(&mut rolling(), &raw, &want("paper_one_sided"), |p| 1.0 - p, 1e-9);
        let pace = Pace { long: 200, short: 10, learning: 60, waiting: 40, every: 50 };
        let published = || Likelihood::Published(Published::new(pace));
        // The reference says 0.5 as long as it cannot say.
        let likelihood = |p: f64| if p.is_nan() { 0.5 } else { 1.0 - p };
        near(&mut published(), &raw, &want("nupic_likelihood"), likelihood, 1e-9);
        let log_likelihood = |p: f64| log_scale(if p.is_nan() { 0.5 } else { p });
        near(&mut published(), &raw, &want("nupic_log_likelihood"), log_likelihood, 1e-6);
        let mut decaying = Likelihood::new(Form::Decaying, 1000, 50, 0);
        // The reference says 0 until it has seen enough.
        let (first, rest) = raw.split_at(49);
        first.iter().for_each(|raw| assert!(decaying.push(*raw).is_nan()));
        let want = want("htm_core_ema");
        assert!(want[..49].iter().all(|v| *v == 0.0));
        near(&mut decaying, rest, &want[49..], log_scale, 1e-6);
    }

    #[test]
    fn estimates_agree_with_the_reference() {
        let golden = golden("htm_likelihood");
        let mut published =
            Published::new(Pace { long: 200, short: 10, learning: 60, waiting: 40, every: 50 });
        let mut estimates = Vec::new();
        for (i, raw) in numbers(&golden["inputs"]["raw"]).iter().enumerate() {
            let before = published.usual;
            published.push(*raw);
            if published.usual != before {
                let (mean, deviation) = published.usual.unwrap();
                estimates.push([i as f64, mean, deviation]);
            }
        }
        let want: Vec<[f64; 3]> = as_type(&golden["outputs"]["nupic_reestimations"]);
        assert_eq!(estimates.len(), want.len());
        for (got, want) in estimates.iter().flatten().zip(want.iter().flatten()) {
            assert!((got - want).abs() < 1e-9, "{got} {want}");
        }
    }

    #[test]
    fn rarity_is_a_log_scale() {
        assert!(rarity(0.5).abs() < 1e-9);
        assert!((rarity(1e-3) - 500f64.log10()).abs() < 1e-6);
        assert!(rarity(0.0) < 9.8);
    }
}
