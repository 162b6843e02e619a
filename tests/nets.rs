//! Nets against reference values: the forward pass of the page, and with the feature `train` the trainer's passes,
//! losses and gradients.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;

use anomaly_widget::nn::fused::Fused;
use anomaly_widget::nn::net::{Extent, Layer, Net, Output};
use anomaly_widget::nn::weights::Tensor;
use serde_json::Value;

mod golden;
use golden::golden;

/// Numbers of nested lists, in order, and their extents.
fn numbers(value: &Value) -> (Vec<usize>, Vec<f32>) {
    let Some(list) = value.as_array() else { return (Vec::new(), vec![value.as_f64().unwrap() as f32]) };
    let mut shape = vec![list.len()];
    let mut all = Vec::new();
    for (i, item) in list.iter().enumerate() {
        let (inner, values) = numbers(item);
        if i == 0 {
            shape.extend(inner);
        }
        all.extend(values);
    }
    (shape, all)
}

fn flat(value: &Value) -> Vec<f32> {
    numbers(value).1
}

fn tensor(value: &Value) -> Tensor {
    let (shape, values) = numbers(value);
    Tensor { shape, values }
}

fn sum(a: &Value, b: &Value) -> Tensor {
    let mut t = tensor(a);
    t.values.iter_mut().zip(flat(b)).for_each(|(x, y)| *x += y);
    t
}

/// `(batch, a, b)` to `(batch, b, a)`.
fn swapped(values: &[f32], a: usize, b: usize) -> Vec<f32> {
    values.chunks(a * b).flat_map(|x| (0..a * b).map(move |i| x[(i % a) * b + i / a])).collect()
}

type Tensors = BTreeMap<String, Tensor>;

fn close(got: &[f32], want: &[f32], tolerance: f32, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance + tolerance * w.abs(), "{what}[{i}]: {g}, want {w}");
    }
}

/// Runs `layers` on every interpreter there is and compares each output with `want`.
fn check(layers: Vec<Layer>, tensors: &Tensors, input: &[f32], extent: Extent, want: &[f32], what: &str) {
    let net = Net::new(layers);
    let fused = Fused::new(&net, "n", tensors, extent).unwrap();
    close(&fused.run(input).unwrap(), want, 1e-5, what);
    // However many go through together, each has the answer that it has alone: bit for bit.
    let many: Vec<f32> =
        (0..19).flat_map(|k| input.iter().map(move |v| v * (1.0 - 0.05 * k as f32))).collect();
    let alone: Vec<f32> = many.chunks_exact(extent.len()).flat_map(|x| fused.run(x).unwrap()).collect();
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<u32>>();
    assert_eq!(bits(&fused.run(&many).unwrap()), bits(&alone), "{what}");
    #[cfg(feature = "train")]
    close(&reference::run(&net, "n", tensors, input, extent), want, 1e-5, what);
}

/// LSTM tensors of the layer at `place`, from two biases or one.
fn lstm(tensors: &mut Tensors, place: &str, way: &str, p: &Value) {
    tensors.insert(format!("{place}.weight_ih_l0{way}"), tensor(&p["w_ih"]));
    tensors.insert(format!("{place}.weight_hh_l0{way}"), tensor(&p["w_hh"]));
    let bias = if p["b"].is_null() { sum(&p["b_ih"], &p["b_hh"]) } else { tensor(&p["b"]) };
    tensors.insert(format!("{place}.bias_l0{way}"), bias);
}

