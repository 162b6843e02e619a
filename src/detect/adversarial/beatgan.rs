//! BeatGAN, pretrained: an auto-encoder of convolutions that was to change nothing a discriminator sees.
//!
//! Encoder and decoder were trained on the error of the reconstruction and on the distance between what a
//! discriminator sees in a window and in its reconstruction; the discriminator learns to tell the two apart. At use the
//! reconstruction's error makes the score, as `reconstruction::reconstructive` says, and shows where. Source: Zhou,
//! Liu, Hooi, Cheng and Ye (2019), BeatGAN: Anomalous Rhythm Detection using Adversarially Generated Time Series; three
//! halvings for windows of 100 instead of five for 320, and upsampling with convolutions in place of transposed ones.
//! Cost: 0.6 million multiply-adds a window.

use crate::detect::reconstruction::reconstructive::{Params, encoder_decoder};
use crate::detect::{Entry, Family};
use crate::nn::familiar::WINDOW;
use crate::nn::net::{Layer, Nets, named};
use crate::settings::Setting;

/// Values of a code.
const LATENT: usize = 20;
/// Steps that three halvings leave of a window.
const SHORT: usize = WINDOW / 8;

/// The nets: `encoder`, window to code, `decoder`, back; in training `features`, what the discriminator sees, and
/// `judge`, what it makes of that.
pub fn nets() -> Nets {
    let half = |inputs, outputs| Layer::Conv1d { inputs, outputs, taps: 4, stride: 2, padding: 1 };
    let same = |inputs, outputs| Layer::Conv1d { inputs, outputs, taps: 5, stride: 1, padding: 2 };
    let leaky = || Layer::LeakyRelu { slope: 0.2 };
    let dense = |inputs, outputs| Layer::Dense { inputs, outputs };
    // 100 steps to 50, 25 and 12.
    let trunk = || vec![half(1, 16), leaky(), half(16, 32), leaky(), half(32, 32), leaky(), Layer::Flatten];
    let mut encoder = trunk();
    encoder.push(dense(SHORT * 32, LATENT));
    let decoder = vec![
        dense(LATENT, WINDOW / 4 * 32),
        leaky(),
        Layer::Reshape { channels: 32 },
        Layer::Upsample { times: 2 },
        same(32, 32),
        leaky(),
        Layer::Upsample { times: 2 },
        same(32, 16),
        leaky(),
        same(16, 1),
    ];
    let judge = vec![dense(SHORT * 32, 1)];
    named([("encoder", encoder), ("decoder", decoder), ("features", trunk()), ("judge", judge)])
}

/// The row of the registry.
pub const ENTRY: Entry = Entry {
    name: "beatgan",
    family: Family::Adversarial,
    pretrained: true,
    summary: "Shapes that pretrained convolutions cannot rebuild as a discriminator wants them",
    source: "Zhou et al. (2019), BeatGAN: Anomalous Rhythm Detection using Adversarially Generated Time Series",
    defaults: || Params::default().value(),
    build: |setup| encoder_decoder("beatgan", setup),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::net::Extent;

    #[test]
    fn a_window_becomes_a_code_and_a_window_again() {
        let nets = nets();
        let window = Extent { time: WINDOW, channels: 1 };
        let code = *nets["encoder"].extents(window).unwrap().last().unwrap();
        assert_eq!(code, Extent { time: 1, channels: LATENT });
        assert_eq!(*nets["decoder"].extents(code).unwrap().last().unwrap(), window);
        let seen = *nets["features"].extents(window).unwrap().last().unwrap();
        assert_eq!(nets["judge"].extents(seen).unwrap().last().unwrap().len(), 1);
    }
}
