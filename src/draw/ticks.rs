//! Readable ticks: round values with SI prefixes, and calendar steps in the reader's time zone.

use super::scale::View;

/// About `wanted` round values within `low..=high`, a step of 1, 2, 2.5 or 5 times a power of ten apart.
pub fn value_ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let step = round_step((high - low) / wanted.max(1) as f64);
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).take(1000).map(|i| i as f64 * step).collect()
}

/// The smallest of 1, 2, 2.5, 5 or 10 times a power of ten that is at least `rough`.
fn round_step(rough: f64) -> f64 {
    if !(rough.is_finite() && rough > 0.0) {
        return f64::NAN;
    }
    let power = 10f64.powf(rough.log10().floor());
    let part = rough / power;
    let round = [1.0, 2.0, 2.5, 5.0].into_iter().find(|r| part <= r * (1.0 + 1e-9)).unwrap_or(10.0);
    round * power
}

/// The labels of ticks that share a step: SI prefix by the largest of them, and as many decimals as tell
/// neighbours apart. `decimal` is the reader's decimal mark.
pub fn value_labels(ticks: &[f64], decimal: char) -> Vec<String> {
    let largest = ticks.iter().fold(0.0, |most: f64, t| most.max(t.abs()));
    let step = match ticks {
        [a, b, ..] => b - a,
        _ => largest,
    };
    let (unit, prefix) = prefix(largest);
    let decimals = decimals(step / unit);
    ticks
        .iter()
        .map(|&t| {
            let t = if t.abs() < step / 1e6 { 0.0 } else { t };
            let text = fixed(t / unit, decimals, decimal);
            if prefix.is_empty() || t == 0.0 { text } else { format!("{text}\u{2009}{prefix}") }
        })
        .collect()
}

/// A number with so many decimals, at most 9, and with a true minus.
fn fixed(number: f64, decimals: usize, decimal: char) -> String {
    let sign = if number < 0.0 { "\u{2212}" } else { "" };
    let unit = 10u64.pow(decimals.min(9) as u32);
    let units = (number.abs() * unit as f64).round();
    if units >= 1e15 {
        return format!("{sign}{}", number.abs().round());
    }
    let (whole, rest) = (units as u64 / unit, units as u64 % unit);
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}{decimal}{rest:0decimals$}") }
}

/// The SI prefix that brings a size between 1 and 1000, from 10 000 on and below 0.001: between them a plain
/// number reads more easily.
fn prefix(largest: f64) -> (f64, &'static str) {
    const LARGE: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    const SMALL: [(f64, &str); 3] = [(1e-3, "m"), (1e-6, "\u{b5}"), (1e-9, "n")];
    if largest >= 1e4 {
        return LARGE.into_iter().find(|(unit, _)| largest >= *unit).unwrap_or((1.0, ""));
    }
    if largest > 0.0 && largest < 1e-3 {
        return SMALL.into_iter().find(|(unit, _)| largest >= *unit).unwrap_or((1e-9, "n"));
    }
    (1.0, "")
}

/// Decimals that a step needs to be written in full, at most 9.
fn decimals(step: f64) -> usize {
    let mut scaled = step.abs();
    for digits in 0..9 {
        if (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1e-3) {
            return digits;
        }
        scaled *= 10.0;
    }
    9
}

/// The size of a step between time ticks; tells the page how to write the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Fractions of a second.
    Millisecond,
    /// Seconds.
    Second,
    /// Minutes or hours.
    Minute,
    /// Days and weeks.
    Day,
    /// Months.
    Month,
    /// Years.
    Year,
}

/// A reader's time zone over the stretch of time that is shown: what to add to UTC from each moment on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Zone {
    changes: Vec<(f64, f64)>,
}

impl Zone {
    /// A zone of `(from, offset)` pairs in milliseconds, by increasing `from`. The first offset also holds
    /// before; without any the zone is UTC.
    pub fn new(changes: Vec<(f64, f64)>) -> Zone {
        Zone { changes }
    }

    /// What to add to a moment in UTC.
    fn offset(&self, utc: f64) -> f64 {
        let after = self.changes.partition_point(|&(from, _)| from <= utc);
        self.changes.get(after.saturating_sub(1)).map_or(0.0, |&(_, offset)| offset)
    }

    /// The moment of a local time; one that the clocks leave out becomes the moment of the change.
    fn utc(&self, local: f64) -> f64 {
        let near = local - self.offset(local);
        local - self.offset(near)
    }
}

