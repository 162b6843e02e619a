//! k nearest neighbours: a window far from the windows of the training stretch that are most like it is strange.
//!
//! With `δ1 <= δ2 <= ...` the distances of a window to its nearest training windows, each the root mean square
//! of the differences, the window's score is `δk`, their mean or their median. A training window never counts
//! as its own neighbour, nor does one that overlaps it by half or more; of neighbours that overlap each other
//! only the nearest counts. A point gets the mean over the windows that hold it in their middle half.
//!
//! In the conformal form the score is `-ln p`, where `p = (1 + #{training scores >= s}) / (n + 1)` is the part
//! of the training points that are at least as strange. It is even over all series, and cannot exceed
//! `ln(n + 1)`.
//!
//! Sources: Ramaswamy et al. (2000), "Efficient Algorithms for Mining Outliers from Large Data Sets"; Burnaev
//! and Ishimtsev (2016), "Conformalized density- and distance-based anomaly detection in time-series data".
//!
//! Cost: O(n) a point for n training windows whatever their length, n at most `max_windows`; fitting costs
//! O(n) but for the conformal form, which scores the training stretch once. Limit: anomalies of one kind that come
//! more than `k` times in the training stretch vouch for each other.

use std::sync::Arc;

use super::{Covering, Known, Search, WindowScorer};
use crate::detect::{Detector, Entry, Family, Fitted, Reach, Setup, StreamingDetector, Tail};
use crate::error::Result;
use crate::math::profile::{Form, Neighbour};
use crate::math::stats;
use crate::score::Scores;
use crate::settings::{Setting, choices, settings};

/// Parameters of [`ENTRY`].
#[derive(Debug, Clone)]
pub struct Params {
    /// Points a window; by default one period, or 32 where there is none.
    pub window: Option<usize>,
    /// Neighbours, at least 1.
    pub k: usize,
    /// How their distances make one.
    pub aggregate: Aggregate,
    /// What of a window counts.
    pub form: Form,
    /// For z-normalised windows, the least scale as a part of the series' own, 0 or more.
    pub floor: f64,
    /// What the score says.
    pub score: Scale,
    /// Most training windows kept, at least 1.
    pub max_windows: usize,
}
settings!(Params { window, k, aggregate, form, floor, score, max_windows });

impl Default for Params {
    fn default() -> Params {
        Params {
            window: None,
            k: 3,
            aggregate: Aggregate::Largest,
            form: Form::ZNormalised,
            floor: 0.5,
            score: Scale::Distance,
            max_windows: 16_384,
        }
    }
}

impl Params {
    fn check(&self) -> Result<()> {
        super::check_window(self.window)?;
        super::check_positive("k", self.k)?;
        super::check_positive("max_windows", self.max_windows)?;
        super::check_floor(self.floor)
    }
}

/// How the distances to k neighbours make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// That to the farthest of them.
    Largest,
    /// Their mean.
    Mean,
    /// Their median.
    Median,
}
choices!(Aggregate { Largest = "largest", Mean = "mean", Median = "median" });

impl Aggregate {
    /// One distance out of several, nearest first; NaN for none.
    fn of(self, distances: &[f64]) -> f64 {
        match self {
            Aggregate::Largest => distances.last().copied().unwrap_or(f64::NAN),
            Aggregate::Mean => stats::mean(distances),
            Aggregate::Median => stats::median(distances),
        }
    }
}

/// What the score says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The distance.
    Distance,
    /// How few of the training points are as far off.
    Conformal,
}
choices!(Scale { Distance = "distance", Conformal = "conformal" });

struct Knn {
    params: Params,
    period: Option<usize>,
}

impl Detector for Knn {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let p = &self.params;
        let window = super::window_length(p.window, self.period, 1.0, train.len())?;
        let measure = super::measure(train, window, p.form, p.floor);
        let known = Arc::new(Known::new(train, measure, p.max_windows, 0));
        let mut fitted = Nearest { known, k: p.k, aggregate: p.aggregate, calibration: None };
        if p.score == Scale::Conformal {
            let mut sorted = stats::finite(&fitted.score(train)?.value);
            sorted.sort_unstable_by(f64::total_cmp);
            fitted.calibration = Some(sorted.into());
        }
        Ok(Arc::new(fitted))
    }
}

