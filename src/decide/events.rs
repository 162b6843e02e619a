//! Scores over their limit to events: points, durations and shifts.

use serde::Serialize;

use super::history::History;
use super::published;
use super::runs::{highest, hits, merged, news};
use super::shape::{SHIFT_REACH, direction, kind};
use crate::error::{Error, Result};
use crate::score::rarity::Rarity;
use crate::settings::settings;

/// A score is nearly the highest of its event from this part of it on.
const NEARLY: f64 = 0.9;
/// By this part of the limit over it, a rarity is some ten times as rare as the limit.
const RARER: f64 = 1.0 / 3.0;

/// What counts as one event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Points from which on an event is a duration.
    pub min_duration: usize,
    /// Hits with at most this many points between them are one event.
    pub merge: usize,
    /// Points by which an event is widened on both sides.
    pub pad: usize,
    /// An event lasts until the score falls below this part of the way from the ordinary score to the limit;
    /// 1 ends it at the limit.
    pub hysteresis: f64,
    /// Points after which an event ends by decision, and is a shift: what lasts longer is a new state, and no news any
    /// more. Unset: two periods, 400 at least.
    pub longest: Option<usize>,
    /// Points after an event in which no other may begin.
    pub refractory: usize,
    /// Least relative drop from an event's peak to the largest calibration score under the limit (theta); an
    /// event that stands out less is a false alarm.
    pub prune: f64,
}
settings!(Options { min_duration, merge, pad, hysteresis, longest, refractory, prune });

impl Default for Options {
    fn default() -> Self {
        Options {
            min_duration: 3,
            merge: 5,
            pad: 0,
            hysteresis: 0.7,
            longest: None,
            refractory: 0,
            prune: 0.1,
        }
    }
}

impl Options {
    /// # Errors
    /// [`Error::Param`] for a hysteresis outside `(0, 1]`, a prune outside `[0, 1)`, or events of no length.
    pub fn check(&self) -> Result<()> {
        if !(self.hysteresis > 0.0 && self.hysteresis <= 1.0) {
            return Err(Error::param("events.hysteresis", "must be above 0 and at most 1"));
        }
        if !(0.0..1.0).contains(&self.prune) {
            return Err(Error::param("events.prune", "must be at least 0 and below 1"));
        }
        if self.longest == Some(0) {
            return Err(Error::param("events.longest", "must be at least 1 point, or null"));
        }
        Ok(())
    }
}

/// The shape of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Shorter than `min_duration`.
    Point,
    /// A stretch.
    Duration,
    /// A stretch after which the level, or what made it strange, stays.
    Shift,
}

/// Where the values went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Above what was expected.
    High,
    /// Below what was expected.
    Low,
    /// Neither: the course is strange, not the level.
    Shape,
}

/// Half-open `start..end`, in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// First row.
    pub start: usize,
    /// One past the last row.
    pub end: usize,
    /// Row of the highest score. Where several detectors judge, of rows whose score is nearly as high the one farthest
    /// from what was expected.
    pub peak: usize,
    /// The highest score.
    pub score: f64,
    /// The limit there.
    pub limit: f64,
    /// The value there.
    pub value: f64,
    /// The value expected there, where the detector has one.
    pub expected: Option<f64>,
    /// 1 is just at the limit. Height of the peak over the ordinary score, in heights of the limit over it; of scores
    /// that are rarities, which are logarithms, √10 for each third of the limit that the peak is over it, as that
    /// makes it some ten times as rare.
    pub severity: f64,
    /// Point, duration or shift.
    pub kind: EventKind,
    /// High, low or shape.
    pub direction: Direction,
    /// Whether nothing that comes later can change it.
    pub settled: bool,
}

impl Event {
    /// Counts its rows from `base` rows earlier.
    pub fn shift(&mut self, base: usize) {
        for row in [&mut self.start, &mut self.end, &mut self.peak] {
            *row += base;
        }
    }
}

