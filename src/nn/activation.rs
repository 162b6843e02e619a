//! Sigmoid and hyperbolic tangent in f32 without branches, so that the compiler can vectorise loops over them.
//!
//! Both are within 4e-7 of the exact function everywhere.

/// Powers are kept within `2^-40..=2^40`: far enough for both functions, and three of them can be multiplied.
const FARTHEST: f32 = 40.0;

/// `e^x`, kept within `2^-40..=2^40`; relative error below 4e-7 within.
///
/// `x log2 e = n + f` with `|f| <= 1/2`; a polynomial for `2^f`, and `n` added to the exponent bits.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    let t = (x * std::f32::consts::LOG2_E).clamp(-FARTHEST, FARTHEST);
    let shifted = t + ROUND;
    let f = t - (shifted - ROUND);
    // Interpolates 2^f at the Chebyshev nodes of [-1/2, 1/2]: relative error 1.0e-7.
    let p = 0.001_339_086_3 * f + 0.009_676_032;
    let p = p * f + 0.055_503_57;
    let p = p * f + 0.240_221_07;
    let p = p * f + std::f32::consts::LN_2;
    let p = p * f + 1.000_000_1;
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// Units of an LSTM from their gates before activation, input, forget, cell and output, and their cells: the cells
/// after, `σ(forget) cell + σ(enter) tanh(candidate)`, and the states, `σ(exit) tanh(cell)`, each with one division.
#[inline(always)]
pub fn units<const N: usize>(
    [enter, forget, candidate, exit]: [[f32; N]; 4],
    cell: &[f32; N],
) -> ([f32; N], [f32; N]) {
    // Step by step for all of them, not unit by unit.
    let inverse = |gate: [f32; N]| all::<N>(|j| 1.0 + exp(-gate[j]));
    let power = |values: [f32; N]| all::<N>(|j| exp(2.0 * values[j]));
    let (forget, enter, candidate, exit) = (inverse(forget), inverse(enter), power(candidate), inverse(exit));
    let cell = all(|j| {
        let other = enter[j] * (candidate[j] + 1.0);
        (cell[j] * other + forget[j] * (candidate[j] - 1.0)) / (forget[j] * other)
    });
    let power = power(cell);
    (cell, all(|j| (power[j] - 1.0) / (exit[j] * (power[j] + 1.0))))
}

/// A value for each unit: a loop to make vectors of.
#[inline(always)]
fn all<const N: usize>(value: impl Fn(usize) -> f32) -> [f32; N] {
    let mut values = [0.0; N];
    for (j, to) in values.iter_mut().enumerate() {
        *to = value(j);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_four_tenths_of_a_millionth() {
        for i in -400_000..=400_000 {
            let x = i as f32 * 2.5e-4;
            let exact = f64::from(x);
            let s = 1.0 / (1.0 + (-exact).exp());
            assert!((f64::from(sigmoid(x)) - s).abs() < 4e-7, "sigmoid({x})");
            assert!((f64::from(tanh(x)) - exact.tanh()).abs() < 4e-7, "tanh({x})");
            let power = (f64::from(exp(x)) / exact.exp() - 1.0).abs();
            assert!(x.abs() > 27.7 || power < 4e-7 * (1.0 + exact.abs()), "exp({x})");
        }
        assert!(tanh(1e30) == 1.0 && tanh(-1e30) == -1.0 && sigmoid(-1e30) < 1e-12);
    }

    #[test]
    fn a_unit_is_its_formula() {
        let values = [-90.0f32, -4.0, -1.5, -0.01, 0.0, 0.3, 2.0, 7.0, 90.0];
        let sigmoid = |x: f32| 1.0 / (1.0 + (-f64::from(x)).exp());
        for at in 0..9usize.pow(5) {
            let [enter, forget, candidate, exit, before] =
                [0, 1, 2, 3, 4].map(|k| values[at / 9usize.pow(k) % 9]);
            let cell = sigmoid(forget) * f64::from(before) + sigmoid(enter) * f64::from(candidate).tanh();
            let state = sigmoid(exit) * cell.tanh();
            let got = units([enter, forget, candidate, exit].map(|gate| [gate; 4]), &[before; 4]);
            let off = ((f64::from(got.0[0]) - cell).abs(), (f64::from(got.1[0]) - state).abs());
            assert!(off.0 < 1e-6 * (1.0 + cell.abs()) && off.1 < 1e-6, "{at}: {off:?}");
        }
    }
}
