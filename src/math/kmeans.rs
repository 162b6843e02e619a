//! k-means: groups of like vectors and their means.
//!
//! Sources: Lloyd (1982), "Least squares quantization in PCM"; Arthur and Vassilvitskii (2007), "k-means++".

use crate::math::random::Random;
use crate::math::stats;

/// Rounds after which a clustering is taken as it is.
const ROUNDS: usize = 100;

/// A clustering of vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// The centre of each cluster.
    pub centroids: Vec<Vec<f64>>,
    /// The cluster of each vector.
    pub labels: Vec<usize>,
}

impl Clusters {
    /// Number of vectors of each cluster.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.centroids.len()];
        for label in &self.labels {
            sizes[*label] += 1;
        }
        sizes
    }
}

/// Squared Euclidean distance.
pub fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// At most `k` different rows, far from each other: each is drawn with a probability in proportion to its
/// squared distance to the nearest one drawn before. Fewer than `k` if there are not as many different rows.
pub fn seeds(rows: &[Vec<f64>], k: usize, random: &mut Random) -> Vec<Vec<f64>> {
    let mut drawn: Vec<Vec<f64>> = rows.get(random.below(rows.len())).cloned().into_iter().collect();
    let mut nearest = vec![f64::INFINITY; rows.len()];
    while let Some(last) = drawn.last().filter(|_| drawn.len() < k) {
        for (near, row) in nearest.iter_mut().zip(rows) {
            *near = near.min(square(row, last));
        }
        let mut left = random.uniform() * nearest.iter().sum::<f64>();
        let next = nearest.iter().position(|near| {
            left -= near;
            left < 0.0
        });
        let Some(row) = next.and_then(|i| rows.get(i)) else { break };
        drawn.push(row.clone());
    }
    drawn
}

/// Lloyd's algorithm from these centroids: each row joins the nearest one, each centroid moves to the mean of
/// its rows, until nothing changes. A centroid without rows moves to the row farthest from its own.
pub fn lloyd(rows: &[Vec<f64>], mut centroids: Vec<Vec<f64>>) -> Clusters {
    let mut labels = Vec::new();
    for _ in 0..ROUNDS {
        let found: Vec<(usize, f64)> = rows.iter().map(|row| nearest(row, &centroids)).collect();
        let next: Vec<usize> = found.iter().map(|f| f.0).collect();
        if next == labels {
            break;
        }
        labels = next;
        let mut counts = vec![0.0; centroids.len()];
        let mut sums: Vec<Vec<f64>> = centroids.iter().map(|c| vec![0.0; c.len()]).collect();
        for (row, label) in rows.iter().zip(&labels) {
            counts[*label] += 1.0;
            for (sum, v) in sums[*label].iter_mut().zip(row) {
                *sum += v;
            }
        }
        let near: Vec<f64> = found.iter().map(|f| -f.1).collect();
        let mut far = stats::order(&near).into_iter();
        for ((centroid, sum), count) in centroids.iter_mut().zip(sums).zip(counts) {
            if count > 0.0 {
                *centroid = sum.into_iter().map(|v| v / count).collect();
            } else if let Some(row) = far.next().and_then(|i| rows.get(i)) {
                centroid.clone_from(row);
            }
        }
    }
    Clusters { centroids, labels }
}

/// The nearest centroid, and its squared distance.
fn nearest(row: &[f64], centroids: &[Vec<f64>]) -> (usize, f64) {
    let squares = centroids.iter().map(|c| square(row, c)).enumerate();
    squares.fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked() {
        let rows: Vec<Vec<f64>> = [0.0, 1.0, 2.0, 10.0, 12.0].iter().map(|v| vec![*v]).collect();
        let got = lloyd(&rows, vec![vec![0.0], vec![1.0]]);
        assert_eq!(got.centroids, [[1.0], [11.0]]);
        assert_eq!(got.labels, [0, 0, 0, 1, 1]);
        assert_eq!(got.sizes(), [3, 2]);
    }

    #[test]
    fn an_empty_cluster_takes_the_farthest_row() {
        let rows: Vec<Vec<f64>> = [0.0, 1.0, 9.0].iter().map(|v| vec![*v]).collect();
        let got = lloyd(&rows, vec![vec![0.5], vec![100.0]]);
        assert_eq!(got.centroids, [[0.5], [9.0]]);
    }

    #[test]
    fn seeds_are_different_rows() {
        let rows: Vec<Vec<f64>> = (0..50).map(|i| vec![f64::from(i % 3)]).collect();
        let mut got = seeds(&rows, 5, &mut Random::new(3));
        got.sort_by(|a, b| a[0].total_cmp(&b[0]));
        assert_eq!(got, [[0.0], [1.0], [2.0]]);
        assert!(seeds(&[], 2, &mut Random::new(3)).is_empty());
    }
}
