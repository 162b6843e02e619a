//! The adversarial family: nets trained against critics.

pub mod beatgan;
pub mod bigan;
pub mod cyclegan;
pub mod tadgan;
