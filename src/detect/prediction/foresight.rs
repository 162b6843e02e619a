//! Any net that foresees ([`Foresees`]) as a detector.
//!
//! A value is compared with what the net expects after the values before it. The net looks at means of `q` points
//! each, the middle of the last one `q` points back, so that a period lasts about 25 of them (`nn::familiar`; finer
//! than the series' own rate is never needed here), and answers the change to the point itself. What the net leaves
//! over of the last points says what it will leave over next: the forecast is `net + Σ φ_j r_{t-j}`, `r` the value
//! less the net's answer, an autoregression of order 2 whose φ is measured on the training stretch (by Burg,
//! so it is stationary). The score is the error over the usual error, as of [`super::Predictive`].
//!
//! A remainder more than three deviations off counts as three for at most `patience` values in a row: an anomaly
//! does not bend the forecasts after it, a new level is accepted. Nothing is trained here. Cost: one pass of the net
//! a point. It sees what differs from the last values, and is blind to a strange shape that goes on smoothly.

use std::sync::Arc;

use super::{BAND, CLIP, MEMORY, Rule, Usual, deviation, floor};
use crate::detect::{Detector, Fitted, Reach, StreamingDetector, Tail};
use crate::error::{Error, Result};
use crate::math::autoregression::{burg, from_partial};
use crate::nn::familiar::{Familiar, Sampling, WINDOW};
use crate::nn::fused::Fused;
use crate::nn::net::Extent;
use crate::nn::weights::Weights;
use crate::score::Scores;
use crate::settings::settings;

/// The name of the net that forecasts.
pub const NET: &str = "forecaster";
/// Bins that a period lasts for the net: two periods in a window.
const PERIOD: usize = 25;
/// Remainders that a forecast looks back on.
const ORDER: usize = 2;
/// Forecasts that `fit` needs at least.
const FEWEST: usize = 20;
/// Forecasts that are looked at in `fit` at most, in [`STRETCHES`] stretches.
const CALIBRATED: usize = 4500;
const STRETCHES: usize = 3;
/// Windows that go through the net at once: bounds the memory, changes nothing else.
const GROUP: usize = 256;

/// Parameters of every detector that is a pretrained forecaster.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Values in a row that are kept from bending the forecasts after them, 0 to 1000.
    pub patience: usize,
}
settings!(Params { patience });

impl Default for Params {
    fn default() -> Params {
        Params { patience: 5 }
    }
}

impl Params {
    /// Whether they can be used.
    ///
    /// # Errors
    /// [`Error::Param`].
    pub fn check(&self) -> Result<()> {
        if self.patience > 1000 {
            return Err(Error::param("patience", "must be from 0 to 1000"));
        }
        Ok(())
    }
}

/// What foresees one value.
pub trait Foresees: Send + Sync {
    /// Points of a window.
    fn window(&self) -> usize;

    /// The change that follows each of `windows`, one after the other, on the net's scale (`nn::familiar`). The answer
    /// to a window does not depend on the others.
    ///
    /// # Errors
    /// [`Error::Numeric`].
    fn change(&self, windows: &[f32]) -> Result<Vec<f32>>;
}

/// A pretrained net that answers a window with the change that follows it.
#[derive(Debug, Clone)]
pub struct Foresight {
    net: Fused,
    window: usize,
}

impl Foresight {
    /// The net [`NET`] of `weights`.
    ///
    /// # Errors
    /// [`Error::Weights`] if the weights are for another detector, there are none, or the net does not lead from a
    /// window to one value.
    pub fn new(detector: &str, weights: Option<&Weights>) -> Result<Foresight> {
        let fail = |why: &str| Error::weights(detector, why);
        let weights = weights.ok_or_else(|| fail("needs its weight file"))?;
        if weights.detector != detector {
            return Err(fail(&format!("these weights are for {}", weights.detector)));
        }
        let card = weights.card();
        if card.window == 0 || card.window > WINDOW {
            return Err(fail(&format!("windows of 1 to {WINDOW} points are needed")));
        }
        let layers = card.nets.get(NET).ok_or_else(|| fail(&format!("net {NET} is missing")))?;
        let input = Extent { time: card.window, channels: 1 };
        let net = Fused::new(layers, NET, weights.tensors(), input).map_err(|e| fail(&e.to_string()))?;
        if net.output().len() != 1 {
            return Err(fail("its net does not lead from a window to one value"));
        }
        Ok(Foresight { net, window: card.window })
    }
}