#[derive(Clone)]
struct Nearest {
    known: Arc<Known>,
    k: usize,
    aggregate: Aggregate,
    /// Scores of the training points, sorted, in the conformal form.
    calibration: Option<Arc<[f64]>>,
}

impl Fitted for Nearest {
    fn reach(&self) -> Reach {
        let window = self.known.window();
        super::covering_reach(window, super::middle(window))
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        super::score_at_once(self, values)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        let search = Search::new(Arc::clone(&self.known));
        let scorer = Scorer { search, fitted: self.clone(), found: Vec::new(), distances: Vec::new() };
        let window = self.known.window();
        let distances = Covering::new(scorer, window, super::middle(window));
        Some(match &self.calibration {
            None => Box::new(distances),
            Some(sorted) => Box::new(Conformal { distances, sorted: Arc::clone(sorted) }),
        })
    }
}

#[derive(Clone)]
struct Scorer {
    search: Search,
    fitted: Nearest,
    found: Vec<Neighbour>,
    distances: Vec<f64>,
}

impl WindowScorer for Scorer {
    fn push(&mut self, value: f64) -> f64 {
        if !self.search.push(value) {
            return f64::NAN;
        }
        let Nearest { known, k, aggregate, .. } = &self.fitted;
        self.search.nearest(*k, &mut self.found);
        self.distances.clear();
        self.distances.extend(self.found.iter().map(|n| super::rms(n.square, known.window())));
        aggregate.of(&self.distances)
    }
}

/// The conformal form of a distance.
#[derive(Clone)]
struct Conformal {
    distances: Covering<Scorer>,
    sorted: Arc<[f64]>,
}

impl StreamingDetector for Conformal {
    fn push(&mut self, values: &[f64]) -> Result<Tail> {
        let mut tail = self.distances.push(values)?;
        for score in tail.scores.value.iter_mut().filter(|s| s.is_finite()) {
            *score = surprise(&self.sorted, *score);
        }
        Ok(tail)
    }
}

/// `-ln p` of a score among sorted calibration scores; 0 where all are as high.
fn surprise(sorted: &[f64], score: f64) -> f64 {
    let higher = sorted.len() - sorted.partition_point(|s| *s < score);
    ((sorted.len() + 1) as f64 / (higher + 1) as f64).ln()
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let params: Params = setup.params()?;
    params.check()?;
    Ok(Box::new(Knn { params, period: setup.period }))
}

