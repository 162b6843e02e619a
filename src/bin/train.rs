//! Command line of the trainer: `train NAME [--seed S] [--steps N] [--groups N] [--minutes M] [--data DIR]...
//! [--out DIR] [--fresh]`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anomaly_widget::train::batch::Source;
use anomaly_widget::train::folder::stretches;
use anomaly_widget::train::recipe::{RECIPES, find};
use anomaly_widget::train::release::release;
use anomaly_widget::train::run::Run;
use anomaly_widget::{Error, Result};

struct Options {
    name: String,
    seed: u64,
    steps: Option<u64>,
    groups: Option<u64>,
    minutes: f64,
    data: Vec<PathBuf>,
    out: PathBuf,
    fresh: bool,
}

fn main() -> ExitCode {
    match options().and_then(|options| train(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("train: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options> {
    let usage = || {
        let names: Vec<&str> = RECIPES.iter().map(|r| r.name).collect();
        let why = format!(
            "use: train {} [--seed S] [--steps N] [--groups N] [--minutes M] [--data DIR]... [--out DIR] [--fresh]",
            names.join("|")
        );
        Error::param("arguments", why)
    };
    let mut words = std::env::args().skip(1);
    let mut options = Options {
        name: words.next().ok_or_else(usage)?,
        seed: 7,
        steps: None,
        groups: None,
        minutes: f64::INFINITY,
        data: Vec::new(),
        out: PathBuf::from("www/models"),
        fresh: false,
    };
    while let Some(word) = words.next() {
        if word == "--fresh" {
            options.fresh = true;
            continue;
        }
        let value = words.next().ok_or_else(usage)?;
        match word.as_str() {
            "--seed" => options.seed = value.parse().map_err(|_| usage())?,
            "--steps" => options.steps = Some(value.parse().map_err(|_| usage())?),
            "--groups" => options.groups = Some(value.parse().map_err(|_| usage())?),
            "--minutes" => options.minutes = value.parse().map_err(|_| usage())?,
            "--data" => options.data.push(PathBuf::from(value)),
            "--out" => options.out = PathBuf::from(value),
            _ => return Err(usage()),
        }
    }
    Ok(options)
}

fn train(options: &Options) -> Result<()> {
    let mut recipe = find(&options.name)
        .cloned()
        .ok_or_else(|| Error::param("arguments", format!("there is no recipe {}", options.name)))?;
    recipe.steps = options.steps.unwrap_or(recipe.steps);
    recipe.groups = options.groups.unwrap_or(recipe.groups);
    let recipe = &recipe;
    let mut source = Source::default();
    for folder in &options.data {
        source.real.extend(stretches(folder)?);
    }
    println!("{}: seed {}, {} real stretches", recipe.name, options.seed, source.real.len());
    let checkpoint = Path::new("target/train").join(recipe.name).join("checkpoint.safetensors");
    if let Some(folder) = checkpoint.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::weights("checkpoint", e.to_string()))?;
    }
    let mut run = Run::new(recipe, options.seed)?;
    if !options.fresh {
        run.resume(&checkpoint)?;
    }
    let budget = Duration::try_from_secs_f64(60.0 * options.minutes).unwrap_or(Duration::MAX);
    let (mut shown, mut mean, mut count) = (Instant::now(), [0.0; 4], 0.0);
    let done = run.advance(&source, budget, Some(&checkpoint), |progress| {
        mean.iter_mut().zip(progress.losses).for_each(|(m, l)| *m += l);
        count += 1.0;
        // A line every ten seconds.
        if shown.elapsed() > Duration::from_secs(10) || progress.done == progress.all {
            let losses = mean.map(|m| m / count);
            let left = progress.left.as_secs_f64() / 60.0;
            println!("{}/{}  loss {losses:.5?}  {left:.1} min left", progress.done, progress.all);
            (shown, mean, count) = (Instant::now(), [0.0; 4], 0.0);
        }
    })?;
    if !done {
        println!("out of time; the same command goes on from here");
        return Ok(());
    }
    let quality = release(&run, recipe, options.seed, source.real.len(), &options.out)?;
    println!("{quality:?}");
    Ok(())
}
