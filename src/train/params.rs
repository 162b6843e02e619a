//! The variables of nets in training: first values, Adam's steps, and the checkpoint file.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var, bail};

use crate::math::random::Random;
use crate::nn::net::Net;

/// Variables by the tensor's name.
#[derive(Debug, Clone, Default)]
pub struct Params {
    vars: BTreeMap<String, Var>,
}

impl Params {
    /// No variables.
    pub fn new() -> Params {
        Params::default()
    }

    /// Adds first values for the net called `name`: Glorot-uniform for input kernels, orthogonal for recurrent
    /// ones, zero for biases, and 1 for the forget gate's.
    ///
    /// # Errors
    /// Out of memory only.
    pub fn start(&mut self, name: &str, net: &Net, random: &mut Random) -> Result<()> {
        for (tensor, shape) in net.tensors(name) {
            let kind = tensor.rsplit('.').next().unwrap_or_default();
            let values = match kind {
                k if k.starts_with("weight_hh") => orthogonal(&shape, random),
                k if k.starts_with("bias_l0") && shape[0] % 4 == 0 && is_lstm(net, &tensor) => {
                    let hidden = shape[0] / 4;
                    (0..shape[0]).map(|k| if k / hidden == 1 { 1.0 } else { 0.0 }).collect()
                }
                k if k.starts_with("bias") => vec![0.0; shape.iter().product()],
                _ => glorot(&shape, random),
            };
            self.set(&tensor, values, &shape)?;
        }
        Ok(())
    }

    /// Sets a variable.
    ///
    /// # Errors
    /// A count of values that is not the shape's.
    pub fn set(&mut self, name: &str, values: Vec<f32>, shape: &[usize]) -> Result<()> {
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
        self.vars.insert(name.to_string(), Var::from_tensor(&tensor)?);
        Ok(())
    }

    /// The variable of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        match self.vars.get(name) {
            Some(var) => Ok(var.as_tensor()),
            None => bail!("no variable {name}"),
        }
    }

    /// All variables, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Var)> {
        self.vars.iter()
    }

    /// Copies of all values.
    ///
    /// # Errors
    /// Out of memory only.
    pub fn values(&self) -> Result<BTreeMap<String, Tensor>> {
        self.vars.iter().map(|(name, var)| Ok((name.clone(), var.as_tensor().copy()?))).collect()
    }

    /// Writes all values, under `prefix`, into `to`.
    fn collect(&self, prefix: &str, to: &mut HashMap<String, Tensor>) {
        for (name, var) in &self.vars {
            to.insert(format!("{prefix}{name}"), var.as_tensor().clone());
        }
    }
}

fn is_lstm(net: &Net, tensor: &str) -> bool {
    let layer = tensor.rsplit('.').nth(1).and_then(|i| i.parse::<usize>().ok());
    matches!(layer.and_then(|i| net.layers.get(i)), Some(crate::nn::net::Layer::Lstm { .. }))
}

/// Uniform within `sqrt(6 / (fan in + fan out))` (Glorot and Bengio, 2010).
fn glorot(shape: &[usize], random: &mut Random) -> Vec<f32> {
    let taps: usize = shape.iter().skip(2).product();
    let fans = (shape[0] + shape.get(1).copied().unwrap_or(1)) * taps;
    let limit = (6.0 / fans as f64).sqrt();
    (0..shape.iter().product()).map(|_| random.range(-limit, limit) as f32).collect()
}

