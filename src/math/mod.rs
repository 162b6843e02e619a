//! Numbers: statistics, linear algebra, optimisation, seeded randomness.

pub mod autoregression;
pub mod decimal;
pub mod functional;
pub mod kmeans;
pub mod kshape;
pub mod lanes;
pub mod linalg;
pub mod optimize;
pub mod period;
pub mod principal;
pub mod profile;
pub mod random;
pub mod special;
pub mod stats;
