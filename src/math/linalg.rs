//! Least squares and symmetric eigenvectors, in f64, on row-major slices.

use super::stats;

/// Coefficients `b` that minimise `|X b - y|² + ridge |b|²`, by Householder reflections (Golub and Van Loan,
/// Matrix Computations, 5.3).
///
/// `x` holds `y.len()` rows of `columns` values. A column that depends on those before it gets the coefficient
/// 0, so the result is always finite for finite input; with fewer rows than columns give a `ridge` above 0.
pub fn least_squares(x: &[f64], columns: usize, y: &[f64], ridge: f64) -> Vec<f64> {
    let mut a: Vec<Vec<f64>> = (0..columns)
        .map(|j| x.iter().skip(j).step_by(columns.max(1)).take(y.len()).copied().collect())
        .collect();
    let mut rhs = y.to_vec();
    if ridge > 0.0 {
        // The penalty is `columns` more rows: sqrt(ridge) times the identity, wanted to be 0.
        rhs.resize(y.len() + columns, 0.0);
        for (j, column) in a.iter_mut().enumerate() {
            column.resize(y.len() + columns, 0.0);
            column[y.len() + j] = ridge.sqrt();
        }
    }
    let mut pivots: Vec<Option<usize>> = Vec::with_capacity(columns);
    let mut row = 0;
    for j in 0..columns {
        let size = norm(&a[j]);
        let Some(below) = a[j].get(row..).map(<[f64]>::to_vec) else {
            pivots.push(None);
            continue;
        };
        let length = norm(&below);
        // What is left of a dependent column is rounding alone.
        if below.is_empty() || length <= 1e-12 * size || length == 0.0 {
            pivots.push(None);
            continue;
        }
        let mut v = below;
        let diagonal = if v[0] > 0.0 { -length } else { length };
        v[0] -= diagonal;
        let beta = 2.0 / dot(&v, &v);
        for column in a[j..].iter_mut().chain(std::iter::once(&mut rhs)) {
            let tail = &mut column[row..];
            let scale = beta * dot(&v, tail);
            for (t, w) in tail.iter_mut().zip(&v) {
                *t -= scale * w;
            }
        }
        a[j][row] = diagonal;
        pivots.push(Some(row));
        row += 1;
    }
    let mut b = vec![0.0; columns];
    for j in (0..columns).rev() {
        if let Some(r) = pivots[j] {
            let known: f64 = (j + 1..columns).map(|k| a[k][r] * b[k]).sum();
            b[j] = (rhs[r] - known) / a[j][r];
        }
    }
    b
}

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    /// Eigenvalues, largest first.
    pub values: Vec<f64>,
    /// The unit eigenvector of `values[k]` at `k * n .. (k + 1) * n`; its sign is arbitrary.
    pub vectors: Vec<f64>,
}

/// All eigenpairs of the symmetric `n` by `n` matrix `a`, row-major, of which the lower triangle is read.
///
/// Householder reduction to a tridiagonal matrix, then implicit QR steps with Wilkinson's shift (Golub and Van
/// Loan, Matrix Computations, 8.3). O(n³).
pub fn symmetric_eigen(a: &[f64], n: usize) -> Eigen {
    let mut rows: Vec<Vec<f64>> = (0..n).map(|i| a[i * n..(i + 1) * n].to_vec()).collect();
    for i in 0..n {
        for j in 0..i {
            rows[j][i] = rows[i][j];
        }
    }
    let mut vectors: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(i == j)).collect()).collect();
    tridiagonalise(&mut rows, &mut vectors);
    let mut diagonal: Vec<f64> = (0..n).map(|i| rows[i][i]).collect();
    let mut beside: Vec<f64> = (1..n).map(|i| rows[i][i - 1]).collect();
    diagonalise(&mut diagonal, &mut beside, &mut vectors);
    let falling: Vec<f64> = diagonal.iter().map(|d| -d).collect();
    let order = stats::order(&falling);
    Eigen {
        values: order.iter().map(|i| diagonal[*i]).collect(),
        vectors: order.iter().flat_map(|i| vectors[*i].iter().copied()).collect(),
    }
}

