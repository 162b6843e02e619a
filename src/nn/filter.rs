//! Convolution over time by Winograd's minimal filtering: two neighbouring outputs at once, by fewer products.
//!
//! Three taps give two outputs by four products instead of six, two taps by three instead of four (S. Winograd,
//! *Arithmetic Complexity of Computations*, 1980; A. Lavin and S. Gray, *Fast Algorithms for Convolutional Neural
//! Networks*, CVPR 2016). Of values `x0..x3` and taps `g0..g2`
//!
//! ```text
//! a = (x0 - x2) g0      b = (x1 + x2) (g0 + g1 + g2) / 2      y0 = a + b + c
//! d = (x3 - x1) g2      c = (x2 - x1) (g0 - g1 + g2) / 2      y1 = d + b - c
//! ```
//!
//! and of `x0..x2` and `g0, g1` without `c` and with `a = (x0 - x1) g0`, `b = x1 (g0 + g1)`, `d = (x2 - x1) g1`. A longer
//! kernel is threes and then twos, whose `a`, `b`, `c` and `d` are summed, as those of all channels are.

use std::ops::Range;

use super::matrix::Packed;

/// Channels from which on the products saved are more than the additions.
const WORTH: usize = 8;

/// A kernel that moves on by one step.
#[derive(Debug, Clone)]
pub struct Filter {
    a: Packed,
    b: Packed,
    c: Packed,
    d: Packed,
    /// What stands for the values, in the order of the products: of a step, this much of another added.
    sums: Vec<(usize, f32, usize)>,
    channels: usize,
    taps: usize,
}

impl Filter {
    /// Of `weight (outputs, channels, taps)` and `bias (outputs)`; nothing where it would not pay.
    pub fn new(weight: &[f32], bias: &[f32], channels: usize, taps: usize) -> Option<Filter> {
        let twos = (3 - taps % 3) % 3;
        let threes = taps.saturating_sub(2 * twos) / 3;
        if threes == 0 || channels < WORTH {
            return None;
        }
        let three = (0..threes).map(|k| 3 * k..3 * k + 3);
        let two = (0..twos).map(|k| 3 * threes + 2 * k..3 * threes + 2 * k + 2);
        let groups: Vec<Range<usize>> = three.chain(two).collect();
        // Over the channels of the first group, then those of the next. `of` says how much there is of a group's first,
        // second and last tap, which of two is the second again.
        let matrix = |bias: &[f32], groups: &[Range<usize>], of: fn(usize) -> [f32; 3]| {
            let mut matrix = vec![0.0; bias.len() * groups.len() * channels];
            let mut rows = matrix.chunks_exact_mut(channels);
            for kernel in weight.chunks_exact(channels * taps) {
                for (group, to) in groups.iter().zip(rows.by_ref()) {
                    mix(&kernel[group.start..], taps, [0, 1, group.len() - 1], of(group.len()), to);
                }
            }
            Packed::new(&matrix, bias, groups.len() * channels)
        };
        let none = vec![0.0; bias.len()];
        let each = groups.iter();
        let a = each.clone().map(|taps| (taps.start, -1.0, taps.end - 1));
        let b = each.clone().map(|taps| (taps.start + 1, (taps.len() - 2) as f32, taps.end - 1));
        let c = each.clone().take(threes).map(|taps| (taps.start + 2, -1.0, taps.start + 1));
        let d = each.map(|taps| (taps.end, -1.0, taps.start + 1));
        let sums = a.chain(b).chain(c).chain(d).collect();
        Some(Filter {
            a: matrix(&none, &groups, |_| [1.0, 0.0, 0.0]),
            b: matrix(bias, &groups, |taps| if taps == 3 { [0.5; 3] } else { [1.0, 0.5, 0.5] }),
            c: matrix(&none, &groups[..threes], |_| [0.5, -0.5, 0.5]),
            d: matrix(&none, &groups, |_| [0.0, 0.0, 1.0]),
            sums,
            channels,
            taps,
        })
    }

    /// Channels of an output.
    pub fn outputs(&self) -> usize {
        self.a.outputs()
    }

    /// Steps of output for so many of input.
    pub fn outputs_of(&self, inputs: usize) -> usize {
        inputs + 1 - self.taps
    }

    /// Steps of input that [`Filter::apply`] reads for so many of output, which go in pairs.
    pub fn inputs(&self, outputs: usize) -> usize {
        outputs.next_multiple_of(2) + self.taps - 1
    }

    /// Writes the outputs for `x`, of [`Filter::inputs`] steps; `room` is used meanwhile.
    pub fn apply(&self, x: &[f32], to: &mut [f32], room: &mut Vec<f32>) {
        let (wide, channels) = (self.outputs(), self.channels);
        let pairs = (to.len() / wide).div_ceil(2);
        let parts = [&self.a, &self.b, &self.c, &self.d];
        let span: usize = parts.iter().map(|part| part.inputs()).sum();
        room.resize(pairs * (span + parts.len() * wide), 0.0);
        let (sums, products) = room.split_at_mut(pairs * span);
        for (sums, pair) in sums.chunks_exact_mut(span).zip(0..) {
            let row = |step: usize| &x[(2 * pair + step) * channels..][..channels];
            for ((x, by, y), to) in self.sums.iter().zip(sums.chunks_exact_mut(channels)) {
                sum(row(*x), *by, row(*y), to);
            }
        }
        let mut from = 0;
        for (part, products) in parts.iter().zip(products.chunks_exact_mut(pairs * wide)) {
            part.apply(&sums[from..], span, products, wide);
            from += part.inputs();
        }
        for (to, pair) in to.chunks_mut(2 * wide).zip(0..) {
            let product = |part: usize| &products[(part * pairs + pair) * wide..][..wide];
            let [a, b, c, d] = [0, 1, 2, 3].map(product);
            let (first, second) = to.split_at_mut(wide);
            for (((to, a), b), c) in first.iter_mut().zip(a).zip(b).zip(c) {
                *to = a + b + c;
            }
            for (((to, d), b), c) in second.iter_mut().zip(d).zip(b).zip(c) {
                *to = d + b - c;
            }
        }
    }
}

/// Of every `step` values this much of these three, in a loop as simple as that of `matrix::scatter`.
#[inline(never)]
fn mix(values: &[f32], step: usize, three: [usize; 3], of: [f32; 3], to: &mut [f32]) {
    for (to, at) in to.iter_mut().zip((0..).step_by(step)) {
        *to = of[0] * values[at + three[0]] + of[1] * values[at + three[1]] + of[2] * values[at + three[2]];
    }
}

/// `x + by y`.
#[inline(never)]
fn sum(x: &[f32], by: f32, y: &[f32], to: &mut [f32]) {
    for ((to, x), y) in to.iter_mut().zip(x).zip(y) {
        *to = x + by * y;
    }
}
