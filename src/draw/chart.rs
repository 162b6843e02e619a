//! The chart as a whole: what it shows, where each part stands, and the order of drawing.

use super::overlay::{self, Mark};
use super::pen::{Pen, Rect, text_width};
use super::scale::{Scale, View, columns, extent, stretches};
use super::theme::Theme;
use super::ticks::{Unit, Zone, time_ticks, value_labels, value_ticks};
use crate::error::{Error, Result};
use plotters::prelude::DrawingBackend;
use plotters::style::RGBAColor;
use plotters::style::text_anchor::{HPos, VPos};
use std::ops::Range;

/// The columns that are drawn, all of one length; NaN: none there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// Milliseconds, increasing.
    pub time: Vec<f64>,
    /// Values in the series' own unit.
    pub value: Vec<f64>,
    /// Scores, higher is stranger.
    pub scores: Vec<f64>,
    /// The limit of each score.
    pub limits: Vec<f64>,
    /// Expected values.
    pub expected: Vec<f64>,
    /// Lower ends of the band around them.
    pub lower: Vec<f64>,
    /// Upper ends of it.
    pub upper: Vec<f64>,
}

impl Columns {
    fn all(&mut self) -> [&mut Vec<f64>; 7] {
        let Columns { time, value, scores, limits, expected, lower, upper } = self;
        [time, value, scores, limits, expected, lower, upper]
    }
}

/// Where the parts stand, in device pixels, and what the scales mean.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The series.
    pub plot: Rect,
    /// The scores below it.
    pub strip: Rect,
    /// Time to pixels.
    pub x: Scale,
    /// Value to pixels.
    pub y: Scale,
    /// The pixel of the limit in the strip, at the right end; NaN when there is no limit.
    pub limit: f64,
}

/// A chart: columns, marks, and how to show them.
pub struct Chart {
    columns: Columns,
    marks: Vec<Mark>,
    chosen: Option<usize>,
    view: Option<View>,
    zone: Zone,
    theme: Theme,
    decimal: char,
    step: f64,
    size: (f64, f64),
    scale: f64,
}

impl Default for Chart {
    fn default() -> Chart {
        Chart {
            columns: Columns::default(),
            marks: Vec::new(),
            chosen: None,
            view: None,
            zone: Zone::default(),
            theme: Theme::default(),
            decimal: '.',
            step: 0.0,
            size: (0.0, 0.0),
            scale: 1.0,
        }
    }
}

/// Steps of the series without a row after which the line is parted.
const LONGEST_GAP: f64 = 5.0;
/// Where the limit stands in the strip, from its foot: what is above has most of the room.
const LIMIT_HEIGHT: f64 = 0.42;

impl Chart {
    /// Replaces the rows from `start` on.
    ///
    /// # Errors
    /// [`Error::Series`] when the columns differ in length or `start` is beyond the rows that are there.
    pub fn replace(&mut self, start: usize, mut rows: Columns) -> Result<()> {
        let length = rows.time.len();
        if start > self.columns.time.len() || rows.all().iter().any(|column| column.len() != length) {
            let why = "the columns of a chart need the same length, and rows that follow those it has";
            return Err(Error::Series { at: start, why: why.into() });
        }
        for (column, new) in self.columns.all().into_iter().zip(rows.all()) {
            column.truncate(start);
            column.append(new);
        }
        Ok(())
    }

    /// Drops the first rows.
    pub fn forget(&mut self, rows: usize) {
        for column in self.columns.all() {
            column.drain(..rows.min(column.len()));
        }
    }

    /// Shows these marks, `chosen` of them emphasised.
    pub fn mark(&mut self, marks: Vec<Mark>, chosen: Option<usize>) {
        self.marks = marks;
        self.chosen = chosen;
    }

    /// Shows this stretch of time; none: all of it.
    pub fn look(&mut self, view: Option<View>) {
        self.view = view;
    }

    /// Uses these colours and this font.
    pub fn dress(&mut self, theme: Theme) {
        self.theme = theme;
    }