impl Foresees for Foresight {
    fn window(&self) -> usize {
        self.window
    }

    fn change(&self, windows: &[f32]) -> Result<Vec<f32>> {
        self.net.run(windows)
    }
}

/// A detector before it has seen a series.
pub struct Foreseeing<N> {
    net: Arc<N>,
    params: Params,
    period: Option<usize>,
}

impl<N: Foresees> Foreseeing<N> {
    /// `net` as a detector for a series with this period, in points.
    ///
    /// # Errors
    /// [`Error::Param`] for parameters out of range.
    pub fn new(net: N, params: Params, period: Option<usize>) -> Result<Foreseeing<N>> {
        params.check()?;
        Ok(Foreseeing { net: Arc::new(net), params, period })
    }
}

impl<N: Foresees + 'static> Detector for Foreseeing<N> {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let window = self.net.window();
        if train.len() < window + FEWEST {
            return Err(Error::TooShort { needed: window + FEWEST, got: train.len() });
        }
        let wide = match Sampling::of(self.period, PERIOD, train) {
            // A short series is looked at more finely than its period asks for.
            Sampling::Down(q) => q.min(train.len() / (2 * window)).max(1),
            Sampling::Up(_) => 1,
        };
        let rule = Rule { floor: floor(train), patience: self.params.patience };
        let mut learnt = Learnt {
            net: Arc::clone(&self.net),
            wide,
            familiar: Familiar::fit(&Sampling::Down(wide).bins(train)),
            rule,
            phi: [0.0; ORDER],
            sd: rule.floor,
            usual: Usual { square: 0.0, count: 0.0 },
        };
        learnt.calibrate(train)?;
        Ok(Arc::new(Foreseen(Arc::new(learnt))))
    }
}

/// What is known of a series.
struct Learnt<N> {
    net: Arc<N>,
    /// Points of a mean that the net looks at.
    wide: usize,
    familiar: Familiar,
    rule: Rule,
    /// How the last remainders, newest first, make the next.
    phi: [f64; ORDER],
    /// Robust deviation of an error.
    sd: f64,
    usual: Usual,
}

impl<N: Foresees> Learnt<N> {
    /// Points before the first that has a forecast.
    fn span(&self) -> usize {
        self.net.window() * self.wide + (self.wide - 1) / 2
    }

    /// The net's answers for the points of `values` from `first` on, which lies at least a span in. `means[i]` is
    /// that of the `wide` values from `i` on.
    fn answers(&self, means: &[f64], points: std::ops::Range<usize>) -> Result<Vec<f64>> {
        let (window, span) = (self.net.window(), self.span());
        let mut answers = Vec::with_capacity(points.len());
        for start in points.clone().step_by(GROUP) {
            let group = start..(start + GROUP).min(points.end);
            let rows: Vec<f64> =
                group.flat_map(|t| (0..window).map(move |k| means[t - span + k * self.wide])).collect();
            answers.extend(self.familiar.next(&rows, window, |inputs| self.net.change(inputs))?);
        }
        Ok(answers)
    }