/// What the decision looks at. Columns are of equal length, one entry a row.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The calibration scores.
    pub history: &'a History,
    /// Scores; NaN: not scored.
    pub scores: &'a [f64],
    /// One limit a score.
    pub limits: &'a [f64],
    /// Values in units of `scale`; NaN: missing.
    pub values: &'a [f64],
    /// Expected values where the detector has them.
    pub expected: Option<&'a [f64]>,
    /// Whether others judge than the one that expects them.
    pub apart: bool,
    /// The scale of scores that are rarities by themselves.
    pub rarity: Option<Rarity>,
    /// Scale of the values: half of the range that ordinary values fill.
    pub scale: f64,
    /// Rows in one period, if the series has one.
    pub period: Option<usize>,
    /// Rows before this one have their final scores and limits.
    pub settled: usize,
}

/// The events, in order. Each depends on the rows up to [`SHIFT_REACH`] or `merge + pad` after it and on those
/// before it, never on later ones.
pub fn find(evidence: &Evidence, options: &Options) -> Vec<Event> {
    let ordinary = evidence.history.ordinary();
    let mut events: Vec<Event> = Vec::new();
    for (start, end, lasts) in news(evidence, ordinary, options) {
        let Some(highest) = highest(evidence.scores, start, end) else { continue };
        let (top, limit) = (evidence.scores[highest], evidence.limits[highest]);
        let floor = evidence.history.below(limit);
        if top - floor < options.prune * (top - floor.min(0.0)) {
            continue;
        }
        if events.last().is_some_and(|last| start < last.end + options.refractory) {
            continue;
        }
        let peak = farthest(evidence, start, end, NEARLY * top).unwrap_or(highest);
        let end = (end + options.pad).min(evidence.scores.len());
        let start = start.saturating_sub(options.pad).max(events.last().map_or(0, |last| last.end));
        let event =
            describe(evidence, options, start, end, peak, severity(evidence.rarity, top, limit, ordinary));
        let event = Event { score: top, limit, ..event };
        events.push(Event { kind: if lasts { EventKind::Shift } else { event.kind }, ..event });
    }
    events
}

/// The events of the post-processing published with TadGAN, at a sensitivity of 0..=100. Nothing is settled
/// before the series ends.
pub fn find_published(evidence: &Evidence, options: &Options, sensitivity: f64) -> Vec<Event> {
    published::spans(&published::scored(evidence.scores), &published::rule(sensitivity))
        .into_iter()
        .map(|span| {
            let peak = highest(evidence.scores, span.start, span.end).unwrap_or(span.start);
            describe(evidence, options, span.start, span.end, peak, span.severity)
        })
        .collect()
}

fn describe(
    evidence: &Evidence,
    options: &Options,
    start: usize,
    end: usize,
    peak: usize,
    severity: f64,
) -> Event {
    Event {
        start,
        end,
        peak,
        score: evidence.scores[peak],
        limit: evidence.limits[peak],
        value: evidence.values[peak],
        expected: evidence.expected.map(|e| e[peak]).filter(|e| e.is_finite()),
        severity,
        kind: kind(evidence, start, end, options.min_duration),
        direction: direction(evidence, start, end, peak),
        settled: end + reach(options) <= evidence.settled,
    }
}

/// Of the rows whose score is at least `high`, the one farthest from what was expected, where who judges does not say
/// so: windows give all rows around a strange one scores that hardly differ.
fn farthest(evidence: &Evidence, start: usize, end: usize, high: f64) -> Option<usize> {
    let expected = evidence.expected.filter(|_| evidence.apart)?;
    let off = |i: &usize| (evidence.values[*i] - expected[*i]).abs();
    let near = (start..end).filter(|i| evidence.scores[*i] >= high && off(i).is_finite());
    near.max_by(|a, b| off(a).total_cmp(&off(b)))
}

