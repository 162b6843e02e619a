//! The axes: what the value axis spans, the ticks of both, and their labels.

use super::captions::{Caption, Captions};
use super::chart::{Chart, Layout, TEXT};
use super::pen::{Pen, Rect, Surface, text_width};
use super::scale::View;
use super::ticks::{Unit, time_ticks, value_labels, value_ticks};
use crate::error::Result;
use std::ops::Range;

impl Chart {
    /// The unit of the time axis' step and the moments of its ticks, on so many device pixels; the page writes the
    /// labels.
    pub(super) fn time_ticks(&self, view: View, width: f64) -> (Unit, Vec<f64>) {
        let wanted = (width / (92.0 * self.scale)).floor().max(1.0) as usize;
        time_ticks(view, wanted, &self.zone)
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

    /// The ticks of the value axis, on so many device pixels, and their labels.
    pub(super) fn value_ticks(&self, domain: (f64, f64), height: f64) -> Vec<(f64, String)> {
        let wanted = (height / (44.0 * self.scale)).floor().clamp(2.0, 7.0) as usize;
        let ticks = value_ticks(domain.0, domain.1, wanted);
        let labels = value_labels(&ticks, self.decimal);
        ticks.into_iter().zip(labels).collect()
    }

    /// A line at each label of the value axis.
    pub(super) fn draw_grid<B: Surface>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        captions: &Captions,
    ) -> Result<()> {
        let hair = self.scale.round().max(1.0);
        captions.values.iter().try_for_each(|label| {
            let top = label.at.1;
            pen.block(Rect { top, bottom: top + hair, ..layout.plot }, self.theme.grid)
        })
    }

    /// The labels of the value axis.
    pub(super) fn value_captions(&self, layout: &Layout) -> Vec<Caption> {
        let Layout { plot, y, values, .. } = layout;
        let beside = |(tick, label): &(f64, String)| self.beside(label.clone(), plot, y.at(*tick).round());
        values.iter().map(beside).collect()
    }

    /// Those labels of the time axis, a line each, that have room.
    pub(super) fn time_captions(&self, layout: &Layout, labels: &str) -> Vec<Caption> {
        let mut free = 0.0;
        let placed = layout.times.1.iter().zip(labels.split('\n')).filter_map(|(&tick, label)| {
            let half = text_width(label, TEXT * self.scale) / 2.0;
            // A label at the edge moves inwards instead of being cut.
            let last = self.size.0 - half - 2.0 * self.scale;
            let middle = layout.x.at(tick).min(last).max(half + 2.0 * self.scale);
            if middle - half < free {
                return None;
            }
            free = middle + half + 10.0 * self.scale;
            Some(self.below(label.into(), &layout.plot, middle))
        });
        placed.collect()
    }
}
