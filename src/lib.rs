//! Time-series anomaly detection that runs wholly in the page.
//!
//! Bytes come in, a worker scores them in WebAssembly, a canvas shows the anomalies:
//!
//! ```text
//! ingest -> Series -> prepare -> &[f64] -> detect -> Scores -> decide -> Events -> Report -> draw
//! ```
//!
//! The modules stand in the order of that flow; each may use those before it, and only
//! [`pipeline`] knows all the stages.

pub mod error;
pub mod settings;
pub mod math;
pub mod series;
pub mod ingest;
pub mod prepare;
pub mod window;
pub mod score;
pub mod nn;
pub mod detect;
pub mod train;
pub mod decide;
pub mod pipeline;
pub mod draw;
#[cfg(feature = "evaluate")]
pub mod evaluate;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
#[cfg(test)]
#[path = "../tests/golden/mod.rs"]
mod golden;

pub use error::{Error, Result};
pub use pipeline::{Decision, Pipeline, Report, Settings, Watch};
pub use series::Series;
