//! A matrix packed for its products with rows of inputs.
//!
//! Outputs are computed a few vectors at a time, so that their sums stay in registers while the weights stream by in the
//! order in which they lie: two blocks of [`WIDE`] for one row, one block where there are two rows to go through the same
//! weights, steps of a window or states of two windows. Where a matrix has few rows of many inputs, its outputs are sums over
//! vectors of inputs instead. Either way a sum is taken in one order, so how rows are grouped changes nothing, bit for bit.

use std::array;

/// Outputs of a block: four vectors of four.
const WIDE: usize = 16;

/// Inputs for each output, from which on rows stand as they are: filling up blocks would cost more.
const FEW: usize = 64;

/// A matrix and a bias.
#[derive(Debug, Clone)]
pub struct Packed {
    weights: Weights,
    bias: Vec<[f32; WIDE]>,
    inputs: usize,
    outputs: usize,
}

#[derive(Debug, Clone)]
enum Weights {
    /// Rows stand in blocks of [`WIDE`], filled up with zeros, and blocks in pairs; in a pair, and in the block that is
    /// left, the weights of each input are together.
    Blocks(Vec<Block>),
    /// Few rows, one after the other: each output is a sum over vectors of its inputs.
    Rows(Vec<f32>),
}

/// The weights of one input, where a cache line begins.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Block([f32; WIDE]);

impl Block {
    /// `sums += w x`.
    #[inline(always)]
    fn add(&self, x: f32, sums: &mut [f32; WIDE]) {
        for (sum, w) in sums.iter_mut().zip(self.0) {
            *sum += x * w;
        }
    }
}

impl Packed {
    /// Of `weight (outputs, inputs)`, row-major, and `bias (outputs)`.
    pub fn new(weight: &[f32], bias: &[f32], inputs: usize) -> Packed {
        let outputs = bias.len();
        let weights = if outputs == 1 || outputs * FEW <= inputs {
            Weights::Rows(weight.to_vec())
        } else {
            Weights::Blocks(blocks(weight, inputs))
        };
        Packed { weights, bias: bias.chunks(WIDE).map(chunk).collect(), inputs, outputs }
    }

    /// Values of a row.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Rows.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Outputs in whole blocks.
    pub fn span(&self) -> usize {
        self.bias.len() * WIDE
    }

    /// `W x + b` of each row: row `i` of the input begins at `i · stride`, of the output at `i · wide`.
    pub fn apply(&self, x: &[f32], stride: usize, to: &mut [f32], wide: usize) {
        self.add(x, stride, |_| self.bias.as_flattened(), to, wide);
    }

    /// `W x` of each row, added to what `from` has for it in whole blocks.
    pub fn add<'a>(
        &self,
        x: &[f32],
        stride: usize,
        from: impl Fn(usize) -> &'a [f32],
        to: &mut [f32],
        wide: usize,
    ) {
        let row = |i: usize| &x[i * stride..][..self.inputs];
        let blocks = match &self.weights {
            Weights::Blocks(blocks) => blocks,
            Weights::Rows(rows) => {
                let fours = self.outputs / 4 * 4;
                let (four, alone) = rows.split_at(fours * self.inputs);
                few::<4, 8>(four, 0, row, &from, to, wide);
                few::<1, 16>(alone, fours, row, from, to, wide);
                return;
            }
        };
        let (paired, last) = blocks.split_at(self.bias.len() / 2 * 2 * self.inputs);
        let split = (paired.as_chunks().0, last.as_chunks().0);
        let rows = to.len() / wide;
        let mut pairs = to.chunks_exact_mut(2 * wide);
        for (to, i) in pairs.by_ref().zip((0..).step_by(2)) {
            let (a, b) = to.split_at_mut(wide);
            let from = [from(i).as_chunks().0, from(i + 1).as_chunks().0];
            two(split, [row(i), row(i + 1)], from, [a, b]);
        }
        if rows % 2 == 1 {
            one(split, row(rows - 1), from(rows - 1).as_chunks().0, pairs.into_remainder());
        }
    }
}

/// The weights of the blocks in pairs, and those of the one that is left.
type Split<'a> = (&'a [[Block; 2]], &'a [[Block; 1]]);

/// The rows of `weight` in blocks.
fn blocks(weight: &[f32], inputs: usize) -> Vec<Block> {
    let blocks = (weight.len() / inputs).div_ceil(WIDE);
    let mut packed = vec![Block([0.0; WIDE]); blocks * inputs];
    for (row, weight) in weight.chunks_exact(inputs).enumerate() {
        let (block, lane) = (row / WIDE, row % WIDE);
        let paired = block < blocks / 2 * 2;
        let (first, step) =
            if paired { (block / 2 * 2 * inputs + block % 2, 2) } else { (block * inputs, 1) };
        scatter(weight, &mut packed[first..], step, lane);
    }
    packed
}

/// `W x` of a row, added to `from`. Like [`two`] a function of its own: then registers do for its loops.
#[inline(never)]
fn one((pairs, last): Split<'_>, x: &[f32], from: &[[f32; WIDE]], to: &mut [f32]) {
    let mut block = 0;
    for weights in pairs.chunks_exact(x.len()) {
        let [a, b] = summed(weights, x, [from[block], from[block + 1]]);
        put(&mut to[block * WIDE..], a);
        put(&mut to[(block + 1) * WIDE..], b);
        block += 2;
    }
    for weights in last.chunks_exact(x.len()) {
        let [sums] = summed(weights, x, [from[block]]);
        put(&mut to[block * WIDE..], sums);
    }
}

