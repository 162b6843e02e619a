//! The score of the Numenta Anomaly Benchmark, standard profile (Lavin and Ahmad, ICMLA 2015).
//!
//! A detection is a row whose score reaches one threshold for the whole corpus, chosen to maximise the result.
//! The earliest in each labelled window earns up to 1, a window without any costs 1, a detection outside costs
//! up to 0.11, the more the later it comes after a window.

/// Worth of a false alarm; a hit and a miss are worth 1.
const FALSE_ALARM: f64 = 0.11;
/// Rows that are never scored: a part of the series, up to a limit.
const PROBATION: f64 = 0.15;
const LONGEST_PROBATION: usize = 750;

/// A series with its scores (finite) and its labelled windows, half-open, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// One a row.
    pub scores: Vec<f64>,
    /// Rows.
    pub windows: Vec<(usize, usize)>,
}

/// The corpus score: 0 for no detection at all, 100 for a perfect detector. NaN without windows.
pub fn standard(corpus: &[Scored]) -> f64 {
    let total: usize = corpus.iter().map(|s| s.windows.len()).sum();
    let mut gains: Vec<(f64, f64)> = Vec::new();
    let mut counted = 0;
    for series in corpus {
        let n = series.scores.len();
        let first = LONGEST_PROBATION.min((PROBATION * n as f64).floor() as usize);
        let (worth, owner) = worths(n, &series.windows);
        gains.extend((first..n).filter(|i| owner[*i].is_none()).map(|i| (series.scores[i], worth[i])));
        for window in 0..series.windows.len() {
            let mut inside: Vec<usize> = (first..n).filter(|i| owner[*i] == Some(window)).collect();
            if inside.is_empty() {
                continue;
            }
            counted += 1;
            // As the threshold falls, the window is worth its earliest row so far.
            inside.sort_by(|a, b| series.scores[*b].total_cmp(&series.scores[*a]));
            let mut best = -1.0f64;
            for i in inside {
                let better = best.max(worth[i]);
                gains.push((series.scores[i], better - best));
                best = better;
            }
        }
    }
    gains.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut raw = -(counted as f64);
    let mut highest = raw;
    for (k, (score, gain)) in gains.iter().enumerate() {
        raw += gain;
        if gains.get(k + 1).is_none_or(|next| next.0 != *score) {
            highest = highest.max(raw);
        }
    }
    let null = -(counted as f64);
    if total == 0 { f64::NAN } else { 100.0 * (highest - null) / (total as f64 - null) }
}

/// What a detection in each row is worth, and the window that owns the row.
fn worths(n: usize, windows: &[(usize, usize)]) -> (Vec<f64>, Vec<Option<usize>>) {
    let squash = |y: f64| 2.0 / (1.0 + (5.0 * y).exp()) - 1.0;
    let mut worth = vec![-FALSE_ALARM; n];
    let mut owner = vec![None; n];
    for (k, (start, end)) in windows.iter().enumerate() {
        let width = (end - start) as f64;
        for i in *end..n {
            let late = (i + 1 - end) as f64 / (width - 1.0).max(1e-12);
            worth[i] = FALSE_ALARM * if late > 3.0 { -1.0 } else { squash(late) };
            owner[i] = None;
        }
        for i in *start..(*end).min(n) {
            worth[i] = squash(-((end - i) as f64) / width) / squash(-1.0);
            owner[i] = Some(k);
        }
    }
    (worth, owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden};

    #[test]
    fn agrees_with_the_reference_scorer() {
        let golden = golden("evaluate");
        for (name, case) in golden["nab"].as_object().unwrap() {
            let corpus: Vec<Scored> = case["corpus"]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| {
                    let windows: Vec<(usize, usize)> = as_type(&s["windows"]);
                    Scored {
                        scores: as_type(&s["scores"]),
                        windows: windows.iter().map(|(a, b)| (*a, b + 1)).collect(),
                    }
                })
                .collect();
            let want = case["standard"].as_f64().unwrap();
            assert!((standard(&corpus) - want).abs() < 1e-6, "{name}: {} {want}", standard(&corpus));
        }
    }

    #[test]
    fn nothing_is_0_and_the_first_row_of_each_window_nearly_100() {
        let mut scores = vec![0.0; 1000];
        let windows = vec![(300, 400), (700, 800)];
        let corpus =
            |scores: &[f64]| standard(&[Scored { scores: scores.to_vec(), windows: windows.clone() }]);
        assert_eq!(corpus(&scores), 0.0);
        (scores[300], scores[700]) = (1.0, 1.0);
        assert!((corpus(&scores) - 100.0).abs() < 1e-9);
    }
}
