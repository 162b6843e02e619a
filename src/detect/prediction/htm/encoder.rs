//! Values and times of day as sparse sets of bits.

use crate::math::random::mix;

/// Bits of a value's code, and how many of them are set (NuPIC: 400 and 21).
const VALUE_BITS: usize = 400;
/// Bits of a time's code: 21 of 54 cover about nine hours (NuPIC's radius of 9.49 h).
const TIME_BITS: usize = 54;
const SET_BITS: usize = 21;

/// A random distributed code of values, joined by a code of the time of day where there is one.
#[derive(Debug, Clone)]
pub(super) struct Encoder {
    resolution: f64,
    seed: u64,
    /// Points in a day.
    day: Option<usize>,
}

impl Encoder {
    /// Values nearer than `resolution` have the same code but for one bit at most.
    pub(super) fn new(resolution: f64, seed: u64, day: Option<usize>) -> Encoder {
        Encoder { resolution, seed, day }
    }

    /// Bits of a code.
    pub(super) fn width(&self) -> usize {
        VALUE_BITS + if self.day.is_some() { TIME_BITS } else { 0 }
    }

    /// The bits that are set for a value at this index of the series, sorted and each once.
    pub(super) fn bits(&self, value: f64, index: usize) -> Vec<usize> {
        // Signed, so that values below 0 have buckets of their own; far values share the outermost.
        let bucket = (value / self.resolution).floor().clamp(-1e15, 1e15) as i64;
        let bit = |i: usize| (mix(self.seed ^ mix((bucket + i as i64) as u64)) % VALUE_BITS as u64) as u32;
        let mut bits: Vec<u32> = (0..SET_BITS).map(bit).collect();
        if let Some(day) = self.day {
            let first = (index % day) * TIME_BITS / day;
            bits.extend((0..SET_BITS).map(|i| (VALUE_BITS + (first + i) % TIME_BITS) as u32));
        }
        bits.sort_unstable();
        bits.dedup();
        bits.into_iter().map(|bit| bit as usize).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(a: &[usize], b: &[usize]) -> usize {
        a.iter().filter(|bit| b.contains(bit)).count()
    }

    #[test]
    fn near_values_share_bits_and_far_ones_do_not() {
        let encoder = Encoder::new(0.1, 7, None);
        for value in [-3.05, 0.05, 12.05] {
            let bits = encoder.bits(value, 0);
            assert!(bits.len() > 18 && bits.iter().all(|b| *b < encoder.width()));
            assert_eq!(bits, encoder.bits(value + 0.01, 5));
            assert!(shared(&bits, &encoder.bits(value + 0.1, 0)) >= bits.len() - 2);
            assert!(shared(&bits, &encoder.bits(value + 9.0, 0)) < 6);
        }
    }

    #[test]
    fn times_of_day_wrap_round() {
        let encoder = Encoder::new(0.1, 7, Some(288));
        let time = |i: usize| -> Vec<usize> {
            encoder.bits(0.0, i).into_iter().filter(|b| *b >= VALUE_BITS).collect()
        };
        assert_eq!(time(3), time(3 + 288));
        assert_eq!(shared(&time(0), &time(287)), SET_BITS - 1);
        assert_eq!(shared(&time(0), &time(144)), 0);
    }
}
