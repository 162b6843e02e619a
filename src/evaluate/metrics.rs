//! Detection quality of one series: location of the highest score, ranking of the rows, overlap of events.
//!
//! Labels and events are half-open intervals of rows.

/// Slack, in rows, of the place of the highest score (UCR archive).
const TOP1_SLACK: usize = 100;
/// Widest halo of a label in [`vus_pr`], in rows, and the number of halos averaged, less one.
const BUFFER: f64 = 100.0;
const HALOS: usize = 20;

/// Whether the highest of `scores` lies within `max(100, length)` rows of the one `label`, both in rows of
/// `scores`. Of equal scores the middle of the first run counts; a constant score is a miss.
pub fn top1(scores: &[f64], label: (usize, usize)) -> bool {
    let Some(peak) = peak(scores) else { return false };
    let slack = TOP1_SLACK.max(label.1 - label.0);
    peak + slack >= label.0 && peak < label.1 + slack
}

fn peak(scores: &[f64]) -> Option<usize> {
    let high = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
    if high <= low {
        return None;
    }
    let start = scores.iter().position(|v| *v == high)?;
    let run = scores[start..].iter().take_while(|v| **v == high).count();
    Some(start + (run - 1) / 2)
}

/// Rows in order of falling score, and the last place of each group of equal scores.
#[derive(Debug)]
pub struct Ranking {
    order: Vec<usize>,
    ends: Vec<usize>,
}

impl Ranking {
    /// Of finite scores.
    pub fn new(scores: &[f64]) -> Ranking {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let last = |k: &usize| order.get(k + 1).is_none_or(|next| scores[*next] != scores[order[*k]]);
        let ends = (0..order.len()).filter(last).collect();
        Ranking { order, ends }
    }

    /// Sums of `values` over the rows ranked up to each end.
    fn sums(&self, values: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sum = 0.0;
        let mut at = 0;
        let mut sums = Vec::with_capacity(self.ends.len());
        for end in &self.ends {
            while at <= *end {
                sum += values(self.order[at]);
                at += 1;
            }
            sums.push(sum);
        }
        sums
    }

    /// `sum (recall_k - recall_{k-1}) * hits_k / rows_k`.
    fn area(&self, hits: &[f64], recall: impl Fn(usize) -> f64) -> f64 {
        let mut before = 0.0;
        let mut area = 0.0;
        for (k, end) in self.ends.iter().enumerate() {
            let recall = recall(k);
            area += (recall - before) * hits[k] / (end + 1) as f64;
            before = recall;
        }
        area
    }
}

/// Average precision; NaN without a labelled row.
pub fn average_precision(ranking: &Ranking, labelled: &[bool]) -> f64 {
    let hits = ranking.sums(|row| f64::from(u8::from(labelled[row])));
    match hits.last() {
        Some(all) if *all > 0.0 => ranking.area(&hits, |k| hits[k] / all),
        _ => f64::NAN,
    }
}

/// Volume under the precision-recall surface: mean of the range average precision over halos of 0 to 100 rows
/// around the labels (Paparrizos et al., VLDB 2022, with existence). NaN without a labelled row.
pub fn vus_pr(ranking: &Ranking, labelled: &[bool]) -> f64 {
    let total = labelled.iter().filter(|l| **l).count() as f64;
    if total == 0.0 {
        return f64::NAN;
    }
    let distance = distances(labelled);
    let mut rank = vec![0; labelled.len()];
    for (place, row) in ranking.order.iter().enumerate() {
        rank[*row] = place;
    }
    let halos = (0..=HALOS).map(|k| {
        let width = BUFFER * k as f64 / HALOS as f64;
        let soft = |row: usize| {
            let d = distance[row] as f64;
            if d == 0.0 {
                1.0
            } else if width > 0.0 && d <= width / 2.0 {
                (1.0 - d / width).max(0.0).sqrt()
            } else {
                0.0
            }
        };
        let hits = ranking.sums(soft);
        let halo = ranking.sums(|row| if labelled[row] { 0.0 } else { soft(row) });
        let mut firsts = first_ranks(&rank, |row| soft(row) > 0.0);
        firsts.sort_unstable();
        let recall = |k: usize| {
            let seen = firsts.partition_point(|first| *first <= ranking.ends[k]) as f64 / firsts.len() as f64;
            (hits[k] / (total + halo[k] / 2.0)).min(1.0) * seen
        };
        ranking.area(&hits, recall)
    });
    halos.sum::<f64>() / (HALOS + 1) as f64
}

/// Rows to the nearest labelled one.
fn distances(labelled: &[bool]) -> Vec<usize> {
    let n = labelled.len();
    let mut distance = vec![n; n];
    let mut last = None;
    for i in 0..n {
        last = if labelled[i] { Some(i) } else { last };
        distance[i] = last.map_or(n, |l| i - l);
    }
    let mut next = None;
    for i in (0..n).rev() {
        next = if labelled[i] { Some(i) } else { next };
        distance[i] = distance[i].min(next.map_or(n, |l| l - i));
    }
    distance
}

