//! The page's side of the boundary: the chart on a canvas. It draws and never detects.

use super::canvas::{Canvas, Last};
use super::thrown;
use crate::draw::ticks::{Unit, Zone};
use crate::draw::times::Times;
use crate::draw::{Chart as Drawing, Columns, Label, Level, Mark, Theme, View, Words};
use crate::error::Error;
use js_sys::Float64Array;
use plotters_canvas::CanvasBackend;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Moments that are looked at at a time.
const SLICE: usize = 4096;

/// A chart on a canvas. Sizes and places are device pixels, times milliseconds.
#[wasm_bindgen]
pub struct Chart {
    drawing: Drawing,
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    backend: CanvasBackend,
    last: Last,
}

#[wasm_bindgen]
impl Chart {
    /// A chart on this canvas.
    ///
    /// # Errors
    /// Code `draw` when the canvas has no 2d context.
    #[wasm_bindgen(constructor)]
    pub fn new(canvas: HtmlCanvasElement) -> Result<Chart, JsValue> {
        let context = canvas.get_context("2d").ok().flatten().and_then(|c| c.dyn_into().ok());
        let both = context.zip(CanvasBackend::with_canvas_object(canvas.clone()));
        let (context, backend) =
            both.ok_or_else(|| thrown(Error::Draw("the canvas has no 2d context".into())))?;
        Ok(Chart { drawing: Drawing::default(), canvas, context, backend, last: Last::default() })
    }

    /// The colours that [`Chart::theme`] wants, in order: each the custom property `--anomaly-NAME`.
    pub fn colours() -> Vec<String> {
        Theme::NAMES.map(String::from).to_vec()
    }

    /// The level of a severity: `mild`, `strong` or `severe`, also the name of its colour.
    pub fn level(severity: f64) -> String {
        Level::of(severity).name().to_string()
    }

    /// Sets the colours, four bytes each (red, green, blue, alpha), and the font families. The next picture is drawn as
    /// on a new canvas, so this also brings back what a canvas has lost.
    ///
    /// # Errors
    /// Code `param` when the bytes are not four a colour.
    pub fn theme(&mut self, rgba: &[u8], font: &str) -> Result<(), JsValue> {
        self.drawing.dress(Theme::from_rgba(rgba, font).map_err(thrown)?);
        self.last.clear();
        Ok(())
    }

    /// Sets how times and numbers are read: pairs of a moment and the offset from UTC that holds from it on, the
    /// decimal mark, the interval of the series (0: unknown), and the word beside the scores.
    pub fn reading(&mut self, zone: &[f64], decimal: char, step: f64, score: String) {
        let pairs = zone.chunks_exact(2).filter_map(|pair| match *pair {
            [from, offset] => Some((from, offset)),
            _ => None,
        });
        self.drawing.read_as(Zone::new(pairs.collect()), decimal, step, Words { score });
    }

    /// Replaces the rows from `start` on; a column that is left out or empty is drawn as none.
    ///
    /// # Errors
    /// Code `series` when the columns differ in length or do not follow the rows that are there.
    #[allow(clippy::too_many_arguments)]
    pub fn replace(
        &mut self,
        start: usize,
        time: &Float64Array,
        value: Vec<f64>,
        scores: Vec<f64>,
        limits: Vec<f64>,
        expected: Option<Vec<f64>>,
        lower: Option<Vec<f64>>,
        upper: Option<Vec<f64>>,
    ) -> Result<(), JsValue> {
        let [expected, lower, upper] = [expected, lower, upper].map(Option::unwrap_or_default);
        // Moments are mostly regular: then a copy of them all would be in vain.
        let mut moments = Times::default();
        let rows = time.length();
        for from in (0..rows).step_by(SLICE) {
            moments.room(rows as usize);
            moments.extend(&time.subarray(from, rows.min(from + SLICE as u32)).to_vec());
        }
        let rows = Columns { time: moments, value, scores, limits, expected, lower, upper };
        self.drawing.replace(start, rows).map_err(thrown)
    }

    /// Makes room for so many rows, which come in parts.
    pub fn room(&mut self, rows: usize) {
        self.drawing.room(rows);
    }

    /// Drops the first rows.
    pub fn forget(&mut self, rows: usize) {
        self.drawing.forget(rows);
    }

    /// Replaces all limits: one a row, or one for all.
    pub fn limits(&mut self, limits: Vec<f64>) {
        self.drawing.replace_limits(limits);
    }

