//! The laws of the whole way from rows to report: live equals batch, settled is final, deciding again is free.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use anomaly_widget::decide::events::EventKind;
use anomaly_widget::math::random::Random;
use anomaly_widget::{Error, Pipeline, Report, Series, Settings, Watch};
use common::{each, series, wave, weights};

/// Rows with gaps, missing values, a spike and a flat stretch: 1100 of them, the last missing.
fn rough(seed: u64) -> Series {
    let mut random = Random::new(seed);
    let mut values = wave(1100, seed);
    values[700] += 4.0;
    values[900..940].fill(0.3);
    let mut time = 0.0;
    let mut times = Vec::new();
    for (i, value) in values.iter_mut().enumerate() {
        time += if i == 500 { 90_000.0 } else { 1000.0 * (1 + random.below(40) / 39) as f64 };
        times.push(time);
        if random.below(50) == 0 || i == 1099 {
            *value = f64::NAN;
        }
    }
    Series::new(times, values).unwrap()
}

fn settings(name: &str) -> Settings {
    let text = serde_json::json!({ "detector": name, "prepare": { "period": common::PERIOD } });
    serde_json::from_value(text).unwrap()
}

/// NaN made comparable.
fn bits(report: &Report) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
    let column = |c: &[f64]| c.iter().map(|v| if v.is_nan() { 0 } else { v.to_bits() }).collect();
    (column(&report.scores), column(&report.limits), column(report.expected.as_deref().unwrap_or_default()))
}

#[test]
fn any_chunking_ends_with_the_same_report() {
    each(|entry| {
        let rows = rough(1);
        let train = rows.slice(0, 600);
        let weights = weights(entry);
        let begin = || Watch::begin(&settings(entry.name), weights.as_ref(), &train).unwrap();
        let mut whole = begin();
        whole.push(&rows).unwrap();
        let want = whole.report(0);
        assert!(want.events.iter().any(|e| e.start <= 700 + 100 && e.end + 100 > 700), "{}", entry.name);
        for seed in 0..3 {
            let mut random = Random::new(seed);
            let mut watch = begin();
            let mut final_events: Vec<(usize, usize, EventKind)> = Vec::new();
            let mut at = 0;
            while at < rows.len() {
                let next = 1 + random.below([30, 120, 700][seed as usize]);
                watch.push(&rows.slice(at, at + next)).unwrap();
                at += next;
                let report = watch.report(0);
                // What was settled once is there for good.
                for event in &final_events {
                    let found = report.events.iter().any(|e| (e.start, e.end, e.kind) == *event);
                    assert!(found, "{}: settled event {event:?} has gone", entry.name);
                }
                let settled = report.events.iter().filter(|e| e.settled && e.end <= report.settled);
                final_events = settled.map(|e| (e.start, e.end, e.kind)).collect();
            }
            let got = watch.report(0);
            assert_eq!(bits(&got), bits(&want), "{}", entry.name);
            assert_eq!(got.events, want.events, "{}", entry.name);
            let tail = watch.report(800);
            assert_eq!(tail.scores.len(), rows.len() - 800);
            assert!(tail.events.iter().all(|e| e.end > 800));
        }
    });
}

#[test]
fn one_entry_a_row_and_missing_rows_are_unscored() {
    each(|entry| {
        let rows = rough(2);
        let pipeline = Pipeline::fit(&settings(entry.name), weights(entry).as_ref(), &rows).unwrap();
        let report = pipeline.detect(&rows).unwrap();
        assert_eq!(report.scores.len(), rows.len());
        assert_eq!(report.limits.len(), rows.len());
        for (score, value) in report.scores.iter().zip(rows.value()) {
            assert!(!value.is_nan() || score.is_nan(), "{}", entry.name);
        }
        let again = pipeline.detect(&rows).unwrap();
        assert_eq!((bits(&report), &report.events), (bits(&again), &again.events), "{}", entry.name);
    });
}

#[test]
fn deciding_again_equals_deciding_so_at_first() {
    let mut values = wave(1000, 3);
    values[500] += 4.0;
    values[800] += 0.8;
    let rows = series(values);
    let of = |threshold: &str, sensitivity: f64| {
        let text = serde_json::json!({
            "detector": "knn", "threshold": threshold, "sensitivity": sensitivity,
        });
        let settings: Settings = serde_json::from_value(text).unwrap();
        Pipeline::fit(&settings, None, &rows).unwrap().resume()
    };
    let mut watch = of("robust 6", 50.0);
    let mut counts = Vec::new();
    for (threshold, sensitivity) in
        [("robust 6", 0.0), ("robust 6", 100.0), ("sigma 4", 50.0), ("published", 50.0)]
    {
        watch.decide(threshold.parse().unwrap(), sensitivity).unwrap();
        let fresh = of(threshold, sensitivity).report(0);
        assert_eq!(watch.report(0).events, fresh.events, "{threshold} at {sensitivity}");
        counts.push(fresh.events.len());
    }
    assert!(counts[0] < counts[1], "sensitivity changes nothing: {counts:?}");
    assert!(matches!(watch.decide("robust 6".parse().unwrap(), 101.0), Err(Error::Param { .. })));
}

#[test]
fn settings_and_order_are_checked() {
    let rows = series(wave(500, 4));
    let code = |text: serde_json::Value| match serde_json::from_value::<Settings>(text) {
        Ok(settings) => Pipeline::fit(&settings, None, &rows).err().map(|e| e.code()),
        Err(_) => Some("refused"),
    };
    assert_eq!(code(serde_json::json!({})), None);
    assert_eq!(code(serde_json::json!({ "detector": "oracle" })), Some("unknown-detector"));
    assert_eq!(code(serde_json::json!({ "no_such": 1 })), Some("refused"));
    assert_eq!(code(serde_json::json!({ "threshold": "sigma x" })), Some("refused"));
    assert_eq!(code(serde_json::json!({ "sensitivity": -1.0 })), Some("param"));
    assert_eq!(code(serde_json::json!({ "events": { "hysteresis": 2.0 } })), Some("param"));
    let pipeline =
        Pipeline::fit(&Settings { detector: "knn".into(), ..Settings::default() }, None, &rows).unwrap();
    let mut watch = pipeline.watch();
    watch.push(&rows).unwrap();
    assert!(matches!(watch.push(&rows), Err(Error::Series { at: 500, .. })));
}
