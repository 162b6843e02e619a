//! From windows with their reconstructions to what they say of each bin together.

use crate::math::stats::median_in_place;
use crate::nn::familiar::{Frame, WINDOW};
use crate::score::critic::mode;

/// What windows say of each bin.
pub struct Parts {
    /// Median of the reconstructions.
    pub expected: Vec<f64>,
    /// The second opinion that goes with the reconstruction's error: the mode of the critic's judgements, or else
    /// the mean error of the forecasts at the windows' ends.
    pub opinion: Option<Vec<f64>>,
    /// Median level of the windows.
    pub level: Vec<f64>,
    /// Median logarithm of their spreads.
    pub spread: Vec<f64>,
    /// Windows that cover it.
    pub cover: Vec<usize>,
}

/// Windows with what the net made of them.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Where they start.
    pub starts: Vec<usize>,
    /// What was taken out of them.
    pub frames: Vec<Frame>,
    /// What came out, on the scale of the series.
    pub rows: Vec<f64>,
    /// The critic's judgements.
    pub critic: Option<Vec<f32>>,
    /// Bins at each end that are forecasts, from what lies between.
    pub ends: usize,
}

impl Answers {
    /// Adds windows that follow.
    pub fn append(&mut self, more: Answers) {
        self.starts.extend(more.starts);
        self.frames.extend(more.frames);
        self.rows.extend(more.rows);
        if let Some(critic) = more.critic {
            self.critic.get_or_insert_default().extend(critic);
        }
        self.ends = more.ends;
    }

    /// Leaves out all but the first `windows`.
    pub fn truncate(&mut self, windows: usize) {
        self.starts.truncate(windows);
        self.frames.truncate(windows);
        self.rows.truncate(windows * WINDOW);
        self.critic.iter_mut().for_each(|c| c.truncate(windows));
    }

    /// Leaves out the windows that start before this bin, from which starts count then.
    pub fn forget(&mut self, bins: usize) {
        let gone = self.starts.partition_point(|start| *start < bins);
        self.starts.drain(..gone);
        self.starts.iter_mut().for_each(|start| *start -= bins);
        self.frames.drain(..gone);
        self.rows.drain(..gone * WINDOW);
        self.critic.iter_mut().for_each(|c| drop(c.drain(..gone)));
    }

    /// What the windows say of each of `bins`.
    pub fn stitch(&self, bins: &[f64]) -> Parts {
        let column = || Vec::with_capacity(bins.len());
        let mut parts = Parts {
            expected: column(),
            opinion: (self.critic.is_some() || self.ends > 0).then(column),
            level: column(),
            spread: column(),
            cover: Vec::with_capacity(bins.len()),
        };
        let (mut first, mut end) = (0, 0);
        let mut said = Vec::new();
        let mut median = |values: &mut dyn Iterator<Item = f64>| {
            said.clear();
            said.extend(values);
            median_in_place(&mut said)
        };
        for b in 0..bins.len() {
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
            if let Some(all) = &mut parts.opinion {
                all.push(match &self.critic {
                    Some(critic) => mode(&critic[windows].iter().map(|c| f64::from(*c)).collect::<Vec<_>>()),
                    None => self.missed(windows, b, bins[b]),
                });
            }
        }
        parts
    }

    /// Mean error of the forecasts of `value` at bin `b` among `windows`; 0 if there is none.
    fn missed(&self, windows: std::ops::Range<usize>, b: usize, value: f64) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for k in windows {
            let at = b - self.starts[k];
            if at < self.ends || at >= WINDOW - self.ends {
                sum += (value - self.rows[k * WINDOW + at]).abs();
                count += 1.0;
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    /// Errors of single windows in their last `step` bins: those that a live score begins with.
    pub fn at_the_edge<'a>(&'a self, bins: &'a [f64], step: usize) -> impl Iterator<Item = f64> + 'a {
        self.starts.iter().enumerate().flat_map(move |(k, start)| {
            (WINDOW - step..WINDOW).map(move |j| (bins[start + j] - self.rows[k * WINDOW + j]).abs())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_missed_forecasts_by_hand() {
        let frame = |level| Frame { level, spread: 1.0 };
        let rows: Vec<f64> = (0..2 * WINDOW).map(|i| if i < WINDOW { 1.0 } else { 4.0 }).collect();
        let answers = Answers {
            starts: vec![0, 10],
            frames: vec![frame(0.0), frame(2.0)],
            rows,
            critic: None,
            ends: 10,
        };
        let parts = answers.stitch(&[3.0; WINDOW + 10]);
        assert_eq!((parts.expected[0], parts.expected[50], parts.expected[WINDOW + 9]), (1.0, 2.5, 4.0));
        assert_eq!((parts.level[0], parts.level[50], parts.cover[50]), (0.0, 1.0, 2));
        let opinion = parts.opinion.unwrap();
        // The first window forecasts bins 0 to 9 and 90 to 99, the second 10 to 19 and 100 to 109.
        assert_eq!((opinion[5], opinion[15], opinion[50]), (2.0, 1.0, 0.0));
        assert_eq!((opinion[95], opinion[105]), (2.0, 1.0));
        assert_eq!(answers.at_the_edge(&[3.0; WINDOW + 10], 1).collect::<Vec<_>>(), [2.0, 1.0]);
    }
}
