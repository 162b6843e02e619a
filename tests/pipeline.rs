//! The laws of the whole way from rows to report: live equals batch, settled is final, deciding again is free.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use anomaly_widget::decide::events::{Event, EventKind};
use anomaly_widget::math::random::Random;
use anomaly_widget::settings::Setting;
use anomaly_widget::{Error, Pipeline, Report, Series, Settings, Watch};
use common::{each, noise, series, wave, weights};

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
    Settings::read("settings", &text).unwrap()
}

/// How many ways to cut the rows are tried for each detector; `ANOMALY_CHUNKINGS` asks for more by hand.
fn chunkings() -> u64 {
    std::env::var("ANOMALY_CHUNKINGS").ok().and_then(|n| n.parse().ok()).unwrap_or(3)
}

/// NaN made comparable.
fn bits(report: &Report) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
    let column = |c: &[f64]| c.iter().map(|v| if v.is_nan() { 0 } else { v.to_bits() }).collect();
    (column(&report.scores), column(&report.limits), column(report.expected.as_deref().unwrap_or_default()))
}

/// Scores, limits and expected values of two reports are equal bit for bit.
fn same(a: &Report, b: &Report, what: &str) {
    let (a, b) = (bits(a), bits(b));
    for (name, (a, b)) in ["scores", "limits", "expected"].iter().zip([(a.0, b.0), (a.1, b.1), (a.2, b.2)]) {
        let differs = a.iter().zip(&b).position(|(x, y)| x != y);
        assert!(a.len() == b.len() && differs.is_none(), "{what}: {name} differ at {differs:?}");
    }
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
        for seed in 0..chunkings() {
            let mut random = Random::new(seed);
            let mut watch = begin();
            let mut final_events: Vec<(usize, usize, EventKind)> = Vec::new();
            let mut at = 0;
            while at < rows.len() {
                let next = 1 + random.below([30, 120, 700][seed as usize % 3]);
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

/// The rows in an order in which none comes more than `late` ms after a newer one; some come twice, with another
/// value at first.
fn disordered(rows: &Series, late: f64, random: &mut Random) -> Vec<(f64, f64)> {
    let mut queue: Vec<(f64, f64, f64)> = Vec::new();
    for (t, v) in rows.time().iter().zip(rows.value()) {
        let delay = if random.below(4) == 0 { random.below(late as usize) as f64 } else { 0.0 };
        if random.below(10) == 0 {
            queue.push((t + 0.5 * delay, *t, v + 3.0));
        }
        queue.push((t + delay, *t, *v));
    }
    queue.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut newest = f64::NEG_INFINITY;
    let mut seen = Vec::new();
    for (_, t, v) in queue {
        newest = t.max(newest);
        assert!(t >= newest - late);
        seen.push((t, v));
    }
    seen
}

/// What a page keeps of the reports: it replaces what it knew from the start of each.
#[derive(Default)]
struct Kept {
    rows: Vec<(u64, u64, u64)>,
    events: Vec<Event>,
    settled: usize,
}

impl Kept {
    fn take(&mut self, watch: &Watch, from: usize) {
        let report = watch.report(from.min(self.settled));
        assert!(report.start <= self.settled || self.rows.is_empty(), "rows are missing from the report");
        let (time, _) = watch.rows(report.start);
        let (scores, limits, _) = bits(&report);
        let fresh: Vec<_> = (0..time.len()).map(|i| (time[i].to_bits(), scores[i], limits[i])).collect();
        let (before, before_events) = (self.rows.clone(), self.events.clone());
        self.rows.truncate(report.start);
        self.rows.extend(fresh);
        self.events.retain(|e| e.end <= report.start);
        self.events.extend(report.events);
        // Nothing that was settled has changed.
        let differs = (0..self.settled).find(|i| self.rows[*i] != before[*i]);
        assert_eq!(differs, None, "of {} rows settled", self.settled);
        let settled = |events: &[Event]| -> Vec<Event> {
            events.iter().filter(|e| e.settled && e.end <= self.settled).cloned().collect()
        };
        assert_eq!(settled(&before_events), settled(&self.events));
        assert!(report.settled >= self.settled, "{} after {}", report.settled, self.settled);
        self.settled = report.settled;
    }
}

#[test]
fn rows_in_disorder_end_with_the_report_of_rows_in_order() {
    each(|entry| {
        let rows = rough(5);
        let weights = weights(entry);
        for seed in 0..chunkings() {
            let (interval, late) =
                [(None, 40_000.0), (Some(2500.0), 9_000.0), (None, 0.0)][seed as usize % 3];
            let mut settings = settings(entry.name);
            settings.prepare.interval = interval;
            let begin = || Watch::begin(&settings, weights.as_ref(), &rows.slice(0, 600)).unwrap();
            let mut whole = begin();
            whole.push(&rows).unwrap();
            let mut want = whole.report(0);
            let mut random = Random::new(seed);
            let arrivals = if late > 0.0 {
                disordered(&rows, late, &mut random)
            } else {
                // An open interval that is sent again and again.
                let twice = |(t, v): (&f64, &f64)| [(*t, v - 1.0), (*t, v + 0.1), (*t, *v)];
                rows.time().iter().zip(rows.value()).flat_map(twice).collect()
            };
            let mut watch = begin();
            watch.live(late, usize::MAX);
            let mut kept = Kept::default();
            let (mut at, mut newest) = (0, f64::NEG_INFINITY);
            while at < arrivals.len() {
                let end = (at + 1 + random.below(if at == 0 { 600 } else { 150 })).min(arrivals.len());
                // A batch is in order, and the last value of a time counts.
                let mut batch: BTreeMap<u64, f64> = BTreeMap::new();
                for (t, v) in &arrivals[at..end] {
                    if *t >= newest - late {
                        batch.insert(t.to_bits(), *v);
                        newest = t.max(newest);
                    }
                }
                at = end;
                if random.below(8) == 0 {
                    // After a reconnect the sender begins some rows earlier.
                    at -= random.below(20).min(at);
                }
                if batch.is_empty() {
                    continue;
                }
                let (t, v) = batch.into_iter().map(|(t, v)| (f64::from_bits(t), v)).unzip();
                let from = watch.merge(&Series::new(t, v).unwrap()).unwrap();
                kept.take(&watch, from);
            }
            let mut got = watch.report(0);
            assert_eq!(watch.rows(0).0, rows.time(), "{}", entry.name);
            same(&got, &want, &format!("{}: seed {seed}", entry.name));
            // The last rows may still be sent again, so no event there is settled.
            for event in got.events.iter_mut().chain(&mut want.events) {
                event.settled = false;
            }
            assert_eq!(got.events, want.events, "{}: seed {seed}", entry.name);
        }
    });
}

#[test]
fn a_ring_forgets_rows_but_changes_no_score_and_no_event() {
    each(|entry| {
        let mut random = Random::new(8);
        let mut values = wave(5200, 8);
        for at in (650..5200).step_by(370) {
            let length = 1 + random.below(12);
            let height = (2.0 + at as f64 / 500.0) * if random.below(2) == 0 { 1.0 } else { -1.0 };
            values[at..at + length].iter_mut().for_each(|v| *v += height);
        }
        let rows = series(values);
        let weights = weights(entry);
        let begin = || Watch::begin(&settings(entry.name), weights.as_ref(), &rows.slice(0, 600)).unwrap();
        let mut whole = begin();
        whole.live(0.0, usize::MAX);
        whole.merge(&rows).unwrap();
        let want = whole.report(0);
        assert!(want.events.len() > 3, "{}", entry.name);
        let mut watch = begin();
        watch.live(0.0, 400);
        let mut kept = Kept::default();
        let mut at = 0;
        while at < rows.len() {
            let next = 1 + random.below(200);
            let from = watch.merge(&rows.slice(at, at + next)).unwrap();
            kept.take(&watch, from);
            at += next;
        }
        assert!(watch.rows(0).0.len() < 3200, "{}: {} rows kept", entry.name, watch.rows(0).0.len());
        let all: Vec<u64> = kept.rows.iter().map(|row| row.1).collect();
        let differs = all.iter().zip(&bits(&want).0).position(|(a, b)| a != b);
        assert!(all.len() == want.scores.len() && differs.is_none(), "{}: {differs:?}", entry.name);
        assert_eq!(kept.events, want.events, "{}", entry.name);
        let late = series(vec![0.0]);
        assert!(matches!(watch.merge(&late), Err(Error::Series { .. })));
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
    values[800] += 0.4;
    let rows = series(values);
    let of = |threshold: &str, sensitivity: f64| {
        let text = serde_json::json!({
            "detector": "knn", "threshold": threshold, "sensitivity": sensitivity,
        });
        let settings = Settings::read("settings", &text).unwrap();
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
fn the_limit_of_rarities_learns_over_what_is_no_calibration() {
    let rows = series(noise(1500, 2));
    let limits = |detector: &str, whole: bool| {
        let settings = Settings { detector: detector.into(), whole, ..Settings::default() };
        Pipeline::fit(&settings, None, &rows).unwrap().resume().report(0).limits
    };
    let (apart, whole) = (limits("htm", false), limits("htm", true));
    assert!(apart.iter().all(|limit| *limit == apart[0]));
    assert!(whole[0] == apart[0] && whole[1499] < 0.7 * whole[0], "{} to {}", whole[0], whole[1499]);
    // Distances are measured by the calibration in any case.
    assert_eq!(limits("knn", false), limits("knn", true));
}

#[test]
fn settings_and_order_are_checked() {
    let rows = series(wave(500, 4));
    let code = |text: serde_json::Value| match Settings::read("settings", &text) {
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

#[test]
fn auto_says_whose_score_counts() {
    // A course that never came before is for one of those who compare shapes.
    let mut values = wave(1600, 5);
    for (i, value) in values.iter_mut().enumerate().take(1380).skip(1300) {
        *value = (i as f64 * 0.9).sin();
    }
    let rows = series(values);
    let watch = |members: serde_json::Value| {
        let text = serde_json::json!({ "params": members, "prepare": { "period": common::PERIOD } });
        let settings = Settings::read("settings", &text).unwrap();
        let mut watch = Pipeline::fit(&settings, None, &rows.slice(0, 800)).unwrap().resume();
        watch.push(&rows.slice(800, 1600)).unwrap();
        watch
    };
    let judges = |watch: &Watch| (0..1600).map(|row| watch.judge(row)).collect::<BTreeSet<_>>();
    let own = watch(serde_json::json!({}));
    assert_eq!(own.detector(), "auto");
    let report = own.report(0);
    let event = report.events.iter().find(|e| e.start < 1370 && e.end > 1310).unwrap();
    assert!(["subsequence", "lof", "discord"].contains(&own.judge(event.peak)), "{}", own.judge(event.peak));
    // The forecaster says what it expects, and does not judge.
    assert_eq!(judges(&own), BTreeSet::from(["discord", "lof", "subsequence"]));
    // Of a row that has not come nobody judges but all.
    assert_eq!(own.judge(1600), "auto");
    let one = watch(serde_json::json!({ "members": ["holt-winters"] }));
    assert_eq!(judges(&one), BTreeSet::from(["holt-winters"]));
}
