//! A pretrained net with HTM beside it.
//!
//! A net knows shapes, and says little of a series that has none: its errors are then large here and there, and whole
//! windows of them. Where a shape comes again and again, the net judges alone. Where the series runs in curves, HTM
//! judges beside it, as it does in [`super`]. Elsewhere HTM does, and the net counts by the logarithm of its score, for
//! the tail of its errors is a power of them; so it tells what is far off, and no more.

use std::sync::Arc;

use super::choice::{Course, course};
use super::voting::{Ensemble, Weight};
use crate::detect::prediction::htm;
use crate::detect::{Detector, Fitted, Setup};
use crate::error::Result;
use crate::score::rarity::ExponentialTail;

/// A net's detector, and HTM where it is needed.
pub struct Accompanied<D> {
    name: &'static str,
    net: D,
    /// That of the net's usual scores.
    tail: ExponentialTail,
    htm: Box<dyn Detector>,
    period: Option<usize>,
}

impl<D: Detector> Accompanied<D> {
    /// The net's detector of this name, whose usual scores have this tail, for such a series.
    ///
    /// # Errors
    /// Those of HTM with its defaults: none.
    pub fn new(name: &'static str, net: D, tail: ExponentialTail, setup: &Setup) -> Result<Accompanied<D>> {
        let htm = (htm::ENTRY.build)(&Setup { params: serde_json::Value::Null, ..setup.clone() })?;
        Ok(Accompanied { name, net, tail, htm, period: setup.period })
    }
}

impl<D: Detector> Detector for Accompanied<D> {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let net = self.net.fit(train)?;
        let weight = match course(self.period, train) {
            Course::Periodic => return Ok(net),
            Course::Smooth => Weight::Beside,
            Course::Held | Course::Rough => Weight::Heavy,
        };
        let both = [(self.name, net), (htm::ENTRY.name, self.htm.fit(train)?)];
        Ok(Arc::new(Ensemble::pair(both, self.tail, weight)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Reach;
    use crate::math::random::Random;
    use crate::score::Scores;

    /// Says what it is told of every point, and a caution.
    struct Says(f64);

    impl Detector for Says {
        fn fit(&self, _: &[f64]) -> Result<Arc<dyn Fitted>> {
            Ok(Arc::new(Says(self.0)))
        }
    }

    impl Fitted for Says {
        fn reach(&self) -> Reach {
            Reach { before: 0, after: 0, grain: 1 }
        }

        fn score(&self, values: &[f64]) -> Result<Scores> {
            Ok(Scores::of(vec![self.0; values.len()]))
        }

        fn caution(&self) -> Option<String> {
            Some("a caution".to_string())
        }
    }

    #[test]
    fn htm_joins_where_no_shape_comes_again_and_again() {
        let tail = ExponentialTail { median: 0.0, excess: 1.0 };
        let fitted = |period, train: &[f64]| {
            let setup = Setup { period, ..Setup::default() };
            Accompanied::new("says", Says(200.0), tail, &setup).unwrap().fit(train).unwrap()
        };
        let wave: Vec<f64> = (0..1000).map(|i| (f64::from(i) * std::f64::consts::TAU / 25.0).sin()).collect();
        let mut random = Random::new(1);
        let noise: Vec<f64> = (0..1000).map(|_| random.normal()).collect();
        let alone = fitted(Some(25), &wave);
        assert_eq!((alone.members(), alone.rarity()), (vec![], None));
        // Far more of the net's powers of ten count in curves than in noise.
        let powers = |train: &[f64]| {
            let fitted = fitted(None, train);
            assert_eq!(fitted.members(), ["says", "htm"]);
            assert_eq!(fitted.caution().unwrap(), "a caution");
            fitted.score(&train[..1]).unwrap().value[0]
        };
        assert!(powers(&wave) > 40.0 && powers(&noise) < 2.0, "{} {}", powers(&wave), powers(&noise));
    }
}
