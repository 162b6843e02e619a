//! Labelled folders: series, labels and training parts as `evaluate` reads them.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::error::Error;
use crate::ingest;
use crate::series::Series;

/// One labelled series.
#[derive(Debug, Clone)]
pub struct Case {
    /// The collection: UCR, MSL, SMAP or NAB.
    pub collection: String,
    /// Its name there.
    pub name: String,
    /// Rows of the training part; the detector is fitted on these.
    pub train: usize,
    /// First row that is judged.
    pub judged: usize,
    /// Labelled intervals of rows, half-open.
    pub labels: Vec<(usize, usize)>,
    files: Vec<PathBuf>,
}

/// The entry of a series in `meta.json`.
#[derive(Debug, Deserialize)]
struct Meta {
    rows: Option<usize>,
    train_end: Option<usize>,
    probation_rows: Option<usize>,
    spacecraft: Option<String>,
}

/// What went wrong, for a person.
type Result<T> = std::result::Result<T, String>;

/// The cases under `root`, which holds some of the folders `ucr`, `nasa` and `nab`.
pub fn cases(root: &Path) -> Result<Vec<Case>> {
    let mut found = Vec::new();
    for folder in ["ucr", "nasa", "nab"] {
        let folder = root.join(folder);
        if folder.join("labels.json").is_file() {
            found.extend(read_folder(&folder)?);
        }
    }
    Ok(found)
}

fn read_folder(folder: &Path) -> Result<Vec<Case>> {
    let labels: BTreeMap<String, Vec<(usize, usize)>> = json(&folder.join("labels.json"))?;
    let meta: BTreeMap<String, Meta> = json(&folder.join("meta.json"))?;
    let mut cases = Vec::new();
    for (name, inclusive) in labels {
        let meta =
            meta.get(&name).ok_or_else(|| format!("{}: no entry {name} in meta.json", folder.display()))?;
        let file = |part: &str| folder.join(part).join(format!("{name}.csv.gz"));
        let mut case = Case {
            collection: "UCR".into(),
            train: meta.train_end.unwrap_or(0),
            judged: meta.train_end.unwrap_or(0),
            labels: inclusive.into_iter().map(|(a, b)| (a, b + 1)).collect(),
            files: vec![file("")],
            name: name.clone(),
        };
        if let Some(spacecraft) = &meta.spacecraft {
            // The channel is one series: its training file, then its test file, whose labels move along.
            case.collection.clone_from(spacecraft);
            case.files = [file("train"), file("test")].into_iter().filter(|f| f.is_file()).collect();
            let train = if case.files.len() == 2 { lines(&case.files[0])? } else { 0 };
            (case.train, case.judged) = (train, train);
            case.labels.iter_mut().for_each(|l| *l = (l.0 + train, l.1 + train));
        } else if let Some(probation) = meta.probation_rows {
            case.collection = "NAB".into();
            (case.train, case.judged) = (probation, 0);
        }
        if case.train == 0 {
            case.train = meta.rows.unwrap_or(0) * 15 / 100;
        }
        cases.push(case);
    }
    Ok(cases)
}

impl Case {
    /// The series, and for each row of the files the row of the series that stands for it.
    pub fn read(&self) -> Result<(Series, Vec<usize>)> {
        let (mut time, mut value, mut place) = (Vec::new(), Vec::new(), Vec::new());
        for file in &self.files {
            let parsed = ingest::parse(&unpack(file)?, &ingest::Options::default())
                .map_err(|e: Error| format!("{}: {e}", file.display()))?;
            let mut repeated = parsed.repeated.iter().copied().peekable();
            let (t, v) = parsed.series.into_columns();
            // A file that starts over goes on where the last one ended.
            let shift = match (time.last(), t.first(), t.get(1)) {
                (Some(last), Some(first), Some(second)) if first <= last => last + (second - first) - first,
                _ => 0.0,
            };
            let (mut row, base) = (0, time.len());
            for line in 0..t.len() + parsed.repeated.len() {
                if repeated.next_if_eq(&line).is_none() {
                    row += 1;
                }
                place.push(base + row - 1);
            }
            time.extend(t.iter().map(|t| t + shift));
            value.extend(v);
        }
        let series = Series::new(time, value).map_err(|e| format!("{}: {e}", self.name))?;
        Ok((series, place))
    }
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

fn unpack(path: &Path) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut bytes = Vec::new();
    GzDecoder::new(file).read_to_end(&mut bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(bytes)
}

/// Rows of a file with a header.
fn lines(path: &Path) -> Result<usize> {
    let bytes = unpack(path)?;
    Ok(bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).count().saturating_sub(1))
}
