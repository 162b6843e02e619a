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
    bits: usize,
    /// Permanence of column c on bit b at `c * bits + b`; NaN: no synapse there.
    permanence: Vec<f32>,
    /// Whether it is connected, 0 or 1, at `b * columns + c`.
    connected: Vec<u8>,
    overlap: Vec<u16>,
    /// Overlap and column of each in one number, for the choice of the winners.
    ranks: Vec<u32>,
    change: Vec<f32>,
}

impl Pooler {
    /// Columns with a potential synapse to each bit with probability `potential`, half of them connected. There are
    /// at most 65536 columns.
    pub(super) fn new(bits: usize, columns: usize, potential: f64, rates: Rates, seed: u64) -> Pooler {
        let mut random = Random::new(seed);
        let connected = f64::from(rates.connected);
        let mut drawn = || {
            if random.uniform() >= potential {
                f32::NAN
            } else if random.uniform() < 0.5 {
                random.range(connected, 1.0) as f32
            } else {
                random.range(0.0, connected) as f32
            }
        };
        Pooler::of((0..bits * columns).map(|_| drawn()).collect(), bits, rates)
    }

    /// Columns with these permanences, of `bits` each; NaN: no synapse.
    fn of(permanence: Vec<f32>, bits: usize, rates: Rates) -> Pooler {
        let columns = permanence.len() / bits;
        let mut connected = vec![0; permanence.len()];
        for (column, row) in permanence.chunks_exact(bits).enumerate() {
            for (bit, p) in row.iter().enumerate() {
                connected[bit * columns + column] = u8::from(*p >= rates.connected);
            }
        }
        let (overlap, ranks, change) = (vec![0; columns], Vec::with_capacity(columns), vec![0.0; bits]);
        Pooler { rates, columns, bits, permanence, connected, overlap, ranks, change }
    }

    /// The winning columns for the set bits, in ascending order; they learn. Ties go to the lowest column.
    pub(super) fn step(&mut self, set: &[usize]) -> Vec<usize> {
        let columns = self.columns;
        self.overlap.fill(0);
        for bit in set {
            for (count, c) in self.overlap.iter_mut().zip(&self.connected[bit * columns..(bit + 1) * columns])
            {
                *count += u16::from(*c);
            }
        }
        let winners = self.rates.winners.min(columns);
        self.ranks.clear();
        // The smallest number is the largest overlap of the lowest column.
        let rank = |(column, count): (usize, &u16)| (u32::from(u16::MAX - count) << 16) | column as u32;
        self.ranks.extend(self.overlap.iter().enumerate().map(rank));
        if winners < columns {
            self.ranks.select_nth_unstable(winners);
        }
        self.ranks.truncate(winners);
        self.ranks.iter_mut().for_each(|rank| *rank &= 0xFFFF);
        self.ranks.sort_unstable();
        let active: Vec<usize> = self.ranks.iter().map(|column| *column as usize).collect();
        self.change.fill(-self.rates.decrement);
        for bit in set {
            self.change[*bit] = self.rates.increment;
        }
        for column in &active {
            self.learn(*column);
        }
        active
    }

    /// A winner's synapses to the set bits grow, its others shrink.
    fn learn(&mut self, column: usize) {
        let row = &mut self.permanence[column * self.bits..(column + 1) * self.bits];
        let threshold = self.rates.connected;
        let mut crossed = 0;
        // Without a branch, so that it is done for several synapses at once; where there is none, NaN stays NaN.
        for (p, change) in row.iter_mut().zip(&self.change) {
            let after = (*p + change).clamp(0.0, 1.0);
            crossed |= u32::from(*p >= threshold) ^ u32::from(after >= threshold);
            *p = after;
        }
        if crossed != 0 {
            for (bit, p) in row.iter().enumerate() {
                self.connected[bit * self.columns + column] = u8::from(*p >= threshold);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden};

    #[test]
    fn agrees_with_the_reference_step() {
        let golden = golden("htm_deterministic");
        let before: Vec<Vec<f64>> = as_type(&golden["inputs"]["sp_permanence"]);
        let bits: Vec<usize> = as_type(&golden["inputs"]["sp_input_on_bits"]);
        let rates = Rates { connected: 0.5, increment: 0.05, decrement: 0.02, winners: 2 };
        let mut pooler = Pooler::of(before.iter().flatten().map(|p| *p as f32).collect(), 12, rates);
        let want = &golden["outputs"]["sp"];
        assert_eq!(pooler.step(&bits), as_type::<Vec<usize>>(&want["active"]));
        assert_eq!(
            pooler.overlap.iter().map(|c| *c as usize).collect::<Vec<_>>(),
            as_type::<Vec<usize>>(&want["overlap"])
        );
        for (c, row) in as_type::<Vec<Vec<f64>>>(&want["permanence_after"]).iter().enumerate() {
            for (b, p) in row.iter().enumerate() {
                assert!((f64::from(pooler.permanence[c * 12 + b]) - p).abs() < 1e-6, "column {c} bit {b}");
            }
        }
    }
}
