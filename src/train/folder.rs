//! Ordinary stretches of labelled folders, for training beside the synthetic series.
//!
//! A folder holds `NAME.csv.gz` files of `timestamp,value` rows, at any depth, `labels.json` (name to intervals of
//! rows, ends included) and `meta.json` (name to facts; `train_end`: the rows before it are free of anomalies).
//! Of a file in a folder `train` every row is ordinary, of one in `test` none is used.

use std::fs;
use std::io::Read;
use std::iter;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::data::scaled;
use crate::error::{Error, Result};
use crate::nn::familiar::{Sampling, WINDOW};

/// The stretches of at least two windows in `folder`, resampled and scaled.
///
/// # Errors
/// [`Error::Parse`] for a file that cannot be read.
pub fn stretches(folder: &Path) -> Result<Vec<Vec<f64>>> {
    let labels = json(&folder.join("labels.json"));
    let meta = json(&folder.join("meta.json"));
    let mut files = Vec::new();
    find(folder, &mut files);
    files.sort();
    let mut stretches = Vec::new();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace(".csv.gz", "");
        if name.starts_with("test/") {
            continue;
        }
        let values = column(&file)?;
        let known = meta.get(&name).and_then(|m| m.get("train_end")).and_then(Value::as_u64);
        let parts = match known {
            _ if name.starts_with("train/") => iter::once(0..values.len()).collect(),
            Some(end) => iter::once(0..(end as usize).min(values.len())).collect(),
            None => between(values.len(), labels.get(&name)),
        };
        for part in parts {
            let part: Vec<f64> = values[part].to_vec();
            let bins = Sampling::of(None, WINDOW, &part).bins(&part);
            // A constant says nothing; twice a window gives the scale something to stand on.
            if bins.len() >= 2 * WINDOW && bins.iter().any(|v| *v != bins[0]) {
                stretches.push(scaled(&bins).into_iter().map(|v| v.clamp(-20.0, 20.0)).collect());
            }
        }
    }
    Ok(stretches)
}

/// The rows outside the labelled intervals, none if the file has no entry.
fn between(rows: usize, labels: Option<&Value>) -> Vec<std::ops::Range<usize>> {
    let Some(intervals) = labels.and_then(Value::as_array) else { return Vec::new() };
    let mut start = 0;
    let mut parts = Vec::new();
    for interval in intervals {
        let edge = |k: usize| interval.get(k).and_then(Value::as_u64).unwrap_or(0) as usize;
        if start < edge(0).min(rows) {
            parts.push(start..edge(0).min(rows));
        }
        start = start.max(edge(1) + 1);
    }
    if start < rows {
        parts.push(start..rows);
    }
    parts
}

fn json(path: &Path) -> Value {
    fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null)
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, files);
        } else if path.to_string_lossy().ends_with(".csv.gz") {
            files.push(path);
        }
    }
}

/// The finite values of a file's second column.
fn column(path: &Path) -> Result<Vec<f64>> {
    let fail = |why: String| Error::Parse { line: 0, why: format!("{}: {why}", path.display()) };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(|e| fail(e.to_string()))?;
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).map_err(|e| fail(e.to_string()))?;
    let values = text.lines().skip(1).filter_map(|line| line.split(',').nth(1)?.trim().parse::<f64>().ok());
    Ok(values.filter(|v| v.is_finite()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_lies_between_labels() {
        let labels = serde_json::json!([[10, 19], [50, 99]]);
        assert_eq!(between(100, Some(&labels)), [0..10, 20..50]);
        assert_eq!(between(100, Some(&serde_json::json!([]))), std::slice::from_ref(&(0..100)));
        assert!(between(100, None).is_empty());
    }
}
