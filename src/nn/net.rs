//! A net as data: the one description that the trainer, the card and the page share.
//!
//! Every layer maps a window of `(time, channels)` values to another; data lie row-major with channels last.
//! A tensor's name is its place: the net's name, the layer's index, the tensor, e.g. `encoder.0.weight_ih_l0`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::settings::{Setting, choices, set_all, wrong};

/// What a recurrent layer hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    /// The hidden state of every step, both directions side by side.
    #[default]
    Sequence,
    /// The last state alone: the forward direction at the end, the backward one at the start; time becomes 1.
    Last,
}
choices!(Output { Sequence = "sequence", Last = "last" });

/// Extent of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Steps.
    pub time: usize,
    /// Values a step.
    pub channels: usize,
}

impl Extent {
    /// Values in all.
    pub fn len(self) -> usize {
        self.time * self.channels
    }

    /// Whether there is no value.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// One layer. Weights are in PyTorch's order: rows are outputs, LSTM rows stacked input, forget, cell, output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "kebab-case", try_from = "Value")]
pub enum Layer {
    /// `y = W x + b` at every step. `weight (outputs, inputs)`, `bias (outputs)`.
    Dense {
        /// Channels in.
        inputs: usize,
        /// Channels out.
        outputs: usize,
    },
    /// Cross-correlation over time. `weight (outputs, inputs, taps)`, `bias (outputs)`.
    Conv1d {
        /// Channels in.
        inputs: usize,
        /// Channels out.
        outputs: usize,
        /// Length of the kernel.
        taps: usize,
        /// Steps between outputs.
        stride: usize,
        /// Zeros before and after.
        padding: usize,
    },
    /// Long short-term memory (Hochreiter and Schmidhuber, 1997).
    /// `weight_ih_l0 (4 hidden, inputs)`, `weight_hh_l0 (4 hidden, hidden)`, `bias_l0 (4 hidden)`, and the same
    /// with `_reverse`.
    Lstm {
        /// Channels in.
        inputs: usize,
        /// Channels of one direction's state.
        hidden: usize,
        /// Whether a second direction runs from the end to the start.
        bidirectional: bool,
        /// What it hands on.
        output: Output,
    },
    /// Elman's recurrent layer, `h = tanh(W x + U h + b)`. Tensors as of [`Layer::Lstm`] with `hidden` rows.
    Rnn {
        /// Channels in.
        inputs: usize,
        /// Channels of the state.
        hidden: usize,
        /// What it hands on.
        output: Output,
    },
    /// `max(x, 0)`.
    Relu,
    /// `x` if positive, else `slope x`.
    LeakyRelu {
        /// Slope below zero.
        slope: f32,
    },
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
    /// In training each value is 0 with this probability and the others grow to make up; at use, nothing.
    Dropout {
        /// Probability of 0.
        p: f32,
    },
    /// One step of all values, time-major.
    Flatten,
    /// The same values as steps of `channels`.
    Reshape {
        /// Channels out.
        channels: usize,
    },
    /// The only step, `times` times.
    Repeat {
        /// Steps out.
        times: usize,
    },
    /// Every step `times` times in a row (nearest neighbour).
    Upsample {
        /// Copies of a step.
        times: usize,
    },
    /// Time backwards.
    Reverse,
    /// Without this many steps at each end.
    Trim {
        /// Steps left out at the start, and as many at the end.
        ends: usize,
    },
    /// The first `channels` channels: the mean of a variational code without its variance.
    Take {
        /// Channels kept.
        channels: usize,
    },
}

/// How JSON calls the layers, and what it has to say of each.
macro_rules! kinds {
    ($($kind:ident = $name:literal { $($member:ident),* }),+ $(,)?) => {
        impl Layer {
            const KINDS: &[&str] = &[$($name),+];

            /// A layer of this kind before anything is said of it.
            fn blank(kind: &str) -> Option<Layer> {
                match kind {
                    $($name => Some(Layer::$kind { $($member: Default::default()),* }),)+
                    _ => None,
                }
            }

            fn members(&mut self) -> Vec<(&str, &mut dyn Setting)> {
                match self {
                    $(Layer::$kind { $($member),* } => vec![$((stringify!($member), $member)),*],)+
                }
            }
        }
    };
}

kinds! {
    Dense = "dense" { inputs, outputs },
    Conv1d = "conv1d" { inputs, outputs, taps, stride, padding },
    Lstm = "lstm" { inputs, hidden, bidirectional, output },
    Rnn = "rnn" { inputs, hidden, output },
    Relu = "relu" {},
    LeakyRelu = "leaky-relu" { slope },
    Tanh = "tanh" {},
    Sigmoid = "sigmoid" {},
    Dropout = "dropout" { p },
    Flatten = "flatten" {},
    Reshape = "reshape" { channels },
    Repeat = "repeat" { times },
    Upsample = "upsample" { times },
    Reverse = "reverse" {},
    Trim = "trim" { ends },
    Take = "take" { channels },
}

impl TryFrom<Value> for Layer {
    type Error = Error;

