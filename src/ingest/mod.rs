//! Bytes to a [`Series`]: files and frames of a feed, in the formats of the closed list [`Format`].

mod csv;
mod frames;
mod json;
mod number;
mod packed;

pub use frames::{Fault, Frames, Taken};

use crate::error::{Error, Result};
use crate::series::Series;
use crate::settings::{choices, settings};
use number::TimeUnit;

/// Rows with a repeated time are merged up to this part of all rows; more is an error.
const REPEATED_LIMIT: f64 = 0.01;

/// How bytes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Told from the bytes.
    #[default]
    Auto,
    /// Lines of fields, with or without a header.
    Csv,
    /// One JSON value: rows as objects or pairs, a list of numbers, or an object of columns.
    Json,
    /// One JSON value a line.
    Ndjson,
    /// Little-endian f64 pairs of time and value.
    Packed,
}
choices!(Format { Auto = "auto", Csv = "csv", Json = "json", Ndjson = "ndjson", Packed = "packed" });

impl Format {
    /// This format, or the one that `bytes` look like.
    fn or_recognised(self, bytes: &[u8]) -> Result<Format> {
        if self == Format::Auto { recognise(bytes) } else { Ok(self) }
    }
}

/// How to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The format of the bytes.
    pub format: Format,
    /// Name of the time column; `None`: found.
    pub time: Option<String>,
    /// Name of the value column; `None`: the first that holds numbers.
    pub column: Option<String>,
    /// Only rows whose fields of these names have these values: of a source that holds several series.
    pub only: Vec<(String, String)>,
}
settings!(Options { format, time, column, only });

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The rows, in milliseconds.
    pub series: Series,
    /// Name of the value column; empty if the input names none.
    pub column: String,
    /// Names of all columns that could be taken.
    pub columns: Vec<String>,
    /// What was mended, each with its count.
    pub warnings: Vec<String>,
    /// Rows of the input, counted from 0, that were merged into an earlier one of the same time.
    pub repeated: Vec<usize>,
}

/// Rows as a reader finds them: times in the input's own unit.
#[derive(Debug, Default)]
struct Table {
    column: String,
    columns: Vec<String>,
    time: Vec<f64>,
    value: Vec<f64>,
    /// The line of each row, counted from 1.
    line: Vec<usize>,
    /// Set if the times are milliseconds already, read from text.
    unit: Option<TimeUnit>,
}

/// The series in `bytes`.
///
/// # Errors
/// [`Error::Parse`] with the first line at fault: not a known format, text where a number belongs, a missing
/// column, no rows, no values, times that go backwards, or more than 1 % of repeated times. Rarer repeats are
/// merged, the last value wins, and counted in a warning.
pub fn parse(bytes: &[u8], options: &Options) -> Result<Parsed> {
    let table = match options.format.or_recognised(bytes)? {
        Format::Packed => packed::read(bytes)?,
        Format::Json => json::read(text(bytes)?, options)?,
        Format::Ndjson => json::read_lines(text(bytes)?, options)?,
        Format::Csv | Format::Auto => csv::read(text(bytes)?, options)?,
    };
    table.finish()
}

/// An error of one line.
fn wrong<T>(line: usize, why: impl Into<String>) -> Result<T> {
    Err(Error::Parse { line, why: why.into() })
}

/// The format of `bytes`, by their beginning.
fn recognise(bytes: &[u8]) -> Result<Format> {
    if bytes.starts_with(&[0x1F, 0x8B]) {
        return wrong(1, "the data is compressed (gzip); unpack it first");
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => text.trim_start_matches('\u{FEFF}').trim_start(),
        _ if packed::plausible(bytes) => return Ok(Format::Packed),
        _ => return wrong(1, "the data is neither text nor packed numbers; CSV, JSON or NDJSON is expected"),
    };
    let lower: String = text.chars().take(15).map(|c| c.to_ascii_lowercase()).collect();
    if ["<!doctype", "<html", "<?xml", "<head", "<body"].iter().any(|tag| lower.starts_with(tag)) {
        return wrong(1, "a web page came where data belongs; check the address");
    }
    if !text.starts_with(['{', '[']) {
        return Ok(Format::Csv);
    }
    // One value over the first line and more lines to come: a value a line.
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let whole_line = serde_json::from_str::<serde::de::IgnoredAny>(first).is_ok();
    Ok(if whole_line && !rest.trim().is_empty() { Format::Ndjson } else { Format::Json })
}

fn text(bytes: &[u8]) -> Result<&str> {
    let why = |e: std::str::Utf8Error| {
        let line = bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        Error::Parse { line, why: "not UTF-8 text; save the file as UTF-8".into() }
    };
    Ok(std::str::from_utf8(bytes).map_err(why)?.trim_start_matches('\u{FEFF}'))
}

impl Table {
    fn push(&mut self, time: f64, value: f64, line: usize) {
        self.time.push(time);
        self.value.push(value);
        self.line.push(line);
    }

    /// Takes back the rows from `row` on.
    fn cut(&mut self, row: usize) {
        self.time.truncate(row);
        self.value.truncate(row);
        self.line.truncate(row);
    }