/// Reflects `a` to tridiagonal form `T = Q a Qᵀ`; the rows of `q` take the same reflections.
fn tridiagonalise(a: &mut [Vec<f64>], q: &mut [Vec<f64>]) {
    let n = a.len();
    for k in 0..n.saturating_sub(2) {
        let mut v: Vec<f64> = (k + 1..n).map(|i| a[i][k]).collect();
        let length = norm(&v);
        if norm(&v[1..]) <= f64::EPSILON * length {
            continue;
        }
        let target = if v[0] > 0.0 { -length } else { length };
        v[0] -= target;
        let beta = 2.0 / dot(&v, &v);
        // Rank-two update of the remaining square: a - v wᵀ - w vᵀ.
        let p: Vec<f64> = (k + 1..n).map(|i| beta * dot(&a[i][k + 1..], &v)).collect();
        let half = 0.5 * beta * dot(&p, &v);
        let w: Vec<f64> = p.iter().zip(&v).map(|(p, v)| p - half * v).collect();
        for i in 0..v.len() {
            for (j, cell) in a[k + 1 + i][k + 1..].iter_mut().enumerate() {
                *cell -= v[i] * w[j] + w[i] * v[j];
            }
        }
        a[k + 1][k] = target;
        for i in k + 2..n {
            a[i][k] = 0.0;
        }
        let mut along = vec![0.0; n];
        for (row, v) in q[k + 1..].iter().zip(&v) {
            for (s, c) in along.iter_mut().zip(row) {
                *s += beta * v * c;
            }
        }
        for (row, v) in q[k + 1..].iter_mut().zip(&v) {
            for (c, s) in row.iter_mut().zip(&along) {
                *c -= v * s;
            }
        }
    }
}

/// Rotates a tridiagonal matrix (diagonal `d`, off-diagonal `e`) to a diagonal one; the rows of `q` take the
/// same rotations and become the eigenvectors.
fn diagonalise(d: &mut [f64], e: &mut [f64], q: &mut [Vec<f64>]) {
    let negligible =
        |d: &[f64], e: &[f64], k: usize| e[k].abs() <= f64::EPSILON * (d[k].abs() + d[k + 1].abs());
    let mut last = e.len();
    // Three steps an eigenvalue are usual; the bound only guards against values that are not finite.
    let mut steps = 60 * d.len();
    while last > 0 && steps > 0 {
        steps -= 1;
        if negligible(d, e, last - 1) {
            e[last - 1] = 0.0;
            last -= 1;
            continue;
        }
        let mut first = last - 1;
        while first > 0 && !negligible(d, e, first - 1) {
            first -= 1;
        }
        // The eigenvalue of the trailing 2 by 2 block that is nearer to its last entry.
        let half = 0.5 * (d[last - 1] - d[last]);
        let beside = e[last - 1];
        let shift = d[last] - beside * beside / (half + half.hypot(beside).copysign(half));
        let (mut x, mut bulge) = (d[first] - shift, e[first]);
        for k in first..last {
            let r = x.hypot(bulge);
            let (c, s) = if r > 0.0 { (x / r, bulge / r) } else { (1.0, 0.0) };
            if k > first {
                e[k - 1] = r;
            }
            let (upper, lower, off) = (d[k], d[k + 1], e[k]);
            d[k] = c * c * upper + 2.0 * c * s * off + s * s * lower;
            d[k + 1] = s * s * upper - 2.0 * c * s * off + c * c * lower;
            e[k] = c * s * (lower - upper) + (c * c - s * s) * off;
            if k + 1 < last {
                bulge = s * e[k + 1];
                e[k + 1] *= c;
            }
            x = e[k];
            let (above, below) = q.split_at_mut(k + 1);
            for (u, l) in above[k].iter_mut().zip(&mut below[0]) {
                (*u, *l) = (c * *u + s * *l, c * *l - s * *u);
            }
        }
    }
}

