//! Cycle-consistent GAN, pretrained: two maps, from windows to noise and from noise to windows, that undo each other.
//!
//! Both were trained against Wasserstein critics, so that windows become normal noise and noise becomes windows, and to
//! lead back where they came from in the mean absolute error, from either side. A little noise on the codes in training
//! keeps them from hiding a window in fine ripples, where strange windows would come back too. At use the cycle's error
//! and the critic's judgement make the score, as `reconstruction::reconstructive` says. Source: Zhu et al. (2017),
//! Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, with noise as the second domain; no
//! buffer of past fakes, so that a run that was interrupted goes on the same. Cost: 0.6 million multiply-adds a window.

use std::sync::Arc;

use crate::detect::reconstruction::{Chain, reconstructive};
use crate::detect::{Detector, Entry, Family, Setup};
use crate::error::Result;
use crate::nn::familiar::WINDOW;
use crate::nn::net::{Layer, Nets, named};
use crate::settings::Setting;

/// Values of a code.
pub const LATENT: usize = 24;

/// The nets: `encoder`, window to code; `generator`, code to window; `critic_x` judges windows, `critic_z` codes.
pub fn nets() -> Nets {
    let conv = |inputs, outputs, stride, padding| Layer::Conv1d { inputs, outputs, taps: 5, stride, padding };
    let leaky = || Layer::LeakyRelu { slope: 0.2 };
    let dense = |inputs, outputs| Layer::Dense { inputs, outputs };
    // 100 steps to 50, 25 and 13.
    let encoder = vec![
        conv(1, 16, 2, 2),
        leaky(),
        conv(16, 32, 2, 2),
        leaky(),
        conv(32, 32, 2, 2),
        leaky(),
        Layer::Flatten,
        dense(13 * 32, LATENT),
    ];
    let generator = vec![
        dense(LATENT, WINDOW / 4 * 32),
        leaky(),
        Layer::Reshape { channels: 32 },
        Layer::Upsample { times: 2 },
        conv(32, 32, 1, 2),
        leaky(),
        Layer::Upsample { times: 2 },
        conv(32, 16, 1, 2),
        leaky(),
        conv(16, 1, 1, 2),
    ];
    let mut critic_x = Vec::new();
    for inputs in [1, 16] {
        critic_x.extend([conv(inputs, 16, 1, 0), leaky()]);
    }
    // Two convolutions of 5 taps shorten the window by 8.
    critic_x.extend([Layer::Flatten, dense((WINDOW - 8) * 16, 32), leaky(), dense(32, 1)]);
    let critic_z = vec![dense(LATENT, 32), leaky(), dense(32, 32), leaky(), dense(32, 1)];
    named([("encoder", encoder), ("generator", generator), ("critic_x", critic_x), ("critic_z", critic_z)])
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let chain = Chain::new(ENTRY.name, setup.weights, &["encoder", "generator"], Some("critic_x"))?;
    reconstructive::detector(ENTRY.name, Arc::new(chain), super::params(setup)?, setup)
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "cyclegan",
    family: Family::Adversarial,
    pretrained: true,
    summary: "Shapes that pretrained nets do not get back on the way through noise",
    source: "Zhu et al. (2017), Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    defaults: || super::defaults().value(),
    build,
};
