//! Seeded signals with planted anomalies, and the shipped weights.
// Each test file uses a part of this.
#![allow(missing_docs, dead_code, clippy::unwrap_used)]

use anomaly_widget::detect::registry::DETECTORS;
use anomaly_widget::detect::{Entry, Fitted, Setup};
use anomaly_widget::math::random::Random;
use anomaly_widget::nn::weights::Weights;
use anomaly_widget::{Result, Series};
use std::sync::Arc;

/// Period of [`wave`].
pub const PERIOD: usize = 40;

/// A wave of [`PERIOD`] with a harmonic and a little noise, within about [-1, 1].
pub fn wave(n: usize, seed: u64) -> Vec<f64> {
    let mut random = Random::new(seed);
    (0..n)
        .map(|i| {
            let phase = std::f64::consts::TAU * i as f64 / PERIOD as f64;
            0.8 * phase.sin() + 0.15 * (2.0 * phase).cos() + 0.03 * random.normal()
        })
        .collect()
}

/// White noise of deviation 1/2.3, so that it fills about [-1, 1] like prepared values.
pub fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut random = Random::new(seed);
    (0..n).map(|_| random.normal() / 2.33).collect()
}

/// A series of one row a second.
pub fn series(values: Vec<f64>) -> Series {
    Series::new((0..values.len()).map(|i| i as f64 * 1000.0).collect(), values).unwrap()
}

/// The shipped weights of a pretrained detector.
pub fn weights(entry: &Entry) -> Option<Weights> {
    entry.pretrained.then(|| {
        let models = concat!(env!("CARGO_MANIFEST_DIR"), "/www/models/");
        let read = |file: String| std::fs::read(format!("{models}{file}")).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&read("index.json".into())).unwrap();
        let file = index[entry.name].as_str().unwrap().to_string();
        let card = String::from_utf8(read(format!("{file}.json"))).unwrap();
        Weights::load(&read(format!("{file}.safetensors")), &card, entry.name).unwrap()
    })
}

/// The detector at its defaults, for a series of this period, fitted on `train`.
pub fn fit(entry: &Entry, period: Option<usize>, train: &[f64]) -> Result<Arc<dyn Fitted>> {
    let weights = weights(entry);
    let setup = Setup { period, weights: weights.as_ref(), ..Setup::default() };
    (entry.build)(&setup)?.fit(train)
}

/// Runs `check` for every row of the registry; there is no list of exceptions. `ANOMALY_DETECTOR` narrows a run
/// by hand to one detector.
pub fn each(check: impl Fn(&'static Entry)) {
    let only = std::env::var("ANOMALY_DETECTOR").ok();
    let chosen = DETECTORS.iter().filter(|e| only.as_deref().is_none_or(|name| name == e.name));
    let checked = chosen.map(check).count();
    assert!(checked > 0, "no detector is called {}", only.unwrap_or_default());
}
