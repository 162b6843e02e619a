//! Local outlier factor: a window in a thinner place than its neighbours are in is strange.
//!
//! With `δk(o)` the distance of training window o to its k-th neighbour, `reach(p, o) = max(δk(o), d(p, o))` and
//! the density `lrd(p) = 1 / (mean reach of p to its k neighbours + ε)`, the score is the mean over the
//! neighbours of `lrd(o) / lrd(p)`, less 1: about 0 in ordinary surroundings, whatever their density. This is
//! the novelty form: neighbours are training windows only, and their densities stay as fitted. Windows that
//! overlap by half or more are not neighbours, and of neighbours that overlap each other one counts. A training
//! window that is judged itself is left out of its neighbours' surroundings too; else ordinary windows would
//! look a little stranger in a fresh series than in the training stretch, from which limits are taken. A point
//! gets the mean over the windows that hold it in their middle half.
//!
//! ε, a part of the median `δk`, keeps repeated windows in bounds: where training windows are copies of one
//! another all reaches are 0, and without it the smallest difference would be infinitely strange.
//!
//! Source: Breunig, Kriegel, Ng and Sander (2000), "LOF: Identifying Density-Based Local Outliers".
//!
//! Cost: O(n + k) a point for n training windows, n at most `max_windows`, O(n + k²) for a training window;
//! O(n²) to fit.

use std::sync::Arc;

use super::{Covering, Known, Search, WindowScorer};
use crate::detect::{Detector, Entry, Family, Fitted, Reach, Setup, StreamingDetector};
use crate::error::{Error, Result};
use crate::math::profile::{Form, Neighbour, Sweep};
use crate::math::stats;
use crate::score::Scores;
use crate::settings::{Setting, settings};

/// A window can be among the neighbours of another that many times, counted in runs of half a window.
const SPARE: usize = 3;

/// The least ε, as a root-mean-square difference.
const LEAST_SOFTENING: f64 = 1e-6;

/// Parameters of [`ENTRY`].
#[derive(Debug, Clone)]
pub struct Params {
    /// Points a window; by default one period, or 32 where there is none.
    pub window: Option<usize>,
    /// Neighbours, at least 1.
    pub k: usize,
    /// What of a window counts.
    pub form: Form,
    /// For z-normalised windows, the least scale as a part of the series' own, 0 or more.
    pub floor: f64,
    /// ε as a part of the median distance to the k-th neighbour, 0 or more.
    pub softening: f64,
    /// Most training windows kept, at least 1.
    pub max_windows: usize,
}
settings!(Params { window, k, form, floor, softening, max_windows });

impl Default for Params {
    fn default() -> Params {
        Params { window: None, k: 5, form: Form::ZNormalised, floor: 0.5, softening: 0.1, max_windows: 8192 }
    }
}

impl Params {
    fn check(&self) -> Result<()> {
        super::check_window(self.window)?;
        super::check_positive("k", self.k)?;
        super::check_positive("max_windows", self.max_windows)?;
        super::check_floor(self.floor)?;
        let fine = self.softening.is_finite() && self.softening >= 0.0;
        if fine { Ok(()) } else { Err(Error::param("softening", "must be 0 or more")) }
    }
}

struct Lof {
    params: Params,
    period: Option<usize>,
}

impl Detector for Lof {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let p = &self.params;
        let window = super::window_length(p.window, self.period, 1.0, train.len())?;
        let measure = super::measure(train, window, p.form, p.floor);
        let known = Arc::new(Known::new(train, measure, p.max_windows, 0));
        let mut near = Near::default();
        let mut neighbours = Vec::with_capacity(known.reference.count());
        known.among_themselves(|sweep| neighbours.push(near.of(sweep, &known, p.k + SPARE).to_vec()));
        let densities = Densities::new(neighbours, p.k, |median| (p.softening * median).max(LEAST_SOFTENING));
        let densities = Arc::new(densities);
        Ok(Arc::new(Local { known, densities }))
    }
}

/// A training window's number, and the distance to it.
type Near1 = (usize, f64);

/// What is known of the surroundings of each training window.
#[derive(Debug)]
struct Densities {
    k: usize,
    /// Its nearest neighbours, nearest first, a few more than k.
    neighbours: Vec<Vec<Near1>>,
    /// Distance to its k-th neighbour.
    kth: Vec<f64>,
    /// Local reachability density.
    lrd: Vec<f64>,
    /// Added to mean reachability distances.
    softening: f64,
}

