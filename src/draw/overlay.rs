//! How an anomaly looks. A point is a ring on its sample, a duration a pale fill with a solid bar on top, a shift
//! the same with a double bar and a dashed edge where the new level begins. The colour says how severe it is; one
//! that the reader dismissed is a hollow bar. The reader's own verdicts are lines under the plot: solid where
//! there is an anomaly, hollow where there is none.

use super::chart::Layout;
use super::pen::{Pen, Rect, Surface};
use super::scale::Scale;
use super::theme::Theme;
use crate::error::Result;
use crate::math::stats;
use plotters::style::RGBAColor;

/// What is drawn of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// First moment, in milliseconds.
    pub start: f64,
    /// End in milliseconds, exclusive.
    pub end: f64,
    /// The moment of the highest score.
    pub peak: f64,
    /// The value at the peak; NaN where there is none.
    pub value: f64,
    /// How far the peak is from the ordinary score, in units of the way to the limit: 1 at the limit.
    pub severity: f64,
    /// What it is.
    pub kind: Kind,
    /// Whether the reader says that it is none.
    pub dismissed: bool,
}

/// The shape of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A stretch.
    Duration,
    /// A sample or two.
    Point,
    /// A stretch after which the level stays elsewhere.
    Shift,
}

impl Mark {
    /// Numbers of a mark in [`Mark::from_numbers`].
    pub const WIDTH: usize = 7;

    /// Marks from a flat list, seven numbers each: start, end, peak, value, severity, kind (1 a point, 2 a shift,
    /// else a duration), 1 for dismissed.
    pub fn from_numbers(numbers: &[f64]) -> Vec<Mark> {
        let mark = |n: &[f64]| match *n {
            [start, end, peak, value, severity, kind, dismissed] => {
                let kind = match kind {
                    1.0 => Kind::Point,
                    2.0 => Kind::Shift,
                    _ => Kind::Duration,
                };
                Some(Mark { start, end, peak, value, severity, kind, dismissed: dismissed == 1.0 })
            }
            _ => None,
        };
        numbers.chunks_exact(Mark::WIDTH).filter_map(mark).collect()
    }
}

/// A stretch on which the reader gave a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    /// First moment, in milliseconds.
    pub start: f64,
    /// End in milliseconds, exclusive.
    pub end: f64,
    /// Whether it is an anomaly.
    pub anomaly: bool,
}

impl Label {
    /// Labels from a flat list, three numbers each: start, end, 1 for an anomaly.
    pub fn from_numbers(numbers: &[f64]) -> Vec<Label> {
        let label = |n: &[f64]| match *n {
            [start, end, anomaly] => Some(Label { start, end, anomaly: anomaly == 1.0 }),
            _ => None,
        };
        numbers.chunks_exact(3).filter_map(label).collect()
    }
}

/// Severity in three steps, each with a colour of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Over the limit, less than twice as far.
    Mild,
    /// Two to four times as far.
    Strong,
    /// Four times as far and more.
    Severe,
}

impl Level {
    /// The level of a severity.
    pub fn of(severity: f64) -> Level {
        match severity {
            s if s >= 4.0 => Level::Severe,
            s if s >= 2.0 => Level::Strong,
            _ => Level::Mild,
        }
    }

    /// The level's name, as in the theme.
    pub fn name(self) -> &'static str {
        match self {
            Level::Mild => "mild",
            Level::Strong => "strong",
            Level::Severe => "severe",
        }
    }
}

/// The colour of a mark: that of its kind when the theme sets one, else that of its level.
pub fn colour(theme: &Theme, mark: &Mark) -> RGBAColor {
    let own = if mark.kind == Kind::Point { theme.point } else { theme.span };
    if own.3 > 0.0 { own } else { theme.level(Level::of(mark.severity)) }
}

/// The pixels a mark covers from left to right, at least `thinnest` wide and within the plot; none when it lies
/// outside of the view.
pub fn pixels(mark: &Mark, x: &Scale, plot: &Rect, thinnest: f64) -> Option<(f64, f64)> {
    covered((mark.start, mark.end, mark.peak), x, plot, thinnest)
}