    /// Keeps a limit, the one at the middle sensitivity, at its height in the strip; NaN: the limit in force.
    pub fn keep(&mut self, neutral: f64) {
        self.drawing.keep_limit(Some(neutral));
    }

    /// Shows a lane for each of these names.
    pub fn lanes(&mut self, names: Vec<String>) {
        self.drawing.name_lanes(names);
    }

    /// Replaces the severities of a lane from row `start` on.
    pub fn lane(&mut self, lane: usize, start: usize, severity: &[f64]) {
        self.drawing.replace_lane(lane, start, severity);
    }

    /// Shows verdicts of the reader, three numbers each: start, end, 1 for an anomaly.
    pub fn labels(&mut self, labels: &[f64]) {
        self.drawing.label(Label::from_numbers(labels));
    }

    /// The score at a height of the strip; NaN when nothing is scored.
    pub fn score(&self, pixel: f64) -> f64 {
        let strip = self.drawing.layout().and_then(|layout| layout.scores);
        strip.map_or(f64::NAN, |strip| strip.score(pixel))
    }

    /// Shows these events, seven numbers each (start, end, peak, value, severity, kind: 1 a point, 2 a shift, else
    /// a duration, and 1 for dismissed), and emphasises one of them.
    pub fn mark(&mut self, events: &[f64], chosen: Option<usize>) {
        self.drawing.mark(Mark::from_numbers(events), chosen);
    }

    /// Shows a stretch of time; without one all of it.
    pub fn look(&mut self, from: Option<f64>, to: Option<f64>) {
        self.drawing.look(from.zip(to).map(|(from, to)| View::new(from, to)));
    }

    /// Sets the size of the picture, and the device pixels a CSS pixel.
    pub fn resize(&mut self, width: u32, height: u32, scale: f64) {
        if (self.canvas.width(), self.canvas.height()) != (width, height) {
            // The context forgets everything with this.
            self.canvas.set_width(width);
            self.canvas.set_height(height);
            self.last.clear();
        }
        self.drawing.resize(f64::from(width), f64::from(height), scale);
    }

    /// The time axis: first the milliseconds of the unit that its step counts (1, 1000, 60 000, 86 400 000 days,
    /// 2 678 400 000 months, 31 622 400 000 years), then the moment of each tick.
    pub fn ticks(&self) -> Vec<f64> {
        let Some(layout) = self.drawing.layout() else { return Vec::new() };
        let (unit, moments) = &layout.times;
        let size = match unit {
            Unit::Millisecond => 1.0,
            Unit::Second => 1e3,
            Unit::Minute => 6e4,
            Unit::Day => 86_400e3,
            Unit::Month => 31.0 * 86_400e3,
            Unit::Year => 366.0 * 86_400e3,
        };
        std::iter::once(size).chain(moments.iter().copied()).collect()
    }

    /// Where the parts stand: left, top, right and bottom of the series, top and bottom of the score strip, the
    /// height of the limit in it (NaN: none), top and bottom of the lanes and of the overview, first and last
    /// moment shown, values at the bottom and top of the series. Empty when nothing is shown.
    pub fn layout(&self) -> Vec<f64> {
        let (Some(layout), Some(view)) = (self.drawing.layout(), self.drawing.view()) else {
            return Vec::new();
        };
        let (plot, strip, y) = (layout.plot, layout.strip, layout.y.domain());
        let limit = layout.scores.map_or(f64::NAN, |strip| strip.limit);
        let edges = [plot.left, plot.top, plot.right, plot.bottom, strip.top, strip.bottom, limit];
        let below = [layout.lanes.top, layout.lanes.bottom, layout.overview.top, layout.overview.bottom];
        edges.into_iter().chain(below).chain([view.from, view.to, y.0, y.1]).collect()
    }

    /// Draws; `labels` are the texts of the time axis' ticks, a line each.
    ///
    /// # Errors
    /// Code `draw` when the canvas refuses.
    pub fn draw(&mut self, labels: &str) -> Result<(), JsValue> {
        let Chart { drawing, canvas, context, backend, last } = self;
        if drawing.is_see_through() {
            canvas.set_width(canvas.width());
            last.clear();
        }
        let mut picture = Canvas::new(backend, context, last)?;
        drawing.draw(&mut picture, labels).map_err(thrown)
    }
}
