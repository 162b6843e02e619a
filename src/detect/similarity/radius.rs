//! Density within a radius: a window with few training windows nearby is strange.
//!
//! With c of the n training windows within the radius ρ of a window, its score is `(1 + n) / (1 + c) - 1`, the
//! density inverted: 0 where all are near, growing as they thin out. Where none is, the fraction is multiplied by
//! `δ/ρ`, δ the distance to the nearest one, so that what is far off is stranger still. Windows that overlap are
//! counted once: n and c count runs of half a window. ρ is a quantile of the distances of the training windows to
//! their k-th neighbours; a window at exactly ρ counts. A point gets the mean over the windows that hold it in their
//! middle half.
//!
//! Source: Knorr and Ng (1998), "Algorithms for Mining Distance-Based Outliers in Large Datasets".
//!
//! Cost: O(n) a point for n training windows, n at most `max_windows`; O(n²) to fit. Limit: one radius for all;
//! where ordinary windows are dense in one place and thin in another, use `lof`.

use std::sync::Arc;

use super::{Covering, Known, Search, WindowScorer};
use crate::detect::{Detector, Entry, Family, Fitted, Reach, Setup, StreamingDetector};
use crate::error::{Error, Result};
use crate::math::profile::{Form, Neighbour, Sweep};
use crate::math::stats;
use crate::score::Scores;
use crate::settings::{Setting, settings};

/// The least radius, as a root-mean-square difference: below it, distances are rounding.
const LEAST_RADIUS: f64 = 1e-6;

/// Parameters of [`ENTRY`].
#[derive(Debug, Clone)]
pub struct Params {
    /// Points a window; by default one period, or 32 where there is none.
    pub window: Option<usize>,
    /// The neighbour whose distance sets the radius, at least 1.
    pub k: usize,
    /// The quantile of those distances that is the radius, in 0 to 1.
    pub quantile: f64,
    /// What of a window counts.
    pub form: Form,
    /// For z-normalised windows, the least scale as a part of the series' own, 0 or more.
    pub floor: f64,
    /// Most training windows kept, at least 1.
    pub max_windows: usize,
}
settings!(Params { window, k, quantile, form, floor, max_windows });

impl Default for Params {
    fn default() -> Params {
        Params { window: None, k: 10, quantile: 0.5, form: Form::ZNormalised, floor: 0.5, max_windows: 8192 }
    }
}

impl Params {
    fn check(&self) -> Result<()> {
        super::check_window(self.window)?;
        super::check_positive("k", self.k)?;
        super::check_positive("max_windows", self.max_windows)?;
        super::check_floor(self.floor)?;
        let fine = (0.0..=1.0).contains(&self.quantile);
        if fine { Ok(()) } else { Err(Error::param("quantile", "must lie in 0 to 1")) }
    }
}

struct Radius {
    params: Params,
    period: Option<usize>,
}

impl Detector for Radius {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let p = &self.params;
        let window = super::window_length(p.window, self.period, 1.0, train.len())?;
        let measure = super::measure(train, window, p.form, p.floor);
        let known = Arc::new(Known::new(train, measure, p.max_windows, 0));
        let (mut kth, mut found) = (Vec::new(), Vec::new());
        known.among_themselves(|sweep| {
            sweep.nearest(p.k, known.zone, &mut found);
            kth.extend(found.last().map(|n: &Neighbour| n.square));
        });
        let least = LEAST_RADIUS * LEAST_RADIUS * window as f64;
        let square = stats::quantile(&kth, p.quantile).max(least);
        Ok(Arc::new(Density { known, square }))
    }
}

#[derive(Clone)]
struct Density {
    known: Arc<Known>,
    /// The squared radius.
    square: f64,
}

impl Density {
    fn judge(&self, sweep: &Sweep, found: &mut Vec<Neighbour>) -> f64 {
        let (runs, near) = sweep.within(self.square, self.known.zone);
        let thin = thinness(runs, near);
        if near > 0 {
            return thin - 1.0;
        }
        sweep.nearest(1, self.known.zone, found);
        found.first().map_or(f64::NAN, |n| thin * (n.square / self.square).sqrt() - 1.0)
    }
}

