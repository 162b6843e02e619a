//! TadGAN, pretrained: an encoder and a generator that rebuild a window, and a critic that judges it.
//!
//! Encoder and generator were trained against Wasserstein critics of windows and of codes, and to rebuild what was
//! hidden from them; at use the reconstruction's error and the critic's judgement make the score, as
//! `reconstruction::reconstructive` says. Source: Geiger, Liu, Alnegheimish, Cuesta-Infante and Veeramachaneni (2020),
//! TadGAN: Time Series Anomaly Detection Using Generative Adversarial Networks. Cost: about ten million multiply-adds
//! a window.

use std::sync::Arc;

use crate::detect::reconstruction::{Chain, reconstructive};
use crate::detect::{Detector, Entry, Family, Setup};
use crate::error::Result;
use crate::nn::familiar::WINDOW;
use crate::nn::net::{Layer, Nets, Output, named};
use crate::settings::Setting;

/// Values of a code.
pub const LATENT: usize = 20;

/// How wide the nets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// State of one direction of the encoder's LSTM.
    pub encoder: usize,
    /// State of one direction of the generator's LSTMs.
    pub generator: usize,
    /// Filters of the critic of windows.
    pub filters: usize,
}

impl Sizes {
    /// Those of the publication and its reference implementation.
    pub const PUBLISHED: Sizes = Sizes { encoder: 100, generator: 64, filters: 64 };
    /// Those of the shipped weights: well under half of the arithmetic, in training and in the page.
    pub const SHIPPED: Sizes = Sizes { encoder: 64, generator: 48, filters: 32 };
}

/// The nets of the shipped weights.
pub fn nets() -> Nets {
    sized(Sizes::SHIPPED)
}

/// The four nets: `encoder`, window to code; `generator`, code to window; `critic_x` judges windows, `critic_z`
/// codes. The encoder reads the last states of its LSTM: a fifth of the weights of one that reads them all.
pub fn sized(sizes: Sizes) -> Nets {
    let lstm = |inputs, hidden, output| Layer::Lstm { inputs, hidden, bidirectional: true, output };
    let leaky = Layer::LeakyRelu { slope: 0.2 };
    let Sizes { encoder: coded, generator: made, filters } = sizes;
    let encoder = vec![lstm(1, coded, Output::Last), Layer::Dense { inputs: 2 * coded, outputs: LATENT }];
    let generator = vec![
        Layer::Dense { inputs: LATENT, outputs: WINDOW / 2 },
        Layer::Reshape { channels: 1 },
        lstm(1, made, Output::Sequence),
        Layer::Upsample { times: 2 },
        lstm(2 * made, made, Output::Sequence),
        Layer::Dense { inputs: 2 * made, outputs: 1 },
        Layer::Tanh,
    ];
    let mut critic_x = Vec::new();
    for inputs in [1, filters, filters, filters] {
        critic_x.push(Layer::Conv1d { inputs, outputs: filters, taps: 5, stride: 1, padding: 0 });
        critic_x.push(leaky.clone());
        critic_x.push(Layer::Dropout { p: 0.25 });
    }
    critic_x.push(Layer::Flatten);
    // Four convolutions of 5 taps shorten the window by 16.
    critic_x.push(Layer::Dense { inputs: (WINDOW - 16) * filters, outputs: 1 });
    let mut critic_z = Vec::new();
    for inputs in [LATENT, 20] {
        critic_z.push(Layer::Dense { inputs, outputs: 20 });
        critic_z.push(leaky.clone());
        critic_z.push(Layer::Dropout { p: 0.2 });
    }
    critic_z.push(Layer::Dense { inputs: 20, outputs: 1 });
    named([("encoder", encoder), ("generator", generator), ("critic_x", critic_x), ("critic_z", critic_z)])
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let chain = Chain::new(ENTRY.name, setup.weights, &["encoder", "generator"], Some("critic_x"))?;
    reconstructive::detector(ENTRY.name, Arc::new(chain), super::params(setup)?, setup)
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "tadgan",
    family: Family::Adversarial,
    pretrained: true,
    summary: "Shapes that pretrained adversarial nets cannot rebuild or do not believe",
    source: "Geiger et al. (2020), TadGAN: Time Series Anomaly Detection Using Generative Adversarial Networks",
    defaults: || super::defaults().value(),
    build,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_as_many_as_published() {
        let nets = sized(Sizes::PUBLISHED);
        let weights = |name: &str| nets[name].weights();
        assert_eq!(weights("encoder"), 85_620);
        assert_eq!(weights("generator"), 133_787);
        assert_eq!(weights("critic_x"), 67_393);
        assert_eq!(weights("critic_z"), 861);
    }
}
