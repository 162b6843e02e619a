//! The adversarial family: nets trained against critics.

pub mod beatgan;
pub mod bigan;
pub mod cyclegan;
pub mod tadgan;

use super::Setup;
use super::reconstruction::reconstructive::Params;
use crate::error::Result;

/// The reconstruction's share in a score beside that of a critic, which says little of a stranger's series.
const SHARE: f64 = 0.9;

/// The defaults of nets with a critic.
fn defaults() -> Params {
    let mut params = Params::default();
    params.score.share = SHARE;
    params
}

/// The parameters of such a net.
fn params(setup: &Setup) -> Result<Params> {
    setup.params_over(defaults())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_stays_at_the_detectors_own_default() {
        let read = |text| params(&Setup { params: text, ..Setup::default() });
        let given = read(serde_json::json!({ "score": { "smooth": 7 } })).unwrap();
        assert_eq!((given.step, given.score.share, given.score.smooth), (defaults().step, SHARE, Some(7)));
        assert!(read(serde_json::json!({ "score": { "share": 0.9, "smoth": 7 } })).is_err());
        assert!(read(serde_json::json!(5)).is_err());
    }
}
