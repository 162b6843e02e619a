//! Sub-sequence clustering: a window unlike each of the typical shapes is strange.
//!
//! The training windows, z-normalised, are clustered; a window's shape score is its distance to the nearest centroid,
//! as a root mean square. Two companions see what z-normalising hides: the level `|mean - typical|` and the amplitude
//! `|ln deviation - typical|`. Each of the three is put on the scale of its own median and MAD over the training
//! windows, and the largest counts. A point gets the mean over the windows that cover it; while not all of them are
//! there, it is eased by as much as means over fewer scatter more.
//!
//! Clusters are found by k-means or, as an option, k-Shape, which aligns windows before it compares them and so
//! does not spend clusters on phases. Clusters with few windows are dropped: what came once is not typical.
//!
//! Sources: Yairi, Kato and Hori (2001), "Fault Detection by Mining Association Rules from House-keeping Data"
//! (clustered windows); Paparrizos and Gravano (2015), "k-Shape".
//!
//! Cost: O(k·L) a point for windows of L points. k-Shape reduces windows to 64 points and judges every eighth
//! of a window: O(k·64²) each. Limits: the centroids of windows of all phases tend to sines, so sharp features
//! blur; a shape rarer than one in `5 k` windows counts as strange.

use std::sync::Arc;

use super::{Covering, Few, WindowScorer};
use crate::detect::{Detector, Entry, Family, Fitted, Reach, Setup, StreamingDetector};
use crate::error::Result;
use crate::math::kmeans::{self, Clusters};
use crate::math::profile::dot;
use crate::math::random::Random;
use crate::math::{kshape, stats};
use crate::score::Scores;
use crate::settings::{Setting, choices, settings};

/// Training windows are taken so that they hold at most this many values.
const MOST_VALUES: usize = 1 << 20;

/// Points to which k-Shape reduces a window.
const SHAPE_POINTS: usize = 64;

/// Training windows of k-Shape, at most.
const SHAPE_WINDOWS: usize = 512;

/// Windows whose deviation is below this are zeros.
const FLAT: f64 = 1e-8;

/// The least deviation of each of the three scores over the training windows, on the scale of the series.
const LEAST_SPREAD: f64 = 0.02;

/// Training windows a cluster, at least.
const CLUSTER: usize = 40;

/// Points of the training stretch over which the scatter of windows is measured, or two windows of them.
const SCATTER: usize = 8192;

/// The seed of the clustering.
const SEED: u64 = 1;

/// Parameters of [`ENTRY`].
#[derive(Debug, Clone)]
pub struct Params {
    /// Points a window; by default one period, or 32 where there is none.
    pub window: Option<usize>,
    /// Clusters, at least 1.
    pub clusters: usize,
    /// How they are found.
    pub method: Method,
    /// The least deviation that a window is divided by, as a part of the series' own; 0 or more.
    pub floor: f64,
    /// Whether level and amplitude count too.
    pub companions: bool,
}
settings!(Params { window, clusters, method, floor, companions });

impl Default for Params {
    fn default() -> Params {
        Params { window: None, clusters: 60, method: Method::KMeans, floor: 0.5, companions: true }
    }
}

impl Params {
    fn check(&self) -> Result<()> {
        super::check_window(self.window)?;
        super::check_positive("clusters", self.clusters)?;
        super::check_floor(self.floor)
    }
}

/// How clusters are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By Euclidean distance and mean.
    KMeans,
    /// By the best cross-correlation and the shape that correlates most.
    KShape,
}
choices!(Method { KMeans = "k-means", KShape = "k-shape" });

struct Subsequence {
    params: Params,
    period: Option<usize>,
}