    /// Writes times and numbers as the reader does; `step` is the series' interval in milliseconds, 0: unknown.
    pub fn read_as(&mut self, zone: Zone, decimal: char, step: f64) {
        self.zone = zone;
        self.decimal = decimal;
        self.step = step;
    }

    /// Sets the size in device pixels, and device pixels a CSS pixel.
    pub fn resize(&mut self, width: f64, height: f64, scale: f64) {
        self.size = (width, height);
        self.scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
    }

    /// The stretch of time shown; none when there are no rows.
    pub fn view(&self) -> Option<View> {
        let (first, last) = (*self.columns.time.first()?, *self.columns.time.last()?);
        Some(self.view.unwrap_or(View::new(first, last)))
    }

    /// The moments of the time axis' ticks and the unit of their step; the page writes the labels.
    pub fn time_ticks(&self) -> Option<(Unit, Vec<f64>)> {
        let layout = self.layout()?;
        let wanted = (layout.plot.width() / (92.0 * self.scale)).floor().max(1.0) as usize;
        Some(time_ticks(self.view()?, wanted, &self.zone))
    }

    /// Where the parts stand; none when there are no rows or no room.
    pub fn layout(&self) -> Option<Layout> {
        let view = self.view()?;
        let s = self.scale;
        let (width, height) = self.size;
        let strip_height = (0.16 * height).clamp(28.0 * s, 56.0 * s).round();
        let foot = height - (10.0 * s).round();
        let top = (14.0 * s).round();
        let bottom = (foot - strip_height - 42.0 * s).round();
        let rows = view.rows(&self.columns.time);
        let domain = self.value_domain(&view, rows.clone());
        let (_, labels) = self.value_axis(domain, bottom - top);
        let widest =
            labels.iter().map(|l| text_width(l, 11.0 * s)).fold(text_width("score", 11.0 * s), f64::max);
        let left = (widest + 20.0 * s).round();
        let right = width - (14.0 * s).round();
        if right - left < 20.0 * s || bottom - top < 20.0 * s {
            return None;
        }
        let plot = Rect { left, top, right, bottom };
        let strip = Rect { left, top: foot - strip_height, right, bottom: foot };
        let x = Scale::new((view.from, view.to), (left, right));
        let y = Scale::new(domain, (bottom, top));
        let limit = self.strip(rows, &strip).map_or(f64::NAN, |strip| strip.limit);
        Some(Layout { plot, strip, x, y, limit })
    }

    /// The values that the axis spans: all visible ones with a little air, down to 0 when that is near, and the
    /// band as far as it does not flatten the series.
    fn value_domain(&self, view: &View, rows: Range<usize>) -> (f64, f64) {
        let c = &self.columns;
        let inside = |i: &usize| c.time.get(*i).is_some_and(|&t| t >= view.from && t <= view.to);
        let of =
            |column: &Vec<f64>| extent(rows.clone().filter(inside).filter_map(|i| column.get(i).copied()));
        let neighbours = || extent(rows.clone().filter_map(|i| c.value.get(i).copied()));
        let Some((mut low, mut high)) = of(&c.value).or_else(neighbours) else { return (0.0, 1.0) };
        let range = high - low;
        if range <= f64::EPSILON * low.abs().max(high.abs()) {
            let air = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
            return (low - air, high + air);
        }
        if let (Some((lower, _)), Some((_, upper))) = (of(&c.lower), of(&c.upper)) {
            low = low.min(lower.max(low - 0.2 * range));
            high = high.max(upper.min(high + 0.2 * range));
        }
        let range = high - low;
        let near_zero = low >= 0.0 && low < 0.2 * range;
        (if near_zero { 0.0 } else { low - 0.05 * range }, high + 0.06 * range)
    }

    fn value_axis(&self, domain: (f64, f64), height: f64) -> (Vec<f64>, Vec<String>) {
        let wanted = (height / (44.0 * self.scale)).floor().clamp(2.0, 7.0) as usize;
        let ticks = value_ticks(domain.0, domain.1, wanted);
        let labels = value_labels(&ticks, self.decimal);
        (ticks, labels)
    }

