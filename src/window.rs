//! Sliding windows over a slice, and `stitch`, the way back to one value a point.

use crate::error::{Error, Result};
use crate::math::stats::median_in_place;

/// Borrowed sliding windows `values[k*step .. k*step + size]`; copies nothing.
#[derive(Debug, Clone, Copy)]
pub struct Windows<'a> {
    values: &'a [f64],
    size: usize,
    step: usize,
}

impl<'a> Windows<'a> {
    /// The windows of `size` points whose starts are multiples of `step`.
    ///
    /// # Errors
    /// [`Error::Param`] if `size` or `step` is 0, [`Error::TooShort`] if not one window fits.
    pub fn new(values: &'a [f64], size: usize, step: usize) -> Result<Windows<'a>> {
        if size == 0 || step == 0 {
            return Err(Error::param("window", "size and step must be at least 1"));
        }
        if values.len() < size {
            return Err(Error::TooShort { needed: size, got: values.len() });
        }
        Ok(Windows { values, size, step })
    }

    /// Number of windows: `floor((N - size) / step) + 1`.
    pub fn count(&self) -> usize {
        (self.values.len() - self.size) / self.step + 1
    }

    /// The windows in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [f64]> + use<'a> {
        let (values, size, step) = (self.values, self.size, self.step);
        (0..self.count()).map(move |k| &values[k * step..k * step + size])
    }

    /// One value a point: the median over the windows that cover it, NaN where none does.
    /// `rows` holds the windows' outputs one after the other, `count * size` values.
    pub fn stitch(&self, rows: &[f64]) -> Vec<f64> {
        let (size, step, count) = (self.size, self.step, self.count());
        let mut cover = Vec::with_capacity(size.div_ceil(step));
        (0..self.values.len())
            .map(|i| {
                let first = if i < size { 0 } else { (i - size) / step + 1 };
                let last = (i / step).min(count - 1);
                cover.clear();
                for k in first..=last {
                    if let Some(v) = rows.get(k * size + i - k * step) {
                        cover.push(*v);
                    }
                }
                median_in_place(&mut cover)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_slides() {
        let x: Vec<f64> = (0..10).map(f64::from).collect();
        let w = Windows::new(&x, 4, 3).unwrap();
        assert_eq!(w.count(), 3);
        let starts: Vec<f64> = w.iter().map(|s| s[0]).collect();
        assert_eq!(starts, [0.0, 3.0, 6.0]);
        assert_eq!(Windows::new(&x, 11, 1).unwrap_err(), Error::TooShort { needed: 11, got: 10 });
    }

    #[test]
    fn stitch_inverts_windowing_and_takes_the_median() {
        let x: Vec<f64> = (0..11).map(|i| f64::from(i).sin()).collect();
        let w = Windows::new(&x, 4, 1).unwrap();
        let rows: Vec<f64> = w.iter().flatten().copied().collect();
        assert_eq!(w.stitch(&rows), x);
        // Point 1 of three windows of 2 over 4 points is covered by windows 0 and 1.
        let w = Windows::new(&x[..4], 2, 1).unwrap();
        assert_eq!(w.stitch(&[0.0, 1.0, 3.0, 5.0, 7.0, 9.0]), [0.0, 2.0, 6.0, 9.0]);
        // A step over the size leaves points uncovered.
        let w = Windows::new(&x[..5], 2, 3).unwrap();
        assert!(w.stitch(&[1.0, 1.0, 1.0, 1.0])[2].is_nan());
    }
}