/// The registry row.
pub const ENTRY: Entry = Entry {
    name: "knn",
    family: Family::Similarity,
    pretrained: false,
    summary: "Windows unlike any seen before: distance to the nearest training windows",
    source: "Ramaswamy et al. (2000), Efficient Algorithms for Mining Outliers from Large Data Sets",
    defaults: || Params::default().value(),
    build,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden, numbers};
    use crate::math::profile::{Measure, Reference, Sweep};
    use crate::math::random::Random;

    fn fit(params: serde_json::Value, train: &[f64]) -> Arc<dyn Fitted> {
        build(&Setup { params, ..Setup::default() }).unwrap().fit(train).unwrap()
    }

    fn noise(n: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..n).map(|_| random.normal()).collect()
    }

    #[test]
    fn equals_a_search_of_all_windows() {
        let (train, x) = (noise(90, 1), noise(60, 2));
        let params = serde_json::json!({"window": 4, "k": 1, "form": "raw"});
        let got = fit(params, &train).score(&x).unwrap().value;
        let square = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
        let window =
            |w: &[f64]| train.windows(4).map(|t| square(w, t)).fold(f64::INFINITY, f64::min).sqrt() / 2.0;
        let want: Vec<f64> = x.windows(4).map(window).collect();
        // Windows of 4 hold a point in their middle half at their second or third place.
        for i in 2..57 {
            assert!((got[i] - 0.5 * (want[i - 1] + want[i - 2])).abs() < 1e-9, "{i}");
        }
        assert!(got[0].is_nan());
    }

    #[test]
    fn a_window_is_no_neighbour_of_itself_but_of_its_double() {
        let x = noise(200, 3);
        let params = || serde_json::json!({"window": 8, "k": 1, "form": "raw"});
        let own = fit(params(), &x).score(&x).unwrap().value;
        assert!(own[6..].iter().all(|s| *s > 0.3), "the series itself");
        let later = fit(params(), &x).score(&x[50..]).unwrap().value;
        assert!(later[6..].iter().all(|s| *s == 0.0), "a copy that starts elsewhere");
        let mut twice = x.clone();
        twice.extend(&x);
        let twice = fit(params(), &twice).score(&twice).unwrap().value;
        assert!(twice[6..190].iter().all(|s| *s == 0.0), "everything came twice");
    }

    #[test]
    fn the_conformal_score_is_even_on_fresh_noise() {
        let (train, x) = (noise(2000, 4), noise(2000, 5));
        let params = serde_json::json!({"window": 2, "score": "conformal", "k": 3});
        let scores = stats::finite(&fit(params, &train).score(&x).unwrap().value);
        let top = 2001f64.ln();
        assert!(scores.iter().all(|s| (0.0..=top).contains(s)));
        let rare = scores.iter().filter(|s| **s >= 20f64.ln()).count() as f64 / scores.len() as f64;
        assert!((rare - 0.05).abs() < 0.03, "{rare}");
        assert_eq!(surprise(&[1.0, 2.0, 3.0], 2.0), (4f64 / 3.0).ln());
        assert_eq!(surprise(&[1.0, 2.0, 3.0], 9.0), 4f64.ln());
        assert_eq!(surprise(&[1.0, 1.0], 1.0), 0.0);
    }

    #[test]
    fn aggregates_equal_the_reference_values() {
        let golden = golden("knn_radius");
        let (inputs, outputs) = (&golden["inputs"], &golden["outputs"]);
        let train = as_type::<Vec<Vec<f64>>>(&inputs["X"]);
        // Points in the plane are windows of two points; each is a stretch of its own.
        let nearest = |q: &[f64], skip: Option<usize>| -> Vec<(f64, usize)> {
            let mut found: Vec<(f64, usize)> = (0..train.len())
                .filter(|i| Some(*i) != skip)
                .map(|i| {
                    let measure = Measure { window: 2, form: Form::Raw, floor: 0.0 };
                    let mut sweep = Sweep::new(Arc::new(Reference::new(&train[i], measure, 1)));
                    q.iter().for_each(|v| {
                        sweep.push(*v);
                    });
                    (sweep.squares()[0].sqrt(), i)
                })
                .collect();
            found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            found.truncate(5);
            found
        };
        let queries = as_type::<Vec<Vec<f64>>>(&inputs["Q"]);
        let own: Vec<_> = (0..train.len()).map(|i| nearest(&train[i], Some(i))).collect();
        let fresh: Vec<_> = queries.iter().map(|q| nearest(q, None)).collect();
        let close = |got: f64, want: f64| assert!((got - want).abs() <= 1e-9 + 1e-9 * want, "{got} {want}");
        for (found, distances, indices) in
            [(&own, "train_dist_excl_self", "train_idx_excl_self"), (&fresh, "query_dist", "query_idx")]
        {
            let got: Vec<Vec<usize>> = found.iter().map(|f| f.iter().map(|n| n.1).collect()).collect();
            assert_eq!(serde_json::json!(got), outputs[indices]);
            let want = numbers(&outputs[distances]);
            found.iter().flatten().zip(want).for_each(|(got, want)| close(got.0, want));
        }
        for (name, aggregate) in
            [("largest", Aggregate::Largest), ("mean", Aggregate::Mean), ("median", Aggregate::Median)]
        {
            let of = |found: &[Vec<(f64, usize)>]| -> Vec<f64> {
                found.iter().map(|f| aggregate.of(&f.iter().map(|n| n.0).collect::<Vec<_>>())).collect()
            };
            let (own, fresh) = (of(&own), of(&fresh));
            let want = [
                numbers(&outputs[format!("pyod_train_{name}")]),
                numbers(&outputs[format!("pyod_query_{name}")]),
            ];
            own.iter().chain(&fresh).zip(want.concat()).for_each(|(got, want)| close(*got, want));
            if let Some(limit) = outputs[format!("pyod_threshold_{name}_contamination_0.1")].as_f64() {
                close(stats::quantile(&own, 0.9), limit);
            }
        }
    }
}
