//! k-Shape: groups of vectors of like shape, wherever in the vector the shape lies.
//!
//! Source: Paparrizos and Gravano (2015), "k-Shape: Efficient and Accurate Clustering of Time Series".

use crate::math::kmeans::Clusters;
use crate::math::profile::dot;

/// Rounds after which a clustering is taken as it is.
const ROUNDS: usize = 20;

/// Steps of the power iteration that finds a centroid.
const POWER_STEPS: usize = 20;

/// Shape-based distance of z-normalised vectors, in 0 to 2: one less the largest cross-correlation coefficient
/// over all shifts; and that shift, by how much `b` lies later than `a` negated. Two zero vectors are equal, a
/// zero vector is 1 from any other.
pub fn distance(a: &[f64], b: &[f64]) -> (f64, isize) {
    let (na, nb) = (dot(a, a).sqrt(), dot(b, b).sqrt());
    if na == 0.0 || nb == 0.0 {
        return (if na == nb { 0.0 } else { 1.0 }, 0);
    }
    let mut best = (f64::NEG_INFINITY, 0);
    // Small shifts first, so that the smallest one wins a tie.
    for shift in 0..a.len().min(b.len()) {
        for (c, s) in [(dot(&a[shift..], b), shift as isize), (dot(a, &b[shift..]), -(shift as isize))] {
            if c > best.0 {
                best = (c, s);
            }
        }
    }
    (1.0 - best.0 / (na * nb), best.1)
}

/// Clusters z-normalised rows, starting from these centroids: each row joins the nearest one, each centroid
/// becomes the shape that correlates most with its rows, aligned to it.
pub fn cluster(rows: &[Vec<f64>], mut centroids: Vec<Vec<f64>>) -> Clusters {
    let mut labels = Vec::new();
    for _ in 0..ROUNDS {
        let found: Vec<(usize, isize)> = rows.iter().map(|row| nearest(row, &centroids)).collect();
        let next: Vec<usize> = found.iter().map(|f| f.0).collect();
        if next == labels {
            break;
        }
        labels = next;
        for (j, centroid) in centroids.iter_mut().enumerate() {
            let own = rows.iter().zip(&found).filter(|(_, f)| f.0 == j);
            let aligned: Vec<Vec<f64>> = own.map(|(row, f)| shifted(row, f.1)).collect();
            if let Some(shape) = shape(&aligned) {
                *centroid = shape;
            }
        }
    }
    Clusters { centroids, labels }
}

/// The nearest centroid, and by how much the row is to be moved forward to lie on it.
fn nearest(row: &[f64], centroids: &[Vec<f64>]) -> (usize, isize) {
    let mut best = (f64::INFINITY, (0, 0));
    for (j, centroid) in centroids.iter().enumerate() {
        let (d, shift) = distance(row, centroid);
        if d < best.0 {
            best = (d, (j, shift));
        }
    }
    best.1
}

/// The row moved forward by `shift`, zeros moving in.
fn shifted(row: &[f64], shift: isize) -> Vec<f64> {
    let at = |i: usize| i.checked_add_signed(shift).and_then(|i| row.get(i)).copied().unwrap_or(0.0);
    (0..row.len()).map(at).collect()
}

/// The z-normalised vector v that maximises the sum of squared products with the rows: the first eigenvector
/// of their centred Gram matrix, by power iteration from their mean. `None` for no rows or zero rows.
fn shape(rows: &[Vec<f64>]) -> Option<Vec<f64>> {
    let n = rows.first()?.len();
    let sum_of = |weights: &dyn Fn(&[f64]) -> f64| {
        let mut sum = vec![0.0; n];
        for row in rows {
            let w = weights(row);
            for (s, v) in sum.iter_mut().zip(row) {
                *s += w * v;
            }
        }
        unit(sum)
    };
    let mean = sum_of(&|_| 1.0)?;
    let mut v = mean.clone();
    for _ in 0..POWER_STEPS {
        v = sum_of(&|row| dot(row, &v))?;
    }
    // The sign of an eigenvector is free: that of the rows' mean.
    let sign = if dot(&v, &mean) < 0.0 { -1.0 } else { 1.0 };
    let scale = sign * (n as f64).sqrt();
    Some(v.into_iter().map(|x| scale * x).collect())
}

/// Centred and of length 1.
fn unit(mut v: Vec<f64>) -> Option<Vec<f64>> {
    let mean = v.iter().sum::<f64>() / v.len() as f64;
    v.iter_mut().for_each(|x| *x -= mean);
    let norm = dot(&v, &v).sqrt();
    (norm > 0.0).then(|| v.into_iter().map(|x| x / norm).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bump(at: usize, height: f64) -> Vec<f64> {
        let v: Vec<f64> = (0..24).map(|i| if (at..at + 4).contains(&i) { height } else { 0.0 }).collect();
        unit(v).unwrap()
    }

    #[test]
    fn distance_by_hand() {
        // Shifts -2..=2 give products 1, 2, 0, 0, 0 ... of norms 1 and sqrt 5.
        let (d, shift) = distance(&[0.0, 0.0, 1.0], &[1.0, 2.0, 0.0]);
        assert!((d - (1.0 - 2.0 / 5f64.sqrt())).abs() < 1e-12 && shift == 1);
        assert_eq!(distance(&[0.0; 3], &[0.0; 3]).0, 0.0);
        assert_eq!(distance(&[0.0; 3], &[1.0, 0.0, 0.0]).0, 1.0);
    }

    #[test]
    fn shapes_are_found_wherever_they_lie() {
        let mut rows: Vec<Vec<f64>> = (6..14).map(|at| bump(at, 1.0)).collect();
        rows.extend((6..14).map(|at| {
            let v: Vec<f64> = (0..24).map(|i| if i / 2 == at / 2 { 1.0 } else { f64::from(i % 2) }).collect();
            unit(v).unwrap()
        }));
        let start = vec![rows[0].clone(), rows[8].clone()];
        let got = cluster(&rows, start);
        assert_eq!(got.labels[..8], [0; 8]);
        assert_eq!(got.labels[8..], [1; 8]);
        assert!(distance(&got.centroids[0], &bump(9, 1.0)).0 < 0.2);
    }

    #[test]
    fn a_row_is_moved_onto_its_centroid() {
        let (late, early) = (bump(12, 1.0), bump(9, 1.0));
        let shift = distance(&late, &early).1;
        assert_eq!(shift, 3);
        let moved = shifted(&late, shift);
        assert!(moved[9] > 0.3 && moved[13] < 0.0);
    }
}