    /// How scores stand in their strip; none when nothing visible is scored.
    fn strip(&self, rows: Range<usize>, strip: &Rect) -> Option<StripScale> {
        let c = &self.columns;
        let scores = || rows.clone().filter_map(|i| c.scores.get(i).copied());
        let (low, high) = extent(scores())?;
        let limits = rows.clone().rev().filter_map(|i| c.limits.get(i).copied());
        let known = limits.into_iter().find(|l| l.is_finite());
        let reference = known.unwrap_or(low + 1.25 * (high - low).max(f64::MIN_POSITIVE));
        let low = if low >= 0.0 && low < 0.5 * reference { 0.0 } else { low.min(reference) };
        let unit = if reference > low { reference - low } else { 1.0 };
        let most = ((high - low) / unit).max(2.5);
        let mut scale =
            StripScale { low, unit, most, foot: strip.bottom, height: strip.height(), limit: f64::NAN };
        scale.limit = known.map_or(f64::NAN, |limit| scale.at(limit));
        Some(scale)
    }

    /// Draws everything on a back end whose units are [`super::pen::FINE`] a device pixel. `labels` are the
    /// texts of [`Chart::time_ticks`].
    ///
    /// # Errors
    /// [`Error::Draw`] with what the back end said.
    pub fn draw<B: DrawingBackend>(&self, backend: &mut B, labels: &[String]) -> Result<()> {
        let theme = &self.theme;
        let mut pen = Pen::new(backend, &theme.font, 11.0 * self.scale);
        let paper = Rect { left: 0.0, top: 0.0, right: self.size.0, bottom: self.size.1 };
        pen.block(paper, theme.paper)?;
        let (Some(view), Some(layout)) = (self.view(), self.layout()) else { return Ok(()) };
        let Layout { plot, x, y, .. } = layout;
        let rows = view.rows(&self.columns.time);

        self.draw_value_axis(&mut pen, &layout)?;
        overlay::behind(&mut pen, theme, &self.marks, self.chosen, &x, &plot)?;
        self.draw_band(&mut pen, &layout, rows.clone())?;
        self.draw_series(&mut pen, &layout, rows.clone())?;
        overlay::above(&mut pen, theme, &self.marks, self.chosen, &x, &y, &plot, self.scale)?;
        self.draw_time_axis(&mut pen, &layout, labels)?;
        self.draw_strip(&mut pen, &layout, rows)?;
        backend.present().map_err(|error| Error::Draw(error.to_string()))
    }

    fn draw_value_axis<B: DrawingBackend>(&self, pen: &mut Pen<B>, layout: &Layout) -> Result<()> {
        let Layout { plot, y, .. } = layout;
        let (ticks, labels) = self.value_axis(y.domain(), plot.height());
        let hair = self.scale.round().max(1.0);
        for (tick, label) in ticks.iter().zip(&labels) {
            let at = y.at(*tick).round();
            pen.block(Rect { top: at, bottom: at + hair, ..*plot }, self.theme.grid)?;
            let end = plot.left - 8.0 * self.scale;
            pen.text(label, (end, at), (HPos::Right, VPos::Center), self.theme.muted)?;
        }
        Ok(())
    }

