//! Nets as data, their weights, and the forward pass that the page runs.
//!
//! A net is written once, as a list of layers ([`net`]); [`fused`] runs that list for speed, and the trainer's
//! `train::layers` runs the same list on tensors that can be differentiated.

pub mod activation;
pub mod familiar;
mod filter;
pub mod fused;
mod matrix;
pub mod net;
pub mod weights;
