//! The non-parametric dynamic threshold: the limit whose removal of what is above it lowers mean and deviation most.
//!
//! Source: Hundman et al. (2018), Detecting Spacecraft Anomalies Using LSTMs and Nonparametric Dynamic Thresholding.

use super::runs;
use crate::math::stats;

/// Points that one dynamic limit is chosen on (Hundman et al. 2018: h = 2100).
pub const WINDOW: usize = 2100;
/// Points on each side of a hit that count as part of it in the dynamic rule, less one.
pub const BUFFER: usize = 50;

/// The choice of [`choose`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dynamic {
    /// Deviations above the mean.
    pub z: f64,
    /// The limit.
    pub limit: f64,
}

/// The dynamic limit of these scores: candidates `z = 2.5, 3, .. 11.5`, each judged by how much mean and deviation
/// fall when the scores at or above `mean + z·std` are left out, over `sequences² + points` flagged. Each hit counts
/// `buffer - 1` points on both sides; a hit that stays alone is no sequence. Candidates with more than 5 sequences or
/// half of the points are refused; if none is left, z is 12. Ties go to the larger z. (Hundman et al., KDD 2018.)
pub fn choose(scores: &[f64], buffer: usize) -> Dynamic {
    let (mean, std) = (stats::mean(scores), stats::std(scores));
    let mut best =
        Dynamic { z: 12.0, limit: if scores.is_empty() { f64::INFINITY } else { mean + 12.0 * std } };
    let mut best_gain = f64::NEG_INFINITY;
    for z in (5..24).map(|half| f64::from(half) * 0.5) {
        let limit = mean + z * std;
        let flagged = Flagged::at(scores, limit, buffer);
        if flagged.eligible(scores.len()) && flagged.gain >= best_gain {
            (best, best_gain) = (Dynamic { z, limit }, flagged.gain);
        }
    }
    best
}

/// What a candidate limit flags.
struct Flagged {
    points: usize,
    sequences: usize,
    /// How much mean and deviation fall without it, over `sequences² + points`.
    gain: f64,
}

impl Flagged {
    fn at(scores: &[f64], limit: f64, buffer: usize) -> Flagged {
        let below: Vec<f64> = scores.iter().copied().filter(|v| *v < limit).collect();
        let hits: Vec<bool> =
            runs::widened(&scores.iter().map(|v| *v > limit).collect::<Vec<_>>(), buffer.saturating_sub(1));
        let points = hits.iter().filter(|h| **h).count();
        let sequences = runs::of(&hits).iter().filter(|(start, end)| end - start > 1).count();
        let fall = |of: fn(&[f64]) -> f64| (of(scores) - of(&below)) / of(scores);
        let gain = (fall(stats::mean) + fall(stats::std)) / (sequences * sequences + points) as f64;
        Flagged { points, sequences, gain }
    }

    /// Whether it is some, in few pieces, and less than half of `n` points.
    fn eligible(&self, n: usize) -> bool {
        self.points > 0 && self.sequences <= 5 && 2 * self.points < n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{golden, numbers};

    #[test]
    fn the_dynamic_limit_agrees_with_the_reference_grid() {
        let golden = golden("thresholding");
        let e = numbers(&golden["inputs"]["e"]);
        let number = |key: &str| golden["outputs"][key].as_f64().unwrap();
        assert!((stats::mean(&e) - number("mean")).abs() < 1e-9);
        assert!((stats::std(&e) - number("std_population")).abs() < 1e-9);
        // The other reference has the same falls, counts every run and widens none.
        for row in golden["outputs"]["z_cost_table_on_e"].as_array().unwrap() {
            let number = |name: &str| row[name].as_f64().unwrap();
            let limit = stats::mean(&e) + number("z") * stats::std(&e);
            let flagged = Flagged::at(&e, limit, 1);
            assert_eq!(flagged.points as f64, number("above"), "{row}");
            let Some(cost) = row["cost"].as_f64() else { continue };
            let fall = flagged.gain * (flagged.sequences.pow(2) + flagged.points) as f64;
            let want = -cost * (number("runs").powi(2) + number("above"));
            assert!((fall - want).abs() < 1e-9 * (1.0 + want.abs()), "{row}: {fall} {want}");
        }
        let smoothed = numbers(&golden["outputs"]["ewm_span_12_adjust_true"]);
        for (key, scores, buffer) in [
            ("ndt_grid_e_buffer_1", &e, 1),
            ("ndt_grid_e_buffer_10", &e, 10),
            ("ndt_grid_smoothed_buffer_1", &smoothed, 1),
            ("ndt_grid_smoothed_buffer_10", &smoothed, 10),
        ] {
            let want = &golden["outputs"][key];
            let got = choose(scores, buffer);
            assert_eq!(got.z, want["best_z"].as_f64().unwrap(), "{key}");
            assert!((got.limit - want["epsilon"].as_f64().unwrap()).abs() < 1e-9, "{key}");
            for row in want["table"].as_array().unwrap() {
                let number = |name: &str| row[name].as_f64().unwrap();
                let limit = stats::mean(scores) + number("z") * stats::std(scores);
                let flagged = Flagged::at(scores, limit, buffer);
                let counts = (flagged.sequences as f64, flagged.points as f64);
                assert_eq!(counts, (number("sequences"), number("count")), "{key}: {row}");
                assert_eq!(Some(flagged.eligible(scores.len())), row["eligible"].as_bool(), "{key}: {row}");
                assert!((flagged.gain - number("score")).abs() < 1e-9, "{key}: {row}");
            }
        }
    }
}
