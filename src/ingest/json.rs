//! JSON to rows: one value, or one a line.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::number::{TimeUnit, iso, number};
use super::{Options, Table, wrong};
use crate::error::{Error, Result};

/// Keys that mean time or value, in the order in which they are looked for.
const TIME_KEYS: &[&str] = &["t", "time", "timestamp", "ts", "x", "date"];
const VALUE_KEYS: &[&str] = &["v", "value", "y"];

/// So many lists in one another are looked into for the rows of a frame.
const DEEPEST: usize = 8;

/// The rows of one JSON value: an array of objects, of pairs or of numbers (a second apart), an object of
/// columns, or a single row.
pub(super) fn read(text: &str, options: &Options) -> Result<Table> {
    let value: &RawValue = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(e) => return wrong(e.line().max(1), format!("not valid JSON: {e}")),
    };
    let mut rows = Rows::new(options);
    rows.value(value, 1)?;
    rows.finish()
}

/// The rows of one JSON value a line.
pub(super) fn read_lines(text: &str, options: &Options) -> Result<Table> {
    let mut rows = Rows::new(options);
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        match serde_json::from_str::<&RawValue>(line) {
            Ok(value) => rows.value(value, i + 1)?,
            Err(e) => return wrong(i + 1, format!("not valid JSON: {e}")),
        }
    }
    rows.finish()
}

/// The rows of a frame and what is wrong with the rest: each item of a list, or each line, is read by itself.
pub(super) fn read_frame(text: &str, options: &Options) -> (Table, Vec<(String, String)>) {
    let mut rows = Rows::new(options);
    let mut faults = Vec::new();
    match serde_json::from_str::<&RawValue>(text) {
        Ok(value) => rows.lenient(value, 1, &mut faults),
        Err(whole) => {
            let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
            for line in &lines {
                match serde_json::from_str::<&RawValue>(line) {
                    Ok(value) => rows.lenient(value, 1, &mut faults),
                    Err(e) => {
                        // A value that is spread over lines is one thing that cannot be read.
                        if rows.table.time.is_empty() && !lines[0].trim_end().ends_with(['}', ']']) {
                            return (
                                Table::default(),
                                vec![(text.into(), format!("not valid JSON: {whole}"))],
                            );
                        }
                        faults.push(((*line).into(), format!("not valid JSON: {e}")));
                    }
                }
            }
        }
    }
    let unit = rows.table.unit.or((rows.dated == Some(true)).then_some(TimeUnit::Milliseconds));
    (Table { unit, ..rows.table }, faults)
}