/// Sum of products.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Euclidean length.
pub fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Random;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-10 * (1.0 + b.abs())
    }

    #[test]
    fn a_line_through_three_points() {
        // y = 1 + 2 t at t = 0, 1, 2, the middle one 0.3 too high: the intercept takes a third of it.
        let b = least_squares(&[1.0, 0.0, 1.0, 1.0, 1.0, 2.0], 2, &[1.0, 3.3, 5.0], 0.0);
        assert!(close(b[0], 1.1) && close(b[1], 2.0), "{b:?}");
        // Ridge on a single column: sum xy / (sum xx + ridge).
        let b = least_squares(&[1.0, 2.0], 1, &[3.0, 4.0], 5.0);
        assert!(close(b[0], 11.0 / 10.0), "{b:?}");
    }

    #[test]
    fn dependent_columns_get_nothing_and_still_fit() {
        let x: Vec<f64> = (0..6).flat_map(|i| [1.0, f64::from(i), 2.0 * f64::from(i)]).collect();
        let y: Vec<f64> = (0..6).map(|i| 4.0 - f64::from(i)).collect();
        let b = least_squares(&x, 3, &y, 0.0);
        assert!(close(b[0], 4.0) && close(b[1], -1.0) && b[2] == 0.0, "{b:?}");
        assert_eq!(least_squares(&[0.0, 0.0], 1, &[1.0, 2.0], 0.0), [0.0]);
        assert_eq!(least_squares(&[1.0, 2.0], 2, &[3.0], 0.0), [3.0, 0.0]);
    }

    #[test]
    fn eigenpairs_of_a_hand_worked_matrix() {
        // [[2, 1], [1, 2]] has 3 along (1, 1) and 1 along (1, -1).
        let e = symmetric_eigen(&[2.0, 1.0, 1.0, 2.0], 2);
        assert!(close(e.values[0], 3.0) && close(e.values[1], 1.0));
        assert!(close(e.vectors[0], e.vectors[1]) && close(e.vectors[2], -e.vectors[3]));
        assert_eq!(symmetric_eigen(&[7.0], 1), Eigen { values: vec![7.0], vectors: vec![1.0] });
        assert!(symmetric_eigen(&[], 0).values.is_empty());
        let e = symmetric_eigen(&[0.0; 9], 3);
        assert_eq!(e.values, [0.0; 3]);
    }

    #[test]
    fn eigenpairs_rebuild_random_and_deficient_matrices() {
        let mut random = Random::new(3);
        for (n, rank) in [(3, 3), (10, 10), (40, 7), (65, 65)] {
            let g: Vec<f64> = (0..n * rank).map(|_| random.normal()).collect();
            let entry = |i: usize, j: usize| dot(&g[i * rank..][..rank], &g[j * rank..][..rank]);
            let a: Vec<f64> = (0..n * n).map(|k| entry(k / n, k % n)).collect();
            let e = symmetric_eigen(&a, n);
            assert!(e.values.is_sorted_by(|x, y| x >= y));
            assert!(e.values[rank..].iter().all(|v| v.abs() < 1e-10 * e.values[0]));
            for i in 0..n {
                for j in 0..n {
                    let rebuilt: f64 =
                        (0..n).map(|k| e.values[k] * e.vectors[k * n + i] * e.vectors[k * n + j]).sum();
                    assert!((rebuilt - a[i * n + j]).abs() < 1e-10 * e.values[0], "{n} {i} {j}");
                    let product = dot(&e.vectors[i * n..][..n], &e.vectors[j * n..][..n]);
                    assert!((product - f64::from(i == j)).abs() < 1e-12);
                }
            }
        }
    }
}