    /// Times to milliseconds, order checked, repeats merged.
    fn finish(self) -> Result<Parsed> {
        let (Some(first), Some(last)) = (self.line.first(), self.line.last()) else {
            return wrong(1, "there are no rows; a time and a value are needed on each line");
        };
        if self.value.iter().all(|v| v.is_nan()) {
            return wrong(*first, format!("every value is missing, up to line {last}; numbers are needed"));
        }
        let unit = self.unit.unwrap_or_else(|| TimeUnit::of(&self.time));
        let mut time: Vec<f64> = Vec::with_capacity(self.time.len());
        let mut value: Vec<f64> = Vec::with_capacity(self.time.len());
        let mut repeated = Vec::new();
        for (row, (t, v)) in self.time.iter().zip(&self.value).enumerate() {
            let t = unit.milliseconds(*t);
            match (time.last(), value.last_mut()) {
                (Some(before), _) if t < *before => {
                    let before = self.line[row - 1];
                    let why =
                        format!("its time comes before the one on line {before}; sort the rows by time");
                    return wrong(self.line[row], why);
                }
                (Some(before), Some(kept)) if t == *before => {
                    if !v.is_nan() {
                        *kept = *v;
                    }
                    repeated.push(row);
                }
                _ => {
                    time.push(t);
                    value.push(*v);
                }
            }
        }
        let mut warnings = Vec::new();
        if let Some(row) = repeated.first() {
            let (count, rows, line) = (repeated.len(), self.time.len(), self.line[*row]);
            if count as f64 > REPEATED_LIMIT * rows as f64 {
                let why = format!(
                    "its time was there before, as in {count} of {rows} rows; each row needs a time of its own"
                );
                return wrong(line, why);
            }
            warnings.push(format!(
                "{count} of {rows} rows repeat a time (first on line {line}); the last value of each time is kept"
            ));
        }
        let series = Series::new(time, value)?;
        Ok(Parsed { series, column: self.column, columns: self.columns, warnings, repeated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line_of(bytes: &[u8]) -> (usize, String) {
        match parse(bytes, &Options::default()) {
            Err(Error::Parse { line, why }) => (line, why),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn order_and_repeats() {
        assert_eq!(line_of(b"t,v\n1,1\n3,1\n2,1\n").0, 4);
        assert_eq!(line_of(b"t,v\n1,1\n2,1\n2,5\n").0, 4);
        let mut rows: String = (0..200).map(|i| format!("{i},{i}\n")).collect();
        rows.push_str("199,7\n200,1\n");
        let parsed = parse(rows.as_bytes(), &Options::default()).unwrap();
        assert_eq!((parsed.series.len(), parsed.repeated.as_slice()), (201, &[200][..]));
        assert_eq!(parsed.series.value()[199], 7.0);
        assert!(parsed.warnings[0].contains("1 of 202"), "{}", parsed.warnings[0]);
    }

    #[test]
    fn says_what_came_instead_of_data() {
        assert!(line_of(b"").1.contains("no rows"));
        assert!(line_of(b"time,value\n").1.contains("no rows"));
        assert!(line_of(b"<!DOCTYPE html><html>").1.contains("web page"));
        assert!(line_of(&[0x1F, 0x8B, 8, 0]).1.contains("gzip"));
        assert!(line_of(&[0xFF, 0xFE, 0x00, 0x01]).1.contains("neither text"));
        assert!(line_of(b"t,v\n1,\n2,NaN\n").1.contains("every value is missing"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for format in [Format::Auto, Format::Csv, Format::Json, Format::Ndjson, Format::Packed] {
                let _ = parse(&bytes, &Options { format, ..Options::default() });
            }
        }

        #[test]
        fn no_text_panics(text in "[\\[\\]{}\",;:0-9eE.+tv\\-\n ]{0,200}") {
            let _ = parse(text.as_bytes(), &Options::default());
        }

        #[test]
        fn every_format_reads_what_was_written(
            rows in proptest::collection::vec((1u32..100_000, proptest::option::weighted(0.9, -1e6..1e6f64)), 2..50)
        ) {
            let mut at = 1_600_000_000_000f64;
            let rows: Vec<(f64, Option<f64>)> = rows
                .into_iter()
                .map(|(step, v)| {
                    at += f64::from(step);
                    (at, v)
                })
                .chain([(2e12, Some(1.0))])
                .collect();
            let number = |v: &Option<f64>, none: &str| v.map_or(none.to_string(), |v| format!("{v:?}"));
            type Row = (f64, Option<f64>);
            let join = |f: &dyn Fn(&Row) -> String, by: &str| {
                rows.iter().map(f).collect::<Vec<_>>().join(by)
            };
            let object = |r: &(f64, Option<f64>)| format!("{{\"t\":{:?},\"v\":{}}}", r.0, number(&r.1, "null"));
            let pair = |r: &(f64, Option<f64>)| format!("[{:?},{}]", r.0, number(&r.1, "null"));
            let plain = |r: &(f64, Option<f64>)| format!("{:?},{}", r.0, number(&r.1, ""));
            let packed = |r: &(f64, Option<f64>)| [r.0.to_le_bytes(), r.1.unwrap_or(f64::NAN).to_le_bytes()].concat();
            let written: Vec<(Format, Vec<u8>)> = vec![
                (Format::Auto, format!("time,value\n{}\n", join(&plain, "\n")).into_bytes()),
                (Format::Auto, join(&plain, "\r\n").into_bytes()),
                (Format::Auto, format!("[{}]", join(&object, ",\n")).into_bytes()),
                (Format::Auto, format!("[{}]", join(&pair, ",")).into_bytes()),
                (Format::Auto, join(&object, "\n").into_bytes()),
                (Format::Packed, rows.iter().flat_map(packed).collect()),
            ];
            for (format, bytes) in written {
                let parsed = parse(&bytes, &Options { format, ..Options::default() }).unwrap();
                let (time, value) = parsed.series.into_columns();
                prop_assert_eq!(time, rows.iter().map(|r| r.0).collect::<Vec<_>>());
                for (got, want) in value.iter().zip(&rows) {
                    prop_assert!(want.1.map_or(got.is_nan(), |v| v == *got));
                }
            }
        }
    }
}
