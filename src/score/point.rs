//! Point error: how far the reconstruction is from each value.

/// `|x - x̂|` at each point.
pub fn point(values: &[f64], expected: &[f64]) -> Vec<f64> {
    values.iter().zip(expected).map(|(x, e)| (x - e).abs()).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn hand_worked() {
        assert_eq!(super::point(&[1.0, 5.0], &[2.0, 3.0]), [1.0, 2.0]);
    }
}
