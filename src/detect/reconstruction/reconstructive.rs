//! Any [`Reconstructor`] as a detector.
//!
//! The series is resampled so that a period lasts about 25 bins, cut into overlapping windows, each made familiar
//! to the net (`nn::familiar`), rebuilt, and stitched by the median over the windows that cover a bin. A score is the
//! largest of four, each in units of its usual deviation, learnt on the training stretch:
//!
//! - the error of the reconstruction with the critic's judgement, by the [`ScoreRule`]: a shape never seen;
//! - the level and the spread that were taken out of the windows: what the net is not shown;
//! - the distance of each point to the median of its neighbours, at the full rate: one that resampling smooths away.
//!
//! The bulk of the scores is then laid out evenly, so that the usual limit, six robust deviations above the median,
//! falls at [`LIMIT`] usual deviations whatever the series.
//!
//! Nothing is trained here: `fit` only measures. A series that the net rebuilds badly is said to be foreign
//! ([`Fitted::caution`]), and is judged without it. Source: Geiger et al. (2020), TadGAN, section IV, for the
//! reconstruction's score. Cost: one pass of the net every `step` bins. A score is final a window later.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Reconstruction, Reconstructor};
use crate::detect::{Detector, Fitted, Reach};
use crate::error::{Error, Result};
use crate::math::stats::{MAD_TO_SIGMA, median_in_place, quantile_sorted, rolling_mean};
use crate::nn::familiar::{Familiar, Frame, Sampling, WINDOW};
use crate::score::critic::mode;
use crate::score::{Measure, ScoreRule, Scores};

/// Parameters of every detector that is a pretrained net.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Bins between windows, 1 to 50: more are faster and coarser.
    pub step: usize,
    /// How a reconstruction becomes a score.
    pub score: ScoreRule,
}

impl Default for Params {
    fn default() -> Params {
        Params { step: 10, score: ScoreRule::default() }
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
/// A reconstruction whose median error is above this part of the series' deviation has not understood it.
const FOREIGN: f64 = 0.5;
/// Bins that are looked at in `fit` at most, in [`STRETCHES`] stretches.
const CALIBRATED: usize = 3000;
const STRETCHES: usize = 3;
/// Robust deviations that the band around the expected value is wide to each side.
const BAND: f64 = 3.0;
/// Usual deviations at which a score reaches six robust deviations above the median of the training scores.
const LIMIT: f64 = 4.5;

/// A detector before it has seen a series.
pub struct Reconstructive<R> {
    net: Arc<R>,
    params: Params,
    period: Option<usize>,
}

impl<R: Reconstructor> Reconstructive<R> {
    /// `net` as a detector for a series with this period, in points.
    ///
    /// # Errors
    /// [`Error::Param`] for parameters out of range.
    pub fn new(net: R, params: Params, period: Option<usize>) -> Result<Reconstructive<R>> {
        params.check()?;
        Ok(Reconstructive { net: Arc::new(net), params, period })
    }
}

impl<R: Reconstructor + 'static> Detector for Reconstructive<R> {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let sampling = match Sampling::of(self.period, train) {
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
            sampling,
            familiar: Familiar::fit(&bins),
            usual: Usual::default(),
        };
        learnt.usual = learnt.calibrate(train)?;
        Ok(Arc::new(learnt))
    }
}

/// A detector that knows what is usual of a series.
struct Learnt<R> {
    net: Arc<R>,
    params: Params,
    sampling: Sampling,
    familiar: Familiar,
    usual: Usual,
}

/// What is usual, learnt on the training stretch.
#[derive(Debug, Clone, Default)]
struct Usual {
    /// Errors of each measure of the rule.
    errors: Vec<Level>,
    /// Distance of the critic's judgement from its median.
    critic: Option<(f64, Level)>,
    /// Distance of a window's level from its median.
    level: (f64, Level),
    /// Distance of the logarithm of a window's spread from its median.
    spread: (f64, Level),
    /// Distance of a point to the median of its neighbours.
    point: Tail,
    /// Where the bulk of the scores goes.
    spacing: Spacing,
    /// How much larger an error is where one window covers a bin than where many do.
    edge: f64,
    /// Half-width of the band around the expected value.
    band: f64,
    /// Median error and deviation of the series, if the one is too large for the other.
    foreign: Option<(f64, f64)>,
}