const SECOND: f64 = 1e3;
const MINUTE: f64 = 60.0 * SECOND;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

/// Steps of fixed length, from a millisecond to a fortnight.
const STEPS: [(f64, Unit); 30] = [
    (1.0, Unit::Millisecond),
    (2.0, Unit::Millisecond),
    (5.0, Unit::Millisecond),
    (10.0, Unit::Millisecond),
    (20.0, Unit::Millisecond),
    (50.0, Unit::Millisecond),
    (100.0, Unit::Millisecond),
    (200.0, Unit::Millisecond),
    (500.0, Unit::Millisecond),
    (SECOND, Unit::Second),
    (2.0 * SECOND, Unit::Second),
    (5.0 * SECOND, Unit::Second),
    (10.0 * SECOND, Unit::Second),
    (15.0 * SECOND, Unit::Second),
    (30.0 * SECOND, Unit::Second),
    (MINUTE, Unit::Minute),
    (2.0 * MINUTE, Unit::Minute),
    (5.0 * MINUTE, Unit::Minute),
    (10.0 * MINUTE, Unit::Minute),
    (15.0 * MINUTE, Unit::Minute),
    (30.0 * MINUTE, Unit::Minute),
    (HOUR, Unit::Minute),
    (2.0 * HOUR, Unit::Minute),
    (3.0 * HOUR, Unit::Minute),
    (6.0 * HOUR, Unit::Minute),
    (12.0 * HOUR, Unit::Minute),
    (DAY, Unit::Day),
    (2.0 * DAY, Unit::Day),
    (7.0 * DAY, Unit::Day),
    (14.0 * DAY, Unit::Day),
];

/// The moments of at most `wanted` ticks in a view, on calendar steps of the zone, and the unit of the step.
pub fn time_ticks(view: View, wanted: usize, zone: &Zone) -> (Unit, Vec<f64>) {
    let rough = view.span() / wanted.max(1) as f64;
    match STEPS.into_iter().find(|&(step, _)| step >= rough) {
        Some((step, unit)) => (unit, even_ticks(view, step, zone)),
        None => calendar_ticks(view, rough, zone),
    }
}

/// Ticks at multiples of a step of local time; weeks begin on Monday.
fn even_ticks(view: View, step: f64, zone: &Zone) -> Vec<f64> {
    // 1970-01-05 was a Monday.
    let origin = if step >= 7.0 * DAY { 4.0 * DAY } else { 0.0 };
    let local = |t: f64| t + zone.offset(t);
    let first = ((local(view.from) - origin) / step).ceil();
    let last = ((local(view.to) - origin) / step).floor();
    let count = (last - first).clamp(-1.0, 1000.0) as i64;
    let mut ticks: Vec<f64> = (0..=count).map(|i| zone.utc(origin + (first + i as f64) * step)).collect();
    ticks.retain(|&t| t >= view.from && t <= view.to);
    ticks.dedup();
    ticks
}

/// Ticks on the first of every 1, 3 or 6 months, or of every 1, 2, 5, 10 ... years.
fn calendar_ticks(view: View, rough: f64, zone: &Zone) -> (Unit, Vec<f64>) {
    const MONTH: f64 = 30.44 * DAY;
    let months = [1i64, 3, 6].into_iter().find(|&m| m as f64 * MONTH >= rough);
    let (unit, step) = match months {
        Some(months) => (Unit::Month, months),
        None => (Unit::Year, 12 * (round_step(rough / (12.0 * MONTH)).max(1.0) as i64)),
    };
    let first = month_of(view.from + zone.offset(view.from)).div_euclid(step);
    let last = month_of(view.to + zone.offset(view.to)).div_euclid(step);
    let ticks = (first..=last.min(first + 1000)).map(|i| zone.utc(start_of_month(i * step)));
    (unit, ticks.filter(|&t| t >= view.from && t <= view.to).collect())
}

/// Months since January of year 0 of a local time.
fn month_of(local: f64) -> i64 {
    let (mut low, mut high) = (0i64, 12 * 10_000);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if start_of_month(middle) <= local { low = middle } else { high = middle }
    }
    low
}

