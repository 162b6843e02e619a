//! The adversarial family: nets trained against critics.

pub mod tadgan;
