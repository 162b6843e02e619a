//! Weights of a pretrained net: a safetensors file bound to its card, checked before use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::net::Nets;
use crate::error::{Error, Result};

/// The card's and file's layout that this version reads and writes.
pub const FORMAT: u32 = 1;
/// Bytes of a file at most: an order above the largest shipped.
const LARGEST_FILE: usize = 16 << 20;
/// Bytes of a file's header at most.
const LARGEST_HEADER: u64 = 64 << 10;
/// Tensors of a file at most.
const MOST_TENSORS: usize = 256;

/// A tensor, row-major, in f32 whatever the file's width.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// `shape.product()` values.
    pub values: Vec<f32>,
}

/// What is known of a weight file: the JSON file beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// [`FORMAT`].
    pub format: u32,
    /// The detector that the weights are for.
    pub detector: String,
    /// A released version never changes.
    pub version: u32,
    /// Of the weight file, in lower-case hexadecimal.
    pub sha256: String,
    /// Points that the nets look at.
    pub window: usize,
    /// The nets, layer by layer.
    pub nets: Nets,
    /// Shape of every tensor, by name.
    pub tensors: BTreeMap<String, Vec<usize>>,
    /// How they were trained.
    pub train: Training,
    /// What the nets answer to ordinary windows.
    pub score_stats: Stats,
    /// Held-out numbers; the fields are those of `train::quality::Quality`.
    pub quality: BTreeMap<String, f64>,
    /// Terms of use.
    pub licence: String,
}

/// How weights came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// In words: objective and data.
    pub recipe: String,
    /// Same seed, same file.
    pub seed: u64,
    /// Steps of masked reconstruction.
    pub steps: u64,
    /// Groups of adversarial steps.
    pub groups: u64,
    /// Real stretches besides the synthetic series.
    pub real: usize,
    /// Minutes that the steps and groups took; absent where nobody measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
}

/// Ordinary answers of the nets, on the net's own scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stats {
    /// Absolute error of a point.
    pub error: Spread,
    /// The critic's judgement of a window, if there is a critic.
    pub critic: Option<Spread>,
}

/// Middle and width of values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Median.
    pub median: f64,
    /// Median absolute deviation from it.
    pub mad: f64,
}

/// A checked weight file with its card.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The detector they are for.
    pub detector: String,
    card: Card,
    tensors: BTreeMap<String, Tensor>,
}

impl Weights {
    /// The weights in `bytes`, the content of the file called `file`, described by `card`, a JSON object.
    ///
    /// # Errors
    /// [`Error::Weights`] naming the first check that failed, in this order: sizes; the card is one and of a known
    /// format; its hash is the file's; the file is safetensors; every tensor is there, of its shape, none extra;
    /// the nets need just these; all values are finite.
    pub fn load(bytes: &[u8], card: &str, file: &str) -> Result<Weights> {
        let fail = |why: String| Error::weights(file, why);
        if bytes.len() > LARGEST_FILE || card.len() > LARGEST_FILE {
            return Err(fail(format!("larger than {LARGEST_FILE} bytes")));
        }
        let header = bytes.first_chunk::<8>().map(|length| u64::from_le_bytes(*length));
        let card: Card = serde_json::from_str(card).map_err(|e| fail(format!("the card: {e}")))?;
        if card.format != FORMAT {
            return Err(fail(format!("format {} is not known; this version reads {FORMAT}", card.format)));
        }
        let hash = hash(bytes);
        if hash != card.sha256 {
            return Err(fail(format!("sha256 is {hash}, the card says {}", card.sha256)));
        }
        match header {
            None => return Err(fail("shorter than a safetensors header".into())),
            Some(length) if length > LARGEST_HEADER => {
                return Err(fail(format!("its header is larger than {LARGEST_HEADER} bytes")));
            }
            Some(_) => {}
        }
        let tensors = read(bytes, &fail)?;
        for (name, shape) in &card.tensors {
            match tensors.get(name) {
                None => return Err(fail(format!("tensor {name} is missing"))),
                Some(t) if t.shape != *shape => {
                    return Err(fail(format!("tensor {name} is {:?}, the card says {shape:?}", t.shape)));
                }
                Some(_) => {}
            }
        }
        if let Some(name) = tensors.keys().find(|name| !card.tensors.contains_key(*name)) {
            return Err(fail(format!("tensor {name} is not on the card")));
        }
        if needed(&card.nets) != card.tensors {
            return Err(fail("the card's tensors are not those that its nets need".into()));
        }
        for (name, tensor) in &tensors {
            if !tensor.values.iter().all(|v| v.is_finite()) {
                return Err(fail(format!("tensor {name} has a value that is not finite")));
            }
        }
        Ok(Weights { detector: card.detector.clone(), card, tensors })
    }

