//! Reading the reference values, and comparing with them.
#![allow(missing_docs, clippy::unwrap_used)]

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The reference values of this name.
pub fn golden(name: &str) -> Value {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A part of them as it is needed.
#[allow(dead_code)]
pub fn as_type<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// The numbers of nested lists, in order; `null` is NaN.
#[allow(dead_code)]
pub fn numbers(value: &Value) -> Vec<f64> {
    match value.as_array() {
        Some(list) => list.iter().flat_map(numbers).collect(),
        None if value.is_null() => vec![f64::NAN],
        None => vec![value.as_f64().unwrap()],
    }
}

/// Fails unless each number is as near to the wanted one as `tolerance` times that and one; what is missing is near to
/// what is missing only.
#[allow(dead_code)]
pub fn near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let close = (g - w).abs() <= tolerance * (1.0 + w.abs()) || g.is_nan() && w.is_nan();
        assert!(close, "{what} at {i}: {g} for {w}");
    }
}
