//! The chart as a whole: what it shows, where each part stands, and the order of drawing.

use super::captions::{Captions, Kept};
use super::lanes::{self, Lane};
use super::overlay::{self, Label, Mark};
use super::overview::{self, Small};
use super::pen::{Pen, Rect, Surface, text_width};
use super::rows::{Columns, Rows};
use super::scale::{Scale, View};
use super::series::Lines;
use super::strip::Strip;
use super::theme::Theme;
use super::ticks::{Unit, Zone};
use crate::error::{Error, Result};
use std::cell::RefCell;
use std::rc::Rc;

/// Where the parts stand, in device pixels, and what the scales mean.
#[derive(Debug)]
pub struct Layout {
    /// The series.
    pub plot: Rect,
    /// The scores below it.
    pub strip: Rect,
    /// A lane for each other detector; no height without any.
    pub lanes: Rect,
    /// The whole series small; no height where there is no room.
    pub overview: Rect,
    /// Time to pixels.
    pub x: Scale,
    /// Value to pixels.
    pub y: Scale,
    /// How scores stand in their strip; none when nothing visible is scored.
    pub scores: Option<Strip>,
    /// The ticks of the value axis and their labels.
    pub values: Vec<(f64, String)>,
    /// The unit of the time axis' step and the moments of its ticks.
    pub times: (Unit, Vec<f64>),
}

/// The words on the chart, in the reader's language.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// Beside the strip.
    pub score: String,
}

/// A chart: columns, marks, and how to show them.
pub struct Chart {
    pub(super) rows: Rows,
    pub(super) marks: Vec<Mark>,
    pub(super) labels: Vec<Label>,
    pub(super) lanes: Vec<Lane>,
    pub(super) chosen: Option<usize>,
    pub(super) view: Option<View>,
    pub(super) theme: Theme,
    pub(super) words: Words,
    pub(super) scale: f64,
    /// So many characters of a lane's name have room beside it.
    pub(super) name_room: usize,
    /// The overview's line, until rows change that it shows.
    pub(super) small: RefCell<Option<Small>>,
    /// The lines of the series, until the rows change.
    pub(super) lines: RefCell<Option<Lines>>,
    /// The texts of the last picture, as long as they are still there.
    captions: RefCell<Option<Captions>>,
    /// Where the parts stand, until something changes.
    places: RefCell<Option<Rc<Layout>>>,
    neutral: Option<f64>,
    pub(super) zone: Zone,
    pub(super) decimal: char,
    pub(super) step: f64,
    pub(super) size: (f64, f64),
}

impl Default for Chart {
    fn default() -> Chart {
        Chart {
            rows: Rows::default(),
            marks: Vec::new(),
            labels: Vec::new(),
            lanes: Vec::new(),
            chosen: None,
            view: None,
            theme: Theme::default(),
            words: Words { score: "score".into() },
            scale: 1.0,
            name_room: WIDE_NAMES,
            small: RefCell::new(None),
            lines: RefCell::new(None),
            captions: RefCell::new(None),
            places: RefCell::new(None),
            neutral: None,
            zone: Zone::default(),
            decimal: '.',
            step: 0.0,
            size: (0.0, 0.0),
        }
    }
}

/// Height of the texts, in CSS pixels.
pub const TEXT: f64 = 11.0;
/// Characters of a lane's name beside it, in a chart of ordinary width and in one narrower than [`NARROW`].
const WIDE_NAMES: usize = 12;
/// See [`WIDE_NAMES`].
const NARROW_NAMES: usize = 6;
/// CSS pixels.
const NARROW: f64 = 520.0;

impl Chart {
    /// Replaces the rows from `start` on.
    ///
    /// # Errors
    /// [`Error::Series`] when the columns differ in length or `start` is beyond the rows that are there.
    pub fn replace(&mut self, start: usize, rows: Columns) -> Result<()> {
        self.changed();
        self.lines.take();
        if !self.rows.begins(start, &rows) {
            self.small.take();
        }
        if self.rows.replace(start, rows) {
            return Ok(());
        }
        let why = "the columns of a chart need the same length, and rows that follow those it has";
        Err(Error::Series { at: start, why: why.into() })
    }