impl Densities {
    /// From the neighbours of each window. `softening` makes ε out of the median of the k-th distances.
    fn new(neighbours: Vec<Vec<Near1>>, k: usize, softening: impl Fn(f64) -> f64) -> Densities {
        let kth: Vec<f64> = neighbours.iter().map(|n| farthest(&n[..n.len().min(k)])).collect();
        let softening = softening(stats::median(&kth));
        let mut densities = Densities { k, neighbours, kth, lrd: Vec::new(), softening };
        densities.lrd =
            densities.neighbours.iter().map(|n| densities.density(&n[..n.len().min(k)])).collect();
        densities
    }

    /// The density around a window with these neighbours.
    fn density(&self, neighbours: &[Near1]) -> f64 {
        let reach: f64 = neighbours.iter().map(|(o, d)| d.max(self.kth[*o])).sum();
        1.0 / (reach / neighbours.len() as f64 + self.softening)
    }

    /// The mean density around these neighbours over that around the window itself, once the windows that are
    /// `gone` no longer count.
    fn factor(&self, neighbours: &[Near1], gone: impl Fn(usize) -> bool) -> f64 {
        let n = neighbours.len() as f64;
        let around = |o: usize| self.without(o, &gone);
        let reach: f64 = neighbours.iter().map(|(o, d)| d.max(around(*o).0)).sum();
        let own = 1.0 / (reach / n + self.softening);
        neighbours.iter().map(|(o, _)| around(*o).1 / own).sum::<f64>() / n
    }

    /// The k-th distance and the density of a training window without those that are `gone`.
    fn without(&self, window: usize, gone: &impl Fn(usize) -> bool) -> (f64, f64) {
        let all = &self.neighbours[window];
        if !all.iter().take(self.k).any(|(o, _)| gone(*o)) {
            return (self.kth[window], self.lrd[window]);
        }
        let left: Vec<Near1> = all.iter().filter(|(o, _)| !gone(*o)).take(self.k).copied().collect();
        if left.is_empty() {
            return (self.kth[window], self.lrd[window]);
        }
        (farthest(&left), self.density(&left))
    }
}

/// The distance of the last of these neighbours.
fn farthest(neighbours: &[Near1]) -> f64 {
    neighbours.last().map_or(0.0, |n| n.1)
}

/// Room for the neighbours of one window.
#[derive(Clone, Default)]
struct Near {
    found: Vec<Neighbour>,
    neighbours: Vec<Near1>,
}

impl Near {
    fn of(&mut self, sweep: &Sweep, known: &Known, k: usize) -> &[Near1] {
        sweep.nearest(k, known.zone, &mut self.found);
        self.neighbours.clear();
        self.neighbours.extend(self.found.iter().map(|n| (n.index, super::rms(n.square, known.window()))));
        &self.neighbours
    }
}

#[derive(Clone)]
struct Local {
    known: Arc<Known>,
    densities: Arc<Densities>,
}

impl Fitted for Local {
    fn reach(&self) -> Reach {
        let window = self.known.window();
        super::covering_reach(window, super::middle(window))
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        super::score_at_once(self, values)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        let search = Search::new(Arc::clone(&self.known));
        let scorer = Scorer { search, fitted: self.clone(), near: Near::default() };
        let window = self.known.window();
        Some(Box::new(Covering::new(scorer, window, super::middle(window))))
    }
}

#[derive(Clone)]
struct Scorer {
    search: Search,
    fitted: Local,
    near: Near,
}

impl WindowScorer for Scorer {
    fn push(&mut self, value: f64) -> f64 {
        if !self.search.push(value) {
            return f64::NAN;
        }
        let Local { known, densities } = &self.fitted;
        let neighbours = self.near.of(&self.search.sweep, known, densities.k);
        let factor = match self.search.same {
            None => densities.factor(neighbours, |_| false),
            Some(own) => densities.factor(neighbours, |o| {
                known.reference.start_of(o).is_some_and(|start| start.abs_diff(own) < known.zone)
            }),
        };
        factor - 1.0
    }
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let params: Params = setup.params()?;
    params.check()?;
    Ok(Box::new(Lof { params, period: setup.period }))
}

