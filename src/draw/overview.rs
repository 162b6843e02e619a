//! The overview: the whole series small, with its events, and the part that the chart shows.

use super::chart::{Chart, Layout};
use super::decimate::Trace;
use super::overlay;
use super::pen::{Pen, Rect, Surface};
use super::rows::Rows;
use super::scale::{Scale, View};
use super::stretch::Stretch;
use crate::error::Result;
use plotters::style::RGBAColor;

/// Height in CSS pixels; 0 in charts lower than [`LEAST`].
pub const HEIGHT: f64 = 34.0;
/// See [`HEIGHT`].
pub const LEAST: f64 = 300.0;
/// So many CSS pixels the line of a sliding series may stand away from where the rows are by now, until it is drawn
/// anew.
const LAG: f64 = 2.0;

/// The overview's line.
#[derive(Debug)]
pub struct Small {
    place: Rect,
    x: Scale,
    y: Scale,
    line: Vec<Stretch>,
}

impl Small {
    /// Whether it still shows the series that has these scales in this place.
    fn fits(&self, place: &Rect, x: &Scale, y: &Scale, lag: f64) -> bool {
        let (from, to) = x.domain();
        let near = |t: f64| (self.x.at(t) - x.at(t)).abs() <= lag;
        let slid = from > self.x.domain().0 && near(from) && near(to);
        self.place == *place && self.y == *y && (self.x == *x || slid)
    }
}

impl Chart {
    /// Time to pixels in the overview, which always shows everything.
    pub(super) fn overview_scale(&self, place: &Rect) -> Option<Scale> {
        let (first, last) = self.rows.time.ends()?;
        let all = View::new(first, last);
        Some(Scale::new((all.from, all.to), (place.left, place.right)))
    }

    /// Value to pixels in the overview.
    fn small_heights(&self, place: &Rect) -> Scale {
        let (low, high) = self.rows.value.extent(0..self.rows.len()).unwrap_or((0.0, 1.0));
        let air = if high > low { 0.0 } else { 1.0 };
        Scale::new((low - air, high + air), (place.bottom - 7.0 * self.scale, place.top + 4.0 * self.scale))
    }

    /// The whole series by these scales.
    fn small_line(&self, x: &Scale, y: &Scale) -> Vec<Stretch> {
        let Rows { time, value, .. } = &self.rows;
        let trace = Trace { time, value, x, y, longest: self.longest_gap() };
        trace.stretches(0..self.rows.len()).into_iter().map(Stretch::thinned).collect()
    }