impl Detector for Subsequence {
    fn fit(&self, train: &[f64]) -> Result<Arc<dyn Fitted>> {
        let p = &self.params;
        let window = super::window_length(p.window, self.period, 1.0, train.len())?;
        let floor = p.floor * super::ordinary_deviation(train);
        let most = match p.method {
            Method::KMeans => MOST_VALUES / window,
            Method::KShape => SHAPE_WINDOWS,
        };
        let step = window.div_ceil(4).max((train.len() - window) / most.max(1));
        let windows: Vec<&[f64]> = train.windows(window).step_by(step).collect();
        let form = Normaliser { window, floor, method: p.method };
        let rows: Vec<Vec<f64>> = windows.iter().map(|w| form.row(w)).collect();
        // A cluster of few windows fits them too well, and new ones look strange beside them.
        let k = p.clusters.min(rows.len() / CLUSTER).max(1);
        let start = kmeans::seeds(&rows, k, &mut Random::new(SEED));
        let clusters = match p.method {
            Method::KMeans => kmeans::lloyd(&rows, start),
            Method::KShape => kshape::cluster(&rows, start),
        };
        let centroids = typical(clusters, k).into_iter().map(Centroid::new).collect();
        let mut shapes = Shapes { form, centroids, scales: None };
        if p.companions {
            let traits: Vec<[f64; 3]> = windows.iter().map(|w| shapes.traits(w)).collect();
            let column = |c: usize| Scale::of(&traits.iter().map(|t| t[c]).collect::<Vec<_>>());
            shapes.scales = Some([column(0), column(1), column(2)]);
        }
        let mut clustered = Clustered { shapes: Arc::new(shapes), few: Few::default() };
        let mut scorer = clustered.scorer();
        let singles = train[train.len().saturating_sub(SCATTER.max(2 * window))..].iter();
        let singles: Vec<f64> = singles.map(|v| scorer.push(*v)).filter(|s| !s.is_nan()).collect();
        clustered.few = Few::of(&singles, window.div_ceil(scorer.step));
        Ok(Arc::new(clustered))
    }
}

/// The centroids of the clusters that hold a fifth of an even share of the windows or more.
fn typical(clusters: Clusters, k: usize) -> Vec<Vec<f64>> {
    let least = clusters.labels.len() / (5 * k);
    let sizes = clusters.sizes();
    clusters.centroids.into_iter().zip(sizes).filter(|(_, n)| *n > 0 && *n >= least).map(|(c, _)| c).collect()
}

/// Windows to the vectors that are clustered.
#[derive(Debug)]
struct Normaliser {
    window: usize,
    /// The least deviation that a window is divided by.
    floor: f64,
    method: Method,
}

impl Normaliser {
    fn row(&self, window: &[f64]) -> Vec<f64> {
        match self.method {
            Method::KMeans => self.normalised(window),
            Method::KShape => self.normalised(&reduced(window, SHAPE_POINTS)),
        }
    }

    /// Less the mean, over the floored deviation; a flat window is zeros.
    fn normalised(&self, window: &[f64]) -> Vec<f64> {
        let (mean, std) = (stats::mean(window), stats::std(window));
        let scale = if std < FLAT { 0.0 } else { 1.0 / std.max(self.floor) };
        window.iter().map(|v| (v - mean) * scale).collect()
    }
}

/// Means over `points` equal parts, or the window itself if it is no longer than that.
fn reduced(window: &[f64], points: usize) -> Vec<f64> {
    if window.len() <= points {
        return window.to_vec();
    }
    let edge = |p: usize| p * window.len() / points;
    (0..points).map(|p| stats::mean(&window[edge(p)..edge(p + 1)])).collect()
}

/// A typical shape.
#[derive(Debug)]
struct Centroid {
    values: Vec<f64>,
    energy: f64,
}

impl Centroid {
    fn new(values: Vec<f64>) -> Centroid {
        Centroid { energy: dot(&values, &values), values }
    }
}

/// Median and deviation of one score over the training windows.
#[derive(Debug)]
struct Scale {
    median: f64,
    deviation: f64,
}

