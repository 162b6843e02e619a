//! The forward pass of a net that no detector has, so that the same work can be timed here and elsewhere.

use std::collections::BTreeMap;

use super::thrown;
use crate::error::Error;
use crate::nn::fused::Fused;
use crate::nn::net::{Extent, Net};
use crate::nn::weights::Tensor;
use wasm_bindgen::prelude::*;

/// A net whose weights come one tensor after the other, so that no more than one is there twice.
#[wasm_bindgen]
pub struct Loading {
    wanted: std::vec::IntoIter<(String, Vec<usize>)>,
    net: Net,
    tensors: BTreeMap<String, Tensor>,
}

#[wasm_bindgen]
impl Loading {
    /// The net of these layers: JSON, as in a card.
    ///
    /// # Errors
    /// Code `param` when they are none.
    #[wasm_bindgen(constructor)]
    pub fn new(layers: &str) -> Result<Loading, JsValue> {
        let net: Net =
            serde_json::from_str(layers).map_err(|e| thrown(Error::param("layers", e.to_string())))?;
        Ok(Loading { wanted: net.tensors("net").into_iter(), net, tensors: BTreeMap::new() })
    }

    /// The next tensor, in the order of the layers.
    pub fn add(&mut self, values: Vec<f32>) {
        if let Some((name, shape)) = self.wanted.next() {
            self.tensors.insert(name, Tensor { shape, values });
        }
    }

    /// The net for samples of `time` steps of `channels`.
    ///
    /// # Errors
    /// Code `weights` or `param` when they do not fit.
    pub fn finish(self, time: usize, channels: usize) -> Result<Forward, JsValue> {
        let net = Fused::new(&self.net, "net", &self.tensors, Extent { time, channels }).map_err(thrown)?;
        Ok(Forward { net, outputs: Vec::new() })
    }
}

/// A net ready to run.
#[wasm_bindgen]
pub struct Forward {
    net: Fused,
    outputs: Vec<f32>,
}

#[wasm_bindgen]
impl Forward {
    /// Answers samples that stand one after the other; returns how many values the answers are.
    ///
    /// # Errors
    /// Code `numeric` when they are not whole samples.
    pub fn run(&mut self, samples: &[f32]) -> Result<usize, JsValue> {
        self.outputs = self.net.run(samples).map_err(thrown)?;
        Ok(self.outputs.len())
    }

    /// Where the answers are in the memory, until the next run.
    pub fn outputs(&self) -> *const f32 {
        self.outputs.as_ptr()
    }
}