    fn draw_time_axis<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        labels: &[String],
    ) -> Result<()> {
        let Some((_, ticks)) = self.time_ticks() else { return Ok(()) };
        let top = layout.plot.bottom + 7.0 * self.scale;
        let mut free = 0.0;
        for (tick, label) in ticks.iter().zip(labels) {
            let half = pen.text_width(label) / 2.0;
            // A label at the edge moves inwards instead of being cut.
            let last = self.size.0 - half - 2.0 * self.scale;
            let middle = layout.x.at(*tick).min(last).max(half + 2.0 * self.scale);
            if middle - half < free {
                continue;
            }
            free = middle + half + 10.0 * self.scale;
            pen.text(label, (middle, top), (HPos::Center, VPos::Top), self.theme.muted)?;
        }
        Ok(())
    }

    fn draw_band<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        rows: Range<usize>,
    ) -> Result<()> {
        let c = &self.columns;
        let Layout { x, y, .. } = layout;
        let band = columns(&c.time, &c.lower, &c.upper, rows, x);
        // Neighbours farther apart than a gap do not belong to one band.
        let apart = self.gap_pixels(x).max(2.0);
        for part in band.chunk_by(|a, b| b.0 - a.0 <= apart) {
            let upper = part.iter().map(|&(at, _, high)| (at + 0.5, y.clamp(y.at(high))));
            let lower = part.iter().rev().map(|&(at, low, _)| (at + 0.5, y.clamp(y.at(low))));
            pen.area(&upper.chain(lower).collect::<Vec<_>>(), self.theme.band)?;
        }
        Ok(())
    }

    /// How many pixels apart two neighbours may be before the line between them is parted.
    fn gap_pixels(&self, x: &Scale) -> f64 {
        if self.step > 0.0 { x.at(LONGEST_GAP * self.step) - x.at(0.0) } else { f64::INFINITY }
    }

    fn draw_series<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        rows: Range<usize>,
    ) -> Result<()> {
        let c = &self.columns;
        let Layout { plot, x, y, .. } = layout;
        let longest = if self.step > 0.0 { LONGEST_GAP * self.step } else { f64::INFINITY };
        let dense = rows.len() as f64 / plot.width();
        for stretch in stretches(&c.time, &c.expected, rows.clone(), x, y, longest) {
            pen.line(&stretch, self.scale.max(1.0), self.theme.expected)?;
        }
        let stroke = if dense > 2.0 { 1.25 } else { 1.5 } * self.scale;
        let far_apart = dense * 10.0 * self.scale < 1.0;
        for stretch in stretches(&c.time, &c.value, rows, x, y, longest) {
            if let [lone] = stretch[..] {
                pen.dot(lone, 1.5 * self.scale, self.theme.line)?;
                continue;
            }
            pen.line(&stretch, stroke, self.theme.line)?;
            if far_apart {
                for &point in &stretch {
                    pen.dot(point, 2.0 * self.scale, self.theme.line)?;
                }
            }
        }
        Ok(())
    }

    fn draw_strip<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        layout: &Layout,
        rows: Range<usize>,
    ) -> Result<()> {
        let c = &self.columns;
        let Layout { strip, x, .. } = layout;
        let label = (strip.left - 8.0 * self.scale, strip.bottom - strip.height() / 2.0);
        pen.text("score", label, (HPos::Right, VPos::Center), self.theme.muted)?;
        if let Some(scale) = self.strip(rows.clone(), strip) {
            let scores = columns(&c.time, &c.scores, &c.scores, rows.clone(), x);
            let apart = self.gap_pixels(x).max(2.0);
            for part in scores.chunk_by(|a, b| b.0 - a.0 <= apart) {
                self.fill_scores(pen, part, &scale, strip, self.theme.score)?;
            }
            for mark in &self.marks {
                let Some((left, right)) = overlay::pixels(mark, x, strip, 1.0) else { continue };
                let paint = overlay::colour(&self.theme, mark);
                let first = scores.partition_point(|column| column.0 < left);
                let end = scores.partition_point(|column| column.0 < right).max(first + 1).min(scores.len());
                let part = scores.get(first..end).unwrap_or_default();
                self.fill_scores(pen, part, &scale, strip, paint)?;
            }
            let stairs = columns(&c.time, &c.limits, &c.limits, rows, x);
            let line: Vec<(f64, f64)> = stairs.iter().map(|&(at, _, limit)| (at, scale.at(limit))).collect();
            pen.dashes(&simplified(line), 4.0 * self.scale, self.scale.max(1.0), self.theme.limit)?;
        }
        let foot = Rect { top: strip.bottom, bottom: strip.bottom + self.scale.round().max(1.0), ..*strip };
        pen.block(foot, self.theme.grid)
    }

    /// Fills the scores of neighbouring columns down to the foot of the strip.
    fn fill_scores<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        part: &[(f64, f64, f64)],
        scale: &StripScale,
        strip: &Rect,
        colour: RGBAColor,
    ) -> Result<()> {
        let (Some(first), Some(last)) = (part.first(), part.last()) else { return Ok(()) };
        let tops = part.iter().flat_map(|&(at, _, score)| {
            let top = scale.at(score);
            [(at, top), (at + 1.0, top)]
        });
        let foot = [(last.0 + 1.0, strip.bottom), (first.0, strip.bottom)];
        pen.area(&tops.chain(foot).collect::<Vec<_>>(), colour)
    }
}

