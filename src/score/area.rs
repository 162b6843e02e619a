//! Area error: how far the areas under a series and its reconstruction differ around each point.
//!
//! The area is signed, so crossings cancel: a small offset that lasts is seen, jitter is not. An error that is odd
//! about the point is missed. Source: Geiger et al. (2020), TadGAN, section IV C.

/// Points under which an area is taken.
pub const WIDTH: usize = 10;

/// `|∫ (x - x̂)|` over the [`WIDTH`] points `i - 5 ..= i + 4`, clipped at the ends, by the trapezoidal rule; NaN where
/// fewer than half of them are there.
pub fn area(values: &[f64], expected: &[f64]) -> Vec<f64> {
    let off: Vec<f64> = values.iter().zip(expected).map(|(x, e)| x - e).collect();
    (0..off.len())
        .map(|i| {
            let part = &off[i.saturating_sub(WIDTH / 2)..(i + WIDTH - WIDTH / 2).min(off.len())];
            if part.len() < WIDTH / 2 {
                return f64::NAN;
            }
            part.windows(2).map(|p| 0.5 * (p[0] + p[1])).sum::<f64>().abs()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_seen_and_jitter_is_not() {
        let calm = vec![0.0; 30];
        let offset = vec![0.5; 30];
        let jitter: Vec<f64> = (0..30).map(|i| if i % 2 == 0 { 0.5 } else { -0.5 }).collect();
        assert_eq!(area(&offset, &calm)[15], 4.5);
        assert_eq!(area(&jitter, &calm)[15], 0.0);
        assert!(area(&offset[..4], &calm[..4])[1].is_nan());
    }
}