/// Where a positive quantity usually is.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    middle: f64,
    scale: f64,
}

impl Level {
    /// From the quantity on the training stretch; its largest values may be anomalies. The scale is at least
    /// `floor`.
    ///
    /// The scale is that of the median deviation or of the 97 % quantile, whichever is wider: tails heavier than
    /// the normal distribution's are usual too.
    fn of(mut values: Vec<f64>, floor: f64) -> Level {
        values.retain(|v| v.is_finite());
        if values.is_empty() {
            return Level { middle: 0.0, scale: floor };
        }
        values.sort_unstable_by(f64::total_cmp);
        let middle = quantile_sorted(&values, 0.5);
        // 1.881 deviations: the normal distribution's 97 %.
        let tail = (quantile_sorted(&values, 0.97) - middle) / 1.881;
        let mut off: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
        let near = MAD_TO_SIGMA * median_in_place(&mut off);
        Level { middle, scale: near.max(tail).max(floor) }
    }

    /// Deviations above what is usual, at least 0.
    fn above(&self, value: f64) -> f64 {
        ((value - self.middle) / self.scale).max(0.0)
    }
}

/// How often a distance is large: in a heavy tail, deviations grow with a root of the distance.
#[derive(Debug, Clone, Copy)]
struct Tail {
    /// The distance of [`Tail::FIRST`] deviations.
    first: f64,
    /// Exponent above it, 1 for the normal distribution.
    power: f64,
}

impl Default for Tail {
    fn default() -> Tail {
        Tail { first: 1.0, power: 1.0 }
    }
}

impl Tail {
    /// Deviations that a normal distance stays below in 90 % and in 99 % of cases.
    const FIRST: f64 = 1.645;
    const SECOND: f64 = 2.576;
    /// The heaviest tail that is called usual; above it, what is rare is strange.
    const HEAVIEST: f64 = 0.4;

    /// From distances on the training stretch; a deviation is at least `floor`.
    fn of(mut values: Vec<f64>, floor: f64) -> Tail {
        values.sort_unstable_by(f64::total_cmp);
        let at = |q| if values.is_empty() { 0.0 } else { quantile_sorted(&values, q) };
        let middle = at(0.5) / 0.6745;
        let first = (at(0.9) / Tail::FIRST).max(middle).max(floor) * Tail::FIRST;
        let ratio = (at(0.99) / first).max(1.0);
        let power = (Tail::SECOND / Tail::FIRST).ln() / ratio.ln();
        Tail { first, power: if ratio > 1.0 { power.clamp(Tail::HEAVIEST, 1.0) } else { 1.0 } }
    }

    /// The deviations that a distance is worth.
    fn deviations(&self, value: f64) -> f64 {
        let part = value / self.first;
        Tail::FIRST * if part > 1.0 { part.powf(self.power) } else { part }
    }
}

/// An increasing map of scores: straight lines between knots, nothing changed above the last.
#[derive(Debug, Clone, Default)]
struct Spacing {
    knots: Vec<(f64, f64)>,
}

impl Spacing {
    /// The map that lays the quartiles of `scores` out so that their median plus six robust deviations is
    /// [`LIMIT`], and leaves what is above alone.
    fn of(mut scores: Vec<f64>) -> Spacing {
        scores.sort_unstable_by(f64::total_cmp);
        // The median goes to 1.
        let away = (LIMIT - 1.0) / (6.0 * MAD_TO_SIGMA);
        let mut knots = vec![(0.0, 0.0)];
        for (q, to) in [(0.25, 1.0 - away), (0.5, 1.0), (0.75, 1.0 + away)] {
            let from = quantile_sorted(&scores, q);
            if knots.last().is_some_and(|(x, _)| from > *x) && from < LIMIT {
                knots.push((from, to));
            }
        }
        knots.push((LIMIT, LIMIT));
        Spacing { knots }
    }