impl Scale {
    fn of(column: &[f64]) -> Scale {
        let deviation = (stats::MAD_TO_SIGMA * stats::mad(column)).max(LEAST_SPREAD);
        Scale { median: stats::median(column), deviation }
    }

    fn z(&self, value: f64) -> f64 {
        (value - self.median) / self.deviation
    }
}

/// What has been learnt.
#[derive(Debug)]
struct Shapes {
    form: Normaliser,
    centroids: Vec<Centroid>,
    /// Of shape, level and amplitude; `None` if shape alone counts.
    scales: Option<[Scale; 3]>,
}

impl Shapes {
    /// Distance to the nearest centroid, mean, and logarithm of the deviation.
    fn traits(&self, window: &[f64]) -> [f64; 3] {
        let least = self.form.floor.max(FLAT) / 10.0;
        [self.distance(window), stats::mean(window), stats::std(window).max(least).ln()]
    }

    fn distance(&self, window: &[f64]) -> f64 {
        let row = self.form.row(window);
        let energy = dot(&row, &row);
        let nearest = self.centroids.iter().map(|c| match self.form.method {
            Method::KMeans => {
                super::rms((energy + c.energy - 2.0 * dot(&row, &c.values)).max(0.0), row.len())
            }
            Method::KShape => kshape::distance(&row, &c.values).0,
        });
        nearest.fold(f64::INFINITY, f64::min)
    }

    fn score(&self, window: &[f64]) -> f64 {
        let Some([shape, level, amplitude]) = &self.scales else { return self.distance(window) };
        let [d, mean, log] = self.traits(window);
        shape.z(d).max(level.z(mean).abs()).max(amplitude.z(log).abs())
    }
}

struct Clustered {
    shapes: Arc<Shapes>,
    few: Few,
}

impl Clustered {
    fn scorer(&self) -> Scorer {
        let window = self.shapes.form.window;
        let step = match self.shapes.form.method {
            Method::KMeans => 1,
            Method::KShape => (window / 8).max(1),
        };
        Scorer { shapes: Arc::clone(&self.shapes), recent: Vec::new(), seen: 0, step }
    }
}

impl Fitted for Clustered {
    fn reach(&self) -> Reach {
        let (window, step) = (self.shapes.form.window, self.scorer().step);
        // A point is covered by windows that start up to a window before it.
        Reach { before: window - 1, after: window - 1, grain: step }
    }

    fn score(&self, values: &[f64]) -> Result<Scores> {
        super::score_at_once(self, values)
    }

    fn online(&self) -> Option<Box<dyn StreamingDetector>> {
        let covering = Covering::new(self.scorer(), self.shapes.form.window, 0);
        Some(Box::new(covering.easing(self.few)))
    }
}

#[derive(Clone)]
struct Scorer {
    shapes: Arc<Shapes>,
    recent: Vec<f64>,
    seen: usize,
    /// Every so many windows is judged.
    step: usize,
}

impl WindowScorer for Scorer {
    fn push(&mut self, value: f64) -> f64 {
        let size = self.shapes.form.window;
        if self.recent.len() >= 4 * size {
            self.recent.drain(..self.recent.len() - size);
        }
        self.recent.push(value);
        self.seen += 1;
        match self.seen.checked_sub(size) {
            Some(start) if start % self.step == 0 => {
                self.shapes.score(&self.recent[self.recent.len() - size..])
            }
            _ => f64::NAN,
        }
    }
}

fn build(setup: &Setup) -> Result<Box<dyn Detector>> {
    let params: Params = setup.params()?;
    params.check()?;
    Ok(Box::new(Subsequence { params, period: setup.period }))
}

