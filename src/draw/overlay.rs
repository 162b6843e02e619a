//! How an anomaly looks: a point is a ring on its sample, a duration a pale fill with a solid bar on top, and
//! the colour says how severe it is.

use super::pen::{Pen, Rect};
use super::scale::Scale;
use super::theme::Theme;
use crate::error::Result;
use plotters::prelude::DrawingBackend;
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
    /// Whether it is a point; else it is an interval.
    pub point: bool,
}

impl Mark {
    /// Numbers of a mark in [`Mark::from_numbers`].
    pub const WIDTH: usize = 6;

    /// Marks from a flat list, six numbers each: start, end, peak, value, severity, 1 for a point or 0.
    pub fn from_numbers(numbers: &[f64]) -> Vec<Mark> {
        let mark = |n: &[f64]| match *n {
            [start, end, peak, value, severity, point] => {
                Some(Mark { start, end, peak, value, severity, point: point == 1.0 })
            }
            _ => None,
        };
        numbers.chunks_exact(Mark::WIDTH).filter_map(mark).collect()
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
    let own = if mark.point { theme.point } else { theme.span };
    if own.3 > 0.0 {
        return own;
    }
    match Level::of(mark.severity) {
        Level::Mild => theme.mild,
        Level::Strong => theme.strong,
        Level::Severe => theme.severe,
    }
}

/// The pixels a mark covers from left to right, at least `thinnest` wide and within the plot; none when it lies
/// outside of the view.
pub fn pixels(mark: &Mark, x: &Scale, plot: &Rect, thinnest: f64) -> Option<(f64, f64)> {
    let (left, right) = (x.at(mark.start), x.at(mark.end));
    if right < plot.left || left > plot.right {
        return None;
    }
    let (mut left, mut right) = (left.max(plot.left).floor(), right.min(plot.right).ceil());
    if right - left < thinnest {
        let middle = (x.at(mark.peak).clamp(plot.left, plot.right) - thinnest / 2.0).round();
        left = middle.clamp(plot.left, (plot.right - thinnest).max(plot.left));
        right = left + thinnest;
    }
    Some((left, right))
}

/// Draws what lies behind the series: the fill of intervals, and of a point the line that ties it to its bar.
///
/// # Errors
/// [`crate::Error::Draw`] with what the back end said.
pub fn behind<B: DrawingBackend>(
    pen: &mut Pen<B>,
    theme: &Theme,
    marks: &[Mark],
    chosen: Option<usize>,
    x: &Scale,
    plot: &Rect,
) -> Result<()> {
    for (i, mark) in marks.iter().enumerate() {
        let Some((left, right)) = pixels(mark, x, plot, 1.0) else { continue };
        let RGBAColor(r, g, b, alpha) = colour(theme, mark);
        let strength = if chosen == Some(i) { 0.24 } else { 0.14 };
        pen.block(Rect { left, right, ..*plot }, RGBAColor(r, g, b, alpha * strength))?;
    }
    Ok(())
}

/// Draws what lies on the series: the bar on top of each mark, and a ring on the sample of each point.
/// `scale` is device pixels a CSS pixel.
///
/// # Errors
/// [`crate::Error::Draw`] with what the back end said.
#[allow(clippy::too_many_arguments)]
pub fn above<B: DrawingBackend>(
    pen: &mut Pen<B>,
    theme: &Theme,
    marks: &[Mark],
    chosen: Option<usize>,
    x: &Scale,
    y: &Scale,
    plot: &Rect,
    scale: f64,
) -> Result<()> {
    // The most severe last, so that it lies on top.
    let mut order: Vec<usize> = (0..marks.len()).collect();
    order.sort_by(|&a, &b| {
        let key = |i: usize| (chosen == Some(i), marks.get(i).map_or(0.0, |m| m.severity));
        key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal)
    });
    for i in order {
        let Some(mark) = marks.get(i) else { continue };
        let Some((left, right)) = pixels(mark, x, plot, (3.0 * scale).round()) else { continue };
        let paint = colour(theme, mark);
        let height = if chosen == Some(i) { 6.0 } else { 4.0 } * scale;
        pen.block(Rect { left, right, top: plot.top - height, bottom: plot.top }, paint)?;
        let centre = x.at(mark.peak);
        if mark.point && mark.value.is_finite() && centre >= plot.left && centre <= plot.right {
            let radius = if chosen == Some(i) { 6.0 } else { 4.5 } * scale;
            pen.ring((centre, y.clamp(y.at(mark.value))), radius, 2.0 * scale, paint, theme.paper)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Rect = Rect { left: 50.0, top: 10.0, right: 150.0, bottom: 100.0 };

    fn mark(start: f64, end: f64) -> Mark {
        Mark { start, end, peak: start, value: 1.0, severity: 1.0, point: false }
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
        let marks = Mark::from_numbers(&[1.0, 2.0, 1.0, 5.0, 3.0, 1.0, 9.0]);
        assert_eq!(marks.len(), 1);
        assert!(marks[0].point);
    }
}
