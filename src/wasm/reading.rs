//! What is there before a detector is: the list of them, and the reading of files and frames.

use js_sys::{Float64Array, Object, Uint32Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::{from_js, set, thrown, to_js};
use crate::detect::registry::DETECTORS;
use crate::ingest;

/// The registry: `[{name, family, pretrained, summary, source, defaults}]`.
#[wasm_bindgen]
pub fn detectors() -> Result<JsValue, JsValue> {
    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        family: crate::detect::Family,
        pretrained: bool,
        summary: &'static str,
        source: &'static str,
        defaults: serde_json::Value,
    }
    let rows: Vec<Row> = DETECTORS
        .iter()
        .map(|e| Row {
            name: e.name,
            family: e.family,
            pretrained: e.pretrained,
            summary: e.summary,
            source: e.source,
            defaults: (e.defaults)(),
        })
        .collect();
    to_js(&rows)
}

/// Bytes to columns: `{time, value, column, columns, warnings, repeated}`. `options`: `{format, time, column}`.
#[wasm_bindgen]
pub fn parse(bytes: &[u8], options: JsValue) -> Result<JsValue, JsValue> {
    let options: ingest::Options = from_js(options, "options")?;
    let parsed = ingest::parse(bytes, &options).map_err(thrown)?;
    let object = Object::new();
    let (time, value) = parsed.series.into_columns();
    set(&object, "time", &Float64Array::from(time.as_slice()));
    set(&object, "value", &Float64Array::from(value.as_slice()));
    set(&object, "column", &JsValue::from(parsed.column));
    set(&object, "columns", &to_js(&parsed.columns)?);
    set(&object, "warnings", &to_js(&parsed.warnings)?);
    let repeated: Vec<u32> = parsed.repeated.iter().map(|r| *r as u32).collect();
    set(&object, "repeated", &Uint32Array::from(repeated.as_slice()));
    Ok(object.into())
}

/// Reads the frames of a feed. `options` as for [`parse`], and `only`: values that fields of a row must have.
#[wasm_bindgen]
pub struct Frames {
    frames: ingest::Frames,
}

#[wasm_bindgen]
impl Frames {
    /// Before the first frame.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue) -> Result<Frames, JsValue> {
        Ok(Frames { frames: ingest::Frames::new(from_js(options, "options")?) })
    }

    /// Reads a frame.
    pub fn add(&mut self, bytes: &[u8]) {
        self.frames.add(bytes);
    }

    /// `{time, value, malformed, faults}` of the frames since the last call; rows in the order of the frames.
    pub fn take(&mut self) -> Result<JsValue, JsValue> {
        let taken = self.frames.take();
        let object = Object::new();
        set(&object, "time", &Float64Array::from(taken.time.as_slice()));
        set(&object, "value", &Float64Array::from(taken.value.as_slice()));
        set(&object, "malformed", &JsValue::from(taken.malformed as f64));
        set(&object, "faults", &to_js(&taken.faults)?);
        Ok(object.into())
    }
}
