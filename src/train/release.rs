//! Writes a trained detector: weights, card and index.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::batch::Source;
use super::quality::{Kind, Quality, quality};
use super::recipe::{Cycles, Recipe, Rivalry, Task};
use super::run::Run;
use crate::error::{Error, Result};
use crate::math::random::Random;
use crate::math::stats::{mad, median};
use crate::nn::net::Nets;
use crate::nn::weights::{Card, FORMAT, Spread, Stats, Tensor, Training, file, hash, needed};

/// Unseen series that a net is judged on, and their seed: the test of the shipped file uses others.
pub const JUDGED: usize = 120;
/// See [`JUDGED`].
pub const JUDGE_SEED: u64 = 20_200;

/// Judges `run` and writes `NAME-vN.safetensors`, `NAME-vN.json` and its line of `index.json` into `folder`.
///
/// # Errors
/// [`Error::Weights`] for a file that cannot be written, [`Error::Numeric`].
pub fn release(run: &Run, recipe: &Recipe, seed: u64, real: usize, folder: &Path) -> Result<Quality> {
    let kind = match recipe.task {
        Task::Rebuild | Task::Regress(_) | Task::Vary => Kind::Rebuilds,
        Task::Foresee => Kind::Foresees(recipe.window),
    };
    let quality = quality(kind, JUDGED, JUDGE_SEED, |windows| run.answer(windows))?;
    // What no score needs stays behind.
    let mut nets: Nets = (recipe.nets)();
    nets.retain(|name, _| {
        let name = name.as_str();
        recipe.makers.contains(&name) || recipe.kept.contains(&name) || recipe.critic == Some(name)
    });
    let mut tensors = BTreeMap::new();
    for (name, shape) in needed(&nets) {
        let values = run.params.get(&name)?.flatten_all()?.to_vec1::<f32>()?;
        tensors.insert(name, Tensor { shape, values });
    }
    let bytes = file(&tensors)?;
    let stem = format!("{}-v{}", recipe.name, recipe.version);
    let card = Card {
        format: FORMAT,
        detector: recipe.name.to_string(),
        version: recipe.version,
        sha256: hash(&bytes),
        window: recipe.window,
        tensors: needed(&nets),
        nets,
        train: Training {
            recipe: describe(recipe, real),
            seed,
            steps: recipe.steps,
            groups: recipe.groups,
            real,
            minutes: Some((10.0 * run.minutes()).round() / 10.0),
        },
        score_stats: stats(run, recipe)?,
        quality: measured(&quality),
        licence: "MIT OR Apache-2.0".to_string(),
    };
    let card = serde_json::to_string_pretty(&card).map_err(|e| Error::weights(&stem, e.to_string()))?;
    write(&folder.join(format!("{stem}.safetensors")), &bytes)?;
    write(&folder.join(format!("{stem}.json")), format!("{card}\n").as_bytes())?;
    index(folder, recipe.name, &stem)?;
    Ok(quality)
}

fn describe(recipe: &Recipe, real: usize) -> String {
    let mut text = String::from(match recipe.task {
        Task::Rebuild => "masked and spoilt windows of seeded synthetic series, answered whole",
        Task::Regress(_) => {
            "masked and spoilt windows of seeded synthetic series, answered whole from all but their ends"
        }
        Task::Vary => {
            "masked and spoilt windows of seeded synthetic series, answered whole from codes drawn around the \
             encoder's, which are kept near a standard normal distribution"
        }
        Task::Foresee => {
            "windows of seeded synthetic series, spoilt in places, answered with the change that follows"
        }
    });
    if real > 0 {
        text += &format!("; a third of the windows from {real} ordinary stretches of labelled telemetry");
    }
    text += match recipe.rivalry {
        Rivalry::None => "",
        Rivalry::Wasserstein(Cycles::Windows, _) => {
            "; then Wasserstein critics with gradient penalty against encoder and generator; recurrent sizes and \
             filters below the published ones"
        }
        Rivalry::Wasserstein(Cycles::Both(_), _) => {
            "; then Wasserstein critics with gradient penalty against encoder and generator, which lead back from \
             windows and from codes with noise on them"
        }
        Rivalry::Features => {
            "; then against a discriminator whose features of windows and answers are to agree"
        }
        Rivalry::Joint(_) => {
            "; then against discriminators of windows with codes, of two windows and of two codes"
        }
    };
    text
}

/// Fields of a card.
pub fn measured(quality: &Quality) -> BTreeMap<String, f64> {
    [
        ("normal", quality.normal),
        ("anomalous", quality.anomalous),
        ("ratio", quality.ratio),
        ("located", quality.located),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_string(), value))
    .collect()
}

/// Answers to ordinary windows.
fn stats(run: &Run, recipe: &Recipe) -> Result<Stats> {
    let (source, random) = (Source::default(), &mut Random::new(JUDGE_SEED));
    let batch = match recipe.task {
        Task::Foresee => source.ahead(512, recipe.window, 1, random),
        _ => source.batch(512, false, random),
    };
    let answers = run.answer(&batch.shown)?;
    let errors: Vec<f64> = answers.iter().zip(&batch.whole).map(|(a, b)| f64::from((a - b).abs())).collect();
    let spread = |values: &[f64]| Spread { median: median(values), mad: mad(values) };
    let critic = run.judge(&batch.shown)?;
    let critic = critic.map(|c| spread(&c.into_iter().map(f64::from).collect::<Vec<_>>()));
    Ok(Stats { error: spread(&errors), critic })
}

/// Points `name` to `stem` in `index.json`.
fn index(folder: &Path, name: &str, stem: &str) -> Result<()> {
    let path = folder.join("index.json");
    let mut index: BTreeMap<String, String> =
        fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    index.insert(name.to_string(), stem.to_string());
    let text =
        serde_json::to_string_pretty(&index).map_err(|e| Error::weights("index.json", e.to_string()))?;
    write(&path, format!("{text}\n").as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let fail = |e: std::io::Error| Error::weights(&path.display().to_string(), e.to_string());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    fs::write(path, bytes).map_err(fail)
}
