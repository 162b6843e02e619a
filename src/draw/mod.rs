//! The chart: series, expected band, score strip, lanes, overview and events on any plotters back end.
//!
//! It exists apart from the page so that the drawing can be tested natively: the browser hands in
//! plotters-canvas, the tests a back end of their own. Everything is laid out in device pixels, and the back end
//! receives [`pen::FINE`] units a pixel, so lines stay smooth at any device-pixel ratio.

pub mod axes;
pub mod captions;
pub mod chart;
pub mod decimate;
pub mod index;
pub mod lanes;
pub mod overlay;
pub mod overview;
pub mod pen;
pub mod rows;
pub mod scale;
pub mod series;
pub mod stretch;
pub mod strip;
pub mod theme;
pub mod ticks;
pub mod times;

pub use chart::{Chart, Words};
pub use overlay::{Kind, Label, Level, Mark};
pub use rows::Columns;
pub use scale::View;
pub use theme::Theme;

#[cfg(test)]
mod recorder;
#[cfg(test)]
mod law;
#[cfg(test)]
mod trial;