/// Scores to pixels: straight up to the limit, by logarithm above it, so that one huge score leaves the others
/// readable.
struct StripScale {
    low: f64,
    unit: f64,
    most: f64,
    foot: f64,
    height: f64,
    limit: f64,
}

impl StripScale {
    fn at(&self, score: f64) -> f64 {
        let times = ((score - self.low) / self.unit).max(0.0);
        let part = if times <= 1.0 {
            LIMIT_HEIGHT * times
        } else {
            LIMIT_HEIGHT + (1.0 - LIMIT_HEIGHT) * (times.ln() / self.most.ln()).min(1.0)
        };
        self.foot - part * self.height
    }
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
    use super::super::recorder::{Op, Recorder};
    use super::*;

    const LINE: (u8, u8, u8) = (29, 91, 184);

    fn chart(values: &[f64], width: f64, scale: f64) -> Chart {
        let n = values.len();
        let none = vec![f64::NAN; n];
        let mut scores: Vec<f64> = (0..n).map(|i| (i % 7) as f64 / 7.0).collect();
        if n > 10 {
            scores[n / 2] = 40.0;
        }
        let rows = Columns {
            time: (0..n).map(|i| 1.7e12 + 1000.0 * i as f64).collect(),
            value: values.to_vec(),
            scores,
            limits: vec![2.0; n],
            expected: none.clone(),
            lower: none.clone(),
            upper: none,
        };
        let mut chart = Chart::default();
        chart.replace(0, rows).unwrap();
        chart.read_as(Zone::default(), '.', 1000.0);
        chart.resize(width, 400.0 * scale, scale);
        chart
    }

    fn drawn(chart: &Chart) -> Recorder {
        let mut recorder = Recorder::default();
        let labels: Vec<String> =
            chart.time_ticks().map_or(Vec::new(), |(_, at)| vec!["12:00".into(); at.len()]);
        chart.draw(&mut recorder, &labels).unwrap();
        recorder
    }

