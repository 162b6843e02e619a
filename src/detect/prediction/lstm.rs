//! Long short-term memory, pretrained: a value is strange if the net that has read the 64 before it expected another.
//!
//! Trained once on many shapes, it needs no training on the series at hand. One layer of 32 (input, forget and output
//! gates `σ`, `c' = f c + i g`, `h = o tanh c'`), from 0 at the start of a window, and the change that follows as
//! `V h + d`. What a score is, and what `fit` measures, stands in [`super::foresight`]. Source: Hundman et al. (2018),
//! Detecting Spacecraft Anomalies Using LSTMs and Nonparametric Dynamic Thresholding, who train one net a signal.
//! Cost: 270,000 multiply-adds a point.

use super::foresight::{Foreseeing, Foresight, NET, Params};
use crate::detect::{Detector, Entry, Family, Setup};
use crate::error::Result;
use crate::nn::net::{Layer, Net, Nets, Output};
use crate::settings::Setting;

/// Points that the net looks back on.
pub const BACK: usize = 64;

/// The net: a window to the change that follows.
pub fn nets() -> Nets {
    let layers = vec![
        Layer::Lstm { inputs: 1, hidden: 32, bidirectional: false, output: Output::Last },
        Layer::Dense { inputs: 32, outputs: 1 },
    ];
    std::iter::once((NET.to_string(), Net::new(layers))).collect()
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let net = Foresight::new(ENTRY.name, setup.weights)?;
    Ok(Box::new(Foreseeing::new(net, setup.params::<Params>()?, setup.period)?))
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "lstm",
    family: Family::Prediction,
    pretrained: true,
    summary: "Values that a pretrained net with long memory did not expect after those before",
    source: "Hundman et al. (2018), Detecting Spacecraft Anomalies Using LSTMs and Nonparametric Dynamic Thresholding",
    defaults: || Params::default().value(),
    build,
};