    /// Measures what the net leaves over on `train`: how it goes on, and the size of what then is an error.
    fn calibrate(&mut self, train: &[f64]) -> Result<()> {
        let span = self.span();
        let mut parts = Vec::new();
        for part in stretches(train.len(), span) {
            let values = &train[part];
            let answers = self.answers(&means(values, self.wide), span..values.len())?;
            parts.push(values[span..].iter().zip(answers).map(|(x, a)| x - a).collect::<Vec<f64>>());
        }
        let all = parts.concat();
        let bound = CLIP * deviation(&all).max(self.rule.floor);
        let near: Vec<f64> = all.iter().map(|r| r.clamp(-bound, bound)).collect();
        let phi = from_partial(&burg(&near, ORDER).0);
        self.phi.iter_mut().zip(phi).for_each(|(to, from)| *to = from);
        // The first round says how far off a remainder is clipped in the second.
        self.sd = f64::INFINITY;
        for _ in 0..2 {
            let errors: Vec<f64> = parts
                .iter()
                .flat_map(|part| {
                    let mut rest = Rest::default();
                    part.iter().map(|r| rest.step(*r, self).1).collect::<Vec<_>>()
                })
                .collect();
            self.sd = deviation(&errors).max(self.rule.floor);
            let square = errors.iter().map(|e| e * e).sum::<f64>() / errors.len().max(1) as f64;
            self.usual = Usual { square, count: (errors.len() as f64).min(MEMORY) };
        }
        Ok(())
    }
}

/// The stretches of a series of `n` points that are calibrated on: all, or a few spread evenly.
fn stretches(n: usize, span: usize) -> Vec<std::ops::Range<usize>> {
    let length = CALIBRATED / STRETCHES + span;
    if n <= STRETCHES * length {
        return std::iter::once(0..n).collect();
    }
    (0..STRETCHES).map(|k| k * (n - length) / (STRETCHES - 1)).map(|start| start..start + length).collect()
}

/// Means of `wide` values from each on.
fn means(values: &[f64], wide: usize) -> Vec<f64> {
    values.windows(wide).map(|w| w.iter().sum::<f64>() / wide as f64).collect()
}

/// What the net left over of the last values, newest first, each as it may bend forecasts.
#[derive(Debug, Clone, Default)]
struct Rest {
    last: [f64; ORDER],
    /// Values in a row that were clipped.
    kept: usize,
}

impl Rest {
    /// Takes a remainder; returns what was expected of it and how far off that was.
    fn step<N>(&mut self, remainder: f64, learnt: &Learnt<N>) -> (f64, f64) {
        let expected: f64 = learnt.phi.iter().zip(self.last).map(|(phi, r)| phi * r).sum();
        let error = remainder - expected;
        let bound = CLIP * learnt.sd;
        let taken = if error.abs() <= bound {
            self.kept = 0;
            remainder
        } else if self.kept < learnt.rule.patience {
            self.kept += 1;
            expected + bound.copysign(error)
        } else {
            remainder
        };
        self.last.rotate_right(1);
        self.last[0] = taken;
        (expected, error)
    }
}

/// A detector that knows a series.
struct Foreseen<N>(Arc<Learnt<N>>);

impl<N: Foresees + 'static> Foreseen<N> {
    fn live(&self) -> Live<N> {
        Live {
            usual: self.0.usual,
            learnt: Arc::clone(&self.0),
            values: Vec::new(),
            means: Vec::new(),
            rest: Rest::default(),
            seen: 0,
        }
    }
}

impl<N: Foresees + 'static> Fitted for Foreseen<N> {
    fn reach(&self) -> Reach {
        Reach::recursive()
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        Ok(self.live().push(values)?.scores)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        Some(Box::new(self.live()))
    }
}

/// The one walk along a series, for batch and live.
struct Live<N> {
    learnt: Arc<Learnt<N>>,
    /// The last values, as many as a new mean needs.
    values: Vec<f64>,
    /// The last means, as many as a new window needs.
    means: Vec<f64>,
    rest: Rest,
    usual: Usual,
    seen: usize,
}

impl<N> Clone for Live<N> {
    fn clone(&self) -> Self {
        Live {
            learnt: Arc::clone(&self.learnt),
            values: self.values.clone(),
            means: self.means.clone(),
            rest: self.rest.clone(),
            ..*self
        }
    }
}

