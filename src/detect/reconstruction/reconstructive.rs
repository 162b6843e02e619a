//! Any [`Reconstructor`] as a detector.
//!
//! The series is resampled so that a period lasts about a window, cut into overlapping windows, each made familiar to
//! the net (`nn::familiar`) and rebuilt. What the net misses of all windows like this one is amended
//! ([`super::kin`]), and the windows are stitched by the median over those that cover a bin. A score is the largest
//! of four, each in units of its usual deviation, learnt on the training stretch:
//!
//! - the error of the reconstruction with the critic's judgement, or with the error of the forecasts at the windows'
//!   ends, by the [`ScoreRule`], both averaged over a period: a shape never seen;
//! - the level and the spread that were taken out of the windows: what the net is not shown;
//! - the distance of each point to the median of its neighbours, at the full rate: one that resampling smooths away.
//!
//! The bulk of the scores is then laid out evenly, so that the default limit, which goes by their median and 85 %
//! quantile, falls at [`super::usual::LIMIT`] usual deviations whatever the series.
//!
//! A net knows shapes: where the series shows none, HTM judges beside it ([`crate::detect::auto::Accompanied`]).
//!
//! Nothing is trained here: `fit` only measures. A series that the net rebuilds badly is said to be foreign
//! ([`Fitted::caution`]), and is judged without it. Live, a window goes through the net once; only the newest, which
//! ends with the newest point, goes again. Source: Geiger et al. (2020), TadGAN, section IV, for the
//! reconstruction's score. Cost: one pass of the net every `step` bins. A score is final a window later.

use std::sync::Arc;

use super::calibration::{Seen, Usual};
use super::kin::Kin;
use super::stitched::{Answers, Parts};
use super::usual::Spacing;
use super::{Chain, Reconstruction, Reconstructor};
use crate::detect::auto::Accompanied;
use crate::detect::streaming::{Rescores, Rolling};
use crate::detect::{Detector, Fitted, Reach, Setup, StreamingDetector};
use crate::error::{Error, Result};
use crate::math::stats::{median_in_place, rolling_mean};
use crate::nn::familiar::{Familiar, Frame, Sampling, WINDOW};
use crate::score::{ScoreRule, Scores};
use crate::settings::settings;

/// Parameters of every detector that is a pretrained net.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Bins between windows, 1 to 50: more are faster and coarser.
    pub step: usize,
    /// How a reconstruction becomes a score.
    pub score: ScoreRule,
    /// Whether HTM judges beside the net where the series shows it no shapes.
    pub htm: bool,
}
settings!(Params { step, score, htm });

impl Default for Params {
    fn default() -> Params {
        Params { step: 10, score: ScoreRule::default(), htm: true }
    }
}

impl Params {
    /// Whether they can be used.
    ///
    /// # Errors
    /// [`Error::Param`].
    pub fn check(&self) -> Result<()> {
        if self.step == 0 || self.step > WINDOW / 2 {
            return Err(Error::param("step", format!("must be from 1 to {}", WINDOW / 2)));
        }
        self.score.check()
    }
}

/// Neighbours to each side in the median that a point is compared with.
const NEIGHBOURS: usize = 4;
/// Windows that are looked at in `fit` at most, in [`STRETCHES`] stretches.
const CALIBRATED: usize = 2000;
const STRETCHES: usize = 3;

/// A detector before it has seen a series.
pub struct Reconstructive {
    net: Arc<dyn Reconstructor>,
    params: Params,
    period: Option<usize>,
}

impl Reconstructive {
    /// `net` as a detector for a series with this period, in points.
    ///
    /// # Errors
    /// [`Error::Param`] for parameters out of range.
    pub fn new(net: Arc<dyn Reconstructor>, params: Params, period: Option<usize>) -> Result<Reconstructive> {
        params.check()?;
        Ok(Reconstructive { net, params, period })
    }
}

/// The detector called `name`: this net, and HTM beside it unless the parameters say otherwise.
///
/// # Errors
/// [`Error::Param`] for parameters out of range.
pub fn detector(
    name: &'static str,
    net: Arc<dyn Reconstructor>,
    params: Params,
    setup: &Setup,
) -> Result<Box<dyn Detector>> {
    let accompanied = params.htm;
    let alone = Reconstructive::new(net, params, setup.period)?;
    if !accompanied {
        return Ok(Box::new(alone));
    }
    Ok(Box::new(Accompanied::new(name, alone, Spacing::tail(), setup)?))
}

