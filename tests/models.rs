//! Every shipped weight file: it loads, is small, is as good as its card says, and finds what it is shown for.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use anomaly_widget::detect::Entry;
use anomaly_widget::detect::prediction::foresight::{Foresees, Foresight};
use anomaly_widget::detect::reconstruction::{Chain, Reconstructor};
use anomaly_widget::ingest;
use anomaly_widget::nn::weights::Weights;
use anomaly_widget::train::quality::{Kind, Quality, quality};
use anomaly_widget::train::recipe::{Task, find};
use anomaly_widget::{Pipeline, Settings};
use common::{each, noise, series, weights};

/// Bytes of a weight file at most.
const LARGEST: u64 = 1_400_000;

/// How good a shipped net is on `count` series of this seed.
fn judged(entry: &Entry, weights: &Weights, count: usize, seed: u64) -> Quality {
    let recipe = find(entry.name).unwrap();
    match recipe.task {
        Task::Foresee => {
            let net = Foresight::new(entry.name, Some(weights)).unwrap();
            quality(Kind::Foresees(net.window()), count, seed, |windows| net.change(windows))
        }
        _ => {
            let chain = Chain::new(entry.name, Some(weights), recipe.makers, recipe.critic).unwrap();
            quality(Kind::Rebuilds, count, seed, |windows| Ok(chain.reconstruct(windows)?.values))
        }
    }
    .unwrap()
}

#[test]
fn every_file_is_small_and_as_good_as_its_card_says() {
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/www/models");
    for file in std::fs::read_dir(models).unwrap() {
        assert!(file.unwrap().metadata().unwrap().len() <= LARGEST);
    }
    each(|entry| {
        let Some(weights) = weights(entry) else { return };
        // Series that neither training nor the card has seen: another seed.
        let got = judged(entry, &weights, 60, 99);
        println!("{}: {got:?}", entry.name);
        assert!(got.ratio > 3.0, "{}: {got:?}; the identity has 1", entry.name);
        let card = weights.card();
        let recipe = find(entry.name).unwrap();
        assert_eq!((card.train.steps, card.train.groups), (recipe.steps, recipe.groups), "{}", entry.name);
        assert!(card.train.minutes.is_some_and(|m| m > 0.0 && m < 60.0), "{}", entry.name);
        let said = &card.quality;
        assert!(
            (got.ratio / said["ratio"] - 1.0).abs() < 0.35,
            "{}: {got:?}, the card says {said:?}",
            entry.name
        );
        assert!(got.located > said["located"] - 0.15, "{}: {got:?}, the card says {said:?}", entry.name);
    });
}

/// Forty points of a daily wave, three of its heights too high, in series that are their own calibration.
#[test]
fn a_jump_is_told_of_in_a_series_that_is_its_own_calibration() {
    each(|entry| {
        if !entry.pretrained {
            return;
        }
        for rows in [3_000, 10_000, 30_000] {
            let jump = 7 * rows / 10..7 * rows / 10 + 40;
            let values = noise(rows, 5).into_iter().enumerate().map(|(i, noise)| {
                let day = (std::f64::consts::TAU * i as f64 / 288.0).sin();
                day + 0.2 * noise + if jump.contains(&i) { 3.0 } else { 0.0 }
            });
            let settings = Settings { detector: entry.name.into(), ..Settings::default() };
            let pipeline =
                Pipeline::fit(&settings, weights(entry).as_ref(), &series(values.collect())).unwrap();
            let events = pipeline.resume().report(0).events;
            let told: Vec<_> = events.iter().map(|e| (e.start, e.end)).collect();
            assert!(
                told.iter().any(|e| e.0 < jump.end && e.1 > jump.start),
                "{} of {rows}: {told:?}",
                entry.name
            );
        }
    });
}

/// The demo's sensors, if the build has made their files: the labelled humidity event of sensor 1 is marked, and of
/// sensors 2 and 3, which have no label, at most the row at which all three jump farther than anywhere else.
#[test]
fn the_labelled_event_of_the_demo_is_marked_and_nothing_ordinary() {
    const LABEL: std::ops::Range<usize> = 2343..2460;
    const JUMP: std::ops::Range<usize> = 1014..1018;
    each(|entry| {
        if !["autoencoder", "tadgan"].contains(&entry.name) {
            return;
        }
        for sensor in 1..=3 {
            let path = format!("{}/www/data/sensor-mote{sensor}.csv", env!("CARGO_MANIFEST_DIR"));
            let Ok(bytes) = std::fs::read(&path) else {
                println!("skipped: no www/data; the build makes it");
                return;
            };
            let series = ingest::parse(&bytes, &ingest::Options::default()).unwrap().series;
            let settings = Settings { detector: entry.name.into(), whole: true, ..Settings::default() };
            let pipeline = Pipeline::fit(&settings, weights(entry).as_ref(), &series).unwrap();
            let events = pipeline.resume().report(0).events;
            let marked: Vec<_> = events.iter().map(|e| (e.start, e.end)).collect();
            println!("{} on sensor {sensor}: {marked:?}", entry.name);
            if sensor == 1 {
                let found = events.iter().any(|e| e.start < LABEL.end && e.end > LABEL.start);
                assert!(found, "{}: {marked:?}", entry.name);
            } else {
                let jump = |e: &(usize, usize)| JUMP.start <= e.0 && e.1 <= JUMP.end;
                assert!(marked.iter().all(jump), "{} on sensor {sensor}: {marked:?}", entry.name);
            }
        }
    });
}