/// A value of the input. What is inside a list or an object stays text until it is looked at, so that a number is read
/// in one place for all formats, and a million rows do not take a tree of a million nodes.
enum Json<'a> {
    Null,
    Truth(&'a str),
    Number(&'a str),
    Text(String),
    List(Vec<&'a RawValue>),
    Object(BTreeMap<String, &'a RawValue>),
}

impl<'a> Json<'a> {
    fn of(raw: &'a RawValue, line: usize) -> Result<Json<'a>> {
        let text = raw.get();
        let read = match text.as_bytes() {
            [b'{', ..] => serde_json::from_str(text).map(Json::Object),
            [b'[', ..] => serde_json::from_str(text).map(Json::List),
            [b'"', ..] => serde_json::from_str(text).map(Json::Text),
            [b'n', ..] => Ok(Json::Null),
            [b't' | b'f', ..] => Ok(Json::Truth(text)),
            _ => Ok(Json::Number(text)),
        };
        read.or_else(|e| wrong(line, format!("not valid JSON: {e}")))
    }

    /// As a message names it.
    fn kind(&self) -> String {
        match self {
            Json::Null => "null".into(),
            Json::Truth(text) | Json::Number(text) => (*text).into(),
            Json::Text(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
            Json::List(_) => "a list".into(),
            Json::Object(_) => "an object".into(),
        }
    }
}

/// Whether a value is a number, or null.
fn plain(raw: &RawValue) -> bool {
    !raw.get().starts_with(['{', '[', '"', 't', 'f'])
}

/// Whether a value is a text.
fn quoted(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}

/// Rows as they are found; all of them have their times as numbers, or all as dates.
struct Rows<'a> {
    options: &'a Options,
    table: Table,
    dated: Option<bool>,
}

impl<'a> Rows<'a> {
    fn new(options: &'a Options) -> Rows<'a> {
        Rows { options, table: Table::default(), dated: None }
    }

    fn finish(mut self) -> Result<Table> {
        self.table.unit = self.table.unit.or((self.dated == Some(true)).then_some(TimeUnit::Milliseconds));
        Ok(self.table)
    }

    /// One value of the input: a row, or a list of rows or columns.
    fn value(&mut self, raw: &RawValue, line: usize) -> Result<()> {
        let fields = match Json::of(raw, line)? {
            Json::List(items) => return self.list(&items, line),
            Json::Object(fields) => fields,
            other => {
                let kind = other.kind();
                return wrong(line, format!("{kind} where a row belongs, as in {{\"t\": 1, \"v\": 2}}"));
            }
        };
        for (name, wanted) in &self.options.only {
            let Some(field) = fields.get(name) else {
                return wrong(line, format!("a row without the field \"{name}\""));
            };
            match Json::of(field, line)? {
                Json::Text(text) if text == *wanted => {}
                _ if field.get() == wanted => {}
                _ => return Ok(()),
            }
        }
        let time = key(&fields, &self.options.time, TIME_KEYS, line)?;
        let value = key(&fields, &self.options.column, VALUE_KEYS, line)?;
        if self.table.columns.is_empty() {
            self.table.columns = fields.keys().filter(|k| **k != time).cloned().collect();
            self.table.column.clone_from(&value);
        }
        match (Json::of(fields[&time], line)?, Json::of(fields[&value], line)?) {
            (Json::List(times), Json::List(values)) if times.len() == values.len() => {
                times.iter().zip(&values).try_for_each(|(t, v)| self.row(t, v, line))
            }
            (Json::List(times), Json::List(values)) => {
                let (t, v) = (times.len(), values.len());
                wrong(line, format!("column {time} has {t} entries, {value} has {v}; they need as many"))
            }
            _ => self.row(fields[&time], fields[&value], line),
        }
    }

    /// A value of a frame; of a list each item counts for itself, and what is wrong with it is noted.
    fn lenient(&mut self, raw: &RawValue, depth: usize, faults: &mut Vec<(String, String)>) {
        let before = self.table.time.len();
        let read = match Json::of(raw, 1) {
            Ok(Json::List(items)) => match items[..] {
                // Two numbers are a row: a feed has no rows without a time.
                [time, value]
                    if !value.get().starts_with(['{', '['])
                        && (quoted(time) || plain(time) && time.get() != "null") =>
                {
                    self.row(time, value, 1)
                }
                _ if depth > DEEPEST => {
                    wrong(1, format!("lists in lists, more than {DEEPEST} deep; a list of rows is expected"))
                }
                _ => {
                    for item in items {
                        if plain(item) {
                            faults.push((item.to_string(), "a number without a time".into()));
                        } else {
                            self.lenient(item, depth + 1, faults);
                        }
                    }
                    return;
                }
            },
            Ok(_) => self.value(raw, 1),
            Err(error) => Err(error),
        };
        if let Err(Error::Parse { why, .. }) = read {
            self.table.cut(before);
            faults.push((raw.to_string(), why));
        }
    }

    /// A pair, or a list of rows, or a list of plain numbers.
    fn list(&mut self, items: &[&RawValue], line: usize) -> Result<()> {
        match items {
            [] => Ok(()),
            [time, value]
                if plain(value)
                    && (quoted(time) || number(time.get(), false).is_some_and(|t| t.abs() >= 1e8)) =>
            {
                self.row(time, value, line)
            }
            _ if items.iter().all(|item| plain(item)) => {
                self.table.unit = Some(TimeUnit::Seconds);
                let first = self.table.time.len();
                for (i, item) in items.iter().enumerate() {
                    self.table.push((first + i) as f64, measured(item, line + i)?, line + i);
                }
                Ok(())
            }
            _ => {
                for (i, item) in items.iter().enumerate() {
                    match Json::of(item, line + i)? {
                        Json::List(pair) => match pair[..] {
                            [time, value] => self.row(time, value, line + i)?,
                            _ => return wrong(line + i, "a list that is not a pair [time, value]"),
                        },
                        _ => self.value(item, line + i)?,
                    }
                }
                Ok(())
            }
        }
    }

    fn row(&mut self, time: &RawValue, value: &RawValue, line: usize) -> Result<()> {
        let (time, dated) = match Json::of(time, line)? {
            Json::Number(text) => (number(text, false), false),
            Json::Text(text) => match number(text.trim(), false) {
                Some(number) => (Some(number), false),
                None => (iso(&text), true),
            },
            _ => (None, false),
        };
        let Some(time) = time else {
            return wrong(
                line,
                "a row without a time that can be read; a number or an ISO 8601 date is needed",
            );
        };
        if *self.dated.get_or_insert(dated) != dated {
            return wrong(line, "times are numbers in some rows and dates in others; use one of them");
        }
        self.table.push(time, measured(value, line)?, line);
        Ok(())
    }
}

/// The value of a row; NaN for null.
fn measured(raw: &RawValue, line: usize) -> Result<f64> {
    let value = Json::of(raw, line)?;
    let found = match &value {
        Json::Null => Some(f64::NAN),
        Json::Number(text) => number(text, false),
        Json::Text(text) => number(text.trim(), false),
        _ => None,
    };
    found.map_or_else(|| wrong(line, format!("{} where a number belongs", value.kind())), Ok)
}

/// The key of this row that is wanted, or the first known one.
fn key(
    row: &BTreeMap<String, &RawValue>,
    wanted: &Option<String>,
    known: &[&str],
    line: usize,
) -> Result<String> {
    match wanted {
        Some(key) if row.contains_key(key) => Ok(key.clone()),
        Some(key) => wrong(line, format!("a row without the field \"{key}\"")),
        None => match known.iter().find(|key| row.contains_key(**key)) {
            Some(key) => Ok((*key).to_string()),
            None => wrong(line, format!("a row without any of the fields {}", known.join(", "))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> (Vec<f64>, Vec<f64>) {
        let table = read(text, &Options::default()).unwrap();
        (table.time, table.value)
    }

    fn fault(text: &str) -> String {
        match read(text, &Options::default()) {
            Err(Error::Parse { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_shape_of_rows() {
        let want = (vec![1e9, 2e9], vec![5.0, 6.0]);
        for text in [
            r#"[{"t":1e9,"v":5},{"t":2e9,"v":6}]"#,
            r#"[{"time":1e9,"value":5},{"time":2e9,"value":6}]"#,
            r#"[{"x":1e9,"y":5},{"x":2e9,"y":"6"}]"#,
            "[[1e9,5],[2e9,6]]",
            r#"{"time":[1e9,2e9],"value":[5,6]}"#,
        ] {
            assert_eq!(rows(text), want, "{text}");
        }
        assert_eq!(rows("[5,6]"), (vec![0.0, 1.0], vec![5.0, 6.0]));
        assert_eq!(rows("[1600000000,6]"), (vec![1.6e9], vec![6.0]));
        assert_eq!(rows(r#"{"t":"2024-01-01","v":6}"#).0, [1_704_067_200_000.0]);
        assert!(rows(r#"[{"t":1,"v":null},{"t":2,"v":1}]"#).1[0].is_nan());
        assert_eq!(rows(" [ [1e9 , 0.30000000000000004 ] ] ").1, [0.1 + 0.2]);
    }

    #[test]
    fn lists_in_lists_have_an_end() {
        let nested = |depth: usize| format!("{}[1e9,5]{}", "[".repeat(depth), "]".repeat(depth));
        let (table, faults) = read_frame(&nested(3), &Options::default());
        assert_eq!((table.time, faults.len()), (vec![1e9], 0));
        let (table, faults) = read_frame(&nested(200_000), &Options::default());
        assert_eq!((table.time.len(), faults.len()), (0, 1));
        assert!(faults[0].1.contains("lists in lists"), "{}", faults[0].1);
        assert!(fault(&nested(200_000)).contains("not a pair"));
        assert!(fault(&format!("{{\"t\":{},\"v\":1}}", nested(200_000))).contains("without a time"));
    }

    #[test]
    fn names_what_is_wrong() {
        assert!(fault("[{\"t\":1,}]").contains("not valid JSON"));
        assert!(fault(r#"[{"t":1,"w":2}]"#).contains("v, value, y"));
        assert!(fault(r#"[{"t":1,"v":"abc"}]"#).contains("\"abc\""));
        assert!(fault(r#"[{"t":1,"v":1},{"t":"2024-01-01","v":1}]"#).contains("dates"));
        assert!(fault(r#"{"time":[1],"value":[1,2]}"#).contains("entries"));
        assert!(fault(r#"[{"t":1,"v":1e999}]"#).contains("1e999 where a number belongs"));
        assert!(fault(r#"[{"t":1,"v":true}]"#).contains("true where a number belongs"));
        assert!(fault(r#"[{"t":1,"v":"\ud800"}]"#).contains("not valid JSON"));
        let second = read_lines("{\"t\":1,\"v\":1}\n{\"t\":\n", &Options::default());
        assert!(matches!(second, Err(Error::Parse { line: 2, .. })));
    }
}