    /// The layer that an object names in `layer` and says everything of that its kind asks for, and nothing else.
    fn try_from(mut value: Value) -> Result<Layer> {
        let kind = value.as_object_mut().and_then(|given| given.remove("layer")).unwrap_or_default();
        let blank = kind.as_str().and_then(Layer::blank);
        let mut layer =
            blank.ok_or_else(|| wrong("layer", &format!("one of {}", Layer::KINDS.join(", ")), &kind))?;
        set_all(kind.as_str().unwrap_or_default(), &mut layer.members(), &value)?;
        Ok(layer)
    }
}

/// A tensor that a layer needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name within the layer.
    pub name: &'static str,
    /// Extent of each axis.
    pub shape: Vec<usize>,
}

impl Layer {
    /// The extent of what goes out for what comes in.
    ///
    /// # Errors
    /// [`Error::Param`] if the layer cannot take it.
    pub fn output(&self, input: Extent) -> Result<Extent> {
        let Extent { time, channels } = input;
        let takes = |inputs: usize| {
            if inputs == channels && time > 0 {
                return Ok(());
            }
            Err(Error::param("net", format!("{self:?} cannot take {time} steps of {channels} channels")))
        };
        let extent = |time, channels| Ok(Extent { time, channels });
        match *self {
            Layer::Dense { inputs, outputs } => takes(inputs).and(extent(time, outputs)),
            Layer::Conv1d { inputs, outputs, taps, stride, padding } => {
                takes(inputs)?;
                let padded = time + 2 * padding;
                if taps == 0 || stride == 0 || padded < taps {
                    return takes(usize::MAX).and(Ok(input));
                }
                extent((padded - taps) / stride + 1, outputs)
            }
            Layer::Lstm { inputs, hidden, bidirectional, output } => {
                takes(inputs)?;
                let width = if bidirectional { 2 * hidden } else { hidden };
                extent(if output == Output::Last { 1 } else { time }, width)
            }
            Layer::Rnn { inputs, hidden, output } => {
                takes(inputs)?;
                extent(if output == Output::Last { 1 } else { time }, hidden)
            }
            Layer::Flatten => extent(1, input.len()),
            Layer::Reshape { channels } if channels > 0 && input.len().is_multiple_of(channels) => {
                extent(input.len() / channels, channels)
            }
            Layer::Reshape { .. } => takes(usize::MAX).and(Ok(input)),
            Layer::Repeat { times } if time == 1 => extent(times, channels),
            Layer::Repeat { .. } => takes(usize::MAX).and(Ok(input)),
            Layer::Upsample { times } => extent(time * times, channels),
            Layer::Trim { ends } if time > 2 * ends => extent(time - 2 * ends, channels),
            Layer::Trim { .. } => takes(usize::MAX).and(Ok(input)),
            Layer::Take { channels: kept } if kept <= channels => extent(time, kept),
            Layer::Take { .. } => takes(usize::MAX).and(Ok(input)),
            Layer::Relu
            | Layer::LeakyRelu { .. }
            | Layer::Tanh
            | Layer::Sigmoid
            | Layer::Dropout { .. }
            | Layer::Reverse => Ok(input),
        }
    }

    /// The tensors it needs.
    pub fn slots(&self) -> Vec<Slot> {
        let slot = |name, shape: &[usize]| Slot { name, shape: shape.to_vec() };
        match *self {
            Layer::Dense { inputs, outputs } => {
                vec![slot("weight", &[outputs, inputs]), slot("bias", &[outputs])]
            }
            Layer::Conv1d { inputs, outputs, taps, .. } => {
                vec![slot("weight", &[outputs, inputs, taps]), slot("bias", &[outputs])]
            }
            Layer::Lstm { inputs, hidden, bidirectional, .. } => {
                let rows = 4 * hidden;
                let mut slots = vec![
                    slot("weight_ih_l0", &[rows, inputs]),
                    slot("weight_hh_l0", &[rows, hidden]),
                    slot("bias_l0", &[rows]),
                ];
                if bidirectional {
                    slots.push(slot("weight_ih_l0_reverse", &[rows, inputs]));
                    slots.push(slot("weight_hh_l0_reverse", &[rows, hidden]));
                    slots.push(slot("bias_l0_reverse", &[rows]));
                }
                slots
            }
            Layer::Rnn { inputs, hidden, .. } => vec![
                slot("weight_ih_l0", &[hidden, inputs]),
                slot("weight_hh_l0", &[hidden, hidden]),
                slot("bias_l0", &[hidden]),
            ],
            _ => Vec::new(),
        }
    }
}