/// The best rank within each run of rows that are `on`.
fn first_ranks(rank: &[usize], on: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut firsts: Vec<usize> = Vec::new();
    let mut open = false;
    for (row, rank) in rank.iter().enumerate() {
        let now = on(row);
        match firsts.last_mut() {
            Some(best) if now && open => *best = (*best).min(*rank),
            _ if now => firsts.push(*rank),
            _ => {}
        }
        open = now;
    }
    firsts
}

/// Events against labels: hits are labels that an event overlaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlap {
    /// Labels hit.
    pub hits: usize,
    /// Events that overlap no label.
    pub false_alarms: usize,
    /// Labels not hit.
    pub misses: usize,
}

impl Overlap {
    /// Of one series.
    pub fn of(labels: &[(usize, usize)], events: &[(usize, usize)]) -> Overlap {
        let meet = |a: &(usize, usize), b: &(usize, usize)| a.0 < b.1 && b.0 < a.1;
        let hits = labels.iter().filter(|l| events.iter().any(|e| meet(l, e))).count();
        let false_alarms = events.iter().filter(|e| !labels.iter().any(|l| meet(l, e))).count();
        Overlap { hits, false_alarms, misses: labels.len() - hits }
    }

    /// Adds the counts of another series.
    pub fn add(&mut self, other: Overlap) {
        self.hits += other.hits;
        self.false_alarms += other.false_alarms;
        self.misses += other.misses;
    }

    /// Precision, recall and F1; 0 where undefined.
    pub fn rates(&self) -> [f64; 3] {
        let [tp, fp, miss] = [self.hits, self.false_alarms, self.misses].map(|n| n as f64);
        let part = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
        [part(tp, tp + fp), part(tp, tp + miss), part(2.0 * tp, 2.0 * tp + fp + miss)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden};

    /// Values made by the reference scorer on seeded input; the file says how.
    #[test]
    fn agrees_with_the_reference_scorer() {
        let golden = golden("evaluate");
        for (name, case) in golden["quality"].as_object().unwrap() {
            let scores: Vec<f64> = as_type(&case["scores"]);
            let labels: Vec<(usize, usize)> = as_type(&case["labels"]);
            let events: Vec<(usize, usize)> = as_type(&case["events"]);
            // The reference's intervals include their end.
            let open = |v: &[(usize, usize)]| v.iter().map(|(a, b)| (*a, b + 1)).collect::<Vec<_>>();
            let (labels, events) = (open(&labels), open(&events));
            let mut labelled = vec![false; scores.len()];
            labels.iter().for_each(|(a, b)| labelled[*a..*b].fill(true));
            let ranking = Ranking::new(&scores);
            let near = |got: f64, key: &str| {
                let want = case[key].as_f64().unwrap();
                assert!((got - want).abs() < 1e-9, "{name} {key}: {got} {want}");
            };
            near(average_precision(&ranking, &labelled), "auc_pr");
            near(vus_pr(&ranking, &labelled), "vus_pr");
            if labels.len() == 1 {
                near(f64::from(u8::from(top1(&scores, labels[0]))), "top1_len");
            }
            let [precision, recall, f1] = Overlap::of(&labels, &events).rates();
            near(precision, "precision");
            near(recall, "recall");
            near(f1, "f1");
        }
    }

    #[test]
    fn agrees_with_the_reference_metrics() {
        let golden = golden("metrics");
        let scores: Vec<f64> = as_type(&golden["inputs"]["score"]);
        let labelled: Vec<bool> =
            golden["inputs"]["label"].as_array().unwrap().iter().map(|v| v.as_u64() == Some(1)).collect();
        let want = &golden["outputs"];
        let got = average_precision(&Ranking::new(&scores), &labelled);
        assert!((got - want["average_precision"].as_f64().unwrap()).abs() < 1e-9, "{got}");
        let open = |v: &serde_json::Value| -> Vec<(usize, usize)> {
            let closed: Vec<(usize, usize)> = serde_json::from_value(v.clone()).unwrap();
            closed.into_iter().map(|(a, b)| (a, b + 1)).collect()
        };
        let overlap = Overlap::of(&open(&want["true_events"]), &open(&want["detected_events"]));
        let rate = |found: f64, other: &str| found / (found + want["event_overlap"][other].as_f64().unwrap());
        let found = want["event_overlap"]["tp"].as_f64().unwrap();
        let f1 = want["event_overlap"]["f1"].as_f64().unwrap();
        assert_eq!(overlap.rates(), [rate(found, "fp"), rate(found, "fn"), f1]);
    }
}