#[test]
fn layers_agree_with_keras_and_onnx() {
    let g = golden("nn_layers");
    let (inputs, params, outputs) = (&g["inputs"], &g["params"], &g["outputs"]);
    let x = flat(&inputs["X_btf"]);
    let extent = Extent { time: 6, channels: 2 };
    let mut t = Tensors::new();
    lstm(&mut t, "n.0", "", &params["lstm"]);
    lstm(&mut t, "n.0", "_reverse", &params["lstm_reverse"]);
    let layer = |bidirectional, output| vec![Layer::Lstm { inputs: 2, hidden: 3, bidirectional, output }];
    let want = flat(&outputs["lstm"]["h"]);
    check(layer(false, Output::Sequence), &t, &x, extent, &want, "lstm");
    let last: Vec<f32> = want.chunks(18).flat_map(|h| h[15..].to_vec()).collect();
    check(layer(false, Output::Last), &t, &x, extent, &last, "lstm last");
    let both = &outputs["bilstm"];
    check(layer(true, Output::Sequence), &t, &x, extent, &flat(&both["sequence"]), "bilstm");
    let last = flat(&both["last_state_forward_end_backward_start"]);
    check(layer(true, Output::Last), &t, &x, extent, &last, "bilstm last");

    let p = &params["rnn"];
    let mut t = Tensors::new();
    lstm(&mut t, "n.0", "", p);
    let rnn = vec![Layer::Rnn { inputs: 2, hidden: 3, output: Output::Sequence }];
    check(rnn, &t, &x, extent, &flat(&outputs["rnn_tanh"]["h"]), "rnn");

    let p = &params["conv"];
    let mut t = Tensors::new();
    t.insert("n.0.weight".into(), tensor(&p["weight_out_in_k"]));
    t.insert("n.0.bias".into(), tensor(&p["bias"]));
    let x = swapped(&flat(&inputs["conv_x_ncl"]), 3, 12);
    let extent = Extent { time: 12, channels: 3 };
    let conv = |stride, padding| vec![Layer::Conv1d { inputs: 3, outputs: 4, taps: 5, stride, padding }];
    let want = swapped(&flat(&outputs["conv1d_stride1_pad0"]), 4, 8);
    check(conv(1, 0), &t, &x, extent, &want, "conv");
    let want = swapped(&flat(&outputs["conv1d_stride2_pad2"]), 4, 6);
    check(conv(2, 2), &t, &x, extent, &want, "strided conv");
    let want = swapped(&flat(&outputs["upsample_nearest_x2"]), 3, 24);
    check(vec![Layer::Upsample { times: 2 }], &t, &x, extent, &want, "upsample");

    let logits = flat(&inputs["logits"]);
    let extent = Extent { time: 7, channels: 1 };
    let want = flat(&outputs["leaky_relu_0.2"]);
    check(vec![Layer::LeakyRelu { slope: 0.2 }], &t, &logits, extent, &want, "leaky relu");
}

#[test]
fn layers_without_weights_by_hand() {
    let t = Tensors::new();
    let x = [1.0, -2.0, 3.0, -4.0];
    let extent = Extent { time: 2, channels: 2 };
    let hand = |layer: Layer, want: &[f32]| {
        let what = format!("{layer:?}");
        check(vec![layer], &t, &x, extent, want, &what);
    };
    hand(Layer::Relu, &[1.0, 0.0, 3.0, 0.0]);
    hand(Layer::Reverse, &[3.0, -4.0, 1.0, -2.0]);
    hand(Layer::Take { channels: 1 }, &[1.0, 3.0]);
    hand(Layer::Flatten, &x);
    hand(Layer::Trim { ends: 0 }, &x);
    hand(Layer::Reshape { channels: 4 }, &x);
    hand(Layer::Dropout { p: 0.5 }, &x);
    hand(Layer::Tanh, &x.map(f32::tanh));
    hand(Layer::Sigmoid, &x.map(|v| 1.0 / (1.0 + (-v).exp())));
    let long = Extent { time: 4, channels: 1 };
    check(vec![Layer::Trim { ends: 1 }], &t, &x, long, &[-2.0, 3.0], "trim");
    let one = Extent { time: 1, channels: 2 };
    let twice = [1.0, -2.0, 1.0, -2.0, 3.0, -4.0, 3.0, -4.0];
    check(vec![Layer::Repeat { times: 2 }], &t, &x, one, &twice, "repeat");
}