/// The inverted density, `(1 + n) / (1 + c)`.
fn thinness(n: usize, c: usize) -> f64 {
    (1 + n) as f64 / (1 + c) as f64
}

impl Fitted for Density {
    fn reach(&self) -> Reach {
        let window = self.known.window();
        super::covering_reach(window, super::middle(window))
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        super::score_at_once(self, values)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        let search = Search::new(Arc::clone(&self.known));
        let scorer = Scorer { search, fitted: self.clone(), found: Vec::new() };
        let window = self.known.window();
        Some(Box::new(Covering::new(scorer, window, super::middle(window))))
    }
}

#[derive(Clone)]
struct Scorer {
    search: Search,
    fitted: Density,
    found: Vec<Neighbour>,
}

impl WindowScorer for Scorer {
    fn push(&mut self, value: f64) -> f64 {
        if self.search.push(value) {
            self.fitted.judge(&self.search.sweep, &mut self.found)
        } else {
            f64::NAN
        }
    }
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let params: Params = setup.params()?;
    params.check()?;
    Ok(Box::new(Radius { params, period: setup.period }))
}

/// The registry row.
pub const ENTRY: Entry = Entry {
    name: "radius",
    family: Family::Similarity,
    pretrained: false,
    summary: "Rare windows: how few training windows lie within a fixed distance",
    source: "Knorr and Ng (1998), Algorithms for Mining Distance-Based Outliers in Large Datasets",
    defaults: || Params::default().value(),
    build,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden, numbers};
    use crate::math::profile::{Measure, Reference};

    #[test]
    fn counts_equal_the_reference_values() {
        let golden = golden("knn_radius");
        let train: Vec<Vec<f64>> = as_type(&golden["inputs"]["X"]);
        let queries: Vec<Vec<f64>> = as_type(&golden["inputs"]["Q"]);
        // Points in the plane are windows of two points; laid end to end, every second window is one.
        let measure = Measure { window: 2, form: Form::Raw, floor: 0.0 };
        let near = |q: &[f64], rho: f64, skip: Option<usize>| -> usize {
            let others = train.iter().enumerate().filter(|(i, _)| Some(*i) != skip);
            let hit = |row: &Vec<f64>| {
                let mut sweep = Sweep::new(Arc::new(Reference::new(row, measure, 1)));
                q.iter().for_each(|v| {
                    sweep.push(*v);
                });
                sweep.within(rho * rho, 1).1
            };
            others.map(|(_, row)| hit(row)).sum()
        };
        for rho in ["0.3", "0.6", "1.2"] {
            let want = &golden["outputs"]["radius"][rho];
            let r: f64 = rho.parse().unwrap();
            let own: Vec<usize> = (0..train.len()).map(|i| near(&train[i], r, Some(i))).collect();
            assert_eq!(own, as_type::<Vec<usize>>(&want["train_counts_excl_self"]));
            let fresh: Vec<usize> = queries.iter().map(|q| near(q, r, None)).collect();
            assert_eq!(fresh, as_type::<Vec<usize>>(&want["query_counts"]));
            // The reference score is -ln(1 + c).
            let scores = numbers(&want["train_score_minus_log1p"]);
            for (c, want) in own.iter().zip(scores) {
                assert!((thinness(40, *c).ln() - 41f64.ln() - want).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn the_score_goes_on_growing_beyond_the_radius() {
        let train: Vec<f64> = (0..100).map(|i| f64::from(i % 10)).collect();
        let params = serde_json::json!({"window": 2, "form": "raw", "k": 1});
        let fitted = build(&Setup { params, ..Setup::default() }).unwrap().fit(&train).unwrap();
        let score = |a: f64, b: f64| fitted.score(&[a, b]).unwrap().value[1];
        let (usual, far, farther) = (score(4.0, 5.0), score(4.0, 50.0), score(4.0, 500.0));
        assert!(usual < far && far < farther, "{usual} {far} {farther}");
    }
}
