//! LSTM encoder-decoder, pretrained: a window that does not pass through the last state of an LSTM is strange.
//!
//! One LSTM reads a window; another tells it from that state alone, backwards, so that what was read last is told
//! first, and the answer is turned round. What a score is, and what `fit` measures, stands in
//! [`super::reconstructive`]. Source: Malhotra et al. (2016), LSTM-based Encoder-Decoder for Multi-sensor Anomaly
//! Detection, who train one net a series and judge by the Mahalanobis distance of the errors. Cost: 4.4 million
//! multiply-adds a window.

use super::reconstructive::{Params, encoder_decoder};
use crate::detect::{Entry, Family};
use crate::nn::familiar::WINDOW;
use crate::nn::net::{Layer, Nets, Output, named};
use crate::settings::Setting;

/// State of an LSTM: all that is known of a window.
const STATE: usize = 60;

/// The nets: `encoder`, window to state, and `decoder`, back.
pub fn nets() -> Nets {
    let lstm = |inputs, output| Layer::Lstm { inputs, hidden: STATE, bidirectional: false, output };
    let encoder = vec![lstm(1, Output::Last)];
    let decoder = vec![
        Layer::Repeat { times: WINDOW },
        lstm(STATE, Output::Sequence),
        Layer::Dense { inputs: STATE, outputs: 1 },
        Layer::Reverse,
    ];
    named([("encoder", encoder), ("decoder", decoder)])
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "lstm-autoencoder",
    family: Family::Reconstruction,
    pretrained: true,
    summary: "Shapes that a pretrained net with memory cannot tell again",
    source: "Malhotra et al. (2016), LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection",
    defaults: || Params::default().value(),
    build: |setup| encoder_decoder("lstm-autoencoder", setup),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::net::Net;

    #[test]
    fn weights_are_those_of_the_reference_with_one_bias_a_gate() {
        // 43,981 in Keras' order too: an LSTM there has one bias a gate.
        assert_eq!(nets().values().map(Net::weights).sum::<usize>(), 43_981);
    }
}
