//! Scores over their limit to runs: where one begins, where it ends, and what of it is news.

use super::events::{Evidence, Options};

/// So many times as far from ordinary as all before, a score is news again in a run that lasts.
const RENEWED: f64 = 1.5;

/// Runs that begin over the limit and end under the lower limit of the hysteresis.
pub(super) fn hits(evidence: &Evidence, ordinary: f64, hysteresis: f64) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<usize> = None;
    for (i, (score, limit)) in evidence.scores.iter().zip(evidence.limits).enumerate() {
        let low = if hysteresis < 1.0 { ordinary + hysteresis * (limit - ordinary) } else { *limit };
        match open {
            None if score > limit => open = Some(i),
            // NaN ends an event too.
            Some(start) if score.is_nan() || *score <= low => {
                found.push((start, i));
                open = None;
            }
            _ => {}
        }
    }
    if let Some(start) = open {
        found.push((start, evidence.scores.len()));
    }
    found
}

/// Runs with at most `gap` rows between them as one.
pub(super) fn merged(runs: Vec<(usize, usize)>, gap: usize) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (start, end) in runs {
        match out.last_mut() {
            Some(last) if start - last.1 <= gap => last.1 = end,
            _ => out.push((start, end)),
        }
    }
    out
}

/// What of the runs over the limit is news: each at its start, until its end or for `longest` rows, and then again
/// where the score rises well over all that the run has had. The flag says that the run goes on after that.
pub(super) fn news(evidence: &Evidence, ordinary: f64, options: &Options) -> Vec<(usize, usize, bool)> {
    let longest = options.longest.unwrap_or(usize::MAX);
    let scores = evidence.scores;
    let mut found = Vec::new();
    for (start, run) in merged(hits(evidence, ordinary, options.hysteresis), options.merge) {
        let mut at = start;
        while at < run {
            let end = run.min(at.saturating_add(longest));
            found.push((at, end, end < run));
            let Some(peak) = highest(scores, start, end) else { break };
            let renewed = ordinary + RENEWED * (scores[peak] - ordinary);
            at = (end..run).find(|i| scores[*i] > renewed).unwrap_or(run);
        }
    }
    found
}

/// The row of the highest score; the first of equal ones.
pub(super) fn highest(scores: &[f64], start: usize, end: usize) -> Option<usize> {
    let mut best: Option<usize> = None;
    for i in start..end {
        if scores[i].is_finite() && best.is_none_or(|b| scores[i] > scores[b]) {
            best = Some(i);
        }
    }
    best
}

/// `marks` with every mark widened by `pad` on both sides.
pub(super) fn widened(marks: &[bool], pad: usize) -> Vec<bool> {
    let mut wide = vec![false; marks.len()];
    let mut painted = 0;
    for (i, _) in marks.iter().enumerate().filter(|(_, m)| **m) {
        let end = (i + pad + 1).min(marks.len());
        wide[i.saturating_sub(pad).max(painted)..end].fill(true);
        painted = end;
    }
    wide
}

/// The runs of `true`, half-open.
pub(super) fn of(marks: &[bool]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (i, _) in marks.iter().enumerate().filter(|(_, m)| **m) {
        match found.last_mut() {
            Some((_, end)) if *end == i => *end = i + 1,
            _ => found.push((i, i + 1)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widens_and_runs() {
        let marks = [false, false, true, false, false, false, false, true];
        assert_eq!(of(&widened(&marks, 1)), [(1, 4), (6, 8)]);
        assert_eq!(of(&widened(&marks, 2)), [(0, 8)]);
        assert_eq!(of(&[]), []);
    }
}
