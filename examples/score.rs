//! Scores a file with the crate itself, without WebAssembly: `cargo run --example score -- FILE DETECTOR ROWS`.
//!
//! Fits on the first `ROWS` rows and prints one line a row: the score (empty: not scored) and whether the row is
//! in an event. The end-to-end tests compare this with the command line, which runs the same code as WebAssembly.

use std::error::Error;

use anomaly_widget::ingest;
use anomaly_widget::nn::weights::Weights;
use anomaly_widget::{Pipeline, Settings};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next =
        |what: &str| arguments.next().ok_or(format!("{what} is missing: score FILE DETECTOR ROWS"));
    let (file, detector, rows) = (next("FILE")?, next("DETECTOR")?, next("ROWS")?.parse::<usize>()?);

    let series = ingest::parse(&std::fs::read(file)?, &ingest::Options::default())?.series;
    let weights = weights(&detector)?;
    let settings = Settings { detector, ..Settings::default() };

    let mut watch = Pipeline::fit(&settings, weights.as_ref(), &series.slice(0, rows))?.resume();
    watch.push(&series.slice(rows, series.len()))?;
    let report = watch.report(0);

    for (row, score) in report.scores.iter().enumerate() {
        let anomaly = report.events.iter().any(|event| (event.start..event.end).contains(&row));
        let score = if score.is_nan() { String::new() } else { score.to_string() };
        println!("{score},{}", u8::from(anomaly));
    }
    Ok(())
}

/// The shipped weights of a pretrained detector.
fn weights(detector: &str) -> Result<Option<Weights>, Box<dyn Error>> {
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/www/models/");
    let Ok(index) = std::fs::read(format!("{models}index.json")) else { return Ok(None) };
    let index: serde_json::Value = serde_json::from_slice(&index)?;
    let Some(name) = index[detector].as_str() else { return Ok(None) };
    let card = std::fs::read_to_string(format!("{models}{name}.json"))?;
    Ok(Some(Weights::load(&std::fs::read(format!("{models}{name}.safetensors"))?, &card, detector)?))
}
