//! Auto-encoder with regression, pretrained: a window is rebuilt from its middle, and forecast at both ends.
//!
//! The encoder, a bidirectional LSTM, reads a window without its ends; the decoder tells the whole window, so that
//! its first values are a forecast back in time and its last ones a forecast ahead. Every point is judged by the
//! error of its reconstruction, stitched over all windows, and by the mean error of its two forecasts; the rule of
//! the score mixes them as it does a critic's judgement. What else a score is, and what `fit` measures, stands in
//! [`super::reconstructive`]. Source: Wong et al. (2022), AER: Auto-Encoder with Regression for Time Series Anomaly
//! Detection, where one point at each end is forecast and every window is looked at; here as many as lie between
//! windows. Cost: 1.5 million multiply-adds a window.

use std::sync::Arc;

use super::reconstructive::{self, Params};
use super::{Chain, Reconstruction, Reconstructor};
use crate::detect::{Detector, Entry, Family, Setup};
use crate::error::{Error, Result};
use crate::nn::familiar::WINDOW;
use crate::nn::net::{Layer, Nets, Output, named};
use crate::settings::Setting;

/// Points at each end that are forecast.
pub const ENDS: usize = 5;
/// State of one direction.
const STATE: usize = 30;

/// The nets: `encoder`, window to states, and `decoder`, back.
pub fn nets() -> Nets {
    let lstm = |inputs, output| Layer::Lstm { inputs, hidden: STATE, bidirectional: true, output };
    let encoder = vec![Layer::Trim { ends: ENDS }, lstm(1, Output::Last)];
    let decoder = vec![
        Layer::Repeat { times: WINDOW },
        lstm(2 * STATE, Output::Sequence),
        Layer::Dense { inputs: 2 * STATE, outputs: 1 },
    ];
    named([("encoder", encoder), ("decoder", decoder)])
}

/// The defaults: every point is forecast.
fn defaults() -> Params {
    Params { step: ENDS, ..Params::default() }
}

/// Nets that do not see a window's ends.
struct Regressive(Chain);

impl Reconstructor for Regressive {
    fn reconstruct(&self, windows: &[f32]) -> Result<Reconstruction> {
        self.0.reconstruct(windows)
    }

    fn ends(&self) -> usize {
        ENDS
    }
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let net = Regressive(Chain::new(ENTRY.name, setup.weights, &["encoder", "decoder"], None)?);
    let params = setup.params_over(defaults())?;
    if params.step > ENDS {
        return Err(Error::param("step", format!("must be from 1 to {ENDS}")));
    }
    reconstructive::detector(ENTRY.name, Arc::new(net), params, setup)
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "aer",
    family: Family::Reconstruction,
    pretrained: true,
    summary: "Shapes that a pretrained net can neither rebuild nor foresee, forwards and backwards",
    source: "Wong et al. (2022), AER: Auto-Encoder with Regression for Time Series Anomaly Detection",
    defaults: || defaults().value(),
    build,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::net::Net;

    #[test]
    fn weights_are_as_many_as_published() {
        assert_eq!(nets().values().map(Net::weights).sum::<usize>(), 29_581);
    }
}
