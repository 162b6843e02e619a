//! Makes any series look familiar to a net trained on windows of [`WINDOW`] points: one preparation for the
//! trainer and for the page.
//!
//! Three moves, each with its way back: resample by an integer so that a period lasts about so many bins; take
//! a window's level and spread out (the spread floored, so noise in a flat stretch is not blown up); limit what is
//! left softly, so that one spike does not upset a recurrent net.

use crate::error::Result;
use crate::math::stats::{median_in_place, std};

/// Bins in a window of the pretrained nets.
pub const WINDOW: usize = 100;

/// Bins are means of this many points at most.
const COARSEST: usize = 40;
/// At most this many bins a point.
const FINEST: usize = 2;
/// A variance below this part of the mean's square, or of 1, is rounding.
const CONSTANT: f64 = 1e-12;
/// Values further from the window's median than this, in units of the series' robust half range, count as there
/// when level and spread are taken: a spike must not shrink the rest of the window.
const FAR: f64 = 2.5;
/// The spread is at least this part of the series' spread.
const FLOOR: f64 = 0.25;
/// Spreads that reach the net as 1: a sine's crest comes in at 0.57, the crest of a narrow pulse still below 2.
const UNIT: f64 = 2.5;
/// A window with less spread is constant but for rounding: it goes in as 0 and comes back as its level.
const FLAT: f64 = 1e-9;
/// The net's input stays within this.
const SOFT: f64 = 1.2;
/// The net's output is taken to be within this, so that its way back is finite.
const REACHED: f64 = 1.1;

/// An integer change of the sampling rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// A bin is the mean of this many points.
    Down(usize),
    /// This many bins a point, by linear interpolation.
    Up(usize),
}

impl Sampling {
    /// The change that makes `period` last about `bins`. Without a period: the rate is kept if `train` is constant or
    /// noise-like (autocorrelation at lag 1 below 0.5), else it is lowered until the autocorrelation falls to 0.5
    /// within about 5 bins.
    pub fn of(period: Option<usize>, bins: usize, train: &[f64]) -> Sampling {
        match period {
            Some(p) if p >= bins => Sampling::Down(rounded(p, bins, COARSEST)),
            Some(p) if p > 0 => Sampling::Up(rounded(bins, p, FINEST)),
            _ => Sampling::Down(rounded(memory(train), 5, COARSEST)),
        }
    }

    /// Bins of `values`; the last one may be the mean of fewer points than the others.
    pub fn bins(self, values: &[f64]) -> Vec<f64> {
        match self {
            Sampling::Down(1) | Sampling::Up(1) => values.to_vec(),
            Sampling::Down(q) => {
                values.chunks(q).map(|bin| bin.iter().sum::<f64>() / bin.len() as f64).collect()
            }
            Sampling::Up(u) => {
                let mut bins = Vec::with_capacity(values.len() * u);
                for pair in values.windows(2) {
                    bins.extend((0..u).map(|k| pair[0] + (pair[1] - pair[0]) * k as f64 / u as f64));
                }
                bins.extend(values.last());
                bins
            }
        }
    }

    /// How many of the bins of `points` points stay as they are when more points come.
    pub fn whole(self, points: usize) -> usize {
        match self {
            Sampling::Down(q) => points / q,
            Sampling::Up(u) => points.saturating_sub(1) * u + points.min(1),
        }
    }

    /// The bin that holds point `i`.
    pub fn bin(self, i: usize) -> usize {
        match self {
            Sampling::Down(q) => i / q,
            Sampling::Up(u) => i * u,
        }
    }

    /// Where point `i` lies between the middles of bins.
    pub fn place(self, i: usize) -> f64 {
        match self {
            Sampling::Down(q) => (i as f64 + 0.5) / q as f64 - 0.5,
            Sampling::Up(u) => (i * u) as f64,
        }
    }

    /// Bins that `points` points last, about.
    pub fn within(self, points: usize) -> usize {
        match self {
            Sampling::Down(q) => rounded(points, q, usize::MAX),
            Sampling::Up(u) => points * u,
        }
    }

    /// Points that `bins` bins last, at least.
    pub fn points(self, bins: usize) -> usize {
        match self {
            Sampling::Down(q) => bins * q,
            Sampling::Up(u) => bins.div_ceil(u),
        }
    }
}

