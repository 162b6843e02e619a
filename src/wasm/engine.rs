//! The worker's side: a fitted detector and the series it has seen.

use js_sys::{Float64Array, Object};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::{from_js, series, set, thrown, to_js};
use crate::decide::Threshold;
use crate::decide::events::{Direction, Event, EventKind};
use crate::nn::weights::Weights;
use crate::pipeline::{Settings, Watch};

/// A fitted engine; an unfitted one does not exist in JavaScript.
#[wasm_bindgen]
pub struct Engine {
    watch: Watch,
    warnings: Vec<String>,
}

#[wasm_bindgen]
impl Engine {
    /// Fits on these columns, which are also the beginning of the series: push them first. `settings` is an
    /// object; `weights` and `card` are the model's two files where the detector is pretrained.
    #[wasm_bindgen(constructor)]
    pub fn new(
        settings: JsValue,
        weights: Option<Vec<u8>>,
        card: Option<String>,
        time: Vec<f64>,
        value: Vec<f64>,
    ) -> Result<Engine, JsValue> {
        let settings: Settings = from_js(settings, "settings")?;
        let weights = match (weights, card) {
            (Some(bytes), Some(card)) if cfg!(feature = "nets") => {
                Some(Weights::load(&bytes, &card, &settings.detector).map_err(thrown)?)
            }
            _ => None,
        };
        let watch = Watch::begin(&settings, weights.as_ref(), &series(time, value)?).map_err(thrown)?;
        let warnings = watch.caution().into_iter().collect();
        Ok(Engine { watch, warnings })
    }

    /// Scores the next rows, in any chunking.
    pub fn push(&mut self, time: Vec<f64>, value: Vec<f64>) -> Result<(), JsValue> {
        self.watch.push(&series(time, value)?).map_err(thrown)
    }

    /// From now on rows may come up to `late` milliseconds after the newest, and about `capacity` are kept.
    pub fn live(&mut self, late: f64, capacity: f64) {
        self.watch.live(late, capacity as usize);
    }

    /// Takes rows of any time, those of a time known replace what was there; returns the number of the first row
    /// that is new or changed.
    pub fn merge(&mut self, time: Vec<f64>, value: Vec<f64>) -> Result<f64, JsValue> {
        self.watch.merge(&series(time, value)?).map(|row| row as f64).map_err(thrown)
    }

    /// Rows up to this time can no longer be merged.
    #[wasm_bindgen(js_name = openFrom)]
    pub fn open_from(&self) -> f64 {
        self.watch.open_from()
    }

    /// Changes threshold and sensitivity for the reports to come; nothing is scored again.
    pub fn decide(&mut self, threshold: &str, sensitivity: f64) -> Result<(), JsValue> {
        let threshold: Threshold = threshold.parse().map_err(thrown)?;
        self.watch.decide(threshold, sensitivity).map_err(thrown)
    }

    /// `{start, settled, limits, ordinary, events}`: what [`Engine::decide`] changes, of the rows from `start` on. A
    /// single limit holds for all of them.
    pub fn decision(&self) -> Result<JsValue, JsValue> {
        let decision = self.watch.decision(0);
        let object = Object::new();
        set(&object, "start", &JsValue::from(decision.start as f64));
        set(&object, "settled", &JsValue::from(decision.settled as f64));
        set(&object, "limits", &Float64Array::from(short(&decision.limits)));
        set(&object, "ordinary", &JsValue::from(decision.ordinary));
        let events: Vec<EventObject> = decision.events.iter().map(|e| self.event(e)).collect();
        set(&object, "events", &to_js(&events)?);
        Ok(object.into())
    }

    /// `{start, settled, time, value, scores, limits, expected?, lower?, upper?, ordinary, events}`: the rows from
    /// `since` on and every event that ends after it.
    pub fn report(&self, since: usize) -> Result<JsValue, JsValue> {
        let report = self.watch.report(since);
        let object = Object::new();
        let column = |name: &str, values: &[f64]| set(&object, name, &Float64Array::from(values));
        set(&object, "start", &JsValue::from(report.start as f64));
        set(&object, "settled", &JsValue::from(report.settled as f64));
        let (time, value) = self.watch.rows(report.start);
        column("time", time);
        column("value", value);
        column("scores", &report.scores);
        column("limits", &report.limits);
        if let Some(expected) = &report.expected {
            column("expected", expected);
            if let Some(band) = &report.band {
                let around = |sign: f64| -> Vec<f64> {
                    expected.iter().zip(band).map(|(e, b)| e + sign * b).collect()
                };
                column("lower", &around(-1.0));
                column("upper", &around(1.0));
            }
        }
        set(&object, "ordinary", &JsValue::from(report.ordinary));
        let events: Vec<EventObject> = report.events.iter().map(|e| self.event(e)).collect();
        set(&object, "events", &to_js(&events)?);
        Ok(object.into())
    }

    /// `{detector, step, period, window, rows, confidence, warnings}`; `step` in milliseconds, `period` and `window`
    /// (what one score looks at) in rows or null.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        #[derive(Serialize)]
        struct Info<'a> {
            detector: &'a str,
            step: f64,
            period: Option<usize>,
            window: Option<usize>,
            rows: usize,
            confidence: &'a str,
            warnings: &'a [String],
        }
        to_js(&Info {
            detector: self.watch.detector(),
            step: self.watch.prepare().step(),
            period: self.watch.prepare().period(),
            window: self.watch.window(),
            rows: self.watch.len(),
            confidence: if self.warnings.is_empty() { "high" } else { "low" },
            warnings: &self.warnings,
        })
    }
}

/// One limit for all where they are the same: a slider that is dragged moves a million of them at each step.
fn short(limits: &[f64]) -> &[f64] {
    match limits {
        [first, rest @ ..] if rest.iter().all(|limit| limit == first) => &limits[..1],
        _ => limits,
    }
}

/// An event as JavaScript meets it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventObject {
    id: String,
    start: f64,
    end: f64,
    peak: f64,
    start_index: usize,
    end_index: usize,
    peak_index: usize,
    kind: EventKind,
    direction: Direction,
    severity: f64,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<f64>,
    limit: f64,
    score: f64,
    settled: bool,
    detectors: Vec<&'static str>,
}

impl Engine {
    fn event(&self, event: &Event) -> EventObject {
        let time = |row: usize| self.watch.rows(row).0.first().copied();
        let at = |row: usize| time(row).unwrap_or(f64::NAN);
        // The end is exclusive: the time of the next row, or a step after the last.
        let end = time(event.end).unwrap_or_else(|| at(event.end - 1) + self.watch.prepare().step());
        EventObject {
            id: format!("e{}", at(event.start)),
            start: at(event.start),
            end,
            peak: at(event.peak),
            start_index: event.start,
            end_index: event.end,
            peak_index: event.peak,
            kind: event.kind,
            direction: event.direction,
            severity: event.severity,
            value: event.value,
            expected: event.expected,
            limit: event.limit,
            score: event.score,
            settled: event.settled,
            detectors: vec![self.watch.judge(event.peak)],
        }
    }
}
