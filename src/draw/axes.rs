//! The axes: what the value axis spans, the ticks of both, and their labels.

use super::chart::{Chart, Layout};
use super::pen::{Pen, Rect};
use super::scale::View;
use super::ticks::{Unit, time_ticks, value_labels, value_ticks};
use crate::error::Result;
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, VPos};
use std::ops::Range;

impl Chart {
    /// The moments of the time axis' ticks and the unit of their step; the page writes the labels.
    pub fn time_ticks(&self) -> Option<(Unit, Vec<f64>)> {
        let layout = self.layout()?;
        let wanted = (layout.plot.width() / (92.0 * self.scale)).floor().max(1.0) as usize;
        Some(time_ticks(self.view()?, wanted, &self.zone))
    }

    /// The values that the axis spans: all visible ones with a little air, down to 0 when that is near, and the
    /// band as far as it does not flatten the series.
    pub(super) fn value_domain(&self, view: &View, rows: Range<usize>) -> (f64, f64) {
        let inside = view.inside(&self.rows.time);
        let value = &self.rows.value;
        let seen = value.extent(inside.clone()).or_else(|| value.extent(rows));
        let Some((mut low, mut high)) = seen else { return (0.0, 1.0) };
        let range = high - low;
        if range <= f64::EPSILON * low.abs().max(high.abs()) {
            let air = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
            return (low - air, high + air);
        }
        let (lower, upper) = (self.rows.lower.extent(inside.clone()), self.rows.upper.extent(inside));
        if let (true, Some((lower, _)), Some((_, upper))) = (self.theme.band.3 > 0.0, lower, upper) {
            low = low.min(lower.max(low - 0.2 * range));
            high = high.max(upper.min(high + 0.2 * range));
        }
        let range = high - low;
        let near_zero = low >= 0.0 && low < 0.2 * range;
        (if near_zero { 0.0 } else { low - 0.05 * range }, high + 0.06 * range)
    }

    pub(super) fn value_axis(&self, domain: (f64, f64), height: f64) -> (Vec<f64>, Vec<String>) {
        let wanted = (height / (44.0 * self.scale)).floor().clamp(2.0, 7.0) as usize;
        let ticks = value_ticks(domain.0, domain.1, wanted);
        let labels = value_labels(&ticks, self.decimal);
        (ticks, labels)
    }

    pub(super) fn draw_value_axis<B: DrawingBackend>(&self, pen: &mut Pen<B>, layout: &Layout) -> Result<()> {
        let Layout { plot, y, .. } = layout;
        let (ticks, labels) = self.value_axis(y.domain(), plot.height());
        let hair = self.scale.round().max(1.0);
        let heights: Vec<f64> = ticks.iter().map(|tick| y.at(*tick).round()).collect();
        // All of one colour together: a canvas is slower to take a colour than to fill a line.
        for &at in &heights {
            pen.block(Rect { top: at, bottom: at + hair, ..*plot }, self.theme.grid)?;
        }
        let end = plot.left - 8.0 * self.scale;
        for (&at, label) in heights.iter().zip(&labels) {
            pen.text(label, (end, at), (HPos::Right, VPos::Center), self.theme.muted)?;
        }
        Ok(())
    }

    pub(super) fn draw_time_axis<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        labels: &[String],
    ) -> Result<()> {
        let Some((_, ticks)) = self.time_ticks() else { return Ok(()) };
        let top = layout.plot.bottom + 9.0 * self.scale;
        let mut free = 0.0;
        for (tick, label) in ticks.iter().zip(labels) {
            let half = pen.text_width(label) / 2.0;
            // A label at the edge moves inwards instead of being cut.
            let last = self.size.0 - half - 2.0 * self.scale;
            let middle = layout.x.at(*tick).min(last).max(half + 2.0 * self.scale);
            if middle - half < free {
                continue;
            }
            free = middle + half + 10.0 * self.scale;
            pen.text(label, (middle, top), (HPos::Center, VPos::Top), self.theme.muted)?;
        }
        Ok(())
    }
}