/// `a / b` rounded, within `1..=most`.
fn rounded(a: usize, b: usize, most: usize) -> usize {
    ((2 * a + b) / (2 * b.max(1))).clamp(1, most)
}

/// The first lag at which the autocorrelation is below 0.5, or the longest lag looked at; 1 if all is the same.
fn memory(train: &[f64]) -> usize {
    let mean = train.iter().sum::<f64>() / train.len().max(1) as f64;
    let product = |lag: usize| -> f64 {
        train.iter().zip(&train[lag.min(train.len())..]).map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    let longest = (5 * COARSEST).min(train.len() / 4);
    let half = 0.5 * product(0);
    if 2.0 * half <= CONSTANT * (1.0 + mean * mean) * train.len() as f64 {
        return 1;
    }
    (1..longest).find(|&lag| product(lag) < half).unwrap_or(longest).max(1)
}

/// What a series looks like, learnt from its bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Familiar {
    /// The least spread that a window is given.
    least: f64,
    /// Deviation of the series, far values pulled in.
    spread: f64,
}

impl Familiar {
    /// From the bins of the training stretch.
    pub fn fit(bins: &[f64]) -> Familiar {
        let mut near = bins.to_vec();
        let middle = median_in_place(&mut near);
        near.iter_mut().for_each(|v| *v = v.clamp(middle - FAR, middle + FAR));
        let spread = std(&near);
        let spread = if spread.is_finite() { spread } else { 0.0 };
        Familiar { least: FLOOR * spread, spread }
    }

    /// Deviation of the series, far values pulled in.
    pub fn spread(&self) -> f64 {
        self.spread
    }

    /// The net's input for `window`, into `input` of the same length; returns the way back.
    pub fn shape(&self, window: &[f64], input: &mut [f32]) -> Frame {
        let mut near = [0.0; WINDOW];
        let n = window.len().min(WINDOW);
        let near = &mut near[..n];
        near.copy_from_slice(&window[..n]);
        let middle = median_in_place(near);
        let (low, high) = (middle - FAR, middle + FAR);
        let mean = window.iter().map(|v| v.clamp(low, high)).sum::<f64>() / n as f64;
        let square = window.iter().map(|v| (v.clamp(low, high) - mean).powi(2)).sum::<f64>() / n as f64;
        let frame = Frame { level: mean, spread: square.sqrt().max(self.least) };
        for (to, from) in input.iter_mut().zip(window) {
            *to = frame.into_net(*from) as f32;
        }
        frame
    }
}

impl Familiar {
    /// What should follow each of `windows` of `length` values, at most [`WINDOW`], one after the other. `change`
    /// answers their inputs: by how much the next value differs from the last, as the net sees values.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn next(
        &self,
        windows: &[f64],
        length: usize,
        change: impl FnOnce(&[f32]) -> Result<Vec<f32>>,
    ) -> Result<Vec<f64>> {
        let mut inputs = vec![0f32; windows.len()];
        let shaped = windows.chunks_exact(length).zip(inputs.chunks_exact_mut(length));
        let frames: Vec<Frame> = shaped.map(|(window, input)| self.shape(window, input)).collect();
        let changes = change(&inputs)?;
        let last = inputs.chunks_exact(length).map(|input| input[length - 1]);
        let answers = frames.iter().zip(last).zip(changes);
        Ok(answers.map(|((frame, last), change)| frame.back(last + change)).collect())
    }
}

/// A window's level and spread: what was taken out of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Mean of the window, far values pulled in.
    pub level: f64,
    /// Deviation of the window, far values pulled in, floored.
    pub spread: f64,
}

impl Frame {
    /// A value as the net sees it.
    pub fn into_net(&self, value: f64) -> f64 {
        if self.spread < FLAT {
            return 0.0;
        }
        SOFT * ((value - self.level) / (UNIT * self.spread * SOFT)).tanh()
    }