impl<N: Foresees + 'static> StreamingDetector for Live<N> {
    fn push(&mut self, values: &[f64]) -> Result<Tail> {
        let learnt = Arc::clone(&self.learnt);
        let (start, span) = (self.seen, learnt.span());
        self.seen += values.len();
        self.values.extend_from_slice(values);
        self.means.extend(means(&self.values, learnt.wide));
        // Place of the first kept mean in the series.
        let origin = (self.seen + 1).saturating_sub(learnt.wide) - self.means.len();
        let first = start.max(span).min(self.seen);
        let answers = learnt.answers(&self.means, first - origin..self.seen - origin)?;
        let unscored = vec![f64::NAN; first - start];
        let (mut value, mut expected, mut band) = (unscored.clone(), unscored.clone(), unscored);
        for (x, answer) in values[first - start..].iter().zip(answers) {
            let (rest, error) = self.rest.step(x - answer, &learnt);
            value.push(error.abs() / self.usual.square.sqrt().max(learnt.rule.floor));
            expected.push(answer + rest);
            band.push(BAND * learnt.sd);
            self.usual.add(error, learnt.rule.floor);
        }
        self.values.drain(..self.values.len().saturating_sub(learnt.wide - 1));
        let needed = (self.seen.saturating_sub(span)).saturating_sub(origin).min(self.means.len());
        self.means.drain(..needed);
        let scores = Scores { expected: Some(expected), band: Some(band), ..Scores::of(value) };
        Ok(Tail { start, settled: self.seen, scores })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Foresees that nothing changes.
    struct Stays;

    impl Foresees for Stays {
        fn window(&self) -> usize {
            4
        }
        fn change(&self, windows: &[f32]) -> Result<Vec<f32>> {
            Ok(vec![0.0; windows.len() / 4])
        }
    }

    fn fit(period: Option<usize>, train: &[f64]) -> Arc<dyn Fitted> {
        Foreseeing::new(Stays, Params::default(), period).unwrap().fit(train).unwrap()
    }

    fn wave(n: usize, period: f64) -> Vec<f64> {
        (0..n).map(|i| (std::f64::consts::TAU * i as f64 / period).sin()).collect()
    }

    #[test]
    fn what_is_left_over_twice_is_expected_the_third_time() {
        // The remainders of a wave are one, of the same period: an autoregression of order 2 knows it exactly, but for
        // the estimate of its coefficients.
        let x = wave(2000, 25.0);
        let fitted = fit(Some(25), &x);
        let scores = fitted.score(&x).unwrap();
        assert_eq!(scores.value.iter().filter(|v| v.is_nan()).count(), 4);
        let expected = scores.expected.unwrap();
        for i in 100..2000 {
            let stays = (x[i] - x[i - 1]).abs();
            assert!((x[i] - expected[i]).abs() < 0.02 + 0.1 * stays, "{i}: {} for {}", expected[i], x[i]);
        }
    }

    #[test]
    fn means_end_one_mean_before_the_point() {
        // 250 a period: means of 10, and the last one is 5.5 to 14.5 points back.
        let x = wave(4000, 250.0);
        let fitted = fit(Some(250), &x);
        let scores = fitted.score(&x).unwrap().value;
        assert_eq!(scores.iter().filter(|v| v.is_nan()).count(), 4 * 10 + 4);
        let mut spiked = x.clone();
        spiked[2000] += 5.0;
        let after = fitted.score(&spiked).unwrap();
        let peak = (44..4000).max_by(|a, b| after.value[*a].total_cmp(&after.value[*b]));
        assert_eq!(peak, Some(2000));
        assert_eq!(after.value[44..2000], scores[44..2000]);
    }

    #[test]
    fn a_new_level_is_accepted_when_patience_is_spent() {
        let x: Vec<f64> =
            (0..600).map(|i| f64::from(i % 2) * 0.1 + if i < 400 { 0.0 } else { 3.0 }).collect();
        let scores = fit(None, &x[..300]).score(&x).unwrap().value;
        assert!(scores[400] > 10.0 && scores[380..400].iter().all(|s| *s < 3.0), "{:?}", &scores[395..420]);
        assert!(scores[450..].iter().all(|s| *s < 3.0), "{:?}", &scores[395..460]);
    }
}
