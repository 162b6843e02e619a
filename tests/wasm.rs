//! The boundary in a browser: typed arrays both ways, error codes, and live equal to batch in this engine.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use anomaly_widget::wasm::{Engine, detectors, parse};
use js_sys::{Array, Float64Array, JSON, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &JsValue::from(key)).unwrap()
}

fn column(object: &JsValue, key: &str) -> Vec<f64> {
    get(object, key)
        .dyn_into::<Float64Array>()
        .unwrap_or_else(|_| panic!("{key} is no Float64Array"))
        .to_vec()
}

fn object(json: &str) -> JsValue {
    JSON::parse(json).unwrap()
}

fn code<T>(result: Result<T, JsValue>) -> String {
    let error = result.err().unwrap();
    assert!(error.is_instance_of::<js_sys::Error>());
    assert!(!get(&error, "message").as_string().unwrap().is_empty());
    get(&error, "code").as_string().unwrap()
}

/// A wave a row a second, with a spike at row 700.
fn wave(rows: usize) -> (Vec<f64>, Vec<f64>) {
    let value = |i: usize| {
        let x = i as f64;
        let rough = ((x * 12.9898).sin() * 43758.5453).fract();
        (std::f64::consts::TAU * x / 40.0).sin() + 0.05 * rough + if i == 700 { 5.0 } else { 0.0 }
    };
    ((0..rows).map(|i| i as f64 * 1000.0).collect(), (0..rows).map(value).collect())
}

fn engine(detector: &str, rows: usize) -> Result<Engine, JsValue> {
    let (time, value) = wave(rows);
    Engine::new(object(&format!(r#"{{"detector": "{detector}"}}"#)), None, None, time, value)
}

/// Names of the detectors that need no weights.
fn names() -> Vec<String> {
    let rows: Array = detectors().unwrap().unchecked_into();
    let untrained = rows.iter().filter(|row| get(row, "pretrained") == JsValue::FALSE);
    untrained.map(|row| get(&row, "name").as_string().unwrap()).collect()
}

#[wasm_bindgen_test]
fn the_registry_comes_as_plain_objects() {
    let rows: Array = detectors().unwrap().unchecked_into();
    assert!(rows.length() > 0);
    for row in rows.iter() {
        for key in ["name", "family", "summary", "source"] {
            assert!(get(&row, key).is_string(), "{key}");
        }
        assert!(get(&row, "defaults").is_object());
    }
}

#[wasm_bindgen_test]
fn bytes_become_typed_arrays() {
    let csv = b"timestamp,a,b\n2024-01-01T00:00:00Z,1,2\n2024-01-01T00:00:01Z,,4\n";
    let parsed = parse(csv, object(r#"{"column": "a"}"#)).unwrap();
    assert_eq!(column(&parsed, "time"), [1704067200000.0, 1704067201000.0]);
    let value = column(&parsed, "value");
    assert!(value[0] == 1.0 && value[1].is_nan());
    assert_eq!(get(&parsed, "column"), JsValue::from("a"));
    assert!(get(&parsed, "columns").is_instance_of::<Array>());
    assert!(get(&parsed, "repeated").is_instance_of::<js_sys::Uint32Array>());
    assert_eq!(Uint8Array::from(&csv[..]).length() as usize, csv.len());
}

#[wasm_bindgen_test]
fn the_spike_is_an_event_and_columns_have_one_entry_a_row() {
    let (time, value) = wave(1000);
    let mut engine = engine(&names()[0], 1000).unwrap();
    engine.push(time.clone(), value.clone()).unwrap();
    let report = engine.report(0).unwrap();
    for key in ["time", "value", "scores", "limits"] {
        assert_eq!(column(&report, key).len(), 1000, "{key}");
    }
    assert_eq!(column(&report, "time"), time);
    let events: Array = get(&report, "events").unchecked_into();
    let hit = events.iter().any(|event| {
        let index = |key| get(&event, key).as_f64().unwrap();
        index("startIndex") <= 700.0 && 700.0 < index("endIndex")
    });
    assert!(hit, "{:?}", JSON::stringify(&events));
    let tail = engine.report(990).unwrap();
    assert_eq!(column(&tail, "scores"), column(&report, "scores")[990..]);
    let info: Object = engine.info().unwrap().unchecked_into();
    assert_eq!(get(&info, "step"), JsValue::from(1000.0));
}

#[wasm_bindgen_test]
fn live_equals_batch_for_every_detector_without_weights() {
    let (time, value) = wave(900);
    let bits = |engine: &Engine| -> Vec<u64> {
        let report = engine.report(0).unwrap();
        column(&report, "scores").iter().map(|s| if s.is_nan() { 0 } else { s.to_bits() }).collect()
    };
    for name in names() {
        let mut batch = engine(&name, 500).unwrap();
        batch.push(time.clone(), value.clone()).unwrap();
        let mut live = engine(&name, 500).unwrap();
        for (time, value) in time.chunks(71).zip(value.chunks(71)) {
            live.push(time.to_vec(), value.to_vec()).unwrap();
        }
        assert_eq!(bits(&live), bits(&batch), "{name}");
    }
}

#[wasm_bindgen_test]
fn deciding_anew_scores_nothing_anew() {
    let (time, value) = wave(1000);
    let mut engine = engine(&names()[0], 1000).unwrap();
    engine.push(time, value).unwrap();
    let before = column(&engine.report(0).unwrap(), "scores");
    engine.decide("fixed 1e9", 50.0).unwrap();
    let report = engine.report(0).unwrap();
    assert_eq!(get(&report, "events").unchecked_into::<Array>().length(), 0);
    assert_eq!(format!("{:?}", column(&report, "scores")), format!("{before:?}"));
}

#[wasm_bindgen_test]
fn errors_have_their_codes() {
    let (time, value) = wave(100);
    assert_eq!(code(parse(b"timestamp,value\n1,abc\n", JsValue::UNDEFINED)), "parse");
    assert_eq!(code(engine("oracle", 1000)), "unknown-detector");
    assert_eq!(code(engine(&names()[0], 2)), "too-short");
    let new = |settings, time, value| Engine::new(object(settings), None, None, time, value);
    assert_eq!(code(new(r#"{"no-such": 1}"#, time.clone(), value.clone())), "param");
    assert_eq!(code(new(r#"{"sensitivity": 101}"#, time.clone(), value.clone())), "param");
    assert_eq!(code(new("{}", vec![1.0, 1.0], vec![0.0, 0.0])), "series");
    let bad = Engine::new(object("{}"), Some(vec![1, 2, 3]), Some("{}".into()), time, value);
    assert_eq!(code(bad), "weights");
}
