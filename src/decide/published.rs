//! The post-processing published with TadGAN, kept to reproduce and compare: 4 deviations in local windows, a
//! fixed padding, pruning by the drop between the peaks.
//!
//! Source: Geiger et al., "TadGAN: Time Series Anomaly Detection Using Generative Adversarial Networks", 2020.
//! It takes its statistics over the very series that it judges, so it is a setting and not the default.

use super::runs;
use super::threshold::factor;
use crate::math::stats;

/// Sizes of the published rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Deviations over the mean.
    pub k: f64,
    /// Local window as a part of the series; 1 for one window over everything.
    pub window: f64,
    /// Step as a part of the window.
    pub step: f64,
    /// Least relative drop that keeps an event (theta).
    pub theta: f64,
    /// Points by which every hit is widened on both sides.
    pub pad: usize,
}

impl Default for Rule {
    fn default() -> Self {
        Rule { k: 4.0, window: 0.33, step: 0.1, theta: 0.1, pad: 50 }
    }
}

/// The published rule at a sensitivity of 0..=100, 50 being as published.
pub fn rule(sensitivity: f64) -> Rule {
    let published = Rule::default();
    Rule { k: published.k * factor(sensitivity), ..published }
}

/// `scores` with what was not scored as 0, the score of an ordinary point in the published form.
pub fn scored(scores: &[f64]) -> Vec<f64> {
    scores.iter().map(|v| if v.is_finite() { *v } else { 0.0 }).collect()
}

/// A stretch found by the rule, half-open, with its severity `(peak - limit) / (mean + std)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// First point.
    pub start: usize,
    /// One past the last point.
    pub end: usize,
    /// Severity.
    pub severity: f64,
}

/// The stretches of `scores` (finite) that the rule finds, in order, not overlapping.
pub fn spans(scores: &[f64], rule: &Rule) -> Vec<Span> {
    let mut found = Vec::new();
    for (start, end) in windows(scores.len(), rule) {
        let local = &scores[start..end];
        let (mean, std) = (stats::mean(local), stats::std(local));
        let limit = mean + rule.k * std;
        let (peaks, below) = peaks(local, limit, rule.pad);
        for (s, e, peak) in prune(peaks, below, rule.theta) {
            found.push(Span { start: start + s, end: start + e, severity: (peak - limit) / (mean + std) });
        }
    }
    merge(&found)
}

/// The stretches of `scores` over `limit`, widened by `pad`, each with its peak, and the highest score outside them.
fn peaks(scores: &[f64], limit: f64, pad: usize) -> (Vec<(usize, usize, f64)>, f64) {
    let marks = runs::widened(&scores.iter().map(|v| *v > limit).collect::<Vec<_>>(), pad);
    let below = scores.iter().zip(&marks).filter(|(_, m)| !**m).map(|(v, _)| *v).fold(0.0, f64::max);
    let peak = |(s, e)| (s, e, scores[s..e].iter().copied().fold(f64::NEG_INFINITY, f64::max));
    (runs::of(&marks).into_iter().map(peak).collect(), below)
}

/// The lowest limit that any of the rule's windows puts on each point: what a chart can draw for the rule.
pub fn limits(scores: &[f64], rule: &Rule) -> Vec<f64> {
    let mut lowest = vec![f64::INFINITY; scores.len()];
    for (start, end) in windows(scores.len(), rule) {
        let local = &scores[start..end];
        let limit = stats::mean(local) + rule.k * stats::std(local);
        for l in &mut lowest[start..end] {
            *l = l.min(limit);
        }
    }
    lowest
}

/// The peaks kept: sorted downwards and followed by `below`, all up to the last whose relative drop to the next
/// is at least `theta` (telemanom's reading of the rule).
fn prune(peaks: Vec<(usize, usize, f64)>, below: f64, theta: f64) -> Vec<(usize, usize, f64)> {
    let depths: Vec<f64> = peaks.iter().map(|p| -p.2).collect();
    let falling: Vec<_> = stats::order(&depths).into_iter().map(|i| peaks[i]).collect();
    let heights: Vec<f64> = falling.iter().map(|p| p.2).chain([below]).collect();
    let kept = heights.windows(2).rposition(|w| (w[0] - w[1]) / w[0] >= theta).map_or(0, |last| last + 1);
    falling.into_iter().take(kept).collect()
}

/// Overlapping and touching spans as one, severity the mean weighted by length less one; plain mean where all
/// weights are 0.
fn merge(spans: &[Span]) -> Vec<Span> {
    let starts: Vec<f64> = spans.iter().map(|s| s.start as f64).collect();
    let mut merged: Vec<(Span, f64, f64, f64, f64)> = Vec::new();
    for s in stats::order(&starts).into_iter().map(|i| spans[i]) {
        let weight = (s.end - s.start - 1) as f64;
        match merged.last_mut() {
            Some((last, sum, weights, plain, n)) if s.start <= last.end => {
                last.end = last.end.max(s.end);
                *sum += weight * s.severity;
                *weights += weight;
                *plain += s.severity;
                *n += 1.0;
                last.severity = if *weights > 0.0 { *sum / *weights } else { *plain / *n };
            }
            _ => merged.push((s, weight * s.severity, weight, s.severity, 1.0)),
        }
    }
    merged.into_iter().map(|m| m.0).collect()
}

