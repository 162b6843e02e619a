//! Recurrent net, pretrained: a value is strange if a small net that has read the 50 before it expected another.
//!
//! Trained once on many shapes, it needs no training on the series at hand. `h_t = tanh(W x_t + U h_{t-1} + b)` with
//! 32 values of state, from 0 at the start of a window, and the change that follows as `V h + d`. What a score is, and
//! what `fit` measures, stands in [`super::foresight`]. Source: Elman (1990), Finding Structure in Time. Cost: 54,000
//! multiply-adds a point. Its memory fades over some 30 steps, hence [`super::lstm`].

use super::foresight::{Foreseeing, Foresight, NET, Params};
use crate::detect::{Detector, Entry, Family, Setup};
use crate::error::Result;
use crate::nn::net::{Layer, Net, Nets, Output};
use crate::settings::Setting;

/// Points that the net looks back on.
pub const BACK: usize = 50;

/// The net: a window to the change that follows.
pub fn nets() -> Nets {
    let layers = vec![
        Layer::Rnn { inputs: 1, hidden: 32, output: Output::Last },
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
    name: "rnn",
    family: Family::Prediction,
    pretrained: true,
    summary: "Values that a small pretrained recurrent net did not expect after those before",
    source: "Elman (1990), Finding Structure in Time",
    defaults: || Params::default().value(),
    build,
};