    fn map(&self, score: f64) -> f64 {
        for pair in self.knots.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            if score < x1 {
                return y0 + (y1 - y0) * (score - x0) / (x1 - x0);
            }
        }
        score
    }
}

/// What windows say of each bin.
struct Parts {
    expected: Vec<f64>,
    critic: Option<Vec<f64>>,
    level: Vec<f64>,
    spread: Vec<f64>,
    /// Windows that cover it.
    cover: Vec<usize>,
}

/// Windows with what the net made of them.
struct Answers {
    starts: Vec<usize>,
    frames: Vec<Frame>,
    rows: Vec<f64>,
    critic: Option<Vec<f32>>,
}

impl<R: Reconstructor> Learnt<R> {
    /// Passes the windows of `bins`, one every `step` and one at the end, through the net.
    fn answers(&self, bins: &[f64]) -> Result<Answers> {
        let last = bins.len().saturating_sub(WINDOW);
        let mut starts: Vec<usize> = (0..=last).step_by(self.params.step).collect();
        if starts.last().is_some_and(|s| *s < last) {
            starts.push(last);
        }
        let mut inputs = vec![0f32; starts.len() * WINDOW];
        let frames: Vec<Frame> = starts
            .iter()
            .zip(inputs.chunks_exact_mut(WINDOW))
            .map(|(start, input)| self.familiar.shape(&bins[*start..start + WINDOW], input))
            .collect();
        let Reconstruction { values, critic } = self.net.reconstruct(&inputs)?;
        let rows = values.chunks_exact(WINDOW).zip(&frames);
        let rows = rows.flat_map(|(row, frame)| row.iter().map(|v| frame.back(*v))).collect();
        Ok(Answers { starts, frames, rows, critic })
    }