/// The rule's windows over `n` points, half-open: from 0 by the step until one reaches the end.
fn windows(n: usize, rule: &Rule) -> Vec<(usize, usize)> {
    let size = ((n as f64 * rule.window).ceil() as usize).max(1);
    let step = ((size as f64 * rule.step).ceil() as usize).max(1);
    let mut all = Vec::new();
    let mut start = 0;
    while start < n {
        all.push((start, (start + size).min(n)));
        if start + size >= n {
            break;
        }
        start += step;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{golden, numbers};

    #[test]
    fn prunes_like_telemanom() {
        let peaks = |h: &[f64]| h.iter().enumerate().map(|(i, v)| (i, i + 1, *v)).collect::<Vec<_>>();
        assert_eq!(prune(peaks(&[1.0, 0.9, 0.5]), 0.2, 0.1).len(), 3);
        assert_eq!(prune(peaks(&[1.0, 0.5]), 0.49, 0.1).len(), 1);
        assert_eq!(prune(peaks(&[1.0, 0.99]), 0.98, 0.1).len(), 0);
    }

    /// Reference event lists: start and end inclusive, severity.
    #[test]
    fn reproduces_the_reference_event_lists() {
        let golden = golden("thresholding");
        let e = numbers(&golden["inputs"]["e"]);
        let lists = golden["outputs"]["find_anomalies"].as_object().unwrap();
        let mut compared = 0;
        for (name, case) in lists {
            let kwargs = &case["kwargs"];
            // The search for the best number of deviations is not ours; what follows from it is.
            let k = if kwargs["fixed_threshold"] == true {
                &serde_json::json!(4.0)
            } else {
                &golden["outputs"]["orion_best_z_on_e"]
            };
            let part = |key: &str| kwargs[key].as_f64().unwrap_or(1.0);
            let rule = Rule {
                k: k.as_f64().unwrap(),
                window: part("window_size_portion"),
                step: part("window_step_size_portion"),
                theta: part("min_percent"),
                pad: kwargs["anomaly_padding"].as_u64().unwrap() as usize,
            };
            let want = case["events_start_stop_score"].as_array().unwrap();
            let got = spans(&e, &rule);
            assert_eq!(got.len(), want.len(), "{name}");
            for (span, want) in got.iter().zip(want) {
                let want = numbers(want);
                assert_eq!((span.start as f64, span.end as f64 - 1.0), (want[0], want[1]), "{name}");
                assert!((span.severity - want[2]).abs() < 1e-9, "{name}: {} {}", span.severity, want[2]);
                compared += 1;
            }
        }
        assert_eq!(compared, 6);
    }

    #[test]
    fn reproduces_the_reference_sequences() {
        let golden = golden("thresholding");
        let want = &golden["outputs"];
        let e = numbers(&golden["inputs"]["e"]);
        let number = |v: &serde_json::Value| v.as_f64().unwrap();
        let limit = stats::mean(&e) + 4.0 * stats::std(&e);
        for key in ["fixed_k4", "orion_dynamic_threshold_z_0_12_on_e"] {
            assert!((limit - number(&want[key])).abs() < 1e-9, "{key}");
        }
        let ends = |found: &[(usize, usize, f64)]| -> Vec<Vec<f64>> {
            found.iter().map(|(s, e, _)| vec![*s as f64, *e as f64 - 1.0]).collect()
        };
        let lists =
            |v: &serde_json::Value| -> Vec<Vec<f64>> { v.as_array().unwrap().iter().map(numbers).collect() };
        for pad in [0, 5] {
            let (found, below) = peaks(&e, limit, pad);
            assert_eq!(ends(&found), lists(&want[format!("sequences_fixed_k4_pad{pad}")]), "{pad}");
            assert_eq!(below, number(&want[format!("max_below_fixed_k4_pad{pad}")]), "{pad}");
        }
        let low = &want["at_threshold_0.2_pad3"];
        let (found, below) = peaks(&e, 0.2, 3);
        assert_eq!(ends(&found), lists(&low["sequences"]));
        assert_eq!(below, number(&low["max_below"]));
        for (theta, key) in [(0.1, "kept_min_percent_0_1"), (0.5, "kept_min_percent_0_5")] {
            let kept = prune(found.clone(), below, theta);
            let got: Vec<Vec<f64>> =
                kept.iter().map(|(s, e, h)| vec![*s as f64, *e as f64 - 1.0, *h]).collect();
            assert_eq!(got, lists(&low[key]), "{key}");
        }
        for (got, want) in prune(found, below, 0.1).iter().zip(lists(&low["scores_0_1"])) {
            let severity = (got.2 - 0.2) / (stats::mean(&e) + stats::std(&e));
            assert!((severity - want[2]).abs() < 1e-9, "{severity} for {want:?}");
        }
    }

    #[test]
    fn reproduces_the_reference_pruning_and_merging() {
        let golden = golden("thresholding");
        for case in golden["outputs"]["prune_cases_theta_0_1"].as_array().unwrap() {
            let heights = numbers(&case["max_errors_desc_last_is_non_anomalous"]);
            let (below, peaks) = heights.split_last().unwrap();
            let peaks = peaks.iter().enumerate().map(|(i, v)| (i, i + 1, *v)).collect();
            let want = case["kept_reference_last_big_drop"].as_u64().unwrap() as usize;
            assert_eq!(prune(peaks, *below, 0.1).len(), want, "{heights:?}");
        }
        let spans = |key: &str| -> Vec<Span> {
            let list = golden["outputs"]["merge_case"][key].as_array().unwrap();
            let span = |v: &serde_json::Value| {
                let v = numbers(v);
                Span { start: v[0] as usize, end: v[1] as usize + 1, severity: v[2] }
            };
            list.iter().map(span).collect()
        };
        for (got, want) in merge(&spans("input")).iter().zip(spans("output")) {
            assert_eq!((got.start, got.end), (want.start, want.end));
            assert!((got.severity - want.severity).abs() < 1e-9);
        }
    }
}