/// The miniature TadGAN of the golden file.
fn miniature(p: &Value) -> (BTreeMap<&'static str, Net>, Tensors) {
    let both = |inputs, hidden| Layer::Lstm { inputs, hidden, bidirectional: true, output: Output::Sequence };
    let conv = |inputs| Layer::Conv1d { inputs, outputs: 3, taps: 3, stride: 1, padding: 0 };
    let leaky = || Layer::LeakyRelu { slope: 0.2 };
    let dense = |inputs, outputs| Layer::Dense { inputs, outputs };
    let nets = BTreeMap::from([
        ("e", Net::new(vec![both(1, 3), Layer::Flatten, dense(96, 4)])),
        (
            "g",
            Net::new(vec![
                dense(4, 8),
                Layer::Reshape { channels: 1 },
                both(1, 2),
                Layer::Upsample { times: 2 },
                both(4, 2),
                dense(4, 1),
                Layer::Tanh,
            ]),
        ),
        ("x", Net::new(vec![conv(1), leaky(), conv(3), leaky(), Layer::Flatten, dense(36, 1)])),
        ("z", Net::new(vec![dense(4, 5), leaky(), dense(5, 5), leaky(), dense(5, 1)])),
    ]);
    let mut t = Tensors::new();
    lstm(&mut t, "e.0", "", &p["E"]["f"]);
    lstm(&mut t, "e.0", "_reverse", &p["E"]["b"]);
    lstm(&mut t, "g.2", "", &p["G"]["f1"]);
    lstm(&mut t, "g.2", "_reverse", &p["G"]["b1"]);
    lstm(&mut t, "g.4", "", &p["G"]["f2"]);
    lstm(&mut t, "g.4", "_reverse", &p["G"]["b2"]);
    let rows = [
        ("e.2", "E", "W", "c"),
        ("g.0", "G", "W0", "c0"),
        ("g.5", "G", "W3", "c3"),
        ("x.0", "Cx", "K1", "b1"),
        ("x.2", "Cx", "K2", "b2"),
        ("x.5", "Cx", "W", "c"),
        ("z.0", "Cz", "W1", "b1"),
        ("z.2", "Cz", "W2", "b2"),
        ("z.4", "Cz", "W3", "b3"),
    ];
    for (place, net, weight, bias) in rows {
        t.insert(format!("{place}.weight"), tensor(&p[net][weight]));
        t.insert(format!("{place}.bias"), tensor(&p[net][bias]));
    }
    (nets, t)
}

#[test]
fn a_miniature_tadgan_agrees_with_jax() {
    let g = golden("tadgan_forward");
    let (nets, tensors) = miniature(&g["params"]);
    let (x, z, outputs) = (flat(&g["inputs"]["x"]), flat(&g["inputs"]["z"]), &g["outputs"]);
    let window = Extent { time: 16, channels: 1 };
    let code = Extent { time: 1, channels: 4 };
    let run = |name: &str, input: &[f32], extent| {
        Fused::new(&nets[name], name, &tensors, extent).unwrap().run(input).unwrap()
    };
    let e_x = run("e", &x, window);
    let g_z = run("g", &z, code);
    close(&e_x, &flat(&outputs["E_x"]), 1e-5, "E(x)");
    close(&g_z, &flat(&outputs["G_z"]), 1e-5, "G(z)");
    close(&run("g", &e_x, code), &flat(&outputs["G_E_x"]), 1e-5, "G(E(x))");
    close(&run("x", &x, window), &flat(&outputs["Cx_x"]), 1e-5, "Cx(x)");
    close(&run("x", &g_z, window), &flat(&outputs["Cx_G_z"]), 1e-5, "Cx(G(z))");
    close(&run("z", &z, code), &flat(&outputs["Cz_z"]), 1e-5, "Cz(z)");
    close(&run("z", &e_x, code), &flat(&outputs["Cz_E_x"]), 1e-5, "Cz(E(x))");
}

