//! The texts around the parts of the chart. They change less often than what is inside of the parts and cost a canvas
//! more, so a picture after one with the same texts leaves them where they are.

use super::chart::{Chart, Layout};
use super::pen::{Pen, Rect};
use crate::error::Result;
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, VPos};

/// Between a part and the texts beside it, in CSS pixels.
const BESIDE: f64 = 8.0;
/// Between the plot and the texts below it, in CSS pixels.
const BELOW: f64 = 9.0;

/// On which side of its place a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It ends there, at half its height.
    Left,
    /// It hangs there, by its middle.
    Below,
}

/// A text and its place in device pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// What it says.
    pub text: String,
    /// See [`Side`].
    pub at: (f64, f64),
    /// See [`Side`].
    pub side: Side,
}

/// All texts of a picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Captions {
    /// Those of the value axis, each at its line.
    pub values: Vec<Caption>,
    /// Those beside the scores and the lanes.
    parts: Vec<Caption>,
    /// Those of the time axis.
    times: Vec<Caption>,
}

/// Which texts are on the canvas already.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kept {
    beside: bool,
    below: bool,
}

impl Kept {
    /// Those of the last picture that are the same in this one.
    pub fn of(last: &Captions, this: &Captions) -> Kept {
        let beside = last.values == this.values && last.parts == this.parts;
        Kept { beside, below: last.times == this.times }
    }
}

impl Chart {
    /// A text to the left of a part, at this height.
    pub(super) fn beside(&self, text: String, part: &Rect, height: f64) -> Caption {
        Caption { text, at: (part.left - BESIDE * self.scale, height), side: Side::Left }
    }

    /// A text below the plot.
    pub(super) fn below(&self, text: String, plot: &Rect, middle: f64) -> Caption {
        Caption { text, at: (middle, plot.bottom + BELOW * self.scale), side: Side::Below }
    }

    /// All texts; `times` are those of [`Chart::time_ticks`].
    pub(super) fn captions(&self, layout: &Layout, times: &[String]) -> Captions {
        let parts = self.lane_captions(layout).chain([self.strip_caption(layout)]);
        Captions {
            values: self.value_captions(layout),
            parts: parts.collect(),
            times: self.time_captions(layout, times),
        }
    }

    pub(super) fn draw_captions<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        captions: &Captions,
        kept: Kept,
    ) -> Result<()> {
        let Captions { values, parts, times } = captions;
        let beside = values.iter().chain(parts).filter(|_| !kept.beside);
        let below = times.iter().filter(|_| !kept.below);
        beside.chain(below).try_for_each(|caption| {
            let anchor = match caption.side {
                Side::Left => (HPos::Right, VPos::Center),
                Side::Below => (HPos::Center, VPos::Top),
            };
            pen.text(&caption.text, caption.at, anchor, self.theme.muted)
        })
    }

    /// Paints the paper, but where texts are kept.
    pub(super) fn draw_paper<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        layout: Option<&Layout>,
        kept: Kept,
    ) -> Result<()> {
        let (right, bottom) = self.size;
        let whole = Rect { left: 0.0, top: 0.0, right, bottom };
        let Some(Layout { plot, strip, .. }) = layout.filter(|_| kept.beside || kept.below) else {
            return pen.block(whole, self.theme.paper);
        };
        let left = if kept.beside { plot.left - (BESIDE - 1.0) * self.scale } else { 0.0 };
        let above = Rect { left, bottom: plot.bottom + (BELOW - 1.0) * self.scale, ..whole };
        let below = Rect { left, top: strip.top - BELOW * self.scale, ..whole };
        pen.block(above, self.theme.paper)?;
        pen.block(below, self.theme.paper)?;
        if kept.below {
            return Ok(());
        }
        pen.block(Rect { top: above.bottom, bottom: below.top, ..whole }, self.theme.paper)
    }
}
