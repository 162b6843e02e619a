//! THE list of detectors. The picker, the contract tests, the docs table and [`find`] all read it.

use super::{Entry, adversarial, auto, prediction, reconstruction, similarity};
use crate::error::{Error, Result};

/// Every detector, by family.
#[rustfmt::skip]
pub static DETECTORS: &[Entry] = &[
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
];

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