/// See [`Event::severity`]; bounded where the limit meets the ordinary score.
fn severity(rarity: Option<Rarity>, top: f64, limit: f64, ordinary: f64) -> f64 {
    let severity = match rarity {
        Some(scale) => {
            let (top, limit) = (scale.of(top), scale.of(limit).max(f64::MIN_POSITIVE));
            10f64.powf(0.5 * (top - limit) / (RARER * limit))
        }
        None => {
            let height = (limit - ordinary).max(1e-9 * limit.abs()).max(f64::MIN_POSITIVE);
            (top - ordinary) / height
        }
    };
    severity.min(1e6)
}

/// Rows after an event that may still change it.
fn reach(options: &Options) -> usize {
    SHIFT_REACH.max(options.merge + options.pad)
}

/// Rows before this one, and the events there, never change again: no run over the limit is open, not even one
/// that is too low for an event by itself.
pub fn settled(evidence: &Evidence, options: &Options) -> usize {
    let ordinary = evidence.history.ordinary();
    merged(hits(evidence, ordinary, options.hysteresis), options.merge)
        .into_iter()
        .find(|(_, end)| end + reach(options) > evidence.settled)
        .map_or(evidence.settled, |(start, _)| start.saturating_sub(options.pad).min(evidence.settled))
}