/// Square blocks of orthonormal rows (Saxe, McClelland and Ganguli, 2014), by Gram and Schmidt.
fn orthogonal(shape: &[usize], random: &mut Random) -> Vec<f32> {
    let (rows, n) = (shape[0], shape[1]);
    let mut all = Vec::with_capacity(rows * n);
    while all.len() < rows * n {
        let mut block: Vec<Vec<f64>> = Vec::with_capacity(n);
        while block.len() < n {
            let mut row: Vec<f64> = (0..n).map(|_| random.normal()).collect();
            for other in &block {
                let along: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                row.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
            let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
            if length > 1e-6 {
                row.iter_mut().for_each(|v| *v /= length);
                block.push(row);
            }
        }
        all.extend(block.into_iter().flatten().map(|v| v as f32));
    }
    all.truncate(rows * n);
    all
}

/// Adam (Kingma and Ba, 2015) over the variables whose names start with one of its prefixes.
#[derive(Debug)]
pub struct Adam {
    name: String,
    beta1: f64,
    beta2: f64,
    steps: u64,
    moments: BTreeMap<String, (Tensor, Tensor)>,
}

/// Keeps a division finite; the value of Kingma and Ba.
const EPSILON: f64 = 1e-8;

impl Adam {
    /// For the variables of the nets in `prefixes`. `name` tells optimisers apart in a checkpoint.
    ///
    /// # Errors
    /// Out of memory only.
    pub fn new(name: &str, params: &Params, prefixes: &[&str], beta1: f64, beta2: f64) -> Result<Adam> {
        let mut moments = BTreeMap::new();
        for (var_name, var) in params.iter() {
            if prefixes.iter().any(|p| var_name.split('.').next() == Some(p)) {
                let zero = var.zeros_like()?;
                moments.insert(var_name.clone(), (zero.clone(), zero));
            }
        }
        Ok(Adam { name: name.to_string(), beta1, beta2, steps: 0, moments })
    }

    /// One step at `rate`. Gradients longer than `clip` over all variables are shortened to it.
    ///
    /// # Errors
    /// A gradient that is not finite.
    pub fn step(&mut self, params: &Params, grads: &GradStore, rate: f64, clip: f64) -> Result<()> {
        let mut square = 0f64;
        for name in self.moments.keys() {
            if let Some(grad) = grads.get(params.get(name)?) {
                square += f64::from(grad.sqr()?.sum_all()?.to_scalar::<f32>()?);
            }
        }
        let length = square.sqrt();
        if !length.is_finite() {
            bail!("the gradient is not finite");
        }
        let shorten = if length > clip { clip / length } else { 1.0 };
        self.steps += 1;
        let (b1, b2, n) = (self.beta1, self.beta2, self.steps as i32);
        let rate = rate * (1.0 - b2.powi(n)).sqrt() / (1.0 - b1.powi(n));
        let epsilon = EPSILON * (1.0 - b2.powi(n)).sqrt();
        for (name, (first, second)) in &mut self.moments {
            let Some(var) = params.vars.get(name) else { bail!("no variable {name}") };
            let Some(grad) = grads.get(var.as_tensor()) else { continue };
            let grad = (grad.detach() * shorten)?;
            *first = ((&*first * b1)? + (&grad * (1.0 - b1))?)?;
            *second = ((&*second * b2)? + (grad.sqr()? * (1.0 - b2))?)?;
            let change = (&*first / (second.sqrt()? + epsilon)?)?;
            var.set(&(var.as_tensor().detach() - (change * rate)?)?)?;
        }
        Ok(())
    }

    fn collect(&self, to: &mut HashMap<String, Tensor>) -> Result<()> {
        for (name, (first, second)) in &self.moments {
            to.insert(format!("{}.first:{name}", self.name), first.clone());
            to.insert(format!("{}.second:{name}", self.name), second.clone());
        }
        let steps = Tensor::new(self.steps as u32, &Device::Cpu)?;
        to.insert(format!("{}.steps", self.name), steps);
        Ok(())
    }

    fn restore(&mut self, from: &HashMap<String, Tensor>) -> Result<()> {
        for (name, (first, second)) in &mut self.moments {
            let part = |order: &str| match from.get(&format!("{}.{order}:{name}", self.name)) {
                Some(tensor) => Ok(tensor.clone()),
                None => bail!("the checkpoint lacks a moment of {name}"),
            };
            (*first, *second) = (part("first")?, part("second")?);
        }
        if let Some(steps) = from.get(&format!("{}.steps", self.name)) {
            self.steps = u64::from(steps.to_scalar::<u32>()?);
        }
        Ok(())
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Done {
    /// Steps and groups.
    pub steps: u64,
    /// Seconds that they took.
    pub seconds: f64,
}

/// Writes variables, optimisers and what is done, all or nothing.
///
/// # Errors
/// The file system's.
pub fn save(path: &Path, params: &Params, optimisers: &[&Adam], done: Done) -> Result<()> {
    let mut all = HashMap::new();
    params.collect("value:", &mut all);
    for adam in optimisers {
        adam.collect(&mut all)?;
    }
    all.insert("step".to_string(), Tensor::new(done.steps as u32, &Device::Cpu)?);
    all.insert("seconds".to_string(), Tensor::new(done.seconds, &Device::Cpu)?);
    let fresh = path.with_extension("part");
    candle_core::safetensors::save(&all, &fresh)?;
    std::fs::rename(&fresh, path)?;
    Ok(())
}

/// Reads what [`save`] wrote; returns what is done.
///
/// # Errors
/// A file that is not a checkpoint of these variables.
pub fn restore(path: &Path, params: &mut Params, optimisers: &mut [&mut Adam]) -> Result<Done> {
    let all = candle_core::safetensors::load(path, &Device::Cpu)?;
    for (name, var) in &params.vars {
        match all.get(&format!("value:{name}")) {
            Some(tensor) => var.set(&tensor.to_dtype(DType::F32)?)?,
            None => bail!("the checkpoint lacks {name}"),
        }
    }
    for adam in optimisers {
        adam.restore(&all)?;
    }
    match (all.get("step"), all.get("seconds")) {
        (Some(step), Some(seconds)) => {
            Ok(Done { steps: u64::from(step.to_scalar::<u32>()?), seconds: seconds.to_scalar()? })
        }
        _ => bail!("the checkpoint lacks its step"),
    }
}