/// The pixels of a stretch of time; when they are too few, they are widened around its peak.
fn covered((start, end, peak): (f64, f64, f64), x: &Scale, plot: &Rect, thinnest: f64) -> Option<(f64, f64)> {
    let (left, right) = (x.at(start), x.at(end));
    if right < plot.left || left > plot.right {
        return None;
    }
    let (mut left, mut right) = (left.max(plot.left).floor(), right.min(plot.right).ceil());
    if right - left < thinnest {
        let middle = (x.at(peak).clamp(plot.left, plot.right) - thinnest / 2.0).round();
        left = middle.clamp(plot.left, (plot.right - thinnest).max(plot.left));
        right = left + thinnest;
    }
    Some((left, right))
}

/// Where and how marks are drawn.
pub struct Frame<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The mark that is emphasised.
    pub chosen: Option<usize>,
    /// Device pixels a CSS pixel.
    pub scale: f64,
    /// Where the parts stand.
    pub layout: &'a Layout,
}

/// Draws what lies behind the series: the fill of intervals, of a point the line that ties it to its bar, and the
/// edges of the chosen one down to its scores.
///
/// # Errors
/// [`crate::Error::Draw`] with what the back end said.
pub fn behind<B: Surface>(pen: &mut Pen<B>, frame: &Frame, marks: &[Mark]) -> Result<()> {
    let Layout { plot, strip, x, .. } = frame.layout;
    let hair = frame.scale.round().max(1.0);
    for (i, mark) in marks.iter().enumerate() {
        let chosen = frame.chosen == Some(i);
        if mark.dismissed && !chosen {
            continue;
        }
        let Some((left, right)) = pixels(mark, x, plot, 1.0) else { continue };
        let paint = if mark.dismissed { frame.theme.muted } else { colour(frame.theme, mark) };
        let RGBAColor(r, g, b, alpha) = paint;
        let strength = if chosen { 0.24 } else { 0.14 };
        pen.block(Rect { left, right, ..*plot }, RGBAColor(r, g, b, alpha * strength))?;
        let edge = x.at(mark.start);
        if mark.kind == Kind::Shift && edge >= plot.left && edge <= plot.right {
            let line = [(edge, plot.top), (edge, plot.bottom)];
            pen.dashes(&line, 3.0 * frame.scale, hair, paint)?;
        }
        if chosen {
            let faint = RGBAColor(r, g, b, alpha * 0.6);
            for at in [left, right - hair] {
                let bottom = strip.bottom;
                pen.block(Rect { left: at, right: at + hair, bottom, ..*plot }, faint)?;
            }
        }
    }
    Ok(())
}

/// Draws what lies on the series: the bar on top of each mark, and a ring on the sample of each point.
///
/// # Errors
/// [`crate::Error::Draw`] with what the back end said.
pub fn above<B: Surface>(pen: &mut Pen<B>, frame: &Frame, marks: &[Mark]) -> Result<()> {
    let Layout { plot, x, y, .. } = frame.layout;
    let (scale, paper) = (frame.scale, frame.theme.paper);
    // The most severe last, so that it lies on top.
    let rank =
        |(i, mark): (usize, &Mark)| if frame.chosen == Some(i) { f64::INFINITY } else { mark.severity };
    let ranks: Vec<f64> = marks.iter().enumerate().map(rank).collect();
    for i in stats::order(&ranks) {
        let Some(mark) = marks.get(i) else { continue };
        let Some((left, right)) = pixels(mark, x, plot, (3.0 * scale).round()) else { continue };
        let chosen = frame.chosen == Some(i);
        let paint = if mark.dismissed { frame.theme.muted } else { colour(frame.theme, mark) };
        let height = if chosen { 6.0 } else { 4.0 } * scale;
        let bar = Rect { left, right, top: plot.top - height, bottom: plot.top };
        pen.block(bar, paint)?;
        let inset = scale.round().max(1.0);
        if mark.dismissed && right - left > 2.0 * inset {
            let (top, bottom) = (bar.top + inset, bar.bottom - inset);
            pen.block(Rect { left: left + inset, right: right - inset, top, bottom }, paper)?;
        } else if mark.kind == Kind::Shift {
            let top = (bar.top + height / 2.0 - inset / 2.0).round();
            pen.block(Rect { top, bottom: top + inset, ..bar }, paper)?;
        }
        let centre = x.at(mark.peak);
        if mark.kind == Kind::Point && mark.value.is_finite() && centre >= plot.left && centre <= plot.right {
            let radius = if chosen { 6.0 } else { 4.5 } * scale;
            pen.ring((centre, y.clamp(y.at(mark.value))), radius, 2.0 * scale, paint, paper)?;
        }
    }
    Ok(())
}

