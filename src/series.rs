//! A checked time series: the only form in which data enters the crate's stages.

use crate::error::{Error, Result};

/// Columns of equal length. `time`: milliseconds, finite, strictly increasing. `value`: NaN means missing,
/// never infinite.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    time: Vec<f64>,
    value: Vec<f64>,
}

impl Series {
    /// The series of these columns. An empty one is allowed: a live feed starts with it.
    ///
    /// # Errors
    /// [`Error::Series`] with the first row at fault: columns of unequal length, a time that is not finite or
    /// not after the one before it, an infinite value.
    pub fn new(time: Vec<f64>, value: Vec<f64>) -> Result<Series> {
        if time.len() != value.len() {
            let why =
                format!("{} times but {} values; both columns need the same length", time.len(), value.len());
            return Err(Error::Series { at: time.len().min(value.len()), why });
        }
        for at in 0..time.len() {
            if !time[at].is_finite() {
                return Err(Error::Series {
                    at,
                    why: "the time is not a finite number of milliseconds".into(),
                });
            }
            if at > 0 && time[at] <= time[at - 1] {
                let why = format!("time {} is not after {}; times must increase", time[at], time[at - 1]);
                return Err(Error::Series { at, why });
            }
            if value[at].is_infinite() {
                return Err(Error::Series {
                    at,
                    why: "the value is infinite; leave it out or use NaN".into(),
                });
            }
        }
        Ok(Series { time, value })
    }

    /// Times in milliseconds.
    pub fn time(&self) -> &[f64] {
        &self.time
    }

    /// Values; NaN means missing.
    pub fn value(&self) -> &[f64] {
        &self.value
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Rows `start..end` as a series of their own; the ends are clipped to the length.
    pub fn slice(&self, start: usize, end: usize) -> Series {
        let end = end.min(self.len());
        let start = start.min(end);
        Series { time: self.time[start..end].to_vec(), value: self.value[start..end].to_vec() }
    }

    /// The two columns.
    pub fn into_columns(self) -> (Vec<f64>, Vec<f64>) {
        (self.time, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_first_bad_row() {
        let at = |time: &[f64], value: &[f64]| match Series::new(time.to_vec(), value.to_vec()) {
            Err(Error::Series { at, .. }) => Some(at),
            _ => None,
        };
        assert_eq!(at(&[1.0, 2.0, 2.0], &[0.0; 3]), Some(2));
        assert_eq!(at(&[1.0, f64::NAN, 3.0], &[0.0; 3]), Some(1));
        assert_eq!(at(&[1.0, 2.0], &[0.0, f64::INFINITY]), Some(1));
        assert_eq!(at(&[1.0, 2.0], &[0.0]), Some(1));
        assert_eq!(at(&[1.0, 2.0], &[0.0, f64::NAN]), None);
    }
}
