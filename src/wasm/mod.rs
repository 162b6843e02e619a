//! The boundary to JavaScript: typed arrays for points, plain objects for settings and events.
//!
//! Every function is three moves: convert, call the core, convert. Nothing is decided here and no detector is
//! known by name.

#[cfg(feature = "bench")]
mod bench;
mod canvas;
mod chart;
mod engine;

pub use engine::Engine;

use js_sys::{Float64Array, JSON, Object, Reflect, Uint32Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::detect::registry::DETECTORS;
use crate::error::Error;
use crate::ingest;
use crate::series::Series;

/// Reports panics, which are bugs, with their place before the module ends.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&format!("panic: {info}"))));
}

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

/// The one conversion of the crate's error: a JS `Error` with a stable `code`.
fn thrown(error: Error) -> JsValue {
    let js = js_sys::Error::new(&error.to_string());
    set(&js, "code", &JsValue::from(error.code()));
    match error {
        Error::Parse { line, .. } => set(&js, "line", &JsValue::from(line as f64)),
        Error::TooShort { needed, .. } => set(&js, "needed", &JsValue::from(needed as f64)),
        _ => {}
    }
    js.into()
}

/// Two typed arrays as a checked series.
fn series(time: Vec<f64>, value: Vec<f64>) -> Result<Series, JsValue> {
    Series::new(time, value).map_err(thrown)
}

fn set(target: &JsValue, key: &str, value: &JsValue) {
    // Setting a property fails on frozen objects only; these are our own.
    let _ = Reflect::set(target, &JsValue::from(key), value);
}

/// A value as a plain object.
fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    let plain = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&plain).map_err(|e| thrown(Error::Numeric(e.to_string())))
}

/// A plain object as a value; fields of unknown names are errors, those that are undefined are as if not there. By way
/// of JSON, whose reader refuses what it does not know.
fn from_js<T: serde::de::DeserializeOwned + Default>(value: JsValue, what: &str) -> Result<T, JsValue> {
    if value.is_undefined() || value.is_null() {
        return Ok(T::default());
    }
    let text = JSON::stringify(&value).map(String::from)?;
    serde_json::from_str(&text).map_err(|e| thrown(Error::param(what, without_place(&e.to_string()))))
}

/// A message of serde_json without the line and column of a text that the user never saw.
fn without_place(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or(message)
}
