//! Times and numbers as text.

use crate::math::decimal;

/// The unit of numeric times since 1970, told apart by size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeUnit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl TimeUnit {
    /// The unit of all of `times`, by the largest: 1e11 s is the year 5138, 1e11 ms is 1973.
    pub(super) fn of(times: &[f64]) -> TimeUnit {
        let largest = times.iter().fold(0.0f64, |m, t| m.max(t.abs()));
        match largest {
            t if t < 1e11 => TimeUnit::Seconds,
            t if t < 1e14 => TimeUnit::Milliseconds,
            t if t < 1e17 => TimeUnit::Microseconds,
            _ => TimeUnit::Nanoseconds,
        }
    }

    pub(super) fn milliseconds(self, time: f64) -> f64 {
        match self {
            TimeUnit::Seconds => time * 1e3,
            TimeUnit::Milliseconds => time,
            TimeUnit::Microseconds => time / 1e3,
            TimeUnit::Nanoseconds => time / 1e6,
        }
    }
}

/// A finite number; with `comma`, a decimal comma is one too.
pub(super) fn number(text: &str, comma: bool) -> Option<f64> {
    let decimal_comma = || (comma && text.matches(',').count() == 1).then(|| text.replace(',', "."));
    decimal::parse(text).or_else(|| decimal::parse(&decimal_comma()?))
}

/// Whether a field says that its value is missing.
pub(super) fn missing(text: &str) -> bool {
    text.is_empty()
        || ["nan", "null", "na", "n/a", "none", "-", "?"].iter().any(|m| text.eq_ignore_ascii_case(m))
}

/// Milliseconds since 1970 of an ISO 8601 date or date and time: `2024-05-01`, `2024-05-01T10:00`,
/// `2024/05/01 10:00:00.25`, with `Z` or an offset; without one it is read as UTC.
pub(super) fn iso(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let separator = *bytes.get(4)?;
    if !matches!(separator, b'-' | b'/') || bytes.get(7) != Some(&separator) {
        return None;
    }
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) { None } else { part.parse().ok() }
    };
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let midnight = days_since_1970(year, month, day) as f64 * 86_400_000.0;
    let Some(separator) = bytes.get(10) else { return Some(midnight) };
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let (hour, minute) = (digits(11, 13)?, digits(14, 16)?);
    if bytes.get(13) != Some(&b':') || hour > 23 || minute > 59 {
        return None;
    }
    let (seconds, at) = seconds(text.get(16..)?)?;
    let offset = offset_minutes(text.get(16 + at..)?.trim())?;
    Some(midnight + ((hour * 60 + minute - offset) * 60_000) as f64 + seconds * 1e3)
}

/// Seconds of `:SS` or `:SS.fff` at the start of `rest`, and the bytes they take; none is 0.
fn seconds(rest: &str) -> Option<(f64, usize)> {
    let Some(after) = rest.strip_prefix(':') else { return Some((0.0, 0)) };
    let end = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
    let seconds = decimal::parse(&after[..end])?;
    (seconds < 61.0).then_some((seconds, end + 1))
}

/// Minutes east of UTC: empty or `Z` is 0, else `+hh:mm`, `+hhmm`, `+hh`.
fn offset_minutes(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") || zone.eq_ignore_ascii_case("utc") {
        return Some(0);
    }
    let sign = match zone.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits[..2].parse().ok()?;
    let minutes: i64 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    Some(sign * (hours * 60 + minutes))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar: years begin in March, so the leap day ends them.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        assert_eq!(iso("1970-01-01"), Some(0.0));
        assert_eq!(iso("2000-03-01"), Some(951_868_800_000.0));
        assert_eq!(iso("2024-02-29T12:30:15.250Z"), Some(1_709_209_815_250.0));
        assert_eq!(iso("2024/02/29 12:30"), Some(1_709_209_800_000.0));
        assert_eq!(iso("2024-02-29T14:30:00+02:00"), Some(1_709_209_800_000.0));
        assert_eq!(iso("2024-02-29T10:00:00-0230"), Some(1_709_209_800_000.0));
        assert_eq!(iso("1969-12-31T23:59:59"), Some(-1000.0));
        for bad in [
            "2023-02-29",
            "2024-13-01",
            "2024-01-01T25:00",
            "24-01-01",
            "2024-01-01x",
            "hello",
            "",
            "2024-1-1",
        ] {
            assert_eq!(iso(bad), None, "{bad}");
        }
    }

    #[test]
    fn units_by_size() {
        for (time, want) in
            [(1.6e9, 1.6e12), (1.6e12, 1.6e12), (1.6e15, 1.6e12), (1.6e18, 1.6e12), (5.0, 5000.0)]
        {
            assert_eq!(TimeUnit::of(&[0.0, time]).milliseconds(time), want);
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(number("-1.5e3", false), Some(-1500.0));
        assert_eq!(number("1,5", true), Some(1.5));
        assert_eq!(number("1,5", false), None);
        assert_eq!(number("inf", false), None);
        assert!(missing("") && missing("NaN") && missing("NULL") && !missing("0"));
    }
}
