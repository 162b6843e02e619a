//! Every recipe of the trainer, two steps of each kind: it runs, goes on from a checkpoint as if it had not been
//! interrupted, and the page's forward pass of what comes out is candle's.
#![cfg(feature = "train")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use anomaly_widget::math::random::Random;
use anomaly_widget::nn::fused::Fused;
use anomaly_widget::nn::net::Extent;
use anomaly_widget::nn::weights::Tensor;
use anomaly_widget::train::batch::Source;
use anomaly_widget::train::recipe::{RECIPES, Recipe};
use anomaly_widget::train::run::Run;

const SEED: u64 = 3;

/// A recipe of two steps and, if it has groups, two groups, of a few windows each.
fn short(recipe: &Recipe) -> Recipe {
    Recipe { steps: 2, groups: recipe.groups.min(2), batch: 8, ..recipe.clone() }
}

fn tensors(run: &Run) -> BTreeMap<String, Tensor> {
    let values = run.params.values().unwrap().into_iter();
    values
        .map(|(name, value)| {
            let shape = value.dims().to_vec();
            (name, Tensor { shape, values: value.flatten_all().unwrap().to_vec1().unwrap() })
        })
        .collect()
}

#[test]
fn every_recipe_runs_and_goes_on_from_a_checkpoint() {
    let folder = std::env::temp_dir().join(format!("recipes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for recipe in RECIPES {
        let recipe = &short(recipe);
        let source = Source::default();
        let mut whole = Run::new(recipe, SEED).unwrap();
        let fresh = tensors(&whole);
        assert!(whole.advance(&source, Duration::MAX, None, |_| ()).unwrap(), "{}", recipe.name);
        let whole = tensors(&whole);
        // Every weight has moved; the bias of a Wasserstein critic's judgement has no slope.
        for (name, tensor) in whole.iter().filter(|(name, _)| name.contains("weight")) {
            assert!(fresh[name] != *tensor, "{}: {name} has not moved", recipe.name);
        }
        // One step at a time, each by a run of its own.
        let checkpoint = folder.join(format!("{}.safetensors", recipe.name));
        loop {
            let mut run = Run::new(recipe, SEED).unwrap();
            run.resume(&checkpoint).unwrap();
            let mut steps = 0;
            let done = run.advance(&source, Duration::ZERO, Some(&checkpoint), |_| steps += 1).unwrap();
            assert!(steps <= 1);
            if done {
                assert!(tensors(&run) == whole, "{}: not the same when interrupted", recipe.name);
                break;
            }
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_page_answers_as_candle_does() {
    let mut random = Random::new(4);
    for recipe in RECIPES {
        let recipe = &short(recipe);
        let mut run = Run::new(recipe, SEED).unwrap();
        run.advance(&Source::default(), Duration::MAX, None, |_| ()).unwrap();
        let (nets, tensors) = ((recipe.nets)(), tensors(&run));
        let windows: Vec<f32> = (0..11 * recipe.window).map(|_| random.normal() as f32).collect();
        let pass = |names: &[&str]| {
            let mut extent = Extent { time: recipe.window, channels: 1 };
            names.iter().fold(windows.clone(), |x, name| {
                let net = Fused::new(&nets[*name], name, &tensors, extent).unwrap();
                extent = net.output();
                net.run(&x).unwrap()
            })
        };
        let near = |got: &[f32], want: &[f32], what: &str| {
            assert_eq!(got.len(), want.len(), "{} {what}", recipe.name);
            for (g, w) in got.iter().zip(want) {
                assert!((g - w).abs() <= 1e-5 * (1.0 + w.abs()), "{} {what}: {g} for {w}", recipe.name);
            }
        };
        near(&pass(recipe.makers), &run.answer(&windows).unwrap(), "makers");
        if let Some(critic) = recipe.critic {
            near(&pass(&[critic]), &run.judge(&windows).unwrap().unwrap(), "critic");
        }
    }
}
