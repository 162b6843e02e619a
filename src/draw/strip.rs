//! The score strip: the scores, coloured where an event is, and the limit as a line that can be dragged.

use super::captions::Caption;
use super::chart::{Chart, Layout};
use super::decimate::columns;
use super::overlay;
use super::pen::{Pen, Rect, Surface};
use super::rows::Rows;
use super::stretch::jagged;
use crate::error::Result;
use plotters::style::RGBAColor;
use std::ops::Range;

/// Where the neutral limit stands in the strip, from its foot: what is above has most of the room.
const LIMIT_HEIGHT: f64 = 0.42;
/// Limits up to four times the neutral one (sensitivity 0) stand inside of the strip.
const LEAST_TOP: f64 = 4.5;

/// Scores to pixels: straight up to the neutral limit, by logarithm above it, so that one huge score leaves the
/// others readable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strip {
    low: f64,
    unit: f64,
    most: f64,
    foot: f64,
    height: f64,
    /// The pixel of the limit in force at the right end; NaN: there is none.
    pub limit: f64,
}

impl Strip {
    /// The strip of these rows; none when none of them is scored. `neutral`: the limit at the middle
    /// sensitivity, which keeps its height when the limit in force moves; without it the limit itself does.
    pub fn new(rows: &Rows, visible: Range<usize>, neutral: Option<f64>, place: &Rect) -> Option<Strip> {
        let (low, high) = rows.scores.extent(visible.clone())?;
        let limits = rows.limits.values().get(..visible.end).unwrap_or(rows.limits.values());
        let known = limits.iter().skip(visible.start).rev().copied().find(|l| l.is_finite());
        let neutral = neutral.filter(|n| n.is_finite() && known.is_some());
        let reference = neutral.or(known).unwrap_or(low + 1.25 * (high - low).max(f64::MIN_POSITIVE));
        let low = if low >= 0.0 && low < 0.5 * reference { 0.0 } else { low.min(reference) };
        let unit = if reference > low { reference - low } else { 1.0 };
        let most = ((high - low) / unit).max(LEAST_TOP);
        let mut strip =
            Strip { low, unit, most, foot: place.bottom, height: place.height(), limit: f64::NAN };
        strip.limit = known.map_or(f64::NAN, |limit| strip.at(limit));
        Some(strip)
    }

    /// The pixel of a score.
    pub fn at(&self, score: f64) -> f64 {
        let times = ((score - self.low) / self.unit).max(0.0);
        let part = if times <= 1.0 {
            LIMIT_HEIGHT * times
        } else {
            LIMIT_HEIGHT + (1.0 - LIMIT_HEIGHT) * (times.ln() / self.most.ln()).min(1.0)
        };
        self.foot - part * self.height
    }

    /// The score at a pixel.
    pub fn score(&self, pixel: f64) -> f64 {
        let part = ((self.foot - pixel) / self.height).clamp(0.0, 1.0);
        let times = if part <= LIMIT_HEIGHT {
            part / LIMIT_HEIGHT
        } else {
            (self.most.ln() * (part - LIMIT_HEIGHT) / (1.0 - LIMIT_HEIGHT)).exp()
        };
        self.low + times * self.unit
    }
}

impl Chart {
    pub(super) fn strip_caption(&self, layout: &Layout) -> Caption {
        let place = &layout.strip;
        self.beside(self.words.score.clone(), place, place.bottom - place.height() / 2.0)
    }

    pub(super) fn draw_strip<B: Surface>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        visible: Range<usize>,
    ) -> Result<()> {
        let (rows, theme) = (&self.rows, &self.theme);
        let Layout { strip: place, x, .. } = layout;
        if let Some(strip) = layout.scores {
            let scores = columns(&rows.time, &rows.scores, &rows.scores, visible.clone(), x);
            let apart = self.gap_pixels(x).max(2.0);
            for part in scores.chunk_by(|a, b| b.0 - a.0 <= apart) {
                fill_scores(pen, part, &strip, place, theme.score)?;
            }
            for mark in self.marks.iter().filter(|mark| !mark.dismissed) {
                let Some((left, right)) = overlay::pixels(mark, x, place, 1.0) else { continue };
                let first = scores.partition_point(|column| column.0 < left);
                let end = scores.partition_point(|column| column.0 < right).max(first + 1).min(scores.len());
                let part = scores.get(first..end).unwrap_or_default();
                fill_scores(pen, part, &strip, place, overlay::colour(theme, mark))?;
            }
            let stairs = columns(&rows.time, &rows.limits, &rows.limits, visible, x);
            let line: Vec<(f64, f64)> = stairs.iter().map(|&(at, _, limit)| (at, strip.at(limit))).collect();
            pen.dashes(&simplified(line), 4.0 * self.scale, self.scale.max(1.0), theme.limit)?;
        }
        let foot = Rect { top: place.bottom, bottom: place.bottom + self.scale.round().max(1.0), ..*place };
        pen.block(foot, theme.grid)
    }
}

