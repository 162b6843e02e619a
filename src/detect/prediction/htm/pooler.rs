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
        let (overlap, change) = (vec![0; columns], vec![0.0; bits]);
        Pooler { rates, columns, bits, permanence, connected, overlap, change }
    }

    /// The winning columns for the set bits, in ascending order; they learn. Ties go to the lowest column.
    pub(super) fn step(&mut self, set: &[usize]) -> Vec<usize> {
        let columns = self.columns;
        self.overlap.fill(0);
        for bit in set {
            count(&mut self.overlap, &self.connected[bit * columns..(bit + 1) * columns]);
        }
        let active = highest(&self.overlap, set.len(), self.rates.winners.min(columns));
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
        // Where there is no synapse NaN stays NaN.
        let changed = |p: f32, change: f32| {
            let p = p + change;
            let p = if p < 0.0 { 0.0 } else { p };
            if p > 1.0 { 1.0 } else { p }
        };
        let side = |p: f32| if p >= threshold { 1.0_f32 } else { 0.0 };
        let mut crossed = [0.0; 4];
        let ((blocks, rest), (changes, last)) = (row.as_chunks_mut::<4>(), self.change.as_chunks::<4>());
        for (block, change) in blocks.iter_mut().zip(changes) {
            let before = *block;
            *block = [0, 1, 2, 3].map(|lane| changed(before[lane], change[lane]));
            crossed = [0, 1, 2, 3].map(|lane| crossed[lane] + (side(block[lane]) - side(before[lane])).abs());
        }
        for (p, change) in rest.iter_mut().zip(last) {
            let before = *p;
            *p = changed(before, *change);
            crossed[0] += (side(*p) - side(before)).abs();
        }
        if crossed != [0.0; 4] {
            for (bit, p) in row.iter().enumerate() {
                self.connected[bit * self.columns + column] = u8::from(*p >= threshold);
            }
        }
    }
}

/// Adds 0 or 1 to each count.
fn count(counts: &mut [u16], more: &[u8]) {
    let ((blocks, rest), (more, last)) = (counts.as_chunks_mut::<8>(), more.as_chunks::<8>());
    for (block, more) in blocks.iter_mut().zip(more) {
        *block = [0, 1, 2, 3, 4, 5, 6, 7].map(|lane| block[lane] + u16::from(more[lane]));
    }
    for (count, more) in rest.iter_mut().zip(last) {
        *count += u16::from(*more);
    }
}

/// The places of the `n` highest counts, in ascending order; of equal ones the first. No count is over `most`.
fn highest(counts: &[u16], most: usize, n: usize) -> Vec<usize> {
    // How many there are of each size, in four parts: one alone would wait for itself where a size comes again.
    let mut of_size = vec![[0_u32; 4]; most + 1];
    let (fours, rest) = counts.as_chunks::<4>();
    for four in fours {
        for lane in 0..4 {
            of_size[usize::from(four[lane])][lane] += 1;
        }
    }
    rest.iter().for_each(|count| of_size[usize::from(*count)][0] += 1);
    // The least size that is taken, and how many of it.
    let (mut least, mut left) = (most, n);
    while least > 0 {
        let there = of_size[least].iter().sum::<u32>() as usize;
        if there >= left {
            break;
        }
        left -= there;
        least -= 1;
    }
    let mut chosen = Vec::with_capacity(n);
    for (i, count) in counts.iter().enumerate() {
        let count = usize::from(*count);
        if count > least {
            chosen.push(i);
        } else if count == least && left > 0 {
            left -= 1;
            chosen.push(i);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{as_type, golden};

    #[test]
    fn of_equal_counts_the_first_are_the_highest() {
        let counts = [2, 5, 0, 5, 2, 2];
        assert_eq!(highest(&counts, 5, 0), [] as [usize; 0]);
        assert_eq!(highest(&counts, 5, 1), [1]);
        assert_eq!(highest(&counts, 5, 3), [0, 1, 3]);
        assert_eq!(highest(&counts, 5, 6), [0, 1, 2, 3, 4, 5]);
        let mut random = Random::new(4);
        for n in [1, 7, 40, 200] {
            let counts: Vec<u16> = (0..200).map(|_| (random.uniform() * 9.0) as u16).collect();
            let mut ranked: Vec<usize> = (0..200).collect();
            ranked.sort_by_key(|i| (std::cmp::Reverse(counts[*i]), *i));
            ranked.truncate(n);
            ranked.sort_unstable();
            assert_eq!(highest(&counts, 8, n), ranked);
        }
    }

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
