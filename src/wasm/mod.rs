//! The boundary to JavaScript: typed arrays for points, plain objects for settings and events.
//!
//! Every function is three moves: convert, call the core, convert. Nothing is decided here and no detector is
//! known by name.

#[cfg(feature = "bench")]
mod bench;
#[cfg(feature = "page")]
mod canvas;
#[cfg(feature = "page")]
mod chart;
mod engine;
#[cfg(feature = "page")]
mod reading;

pub use engine::Engine;
#[cfg(feature = "page")]
pub use reading::{Frames, detectors, parse};

use js_sys::{JSON, Reflect};
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::series::Series;
use crate::settings::Setting;

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

/// A plain object as a value; fields that are undefined are as if not there.
fn from_js<T: Setting + Default>(value: JsValue, what: &str) -> Result<T, JsValue> {
    if value.is_undefined() || value.is_null() {
        return Ok(T::default());
    }
    let text = JSON::stringify(&value).map(String::from)?;
    let given: Value = serde_json::from_str(&text).map_err(|e| thrown(Error::param(what, e.to_string())))?;
    T::read(what, &given).map_err(thrown)
}