/// The registry row.
pub const ENTRY: Entry = Entry {
    name: "lof",
    family: Family::Similarity,
    pretrained: false,
    summary: "Windows in a thinner place than their neighbours: local outlier factor",
    source: "Breunig et al. (2000), LOF: Identifying Density-Based Local Outliers",
    defaults: || Params::default().value(),
    build,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden, near, numbers};

    type Rows = Vec<Vec<f64>>;

    fn nearest(rows: &Rows, q: &[f64], skip: Option<usize>, k: usize) -> Vec<Near1> {
        let distance = |row: &Vec<f64>| row.iter().zip(q).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        let all = rows.iter().enumerate().filter(|(i, _)| Some(*i) != skip);
        let mut found: Vec<Near1> = all.map(|(i, row)| (i, distance(row))).collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found.truncate(k);
        found
    }

    fn fit(rows: &Rows, k: usize) -> (Densities, Vec<Vec<Near1>>) {
        let neighbours: Vec<_> = (0..rows.len()).map(|i| nearest(rows, &rows[i], Some(i), k)).collect();
        (Densities::new(neighbours.clone(), k, |_| 1e-10), neighbours)
    }

    #[test]
    fn factors_equal_the_reference_values() {
        let golden = golden("lof");
        let rows: Rows = as_type(&golden["inputs"]["X"]);
        let queries: Rows = as_type(&golden["inputs"]["Q"]);
        for k in [5, 10, 20] {
            let want = &golden["outputs"][format!("k{k}")];
            let (densities, neighbours) = fit(&rows, k);
            near(&densities.kth, &numbers(&want["k_distance"]), 1e-9, "lof");
            near(&densities.lrd, &numbers(&want["lrd"]), 1e-9, "lof");
            let own: Vec<f64> = neighbours.iter().map(|n| densities.factor(n, |_| false)).collect();
            near(&own, &numbers(&want["lof"]), 1e-9, "lof");
            let limit = want["threshold_contamination_0_1"].as_f64().unwrap();
            near(&[stats::quantile(&own, 0.9)], &[limit], 1e-9, "lof");
            let fresh: Vec<f64> =
                queries.iter().map(|q| densities.factor(&nearest(&rows, q, None, k), |_| false)).collect();
            near(&fresh, &numbers(&want["novelty_lof_of_Q"]), 1e-9, "lof");
        }
        let mut doubled = rows.clone();
        doubled.extend(vec![rows[0].clone(); 8]);
        let (densities, neighbours) = fit(&doubled, 5);
        let own: Vec<f64> = neighbours.iter().map(|n| densities.factor(n, |_| false)).collect();
        near(&own, &numbers(&golden["outputs"]["duplicates_k5"]["lof"]), 1e-6, "lof");
    }

    #[test]
    fn a_judged_training_window_is_left_out_of_its_surroundings() {
        // Fitted on four points of a line with one neighbour each, and on the same without the point at 1.
        let spare = |rows: &Rows| {
            let lists = (0..rows.len()).map(|i| nearest(rows, &rows[i], Some(i), 2)).collect();
            Densities::new(lists, 1, |_| 0.0)
        };
        let with: Rows = [0.0, 1.0, 3.0, 6.0].iter().map(|v| vec![*v]).collect();
        let query = vec![(0, 1.0)];
        // Neighbour 0 has only the one at 3 left, which is nearest to the one at 1: reach 3, density 1/3.
        let densities = spare(&with);
        assert_eq!(densities.without(0, &|o| o == 1), (3.0, 1.0 / 3.0));
        assert_eq!(densities.factor(&query, |o| o == 1), 1.0);
        // As it was, its density is 1.
        assert_eq!(densities.factor(&query, |_| false), 1.0);
        assert_eq!(densities.without(0, &|_| false), (1.0, 1.0));
    }

    #[test]
    fn repeated_windows_stay_in_bounds() {
        // An exact repetition: every reach is 0 but for rounding.
        let train: Vec<f64> = (0..600).map(|i| f64::from(i % 10) / 5.0 - 1.0).collect();
        let mut x = train.clone();
        x[400] += 1e-3;
        let params = serde_json::json!({"window": 10});
        let fitted = build(&Setup { params, ..Setup::default() }).unwrap().fit(&train).unwrap();
        let scores = fitted.score(&x).unwrap().value;
        assert!(stats::finite(&scores[..390]).iter().all(|s| *s == 0.0));
        assert!(scores[400] > 1.0 && scores.iter().all(|s| s.is_nan() || *s < 1e4));
    }

    #[test]
    fn the_scale_of_the_data_does_not_matter() {
        let mut random = crate::math::random::Random::new(1);
        let x: Vec<f64> = (0..500).map(|_| random.normal()).collect();
        let scaled: Vec<f64> = x.iter().map(|v| 8.0 * v).collect();
        let scores = |x: &[f64]| {
            let params = serde_json::json!({"window": 5, "form": "raw"});
            let fitted = build(&Setup { params, ..Setup::default() }).unwrap().fit(x).unwrap();
            stats::finite(&fitted.score(x).unwrap().value)
        };
        near(&scores(&x), &scores(&scaled), 1e-9, "lof");
    }
}
