//! Spatial pooler: the columns that fit the input best, and their learning.

use crate::math::random::Random;

/// Rates and sizes of the pooler.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    /// Permanence from which on a synapse is connected.
    pub(super) connected: f32,
    /// Added on active input bits.
    pub(super) increment: f32,
    /// Taken on the others.
    pub(super) decrement: f32,
    /// Columns that win.
    pub(super) winners: usize,
}

/// Columns with synapses to input bits.
#[derive(Debug, Clone)]
pub(super) struct Pooler {
    rates: Rates,
    columns: usize,
    /// Permanence of column c on bit b at `b * columns + c`; negative: no synapse there.
    permanence: Vec<f32>,
    overlap: Vec<u32>,
    order: Vec<u32>,
}

impl Pooler {
    /// Columns with a potential synapse to each bit with probability `potential`, half of them connected.
    pub(super) fn new(bits: usize, columns: usize, potential: f64, rates: Rates, seed: u64) -> Pooler {
        let mut random = Random::new(seed);
        let connected = f64::from(rates.connected);
        let permanence = (0..bits * columns)
            .map(|_| {
                if random.uniform() >= potential {
                    -1.0
                } else if random.uniform() < 0.5 {
                    random.range(connected, 1.0) as f32
                } else {
                    random.range(0.0, connected) as f32
                }
            })
            .collect();
        Pooler { rates, columns, permanence, overlap: vec![0; columns], order: (0..columns as u32).collect() }
    }

    /// The winning columns for the set bits, in ascending order; they learn. Ties go to the lowest column.
    pub(super) fn step(&mut self, bits: &[usize]) -> Vec<usize> {
        let columns = self.columns;
        self.overlap.fill(0);
        for bit in bits {
            let row = &self.permanence[bit * columns..(bit + 1) * columns];
            for (count, p) in self.overlap.iter_mut().zip(row) {
                *count += u32::from(*p >= self.rates.connected);
            }
        }
        let winners = self.rates.winners.min(columns);
        let overlap = &self.overlap;
        let by_overlap = |a: &u32, b: &u32| overlap[*b as usize].cmp(&overlap[*a as usize]).then(a.cmp(b));
        if winners < columns {
            self.order.select_nth_unstable_by(winners, by_overlap);
        }
        let mut active: Vec<usize> = self.order[..winners].iter().map(|c| *c as usize).collect();
        active.sort_unstable();
        let mut set = bits.iter().copied().peekable();
        for (bit, row) in self.permanence.chunks_exact_mut(columns).enumerate() {
            let change =
                if set.next_if_eq(&bit).is_some() { self.rates.increment } else { -self.rates.decrement };
            for column in &active {
                if row[*column] >= 0.0 {
                    row[*column] = (row[*column] + change).clamp(0.0, 1.0);
                }
            }
        }
        active
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_reference_step() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../../tests/golden/htm_deterministic.json")).unwrap();
        let matrix = |v: &serde_json::Value| -> Vec<Vec<f64>> { serde_json::from_value(v.clone()).unwrap() };
        let list = |v: &serde_json::Value| -> Vec<usize> { serde_json::from_value(v.clone()).unwrap() };
        let before = matrix(&golden["inputs"]["sp_permanence"]);
        let bits = list(&golden["inputs"]["sp_input_on_bits"]);
        let rates = Rates { connected: 0.5, increment: 0.05, decrement: 0.02, winners: 2 };
        let mut pooler = Pooler::new(12, 8, 1.0, rates, 0);
        for (c, row) in before.iter().enumerate() {
            for (b, p) in row.iter().enumerate() {
                pooler.permanence[b * 8 + c] = *p as f32;
            }
        }
        let want = &golden["outputs"]["sp"];
        assert_eq!(pooler.step(&bits), list(&want["active"]));
        assert_eq!(pooler.overlap.iter().map(|c| *c as usize).collect::<Vec<_>>(), list(&want["overlap"]));
        for (c, row) in matrix(&want["permanence_after"]).iter().enumerate() {
            for (b, p) in row.iter().enumerate() {
                assert!((f64::from(pooler.permanence[b * 8 + c]) - p).abs() < 1e-6, "column {c} bit {b}");
            }
        }
    }
}