    /// A value of the net's output on the scale of the window.
    pub fn back(&self, output: f32) -> f64 {
        if self.spread < FLAT {
            return self.level;
        }
        let within = f64::from(output).clamp(-REACHED, REACHED);
        self.level + UNIT * self.spread * SOFT * (within / SOFT).atanh()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Random;

    #[test]
    fn resamples_to_about_so_many_bins_a_period() {
        let of = |p| Sampling::of(Some(p), 25, &[]);
        assert_eq!(of(288), Sampling::Down(12));
        assert_eq!(of(25), Sampling::Down(1));
        assert_eq!(of(5000), Sampling::Down(40));
        assert_eq!(of(24), Sampling::Up(1));
        assert_eq!(of(7), Sampling::Up(2));
        assert_eq!(of(12), Sampling::Up(2));
        assert_eq!(Sampling::of(Some(288), 100, &[]), Sampling::Down(3));
        assert_eq!(Sampling::of(Some(48), 100, &[]), Sampling::Up(2));
        let noise: Vec<f64> = {
            let mut r = Random::new(1);
            (0..500).map(|_| r.normal()).collect()
        };
        assert_eq!(Sampling::of(None, 25, &noise), Sampling::Down(1));
        assert_eq!(Sampling::of(None, 25, &[0.1; 4000]), Sampling::Down(1));
        let slow: Vec<f64> = (0..4000).map(|i| (i as f64 / 60.0).sin()).collect();
        // The autocorrelation of that sine, cos(lag / 60), is 0.5 at lag 63.
        assert_eq!(Sampling::of(None, 25, &slow), Sampling::Down(13));
    }

    #[test]
    fn bins_by_hand() {
        assert_eq!(Sampling::Down(2).bins(&[1.0, 3.0, 5.0, 7.0, 9.0]), [2.0, 6.0, 9.0]);
        assert_eq!(Sampling::Up(2).bins(&[1.0, 3.0, 2.0]), [1.0, 2.0, 3.0, 2.5, 2.0]);
        assert_eq!(Sampling::Up(4).points(100), 25);
        assert_eq!(
            (Sampling::Down(2).whole(5), Sampling::Up(2).whole(3), Sampling::Up(2).whole(0)),
            (2, 5, 0)
        );
        assert_eq!((Sampling::Down(3).within(100), Sampling::Up(2).within(24)), (33, 48));
    }

    #[test]
    fn the_way_back_inverts_the_way_in() {
        let window: Vec<f64> = (0..WINDOW).map(|i| 3.0 + (i as f64 / 4.0).sin()).collect();
        let familiar = Familiar::fit(&window);
        let mut input = [0.0; WINDOW];
        let frame = familiar.shape(&window, &mut input);
        for (x, v) in window.iter().zip(input) {
            assert!((frame.back(v) - x).abs() < 1e-5);
        }
    }

    #[test]
    fn a_spike_leaves_the_rest_of_the_window_as_it_was() {
        let mut window: Vec<f64> = (0..WINDOW).map(|i| (i as f64 / 4.0).sin()).collect();
        let familiar = Familiar::fit(&window);
        let (mut before, mut after) = ([0.0; WINDOW], [0.0; WINDOW]);
        familiar.shape(&window, &mut before);
        window[50] = 1e6;
        familiar.shape(&window, &mut after);
        assert!((before[20] - after[20]).abs() < 0.05);
        assert!(after[50] <= 1.2);
    }

    #[test]
    fn what_follows_is_the_last_value_and_its_change() {
        let windows: Vec<f64> = (0..20).map(|i| (i as f64 / 3.0).sin()).collect();
        let familiar = Familiar::fit(&windows);
        let next = familiar.next(&windows, 10, |inputs| Ok(vec![0.0; inputs.len() / 10])).unwrap();
        assert!((next[0] - windows[9]).abs() < 1e-5 && (next[1] - windows[19]).abs() < 1e-5);
        let up = familiar.next(&windows, 10, |_| Ok(vec![0.1; 2])).unwrap();
        assert!(up[0] > next[0] && up[1] > next[1]);
    }

    #[test]
    fn a_constant_comes_back_as_itself() {
        let familiar = Familiar::fit(&[4.0; 300]);
        let mut input = [0.0; WINDOW];
        let frame = familiar.shape(&[4.0; WINDOW], &mut input);
        assert!(input.iter().all(|v| *v == 0.0) && frame.back(0.0) == 4.0);
    }
}