/// The registry row.
pub const ENTRY: Entry = Entry {
    name: "subsequence",
    family: Family::Similarity,
    pretrained: false,
    summary: "Windows unlike the typical shapes, or off their level or amplitude",
    source: "Paparrizos and Gravano (2015), k-Shape: Efficient and Accurate Clustering of Time Series",
    defaults: || Params::default().value(),
    build,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden, numbers};

    fn close(got: &[f64], want: &[f64]) {
        assert_eq!(got.len(), want.len());
        for (i, (got, want)) in got.iter().zip(want).enumerate() {
            assert!((got - want).abs() <= 1e-8 + 1e-8 * want.abs(), "{i}: {got} {want}");
        }
    }

    #[test]
    fn clusters_and_scores_equal_the_reference_values() {
        let golden = golden("subsequence");
        let x = numbers(&golden["inputs"]["series"]);
        let outputs = &golden["outputs"];
        let form = Normaliser { window: 20, floor: 0.0, method: Method::KMeans };
        let rows: Vec<Vec<f64>> = x.windows(20).take(130).map(|w| form.row(w)).collect();
        let start = [0, 5, 10, 15].map(|i| rows[i].clone()).to_vec();
        let clusters = kmeans::lloyd(&rows, start);
        let labels: Vec<usize> = as_type(&outputs["kmeans_labels_first_130"]);
        assert_eq!(clusters.labels, labels);
        let want: Vec<Vec<f64>> = as_type(&outputs["kmeans_centroids"]);
        for (got, want) in clusters.centroids.iter().zip(&want) {
            close(got, want);
        }
        let centroids = clusters.centroids.into_iter().map(Centroid::new).collect();
        let shapes = Arc::new(Shapes { form, centroids, scales: None });
        let root = 20f64.sqrt();
        let windows: Vec<f64> = x.windows(20).map(|w| root * shapes.score(w)).collect();
        close(&windows, &numbers(&outputs["kmeans_window_score"]));
        let points: Vec<f64> = Clustered { shapes, few: Few::default() }
            .score(&x)
            .unwrap()
            .value
            .iter()
            .map(|s| root * s)
            .collect();
        close(&points, &numbers(&outputs["kmeans_point_score"]));
    }

    fn wave(n: usize) -> Vec<f64> {
        let mut random = Random::new(7);
        (0..n).map(|i| (std::f64::consts::TAU * i as f64 / 20.0).sin() + 0.02 * random.normal()).collect()
    }

    fn top(params: serde_json::Value, train: &[f64], x: &[f64]) -> usize {
        let setup = Setup { params, period: Some(20), ..Setup::default() };
        let scores = build(&setup).unwrap().fit(train).unwrap().score(x).unwrap().value;
        (0..x.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap()
    }

    #[test]
    fn shape_level_and_amplitude_are_each_seen() {
        let train = wave(1000);
        for method in ["k-means", "k-shape"] {
            let params = serde_json::json!({ "method": method });
            let mut level = train.clone();
            level[600..640].iter_mut().for_each(|v| *v += 0.7);
            let mut amplitude = train.clone();
            amplitude[600..640].iter_mut().for_each(|v| *v *= 0.4);
            let mut shape = train.clone();
            for i in 600..640 {
                shape[i] = if i % 10 < 5 { 0.8 } else { -0.8 };
            }
            for (what, x) in [("level", level), ("amplitude", amplitude), ("shape", shape)] {
                let at = top(params.clone(), &train, &x);
                assert!((590..650).contains(&at), "{method} {what}: {at}");
                // Fitted on the very series, too: what came once is not typical.
                let at = top(params.clone(), &x, &x);
                assert!((590..650).contains(&at), "{method} {what}, fitted on it: {at}");
            }
        }
    }

    #[test]
    fn windows_are_reduced_by_means() {
        assert_eq!(reduced(&[1.0, 3.0, 5.0, 7.0], 2), [2.0, 6.0]);
        assert_eq!(reduced(&[1.0, 2.0, 4.0, 6.0, 8.0], 2), [1.5, 6.0]);
        assert_eq!(reduced(&[1.0, 2.0], 3), [1.0, 2.0]);
    }
}
