//! THE list of detectors. The picker, the contract tests, the docs table and [`find`] all read it.

use super::{Detector, Entry, Setup, adversarial, auto, prediction, reconstruction, similarity};
use crate::error::{Error, Result};

/// Every detector, by family.
#[rustfmt::skip]
pub static DETECTORS: &[Entry] = &compiled([
    auto::ENTRY,
    similarity::knn::ENTRY,
    similarity::radius::ENTRY,
    similarity::lof::ENTRY,
    similarity::subsequence::ENTRY,
    similarity::discord::ENTRY,
    prediction::arima::ENTRY,
    prediction::holt_winters::ENTRY,
    prediction::functional::ENTRY,
    prediction::htm::ENTRY,
    prediction::rnn::ENTRY,
    prediction::lstm::ENTRY,
    reconstruction::pca::ENTRY,
    reconstruction::autoencoder::ENTRY,
    reconstruction::vae::ENTRY,
    reconstruction::lstm_autoencoder::ENTRY,
    reconstruction::aer::ENTRY,
    adversarial::tadgan::ENTRY,
    adversarial::bigan::ENTRY,
    adversarial::cyclegan::ENTRY,
    adversarial::beatgan::ENTRY,
]);

/// The rows as they are compiled: without the feature `nets` those of pretrained detectors, and without `page` all
/// others, are there to be named, and building one says where it can be had. Whatever only they use is then left out.
const fn compiled<const N: usize>(mut rows: [Entry; N]) -> [Entry; N] {
    let there = [cfg!(feature = "page"), cfg!(feature = "nets")];
    let mut i = 0;
    while i < N {
        if !there[rows[i].pretrained as usize] {
            rows[i].build = elsewhere;
        }
        if !cfg!(feature = "page") {
            rows[i].defaults = unlisted;
        }
        i += 1;
    }
    rows
}

fn elsewhere(_: &Setup) -> Result<Box<dyn Detector>> {
    let (module, wanted) = if cfg!(feature = "nets") {
        ("anomaly_widget_bg.wasm", "without pretrained weights a detector")
    } else {
        ("models/nets.wasm", "a pretrained detector")
    };
    Err(Error::weights(module, format!("{wanted} needs this module, the one used is another")))
}

fn unlisted() -> serde_json::Value {
    serde_json::Value::Null
}

/// The row of this name.
///
/// # Errors
/// [`Error::UnknownDetector`].
pub fn find(name: &str) -> Result<&'static Entry> {
    let unknown = || Error::UnknownDetector { name: name.to_string(), known: names() };
    DETECTORS.iter().find(|e| e.name == name).ok_or_else(unknown)
}

/// All names, comma-separated, for messages.
pub fn names() -> String {
    DETECTORS.iter().map(|e| e.name).collect::<Vec<_>>().join(", ")
}