#[cfg(feature = "train")]
mod reference {
    use anomaly_widget::train::layers::{forward, input_gradient, trace};
    use anomaly_widget::train::loss::{critique, divergence, ended, logistic, squared};
    use anomaly_widget::train::params::{Adam, Params};
    use candle_core::{Device, Tensor as Node};

    use super::*;

    fn params(tensors: &Tensors) -> Params {
        let mut params = Params::new();
        for (name, t) in tensors {
            params.set(name, t.values.clone(), &t.shape).unwrap();
        }
        params
    }

    fn node(values: &[f32], time: usize, channels: usize) -> Node {
        let batch = values.len() / (time * channels);
        Node::from_slice(values, (batch, time, channels), &Device::Cpu).unwrap()
    }

    fn values(node: &Node) -> Vec<f32> {
        node.flatten_all().unwrap().to_vec1().unwrap()
    }

    pub fn run(net: &Net, name: &str, tensors: &Tensors, input: &[f32], extent: Extent) -> Vec<f32> {
        let x = node(input, extent.time, extent.channels);
        values(&forward(net, name, &params(tensors), &x, None).unwrap())
    }

    fn number(node: &Node) -> f32 {
        node.to_scalar().unwrap()
    }

    #[test]
    fn gradients_through_an_lstm_agree_with_jax() {
        let g = golden("nn_gradients");
        let p = &g["params"]["lstm"];
        let mut t = Tensors::new();
        lstm(&mut t, "n.0", "", p);
        t.insert("n.1.weight".into(), tensor(&p["w_out"]));
        t.insert("n.1.bias".into(), tensor(&p["b_out"]));
        let last = Layer::Lstm { inputs: 2, hidden: 3, bidirectional: false, output: Output::Last };
        let net = Net::new(vec![last, Layer::Dense { inputs: 3, outputs: 1 }]);
        let params = params(&t);
        let x = node(&flat(&g["inputs"]["X"]), 6, 2);
        let y = forward(&net, "n", &params, &x, None).unwrap();
        let loss = squared(&y, &node(&flat(&g["inputs"]["Y"]), 1, 1)).unwrap();
        let want = &g["outputs"]["lstm_mse"];
        close(&[number(&loss)], &flat(&want["loss"]), 1e-5, "loss");
        let grads = loss.backward().unwrap();
        let rows = [
            ("n.0.weight_ih_l0", "w_ih"),
            ("n.0.weight_hh_l0", "w_hh"),
            ("n.0.bias_l0", "b_ih"),
            ("n.1.weight", "w_out"),
            ("n.1.bias", "b_out"),
        ];
        for (name, key) in rows {
            let grad = values(grads.get(params.get(name).unwrap()).unwrap());
            close(&grad, &flat(&want["grads"][key]), 1e-4, name);
        }
    }

    #[test]
    fn the_divergence_of_codes_agrees_with_jax() {
        let g = golden("nn_gradients");
        let (inputs, want) = (&g["inputs"], &g["outputs"]["vae"]);
        let mut params = Params::new();
        for (name, key) in [("n.mean", "vae_mu"), ("n.spread", "vae_logvar")] {
            let t = tensor(&inputs[key]);
            params.set(name, t.values, &[t.shape[0], 1, t.shape[1]]).unwrap();
        }
        let (mean, spread) = (params.get("n.mean").unwrap(), params.get("n.spread").unwrap());
        let apart = divergence(mean, spread).unwrap();
        let each = flat(&want["kl_per_sample"]);
        close(&[number(&apart)], &[each.iter().sum::<f32>() / each.len() as f32], 1e-5, "divergence");
        let eps = node(&flat(&inputs["vae_eps"]), 1, 2);
        let code = (mean + ((spread * 0.5).unwrap().exp().unwrap() * eps).unwrap()).unwrap();
        close(&values(&code), &flat(&want["z"]), 1e-5, "code");
    }