/// The last row up to `until` from which on events are found as if nothing came before: no run over the limit
/// is open there or ended so near before that it could be joined or muted.
pub fn quiet(evidence: &Evidence, options: &Options, until: usize) -> usize {
    let ordinary = evidence.history.ordinary();
    let after = options.merge + options.refractory + 2 * options.pad + 1;
    let mut row = until;
    for (start, end) in hits(evidence, ordinary, options.hysteresis).into_iter().rev() {
        let (start, end) = (start.saturating_sub(options.pad), end + after);
        if start < row && row <= end {
            row = start;
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(scores: &[f64], limit: f64, values: &[f64], options: &Options) -> Vec<Event> {
        periodic(None, scores, limit, values, options)
    }

    fn periodic(
        period: Option<usize>,
        scores: &[f64],
        limit: f64,
        values: &[f64],
        options: &Options,
    ) -> Vec<Event> {
        let limits = vec![limit; scores.len()];
        let history = History::of(&[0.0, 1.0, 0.5]);
        let evidence = Evidence {
            history: &history,
            scores,
            limits: &limits,
            values,
            expected: None,
            apart: false,
            rarity: None,
            scale: 1.0,
            period,
            settled: scores.len(),
        };
        find(&evidence, options)
    }

    fn flat(n: usize, hits: &[(usize, f64)]) -> Vec<f64> {
        let mut scores = vec![0.5; n];
        hits.iter().for_each(|(i, v)| scores[*i] = *v);
        scores
    }

    #[test]
    fn points_durations_and_their_severity() {
        let scores = flat(100, &[(10, 4.0), (50, 3.0), (51, 5.0), (52, 3.0), (53, 3.0)]);
        let events = decide(&scores, 2.0, &vec![0.0; 100], &Options::default());
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].start, events[0].end, events[0].kind), (10, 11, EventKind::Point));
        assert_eq!((events[1].start, events[1].end, events[1].peak), (50, 54, 51));
        assert_eq!(events[1].kind, EventKind::Duration);
        assert_eq!(events[1].severity, (5.0 - 0.5) / (2.0 - 0.5));
        assert!(events[0].settled && events[1].settled);
    }

    #[test]
    fn the_severity_of_rarities_grows_by_their_powers_of_ten() {
        let of = |rarity, top| severity(rarity, top, 3.0, 0.5);
        assert_eq!((of(None, 3.0), of(Some(Rarity::PLAIN), 3.0)), (1.0, 1.0));
        assert!((of(Some(Rarity::PLAIN), 4.0) - 10f64.sqrt()).abs() < 1e-12);
        assert!((of(Some(Rarity::PLAIN), 5.0) - 10.0).abs() < 1e-12);
        // Its own unit falls out, its power does not.
        let scale = Rarity { unit: 1.5, power: 2.0 };
        assert!((severity(Some(scale), 16.0, 9.0, 0.5) - 10f64.sqrt()).abs() < 1e-12);
        assert_eq!((severity(Some(Rarity::PLAIN), 9.0, 0.0, 0.0), of(Some(Rarity::PLAIN), 1e9)), (1e6, 1e6));
    }

    #[test]
    fn the_peak_is_where_the_value_is_farthest_off_among_scores_that_hardly_differ() {
        let scores = flat(30, &[(10, 4.8), (11, 5.0), (12, 4.9), (13, 3.0)]);
        let (mut values, expected) = ([0.0; 30], [1.0; 30]);
        (values[10], values[13]) = (-3.0, 9.0);
        let (limits, history) = ([2.0; 30], History::of(&[0.0, 1.0, 0.5]));
        let peak = |expected, apart| {
            let evidence = Evidence {
                history: &history,
                scores: &scores,
                limits: &limits,
                values: &values,
                expected,
                apart,
                rarity: None,
                scale: 1.0,
                period: None,
                settled: 30,
            };
            let event = find(&evidence, &Options::default()).remove(0);
            assert_eq!(event.score, 5.0);
            event.peak
        };
        assert_eq!((peak(None, true), peak(Some(&[f64::NAN; 30]), true)), (11, 11));
        assert_eq!((peak(Some(&expected[..]), true), peak(Some(&expected[..]), false)), (10, 11));
    }

    #[test]
    fn what_lasts_ends_by_decision_and_comes_once() {
        let hits: Vec<(usize, f64)> = (20..80).map(|i| (i, 3.0 + i as f64 / 100.0)).collect();
        let options = Options { longest: Some(25), ..Options::default() };
        let events = decide(&flat(100, &hits), 2.0, &vec![0.0; 100], &options);
        assert_eq!(events.len(), 1);
        // The peak is the highest of what was told, not of what came after.
        assert_eq!((events[0].start, events[0].end, events[0].peak), (20, 45, 44));
        assert_eq!(events[0].kind, EventKind::Shift);
        let whole = decide(&flat(100, &hits), 2.0, &vec![0.0; 100], &Options::default());
        assert_eq!((whole[0].end, whole[0].kind), (80, EventKind::Duration));
        // Within what lasts, half as far again is news.
        let mut scores = flat(100, &hits);
        scores[60] = 6.0;
        let events = decide(&scores, 2.0, &vec![0.0; 100], &options);
        let places: Vec<_> = events.iter().map(|e| (e.start, e.end, e.kind)).collect();
        assert_eq!(places, [(20, 45, EventKind::Shift), (60, 80, EventKind::Duration)]);
    }

    #[test]
    fn near_hits_merge_far_ones_do_not_and_refractory_mutes() {
        let scores = flat(60, &[(10, 4.0), (16, 4.0), (30, 4.0)]);
        let values = vec![0.0; 60];
        let spans = |o: &Options| {
            decide(&scores, 2.0, &values, o).iter().map(|e| (e.start, e.end)).collect::<Vec<_>>()
        };
        assert_eq!(spans(&Options::default()), [(10, 17), (30, 31)]);
        assert_eq!(spans(&Options { merge: 4, ..Options::default() }), [(10, 11), (16, 17), (30, 31)]);
        assert_eq!(spans(&Options { refractory: 20, ..Options::default() }), [(10, 17)]);
        assert_eq!(spans(&Options { pad: 2, ..Options::default() }), [(8, 19), (28, 33)]);
    }

    #[test]
    fn hysteresis_carries_an_event_over_a_dip() {
        let scores = flat(30, &[(10, 4.0), (11, 1.8), (12, 1.8), (13, 4.0)]);
        let end =
            |h| decide(&scores, 2.0, &[0.0; 30], &Options { merge: 0, hysteresis: h, ..Options::default() });
        assert_eq!(end(0.7).len(), 1);
        assert_eq!(end(1.0).len(), 2);
    }

    #[test]
    fn barely_over_the_noise_is_pruned() {
        // The largest calibration score under the limit is 1.0.
        assert_eq!(decide(&flat(30, &[(5, 1.05)]), 1.01, &[0.0; 30], &Options::default()).len(), 0);
        assert_eq!(decide(&flat(30, &[(5, 1.2)]), 1.01, &[0.0; 30], &Options::default()).len(), 1);
    }

    #[test]
    fn a_pulse_that_fades_is_no_shift() {
        // Of its 30 it has lost half when the event ends, and a third of the rest in the rows that are looked at.
        let pulse = |i: usize| if i < 100 { 0.0 } else { 30.0 * (-((i - 100) as f64) / 30.0).exp() };
        let values: Vec<f64> = (0..200).map(pulse).collect();
        let hits: Vec<(usize, f64)> = (100..120).map(|i| (i, 9.0)).collect();
        let events = decide(&flat(200, &hits), 2.0, &values, &Options::default());
        assert_eq!(events[0].kind, EventKind::Duration);
    }

    #[test]
    fn what_comes_every_period_is_no_shift() {
        // From low to high and back, 150 rows each; the third rise is strange.
        let square = |i: usize| if (i / 150).is_multiple_of(2) { 0.0 } else { 5.0 };
        let mut values: Vec<f64> = (0..1200).map(square).collect();
        let hits: Vec<(usize, f64)> = (740..770).map(|i| (i, 9.0)).collect();
        let kind = |values: &[f64], period| {
            periodic(period, &flat(1200, &hits), 2.0, values, &Options::default())[0].kind
        };
        assert_eq!(kind(&values, None), EventKind::Shift);
        assert_eq!(kind(&values, Some(300)), EventKind::Duration);
        values[750..].iter_mut().for_each(|v| *v += 20.0);
        assert_eq!(kind(&values, Some(300)), EventKind::Shift);
    }

    #[test]
    fn a_lasting_step_is_a_shift_and_says_its_direction() {
        let mut values = vec![0.0; 200];
        values[100..].fill(5.0);
        let hits: Vec<(usize, f64)> = (100..110).map(|i| (i, 9.0)).collect();
        let events = decide(&flat(200, &hits), 2.0, &values, &Options::default());
        assert_eq!((events[0].kind, events[0].direction), (EventKind::Shift, Direction::High));
        values[110..].fill(0.0);
        let events = decide(&flat(200, &hits), 2.0, &values, &Options::default());
        assert_eq!(events[0].kind, EventKind::Duration);
    }

    #[test]
    fn a_low_run_at_the_live_edge_is_not_settled_either() {
        // Pruned by itself, and part of an event once a higher run joins it.
        let mut scores = flat(40, &[(20, 1.05)]);
        let limits = vec![1.01; 40];
        let at = |scores: &[f64], settled: usize| {
            let (history, values) = (History::of(&[0.0, 1.0, 0.5]), vec![0.0; 40]);
            let evidence = Evidence {
                history: &history,
                scores,
                limits: &limits,
                values: &values,
                expected: None,
                apart: false,
                rarity: None,
                scale: 1.0,
                period: None,
                settled,
            };
            (find(&evidence, &Options::default()).len(), super::settled(&evidence, &Options::default()))
        };
        assert_eq!(at(&scores, 24), (0, 20));
        scores[24] = 4.0;
        assert_eq!(at(&scores, 40), (1, 20));
        assert_eq!(quiet_before(&scores, &limits, 26), 20);
    }

    fn quiet_before(scores: &[f64], limits: &[f64], until: usize) -> usize {
        let (history, values) = (History::of(&[0.0, 1.0, 0.5]), vec![0.0; scores.len()]);
        let evidence = Evidence {
            history: &history,
            scores,
            limits,
            values: &values,
            expected: None,
            apart: false,
            rarity: None,
            scale: 1.0,
            period: None,
            settled: 0,
        };
        quiet(&evidence, &Options::default(), until)
    }

    #[test]
    fn an_event_at_the_live_edge_is_not_settled() {
        let events = decide(&flat(30, &[(20, 4.0)]), 2.0, &[0.0; 30], &Options::default());
        assert!(!events[0].settled);
    }
}