/// The detector called `name` whose nets are an `encoder` and a `decoder`.
///
/// # Errors
/// [`Error::Weights`] for weights that are not its own, [`Error::Param`] for parameters out of range.
pub fn encoder_decoder(name: &'static str, setup: &Setup) -> Result<Box<dyn Detector>> {
    let chain = Chain::new(name, setup.weights, &["encoder", "decoder"], None)?;
    detector(name, Arc::new(chain), setup.params()?, setup)
}

impl Detector for Reconstructive {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let sampling = match Sampling::of(self.period, WINDOW, train) {
            // A short series is looked at more finely than its period asks for, rather than not at all.
            Sampling::Down(q) => Sampling::Down(q.min(train.len() / (2 * WINDOW)).max(1)),
            up => up,
        };
        let bins = sampling.bins(train);
        if bins.len() < WINDOW {
            let needed = sampling.points(WINDOW) + 1;
            return Err(Error::TooShort { needed, got: train.len() });
        }
        let mut learnt = Learnt {
            net: Arc::clone(&self.net),
            params: self.params.clone(),
            width: self.params.score.width(self.period.map(|p| sampling.within(p))),
            sampling,
            familiar: Familiar::fit(&bins),
            kin: Kin::default(),
            usual: Usual::default(),
        };
        learnt.calibrate(train)?;
        Ok(Arc::new(Calibrated(Arc::new(learnt))))
    }
}

/// A detector that knows what is usual of a series.
struct Learnt {
    net: Arc<dyn Reconstructor>,
    params: Params,
    sampling: Sampling,
    /// Bins over which errors and judgements are averaged.
    width: usize,
    familiar: Familiar,
    kin: Kin,
    usual: Usual,
}

/// Windows as the net answered them.
struct Passed {
    starts: Vec<usize>,
    frames: Vec<Frame>,
    inputs: Vec<f32>,
    answers: Reconstruction,
}

impl Learnt {
    /// Passes the windows of `bins`, one every `step` after the first `known` of them and one at the end, through the
    /// net.
    fn pass(&self, bins: &[f64], known: usize) -> Result<Passed> {
        let step = self.params.step;
        let last = bins.len().saturating_sub(WINDOW);
        let mut starts: Vec<usize> = (known * step..=last).step_by(step).collect();
        if !last.is_multiple_of(step) {
            starts.push(last);
        }
        let mut inputs = vec![0f32; starts.len() * WINDOW];
        let frames: Vec<Frame> = starts
            .iter()
            .zip(inputs.chunks_exact_mut(WINDOW))
            .map(|(start, input)| self.familiar.shape(&bins[*start..start + WINDOW], input))
            .collect();
        let answers = self.net.reconstruct(&inputs)?;
        Ok(Passed { starts, frames, inputs, answers })
    }

    /// The answers on the scale of the series, with what is missed of all windows like these amended.
    fn read(&self, passed: Passed) -> Answers {
        let Passed { starts, frames, inputs: _, answers: Reconstruction { mut values, critic } } = passed;
        let mut rows = Vec::with_capacity(values.len());
        for (row, frame) in values.chunks_exact_mut(WINDOW).zip(&frames) {
            self.kin.amend(row);
            rows.extend(row.iter().map(|v| frame.back(*v)));
        }
        Answers { starts, frames, rows, critic, ends: self.net.ends() }
    }

    /// The rule's score, the level's and the spread's, whichever is largest, for each bin.
    fn bin_scores(&self, usual: &Usual, bins: &[f64], parts: &Parts) -> Vec<f64> {
        let rule = &self.params.score;
        let errors: Vec<Vec<f64>> = self.errors(bins, &parts.expected);
        let opinion = usual.opinion.and_then(|o| self.opinion(parts, o.middle));
        (0..bins.len())
            .map(|b| {
                let ease = self.ease(usual.edge, parts.cover[b]);
                let each = errors.iter().zip(&usual.errors).map(|(e, level)| level.above(e[b] / ease));
                let reconstruction = each.fold(0.0, f64::max);
                let judged = match (&opinion, &usual.opinion) {
                    (Some(off), Some(o)) => Some(o.level.above(off[b] / self.ease(o.edge, parts.cover[b]))),
                    _ => None,
                };
                let shape = if usual.foreign.is_some() { 0.0 } else { rule.mixed(reconstruction, judged) };
                let (at, level) = usual.level;
                let lifted = level.above((parts.level[b] - at).abs());
                let (at, level) = usual.spread;
                let swung = level.above((parts.spread[b] - at).abs());
                shape.max(lifted).max(swung)
            })
            .collect()
    }

    /// The errors of each measure of the rule.
    fn errors(&self, bins: &[f64], expected: &[f64]) -> Vec<Vec<f64>> {
        let measures = self.params.score.measures().iter();
        measures.map(|m| ScoreRule::errors(*m, bins, expected, self.width)).collect()
    }

