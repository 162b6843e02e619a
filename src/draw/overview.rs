//! The overview: the whole series small, with its events, and the part that the chart shows.

use super::chart::{Chart, Layout};
use super::decimate::{Stretch, stretches};
use super::overlay;
use super::pen::{Pen, Rect};
use super::scale::{Scale, View};
use crate::error::Result;
use plotters::prelude::DrawingBackend;
use plotters::style::RGBAColor;

/// Height in CSS pixels; 0 in charts lower than [`LEAST`].
pub const HEIGHT: f64 = 34.0;
/// See [`HEIGHT`].
pub const LEAST: f64 = 300.0;

impl Chart {
    /// Time to pixels in the overview, which always shows everything.
    pub(super) fn overview_scale(&self, place: &Rect) -> Option<Scale> {
        let (first, last) = self.rows.time.ends()?;
        let all = View::new(first, last);
        Some(Scale::new((all.from, all.to), (place.left, place.right)))
    }

    /// The whole series in the overview's pixels.
    fn small_line(&self, place: &Rect, x: &Scale) -> Vec<Stretch> {
        let rows = 0..self.rows.len();
        let (low, high) = self.rows.value.extent(rows.clone()).unwrap_or((0.0, 1.0));
        let air = if high > low { 0.0 } else { 1.0 };
        let range = (place.bottom - 7.0 * self.scale, place.top + 4.0 * self.scale);
        let y = Scale::new((low - air, high + air), range);
        stretches(&self.rows.time, &self.rows.value, rows, x, &y, self.longest_gap())
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
        if kept.as_ref().is_none_or(|(of, _)| of != place) {
            *kept = Some((*place, self.small_line(place, &x)));
        }
        for stretch in kept.iter().flat_map(|(_, line)| line) {
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
