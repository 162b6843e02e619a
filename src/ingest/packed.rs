//! Little-endian f64 pairs to rows.

use super::{Table, wrong};
use crate::error::Result;

/// The rows of pairs of time and value; a row counts as a line.
pub(super) fn read(bytes: &[u8]) -> Result<Table> {
    if !bytes.len().is_multiple_of(16) {
        let why = format!(
            "{} bytes are not whole pairs of little-endian f64 time and value (16 bytes)",
            bytes.len()
        );
        return wrong(bytes.len() / 16 + 1, why);
    }
    let mut table = Table::default();
    for (row, pair) in pairs(bytes).enumerate() {
        if !pair.0.is_finite() {
            return wrong(row + 1, "the time of the pair is not a finite number");
        }
        if pair.1.is_infinite() {
            return wrong(row + 1, "the value of the pair is infinite; write NaN for a missing value");
        }
        table.push(pair.0, pair.1, row + 1);
    }
    Ok(table)
}

/// Whether bytes that are no text can be packed rows: whole pairs whose times are finite and of one size.
pub(super) fn plausible(bytes: &[u8]) -> bool {
    let time = |t: f64| t == 0.0 || (1e-3..1e20).contains(&t.abs());
    !bytes.is_empty()
        && bytes.len().is_multiple_of(16)
        && pairs(bytes).all(|(t, v)| time(t) && !v.is_infinite())
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = (f64, f64)> {
    let number = |b: &[u8]| b.try_into().map_or(f64::NAN, f64::from_le_bytes);
    bytes.chunks_exact(16).map(move |pair| (number(&pair[..8]), number(&pair[8..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pairs_and_names_a_cut_one() {
        let bytes: Vec<u8> = [1e12, 5.0, 2e12, f64::NAN].iter().flat_map(|v: &f64| v.to_le_bytes()).collect();
        let table = read(&bytes).unwrap();
        assert_eq!(table.time, [1e12, 2e12]);
        assert!(table.value[1].is_nan() && plausible(&bytes));
        assert_eq!(read(&bytes[..20]).unwrap_err().to_string().find("line 2"), Some(0));
    }
}