    pub(super) fn draw_overview<B: Surface>(&self, pen: &mut Pen<B>, layout: &Layout) -> Result<()> {
        let (theme, place) = (&self.theme, &layout.overview);
        let Some(x) = self.overview_scale(place).filter(|_| place.height() > 0.0) else { return Ok(()) };
        let Some(view) = self.view() else { return Ok(()) };
        let s = self.scale;
        pen.block(*place, RGBAColor(theme.grid.0, theme.grid.1, theme.grid.2, theme.grid.3 * 0.45))?;
        let (left, right) = (x.clamp(x.at(view.from)).round(), x.clamp(x.at(view.to)).round());
        if self.view.is_some() {
            pen.block(Rect { left, right, ..*place }, theme.paper)?;
        }
        let mut kept = self.small.borrow_mut();
        let y = self.small_heights(place);
        if !kept.as_ref().is_some_and(|small| small.fits(place, &x, &y, LAG * s)) {
            *kept = Some(Small { place: *place, x, y, line: self.small_line(&x, &y) });
        }
        for stretch in kept.iter().flat_map(|small| &small.line) {
            pen.kept(&stretch.places, stretch.stroke(s.max(1.0)), theme.muted)?;
        }
        for mark in self.marks.iter().filter(|mark| !mark.dismissed) {
            let Some((left, right)) = overlay::pixels(mark, &x, place, (2.0 * s).round()) else { continue };
            let bar = Rect { left, right, top: place.bottom - 4.0 * s, bottom: place.bottom };
            pen.block(bar, overlay::colour(theme, mark))?;
        }
        if self.view.is_some() {
            let edge = (1.5 * s).round().max(1.0);
            for at in [left, right - edge] {
                pen.block(Rect { left: at, right: at + edge, ..*place }, theme.line)?;
            }
            let hair = s.round().max(1.0);
            for at in [place.top, place.bottom - hair] {
                pen.block(Rect { left, right, top: at, bottom: at + hair }, theme.line)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::chart::Words;
    use super::super::recorder::Op;
    use super::super::rows::Columns;
    use super::super::ticks::Zone;
    use super::super::trial::{chart, drawn, wave};
    use super::*;

    /// The lines of the overview.
    fn overview(chart: &Chart) -> Vec<Vec<(f64, f64)>> {
        let top = chart.layout().unwrap().overview.top;
        let line = |op| match op {
            Op::Line(points, ..) if points.iter().all(|point| point.1 > top) => Some(points),
            _ => None,
        };
        drawn(chart).ops.into_iter().filter_map(line).collect()
    }

    /// Rows a second apart but for the longer steps before those in `late`.
    fn ones(rows: u32, late: &[u32]) -> Columns {
        let steps = |i: u32| i + 200 * late.iter().filter(|row| **row <= i).count() as u32;
        let time: Vec<f64> = (0..rows).map(|i| 1.7e12 + 1000.0 * f64::from(steps(i))).collect();
        Columns { value: vec![1.0; time.len()], time: time.into(), ..Columns::default() }
    }

    #[test]
    fn the_overview_is_drawn_anew_when_it_is_pixels_behind() {
        let mut chart = chart(&wave(2000), 600.0, 1.0);
        let row = |time: f64, value: f64| Columns {
            time: vec![time].into(),
            value: vec![value],
            ..Columns::default()
        };
        let last = |chart: &Chart| chart.rows.time.ends().unwrap().1;
        let follow = |chart: &mut Chart, value: f64| {
            let next = row(last(chart) + 1000.0, value);
            chart.forget(1);
            chart.replace(1999, next).unwrap();
        };
        let before = overview(&chart);
        assert_eq!(before.len(), 1);
        // A row is 0.28 pixels wide.
        (0..7).for_each(|_| follow(&mut chart, 0.0));
        assert_eq!(overview(&chart), before);
        follow(&mut chart, 0.0);
        assert_ne!(overview(&chart), before);
        let before = overview(&chart);
        chart.replace(1999, row(last(&chart), 5.0)).unwrap();
        assert_ne!(overview(&chart), before, "a value that was shown is another now");
        let before = overview(&chart);
        follow(&mut chart, 500.0);
        assert_ne!(overview(&chart), before, "higher than any other");
        let before = overview(&chart);
        chart.replace(2000, row(last(&chart) + 1000.0, 0.0)).unwrap();
        assert_ne!(overview(&chart), before, "a series that grows without losing rows is never behind");
    }

    #[test]
    fn the_overview_follows_rows_that_move_in_time() {
        let (mut moved, mut new) = (chart(&wave(10), 600.0, 1.0), chart(&wave(10), 600.0, 1.0));
        moved.replace(0, ones(400, &[150])).unwrap();
        assert_eq!(overview(&moved).len(), 2);
        // As long, of the same values, with its gap in another place.
        let Columns { time, .. } = ones(400, &[250]);
        let rest: Vec<f64> = (100..400).filter_map(|row| time.get(row)).collect();
        let rest = Columns { value: vec![1.0; 300], time: rest.into(), ..Columns::default() };
        moved.replace(100, rest).unwrap();
        new.replace(0, ones(400, &[250])).unwrap();
        assert_eq!(overview(&moved), overview(&new));
    }

    #[test]
    fn the_overview_does_not_bridge_a_gap() {
        for (missing, step) in [(900..930, 0.0), (900..930, 1000.0), (900..930, 1e5), (900..901, 1000.0)] {
            let mut values = wave(2000);
            values[missing.clone()].fill(f64::NAN);
            let mut chart = chart(&values, 600.0, 1.0);
            chart.read_as(Zone::default(), '.', step, Words { score: "score".into() });
            assert_eq!(overview(&chart).len(), 2, "{missing:?} by a step of {step}");
        }
    }
}
