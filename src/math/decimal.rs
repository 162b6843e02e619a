//! Decimal numerals.

/// The number nearest to a decimal numeral (`-12`, `.5`, `6.02e23`), as `str::parse` finds it; none if the text is
/// anything else, or beyond the numbers of an `f64`.
///
/// By tables of a few hundred bytes: those of the standard library are 10 KB of a page's download.
pub fn parse(text: &str) -> Option<f64> {
    let (negative, text) = match text.as_bytes() {
        [sign @ (b'+' | b'-'), rest @ ..] => (*sign == b'-', rest),
        rest => (false, rest),
    };
    let (integer, text) = digits(text);
    let (fraction, text) = match text {
        [b'.', rest @ ..] => digits(rest),
        _ => (&text[..0], text),
    };
    let exponent = match text {
        [] => 0,
        [b'e' | b'E', rest @ ..] => exponent(rest)?,
        _ => return None,
    };
    if integer.is_empty() && fraction.is_empty() {
        return None;
    }
    let kept = integer.iter().skip_while(|digit| **digit == b'0');
    let ends = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    let size: f64 = minimal_lexical::parse_float(kept, fraction[..ends].iter(), exponent);
    size.is_finite().then_some(if negative { -size } else { size })
}

/// The digits that a text begins with, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// The exponent after the `e`; one that is too large for any number stays so.
fn exponent(text: &[u8]) -> Option<i32> {
    let (negative, text) = match text {
        [sign @ (b'+' | b'-'), rest @ ..] => (*sign == b'-', rest),
        rest => (false, rest),
    };
    let (digits, rest) = digits(text);
    if digits.is_empty() || !rest.is_empty() {
        return None;
    }
    let size = digits
        .iter()
        .fold(0, |size: i32, digit| size.saturating_mul(10).saturating_add(i32::from(digit - b'0')));
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the standard library makes of it.
    fn known(text: &str) -> Option<f64> {
        text.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn bits(number: Option<f64>) -> Option<u64> {
        number.map(f64::to_bits)
    }

    #[test]
    fn numerals_and_what_looks_like_them() {
        let texts = [
            "0",
            "-0",
            "+1",
            "12",
            "1.",
            ".5",
            "-.5e1",
            "1e5",
            "1E+5",
            "1e-5",
            "007.25",
            "0.000",
            "1.50000000000000000000000",
            "000000000000000000000000001",
            "1e400",
            "-1e400",
            "1e-400",
            "1e99999999999",
            "1e-99999999999",
            "0e99999999999",
            "4.9e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "2.2250738585072011e-308",
            "9007199254740993",
            "9007199254740992.999999999999999999999",
            "9007199254740993.000000000000000000000000000000000000001",
            "123456789012345678901234567890",
            "0.1000000000000000055511151231257827",
            "8.7e-5",
            "",
            ".",
            "-",
            "+",
            "e5",
            "1e",
            "1e+",
            "1.2.3",
            "1 ",
            " 1",
            "1,5",
            "0x10",
            "1_000",
            "--1",
            "1e5.0",
            "nan",
            "inf",
            "infinity",
            "-inf",
            "١",
        ];
        for text in texts {
            assert_eq!(bits(parse(text)), bits(known(text)), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_nearest_number(text in "[+-]?[0-9]{0,25}(\\.[0-9]{0,25})?([eE][+-]?[0-9]{1,3})?") {
            prop_assert_eq!(bits(parse(&text)), bits(known(&text)), "{:?}", text);
        }

        #[test]
        fn what_is_written_is_read(number in any::<f64>().prop_filter("numbers", |n| n.is_finite())) {
            for text in [format!("{number}"), format!("{number:e}"), format!("{number:.17e}")] {
                prop_assert_eq!(parse(&text), Some(number), "{}", text);
            }
        }

        #[test]
        fn halves_go_to_even(mantissa in 1u64 << 52..1 << 53, power in 0u32..12) {
            // Half way between two numbers: one bit more than there is room for.
            let half = u128::from(2 * mantissa + 1) << power;
            for text in [format!("{half}"), format!("{half}.0000000000000000000000000000001"), format!("{}.999999999999999999999999999", half - 1)] {
                prop_assert_eq!(bits(parse(&text)), bits(known(&text)), "{}", text);
            }
        }
    }
}
