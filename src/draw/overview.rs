//! The overview: the whole series small, with its events, and the part that the chart shows.

use super::chart::{Chart, Layout};
use super::decimate::{Stretch, stretches};
use super::overlay;
use super::pen::{Pen, Rect};
use super::rows::Rows;
use super::scale::{Scale, View};
use crate::error::Result;
use plotters::prelude::DrawingBackend;
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
        // Where the chart shows everything, its line has the same columns.
        if let Some((heights, line)) = self.lines.borrow().as_ref().and_then(|lines| lines.across(x)) {
            return line.iter().map(|stretch| stretch.thinned_at(heights, y)).collect();
        }
        let Rows { time, value, .. } = &self.rows;
        let line = stretches(time, value, 0..self.rows.len(), x, y, self.longest_gap());
        line.into_iter().map(Stretch::thinned).collect()
    }

    pub(super) fn draw_overview<B: DrawingBackend>(&self, pen: &mut Pen<B>, layout: &Layout) -> Result<()> {
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
            pen.curve(stretch, s.max(1.0), theme.muted)?;
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