    /// Makes room for so many rows, which come in parts.
    pub fn room(&mut self, rows: usize) {
        self.rows.room(rows);
    }

    /// Replaces all limits: one a row, those without have none; or a single one for all.
    pub fn replace_limits(&mut self, mut limits: Vec<f64>) {
        self.changed();
        match limits[..] {
            [one] => limits = vec![one; self.rows.len()],
            _ => limits.truncate(self.rows.len()),
        }
        self.rows.limits.replace(0, limits);
    }

    /// Drops the first rows.
    pub fn forget(&mut self, rows: usize) {
        self.changed();
        self.lines.take();
        self.rows.forget(rows);
        for lane in &mut self.lanes {
            lane.severity.forget(rows);
        }
    }

    /// Shows these marks, `chosen` of them emphasised.
    pub fn mark(&mut self, marks: Vec<Mark>, chosen: Option<usize>) {
        self.marks = marks;
        self.chosen = chosen;
    }

    /// Shows the verdicts of a reader.
    pub fn label(&mut self, labels: Vec<Label>) {
        self.labels = labels;
    }

    /// Shows a lane for each of these names, empty where it is new.
    pub fn name_lanes(&mut self, names: Vec<String>) {
        self.changed();
        self.lanes.resize_with(names.len(), Lane::default);
        for (lane, name) in self.lanes.iter_mut().zip(names) {
            if lane.name != name {
                *lane = Lane { name, ..Lane::default() };
            }
        }
    }

