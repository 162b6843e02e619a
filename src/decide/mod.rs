//! Scores to events: a limit, the points over it, and which of these are worth telling.
//!
//! A decision is a function of scores, values and settings alone, so it is taken again at once when a setting
//! moves: no detector runs.

mod dynamic;
pub mod events;
mod history;
mod learned;
pub mod published;
mod runs;
pub mod shape;
pub mod threshold;

pub use events::{Direction, Event, EventKind};
pub use history::History;
pub use learned::Peaks;
pub use threshold::Threshold;