/// The local time, in milliseconds from 1970, at which a month (counted from January of year 0) begins, by the
/// Gregorian calendar.
fn start_of_month(month: i64) -> f64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let year = month.div_euclid(12);
    let in_year = month.rem_euclid(12);
    // Leap days of whole years before this one, with year 0 itself a leap year.
    let leaps = |y: i64| (y + 3).div_euclid(4) - (y + 99).div_euclid(100) + (y + 399).div_euclid(400);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let mut days = 365 * year + leaps(year) + BEFORE.get(in_year as usize).copied().unwrap_or_default();
    if leap && in_year > 1 {
        days += 1;
    }
    // 719 528 days lie between the first days of year 0 and of 1970.
    (days - 719_528) as f64 * DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_values() {
        assert_eq!(value_ticks(0.0, 42.0, 5), vec![0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(value_ticks(-1.2, 1.2, 5), vec![-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(value_ticks(3.0, 3.0, 5), Vec::<f64>::new());
        assert_eq!(value_ticks(f64::NAN, 3.0, 5), Vec::<f64>::new());
    }

    #[test]
    fn labels_carry_the_prefix_of_the_largest() {
        assert_eq!(value_labels(&[0.0, 10e3, 20e3], '.'), ["0", "10\u{2009}k", "20\u{2009}k"]);
        assert_eq!(value_labels(&[0.0, 2500.0, 5000.0], '.'), ["0", "2500", "5000"]);
        assert_eq!(value_labels(&[-0.5, 0.0, 0.5], ','), ["\u{2212}0,5", "0,0", "0,5"]);
        assert_eq!(value_labels(&[2.5e-6, 5e-6], '.'), ["2.5\u{2009}\u{b5}", "5.0\u{2009}\u{b5}"]);
        assert_eq!(value_labels(&[1.0e6, 1.25e6], '.'), ["1.00\u{2009}M", "1.25\u{2009}M"]);
    }

    #[test]
    fn months_begin_where_the_calendar_says() {
        assert_eq!(start_of_month(12 * 1970), 0.0);
        assert_eq!(start_of_month(12 * 2000 + 2), 951_868_800_000.0); // 2000-03-01
        assert_eq!(start_of_month(12 * 2024 + 2), 1_709_251_200_000.0); // 2024-03-01
        assert_eq!(start_of_month(12 * 1900 + 2), -2_203_891_200_000.0); // 1900-03-01
        assert_eq!(month_of(1_709_251_199_999.0), 12 * 2024 + 1);
        assert_eq!(month_of(1_709_251_200_000.0), 12 * 2024 + 2);
    }

    #[test]
    fn steps_follow_the_span() {
        let zone = Zone::default();
        let unit = |span: f64| time_ticks(View::new(0.0, span), 6, &zone).0;
        assert_eq!(unit(300.0), Unit::Millisecond);
        assert_eq!(unit(20.0 * SECOND), Unit::Second);
        assert_eq!(unit(5.0 * HOUR), Unit::Minute);
        assert_eq!(unit(6.0 * DAY), Unit::Day);
        assert_eq!(unit(300.0 * DAY), Unit::Month);
        assert_eq!(unit(9000.0 * DAY), Unit::Year);
        for days in [0.01, 0.3, 2.0, 11.0, 40.0, 200.0, 2000.0, 90_000.0] {
            let (_, ticks) = time_ticks(View::new(1e12, 1e12 + days * DAY), 8, &zone);
            assert!((2..=9).contains(&ticks.len()), "{days} days: {} ticks", ticks.len());
            assert!(ticks.windows(2).all(|w| w[0] < w[1]));
        }
    }

    #[test]
    fn days_begin_at_local_midnight_across_a_change() {
        // Berlin: UTC+1, from 2024-03-31T01:00Z on UTC+2.
        let change = 1_711_846_800_000.0;
        let zone = Zone::new(vec![(0.0, HOUR), (change, 2.0 * HOUR)]);
        let (unit, ticks) = time_ticks(View::new(change - 2.0 * DAY, change + 2.0 * DAY), 4, &zone);
        assert_eq!(unit, Unit::Day);
        assert_eq!(ticks, [-26.0, -2.0, 21.0, 45.0].map(|hours| change + hours * HOUR));
    }

    #[test]
    fn weeks_begin_on_monday() {
        let (_, ticks) = time_ticks(View::new(0.0, 40.0 * DAY), 6, &Zone::default());
        assert_eq!(ticks[0], 4.0 * DAY);
        assert_eq!(ticks[1], 11.0 * DAY);
    }
}
