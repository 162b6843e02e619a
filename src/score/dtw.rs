//! Warping error: the distance of a series and its reconstruction around each point when time may bend.
//!
//! Source: Sakoe and Chiba (1978) for the distance, Geiger et al. (2020) for its use here.

/// Points to each side of the one judged.
pub const HALF: usize = 5;

/// The dynamic time warping distance of `a` and `b`: the root of the least sum of squared differences along a
/// monotone path with steps (1,0), (0,1), (1,1). With a `band`, only pairs at most that many places apart (for
/// equal lengths: Sakoe and Chiba's band). `a` or `b` empty: 0 if both are, else infinite.
pub fn distance(a: &[f64], b: &[f64], band: Option<usize>) -> f64 {
    let mut last = vec![f64::INFINITY; b.len() + 1];
    last[0] = 0.0;
    let mut row = vec![f64::INFINITY; b.len() + 1];
    for (i, x) in a.iter().enumerate() {
        row.fill(f64::INFINITY);
        for (j, y) in b.iter().enumerate() {
            if band.is_none_or(|r| i.abs_diff(j) <= r) {
                row[j + 1] = (x - y) * (x - y) + last[j].min(last[j + 1]).min(row[j]);
            }
        }
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()].sqrt()
}

/// The distance over the points `i - 5 ..= i + 5`, clipped at the ends.
pub fn dtw(values: &[f64], expected: &[f64]) -> Vec<f64> {
    let n = values.len().min(expected.len());
    (0..n)
        .map(|i| {
            let around = i.saturating_sub(HALF)..(i + HALF + 1).min(n);
            distance(&values[around.clone()], &expected[around], None)
        })
        .collect()
}

/// As the reference implementation has it: the distance of the points around `c` stands at `c + 5`, and the first
/// five and last six places hold 0.
pub fn dtw_published(values: &[f64], expected: &[f64]) -> Vec<f64> {
    let n = values.len().min(expected.len());
    let mut errors = vec![0.0; n];
    for c in HALF..n.saturating_sub(2 * HALF + 1) {
        let around = c - HALF..c + HALF + 1;
        errors[c + HALF] = distance(&values[around.clone()], &expected[around], None);
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_step_is_free() {
        assert_eq!(distance(&[0.0, 0.0, 1.0, 1.0], &[0.0, 1.0, 1.0, 1.0], None), 0.0);
        assert_eq!(distance(&[0.0, 1.0], &[3.0, 5.0], None), 5.0);
        assert_eq!(distance(&[], &[], None), 0.0);
        assert_eq!(distance(&[1.0], &[], None), f64::INFINITY);
    }

    #[test]
    fn no_place_is_left_out() {
        let mut x = vec![0.0; 20];
        x[19] = 3.0;
        assert_eq!(dtw(&x, &[0.0; 20])[19], 3.0);
        assert_eq!(dtw_published(&x, &[0.0; 20])[19], 0.0);
    }
}
