//! Periods found in real series: beats, breaths, steps and days, and none in noisy counts.
//!
//! Runs where `../shared/data` is there, and says so where it is not.
#![cfg(feature = "evaluate")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;

use anomaly_widget::evaluate::folder;
use anomaly_widget::prepare::{Options, Prepare};

/// Series, and the points of one cycle as one counts them by eye in their training part; 0: it has none.
const CYCLES: [(&str, usize); 16] = [
    ("resperation1", 470),
    ("resperation9", 470),
    ("gaitHunt1", 331),
    ("gaitHunt3", 331),
    ("park3m", 351),
    ("1sddb40", 208),
    ("sel840mECG1", 172),
    ("ECG4", 167),
    ("CIMIS44AirTemperature1", 24),
    ("insectEPG1", 26),
    ("realKnownCause/nyc_taxi", 48),
    ("realAdExchange/exchange-2_cpc_results", 24),
    ("realKnownCause/rogue_agent_key_updown", 0),
    ("realAWSCloudwatch/ec2_cpu_utilization_77c1ca", 0),
    ("realTraffic/speed_7578", 0),
    ("artificialNoAnomaly/art_noisy", 0),
];

#[test]
fn cycles_of_real_series_are_found_and_noisy_counts_have_none() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !root.is_dir() {
        println!("no {}: periods of real series are not checked", root.display());
        return;
    }
    let cases = folder::cases(&root).unwrap();
    let mut wrong = Vec::new();
    for (name, cycle) in CYCLES {
        let case = cases.iter().find(|c| c.name == name).unwrap();
        let (series, place) = case.read().unwrap();
        let train = series.slice(0, place[case.train - 1] + 1);
        let found = Prepare::fit(&Options::default(), &train).unwrap().period().unwrap_or(0);
        if found.abs_diff(cycle) > cycle / 20 {
            wrong.push(format!("{name}: {found} for {cycle}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("; "));
}
