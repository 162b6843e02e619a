//! From data to pixels: the view and linear scales.

use super::times::Times;
use std::ops::Range;

/// The stretch of time that is shown, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// The first moment shown.
    pub from: f64,
    /// The last moment shown, after `from`.
    pub to: f64,
}

impl View {
    /// The view from `from` to `to`; widened by half a second on both sides when they are the same, so that it
    /// is never empty.
    pub fn new(from: f64, to: f64) -> View {
        if to > from { View { from, to } } else { View { from: from - 500.0, to: from + 500.0 } }
    }

    /// Milliseconds shown.
    pub fn span(&self) -> f64 {
        self.to - self.from
    }

    /// The rows within the view, and one more on each side, so that lines leave the
    /// picture instead of ending in it.
    pub fn rows(&self, time: &Times) -> Range<usize> {
        let Range { start, end } = self.inside(time);
        start.saturating_sub(1)..(end + 1).min(time.len())
    }

    /// The rows within the view.
    pub fn inside(&self, time: &Times) -> Range<usize> {
        let start = time.partition_point(0..time.len(), |t| t < self.from);
        start..time.partition_point(start..time.len(), |t| t <= self.to)
    }
}

/// A straight map from values to pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    domain: (f64, f64),
    range: (f64, f64),
    /// Pixels of a unit of value.
    unit: f64,
}

impl Scale {
    /// Maps `domain.0` to `range.0` and `domain.1` to `range.1`.
    pub fn new(domain: (f64, f64), range: (f64, f64)) -> Scale {
        Scale { domain, range, unit: (range.1 - range.0) / (domain.1 - domain.0) }
    }

    /// The pixel of a value.
    pub fn at(&self, value: f64) -> f64 {
        self.range.0 + (value - self.domain.0) * self.unit
    }

    /// The value at a pixel.
    pub fn value(&self, pixel: f64) -> f64 {
        let part = (pixel - self.range.0) / (self.range.1 - self.range.0);
        self.domain.0 + part * (self.domain.1 - self.domain.0)
    }

    /// Pixels of a unit of value.
    pub fn unit(&self) -> f64 {
        self.unit
    }

    /// Where values come from.
    pub fn domain(&self) -> (f64, f64) {
        self.domain
    }

    /// Where they come to, in pixels.
    pub fn range(&self) -> (f64, f64) {
        self.range
    }

    /// A pixel moved into the range.
    pub fn clamp(&self, pixel: f64) -> f64 {
        pixel.clamp(self.range.0.min(self.range.1), self.range.0.max(self.range.1))
    }
}

/// The smallest and largest of the finite values, or none when there are none.
pub fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|v| v.is_finite()).fold(None, |known, v| match known {
        None => Some((v, v)),
        Some((low, high)) => Some((low.min(v), high.max(v))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_goes_there_and_back() {
        let scale = Scale::new((10.0, 20.0), (300.0, 100.0));
        assert_eq!(scale.at(10.0), 300.0);
        assert_eq!(scale.at(15.0), 200.0);
        assert_eq!(scale.value(200.0), 15.0);
        assert_eq!(scale.clamp(350.0), 300.0);
        assert_eq!(scale.clamp(0.0), 100.0);
    }

    #[test]
    fn rows_reach_one_beyond_the_view() {
        let time = Times::from(vec![0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(View::new(15.0, 25.0).rows(&time), 1..4);
        assert_eq!(View::new(-5.0, 100.0).rows(&time), 0..5);
        assert_eq!(View::new(41.0, 50.0).rows(&time), 4..5);
        assert_eq!(View::new(10.0, 20.0).rows(&time), 0..4);
        assert_eq!(View::new(0.0, 1.0).rows(&Times::default()), 0..0);
    }

    #[test]
    fn an_empty_view_is_widened() {
        assert_eq!(View::new(7.0, 7.0).span(), 1000.0);
    }
}
