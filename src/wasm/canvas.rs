//! The back end of the chart: that of plotters-canvas, but a font or the colour of a block is set only when it is
//! another.
//!
//! A canvas resolves a font anew each time it is set, which costs more than the text, and a colour, which costs more
//! than a small block.

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};
use plotters_canvas::CanvasBackend;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

type Error = <CanvasBackend as DrawingBackend>::ErrorType;
type Result<T> = std::result::Result<T, DrawingErrorKind<Error>>;

/// One picture on a canvas.
pub struct Canvas<'a> {
    backend: CanvasBackend,
    context: &'a CanvasRenderingContext2d,
    /// The font that is set; empty: that of a new canvas.
    font: &'a mut String,
    /// The fill colour, where blocks have set it and nothing else since.
    fill: Option<BackendColor>,
}

impl<'a> Canvas<'a> {
    /// A picture on this canvas by its own context, in which `font` is set; `None` if it has no 2d context.
    pub fn new(
        canvas: HtmlCanvasElement,
        context: &'a CanvasRenderingContext2d,
        font: &'a mut String,
    ) -> Option<Canvas<'a>> {
        Some(Canvas { backend: CanvasBackend::with_canvas_object(canvas)?, context, font, fill: None })
    }
}

impl Canvas<'_> {
    /// Sets the fill colour.
    fn paint(&self, BackendColor { rgb: (red, green, blue), alpha }: BackendColor) {
        self.context.set_fill_style_str(&format!("rgba({red},{green},{blue},{alpha})"));
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
        let (color, same) =
            (style.color(), |a: BackendColor, b: BackendColor| a.rgb == b.rgb && a.alpha == b.alpha);
        if color.alpha == 0.0 {
            return Ok(());
        }
        if self.fill.is_none_or(|known| !same(known, color)) {
            self.paint(color);
            self.fill = Some(color);
        }
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
        self.backend.draw_path(path, style)
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
        self.fill = None;
        self.backend.fill_polygon(path, style)
    }

    /// Level text only.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Result<()> {
        self.paint(style.color());
        self.fill = None;
        self.context.set_text_baseline(match style.anchor().v_pos {
            VPos::Top => "top",
            VPos::Center => "middle",
            VPos::Bottom => "bottom",
        });
        self.context.set_text_align(match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Right => "end",
            HPos::Center => "center",
        });
        let font = format!("{} {}px {}", style.style().as_str(), style.size(), style.family().as_str());
        if font != *self.font {
            self.context.set_font(&font);
            self.font.clone_from(&font);
        }
        let drawn = self.context.fill_text(text, f64::from(at.0), f64::from(at.1));
        drawn.map_err(|_| DrawingErrorKind::FontError(format!("the text \"{text}\" in {font}").into()))
    }
}