    /// Smoothed distance of the second opinion from `middle`.
    fn opinion(&self, parts: &Parts, middle: f64) -> Option<Vec<f64>> {
        let off: Vec<f64> = parts.opinion.as_ref()?.iter().map(|c| (c - middle).abs()).collect();
        Some(rolling_mean(&off, self.width, 1))
    }

    /// By how much an error is larger for being covered by few windows, if it is `edge` times as large under one.
    fn ease(&self, edge: f64, cover: usize) -> f64 {
        if cover >= WINDOW / self.params.step {
            return 1.0;
        }
        1.0 + (edge - 1.0) / cover.max(1) as f64
    }

    /// Learns what is usual from `train`, and what the net misses of it.
    fn calibrate(&mut self, train: &[f64]) -> Result<()> {
        let bins = self.sampling.bins(train);
        let mut seen = Seen::default();
        let mut looked_at = Vec::new();
        for stretch in stretches(bins.len(), self.params.step) {
            let passed = self.pass(&bins[stretch.clone()], 0)?;
            let starts = passed.starts.iter().map(|start| stretch.start + start);
            self.kin.add(starts, &passed.inputs, &passed.answers.values);
            looked_at.push((stretch, passed));
        }
        let mut pieces = Vec::new();
        for (stretch, passed) in looked_at {
            let bins = &bins[stretch.clone()];
            let answers = self.read(passed);
            let parts = answers.stitch(bins);
            seen.take(bins, &self.errors(bins, &parts.expected), &answers, &parts, self.params.step);
            let (start, end) = (stretch.start, stretch.end);
            seen.expected.extend((0..train.len()).filter_map(|i| {
                let at = self.sampling.place(i);
                let inside = at >= start as f64 && at + 1.0 < end as f64;
                inside.then(|| (train[i] - between(&parts.expected, at - start as f64)).abs())
            }));
            pieces.push((stretch, parts));
        }
        let off = off_neighbours(train);
        let measures = self.params.score.measures();
        let usual = seen.usual(off.clone(), self.familiar.spread(), measures, self.width);
        // The scores of what was looked at, with all that is now known.
        let mut scores = Vec::new();
        for (stretch, parts) in pieces {
            let of_bins = self.bin_scores(&usual, &bins[stretch.clone()], &parts);
            scores.extend((0..train.len()).filter_map(|i| {
                let bin = self.sampling.bin(i).checked_sub(stretch.start)?;
                Some(usual.point.deviations(off[i]).max(*of_bins.get(bin)?))
            }));
        }
        self.usual = Usual { spacing: Spacing::of(scores), ..usual };
        Ok(())
    }

    /// The scores of `values`. Of the windows that no later value changes, `known` has the answers to the first, and
    /// then to all.
    fn score(&self, values: &[f64], known: &mut Answers) -> Result<Scores> {
        let bins = self.sampling.bins(values);
        if bins.len() < WINDOW {
            return Ok(Scores::of(vec![f64::NAN; values.len()]));
        }
        known.append(self.read(self.pass(&bins, known.starts.len())?));
        let parts = known.stitch(&bins);
        let whole = self.sampling.whole(values.len());
        known.truncate((whole + self.params.step).saturating_sub(WINDOW) / self.params.step);
        let usual = &self.usual;
        let of_bins = self.bin_scores(usual, &bins, &parts);
        let value = off_neighbours(values)
            .iter()
            .enumerate()
            .map(|(i, off)| usual.point.deviations(*off).max(of_bins[self.sampling.bin(i)]))
            .map(|score| usual.spacing.map(score))
            .collect();
        let expected = (0..values.len()).map(|i| between(&parts.expected, self.sampling.place(i))).collect();
        let band = (0..values.len())
            .map(|i| usual.band * self.ease(usual.edge, parts.cover[self.sampling.bin(i)]))
            .collect();
        Ok(Scores { expected: Some(expected), band: Some(band), ..Scores::of(value) })
    }

    fn reach(&self) -> Reach {
        // The bins whose reconstruction a bin's score looks at, and one more that the expected value leans on;
        // windows that cover those.
        let bins = ScoreRule::reach(self.width) + 1 + WINDOW;
        let points = self.sampling.points(bins) + 1;
        let grain = match self.sampling {
            Sampling::Down(q) => q * self.params.step,
            Sampling::Up(u) => self.params.step / common_divisor(self.params.step, u),
        };
        let points = points.max(NEIGHBOURS);
        Reach { before: points, after: points, grain }
    }
}

/// A detector that knows a series.
struct Calibrated(Arc<Learnt>);

