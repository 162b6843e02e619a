//! Any fitted detector as a live one.

use std::sync::Arc;

use super::{Fitted, Reach, StreamingDetector, Tail};
use crate::error::Result;
use crate::score::Scores;

/// The live form of a fitted detector: its own if it has one, else [`Rolling`].
pub fn online(fitted: &Arc<dyn Fitted>) -> Box<dyn StreamingDetector> {
    fitted.online().unwrap_or_else(|| Box::new(Rolling::new(Arc::clone(fitted), fitted.reach())))
}

/// What scores one stretch after the other, each beginning within the one before.
pub trait Rescores: Clone + Send {
    /// The scores of a stretch.
    ///
    /// # Errors
    /// [`crate::Error::Numeric`] only.
    fn rescore(&mut self, values: &[f64]) -> Result<Scores>;

    /// The next stretch begins at the `points`th value of the last one, a multiple of the grain.
    fn forget(&mut self, points: usize);
}

/// Scores each stretch as if it were the first.
impl Rescores for Arc<dyn Fitted> {
    fn rescore(&mut self, values: &[f64]) -> Result<Scores> {
        self.score(values)
    }

    fn forget(&mut self, _points: usize) {}
}

/// Keeps the last values and scores them again on each push.
///
/// Memory and cost of a push are in proportion to the detector's reach plus the values pushed; a detector that
/// depends on everything before is kept whole, so such detectors bring their own live form.
#[derive(Clone)]
pub struct Rolling<S> {
    scorer: S,
    reach: Reach,
    kept: Vec<f64>,
    /// Index in the series of `kept[0]`, a multiple of the grain.
    origin: usize,
}

impl<S: Rescores> Rolling<S> {
    /// At the start of a series, for scores of this reach.
    pub fn new(scorer: S, reach: Reach) -> Rolling<S> {
        Rolling { scorer, reach, kept: Vec::new(), origin: 0 }
    }
}

impl<S: Rescores + 'static> StreamingDetector for Rolling<S> {
    fn push(&mut self, values: &[f64]) -> Result<Tail> {
        let seen = self.origin + self.kept.len();
        self.kept.extend_from_slice(values);
        let total = seen + values.len();
        // Everything that was not final before this push may have changed.
        let start = seen.saturating_sub(self.reach.after);
        let scores = self.scorer.rescore(&self.kept)?.tail(start - self.origin);
        let settled = total.saturating_sub(self.reach.after);
        // The next push re-scores from `settled` on and so needs `before` points before that.
        let needed = settled.saturating_sub(self.reach.before) / self.reach.grain * self.reach.grain;
        if needed > self.origin {
            self.kept.drain(..needed - self.origin);
            self.scorer.forget(needed - self.origin);
            self.origin = needed;
        }
        Ok(Tail { start, settled, scores })
    }
}