    #[test]
    fn logistic_losses_stay_finite_and_agree_with_the_reference() {
        let g = golden("nn_layers");
        let (logits, targets) = (flat(&g["inputs"]["logits"]), flat(&g["inputs"]["targets"]));
        let want = flat(&g["outputs"]["bce_with_logits_elementwise"]);
        for ((logit, target), want) in logits.iter().zip(targets).zip(want) {
            let loss = logistic(&node(&[*logit], 1, 1), f64::from(target)).unwrap();
            close(&[number(&loss)], &[want], 1e-5, "logistic");
        }
        assert!(number(&logistic(&node(&[200.0], 1, 1), 0.0).unwrap()) == 200.0);
    }

    #[test]
    fn ends_weigh_as_much_as_what_lies_between() {
        let a = node(&[2.0, 1.0, 1.0, 1.0, 3.0], 5, 1);
        let loss = ended(&a, &node(&[0.0; 5], 5, 1), 1).unwrap();
        close(&[number(&loss)], &[0.25 * 4.0 + 0.25 * 9.0 + 0.5], 1e-6, "ended");
    }

    #[test]
    fn the_closed_gradient_penalty_agrees_with_jax() {
        let g = golden("nn_gradients");
        let (p, inputs, want) = (&g["params"]["critic"], &g["inputs"], &g["outputs"]["critic"]);
        let mut t = Tensors::new();
        for (place, weight, bias) in [("n.0", "K1", "b1"), ("n.2", "K2", "b2"), ("n.5", "W3", "b3")] {
            t.insert(format!("{place}.weight"), tensor(&p[weight]));
            t.insert(format!("{place}.bias"), tensor(&p[bias]));
        }
        // The file flattens channel by channel.
        let time_major = swapped(&t["n.5.weight"].values, 3, 8);
        t.get_mut("n.5.weight").unwrap().values = time_major;
        let conv = |inputs| Layer::Conv1d { inputs, outputs: 3, taps: 5, stride: 1, padding: 0 };
        let leaky = || Layer::LeakyRelu { slope: 0.2 };
        let net = Net::new(vec![
            conv(1),
            leaky(),
            conv(3),
            leaky(),
            Layer::Flatten,
            Layer::Dense { inputs: 24, outputs: 1 },
        ]);
        let params = params(&t);
        let (real, fake) = (node(&flat(&inputs["real"]), 16, 1), node(&flat(&inputs["fake"]), 16, 1));
        let mix = node(&flat(&inputs["alpha"]), 1, 1);
        let between = (real.broadcast_mul(&mix).unwrap()
            + fake.broadcast_mul(&mix.affine(-1.0, 1.0).unwrap()).unwrap())
        .unwrap();
        let steps = trace(&net, "n", &params, &between, None).unwrap();
        let slope = input_gradient(&net, "n", &params, &steps).unwrap();
        close(&values(&slope), &flat(&want["input_grad_at_xi"]), 1e-5, "slope");
        let loss = critique(&net, "n", &params, &real, &fake, &mix, None).unwrap();
        close(&[number(&loss.penalty)], &flat(&want["penalty"]), 1e-4, "penalty");
        close(&[number(&loss.total)], &flat(&want["critic_total"]), 1e-4, "total");
        for (of, loss) in [("penalty_param_grads", &loss.penalty), ("critic_total_param_grads", &loss.total)]
        {
            let grads = loss.backward().unwrap();
            for (name, key) in
                [("n.0.weight", "K1"), ("n.2.weight", "K2"), ("n.5.weight", "W3"), ("n.0.bias", "b1")]
            {
                let want = flat(&want[of][key]);
                let want = if key == "W3" { swapped(&want, 3, 8) } else { want };
                let grad = grads.get(params.get(name).unwrap()).map_or(vec![0.0; want.len()], values);
                close(&grad, &want, 2e-4, &format!("{of} {name}"));
            }
        }
    }

