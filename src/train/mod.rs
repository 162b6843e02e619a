//! Pretraining: recipes, the loop, and the writer of weight files and cards.
//!
//! Natively and with the feature `train` only, but for the series ([`data`]), the windows of a step ([`batch`]), the
//! judgement ([`quality`]) and the list of recipes ([`recipe`]), which the tests of shipped files need too. Same
//! seed, same file: every random number of a step follows from the seed and the step's index, so a run that was
//! interrupted goes on as if it had not been.

pub mod batch;
pub mod data;
pub mod quality;
pub mod recipe;

#[cfg(feature = "train")]
pub mod adversarial;
#[cfg(feature = "train")]
pub mod folder;
#[cfg(feature = "train")]
pub mod layers;
#[cfg(feature = "train")]
pub mod loss;
#[cfg(feature = "train")]
pub mod params;
#[cfg(feature = "train")]
pub mod recurrence;
#[cfg(feature = "train")]
pub mod release;
#[cfg(feature = "train")]
pub mod run;
