//! The texts around the parts of the chart. They change less often than what is inside of the parts and cost a canvas
//! more, so a picture after one with the same texts leaves them where they are.

use super::chart::{Chart, Layout};
use super::pen::{Pen, Rect, Surface};
use crate::error::Result;
use plotters::style::text_anchor::{HPos, VPos};

/// Between a part and the texts beside it, in CSS pixels.
const BESIDE: f64 = 8.0;
/// Between the plot and the texts below it, in CSS pixels.
const BELOW: f64 = 9.0;

/// A text, and where it ends at half its height or, below the plot, where it hangs by its middle, in device pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    pub(super) text: String,
    pub(super) at: (f64, f64),
}

/// All texts of a picture.
#[derive(Debug)]
pub struct Captions {
    /// Those of the value axis, each at its line.
    pub(super) values: Vec<Caption>,
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
        Caption { text, at: (part.left - BESIDE * self.scale, height) }
    }

    /// A text below the plot.
    pub(super) fn below(&self, text: String, plot: &Rect, middle: f64) -> Caption {
        Caption { text, at: (middle, plot.bottom + BELOW * self.scale) }
    }

    /// All texts; `times` are those of [`Layout::times`].
    pub(super) fn captions(&self, layout: &Layout, times: &str) -> Captions {
        let parts = self.lane_captions(layout).chain([self.strip_caption(layout)]);
        Captions {
            values: self.value_captions(layout),
            parts: parts.collect(),
            times: self.time_captions(layout, times),
        }
    }

    pub(super) fn draw_captions<B: Surface>(
        &self,
        pen: &mut Pen<B>,
        captions: &Captions,
        kept: Kept,
    ) -> Result<()> {
        let Captions { values, parts, times } = captions;
        let mut draw = |text: &Caption, anchor| pen.text(&text.text, text.at, anchor, self.theme.muted);
        if !kept.beside {
            values.iter().chain(parts).try_for_each(|text| draw(text, (HPos::Right, VPos::Center)))?;
        }
        if !kept.below {
            times.iter().try_for_each(|text| draw(text, (HPos::Center, VPos::Top)))?;
        }
        Ok(())
    }

    /// Paints the paper, but where texts are kept.
    pub(super) fn draw_paper<B: Surface>(
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

#[cfg(test)]
mod tests {
    use super::super::overlay::Mark;
    use super::super::recorder::Op;
    use super::super::theme::Theme;
    use super::super::trial::{chart, drawn, wave};
    use super::*;
    use plotters::style::RGBAColor;

    #[test]
    fn texts_are_drawn_again_when_they_change() {
        let mark = Mark::from_numbers(&[1.7e12 + 5e5, 1.7e12 + 6e5, 1.7e12 + 5e5, 1.0, 2.0, 0.0, 0.0]);
        let texts = |chart: &Chart| drawn(chart).ops.iter().filter(|op| matches!(op, Op::Text(..))).count();
        let mut chart = chart(&wave(2000), 600.0, 1.0);
        let all = texts(&chart);
        assert!(all > 6);
        let mut count = |change: &dyn Fn(&mut Chart)| {
            change(&mut chart);
            [texts(&chart), texts(&chart)]
        };
        assert_eq!(count(&|_| ()), [0, 0]);
        assert_eq!(count(&|chart| chart.mark(mark.clone(), None)), [0, 0]);
        let [after, none] = count(&|chart| chart.forget(1));
        assert!(after > 0 && after < all / 2 + 1 && none == 0, "those of the time axis: {after} of {all}");
        assert_eq!(count(&|chart| chart.mark(mark.clone(), Some(0))), [all, all]);
        assert_eq!(count(&|chart| chart.mark(mark.clone(), None)), [all, 0]);
        assert_eq!(count(&|chart| chart.resize(600.0, 400.0, 1.0)), [0, 0]);
        assert_eq!(count(&|chart| chart.resize(600.0, 401.0, 1.0)), [all, 0]);
        assert_eq!(count(&|chart| chart.dress(Theme::default())), [all, 0]);
        assert_eq!(count(&|chart| chart.name_lanes(vec!["lof".into()])), [all + 1, 0]);
        let glass = Theme { paper: RGBAColor(255, 255, 255, 0.5), ..Theme::default() };
        assert_eq!(count(&|chart| chart.dress(glass.clone())), [all + 1, all + 1]);
    }

    #[test]
    fn labels_stay_inside_the_picture() {
        for width in [300.0, 380.0, 900.0] {
            let chart = chart(&wave(500), width, 1.0);
            for op in drawn(&chart).ops {
                let Op::Text(text, at) = op else { continue };
                assert!(at.0 >= 2.0 && at.0 <= width - 2.0, "{text} at {at:?} of {width}");
            }
        }
    }
}
