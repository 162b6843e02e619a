//! Command line of the evaluation: detectors over labelled folders, one table.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anomaly_widget::Settings;
use anomaly_widget::detect::Entry;
use anomaly_widget::detect::registry::DETECTORS;
use anomaly_widget::evaluate::{self, HEAD, Outcome, folder};
use anomaly_widget::settings::Setting;
use rayon::prelude::*;

const USAGE: &str = "\
evaluate --data DIR [--detector NAME]... [--folder ucr|nab|msl|smap] [--series TEXT] [--settings JSON]
         [--models DIR] [--out FILE.md] [--json FILE]";

const WHERE: &str = "\
There is no labelled folder. Public copies: the UCR Time Series Anomaly Archive (Wu and Keogh, 2021), the SMAP and
MSL telemetry published with telemanom (Hundman et al., 2018), the Numenta Anomaly Benchmark (Ahmad et al., 2017).
Expected under --data DIR: ucr/, nasa/ (with train/ and test/) and nab/ (by category), each with NAME.csv.gz
(timestamp,value), labels.json {NAME: [[first row, last row], ...]} and meta.json {NAME: {\"rows\", \"train_end\"
(UCR), \"spacecraft\" (NASA), \"probation_rows\" (NAB)}}.";

struct Arguments {
    data: PathBuf,
    models: PathBuf,
    detectors: Vec<String>,
    folder: Option<String>,
    series: Option<String>,
    settings: serde_json::Value,
    out: Option<PathBuf>,
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(cores).build().map_err(|e| e.to_string());
    match pool.and_then(|pool| pool.install(|| evaluate(&arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Arguments, String> {
    let mut read = Arguments {
        data: "../shared/data".into(),
        models: "www/models".into(),
        detectors: Vec::new(),
        folder: None,
        series: None,
        settings: serde_json::json!({}),
        out: None,
        json: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(flag) = given.next() {
        let value = given.next().ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--data" => read.data = value.into(),
            "--models" => read.models = value.into(),
            "--detector" => read.detectors.extend(value.split(',').map(str::to_string)),
            "--folder" => read.folder = Some(value.to_uppercase()),
            "--series" => read.series = Some(value),
            "--settings" => {
                read.settings = serde_json::from_str(&value).map_err(|e| format!("{flag}: {e}"))?
            }
            "--out" => read.out = Some(value.into()),
            "--json" => read.json = Some(value.into()),
            _ => return Err(format!("unknown argument {flag}")),
        }
    }
    if read.detectors.is_empty() {
        read.detectors = DETECTORS.iter().map(|e| e.name.to_string()).collect();
    }
    Ok(read)
}

fn evaluate(arguments: &Arguments) -> Result<(), String> {
    let mut cases = folder::cases(&arguments.data)?;
    if cases.is_empty() {
        return Err(WHERE.into());
    }
    cases.retain(|c| arguments.folder.as_ref().is_none_or(|f| *f == c.collection));
    cases.retain(|c| arguments.series.as_ref().is_none_or(|s| c.name.contains(s.as_str())));
    println!("{HEAD}");
    let mut rows = Vec::new();
    let mut details = Vec::new();
    for detector in &arguments.detectors {
        let given = Settings::read("--settings", &arguments.settings).map_err(|e| e.to_string())?;
        let settings = Settings { detector: detector.clone(), ..given };
        let weights = evaluate::weights(detector, &arguments.models)?;
        let done = AtomicUsize::new(0);
        let failed = Mutex::new(Vec::new());
        let outcomes: Vec<Outcome> = cases
            .par_iter()
            .filter_map(|case| {
                let outcome = evaluate::run(&settings, weights.as_ref(), case);
                progress(detector, done.fetch_add(1, Ordering::Relaxed) + 1, cases.len());
                match outcome {
                    Ok(outcome) => Some(outcome),
                    Err(why) => {
                        failed.lock().map(|mut f| f.push(why)).ok();
                        None
                    }
                }
            })
            .collect();
        for why in failed.into_inner().unwrap_or_default() {
            eprintln!("left out: {why}");
        }
        let row = evaluate::row(detector, &outcomes);
        println!("{row}");
        rows.push(row);
        details.extend(outcomes.iter().map(|o| {
            serde_json::json!({
                "detector": detector, "collection": o.collection, "series": o.name, "top1": o.top1,
                "auc_pr": o.auc_pr, "vus_pr": o.vus_pr, "hits": o.overlap.hits,
                "false_alarms": o.overlap.false_alarms, "misses": o.overlap.misses,
                "flagged": o.flagged.0, "rows": o.flagged.1, "seconds": o.cost.1,
            })
        }));
    }
    let write = |path: &PathBuf, text: String| {
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
    };
    if let Some(path) = &arguments.out {
        let written = std::fs::read_to_string(path).unwrap_or_default();
        write(path, format!("{}\n{HEAD}\n{}\n", explanation(), together(&written, &rows).join("\n")))?;
    }
    if let Some(path) = &arguments.json {
        write(path, serde_json::json!(details).to_string())?;
    }
    Ok(())
}

/// The text above the written table.
fn explanation() -> &'static str {
    "# Detection quality\n\nMade by `npm run evaluate -- --data DIR --out docs/quality.md`; do not edit. With \
     `--detector` or `--folder` a run renews its own cells and leaves the others; an empty cell has not been \
     measured. Default settings for every series, nothing chosen by its name. Events: precision / recall / F1 by \
     overlap, and the part of the judged rows that they flag. Seconds: of one core, over the series of the last \
     run.\n"
}

/// The rows of the written table with the cells of `fresh` in place of theirs, in the order of the registry.
fn together(written: &str, fresh: &[String]) -> Vec<String> {
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_string()).collect::<Vec<_>>();
    let of = |rows: &[Vec<String>], name: &str| {
        rows.iter().find(|row| row.get(1).is_some_and(|n| n == name)).cloned()
    };
    let written: Vec<_> = written.lines().filter(|line| line.starts_with('|')).map(cells).collect();
    let fresh: Vec<_> = fresh.iter().map(|row| cells(row)).collect();
    let row = |entry: &Entry| match (of(&written, entry.name), of(&fresh, entry.name)) {
        (Some(old), Some(new)) if old.len() == new.len() => {
            let newer = |(old, new): (String, String)| if new.is_empty() { old } else { new };
            Some(old.into_iter().zip(new).map(newer).collect())
        }
        (old, new) => new.or(old),
    };
    DETECTORS.iter().filter_map(row).map(|cells: Vec<String>| cells.join(" | ").trim().to_string()).collect()
}

fn progress(detector: &str, done: usize, all: usize) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let bar = "█".repeat(30 * done / all.max(1));
        let end = if done == all { "\r\x1b[K" } else { "" };
        let _ = write!(err, "\r{detector:14} {bar:30} {done}/{all}{end}");
        let _ = err.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_over_a_part_renews_its_cells_only() {
        let written = "# Title\n| detector | a | b |\n|---|---|---|\n| htm | 1 | 2 |\n| gone | 1 | 2 |";
        let got = together(written, &["| htm |  | 3 |".into(), "| knn | 4 |  |".into()]);
        assert_eq!(got, ["| knn | 4 |  |", "| htm | 1 | 3 |"]);
    }
}