    /// Replaces the severities of a lane from row `start` on.
    pub fn replace_lane(&mut self, lane: usize, start: usize, severity: &[f64]) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.severity.replace(start, severity.to_vec());
        }
    }

    /// Keeps this limit, the one at the middle sensitivity, at its height in the strip.
    pub fn keep_limit(&mut self, neutral: Option<f64>) {
        self.changed();
        self.neutral = neutral;
    }

    /// Shows this stretch of time; none: all of it.
    pub fn look(&mut self, view: Option<View>) {
        self.changed();
        self.view = view;
    }

    /// Uses these colours and this font. The next picture is drawn as on a blank canvas.
    pub fn dress(&mut self, theme: Theme) {
        self.changed();
        self.captions.take();
        self.theme = theme;
    }

    /// Writes times, numbers and words as the reader does; `step` is the series' interval in milliseconds,
    /// 0: unknown.
    pub fn read_as(&mut self, zone: Zone, decimal: char, step: f64, words: Words) {
        self.zone = zone;
        self.decimal = decimal;
        self.step = step;
        self.changed();
        self.lines.take();
        self.small.take();
        self.words = words;
    }

    /// Whether what is below the chart shows through it: then it needs an empty canvas for each picture.
    pub fn is_see_through(&self) -> bool {
        self.theme.paper.3 < 1.0
    }

    /// Sets the size in device pixels, and device pixels a CSS pixel. Where it is another, the next picture is drawn as on
    /// a blank canvas.
    pub fn resize(&mut self, width: f64, height: f64, scale: f64) {
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        if (self.size, self.scale) == ((width, height), scale) {
            return;
        }
        self.changed();
        self.captions.take();
        self.size = (width, height);
        self.scale = scale;
        self.name_room = if width < NARROW * scale { NARROW_NAMES } else { WIDE_NAMES };
    }

    /// Forgets where the parts stand.
    fn changed(&mut self) {
        self.places.take();
    }

    /// The stretch of time shown; none when there are no rows.
    pub fn view(&self) -> Option<View> {
        let (first, last) = self.rows.time.ends()?;
        Some(self.view.unwrap_or(View::new(first, last)))
    }

    /// Where the parts stand; none when there are no rows or no room.
    pub fn layout(&self) -> Option<Rc<Layout>> {
        let mut places = self.places.borrow_mut();
        if places.is_none() {
            *places = self.lay_out().map(Rc::new);
        }
        places.clone()
    }

    fn lay_out(&self) -> Option<Layout> {
        let view = self.view()?;
        let s = self.scale;
        let (width, height) = self.size;
        let foot = height - (8.0 * s).round();
        let strip_height = (0.14 * height).clamp(28.0 * s, 56.0 * s).round();
        let whole = if height < overview::LEAST * s { 0.0 } else { (overview::HEIGHT * s).round() };
        let beside = match self.lanes.len() {
            0 => 0.0,
            n => ((lanes::HEIGHT * n as f64 + lanes::AGREEMENT) * s).round(),
        };
        let air = |part: f64| if part > 0.0 { (10.0 * s).round() } else { 0.0 };
        let overview_top = foot - whole;
        let lanes_top = overview_top - air(whole) - beside;
        let strip_bottom = lanes_top - (if beside > 0.0 { 5.0 * s } else { 0.0 }).round();
        let strip_top = strip_bottom - strip_height;
        let top = (14.0 * s).round();
        let bottom = (strip_top - 34.0 * s).round();

        let rows = view.rows(&self.rows.time);
        let domain = self.value_domain(&view, rows.clone());
        let values = self.value_ticks(domain, bottom - top);
        let labels = values.iter().map(|(_, label)| label.clone());
        let texts = labels.chain(self.lane_names()).chain([self.words.score.clone()]);
        let widest = texts.map(|text| text_width(&text, TEXT * s)).fold(0.0, f64::max);
        let left = (widest + 20.0 * s).round();
        let right = width - (14.0 * s).round();
        if right - left < 20.0 * s || bottom - top < 20.0 * s {
            return None;
        }
        let part = |top: f64, bottom: f64| Rect { left, top, right, bottom };
        let strip = part(strip_top, strip_bottom);
        Some(Layout {
            plot: part(top, bottom),
            strip,
            lanes: part(lanes_top, lanes_top + beside),
            overview: part(overview_top, foot),
            x: Scale::new((view.from, view.to), (left, right)),
            y: Scale::new(domain, (bottom, top)),
            scores: Strip::new(&self.rows, rows, self.neutral, &strip),
            values,
            times: self.time_ticks(view, right - left),
        })
    }

    /// Draws on a back end whose units are [`super::pen::FINE`] a device pixel. `labels` are the
    /// texts of [`Layout::times`], a line each. Texts that the last picture had too are left there.
    ///
    /// # Errors
    /// [`Error::Draw`] with what the back end said.
    pub fn draw<B: Surface>(&self, backend: &mut B, labels: &str) -> Result<()> {
        let mut pen = Pen::new(backend, &self.theme.font, TEXT * self.scale);
        let last = self.captions.take();
        let (Some(view), Some(layout)) = (self.view(), self.layout()) else {
            return self.draw_paper(&mut pen, None, Kept::default());
        };
        let rows = view.rows(&self.rows.time);
        let captions = self.captions(&layout, labels);
        // The edges of a chosen mark go through the texts.
        let mixed = self.chosen.is_some() || self.is_see_through();
        let last = last.filter(|_| !mixed);
        let kept = last.map_or(Kept::default(), |last| Kept::of(&last, &captions));
        self.draw_paper(&mut pen, Some(&layout), kept)?;
        self.draw_grid(&mut pen, &layout, &captions)?;
        self.draw_marks_behind(&mut pen, &layout)?;
        self.draw_band(&mut pen, &layout, rows.clone())?;
        self.draw_series(&mut pen, &layout, rows.clone())?;
        self.draw_marks_above(&mut pen, &layout)?;
        self.draw_labels(&mut pen, &layout)?;
        self.draw_strip(&mut pen, &layout, rows.clone())?;
        self.draw_lanes(&mut pen, &layout, rows)?;
        self.draw_overview(&mut pen, &layout)?;
        self.draw_captions(&mut pen, &captions, kept)?;
        self.captions.replace(Some(captions).filter(|_| !mixed));
        backend.present().map_err(|error| Error::Draw(error.to_string()))
    }

    fn draw_marks_behind<B: Surface>(&self, pen: &mut Pen<B>, layout: &Layout) -> Result<()> {
        let frame = overlay::Frame { theme: &self.theme, chosen: self.chosen, scale: self.scale, layout };
        overlay::behind(pen, &frame, &self.marks)
    }

    fn draw_marks_above<B: Surface>(&self, pen: &mut Pen<B>, layout: &Layout) -> Result<()> {
        let frame = overlay::Frame { theme: &self.theme, chosen: self.chosen, scale: self.scale, layout };
        overlay::above(pen, &frame, &self.marks)
    }

    fn draw_labels<B: Surface>(&self, pen: &mut Pen<B>, layout: &Layout) -> Result<()> {
        let frame = overlay::Frame { theme: &self.theme, chosen: None, scale: self.scale, layout };
        overlay::labels(pen, &frame, &self.labels)
    }
}

