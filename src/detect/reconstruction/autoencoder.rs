//! Dense auto-encoder, pretrained: a window that does not pass through a code of 20 numbers is strange.
//!
//! Trained once on many shapes, with parts of the windows hidden, it needs no training on the series at hand. What a
//! score is, and what `fit` measures, stands in [`super::reconstructive`]. Source: Sakurada and Yairi (2014), Anomaly
//! Detection Using Autoencoders with Nonlinear Dimensionality Reduction. Cost: 14,640 multiply-adds a window. It
//! forgets fine detail; a sharp shape that repeats is rebuilt blunt, and only calibration makes up for it.

use super::Chain;
use super::reconstructive::{Params, Reconstructive};
use crate::detect::{Detector, Entry, Family, Setup};
use crate::error::Result;
use crate::nn::familiar::WINDOW;
use crate::nn::net::{Layer, Net, Nets};

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
    [("encoder", encoder), ("decoder", decoder)]
        .into_iter()
        .map(|(name, layers)| (name.to_string(), Net::new(layers)))
        .collect()
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let chain = Chain::new(ENTRY.name, setup.weights, &["encoder", "decoder"], None)?;
    Ok(Box::new(Reconstructive::new(chain, setup.params::<Params>()?, setup.period)?))
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "autoencoder",
    family: Family::Reconstruction,
    pretrained: true,
    summary: "shapes that a small pretrained net cannot rebuild; fast",
    source: "Sakurada and Yairi (2014), Anomaly Detection Using Autoencoders with Nonlinear Dimensionality Reduction",
    defaults: || serde_json::json!(Params::default()),
    build,
};
