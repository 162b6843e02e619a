//! The colours and the font of the chart, as the page's style sheet gives them.

use super::overlay::Level;
use crate::error::{Error, Result};
use plotters::style::RGBAColor;

/// Every colour of the chart. A colour with alpha 0 is not drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Texts that carry a message.
    pub ink: RGBAColor,
    /// Behind everything.
    pub paper: RGBAColor,
    /// Axis texts.
    pub muted: RGBAColor,
    /// The series.
    pub line: RGBAColor,
    /// The band around the expected value.
    pub band: RGBAColor,
    /// The expected value.
    pub expected: RGBAColor,
    /// Grid lines.
    pub grid: RGBAColor,
    /// The scores in their strip.
    pub score: RGBAColor,
    /// The dashed limit.
    pub limit: RGBAColor,
    /// Events of the lowest level.
    pub mild: RGBAColor,
    /// Events of the middle level.
    pub strong: RGBAColor,
    /// Events of the highest level.
    pub severe: RGBAColor,
    /// All point marks; alpha 0: by level.
    pub point: RGBAColor,
    /// All intervals; alpha 0: by level.
    pub span: RGBAColor,
    /// A list of CSS font families.
    pub font: String,
}

impl Theme {
    /// The colours in the order of [`Theme::from_rgba`]; the page reads each from the custom property
    /// `--anomaly-NAME`.
    pub const NAMES: [&'static str; 14] = [
        "ink", "paper", "muted", "line", "band", "expected", "grid", "score", "limit", "mild", "strong",
        "severe", "point", "span",
    ];

    /// The theme of these colours, four bytes each in the order of [`Theme::NAMES`]: red, green, blue, alpha.
    ///
    /// # Errors
    /// [`Error::Param`] when there are not four bytes for each name.
    pub fn from_rgba(bytes: &[u8], font: &str) -> Result<Theme> {
        if bytes.len() != 4 * Theme::NAMES.len() {
            let why = format!("{} bytes; {} are needed", bytes.len(), 4 * Theme::NAMES.len());
            return Err(Error::param("theme", why));
        }
        let colour = |i: usize| match bytes.get(4 * i..4 * i + 4) {
            Some(&[r, g, b, a]) => RGBAColor(r, g, b, f64::from(a) / 255.0),
            _ => RGBAColor(0, 0, 0, 0.0),
        };
        Ok(Theme {
            ink: colour(0),
            paper: colour(1),
            muted: colour(2),
            line: colour(3),
            band: colour(4),
            expected: colour(5),
            grid: colour(6),
            score: colour(7),
            limit: colour(8),
            mild: colour(9),
            strong: colour(10),
            severe: colour(11),
            point: colour(12),
            span: colour(13),
            font: font.to_string(),
        })
    }

    /// The colour of a level.
    pub fn level(&self, level: Level) -> RGBAColor {
        match level {
            Level::Mild => self.mild,
            Level::Strong => self.strong,
            Level::Severe => self.severe,
        }
    }
}

impl Default for Theme {
    /// Dark ink on white paper.
    fn default() -> Theme {
        let solid = |r, g, b| RGBAColor(r, g, b, 1.0);
        let none = RGBAColor(0, 0, 0, 0.0);
        Theme {
            ink: solid(26, 32, 44),
            paper: solid(255, 255, 255),
            muted: solid(90, 100, 120),
            line: solid(29, 91, 184),
            band: RGBAColor(29, 91, 184, 0.14),
            expected: RGBAColor(29, 91, 184, 0.5),
            grid: solid(232, 235, 240),
            score: solid(205, 211, 220),
            limit: solid(26, 32, 44),
            mild: solid(231, 176, 63),
            strong: solid(221, 110, 47),
            severe: solid(200, 36, 62),
            point: none,
            span: none,
            font: "sans-serif".to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_colours_in_order() {
        let bytes: Vec<u8> = (0..4 * Theme::NAMES.len() as u8).collect();
        let theme = Theme::from_rgba(&bytes, "serif").unwrap();
        assert_eq!(theme.ink, RGBAColor(0, 1, 2, 3.0 / 255.0));
        assert_eq!(theme.span, RGBAColor(52, 53, 54, 55.0 / 255.0));
        assert!(Theme::from_rgba(&bytes[1..], "serif").is_err());
    }
}