#[cfg(test)]
mod tests {
    use super::super::overlay::Kind;
    use super::super::recorder::Op;
    use super::super::trial::{PAPER, chart, drawn, wave};
    use super::*;

    #[test]
    fn what_is_kept_is_what_would_be_drawn_anew() {
        let time = |i: usize| 1.7e12 + 1000.0 * i as f64;
        let more = Columns {
            time: (2000..2010).map(time).collect::<Vec<_>>().into(),
            value: vec![90.0; 10],
            ..Columns::default()
        };
        type Change = Box<dyn Fn(&mut Chart)>;
        let changes: [(&str, Change); 6] = [
            ("forget", Box::new(|chart| chart.forget(300))),
            ("replace", Box::new(move |chart| chart.replace(2000, more.clone()).unwrap())),
            ("look", Box::new(move |chart| chart.look(Some(View::new(time(100), time(700)))))),
            ("resize", Box::new(|chart| chart.resize(500.0, 300.0, 1.5))),
            ("limits", Box::new(|chart| chart.replace_limits(vec![0.4]))),
            ("read", Box::new(|chart| chart.read_as(Zone::default(), ',', 10.0, chart.words.clone()))),
        ];
        for (name, change) in changes {
            let (mut drawn_before, mut new) =
                (chart(&wave(2000), 600.0, 1.0), chart(&wave(2000), 600.0, 1.0));
            let mut canvas = drawn(&drawn_before);
            let before = canvas.seen(PAPER);
            change(&mut drawn_before);
            change(&mut new);
            if name == "resize" {
                // That empties a canvas.
                canvas.ops.clear();
            }
            canvas.ops.extend(drawn(&drawn_before).ops);
            let after = canvas.seen(PAPER);
            assert!(before != after, "{name}");
            assert!(after == drawn(&new).seen(PAPER), "{name}");
        }
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
                kind: Kind::Point,
                dismissed: false,
            };
            let span = Mark {
                start: time(200),
                end: time(300),
                peak: time(250),
                severity: 3.0,
                kind: Kind::Duration,
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
                    Op::Block(edges, c) if *c == strong && edges[1] < layout.plot.bottom => Some(*edges),
                    _ => None,
                })
                .collect();
            assert_eq!(bars.len(), 4, "a fill, two edges and a bar");
            let (from, to) = (layout.x.at(time(200)), layout.x.at(time(300)));
            for [left, _, right, _] in bars {
                assert!(left >= from - 1.0 && right <= to + 1.0, "{left} {right}");
            }
            assert!(
                ops.iter().any(|op| match op {
                    Op::Area(_, c) => *c == severe,
                    Op::Block(edges, c) => *c == severe && edges[3] == layout.strip.bottom,
                    _ => false,
                }),
                "the score of the point"
            );
        }
    }

    #[test]
    fn rows_are_replaced_and_forgotten() {
        let mut all = chart(&[1.0, 2.0, 3.0], 600.0, 1.0);
        let none = vec![f64::NAN; 2];
        let more = Columns {
            time: vec![1.7e12 + 1000.0, 1.7e12 + 2000.0].into(),
            value: vec![4.0, 5.0],
            scores: none.clone(),
            limits: none.clone(),
            expected: none.clone(),
            lower: none.clone(),
            upper: none,
        };
        assert!(all.replace(4, more.clone()).is_err());
        all.replace(1, more).unwrap();
        assert_eq!(all.rows.value.values(), [1.0, 4.0, 5.0]);
        all.replace_limits(vec![7.0]);
        assert_eq!(all.rows.limits.get(2), Some(7.0));
        all.replace_limits(vec![7.0, 8.0]);
        assert_eq!((all.rows.limits.get(1), all.rows.limits.get(2)), (Some(8.0), None));
        all.forget(2);
        assert_eq!(all.rows.value.values(), [5.0]);
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
