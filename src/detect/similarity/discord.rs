//! Discord: the window whose nearest neighbour is farthest away is the strangest.
//!
//! The score of a window is its z-normalised distance to the most similar window seen before: one of the
//! training stretch, or one of the judged series' own past, so that what is new but normal is strange only
//! once. It is the left matrix profile, with two differences. The deviation by which a window is divided has a
//! floor, a part of the series' own: without one, flat windows turn their noise into the largest distances. And
//! the training stretch counts on both sides of a window, so that on the very stretch it was fitted on the
//! score is the full self-join. A point gets the mean over the windows that hold it in their middle half.
//!
//! Sources: Yeh et al. (2016), "Matrix Profile I"; Keogh, Lin and Fu (2005), "HOT SAX" (discords).
//!
//! Cost: O(n) a point for n known windows whatever their length (see [`crate::math::profile`]), n at most
//! `max_windows + past`; fitting is free. Limit: an anomaly that comes a second time has a neighbour.

use std::sync::Arc;

use super::{Covering, Known, Search, WindowScorer};
use crate::detect::{Detector, Entry, Family, Fitted, Reach, Setup, StreamingDetector};
use crate::error::{Error, Result};
use crate::math::profile::{Form, Neighbour};
use crate::score::Scores;
use crate::settings::{Setting, settings};

/// Parameters of [`ENTRY`].
#[derive(Debug, Clone)]
pub struct Params {
    /// Points a window; by default so many periods, or 32 where there is none.
    pub window: Option<usize>,
    /// Periods a window, above 0.
    pub periods: f64,
    /// The least deviation that a window is divided by, as a part of the series' own; 0 or more.
    pub floor: f64,
    /// Most training windows kept, at least 1.
    pub max_windows: usize,
    /// Windows of the judged series' own past that count too, about; 0: the training stretch alone.
    pub past: usize,
}
settings!(Params { window, periods, floor, max_windows, past });

impl Default for Params {
    fn default() -> Params {
        Params { window: None, periods: 1.0, floor: 0.5, max_windows: 16_384, past: 8192 }
    }
}

impl Params {
    fn check(&self) -> Result<()> {
        super::check_window(self.window)?;
        super::check_positive("max_windows", self.max_windows)?;
        if !(self.periods.is_finite() && self.periods > 0.0) {
            return Err(Error::param("periods", "must be above 0"));
        }
        super::check_floor(self.floor)
    }
}

struct Discord {
    params: Params,
    period: Option<usize>,
}

impl Detector for Discord {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let p = &self.params;
        let window = super::window_length(p.window, self.period, p.periods, train.len())?;
        let measure = super::measure(train, window, Form::ZNormalised, p.floor);
        Ok(Arc::new(Profile { known: Arc::new(Known::new(train, measure, p.max_windows, p.past)) }))
    }
}

struct Profile {
    known: Arc<Known>,
}

impl Fitted for Profile {
    fn reach(&self) -> Reach {
        let window = self.known.window();
        super::covering_reach(window, super::middle(window))
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        super::score_at_once(self, values)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        let scorer = Scorer { search: Search::new(Arc::clone(&self.known)), found: Vec::new() };
        let window = self.known.window();
        Some(Box::new(Covering::new(scorer, window, super::middle(window))))
    }
}

#[derive(Clone)]
struct Scorer {
    search: Search,
    found: Vec<Neighbour>,
}

impl WindowScorer for Scorer {
    fn push(&mut self, value: f64) -> f64 {
        if !self.search.push(value) {
            return f64::NAN;
        }
        self.search.nearest(1, &mut self.found);
        let window = self.search.known.window();
        self.found.first().map_or(f64::NAN, |n| super::rms(n.square, window))
    }
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let params: Params = setup.params()?;
    params.check()?;
    Ok(Box::new(Discord { params, period: setup.period }))
}

/// The registry row.
pub const ENTRY: Entry = Entry {
    name: "discord",
    family: Family::Similarity,
    pretrained: false,
    summary: "Shapes seen only once: z-normalised distance to the most similar window before",
    source: "Yeh et al. (2016), Matrix Profile I: All Pairs Similarity Joins for Time Series",
    defaults: || Params::default().value(),
    build,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{golden, numbers};

    /// The window scores in order of their windows.
    fn windows(params: serde_json::Value, train: &[f64], x: &[f64]) -> Vec<f64> {
        let params = Params::read("params", &params).unwrap();
        let window = params.window.unwrap();
        let measure = crate::detect::similarity::measure(train, window, Form::ZNormalised, params.floor);
        let known = Arc::new(Known::new(train, measure, params.max_windows, params.past));
        let mut scorer = Scorer { search: Search::new(known), found: Vec::new() };
        x.iter().map(|v| scorer.push(*v)).skip(window - 1).collect()
    }

    #[test]
    fn the_self_join_equals_the_reference_matrix_profile() {
        let golden = golden("subsequence");
        let x = numbers(&golden["inputs"]["series"]);
        let want = numbers(&golden["outputs"]["matrix_profile"]);
        // The reference leaves out starts up to 10 apart, the zone of windows of 20 those less than 10 apart.
        let params = Params { window: Some(20), floor: 0.0, ..Params::default() };
        let measure = crate::detect::similarity::measure(&x, 20, Form::ZNormalised, params.floor);
        let mut known = Known::new(&x, measure, params.max_windows, 0);
        known.zone = 11;
        let mut scorer = Scorer { search: Search::new(Arc::new(known)), found: Vec::new() };
        let got: Vec<f64> = x.iter().map(|v| scorer.push(*v)).skip(19).collect();
        assert_eq!(got.len(), want.len());
        for (i, (got, want)) in got.iter().zip(&want).enumerate() {
            let got = got * 20f64.sqrt();
            assert!((got - want).abs() <= 1e-8 + 1e-8 * want, "{i}: {got} {want}");
        }
        let top = (0..got.len()).max_by(|a, b| got[*a].total_cmp(&got[*b]));
        assert_eq!(top, golden["outputs"]["discord_index"].as_u64().map(|i| i as usize));
    }

    #[test]
    fn what_is_new_is_strange_once_unless_the_past_is_forgotten() {
        let wave = |i: usize| (i as f64 * std::f64::consts::TAU / 20.0).sin();
        let mut x: Vec<f64> = (0..400).map(wave).collect();
        let train = x.clone();
        for at in [200, 300] {
            for i in at..at + 20 {
                x[i] = if (i - at) % 10 < 5 { 1.0 } else { -1.0 };
            }
        }
        let at = |got: &[f64], i: usize| got[i];
        let params = serde_json::json!({"window": 20, "past": 1000});
        let remembered = windows(params, &train, &x);
        assert!(at(&remembered, 200) > 0.5 && at(&remembered, 300) < 1e-6);
        let forgetful = windows(serde_json::json!({"window": 20, "past": 0}), &train, &x);
        assert!(at(&forgetful, 300) > 0.5);
    }
}