/// `W x` and `W y`, each added to its `from`.
#[inline(never)]
fn two((pairs, last): Split<'_>, x: [&[f32]; 2], from: [&[[f32; WIDE]]; 2], to: [&mut [f32]; 2]) {
    let [first, second] = to;
    let mut block = 0;
    for weights in pairs.chunks_exact(x[0].len()) {
        for half in 0..2 {
            let [a, b] = crossed(weights.iter().map(|w| &w[half]), x, from.map(|from| from[block]));
            put(&mut first[block * WIDE..], a);
            put(&mut second[block * WIDE..], b);
            block += 1;
        }
    }
    for weights in last.chunks_exact(x[0].len()) {
        let [a, b] = crossed(weights.iter().map(|[w]| w), x, from.map(|from| from[block]));
        put(&mut first[block * WIDE..], a);
        put(&mut second[block * WIDE..], b);
    }
}

/// Outputs from `first` on, `R` for all rows of inputs after the others, so that their weights stay in the cache.
fn few<'x, 'a, const R: usize, const L: usize>(
    weights: &[f32],
    first: usize,
    x: impl Fn(usize) -> &'x [f32],
    from: impl Fn(usize) -> &'a [f32],
    to: &mut [f32],
    wide: usize,
) {
    for (weights, at) in weights.chunks_exact(R * x(0).len()).zip((first..).step_by(R)) {
        for (i, to) in to.chunks_exact_mut(wide).enumerate() {
            let sums = dots::<R, L>(weights, x(i));
            for ((to, from), sum) in to[at..].iter_mut().zip(&from(i)[at..]).zip(sums) {
                *to = from + sum;
            }
        }
    }
}

/// The products of `R` rows with `x`, each summed in `L` parts.
#[inline(never)]
fn dots<const R: usize, const L: usize>(rows: &[f32], x: &[f32]) -> [f32; R] {
    let mut sums = [[0.0; L]; R];
    let rows: [&[f32]; R] = array::from_fn(|r| &rows[r * x.len()..][..x.len()]);
    let (vectors, rest) = x.as_chunks::<L>();
    let weights = rows.map(|row| row.as_chunks::<L>().0);
    for (k, x) in vectors.iter().enumerate() {
        for (sums, weights) in sums.iter_mut().zip(weights) {
            for ((sum, w), x) in sums.iter_mut().zip(weights[k]).zip(x) {
                *sum += w * x;
            }
        }
    }
    array::from_fn(|r| {
        let rest = rows[r].iter().zip(x).skip(x.len() - rest.len()).map(|(w, x)| w * x);
        sums[r].iter().sum::<f32>() + rest.sum::<f32>()
    })
}

/// Puts the weights of a row into its lane of every `step`th block.
///
/// In the simplest of loops, and a row a call: the first net is packed before the engine has made its code fast, which
/// it does from one call to the next.
#[inline(never)]
fn scatter(row: &[f32], to: &mut [Block], step: usize, lane: usize) {
    for (to, w) in to.iter_mut().step_by(step).zip(row) {
        to.0[lane] = *w;
    }
}

/// `sums += W x` of `G` blocks.
#[inline(always)]
fn summed<const G: usize>(weights: &[[Block; G]], x: &[f32], mut sums: [[f32; WIDE]; G]) -> [[f32; WIDE]; G] {
    let mut add = |weights: &[Block; G], x: f32| {
        for (sums, weights) in sums.iter_mut().zip(weights) {
            weights.add(x, sums);
        }
    };
    let ((twos, w), (pairs, x)) = (weights.as_chunks::<2>(), x.as_chunks::<2>());
    for ([a, b], [x, y]) in twos.iter().zip(pairs) {
        add(a, *x);
        add(b, *y);
    }
    for (w, x) in w.iter().zip(x) {
        add(w, *x);
    }
    sums
}

/// `sums += W x` of a block for two rows.
#[inline(always)]
fn crossed<'a>(
    weights: impl Iterator<Item = &'a Block>,
    [x, y]: [&[f32]; 2],
    mut sums: [[f32; WIDE]; 2],
) -> [[f32; WIDE]; 2] {
    for ((weights, x), y) in weights.zip(x).zip(y) {
        weights.add(*x, &mut sums[0]);
        weights.add(*y, &mut sums[1]);
    }
    sums
}

/// The first values, and zeros where there are no more.
#[inline(always)]
pub fn chunk<const N: usize>(values: &[f32]) -> [f32; N] {
    #[cold]
    #[inline(never)]
    fn rest<const N: usize>(values: &[f32]) -> [f32; N] {
        let mut chunk = [0.0; N];
        chunk[..values.len()].copy_from_slice(values);
        chunk
    }
    match values.first_chunk() {
        Some(chunk) => *chunk,
        None => rest(values),
    }
}

/// Writes over the first values, as many as there are.
#[inline(always)]
pub fn put<const N: usize>(to: &mut [f32], values: [f32; N]) {
    #[cold]
    #[inline(never)]
    fn rest(to: &mut [f32], values: &[f32]) {
        to.copy_from_slice(&values[..to.len()]);
    }
    match to.first_chunk_mut() {
        Some(to) => *to = values,
        // A copy, so that the values themselves need no place in memory.
        None => rest(to, &{ values }),
    }
}