/// Fills the scores of neighbouring columns down to the foot of the strip.
fn fill_scores<B: Surface>(
    pen: &mut Pen<B>,
    part: &[(f64, f64, f64)],
    strip: &Strip,
    place: &Rect,
    colour: RGBAColor,
) -> Result<()> {
    let part: Vec<_> = part.iter().map(|&(at, _, score)| (at, strip.at(score), place.bottom)).collect();
    if jagged(&part) {
        return pen.columns(&part, colour);
    }
    let (Some(first), Some(last)) = (part.first(), part.last()) else { return Ok(()) };
    let tops = part.iter().flat_map(|&(at, top, _)| [(at, top), (at + 1.0, top)]);
    let foot = [(last.0 + 1.0, place.bottom), (first.0, place.bottom)];
    pen.area(&tops.chain(foot).collect::<Vec<_>>(), colour)
}

/// The line without points in the middle of level stretches.
fn simplified(line: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for point in line {
        if let [.., a, b] = kept[..]
            && a.1 == b.1
            && b.1 == point.1
        {
            kept.pop();
        }
        kept.push(point);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::rows::Columns;
    use super::*;

    const PLACE: Rect = Rect { left: 0.0, top: 100.0, right: 300.0, bottom: 150.0 };

    fn rows(scores: &[f64], limit: f64) -> Rows {
        let n = scores.len();
        let none = vec![f64::NAN; n];
        let mut rows = Rows::default();
        let columns = Columns {
            time: (0..n).map(|i| i as f64).collect::<Vec<_>>().into(),
            value: vec![1.0; n],
            scores: scores.to_vec(),
            limits: vec![limit; n],
            expected: none.clone(),
            lower: none.clone(),
            upper: none,
        };
        assert!(rows.replace(0, columns));
        rows
    }

    #[test]
    fn pixels_and_scores_go_there_and_back() {
        let strip = Strip::new(&rows(&[0.1, 0.4, 9.0], 2.0), 0..3, Some(2.0), &PLACE).unwrap();
        for score in [0.0, 0.5, 2.0, 2.5, 7.0, 9.0] {
            assert!((strip.score(strip.at(score)) - score).abs() < 1e-9, "{score}");
        }
    }

    #[test]
    fn a_huge_score_leaves_the_limit_where_it_is() {
        let low = Strip::new(&rows(&[0.1, 0.4, 3.0], 2.0), 0..3, None, &PLACE).unwrap();
        let huge = Strip::new(&rows(&[0.1, 0.4, 3e6], 2.0), 0..3, None, &PLACE).unwrap();
        assert_eq!(low.limit, huge.limit);
        assert!((PLACE.bottom - low.limit) / PLACE.height() - LIMIT_HEIGHT < 1e-9);
    }

    #[test]
    fn the_limit_moves_and_the_scores_stay() {
        let at = |limit: f64| Strip::new(&rows(&[0.1, 0.4, 3.0], limit), 0..3, Some(2.0), &PLACE).unwrap();
        assert!(at(8.0).limit < at(2.0).limit && at(2.0).limit < at(0.5).limit);
        assert!(at(8.0).limit > PLACE.top && at(0.5).limit < PLACE.bottom);
        assert_eq!(at(8.0).at(0.4), at(0.5).at(0.4));
    }

    #[test]
    fn nothing_scored_gives_no_strip() {
        assert_eq!(Strip::new(&rows(&[f64::NAN; 3], 2.0), 0..3, None, &PLACE), None);
        let without = Strip::new(&rows(&[0.1, 0.4], f64::NAN), 0..2, Some(2.0), &PLACE).unwrap();
        assert!(without.limit.is_nan() && without.at(0.4) > PLACE.top);
    }
}
