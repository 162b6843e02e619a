//! The series: its line, what was expected, and the band around that.

use super::chart::{Chart, Layout};
use super::decimate::{Trace, columns};
use super::pen::{Pen, Surface};
use super::rows::Column;
use super::scale::Scale;
use super::stretch::{Stretch, jagged};
use crate::error::Result;
use std::ops::Range;

/// Steps of the series without a row after which the line is parted.
const LONGEST_GAP: f64 = 5.0;

/// What is drawn of the series by these scales.
#[derive(Debug)]
pub struct Lines {
    scales: (Scale, Scale),
    expected: Vec<Stretch>,
    value: Vec<Stretch>,
}

impl Chart {
    pub(super) fn draw_band<B: Surface>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        rows: Range<usize>,
    ) -> Result<()> {
        let r = &self.rows;
        let Layout { x, y, .. } = layout;
        let band = columns(&r.time, &r.lower, &r.upper, rows, x);
        // Neighbours farther apart than a gap do not belong to one band.
        let apart = self.gap_pixels(x).max(2.0);
        for part in band.chunk_by(|a, b| b.0 - a.0 <= apart) {
            let pixels = |&(at, low, high): &(f64, f64, f64)| (at, y.clamp(y.at(high)), y.clamp(y.at(low)));
            let part: Vec<(f64, f64, f64)> = part.iter().map(pixels).collect();
            if jagged(&part) {
                pen.columns(&part, self.theme.band)?;
                continue;
            }
            let upper = part.iter().map(|&(at, top, _)| (at + 0.5, top));
            let lower = part.iter().rev().map(|&(at, _, bottom)| (at + 0.5, bottom));
            pen.area(&upper.chain(lower).collect::<Vec<_>>(), self.theme.band)?;
        }
        Ok(())
    }

    /// So many milliseconds without a row part the line.
    pub(super) fn longest_gap(&self) -> f64 {
        if self.step > 0.0 { LONGEST_GAP * self.step } else { f64::INFINITY }
    }

    /// The same in pixels.
    pub(super) fn gap_pixels(&self, x: &Scale) -> f64 {
        x.at(self.longest_gap()) - x.at(0.0)
    }

    pub(super) fn draw_series<B: Surface>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        rows: Range<usize>,
    ) -> Result<()> {
        let r = &self.rows;
        let Layout { plot, x, y, .. } = layout;
        let dense = rows.len() as f64 / plot.width();
        let mut kept = self.lines.borrow_mut();
        if kept.as_ref().is_none_or(|lines| lines.scales != (*x, *y)) {
            let longest = self.longest_gap();
            let line = |value: &Column| Trace { time: &r.time, value, x, y, longest }.stretches(rows.clone());
            *kept = Some(Lines { scales: (*x, *y), expected: line(&r.expected), value: line(&r.value) });
        }
        let Some(Lines { expected, value, .. }) = kept.as_ref() else { return Ok(()) };
        for stretch in expected {
            pen.kept(&stretch.places, stretch.stroke(self.scale.max(1.0)), self.theme.expected)?;
        }
        let stroke = if dense > 2.0 { 1.25 } else { 1.5 } * self.scale;
        let far_apart = dense * 10.0 * self.scale < 1.0;
        for stretch in value {
            if stretch.places.len() == 1 {
                stretch.points().try_for_each(|lone| pen.dot(lone, 1.5 * self.scale, self.theme.line))?;
                continue;
            }
            pen.kept(&stretch.places, stretch.stroke(stroke), self.theme.line)?;
            if far_apart {
                stretch.points().try_for_each(|point| pen.dot(point, 2.0 * self.scale, self.theme.line))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::{Op, Recorder};
    use super::super::trial::{LINE, chart, drawn, wave};

    #[test]
    fn decimated_draws_the_pixels_of_all() {
        let values = wave(20_000);
        let chart = chart(&values, 600.0, 1.0);
        let layout = chart.layout().unwrap();
        let full: Vec<(f64, f64)> = (0..values.len())
            .map(|i| (layout.x.at(chart.rows.time.get(i).unwrap()), layout.y.at(values[i])))
            .collect();
        let mut twin = Recorder::default();
        twin.ops.push(Op::Line(full, 1.0, LINE));
        let (got, want) = (drawn(&chart).painted(LINE), twin.painted(LINE));
        let missing = want.difference(&got).count();
        assert!(missing as f64 <= 0.01 * want.len() as f64, "{missing} of {}", want.len());
        let extra = got.difference(&want).count();
        assert!(extra as f64 <= 0.02 * got.len() as f64, "{extra} of {}", got.len());
        let count =
            |op: &Op| if let Op::Line(p, _, c) = op { if *c == LINE { p.len() } else { 0 } } else { 0 };
        let points: usize = drawn(&chart).ops.iter().map(count).sum();
        assert!(points <= 2 * 600, "{points}");
    }

    #[test]
    fn one_spike_in_a_million_is_drawn_inside_the_axis() {
        let mut values = vec![1.0; 1_000_000];
        values[654_321] = 500.0;
        let chart = chart(&values, 800.0, 1.0);
        let layout = chart.layout().unwrap();
        let top = drawn(&chart).painted(LINE).into_iter().map(|(_, y)| y).min().unwrap();
        assert_eq!(top, layout.y.at(500.0).floor() as i64);
        assert!(top as f64 > layout.plot.top);
    }

    #[test]
    fn a_gap_is_not_bridged() {
        let mut values = wave(100);
        values[40..60].fill(f64::NAN);
        let chart = chart(&values, 600.0, 1.0);
        let layout = chart.layout().unwrap();
        let (from, to) =
            (layout.x.at(chart.rows.time.get(40).unwrap()), layout.x.at(chart.rows.time.get(59).unwrap()));
        let inside =
            drawn(&chart).painted(LINE).into_iter().filter(|&(x, _)| x as f64 >= from && (x as f64) < to);
        assert_eq!(inside.count(), 0);
    }
}
