//! What the chart draws with: device pixels in, a plotters back end out.
//!
//! Plotters back ends take whole numbers only, which makes a gentle slope a staircase. The pen therefore gives
//! them [`FINE`] units a device pixel, and whoever makes the back end scales it by `1 / FINE`.

use crate::error::{Error, Result};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBAColor, ShapeStyle, TextStyle};
use plotters_backend::DrawingErrorKind;
use std::rc::Rc;

/// Back-end units in a device pixel.
pub const FINE: f64 = 4.0;

/// A point in back-end units.
pub type Place = [i32; 2];

/// A back end that can keep the lines of a series: one that is drawn again is the same list.
pub trait Surface: DrawingBackend {
    /// Draws an open line through these points.
    ///
    /// # Errors
    /// As those of a back end.
    fn draw_kept(
        &mut self,
        line: &Rc<Vec<Place>>,
        style: &ShapeStyle,
    ) -> std::result::Result<(), DrawingErrorKind<Self::ErrorType>> {
        self.draw_path(line.iter().map(|&place| place.into()), style)
    }
}

/// An upright rectangle in device pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Rect {
    /// Width in device pixels.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// Height in device pixels.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// Draws on a back end in device pixels.
pub struct Pen<'a, B: Surface> {
    backend: &'a mut B,
    font: &'a str,
    size: f64,
}

/// A pixel in back-end units.
pub fn fine(x: f64) -> i32 {
    // Not rounded, which is a function: this is an instruction.
    (x * FINE + 0.5).floor() as i32
}

fn width(pixels: f64) -> u32 {
    (pixels * FINE).round().max(1.0) as u32
}

fn draw_error(error: impl std::fmt::Display) -> Error {
    Error::Draw(error.to_string())
}

impl<'a, B: Surface> Pen<'a, B> {
    /// A pen on this back end; texts are set in `font`, a list of CSS font families, `size` device pixels high.
    pub fn new(backend: &'a mut B, font: &'a str, size: f64) -> Pen<'a, B> {
        Pen { backend, font, size }
    }

    /// An open line through the points, `stroke` device pixels wide.
    ///
    /// # Errors
    /// [`Error::Draw`] with what the back end said, as for every method here.
    pub fn line(&mut self, points: &[(f64, f64)], stroke: f64, colour: RGBAColor) -> Result<()> {
        let style = ShapeStyle { color: colour, filled: false, stroke_width: width(stroke) };
        self.backend.draw_path(points.iter().map(|&(x, y)| (fine(x), fine(y))), &style).map_err(draw_error)
    }

    /// A line that may come again, `stroke` device pixels wide.
    ///
    /// # Errors
    /// As [`Pen::line`].
    pub fn kept(&mut self, line: &Rc<Vec<Place>>, stroke: f64, colour: RGBAColor) -> Result<()> {
        let style = ShapeStyle { color: colour, filled: false, stroke_width: width(stroke) };
        self.backend.draw_kept(line, &style).map_err(draw_error)
    }

    /// A filled polygon.
    ///
    /// # Errors
    /// As [`Pen::line`].
    pub fn area(&mut self, points: &[(f64, f64)], colour: RGBAColor) -> Result<()> {
        self.backend
            .fill_polygon(points.iter().map(|&(x, y)| (fine(x), fine(y))), &colour)
            .map_err(draw_error)
    }

    /// A filled rectangle on whole device pixels, so its edges are crisp; never thinner than one device pixel.
    ///
    /// # Errors
    /// As [`Pen::line`].
    pub fn block(&mut self, rect: Rect, colour: RGBAColor) -> Result<()> {
        let (left, top) = (rect.left.round(), rect.top.round());
        let right = rect.right.round().max(left + 1.0);
        let bottom = rect.bottom.round().max(top + 1.0);
        let style = ShapeStyle { color: colour, filled: true, stroke_width: 1 };
        self.backend
            .draw_rect((fine(left), fine(top)), (fine(right), fine(bottom)), &style, true)
            .map_err(draw_error)
    }

    /// Columns of one device pixel each, `(left edge, top, bottom)`.
    ///
    /// # Errors
    /// As [`Pen::line`].
    pub fn columns(&mut self, columns: &[(f64, f64, f64)], colour: RGBAColor) -> Result<()> {
        columns.iter().try_for_each(|&(left, top, bottom)| {
            self.block(Rect { left, top, right: left + 1.0, bottom }, colour)
        })
    }

    /// A filled circle.
    ///
    /// # Errors
    /// As [`Pen::line`].
    pub fn dot(&mut self, at: (f64, f64), radius: f64, colour: RGBAColor) -> Result<()> {
        self.backend.draw_circle((fine(at.0), fine(at.1)), width(radius), &colour, true).map_err(draw_error)
    }

    /// A circle of `stroke` device pixels, its inside filled with `inside`.
    ///
    /// # Errors
    /// As [`Pen::line`].
    pub fn ring(
        &mut self,
        at: (f64, f64),
        radius: f64,
        stroke: f64,
        colour: RGBAColor,
        inside: RGBAColor,
    ) -> Result<()> {
        self.dot(at, radius + stroke / 2.0, colour)?;
        self.dot(at, radius - stroke / 2.0, inside)
    }

    /// A line of dashes through the points, each dash and each space `dash` device pixels long.
    ///
    /// # Errors
    /// As [`Pen::line`].
    pub fn dashes(&mut self, points: &[(f64, f64)], dash: f64, stroke: f64, colour: RGBAColor) -> Result<()> {
        let mut walked = 0.0;
        for pair in points.windows(2) {
            let &[(x0, y0), (x1, y1)] = pair else { continue };
            let length = (x1 - x0).hypot(y1 - y0);
            if length <= 0.0 {
                continue;
            }
            let end = walked + length;
            let at = |d: f64| {
                let part = (d - walked) / length;
                (x0 + part * (x1 - x0), y0 + part * (y1 - y0))
            };
            let mut period = (walked / (2.0 * dash)).floor();
            while period * 2.0 * dash < end {
                let from = (period * 2.0 * dash).max(walked);
                let to = (period * 2.0 * dash + dash).min(end);
                if to > from {
                    self.line(&[at(from), at(to)], stroke, colour)?;
                }
                period += 1.0;
            }
            walked = end;
        }
        Ok(())
    }

    /// A text whose `anchor` stands at the point.
    ///
    /// # Errors
    /// As [`Pen::line`].
    pub fn text(
        &mut self,
        text: &str,
        at: (f64, f64),
        anchor: (HPos, VPos),
        colour: RGBAColor,
    ) -> Result<()> {
        // By name: a family that is looked up brings the tables of all letters' cases.
        let font = FontDesc::new(FontFamily::Name(self.font), self.size * FINE, FontStyle::Normal);
        let style = TextStyle::from(font).pos(Pos::new(anchor.0, anchor.1)).color(&colour);
        self.backend.draw_text(text, &style, (fine(at.0), fine(at.1))).map_err(draw_error)
    }
}

/// Roughly how wide a text of this height will be, in device pixels: 0.58 of its height a character, the average of
/// figures and lower-case letters in common sans-serif faces.
pub fn text_width(text: &str, size: f64) -> f64 {
    // From Hangul on, characters are as wide as they are high.
    text.chars().map(|c| if c < '\u{1100}' { 0.58 * size } else { size }).sum()
}
