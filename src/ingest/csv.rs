//! Lines of fields to rows.
//!
//! Delimiter (comma, semicolon or tab), header and columns are told from the first two lines; `csv-core` splits
//! the fields. Blank lines and lines that begin with `#` are skipped.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::number::{TimeUnit, iso, missing, number};
use super::{Options, Table, wrong};
use crate::error::{Error, Result};

/// Column names that mean time or value, lower case.
const TIME_NAMES: &[&str] = &["timestamp", "time", "t", "ts", "date", "datetime", "date_time", "@timestamp"];
const VALUE_NAMES: &[&str] = &["value", "v", "y"];

/// The rows of a CSV text.
pub(super) fn read(text: &str, options: &Options) -> Result<Table> {
    let mut records = Records::new(text);
    let comma = records.delimiter == b';';
    let Some(layout) = Layout::of(text, options)? else { return Ok(Table::default()) };
    if layout.header {
        records.next()?;
    }
    let mut table = Table {
        column: if layout.header { layout.names[layout.value].clone() } else { String::new() },
        columns: layout.candidates(),
        unit: layout.dated.then_some(TimeUnit::Milliseconds),
        ..Table::default()
    };
    while records.next()? {
        let line = records.line;
        let fields = records.count;
        let name = |i: usize| &layout.names[i];
        if layout.only.iter().any(|(i, wanted)| records.field(*i) != Some(*wanted)) {
            continue;
        }
        let (Some(time), Some(value)) = (records.field(layout.time), records.field(layout.value)) else {
            let want = layout.time.max(layout.value) + 1;
            return wrong(line, format!("{fields} fields where at least {want} are needed"));
        };
        let read = if layout.dated { iso(time) } else { number(time, comma) };
        let Some(time) = read else {
            let kind = if layout.dated { "a date, as in the rows before," } else { "a time" };
            return wrong(
                line,
                format!("\"{}\" where {kind} belongs (column {})", shown(time), name(layout.time)),
            );
        };
        let value = match number(value, comma) {
            Some(value) => value,
            None if missing(value) => f64::NAN,
            None => {
                let column = name(layout.value);
                return wrong(line, format!("\"{}\" where a number belongs (column {column})", shown(value)));
            }
        };
        table.push(time, value, line);
    }
    Ok(table)
}

/// A field as a message shows it: short.
fn shown(field: &str) -> String {
    if field.chars().count() <= 40 {
        field.to_string()
    } else {
        field.chars().take(40).chain(['…']).collect()
    }
}

/// Whether `text` is a header and nothing else: names, among them one that is known or asked for.
pub(super) fn is_header(text: &str, options: &Options) -> Result<bool> {
    let mut records = Records::new(text);
    if !records.next()? {
        return Ok(false);
    }
    let names = records.fields();
    let known = |name: &String| {
        let lower = name.to_ascii_lowercase();
        TIME_NAMES.contains(&lower.as_str())
            || VALUE_NAMES.contains(&lower.as_str())
            || [&options.time, &options.column].iter().any(|n| same(n.as_deref(), name))
    };
    Ok(names.iter().any(known) && !records.next()?)
}

/// Which field is what.
struct Layout<'a> {
    header: bool,
    names: Vec<String>,
    time: usize,
    value: usize,
    /// Whether times are dates rather than numbers.
    dated: bool,
    /// Fields that decide whether a row counts, each with the value that it needs.
    only: Vec<(usize, &'a str)>,
}

