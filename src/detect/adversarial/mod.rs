//! The adversarial family: nets trained against critics.

pub mod cyclegan;
pub mod tadgan;
