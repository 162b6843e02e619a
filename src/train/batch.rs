//! Windows of a training step: drawn from series, made familiar, hidden or spoilt in places.

use std::borrow::Cow;

use super::data::{Anomaly, Origin, plant, scaled, series};
use crate::math::random::Random;
use crate::nn::familiar::{Familiar, WINDOW};

/// What nets are shown and what they should answer, one sample after the other.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Hidden or spoilt in places.
    pub shown: Vec<f32>,
    /// As it was, or as it went on.
    pub whole: Vec<f32>,
}

/// Where training windows come from: generators, and real ordinary stretches if there are any.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Real ordinary stretches, resampled and scaled, each of at least [`WINDOW`] values.
    pub real: Vec<Vec<f64>>,
}

/// Windows taken from one series of a batch.
const SHARED: usize = 4;
/// Points of a generated series: its scale is a series' scale, not a window's.
const LENGTH: usize = 400;

impl Source {
    /// A series: a third of the time a real one where there is something real.
    fn draw(&self, random: &mut Random) -> Cow<'_, [f64]> {
        if !self.real.is_empty() && random.below(3) == 0 {
            return Cow::Borrowed(&self.real[random.below(self.real.len())]);
        }
        Cow::Owned(scaled(&series(Origin::Training, LENGTH, random)))
    }

    /// `count` windows. With `spoil`, 15 to 30 % of most windows are hidden or replaced by something strange, and
    /// the answer is still the window as it was: this keeps a net from learning the identity.
    pub fn batch(&self, count: usize, spoil: bool, random: &mut Random) -> Batch {
        let mut batch = Batch::default();
        while batch.whole.len() < count * WINDOW {
            let values = self.draw(random);
            let familiar = Familiar::fit(&values);
            for _ in 0..SHARED {
                let start = random.below(values.len() - WINDOW + 1);
                window(&familiar, &values[start..start + WINDOW], spoil, random, &mut batch);
            }
        }
        batch.whole.truncate(count * WINDOW);
        batch.shown.truncate(count * WINDOW);
        batch
    }

    /// `count` windows of `window + ahead - 1` values, and by how much the value after each of the last `ahead`
    /// differs from what was shown of it. The first `window` values say what is familiar, and two in five of them
    /// have something strange among them. At `window + ahead <= WINDOW`.
    pub fn ahead(&self, count: usize, window: usize, ahead: usize, random: &mut Random) -> Batch {
        let mut batch = Batch::default();
        let length = window + ahead;
        for k in 0..count.div_ceil(SHARED) {
            let values = match k % 8 {
                // What has no period keeps its rate, and so does what has a short one.
                0 => Cow::Owned((0..LENGTH).map(|_| random.normal() / 2.33).collect()),
                1 | 2 => {
                    let long = scaled(&series(Origin::Training, 5 * LENGTH, random));
                    Cow::Owned(long.into_iter().step_by(2 + random.below(4)).collect())
                }
                _ => self.draw(random),
            };
            let familiar = Familiar::fit(&values);
            for _ in 0..SHARED {
                let start = random.below(values.len() - length + 1);
                let whole = &values[start..start + length];
                let mut shown = whole.to_vec();
                if random.below(5) >= 3 {
                    let long = 1 + random.below(window / 4);
                    let at = random.below(window - long + 1);
                    let kind = Anomaly::ALL[random.below(Anomaly::ALL.len())];
                    plant(&mut shown[..window], at, long, kind, random);
                }
                let mut input = [0f32; WINDOW];
                let frame = familiar.shape(&shown[..window], &mut input[..window]);
                for (to, from) in input[window..].iter_mut().zip(&shown[window..length - 1]) {
                    *to = frame.into_net(*from) as f32;
                }
                batch.shown.extend_from_slice(&input[..length - 1]);
                let next = whole[window..].iter().map(|v| frame.into_net(*v) as f32);
                batch.whole.extend(next.zip(&input[window - 1..]).map(|(next, now)| next - now));
            }
        }
        batch.shown.truncate(count * (length - 1));
        batch.whole.truncate(count * ahead);
        batch
    }
}

/// Adds one window to `batch`.
fn window(familiar: &Familiar, whole: &[f64], spoil: bool, random: &mut Random, batch: &mut Batch) {
    let mut shown = whole.to_vec();
    let way = if spoil { random.below(5) } else { 0 };
    if way >= 3 {
        let length = 1 + random.below(WINDOW / 4);
        let start = random.below(WINDOW - length);
        let kind = Anomaly::ALL[random.below(Anomaly::ALL.len())];
        plant(&mut shown, start, length, kind, random);
    }
    let mut input = [0f32; WINDOW];
    let frame = familiar.shape(&shown, &mut input);
    if way == 1 || way == 2 {
        let mut hidden = (random.range(0.15, 0.3) * WINDOW as f64) as usize;
        while hidden > 0 {
            let length = (2 + random.below(18)).min(hidden);
            let start = random.below(WINDOW - length);
            input[start..start + length].fill(0.0);
            hidden -= length;
        }
    }
    batch.shown.extend_from_slice(&input);
    batch.whole.extend(whole.iter().map(|v| frame.into_net(*v) as f32));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spoilt_batch_hides_something_and_answers_whole() {
        let mut random = Random::new(5);
        let batch = Source::default().batch(64, true, &mut random);
        assert_eq!((batch.shown.len(), batch.whole.len()), (64 * WINDOW, 64 * WINDOW));
        let changed = batch.shown.iter().zip(&batch.whole).filter(|(a, b)| a != b).count();
        assert!(changed > 200 && changed < 64 * WINDOW / 2, "{changed}");
        let plain = Source::default().batch(8, false, &mut random);
        assert_eq!(plain.shown, plain.whole);
    }

    #[test]
    fn what_lies_ahead_is_the_change_from_what_was_shown() {
        let line: Vec<f64> = (0..300).map(|i| i as f64 / 300.0).collect();
        let source = Source { real: vec![line] };
        let batch = source.ahead(256, 50, 8, &mut Random::new(2));
        assert_eq!((batch.shown.len(), batch.whole.len()), (256 * 57, 256 * 8));
        let far = batch.whole.iter().filter(|v| v.abs() > 2.4).count();
        assert_eq!(far, 0);
        // Beyond the first, what was shown is what was there.
        for (shown, change) in batch.shown.chunks(57).zip(batch.whole.chunks(8)) {
            for k in 0..7 {
                assert!((shown[49 + k] + change[k] - shown[50 + k]).abs() < 1e-6);
            }
        }
    }
}