impl Layout<'_> {
    /// From the first two records; `None` if there is no row.
    fn of<'a>(text: &str, options: &'a Options) -> Result<Option<Layout<'a>>> {
        let mut records = Records::new(text);
        let comma = records.delimiter == b';';
        if !records.next()? {
            return Ok(None);
        }
        let (first, line) = (records.fields(), records.line);
        if first.len() < 2 {
            let why = "only one column; each line needs a time and a value, as in timestamp,value";
            return wrong(line, why);
        }
        let plain = |f: &String| missing(f) || number(f, comma).is_some() || iso(f).is_some();
        let named = |f: &String| [&options.time, &options.column].iter().any(|n| same(n.as_deref(), f));
        // A header has names; a first row of data with one wrong field still has its time.
        let header = first.iter().any(named) || (!plain(&first[0]) || first.iter().all(|f| !plain(f)));
        let names: Vec<String> = match header {
            true => first.clone(),
            false => (1..=first.len()).map(|i| i.to_string()).collect(),
        };
        let sample = if !header {
            first
        } else if records.next()? {
            records.fields()
        } else {
            return Ok(None);
        };
        let at = |i: usize| sample.get(i).map_or("", String::as_str);
        let timely = |i: usize| number(at(i), comma).is_some() || iso(at(i)).is_some();
        let by_name = |known: &[&str]| {
            (0..names.len()).find(|i| header && known.contains(&names[*i].to_ascii_lowercase().as_str()))
        };
        let time = match &options.time {
            Some(name) => find(&names, name, line)?,
            None => match by_name(TIME_NAMES).or_else(|| (0..names.len()).find(|i| timely(*i))) {
                Some(i) => i,
                None => return wrong(records.line, "no time column; the first column should hold times"),
            },
        };
        let value = match &options.column {
            Some(name) => find(&names, name, line)?,
            None => {
                let numeric = |i: &usize| number(at(*i), comma).is_some();
                let others = || (0..names.len()).filter(|i| *i != time);
                let named = by_name(VALUE_NAMES).filter(|i| *i != time);
                // With no number in sight the first other column is taken, and its text named as the fault.
                named.or_else(|| others().find(numeric)).or_else(|| others().next()).unwrap_or(time)
            }
        };
        let dated = number(at(time), comma).is_none() && iso(at(time)).is_some();
        let place = |(name, wanted): &'a (String, String)| Ok((find(&names, name, line)?, wanted.as_str()));
        let only = options.only.iter().map(place).collect::<Result<_>>()?;
        Ok(Some(Layout { header, names, time, value, dated, only }))
    }

    fn candidates(&self) -> Vec<String> {
        self.names.iter().enumerate().filter(|(i, _)| *i != self.time).map(|(_, n)| n.clone()).collect()
    }
}

fn same(wanted: Option<&str>, name: &str) -> bool {
    wanted.is_some_and(|w| w.eq_ignore_ascii_case(name))
}

fn find(names: &[String], wanted: &str, line: usize) -> Result<usize> {
    match names.iter().position(|n| same(Some(wanted), n)) {
        Some(i) => Ok(i),
        None => wrong(line, format!("no column \"{wanted}\"; the columns are {}", names.join(", "))),
    }
}

/// Records one after the other, in buffers that are used again.
struct Records<'a> {
    reader: Reader,
    delimiter: u8,
    rest: &'a [u8],
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    /// Line on which the current record begins, and the one on which the next does.
    line: usize,
    upcoming: usize,
}

