//! The back end of the chart: that of plotters-canvas, but what things look like is set only when it changes, lines and
//! areas are each one call of the page, and a long line that stays is told twice and no more.
//!
//! A canvas resolves a font anew each time it is set, which costs more than the text, and a colour, which costs more
//! than a small block.

use crate::draw::pen::{FINE, Place, Surface};
use plotters::style::ShapeStyle;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};
use plotters_canvas::CanvasBackend;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, Path2d};

type Error = <CanvasBackend as DrawingBackend>::ErrorType;
type Result<T> = std::result::Result<T, DrawingErrorKind<Error>>;

/// What a canvas has of its last picture.
#[derive(Default)]
pub struct Last {
    /// What was set since it was new; none: nothing.
    set: Option<Set>,
    /// The long lines.
    lines: Vec<Line>,
}

/// What stays set on a canvas.
#[derive(Default)]
struct Set {
    /// Style, size and family of texts.
    font: (String, f64, String),
    /// Their baseline and alignment.
    anchor: (&'static str, &'static str),
    /// The colours so far, as strings of the page: they are copied there only once.
    colours: Vec<(BackendColor, JsValue)>,
    /// The latest texts, in the same way.
    texts: Vec<(String, JsValue)>,
}

impl Last {
    /// The canvas is like a new one.
    pub fn clear(&mut self) {
        self.set = None;
    }
}

impl Set {
    /// A colour as the page writes it.
    fn colour(&mut self, color: BackendColor) -> &JsValue {
        let known = self.colours.iter().position(|(known, _)| same(*known, color));
        let at = known.unwrap_or_else(|| {
            let BackendColor { rgb: (red, green, blue), alpha } = color;
            let alpha = (255.0 * alpha).round() as u8;
            self.colours.push((color, format!("#{red:02x}{green:02x}{blue:02x}{alpha:02x}").into()));
            self.colours.len() - 1
        });
        &self.colours[at].1
    }

    /// A text as the page has it.
    fn text(&mut self, text: &str) -> &JsValue {
        let known = self.texts.iter().position(|(known, _)| known == text);
        let at = known.unwrap_or_else(|| {
            if self.texts.len() == TEXTS {
                self.texts.clear();
            }
            self.texts.push((text.to_string(), text.into()));
            self.texts.len() - 1
        });
        &self.texts[at].1
    }
}

fn places(path: impl IntoIterator<Item = BackendCoord>) -> Vec<Place> {
    path.into_iter().map(Place::from).collect()
}

fn same(a: BackendColor, b: BackendColor) -> bool {
    a.rgb == b.rgb && a.alpha == b.alpha
}

#[wasm_bindgen]
extern "C" {
    /// A context as one that takes texts of the page.
    type Lettered;

    #[wasm_bindgen(method, js_name = fillText)]
    fn fill_text(this: &Lettered, text: &JsValue, x: f64, y: f64);
}

#[wasm_bindgen(module = "/www/paths.js")]
extern "C" {
    /// Strokes a line through these points: in one call, instead of one for each of them.
    fn polyline(context: &CanvasRenderingContext2d, places: &[i32]);

    /// Fills what these points surround.
    fn polygon(context: &CanvasRenderingContext2d, places: &[i32]);

    /// The path through these points.
    #[wasm_bindgen(js_name = pathOf)]
    fn path_of(places: &[i32]) -> Path2d;
}

/// A line as it was drawn.
struct Line {
    points: Rc<Vec<Place>>,
    /// As an object of the page: making it takes longer than telling the line once, drawing it less long. It is there
    /// from the second picture on that has the line.
    path: Option<Path2d>,
}

impl Line {
    /// Draws it in the canvas' stroke.
    fn draw(&mut self, context: &CanvasRenderingContext2d, again: bool) {
        let places = self.points.as_flattened();
        if again {
            context.stroke_with_path(self.path.get_or_insert_with(|| path_of(places)));
        } else {
            polyline(context, places);
        }
    }
}

/// Texts that are kept: those of a few pictures.
const TEXTS: usize = 128;
/// Points from which on a line is kept.
const LONG: usize = 64;

/// One picture on a canvas.
pub struct Canvas<'a> {
    backend: &'a mut CanvasBackend,
    context: &'a CanvasRenderingContext2d,
    set: &'a mut Set,
    /// The long lines of the last picture, and those of this one.
    lines: &'a mut Vec<Line>,
    drawn: Vec<Line>,
    /// The fill colour, where it was set here and nothing else has set it since.
    fill: Option<BackendColor>,
}