impl Fitted for Calibrated {
    fn reach(&self) -> Reach {
        self.0.reach()
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        self.0.score(values, &mut Answers::default())
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        let scorer = Remembering { learnt: Arc::clone(&self.0), known: Answers::default() };
        Some(Box::new(Rolling::new(scorer, self.0.reach())))
    }

    fn caution(&self) -> Option<String> {
        let (error, unit) = self.0.usual.foreign?;
        let part = (100.0 * error / unit).round();
        Some(format!(
            "The shape of this series is foreign to the pretrained net (its median error is {part} % of the \
             series' deviation), so only level, spread and single points are judged."
        ))
    }
}

/// Scores stretch after stretch without asking the net twice about a window.
#[derive(Clone)]
struct Remembering {
    learnt: Arc<Learnt>,
    known: Answers,
}

impl Rescores for Remembering {
    fn rescore(&mut self, values: &[f64]) -> Result<Scores> {
        self.learnt.score(values, &mut self.known)
    }

    fn forget(&mut self, points: usize) {
        self.known.forget(self.learnt.sampling.bin(points));
    }
}

/// The stretches of `bins` bins that are calibrated on: all, or a few spread evenly. Each starts at a multiple of
/// `step`.
fn stretches(bins: usize, step: usize) -> Vec<std::ops::Range<usize>> {
    if bins <= CALIBRATED * step {
        return std::iter::once(0..bins).collect();
    }
    let length = CALIBRATED * step / STRETCHES;
    (0..STRETCHES)
        .map(|k| {
            let start = k * (bins - length) / (STRETCHES - 1) / step * step;
            start..start + length
        })
        .collect()
}

/// Distance of each value to the median of its neighbours, itself among them, fewer at the ends.
fn off_neighbours(values: &[f64]) -> Vec<f64> {
    let mut near = Vec::with_capacity(2 * NEIGHBOURS + 1);
    (0..values.len())
        .map(|i| {
            near.clear();
            let end = (i + NEIGHBOURS + 1).min(values.len());
            near.extend_from_slice(&values[i.saturating_sub(NEIGHBOURS)..end]);
            (values[i] - median_in_place(&mut near)).abs()
        })
        .collect()
}

/// The value at place `at`, counted in bins, on the line between two bins' values; the end's value beyond it.
fn between(values: &[f64], at: f64) -> f64 {
    let last = values.len().saturating_sub(1);
    let at = at.clamp(0.0, last as f64);
    let low = at as usize;
    let (a, b) = (values[low], values[(low + 1).min(last)]);
    a + (b - a) * (at - low as f64)
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Answers with half of what it sees, and counts what it is asked.
    #[derive(Default)]
    struct Half(Arc<AtomicUsize>);

    impl Reconstructor for Half {
        fn reconstruct(&self, windows: &[f32]) -> Result<Reconstruction> {
            self.0.fetch_add(windows.len() / WINDOW, Ordering::Relaxed);
            let judged = windows.chunks_exact(WINDOW).map(|w| w[0] + w[WINDOW / 2]);
            Ok(Reconstruction {
                values: windows.iter().map(|v| 0.5 * v).collect(),
                critic: Some(judged.collect()),
            })
        }
    }

    #[test]
    fn live_scores_are_the_same_and_no_window_is_asked_about_twice() {
        // 100 bins a period: means of 3 points, points themselves, and twice as many.
        for period in [300, 100, 50] {
            let asked = Arc::new(AtomicUsize::new(0));
            let wave = |i: usize| (std::f64::consts::TAU * i as f64 / period as f64).sin();
            let x: Vec<f64> = (0..20 * period).map(|i| wave(i) + 0.1 * (0.7 * i as f64).cos()).collect();
            let net = Arc::new(Half(Arc::clone(&asked)));
            let fitted =
                Reconstructive::new(net, Params::default(), Some(period)).unwrap().fit(&x[..10 * period]);
            let fitted = fitted.unwrap();
            let batch = fitted.score(&x).unwrap();
            for chunk in [1, 7, 1000] {
                let mut live = crate::detect::streaming::online(&fitted);
                let mut scores = Scores::default();
                asked.store(0, Ordering::Relaxed);
                for values in x.chunks(chunk) {
                    let tail = live.push(values).unwrap();
                    scores.value.truncate(tail.start);
                    scores.value.extend(tail.scores.value);
                }
                let bits = |s: &[f64]| s.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&scores.value), bits(&batch.value), "period {period} by {chunk}");
                // Those of 2,000 bins, and the newest of each push.
                let most = 200 + x.len().div_ceil(chunk);
                assert!(asked.load(Ordering::Relaxed) <= most, "{asked:?} for at most {most}");
            }
        }
    }
}
