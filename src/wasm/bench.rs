//! The forward pass of a net that no detector has, so that the same work can be timed here and elsewhere.

use std::collections::BTreeMap;

use super::thrown;
use crate::error::Error;
use crate::nn::fused::Fused;
use crate::nn::net::{Extent, Net};
use crate::nn::weights::Tensor;
use wasm_bindgen::prelude::*;

/// A net ready to run.
#[wasm_bindgen]
pub struct Forward {
    net: Fused,
}

#[wasm_bindgen]
impl Forward {
    /// The net of these layers (JSON, as in a card) for samples of `time` steps of `channels`; `weights` are those of
    /// its tensors in the order of the layers.
    ///
    /// # Errors
    /// Code `weights` or `param` when they do not fit.
    #[wasm_bindgen(constructor)]
    pub fn new(layers: &str, time: usize, channels: usize, weights: &[f32]) -> Result<Forward, JsValue> {
        let net: Net =
            serde_json::from_str(layers).map_err(|e| thrown(Error::param("layers", e.to_string())))?;
        let mut rest = weights;
        let mut tensors = BTreeMap::new();
        for (name, shape) in net.tensors("net") {
            let Some((values, after)) = rest.split_at_checked(shape.iter().product()) else {
                return Err(thrown(Error::weights("bench", "too few weights")));
            };
            tensors.insert(name, Tensor { shape, values: values.to_vec() });
            rest = after;
        }
        let net = Fused::new(&net, "net", &tensors, Extent { time, channels }).map_err(thrown)?;
        Ok(Forward { net })
    }

    /// The outputs for samples one after the other.
    ///
    /// # Errors
    /// Code `numeric` when they are not whole samples.
    pub fn run(&self, samples: &[f32]) -> Result<Vec<f32>, JsValue> {
        self.net.run(samples).map_err(thrown)
    }
}
