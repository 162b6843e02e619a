//! What an event looks like in the values: a point, a stretch or a step; high, low or of another shape.

use super::events::{Direction, EventKind, Evidence};
use crate::math::stats;

/// Rows on each side of an event that decide whether the level has moved.
pub(super) const SHIFT_REACH: usize = 25;
/// The part of its distance that a new level keeps from the first half of those rows to the second.
const STAYS: f64 = 0.85;
/// Rows before an event at which its direction is judged.
pub const CONTEXT: usize = 4 * SHIFT_REACH;

/// Whether an event is a point, lasts, or leaves the series on another level.
pub(super) fn kind(evidence: &Evidence, start: usize, end: usize, min_duration: usize) -> EventKind {
    if end - start < min_duration {
        return EventKind::Point;
    }
    let before = stats::finite(&evidence.values[start.saturating_sub(SHIFT_REACH)..start]);
    let after = stats::finite(&evidence.values[end..(end + SHIFT_REACH).min(evidence.values.len())]);
    if before.len() < SHIFT_REACH / 2 || after.len() < SHIFT_REACH / 2 {
        return EventKind::Duration;
    }
    // A step: both sides are quiet, and apart by more than their own spread and a good part of the range.
    let middle = stats::median(&before);
    let away = |values: &[f64]| (stats::median(values) - middle).abs();
    let spread = range(&before).max(range(&after));
    // A level that is on its way back is the end of a pulse.
    let (early, late) = after.split_at(after.len() / 2);
    let stays = away(late) > STAYS * away(early);
    let far = evidence.scale.max(spread);
    // What came a period before at the same place is no step.
    let usual = evidence.period.and_then(|period| end.checked_sub(period)).is_some_and(|from| {
        let usual = stats::finite(&evidence.values[from..(from + SHIFT_REACH).min(evidence.values.len())]);
        (stats::median(&usual) - stats::median(&after)).abs() <= far
    });
    if stays && away(&after) > far && !usual { EventKind::Shift } else { EventKind::Duration }
}

fn range(values: &[f64]) -> f64 {
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// High or low if the values of the event lie mostly on one side of what was expected, by a tenth of the scale
/// at least; without an expected value, if the peak lies outside the range of the rows before the event.
pub(super) fn direction(evidence: &Evidence, start: usize, end: usize, peak: usize) -> Direction {
    let deviation = match evidence.expected {
        Some(expected) => {
            let mut away: Vec<f64> =
                (start..end).map(|i| evidence.values[i] - expected[i]).filter(|d| d.is_finite()).collect();
            let at_peak = evidence.values[peak] - expected[peak];
            let typical = stats::median_in_place(&mut away);
            if typical * at_peak > 0.0 { at_peak } else { 0.0 }
        }
        None => {
            let before = stats::finite(&evidence.values[start.saturating_sub(CONTEXT)..start]);
            let high = before.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let low = before.iter().copied().fold(f64::INFINITY, f64::min);
            let inside = stats::finite(&evidence.values[start..end]);
            let above = inside.iter().copied().fold(f64::NEG_INFINITY, f64::max) - high;
            let below = low - inside.iter().copied().fold(f64::INFINITY, f64::min);
            match (above > 0.0, below > 0.0) {
                (true, false) => above,
                (false, true) => -below,
                _ => 0.0,
            }
        }
    };
    if deviation > 0.1 * evidence.scale {
        Direction::High
    } else if deviation < -0.1 * evidence.scale {
        Direction::Low
    } else {
        Direction::Shape
    }
}
