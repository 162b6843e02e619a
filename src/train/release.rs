//! Writes a trained detector: weights, card and index.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::data::Source;
use super::quality::{Quality, quality};
use super::recipe::{Recipe, Run};
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
    let quality = quality(JUDGED, JUDGE_SEED, |windows| run.reconstruct(windows))?;
    // The page looks at windows only: what judges codes stays behind.
    let mut nets: Nets = (recipe.nets)();
    nets.retain(|name, _| recipe.makers.contains(&name.as_str()) || recipe.critic == Some(name.as_str()));
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
        window: crate::nn::familiar::WINDOW,
        tensors: needed(&nets),
        nets,
        train: Training {
            recipe: describe(recipe, real),
            seed,
            steps: recipe.steps,
            groups: recipe.groups,
            real,
        },
        score_stats: stats(run)?,
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
    let mut text = String::from("masked and spoilt windows of seeded synthetic series, answered whole");
    if real > 0 {
        text += &format!("; a third of the windows from {real} ordinary stretches of labelled telemetry");
    }
    if recipe.groups > 0 {
        text += "; then Wasserstein critics with gradient penalty against encoder and generator; \
                 recurrent sizes and filters below the published ones";
    }
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
fn stats(run: &Run) -> Result<Stats> {
    let batch = Source::default().batch(512, false, &mut Random::new(JUDGE_SEED));
    let answers = run.reconstruct(&batch.whole)?;
    let errors: Vec<f64> = answers.iter().zip(&batch.whole).map(|(a, b)| f64::from((a - b).abs())).collect();
    let spread = |values: &[f64]| Spread { median: median(values), mad: mad(values) };
    let critic = run.judge(&batch.whole)?;
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