/// Draws the reader's verdicts under the plot.
///
/// # Errors
/// [`crate::Error::Draw`] with what the back end said.
pub fn labels<B: Surface>(pen: &mut Pen<B>, frame: &Frame, labels: &[Label]) -> Result<()> {
    let Layout { plot, x, .. } = frame.layout;
    let (scale, theme) = (frame.scale, frame.theme);
    for label in labels {
        let middle = (label.start + label.end) / 2.0;
        let thinnest = (3.0 * scale).round();
        let Some((left, right)) = covered((label.start, label.end, middle), x, plot, thinnest) else {
            continue;
        };
        let top = plot.bottom + (2.0 * scale).round();
        let line = Rect { left, right, top, bottom: top + (4.0 * scale).round() };
        pen.block(line, if label.anomaly { theme.ink } else { theme.muted })?;
        let inset = scale.round().max(1.0);
        if !label.anomaly && right - left > 2.0 * inset {
            let (top, bottom) = (line.top + inset, line.bottom - inset);
            pen.block(Rect { left: left + inset, right: right - inset, top, bottom }, theme.paper)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Rect = Rect { left: 50.0, top: 10.0, right: 150.0, bottom: 100.0 };

    fn mark(start: f64, end: f64) -> Mark {
        Mark { start, end, peak: start, value: 1.0, severity: 1.0, kind: Kind::Duration, dismissed: false }
    }

    #[test]
    fn every_mark_keeps_a_pixel_at_any_zoom() {
        for span in [1e2, 1e5, 1e9, 1e13] {
            let x = Scale::new((0.0, span), (PLOT.left, PLOT.right));
            for start in [0.0, 0.3 * span, 0.999999 * span] {
                let (left, right) = pixels(&mark(start, start + 1.0), &x, &PLOT, 1.0).unwrap();
                assert!(right - left >= 1.0 && left >= PLOT.left && right <= PLOT.right, "{span} {start}");
            }
        }
    }

    #[test]
    fn marks_outside_the_view_are_not_drawn() {
        let x = Scale::new((1000.0, 2000.0), (PLOT.left, PLOT.right));
        assert_eq!(pixels(&mark(0.0, 900.0), &x, &PLOT, 1.0), None);
        assert_eq!(pixels(&mark(2100.0, 2200.0), &x, &PLOT, 1.0), None);
        assert_eq!(pixels(&mark(0.0, 3000.0), &x, &PLOT, 1.0), Some((PLOT.left, PLOT.right)));
    }

    #[test]
    fn levels_rise_with_severity() {
        assert!(Level::of(1.5) < Level::of(3.0) && Level::of(3.0) < Level::of(40.0));
        assert_eq!(Level::of(f64::NAN), Level::Mild);
    }

    #[test]
    fn the_theme_may_set_one_colour_a_kind() {
        let mut theme = Theme::default();
        assert_eq!(colour(&theme, &mark(0.0, 1.0)), theme.mild);
        theme.span = RGBAColor(1, 2, 3, 1.0);
        assert_eq!(colour(&theme, &mark(0.0, 1.0)), RGBAColor(1, 2, 3, 1.0));
    }

    #[test]
    fn numbers_become_marks() {
        let marks = Mark::from_numbers(&[1.0, 2.0, 1.0, 5.0, 3.0, 1.0, 1.0, 9.0]);
        assert_eq!(marks.len(), 1);
        assert!(marks[0].kind == Kind::Point && marks[0].dismissed);
        let labels = Label::from_numbers(&[1.0, 2.0, 1.0, 3.0, 4.0, 0.0]);
        assert_eq!(labels.iter().map(|label| label.anomaly).collect::<Vec<_>>(), [true, false]);
    }
}
