//! Detectors over labelled folders: what `npm run evaluate` measures.
//!
//! UCR: fitted on the rows before `train_end`, judged on the rest. SMAP and MSL: fitted on the training file,
//! judged on the test file that follows it. NAB: fitted on the first 15 % (at most 750 rows), streaming over the
//! whole. One setting for all; no parameter is chosen by a series' name.

pub mod folder;
pub mod metrics;
pub mod nab;

use std::path::Path;
use std::time::Instant;

use crate::detect::registry;
use crate::nn::weights::Weights;
use crate::pipeline::{Settings, Watch};
use folder::Case;
use metrics::{Overlap, Ranking};

/// What one detector did on one series.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The collection of the series.
    pub collection: String,
    /// Its name.
    pub name: String,
    /// Whether the highest score is at the one label; `None` unless there is exactly one.
    pub top1: Option<bool>,
    /// Average precision over rows; NaN without a label.
    pub auc_pr: f64,
    /// Volume under the precision-recall surface; NaN without a label.
    pub vus_pr: f64,
    /// Events against labels.
    pub overlap: Overlap,
    /// Judged rows that lie in events, and judged rows.
    pub flagged: (usize, usize),
    /// Rows scored, and seconds of one core for fitting and scoring them.
    pub cost: (usize, f64),
    /// Scores of all rows, kept for the corpus score of NAB.
    pub scored: Option<nab::Scored>,
}

/// The shipped weights of a detector, from the folder of models; `None` for one that needs none.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn weights(detector: &str, models: &Path) -> Result<Option<Weights>, String> {
    let entry = registry::find(detector).map_err(|e| e.to_string())?;
    if !entry.pretrained {
        return Ok(None);
    }
    let read = |file: &str| std::fs::read(models.join(file)).map_err(|e| format!("{file}: {e}"));
    let index: serde_json::Value =
        serde_json::from_slice(&read("index.json")?).map_err(|e| format!("index.json: {e}"))?;
    let stem = index[detector].as_str().ok_or_else(|| format!("index.json: no model for {detector}"))?;
    let card = String::from_utf8_lossy(&read(&format!("{stem}.json"))?).into_owned();
    let bytes = read(&format!("{stem}.safetensors"))?;
    Weights::load(&bytes, &card, detector).map(Some).map_err(|e| e.to_string())
}

/// Runs a detector over one case.
///
/// # Errors
/// A sentence that names the case.
pub fn run(settings: &Settings, weights: Option<&Weights>, case: &Case) -> Result<Outcome, String> {
    let (series, place) = case.read()?;
    let row = |i: usize| place.get(i).copied().unwrap_or(series.len());
    let begun = Instant::now();
    let scored = || -> crate::Result<_> {
        let train = series.slice(0, row(case.train));
        let mut watch = Watch::begin(settings, weights, &train)?;
        watch.push(&series)?;
        Ok(watch.report(0))
    };
    let report = scored().map_err(|e| format!("{}: {e}", case.name))?;
    let seconds = begun.elapsed().as_secs_f64();
    // Rows without a score rank lowest.
    let low = report.scores.iter().copied().filter(|v| v.is_finite()).fold(f64::INFINITY, f64::min);
    let low = if low.is_finite() { low } else { 0.0 };
    let scores: Vec<f64> =
        place.iter().map(|r| report.scores[*r]).map(|s| if s.is_finite() { s } else { low }).collect();
    let n = scores.len();
    let inside =
        |l: &(usize, usize)| (l.0.max(case.judged) - case.judged, l.1.min(n).max(case.judged) - case.judged);
    let labels: Vec<(usize, usize)> = case.labels.iter().map(inside).collect();
    let mut labelled = vec![false; n - case.judged];
    labels.iter().for_each(|l| labelled[l.0..l.1].fill(true));
    let judged = &scores[case.judged..];
    let ranking = Ranking::new(judged);
    // Events are found in rows of the series; labels count rows of the file.
    let first = |r: usize| place.partition_point(|p| *p < r);
    let events: Vec<(usize, usize)> = report
        .events
        .iter()
        .map(|e| (first(e.start), first(e.end)))
        .filter(|e| e.1 > case.judged)
        .map(|e| (e.0.max(case.judged) - case.judged, e.1 - case.judged))
        .collect();
    Ok(Outcome {
        collection: case.collection.clone(),
        name: case.name.clone(),
        top1: (labels.len() == 1).then(|| metrics::top1(judged, labels[0])),
        auc_pr: metrics::average_precision(&ranking, &labelled),
        vus_pr: metrics::vus_pr(&ranking, &labelled),
        overlap: Overlap::of(&labels, &events),
        flagged: (events.iter().map(|e| e.1 - e.0).sum(), judged.len()),
        cost: (n, seconds),
        scored: (case.collection == "NAB").then(|| nab::Scored { scores, windows: case.labels.clone() }),
    })
}

/// The head of the table that [`row`] fills.
pub const HEAD: &str = "\
| detector | UCR top-1 | VUS-PR | AUC-PR | UCR events | MSL events | SMAP events | NAB events | NAB standard | s / 10,000 points |
|---|---|---|---|---|---|---|---|---|---|";

/// One line of the table. Events: precision / recall / F1, and the part of the rows that they flag.
pub fn row(detector: &str, outcomes: &[Outcome]) -> String {
    let of = |collection: &str| outcomes.iter().filter(|o| o.collection == collection).collect::<Vec<_>>();
    let ucr = of("UCR");
    let mean = |values: Vec<f64>| {
        let values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        if values.is_empty() { String::new() } else { format!("{:.3}", crate::math::stats::mean(&values)) }
    };
    let events = |collection: &str| {
        let group = of(collection);
        let mut sum = Overlap::default();
        group.iter().for_each(|o| sum.add(o.overlap));
        let (flagged, rows) = group.iter().fold((0, 0), |s, o| (s.0 + o.flagged.0, s.1 + o.flagged.1));
        if rows == 0 {
            return String::new();
        }
        let [precision, recall, f1] = sum.rates();
        format!("{precision:.2} / {recall:.2} / {f1:.3} ({:.1} %)", 100.0 * flagged as f64 / rows as f64)
    };
    let corpus: Vec<nab::Scored> = outcomes.iter().filter_map(|o| o.scored.clone()).collect();
    let standard = nab::standard(&corpus);
    let (points, seconds) = outcomes.iter().fold((0, 0.0), |s, o| (s.0 + o.cost.0, s.1 + o.cost.1));
    format!(
        "| {detector} | {} | {} | {} | {} | {} | {} | {} | {} | {:.3} |",
        mean(ucr.iter().filter_map(|o| o.top1).map(|hit| f64::from(u8::from(hit))).collect()),
        mean(ucr.iter().map(|o| o.vus_pr).collect()),
        mean(ucr.iter().map(|o| o.auc_pr).collect()),
        events("UCR"),
        events("MSL"),
        events("SMAP"),
        events("NAB"),
        if standard.is_finite() { format!("{standard:.1}") } else { String::new() },
        seconds / points.max(1) as f64 * 1e4,
    )
}
