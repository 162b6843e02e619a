//! The reconstruction family: what cannot be rebuilt from what is usual is strange.
//!
//! A pretrained net is a [`Reconstructor`]; the adapter [`reconstructive::Reconstructive`] makes a detector of it.

use crate::error::{Error, Result};
use crate::nn::familiar::WINDOW;
use crate::nn::fused::Fused;
use crate::nn::net::Extent;
use crate::nn::weights::Weights;

pub mod aer;
pub mod autoencoder;
pub mod calibration;
pub mod kin;
pub mod lstm_autoencoder;
pub mod pca;
pub mod reconstructive;
pub mod stitched;
pub mod usual;
pub mod vae;

/// What rebuilds windows.
pub trait Reconstructor: Send + Sync {
    /// The answers to `windows` of [`WINDOW`] values each, one after the other, in the net's own scale. The answer
    /// to a window does not depend on the others.
    ///
    /// # Errors
    /// [`Error::Numeric`].
    fn reconstruct(&self, windows: &[f32]) -> Result<Reconstruction>;

    /// Points at each end of a window that are not shown to it: their answers are forecasts.
    fn ends(&self) -> usize {
        0
    }
}

/// Answers to windows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reconstruction {
    /// [`WINDOW`] values a window.
    pub values: Vec<f32>,
    /// A critic's judgement of each window as it came in; `None`: the net has no critic.
    pub critic: Option<Vec<f32>>,
}

/// The pretrained net `name` of this detector, for samples of extent `input`.
///
/// # Errors
/// [`Error::Weights`] if there are no weights, they are for another detector or window, or have no such net.
pub fn fused(detector: &str, weights: Option<&Weights>, name: &str, input: Extent) -> Result<Fused> {
    let fail = |why: &str| Error::weights(detector, why);
    let weights = weights.ok_or_else(|| fail("needs its weight file"))?;
    if weights.detector != detector {
        return Err(fail(&format!("these weights are for {}", weights.detector)));
    }
    if weights.card().window != WINDOW {
        return Err(fail(&format!("windows of {WINDOW} points are needed")));
    }
    let net = weights.card().nets.get(name).ok_or_else(|| fail(&format!("net {name} is missing")))?;
    Fused::new(net, name, weights.tensors(), input).map_err(|e| fail(&e.to_string()))
}

/// Pretrained nets one after the other, and a critic of what goes in.
#[derive(Debug, Clone)]
pub struct Chain {
    makers: Vec<Fused>,
    critic: Option<Fused>,
}

impl Chain {
    /// The nets named `makers` and `critic`, with their layers and weights from `weights`.
    ///
    /// # Errors
    /// [`Error::Weights`] if the weights are for another detector, there are none, or the nets do not map windows
    /// to windows and to one judgement.
    pub fn new(
        detector: &str,
        weights: Option<&Weights>,
        makers: &[&str],
        critic: Option<&str>,
    ) -> Result<Chain> {
        let fail = |why: &str| Error::weights(detector, why);
        let window = Extent { time: WINDOW, channels: 1 };
        let fused = |name: &str, input: Extent| fused(detector, weights, name, input);
        let mut chain = Chain { makers: Vec::with_capacity(makers.len()), critic: None };
        let mut at = window;
        for name in makers {
            let net = fused(name, at)?;
            at = net.output();
            chain.makers.push(net);
        }
        if at != window {
            return Err(fail("its nets do not lead from a window to a window"));
        }
        if let Some(name) = critic {
            let net = fused(name, window)?;
            if net.output().len() != 1 {
                return Err(fail("its critic gives more than one judgement"));
            }
            chain.critic = Some(net);
        }
        Ok(chain)
    }
}

impl Reconstructor for Chain {
    fn reconstruct(&self, windows: &[f32]) -> Result<Reconstruction> {
        let mut values = windows.to_vec();
        for net in &self.makers {
            values = net.run(&values)?;
        }
        let critic = self.critic.as_ref().map(|net| net.run(windows)).transpose()?;
        Ok(Reconstruction { values, critic })
    }
}