impl<'a> Records<'a> {
    fn new(text: &'a str) -> Records<'a> {
        let first = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or("");
        // A semicolon or tab on the first line separates; commas beside semicolons are decimal.
        let delimiter = [b';', b'\t'].into_iter().find(|d| first.as_bytes().contains(d)).unwrap_or(b',');
        Records {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            delimiter,
            rest: text.as_bytes(),
            text: vec![0; 1024],
            ends: vec![0; 64],
            count: 0,
            line: 0,
            upcoming: 1,
        }
    }

    /// Goes to the next record; `false` at the end.
    fn next(&mut self) -> Result<bool> {
        self.skip_blank();
        self.line = self.upcoming;
        let (mut out, mut ends) = (0, 0);
        loop {
            let (result, read, wrote, ended) =
                self.reader.read_record(self.rest, &mut self.text[out..], &mut self.ends[ends..]);
            self.upcoming += self.rest[..read].iter().filter(|b| **b == b'\n').count();
            self.rest = &self.rest[read..];
            (out, ends) = (out + wrote, ends + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record => {
                    self.count = ends;
                    if std::str::from_utf8(&self.text[..out]).is_err() {
                        return Err(Error::Parse { line: self.line, why: "not UTF-8 text".into() });
                    }
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    /// Skips blank lines and comments, so that a record's line is known before it is read.
    fn skip_blank(&mut self) {
        loop {
            let end = self.rest.iter().position(|b| *b == b'\n').unwrap_or(self.rest.len());
            let line = self.rest[..end].trim_ascii();
            let blank = line.is_empty() || line.starts_with(b"#");
            if !blank || self.rest.is_empty() {
                return;
            }
            let next = (end + 1).min(self.rest.len());
            self.upcoming += usize::from(next > end);
            self.rest = &self.rest[next..];
        }
    }

    fn field(&self, i: usize) -> Option<&str> {
        let end = *self.ends[..self.count].get(i)?;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        std::str::from_utf8(self.text.get(start..end)?).ok().map(str::trim)
    }

    fn fields(&self) -> Vec<String> {
        (0..self.count).map(|i| self.field(i).unwrap_or("").to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, time: Option<&str>, column: Option<&str>) -> Result<(Vec<f64>, Vec<f64>, String)> {
        let options =
            Options { time: time.map(Into::into), column: column.map(Into::into), ..Options::default() };
        read(text, &options).map(|t| (t.time, t.value, t.column))
    }

    fn fault(text: &str) -> (usize, String) {
        match rows(text, None, None) {
            Err(Error::Parse { line, why }) => (line, why),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn finds_columns_and_delimiters() {
        let want = (vec![1.0, 2.0], vec![5.0, 6.5], "value".to_string());
        assert_eq!(rows("timestamp,value\n1,5\n2,6.5\n", None, None).unwrap(), want);
        assert_eq!(rows("id\tvalue\tTime\nx\t5\t1\ny\t6.5\t2", None, None).unwrap(), want);
        assert_eq!(rows("\n# a comment\r\nt;value\r\n\r\n1;5\r\n2;6,5\r\n", None, None).unwrap(), want);
        let wide = "when,a,\"b, quoted\"\n1,x,3\n2,y,4\n";
        assert_eq!(rows(wide, None, None).unwrap().1, [3.0, 4.0]);
        assert_eq!(rows(wide, Some("WHEN"), Some("b, quoted")).unwrap().2, "b, quoted");
        assert_eq!(rows("1,5\n2,6.5", None, None).unwrap().1, [5.0, 6.5]);
    }

    #[test]
    fn reads_dates_and_gaps() {
        let (time, value, _) = rows("date,v\n2024-01-01 00:00,1\n2024-01-01 00:01,\n", None, None).unwrap();
        assert_eq!(time[1] - time[0], 60_000.0);
        assert!(value[1].is_nan());
    }

    #[test]
    fn names_the_line_and_the_text_at_fault() {
        assert_eq!(fault("value\n1\n2\n").0, 1);
        let (line, why) = fault("t,value\n1,5\n\n2,abc\n");
        assert_eq!(line, 4);
        assert!(why.contains("\"abc\"") && why.contains("column value"), "{why}");
        assert_eq!(fault("t,v\n1,5\n2\n").0, 3);
        assert_eq!(fault("t,v\n1,5\nyesterday,6\n").0, 3);
        assert_eq!(fault("t,v\n2024-01-01,5\n7,6\n").0, 3);
        assert_eq!(fault("t,v\n1,\"a\nb\"\n").0, 2);
        assert!(fault("a,b\nx,y\n").1.contains("time"));
        assert!(matches!(rows("t,v\n1,2\n", None, Some("w")), Err(Error::Parse { line: 1, .. })));
    }
}
