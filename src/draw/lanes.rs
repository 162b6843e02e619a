//! One lane a detector under the chart: how strange each finds each moment, all on one scale, and where they agree.
//!
//! A lane holds severities: 0 is the detector's ordinary score, 1 its limit, and more that of an event. So lanes can be
//! compared although the scores cannot. Detectors agree where most of them, and at least two, are over their limits.

use super::captions::Caption;
use super::chart::{Chart, Layout};
use super::decimate::columns;
use super::overlay::Level;
use super::pen::{Pen, Rect, Surface};
use super::rows::Column;
use crate::error::Result;
use plotters::style::RGBAColor;
use std::ops::Range;

/// Height of a lane and of the row of agreement above them, in CSS pixels.
pub const HEIGHT: f64 = 14.0;
/// See [`HEIGHT`].
pub const AGREEMENT: f64 = 6.0;
/// Shades below the limit.
const SHADES: f64 = 6.0;

/// A detector's lane.
#[derive(Debug, Clone, Default)]
pub struct Lane {
    /// What stands beside it.
    pub name: String,
    /// One severity a row; NaN: not scored.
    pub severity: Column,
}

/// How a severity is painted: by shades up to the limit, by levels above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Shade(u8),
    Over(Level),
}

impl Paint {
    fn of(severity: f64) -> Paint {
        if severity >= 1.0 {
            return Paint::Over(Level::of(severity));
        }
        // The lower half is what is always there: it stays blank.
        Paint::Shade((SHADES * (2.0 * severity - 1.0).max(0.0)).round() as u8)
    }
}

impl Chart {
    fn lane_place(&self, layout: &Layout, lane: usize) -> Rect {
        let top = layout.lanes.top + (AGREEMENT + HEIGHT * lane as f64) * self.scale;
        Rect { top, bottom: top + (HEIGHT - 3.0) * self.scale, ..layout.lanes }
    }

    /// The names of the lanes, as far as they have room.
    pub(super) fn lane_names(&self) -> impl Iterator<Item = String> {
        self.lanes.iter().map(|lane| lane.name.chars().take(self.name_room).collect())
    }

    pub(super) fn lane_captions(&self, layout: &Layout) -> impl Iterator<Item = Caption> {
        self.lane_names().enumerate().map(|(i, name)| {
            let place = self.lane_place(layout, i);
            self.beside(name, &place, (place.top + place.bottom) / 2.0)
        })
    }

    pub(super) fn draw_lanes<B: Surface>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        visible: Range<usize>,
    ) -> Result<()> {
        if self.lanes.is_empty() {
            return Ok(());
        }
        let (theme, x, place) = (&self.theme, &layout.x, &layout.lanes);
        // How many lanes are over their limits in each column of pixels.
        let mut over = vec![0_usize; place.right as usize + 1];
        for (i, lane) in self.lanes.iter().enumerate() {
            let rect = self.lane_place(layout, i);
            pen.block(rect, theme.grid)?;
            let shown = columns(&self.rows.time, &lane.severity, &lane.severity, visible.clone(), x);
            for &(at, _, severity) in &shown {
                if let Some(over) = over.get_mut(at as usize).filter(|_| severity >= 1.0) {
                    *over += 1;
                }
            }
            // A sample lasts until the next one.
            let gap = self.gap_pixels(x).max(1.0);
            let until = |i: usize| {
                let next = shown.get(i + 1).map_or(f64::INFINITY, |column| column.0);
                shown.get(i).map_or(next, |column| next.min(column.0 + gap)).min(place.right)
            };
            let mut from = 0;
            for part in shown.chunk_by(|a, b| b.0 - a.0 <= gap && Paint::of(a.2) == Paint::of(b.2)) {
                let last = from + part.len() - 1;
                let (left, right, severity) = (part[0].0, until(last), part[0].2);
                from += part.len();
                let paint = match Paint::of(severity) {
                    Paint::Shade(0) => continue,
                    Paint::Shade(shade) => {
                        let RGBAColor(r, g, b, alpha) = theme.score;
                        RGBAColor(r, g, b, alpha * f64::from(shade) / SHADES)
                    }
                    Paint::Over(level) => theme.level(level),
                };
                pen.block(Rect { left, right, ..rect }, paint)?;
            }
        }
        self.draw_agreement(pen, layout, over, visible)
    }

    /// A bar above the lanes where most detectors are over their limits; the one of the chart has its vote too.
    fn draw_agreement<B: Surface>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        mut votes: Vec<usize>,
        visible: Range<usize>,
    ) -> Result<()> {
        let (rows, place) = (&self.rows, &layout.lanes);
        let scores = columns(&rows.time, &rows.scores, &rows.scores, visible.clone(), &layout.x);
        let limits = columns(&rows.time, &rows.limits, &rows.limits, visible, &layout.x);
        for &(at, _, score) in &scores {
            let limit = limits.get(limits.partition_point(|limit| limit.0 < at));
            let over = limit.is_some_and(|limit| limit.0 == at && score > limit.1);
            if let Some(votes) = votes.get_mut(at as usize).filter(|_| over) {
                *votes += 1;
            }
        }
        let needed = (self.lanes.len().div_ceil(2) + 1).max(2);
        let agreed: Vec<usize> = (0..votes.len()).filter(|at| votes[*at] >= needed).collect();
        for part in agreed.chunk_by(|a, b| b - a <= 1) {
            let (Some(&first), Some(&last)) = (part.first(), part.last()) else { continue };
            let (left, right) = (first as f64, (last as f64 + 1.0).max(first as f64 + 2.0 * self.scale));
            let bottom = place.top + (AGREEMENT - 2.0) * self.scale;
            pen.block(Rect { left, right, top: bottom - 3.0 * self.scale, bottom }, self.theme.ink)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_have_their_paint() {
        assert_eq!(Paint::of(f64::NAN), Paint::Shade(0));
        assert_eq!(Paint::of(0.4), Paint::Shade(0));
        assert_eq!(Paint::of(0.99), Paint::Shade(6));
        assert_eq!(Paint::of(1.0), Paint::Over(Level::Mild));
        assert_eq!(Paint::of(5.0), Paint::Over(Level::Severe));
    }
}
