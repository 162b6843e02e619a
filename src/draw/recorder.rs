//! A back end for tests: it keeps what was asked of it, and paints lines into pixels.

use super::pen::Surface;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};
use std::collections::BTreeSet;
use std::convert::Infallible;

/// One request, in device pixels.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// A line, its stroke width and colour.
    Line(Vec<(f64, f64)>, f64, (u8, u8, u8)),
    /// A filled polygon.
    Area(Vec<(f64, f64)>, (u8, u8, u8)),
    /// A filled rectangle: left, top, right, bottom.
    Block([f64; 4], (u8, u8, u8)),
    /// A circle: centre and radius.
    Dot((f64, f64), f64, (u8, u8, u8)),
    /// A text and its place.
    Text(String, (f64, f64)),
}

impl Op {
    /// Whether all of it lies between these edges; of a text its place counts.
    fn is_within(&self, &[left, top, right, bottom]: &[f64; 4]) -> bool {
        let inside = |&(x, y): &(f64, f64), reach: f64| {
            x - reach >= left && x + reach <= right && y - reach >= top && y + reach <= bottom
        };
        match self {
            Op::Line(points, stroke, _) => points.iter().all(|point| inside(point, stroke / 2.0)),
            Op::Area(points, _) => points.iter().all(|point| inside(point, 0.0)),
            Op::Block(edges, _) => inside(&(edges[0], edges[1]), 0.0) && inside(&(edges[2], edges[3]), 0.0),
            Op::Dot(centre, radius, _) => inside(centre, *radius),
            Op::Text(_, place) => inside(place, 0.0),
        }
    }
}

/// Keeps all requests.
#[derive(Default)]
pub struct Recorder {
    pub ops: Vec<Op>,
}

fn pixels(at: BackendCoord) -> (f64, f64) {
    (f64::from(at.0) / super::pen::FINE, f64::from(at.1) / super::pen::FINE)
}

impl Recorder {
    /// The texts that are still seen, then all else: what a later block of the colour of paper does not cover, without
    /// these blocks.
    pub fn seen(&self, paper: (u8, u8, u8)) -> Vec<Op> {
        let mut seen: Vec<Op> = Vec::new();
        for op in &self.ops {
            match op {
                Op::Block(edges, colour) if *colour == paper => seen.retain(|op| !op.is_within(edges)),
                op => seen.push(op.clone()),
            }
        }
        let (texts, rest): (Vec<_>, Vec<_>) = seen.into_iter().partition(|op| matches!(op, Op::Text(..)));
        [texts, rest].concat()
    }

    /// The device pixels that lines of a colour pass through.
    pub fn painted(&self, colour: (u8, u8, u8)) -> BTreeSet<(i64, i64)> {
        let mut set = BTreeSet::new();
        for op in &self.ops {
            let Op::Line(points, _, c) = op else { continue };
            if *c != colour {
                continue;
            }
            for pair in points.windows(2) {
                let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
                let steps = (8.0 * (x1 - x0).hypot(y1 - y0)).ceil().max(1.0);
                for i in 0..=steps as usize {
                    let part = i as f64 / steps;
                    let at = (x0 + part * (x1 - x0), y0 + part * (y1 - y0));
                    set.insert((at.0.floor() as i64, at.1.floor() as i64));
                }
            }
        }
        set
    }
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

impl Surface for Recorder {}

impl DrawingBackend for Recorder {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (1 << 20, 1 << 20)
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Done {
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        let width = f64::from(style.stroke_width()) / super::pen::FINE;
        self.ops.push(Op::Line(path.into_iter().map(pixels).collect(), width, style.color().rgb));
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, _: bool) -> Done {
        let ((left, top), (right, bottom)) = (pixels(a), pixels(b));
        self.ops.push(Op::Block([left, top, right, bottom], style.color().rgb));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        self.ops.push(Op::Area(path.into_iter().map(pixels).collect(), style.color().rgb));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        _: bool,
    ) -> Done {
        self.ops.push(Op::Dot(pixels(centre), f64::from(radius) / super::pen::FINE, style.color().rgb));
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, _: &S, at: BackendCoord) -> Done {
        self.ops.push(Op::Text(text.to_string(), pixels(at)));
        Ok(())
    }
}