/// Layers one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Net {
    /// In the order of the data.
    pub layers: Vec<Layer>,
}

/// The nets of one detector, by name.
pub type Nets = BTreeMap<String, Net>;

/// Nets of these names and layers.
pub fn named<const N: usize>(nets: [(&str, Vec<Layer>); N]) -> Nets {
    nets.into_iter().map(|(name, layers)| (name.to_string(), Net::new(layers))).collect()
}

impl Net {
    /// The net of these layers.
    pub fn new(layers: Vec<Layer>) -> Net {
        Net { layers }
    }

    /// The extents between layers: the input's first, the output's last.
    ///
    /// # Errors
    /// [`Error::Param`] naming the first layer that cannot take what reaches it.
    pub fn extents(&self, input: Extent) -> Result<Vec<Extent>> {
        let mut extents = vec![input];
        let mut at = input;
        for layer in &self.layers {
            at = layer.output(at)?;
            extents.push(at);
        }
        Ok(extents)
    }

    /// Name and shape of every tensor of the net called `name`, in the order of the layers.
    pub fn tensors(&self, name: &str) -> Vec<(String, Vec<usize>)> {
        let places = self.layers.iter().enumerate();
        places
            .flat_map(|(i, layer)| {
                layer.slots().into_iter().map(move |s| (format!("{name}.{i}.{}", s.name), s.shape))
            })
            .collect()
    }

    /// Weights in all.
    pub fn weights(&self) -> usize {
        self.tensors("").iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_places_and_extents_chain() {
        let net = Net::new(vec![
            Layer::Lstm { inputs: 1, hidden: 3, bidirectional: true, output: Output::Last },
            Layer::Relu,
            Layer::Dense { inputs: 6, outputs: 4 },
        ]);
        let names: Vec<String> = net.tensors("e").into_iter().map(|t| t.0).collect();
        assert_eq!(names[5], "e.0.bias_l0_reverse");
        assert_eq!(names[6], "e.2.weight");
        assert_eq!(net.weights(), 2 * (12 + 36 + 12) + 28);
        let extents = net.extents(Extent { time: 9, channels: 1 }).unwrap();
        assert_eq!(extents[3], Extent { time: 1, channels: 4 });
        assert!(net.extents(Extent { time: 9, channels: 2 }).is_err());
    }

    #[test]
    fn convolution_extents() {
        let conv = Layer::Conv1d { inputs: 3, outputs: 4, taps: 5, stride: 2, padding: 2 };
        assert_eq!(conv.output(Extent { time: 12, channels: 3 }).unwrap(), Extent { time: 6, channels: 4 });
        let valid = Layer::Conv1d { inputs: 3, outputs: 4, taps: 5, stride: 1, padding: 0 };
        assert!(valid.output(Extent { time: 4, channels: 3 }).is_err());
    }

    #[test]
    fn survives_json() {
        let net = Net::new(vec![Layer::LeakyRelu { slope: 0.1 }, Layer::Flatten, Layer::Repeat { times: 2 }]);
        let text = serde_json::to_string(&net).unwrap();
        assert_eq!(
            text,
            r#"[{"layer":"leaky-relu","slope":0.1},{"layer":"flatten"},{"layer":"repeat","times":2}]"#
        );
        assert_eq!(serde_json::from_str::<Net>(&text).unwrap(), net);
    }

    #[test]
    fn every_kind_survives_json() {
        for kind in Layer::KINDS {
            let layer = Layer::blank(kind).unwrap();
            let value = serde_json::to_value(&layer).unwrap();
            assert_eq!(value["layer"], *kind);
            assert_eq!(Layer::try_from(value).unwrap(), layer);
        }
    }

    #[test]
    fn a_layer_that_is_none_says_why() {
        let said = |text| serde_json::from_str::<Net>(text).unwrap_err().to_string();
        let cases = [
            (r#"[{"layer":"dense","inputs":2}]"#, "dense.outputs: is missing"),
            (
                r#"[{"layer":"dense","inputs":2,"outputs":-1}]"#,
                "dense.outputs: must be a whole number of 0 or more, is -1",
            ),
            (r#"[{"layer":"relu","slope":1}]"#, "relu.slope: is not known; there are none"),
            (
                r#"[{"layer":"lstm","inputs":1,"hidden":2,"bidirectional":true,"output":"first"}]"#,
                "lstm.output: must be one of sequence, last, is \"first\"",
            ),
            (r#"[{"layer":"gru"}]"#, "layer: must be one of dense, conv1d"),
            (r#"[{"inputs":2}]"#, "layer: must be one of dense, conv1d"),
            ("[7]", "layer: must be one of dense, conv1d"),
        ];
        for (text, want) in cases {
            assert!(said(text).contains(want), "{text}: {}", said(text));
        }
    }
}
