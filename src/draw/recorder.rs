//! A back end for tests: it keeps what was asked of it, and paints lines into pixels.

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

/// Keeps all requests.
#[derive(Default)]
pub struct Recorder {
    pub ops: Vec<Op>,
}

fn pixels(at: BackendCoord) -> (f64, f64) {
    (f64::from(at.0) / super::pen::FINE, f64::from(at.1) / super::pen::FINE)
}

impl Recorder {
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