    /// The rule's score, the level's and the spread's, whichever is largest, for each bin.
    fn bin_scores(&self, usual: &Usual, bins: &[f64], parts: &Parts) -> Vec<f64> {
        let rule = &self.params.score;
        let errors: Vec<Vec<f64>> =
            rule.measures().iter().map(|m| rule.errors(*m, bins, &parts.expected)).collect();
        let critic = self.judged(usual, parts);
        (0..bins.len())
            .map(|b| {
                let ease = self.ease(usual, parts.cover[b]);
                let each = errors.iter().zip(&usual.errors).map(|(e, level)| level.above(e[b] / ease));
                let reconstruction = each.fold(0.0, f64::max);
                let judged = match (&critic, &usual.critic) {
                    (Some(c), Some((_, level))) => Some(level.above(c[b])),
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

    /// Smoothed distance of the critic's judgement from what is usual.
    fn judged(&self, usual: &Usual, parts: &Parts) -> Option<Vec<f64>> {
        let (critic, (middle, _)) = (parts.critic.as_ref()?, usual.critic.as_ref()?);
        let off: Vec<f64> = critic.iter().map(|c| (c - middle).abs()).collect();
        Some(rolling_mean(&off, self.params.score.smooth, 1))
    }

    /// By how much an error is larger for being covered by few windows.
    fn ease(&self, usual: &Usual, cover: usize) -> f64 {
        if cover >= WINDOW / self.params.step {
            return 1.0;
        }
        1.0 + (usual.edge - 1.0) / cover.max(1) as f64
    }

    /// Measures what is usual on `train`.
    fn calibrate(&self, train: &[f64]) -> Result<Usual> {
        let bins = self.sampling.bins(train);
        let unit = self.familiar.spread();
        let rule = &self.params.score;
        let mut errors = vec![Vec::new(); rule.measures().len()];
        let (mut critic, mut level, mut spread) = (Vec::new(), Vec::new(), Vec::new());
        let (mut alone, mut stitched) = (Vec::new(), Vec::new());
        let mut expected = Vec::new();
        let mut pieces = Vec::new();
        for stretch in stretches(bins.len(), self.params.step) {
            let bins = &bins[stretch.clone()];
            let answers = self.answers(bins)?;
            let parts = answers.stitch(bins.len());
            // The ends are covered by few windows; of a short stretch there is nothing else.
            let inner =
                if bins.len() >= 2 * WINDOW { WINDOW / 2..bins.len() - WINDOW / 2 } else { 0..bins.len() };
            for (all, measure) in errors.iter_mut().zip(rule.measures()) {
                all.extend_from_slice(&rule.errors(*measure, bins, &parts.expected)[inner.clone()]);
            }
            stitched.extend(inner.clone().map(|b| (bins[b] - parts.expected[b]).abs()));
            critic.extend(parts.critic.iter().flat_map(|c| &c[inner.clone()]));
            level.extend_from_slice(&parts.level[inner.clone()]);
            spread.extend_from_slice(&parts.spread[inner]);
            alone.extend(answers.at_the_edge(bins, self.params.step));
            let (start, end) = (stretch.start, stretch.end);
            expected.extend((0..train.len()).filter_map(|i| {
                let at = self.sampling.place(i);
                let inside = at >= start as f64 && at + 1.0 < end as f64;
                inside.then(|| (train[i] - between(&parts.expected, at - start as f64)).abs())
            }));
            pieces.push((stretch, parts));
        }
        let (error, edge) = (Level::of(stitched, 0.0), Level::of(alone, 0.0));
        let centred = |mut values: Vec<f64>, floor: f64| {
            let middle = median_in_place(&mut values.clone());
            values.iter_mut().for_each(|v| *v = (*v - middle).abs());
            (middle, Level::of(values, floor))
        };
        let critic = (!critic.is_empty()).then(|| {
            let middle = median_in_place(&mut critic.clone());
            let off: Vec<f64> = critic.iter().map(|c| (c - middle).abs()).collect();
            (middle, Level::of(rolling_mean(&off, rule.smooth, 1), 1e-3))
        });
        let off = off_neighbours(train);
        let point = Tail::of(off.clone(), 0.01);
        let band = Level::of(expected, 0.0);
        let usual = Usual {
            // An error below a fiftieth of the series' deviation is none, however exact the training stretch.
            errors: rule.measures().iter().zip(errors).map(|(m, e)| Level::of(e, floor(*m, unit))).collect(),
            critic,
            level: centred(level, 0.2 * unit + 1e-6),
            spread: centred(spread, 0.1),
            point,
            spacing: Spacing::default(),
            edge: if error.middle > 0.0 {
                ((edge.middle + edge.scale) / (error.middle + error.scale)).max(1.0)
            } else {
                1.0
            },
            band: band.middle + BAND * band.scale,
            foreign: (error.middle > FOREIGN * unit).then_some((error.middle, unit)),
        };
        // The scores of what was looked at, with all that is now known.
        let mut scores = Vec::new();
        for (stretch, parts) in pieces {
            let of_bins = self.bin_scores(&usual, &bins[stretch.clone()], &parts);
            scores.extend((0..train.len()).filter_map(|i| {
                let bin = self.sampling.bin(i).checked_sub(stretch.start)?;
                Some(point.deviations(off[i]).max(*of_bins.get(bin)?))
            }));
        }
        Ok(Usual { spacing: Spacing::of(scores), ..usual })
    }
}

impl<R: Reconstructor + 'static> Fitted for Learnt<R> {
    fn reach(&self) -> Reach {
        // The bins whose reconstruction a bin's score looks at, and one more that the expected value leans on;
        // windows that cover those.
        let bins = self.params.score.reach() + 1 + WINDOW;
        let points = self.sampling.points(bins) + 1;
        let grain = match self.sampling {
            Sampling::Down(q) => q * self.params.step,
            Sampling::Up(u) => self.params.step / common_divisor(self.params.step, u),
        };
        let points = points.max(NEIGHBOURS);
        Reach { before: points, after: points, grain }
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        let bins = self.sampling.bins(values);
        if bins.len() < WINDOW {
            return Ok(Scores::of(vec![f64::NAN; values.len()]));
        }
        let parts = self.answers(&bins)?.stitch(bins.len());
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
            .map(|i| usual.band * self.ease(usual, parts.cover[self.sampling.bin(i)]))
            .collect();
        Ok(Scores { value, expected: Some(expected), band: Some(band) })
    }

    fn caution(&self) -> Option<String> {
        let (error, unit) = self.usual.foreign?;
        let part = (100.0 * error / unit).round();
        Some(format!(
            "The shape of this series is foreign to the pretrained net (its median error is {part} % of the \
             series' deviation), so only level, spread and single points are judged."
        ))
    }
}

impl Answers {
    /// What the windows say of each of `bins` bins: medians over those that cover it, and the critics' mode.
    fn stitch(&self, bins: usize) -> Parts {
        let mut parts = Parts {
            expected: Vec::with_capacity(bins),
            critic: self.critic.as_ref().map(|_| Vec::with_capacity(bins)),
            level: Vec::with_capacity(bins),
            spread: Vec::with_capacity(bins),
            cover: Vec::with_capacity(bins),
        };
        let (mut first, mut end) = (0, 0);
        let mut said = Vec::new();
        let mut median = |values: &mut dyn Iterator<Item = f64>| {
            said.clear();
            said.extend(values);
            median_in_place(&mut said)
        };
        for b in 0..bins {
            while end < self.starts.len() && self.starts[end] <= b {
                end += 1;
            }
            while first < end && self.starts[first] + WINDOW <= b {
                first += 1;
            }
            let windows = first..end;
            parts.cover.push(windows.len());
            let rows = windows.clone().map(|k| self.rows[k * WINDOW + b - self.starts[k]]);
            parts.expected.push(median(&mut { rows }));
            let frames = &self.frames[windows.clone()];
            parts.level.push(median(&mut frames.iter().map(|f| f.level)));
            parts.spread.push(median(&mut frames.iter().map(|f| f.spread.max(1e-9).ln())));
            if let (Some(all), Some(critic)) = (&mut parts.critic, &self.critic) {
                let judged: Vec<f64> = critic[windows].iter().map(|c| f64::from(*c)).collect();
                all.push(mode(&judged));
            }
        }
        parts
    }

    /// Errors of single windows in their last `step` bins: those that a live score begins with.
    fn at_the_edge<'a>(&'a self, bins: &'a [f64], step: usize) -> impl Iterator<Item = f64> + 'a {
        self.starts.iter().enumerate().flat_map(move |(k, start)| {
            (WINDOW - step..WINDOW).map(move |j| (bins[start + j] - self.rows[k * WINDOW + j]).abs())
        })
    }
}

/// The stretches of `bins` bins that are calibrated on: all, or a few spread evenly. Each starts at a multiple of
/// `step`.
fn stretches(bins: usize, step: usize) -> Vec<std::ops::Range<usize>> {
    if bins <= CALIBRATED {
        return std::iter::once(0..bins).collect();
    }
    let length = CALIBRATED / STRETCHES;
    (0..STRETCHES)
        .map(|k| {
            let start = k * (bins - length) / (STRETCHES - 1) / step * step;
            start..start + length
        })
        .collect()
}

/// The least scale of a measure's error, for a series of this deviation: a fiftieth of it a point.
fn floor(measure: Measure, deviation: f64) -> f64 {
    let points = match measure {
        Measure::Mixed | Measure::Point => 1.0,
        // Errors of single points partly cancel: the root of the points that are summed.
        Measure::Area | Measure::Dtw => 3.0,
    };
    0.02 * deviation * points + 1e-6
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
