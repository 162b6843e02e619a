//! Variational auto-encoder, pretrained: a window that a cloud of codes does not hold is strange.
//!
//! An LSTM reads a window and says mean and logarithm of the variance of its code; another tells the window from a
//! code. In training the code is drawn, `z = μ + exp(log σ² / 2) ε`, and kept near the standard normal distribution;
//! at use it is the mean, so that the same window has the same score. What a score is, and what `fit` measures, stands
//! in [`super::reconstructive`]. Source: Kingma and Welling (2014), Auto-Encoding Variational Bayes; on series as in
//! Park, Hoshi and Kemp (2018), A Multimodal Anomaly Detector for Robot-Assisted Feeding Using an LSTM-based
//! Variational Autoencoder. Cost: 3.5 million multiply-adds a window.

use super::reconstructive::{Params, encoder_decoder};
use crate::detect::{Entry, Family};
use crate::nn::familiar::WINDOW;
use crate::nn::net::{Layer, Nets, Output, named};
use crate::settings::Setting;

/// Values of a code.
const LATENT: usize = 20;
/// State of an LSTM.
const STATE: usize = 60;

/// The nets: `encoder`, window to means and logarithms of variances, and `decoder`, from the means back.
pub fn nets() -> Nets {
    let lstm = |inputs, output| Layer::Lstm { inputs, hidden: STATE, bidirectional: false, output };
    let encoder = vec![lstm(1, Output::Last), Layer::Dense { inputs: STATE, outputs: 2 * LATENT }];
    let decoder = vec![
        Layer::Take { channels: LATENT },
        Layer::Repeat { times: WINDOW },
        lstm(LATENT, Output::Sequence),
        Layer::Dense { inputs: STATE, outputs: 1 },
    ];
    named([("encoder", encoder), ("decoder", decoder)])
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "vae",
    family: Family::Reconstruction,
    pretrained: true,
    summary: "Shapes that a pretrained net's cloud of codes does not hold",
    source: "Kingma and Welling (2014), Auto-Encoding Variational Bayes",
    defaults: || Params::default().value(),
    build: |setup| encoder_decoder("vae", setup),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_as_many_as_its_layers_say() {
        // Four gates of 60 rows with the input, the state and a bias, and the dense layers after them.
        let lstm = |inputs: usize| 4 * STATE * (inputs + STATE + 1);
        assert_eq!(nets()["encoder"].weights(), lstm(1) + (STATE + 1) * 2 * LATENT);
        assert_eq!(nets()["decoder"].weights(), lstm(LATENT) + STATE + 1);
    }
}
