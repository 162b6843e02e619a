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

/// The rows as they are compiled: without the feature `nets` those of pretrained detectors are there to be listed,
/// and building one says where it can be had. Whatever only they use is then left out of the program.
const fn compiled<const N: usize>(mut rows: [Entry; N]) -> [Entry; N] {
    let mut i = 0;
    while i < N {
        if rows[i].pretrained && !cfg!(feature = "nets") {
            rows[i].build = elsewhere;
        }
        i += 1;
    }
    rows
}

fn elsewhere(_: &Setup) -> Result<Box<dyn Detector>> {
    Err(Error::weights(
        "models/nets.wasm",
        "a pretrained detector needs this module; the one used is without nets",
    ))
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
