//! Minimisation without derivatives, for smoothing and ARIMA parameters.

use super::stats::order;

/// The point with the smallest value found, and that value, by the simplex method of Nelder and Mead (1965)
/// with their coefficients (reflect 1, expand 2, contract and shrink 1/2).
///
/// `start` is the first corner; the others lie `step` away along each axis. Stops after `evaluations` calls of
/// `f`, or once the values at the corners differ by less than `tolerance` relative to the best. A value that is
/// not a number counts as infinitely bad.
pub fn nelder_mead(
    f: &dyn Fn(&[f64]) -> f64,
    start: &[f64],
    step: f64,
    evaluations: usize,
    tolerance: f64,
) -> (Vec<f64>, f64) {
    let value = |x: &[f64]| {
        let v = f(x);
        if v.is_nan() { f64::INFINITY } else { v }
    };
    let n = start.len();
    let mut corners = vec![(start.to_vec(), value(start))];
    for i in 0..n {
        let mut x = start.to_vec();
        x[i] += step;
        let v = value(&x);
        corners.push((x, v));
    }
    let mut left = evaluations.saturating_sub(n + 1);
    loop {
        let values: Vec<f64> = corners.iter().map(|c| c.1).collect();
        corners = order(&values).into_iter().map(|i| std::mem::take(&mut corners[i])).collect();
        let (best, worst) = (corners[0].1, corners[n].1);
        if n == 0 || left == 0 || worst - best <= tolerance * (best.abs() + f64::MIN_POSITIVE) {
            return corners.swap_remove(0);
        }
        let centre: Vec<f64> =
            (0..n).map(|i| corners[..n].iter().map(|c| c.0[i]).sum::<f64>() / n as f64).collect();
        // The point `t` times as far from the centre as the worst corner; negative: on the other side.
        let along = |t: f64| -> (Vec<f64>, f64) {
            let x: Vec<f64> = centre.iter().zip(&corners[n].0).map(|(c, w)| c + t * (w - c)).collect();
            let v = value(&x);
            (x, v)
        };
        left -= 1;
        let reflected = along(-1.0);
        let better = if reflected.1 < best {
            left = left.saturating_sub(1);
            let expanded = along(-2.0);
            Some(if expanded.1 < reflected.1 { expanded } else { reflected })
        } else if reflected.1 < corners[n - 1].1 {
            Some(reflected)
        } else {
            left = left.saturating_sub(1);
            let contracted = along(if reflected.1 < worst { -0.5 } else { 0.5 });
            (contracted.1 < worst.min(reflected.1)).then_some(contracted)
        };
        match better {
            Some(corner) => corners[n] = corner,
            None => {
                let (first, others) = corners.split_at_mut(1);
                for corner in others {
                    for (x, b) in corner.0.iter_mut().zip(&first[0].0) {
                        *x = 0.5 * (*x + b);
                    }
                    corner.1 = value(&corner.0);
                }
                left = left.saturating_sub(n);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_bent_valley() {
        let rosenbrock = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let (x, v) = nelder_mead(&rosenbrock, &[-1.2, 1.0], 0.5, 2000, 1e-12);
        assert!(v < 1e-8 && (x[0] - 1.0).abs() < 1e-3 && (x[1] - 1.0).abs() < 1e-3, "{x:?} {v}");
    }

    #[test]
    fn keeps_to_its_evaluations_and_never_gets_worse() {
        let calls = std::cell::Cell::new(0);
        let bowl = |x: &[f64]| {
            calls.set(calls.get() + 1);
            x.iter().map(|v| (v - 3.0).powi(2)).sum::<f64>()
        };
        let (_, v) = nelder_mead(&bowl, &[0.0, 0.0, 0.0], 1.0, 30, 0.0);
        assert!(v <= 27.0 && calls.get() <= 30 + 3, "{v} {}", calls.get());
    }

    #[test]
    fn walls_of_nan_and_nothing_to_choose() {
        let (x, _) =
            nelder_mead(&|x: &[f64]| if x[0] < 0.0 { f64::NAN } else { x[0] }, &[1.0], 0.3, 200, 1e-9);
        assert!(x[0] >= 0.0 && x[0] < 1e-3, "{x:?}");
        assert_eq!(nelder_mead(&|_: &[f64]| 5.0, &[], 1.0, 10, 0.0), (vec![], 5.0));
    }
}
