//! How good a net is on series that it was not trained on: the numbers of a card, and the test of a shipped file.

use serde::{Deserialize, Serialize};

use super::data::{Anomaly, Origin, plant, scaled, series};
use crate::error::Result;
use crate::math::random::Random;
use crate::nn::familiar::{Familiar, WINDOW};
use crate::window::Windows;

/// Mean errors of a reconstruction or a forecast, in units of a series' robust half range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Mean absolute error outside planted anomalies.
    pub normal: f64,
    /// Mean absolute error within them.
    pub anomalous: f64,
    /// `anomalous / normal`; a net that copies its input has 1 (of 0 to 0).
    pub ratio: f64,
    /// Part of the series whose largest error, smoothed over 5 points, lies in the anomaly or within 5 points of it.
    pub located: f64,
}

/// Points of a judged series, and the part of it that is ordinary and known.
const LENGTH: usize = 600;
const KNOWN: usize = 300;
/// Points between windows.
const STEP: usize = 10;

/// What a net does with windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It answers windows of [`WINDOW`] values with as many.
    Rebuilds,
    /// It answers windows of so many values with the change that follows.
    Foresees(usize),
}

/// The quality of a net that answers windows, one after the other, by `answer`, on `count` unseen series with one
/// planted anomaly each.
///
/// # Errors
/// Those of `answer`.
pub fn quality(
    kind: Kind,
    count: usize,
    seed: u64,
    mut answer: impl FnMut(&[f32]) -> Result<Vec<f32>>,
) -> Result<Quality> {
    let mut random = Random::new(seed);
    let (mut normal, mut anomalous) = ((0.0, 0.0), (0.0, 0.0));
    let mut located = 0;
    for k in 0..count {
        let mut values = scaled(&series(Origin::Unseen, LENGTH, &mut random));
        let familiar = Familiar::fit(&values[..KNOWN]);
        let start = KNOWN + 50 + random.below(LENGTH - KNOWN - 100);
        let length = 5 + random.below(20);
        let end = plant(&mut values, start, length, Anomaly::ALL[k % Anomaly::ALL.len()], &mut random);
        let (first, errors) = match kind {
            Kind::Rebuilds => (0, rebuilt(&familiar, &values, &mut answer)?),
            Kind::Foresees(window) => (window, foreseen(&familiar, &values, window, &mut answer)?),
        };
        for (i, e) in errors.iter().enumerate().map(|(i, e)| (first + i, e)) {
            let sum = if (start..end).contains(&i) { &mut anomalous } else { &mut normal };
            *sum = (sum.0 + e, sum.1 + 1.0);
        }
        let smooth: Vec<f64> = errors.windows(5).map(|w| w.iter().sum()).collect();
        let peak =
            (0..smooth.len()).max_by(|a, b| smooth[*a].total_cmp(&smooth[*b])).unwrap_or(0) + 2 + first;
        located += usize::from(peak + 5 >= start && peak < end + 5);
    }
    let (normal, anomalous) = (normal.0 / normal.1, anomalous.0 / anomalous.1);
    Ok(Quality { normal, anomalous, ratio: anomalous / normal, located: located as f64 / count as f64 })
}

/// `|x - x̂|` at each point of a series, the reconstruction stitched by the median.
fn rebuilt(
    familiar: &Familiar,
    values: &[f64],
    answer: &mut impl FnMut(&[f32]) -> Result<Vec<f32>>,
) -> Result<Vec<f64>> {
    let windows = Windows::new(values, WINDOW, STEP)?;
    let mut inputs = vec![0f32; windows.count() * WINDOW];
    let frames: Vec<_> =
        windows.iter().zip(inputs.chunks_mut(WINDOW)).map(|(w, input)| familiar.shape(w, input)).collect();
    let outputs = answer(&inputs)?;
    let rows: Vec<f64> = outputs
        .chunks(WINDOW)
        .zip(&frames)
        .flat_map(|(row, frame)| row.iter().map(|v| frame.back(*v)))
        .collect();
    Ok(windows.stitch(&rows).iter().zip(values).map(|(a, b)| (a - b).abs()).collect())
}

/// `|x - x̂|` at each point of a series but the first `window`.
fn foreseen(
    familiar: &Familiar,
    values: &[f64],
    window: usize,
    answer: &mut impl FnMut(&[f32]) -> Result<Vec<f32>>,
) -> Result<Vec<f64>> {
    let rows: Vec<f64> = values[..values.len() - 1].windows(window).flatten().copied().collect();
    let next = familiar.next(&rows, window, answer)?;
    Ok(next.iter().zip(&values[window..]).map(|(a, b)| (a - b).abs()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_sees_nothing_and_the_mean_sees_little() {
        let copy = quality(Kind::Rebuilds, 12, 1, |windows| Ok(windows.to_vec())).unwrap();
        assert!(copy.normal < 0.2 && copy.ratio > 0.0);
        let mean = quality(Kind::Rebuilds, 30, 1, |windows| Ok(vec![0.0; windows.len()])).unwrap();
        assert!(mean.ratio > 1.0 && mean.ratio < 5.0, "{mean:?}");
        let stays = quality(Kind::Foresees(50), 30, 1, |windows| Ok(vec![0.0; windows.len() / 50])).unwrap();
        assert!(stays.ratio > 1.0 && stays.ratio < 3.0, "{stays:?}");
    }
}