impl<'a> Canvas<'a> {
    /// A picture by this back end and the context of its canvas, after its last.
    ///
    /// # Errors
    /// What the context throws.
    pub fn new(
        backend: &'a mut CanvasBackend,
        context: &'a CanvasRenderingContext2d,
        last: &'a mut Last,
    ) -> std::result::Result<Canvas<'a>, JsValue> {
        let Last { set, lines } = last;
        if set.is_none() {
            context.set_transform(1.0 / FINE, 0.0, 0.0, 1.0 / FINE, 0.0, 0.0)?;
            context.set_line_join("round");
        }
        let set = set.get_or_insert_default();
        Ok(Canvas { backend, context, set, lines, drawn: Vec::new(), fill: None })
    }

    /// Strokes in this colour and width from now on.
    fn stroke_as(&mut self, style: &impl BackendStyle) {
        #[allow(deprecated, reason = "the other setters copy a string each time")]
        self.context.set_stroke_style(self.set.colour(style.color()));
        self.context.set_line_width(f64::from(style.stroke_width()));
    }

    /// Fills with this colour from now on.
    fn fill_with(&mut self, color: BackendColor) {
        if !self.fill.is_some_and(|known| same(known, color)) {
            #[allow(deprecated, reason = "the other setters copy a string each time")]
            self.context.set_fill_style(self.set.colour(color));
            self.fill = Some(color);
        }
    }
}

impl Surface for Canvas<'_> {
    fn draw_kept(&mut self, line: &Rc<Vec<Place>>, style: &ShapeStyle) -> Result<()> {
        if line.len() < LONG {
            return self.draw_path(line.iter().map(|&place| place.into()), style);
        }
        let known = self.lines.iter().position(|known| Rc::ptr_eq(&known.points, line));
        self.stroke_as(style);
        let kept = known.map(|at| self.lines.swap_remove(at));
        let mut kept = kept.unwrap_or_else(|| Line { points: line.clone(), path: None });
        kept.draw(self.context, known.is_some());
        self.drawn.push(kept);
        Ok(())
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Error;

    fn get_size(&self) -> (u32, u32) {
        self.backend.get_size()
    }

    fn ensure_prepared(&mut self) -> Result<()> {
        self.backend.ensure_prepared()
    }

    fn present(&mut self) -> Result<()> {
        *self.lines = std::mem::take(&mut self.drawn);
        self.backend.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Result<()> {
        self.fill = None;
        self.backend.draw_pixel(point, color)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Result<()> {
        self.backend.draw_line(from, to, style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result<()> {
        if !fill {
            return self.backend.draw_rect(upper_left, bottom_right, style, fill);
        }
        if style.color().alpha == 0.0 {
            return Ok(());
        }
        self.fill_with(style.color());
        let [left, top, right, bottom] =
            [upper_left.0, upper_left.1, bottom_right.0, bottom_right.1].map(f64::from);
        self.context.fill_rect(left, top, right - left, bottom - top);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<()> {
        if style.color().alpha == 0.0 {
            return Ok(());
        }
        self.stroke_as(style);
        polyline(self.context, places(path).as_flattened());
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Result<()> {
        self.fill = None;
        self.backend.draw_circle(center, radius, style, fill)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<()> {
        if style.color().alpha == 0.0 {
            return Ok(());
        }
        self.fill_with(style.color());
        polygon(self.context, places(path).as_flattened());
        Ok(())
    }

    /// Level text only.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Result<()> {
        self.fill_with(style.color());
        let baseline = match style.anchor().v_pos {
            VPos::Top => "top",
            VPos::Center => "middle",
            VPos::Bottom => "bottom",
        };
        let align = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Right => "end",
            HPos::Center => "center",
        };
        if self.set.anchor != (baseline, align) {
            self.context.set_text_baseline(baseline);
            self.context.set_text_align(align);
            self.set.anchor = (baseline, align);
        }
        let (slant, size, family) = (style.style(), style.size(), style.family());
        let font = (slant.as_str(), size, family.as_str());
        let (a, b, c) = &self.set.font;
        if font != (a, *b, c) {
            self.context.set_font(&format!("{} {}px {}", font.0, font.1, font.2));
            self.set.font = (font.0.into(), size, font.2.into());
        }
        let lettered = self.context.unchecked_ref::<Lettered>();
        lettered.fill_text(self.set.text(text), f64::from(at.0), f64::from(at.1));
        Ok(())
    }
}