    #[test]
    fn losses_and_gradients_of_a_miniature_tadgan_agree_with_jax() {
        let g = golden("tadgan_forward");
        let (nets, tensors) = miniature(&g["params"]);
        let (inputs, outputs) = (&g["inputs"], &g["outputs"]);
        let params = params(&tensors);
        let (x, z) = (node(&flat(&inputs["x"]), 16, 1), node(&flat(&inputs["z"]), 1, 4));
        let on = |name: &str, x: &Node| forward(&nets[name], name, &params, x, None).unwrap();
        let (made, code) = (on("g", &z), on("e", &x));
        let mix = |key: &str| node(&flat(&inputs[key]), 1, 1);
        let judge = |name: &str, real: &Node, fake: &Node, key: &str| {
            critique(&nets[name], name, &params, real, &fake.detach(), &mix(key), None).unwrap()
        };
        let (of_x, of_z) = (judge("x", &x, &made, "alpha_x"), judge("z", &z, &code, "alpha_z"));
        let error = squared(&x, &on("g", &code)).unwrap();
        let judged = (on("x", &made).mean_all().unwrap() + on("z", &code).mean_all().unwrap()).unwrap();
        let makers = ((&error * 10.0).unwrap() - judged).unwrap();
        let want = &outputs["loss"];
        close(&[number(&of_x.total)], &flat(&want["critic_x"]), 1e-4, "critic x");
        close(&[number(&of_z.total)], &flat(&want["critic_z"]), 1e-4, "critic z");
        close(&[number(&of_x.penalty)], &flat(&want["gp_x"]), 1e-4, "penalty x");
        close(&[number(&makers)], &flat(&want["encoder_generator"]), 1e-4, "makers");
        let norms = &outputs["grad_norms"];
        let (grads_x, grads_z, grads_m) =
            (of_x.total.backward().unwrap(), of_z.total.backward().unwrap(), makers.backward().unwrap());
        let rows = [
            ("critic_x", "x.0.weight", "K1", &grads_x),
            ("critic_x", "x.2.weight", "K2", &grads_x),
            ("critic_x", "x.5.weight", "W", &grads_x),
            ("critic_z", "z.0.weight", "W1", &grads_z),
            ("critic_z", "z.2.weight", "W2", &grads_z),
            ("encoder", "e.2.weight", "W", &grads_m),
            ("encoder", "e.0.weight_hh_l0_reverse", "b/w_hh", &grads_m),
            ("encoder", "e.0.weight_ih_l0", "f/w_ih", &grads_m),
            ("generator", "g.0.weight", "W0", &grads_m),
            ("generator", "g.2.weight_hh_l0", "f1/w_hh", &grads_m),
            ("generator", "g.4.weight_ih_l0_reverse", "b2/w_ih", &grads_m),
            ("generator", "g.4.bias_l0", "f2/b", &grads_m),
        ];
        for (net, name, key, grads) in rows {
            let grad = values(grads.get(params.get(name).unwrap()).unwrap());
            let norm = grad.iter().map(|v| v * v).sum::<f32>().sqrt();
            close(&[norm], &flat(&norms[net][key]), 2e-4, name);
        }
    }

    #[test]
    fn adam_walks_the_reference_path() {
        let g = golden("nn_gradients");
        let mut params = Params::new();
        params.set("n.0.weight", flat(&g["inputs"]["adam_w0"]), &[3]).unwrap();
        let mut adam = Adam::new("a", &params, &["n"], 0.9, 0.999).unwrap();
        let scale = Node::from_slice(&[1f32, 10.0, 0.1], 3, &Device::Cpu).unwrap();
        let want = flat(&g["outputs"]["adam_eps_1e_8"]);
        for step in want.chunks(3) {
            let w = params.get("n.0.weight").unwrap();
            let loss = ((w.sqr().unwrap() * &scale).unwrap().sum_all().unwrap() * 0.5).unwrap();
            adam.step(&params, &loss.backward().unwrap(), 0.05, f64::INFINITY).unwrap();
            close(&values(params.get("n.0.weight").unwrap()), step, 1e-4, "adam");
        }
    }
}
