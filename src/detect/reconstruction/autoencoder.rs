//! Dense auto-encoder, pretrained: a window that does not pass through a code of 20 numbers is strange.
//!
//! Trained once on many shapes, with parts of the windows hidden, it needs no training on the series at hand. What a
//! score is, and what `fit` measures, stands in [`super::reconstructive`]. Source: Sakurada and Yairi (2014), Anomaly
//! Detection Using Autoencoders with Nonlinear Dimensionality Reduction. Cost: 14,640 multiply-adds a window. It
//! forgets fine detail; a sharp shape that repeats is rebuilt blunt, and only calibration makes up for it.

use super::reconstructive::{Params, encoder_decoder};
use crate::detect::{Entry, Family};
use crate::nn::familiar::WINDOW;
use crate::nn::net::{Layer, Nets, named};
use crate::settings::Setting;

/// The nets: `encoder`, window to a code of 20, and `decoder`, back.
pub fn nets() -> Nets {
    let leaky = Layer::LeakyRelu { slope: 0.1 };
    let encoder = vec![
        Layer::Flatten,
        Layer::Dense { inputs: WINDOW, outputs: 60 },
        leaky.clone(),
        Layer::Dense { inputs: 60, outputs: 20 },
        leaky.clone(),
    ];
    let decoder = vec![
        Layer::Dense { inputs: 20, outputs: 60 },
        leaky,
        Layer::Dense { inputs: 60, outputs: WINDOW },
        Layer::Reshape { channels: 1 },
    ];
    named([("encoder", encoder), ("decoder", decoder)])
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "autoencoder",
    family: Family::Reconstruction,
    pretrained: true,
    summary: "Shapes that a small pretrained net cannot rebuild; fast",
    source: "Sakurada and Yairi (2014), Anomaly Detection Using Autoencoders with Nonlinear Dimensionality Reduction",
    defaults: || Params::default().value(),
    build: |setup| encoder_decoder("autoencoder", setup),
};
