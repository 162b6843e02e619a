//! Loops over columns in blocks of a few lanes, which become vector instructions. For the page the compiler is told not
//! to make vectors of loops by itself: it would of all those that do not matter, and the page would load them.

/// Sets each of `out` to `f` of the values at its place in the inputs, which are as long or longer.
pub fn map_into<T: Copy, const K: usize>(out: &mut [T], inputs: [&[T]; K], f: impl Fn([T; K]) -> T) {
    let inputs = inputs.map(|input| &input[..out.len()]);
    let (blocks, rest) = out.as_chunks_mut::<4>();
    let parts = inputs.map(|input| input.as_chunks::<4>());
    for (i, block) in blocks.iter_mut().enumerate() {
        let from = parts.map(|(blocks, _)| blocks[i]);
        *block = [0, 1, 2, 3].map(|lane| f(from.map(|part| part[lane])));
    }
    for (i, value) in rest.iter_mut().enumerate() {
        *value = f(parts.map(|(_, rest)| rest[i]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_gets_its_own() {
        for n in 0..13 {
            let [a, b]: [Vec<f64>; 2] =
                [1.0, 100.0].map(|by| (0..n + 2).map(|i| f64::from(i) * by).collect());
            let mut out = vec![0.0; n as usize];
            map_into(&mut out, [&a, &b], |[a, b]| b - a);
            assert_eq!(out, (0..n).map(|i| 99.0 * f64::from(i)).collect::<Vec<_>>());
        }
    }
}