    fn wave(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * 0.37).sin() * 10.0 + ((i * 7919) % 13) as f64).collect()
    }

    #[test]
    fn decimated_draws_the_pixels_of_all() {
        let values = wave(20_000);
        let chart = chart(&values, 600.0, 1.0);
        let layout = chart.layout().unwrap();
        let full: Vec<(f64, f64)> =
            (0..values.len()).map(|i| (layout.x.at(chart.columns.time[i]), layout.y.at(values[i]))).collect();
        let mut twin = Recorder::default();
        twin.ops.push(Op::Line(full, 1.0, LINE));
        let (got, want) = (drawn(&chart).painted(LINE), twin.painted(LINE));
        let missing = want.difference(&got).count();
        assert!(missing as f64 <= 0.01 * want.len() as f64, "{missing} of {}", want.len());
        let extra = got.difference(&want).count();
        assert!(extra as f64 <= 0.01 * got.len() as f64, "{extra} of {}", got.len());
        let points: usize =
            drawn(&chart).ops.iter().map(|op| if let Op::Line(p, ..) = op { p.len() } else { 0 }).sum();
        assert!(points < 5 * 600, "{points}");
    }

    #[test]
    fn one_spike_in_a_million_is_drawn_inside_the_axis() {
        let mut values = vec![1.0; 1_000_000];
        values[654_321] = 500.0;
        let chart = chart(&values, 800.0, 1.0);
        let layout = chart.layout().unwrap();
        let top = drawn(&chart).painted(LINE).into_iter().map(|(_, y)| y).min().unwrap();
        assert_eq!(top, layout.y.at(500.0).floor() as i64);
        assert!(top as f64 > layout.plot.top);
    }

    #[test]
    fn a_gap_is_not_bridged() {
        let mut values = wave(100);
        values[40..60].fill(f64::NAN);
        let chart = chart(&values, 600.0, 1.0);
        let layout = chart.layout().unwrap();
        let (from, to) = (layout.x.at(chart.columns.time[40]), layout.x.at(chart.columns.time[59]));
        let inside =
            drawn(&chart).painted(LINE).into_iter().filter(|&(x, _)| x as f64 >= from && (x as f64) < to);
        assert_eq!(inside.count(), 0);
    }

    #[test]
    fn marks_stand_where_the_events_are() {
        let values = wave(1000);
        for scale in [1.0, 1.5, 2.0] {
            let mut chart = chart(&values, 700.0 * scale, scale);
            let time = |i: usize| 1.7e12 + 1000.0 * i as f64;
            let point = Mark {
                start: time(500),
                end: time(501),
                peak: time(500),
                value: values[500],
                severity: 9.0,
                point: true,
            };
            let span = Mark {
                start: time(200),
                end: time(300),
                peak: time(250),
                severity: 3.0,
                point: false,
                ..point
            };
            chart.mark(vec![point, span], Some(1));
            let layout = chart.layout().unwrap();
            let ops = drawn(&chart).ops;
            let theme = Theme::default();
            let severe = (theme.severe.0, theme.severe.1, theme.severe.2);
            let strong = (theme.strong.0, theme.strong.1, theme.strong.2);
            let rings: Vec<_> =
                ops.iter().filter(|op| matches!(op, Op::Dot(_, _, c) if *c == severe)).collect();
            let [Op::Dot(at, radius, _)] = rings[..] else { panic!("{rings:?}") };
            assert!(
                (at.0 - layout.x.at(time(500))).abs() < 0.3 && (at.1 - layout.y.at(values[500])).abs() < 0.3
            );
            assert!((radius / scale - 5.5).abs() < 0.2, "{radius}");
            let bars: Vec<[f64; 4]> = ops
                .iter()
                .filter_map(|op| match op {
                    Op::Block(edges, c) if *c == strong => Some(*edges),
                    _ => None,
                })
                .collect();
            assert_eq!(bars.len(), 2, "a fill and a bar");
            for [left, _, right, _] in bars {
                assert!(
                    (left - layout.x.at(time(200))).abs() <= 1.0
                        && (right - layout.x.at(time(300))).abs() <= 1.0
                );
            }
            assert!(
                ops.iter().any(|op| matches!(op, Op::Area(_, c) if *c == severe)),
                "the score of the point"
            );
        }
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

    #[test]
    fn a_huge_score_leaves_the_limit_where_it_is() {
        let chart = chart(&wave(100), 600.0, 1.0);
        let layout = chart.layout().unwrap();
        let from_foot = (layout.strip.bottom - layout.limit) / layout.strip.height();
        assert!((from_foot - LIMIT_HEIGHT).abs() < 1e-9);
    }

    #[test]
    fn rows_are_replaced_and_forgotten() {
        let mut all = chart(&[1.0, 2.0, 3.0], 600.0, 1.0);
        let more = chart(&[4.0, 5.0], 600.0, 1.0).columns;
        assert!(all.replace(4, more.clone()).is_err());
        all.replace(1, more).unwrap();
        assert_eq!(all.columns.value, [1.0, 4.0, 5.0]);
        all.forget(2);
        assert_eq!(all.columns.value, [5.0]);
        all.forget(9);
        assert!(all.view().is_none());
    }

    #[test]
    fn constant_missing_and_no_values_are_drawn() {
        for values in [vec![], vec![3.0], vec![3.0; 50], vec![0.0; 50], vec![f64::NAN; 50]] {
            drawn(&chart(&values, 600.0, 1.0));
        }
        drawn(&chart(&wave(50), 10.0, 1.0));
    }
}