    /// Weights of `nets` that no file holds: fresh ones, or those of a trainer.
    ///
    /// # Errors
    /// [`Error::Weights`] if `tensors` are not those that the nets need.
    pub fn of(card: Card, tensors: BTreeMap<String, Tensor>) -> Result<Weights> {
        let shapes: BTreeMap<_, _> = tensors.iter().map(|(n, t)| (n.clone(), t.shape.clone())).collect();
        if shapes != needed(&card.nets) {
            return Err(Error::weights(&card.detector, "these tensors are not those that the nets need"));
        }
        Ok(Weights { detector: card.detector.clone(), card, tensors })
    }

    /// What is known of them.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// All tensors by name.
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// [`Error::Weights`] if there is none.
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.tensors
            .get(name)
            .ok_or_else(|| Error::weights(&self.detector, format!("tensor {name} is missing")))
    }
}

/// The safetensors file of `tensors`, rounded to f16.
///
/// # Errors
/// [`Error::Weights`] if a value does not fit.
pub fn file(tensors: &BTreeMap<String, Tensor>) -> Result<Vec<u8>> {
    let fail = |why: String| Error::weights("weights", why);
    let mut columns = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let mut bytes = Vec::with_capacity(2 * tensor.values.len());
        for v in &tensor.values {
            let half = half::f16::from_f32(*v);
            if !half.is_finite() {
                return Err(fail(format!("{v} in tensor {name} does not fit f16")));
            }
            bytes.extend_from_slice(&half.to_le_bytes());
        }
        columns.push((name, tensor.shape.clone(), bytes));
    }
    let mut views = Vec::with_capacity(columns.len());
    for (name, shape, bytes) in &columns {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F16, shape.clone(), bytes)
            .map_err(|e| fail(e.to_string()))?;
        views.push((name.as_str(), view));
    }
    safetensors::serialize(views, None).map_err(|e| fail(e.to_string()))
}

/// SHA-256 in lower-case hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Name and shape of every tensor that `nets` need.
pub fn needed(nets: &Nets) -> BTreeMap<String, Vec<usize>> {
    nets.iter().flat_map(|(name, net)| net.tensors(name)).collect()
}

/// The tensors of a safetensors file.
fn read(bytes: &[u8], fail: &impl Fn(String) -> Error) -> Result<BTreeMap<String, Tensor>> {
    let file = safetensors::SafeTensors::deserialize(bytes).map_err(|e| fail(e.to_string()))?;
    if file.len() > MOST_TENSORS {
        return Err(fail(format!("more than {MOST_TENSORS} tensors")));
    }
    let mut tensors = BTreeMap::new();
    for (name, view) in file.iter() {
        let data = view.data();
        let values = match view.dtype() {
            safetensors::Dtype::F16 => {
                data.as_chunks::<2>().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect()
            }
            safetensors::Dtype::F32 => {
                data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
            }
            other => return Err(fail(format!("tensor {name} is {other:?}; F16 and F32 can be read"))),
        };
        tensors.insert(name.to_string(), Tensor { shape: view.shape().to_vec(), values });
    }
    Ok(tensors)
}
