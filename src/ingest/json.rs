//! JSON to rows: one value, or one a line.

use serde_json::Value;

use super::number::{TimeUnit, iso};
use super::{Options, Table, wrong};
use crate::error::{Error, Result};

/// Keys that mean time or value, in the order in which they are looked for.
const TIME_KEYS: &[&str] = &["t", "time", "timestamp", "ts", "x", "date"];
const VALUE_KEYS: &[&str] = &["v", "value", "y"];

/// The rows of one JSON value: an array of objects, of pairs or of numbers (a second apart), an object of
/// columns, or a single row.
pub(super) fn read(text: &str, options: &Options) -> Result<Table> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(e) => return wrong(e.line().max(1), format!("not valid JSON: {e}")),
    };
    let mut rows = Rows::new(options);
    rows.value(&value, 1)?;
    rows.finish()
}

/// The rows of one JSON value a line.
pub(super) fn read_lines(text: &str, options: &Options) -> Result<Table> {
    let mut rows = Rows::new(options);
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        match serde_json::from_str::<Value>(line) {
            Ok(value) => rows.value(&value, i + 1)?,
            Err(e) => return wrong(i + 1, format!("not valid JSON: {e}")),
        }
    }
    rows.finish()
}

/// The rows of a frame and what is wrong with the rest: each item of a list, or each line, is read by itself.
pub(super) fn read_frame(text: &str, options: &Options) -> (Table, Vec<(String, String)>) {
    let mut rows = Rows::new(options);
    let mut faults = Vec::new();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => rows.lenient(&value, &mut faults),
        Err(whole) => {
            let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
            for line in &lines {
                match serde_json::from_str::<Value>(line) {
                    Ok(value) => rows.lenient(&value, &mut faults),
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
    fn value(&mut self, value: &Value, line: usize) -> Result<()> {
        match value {
            Value::Array(items) => self.list(items, line),
            Value::Object(fields) => {
                for (name, wanted) in &self.options.only {
                    match fields.get(name) {
                        Some(Value::String(text)) if text == wanted => {}
                        Some(other) if !other.is_string() && format!("{other}") == *wanted => {}
                        Some(_) => return Ok(()),
                        None => return wrong(line, format!("a row without the field \"{name}\"")),
                    }
                }
                let time = self.key(value, &self.options.time, TIME_KEYS, line)?;
                let name = self.key(value, &self.options.column, VALUE_KEYS, line)?;
                if self.table.columns.is_empty() {
                    self.table.columns = fields.keys().filter(|k| **k != time).cloned().collect();
                    self.table.column.clone_from(&name);
                }
                match (&fields[&time], &fields[&name]) {
                    (Value::Array(times), Value::Array(values)) if times.len() == values.len() => {
                        times.iter().zip(values).try_for_each(|(t, v)| self.row(t, v, line))
                    }
                    (Value::Array(times), Value::Array(values)) => {
                        let (t, v) = (times.len(), values.len());
                        wrong(
                            line,
                            format!("column {time} has {t} entries, {name} has {v}; they need as many"),
                        )
                    }
                    (time, value) => self.row(time, value, line),
                }
            }
            other => {
                wrong(line, format!("{} where a row belongs, as in {{\"t\": 1, \"v\": 2}}", kind(other)))
            }
        }
    }

    /// A value of a frame; of a list each item counts for itself, and what is wrong with it is noted.
    fn lenient(&mut self, value: &Value, faults: &mut Vec<(String, String)>) {
        let plain = |v: &Value| v.is_number() || v.is_null();
        let before = self.table.time.len();
        let read = match value {
            // Two numbers are a row: a feed has no rows without a time.
            Value::Array(items) => match items.as_slice() {
                [time, value]
                    if (time.is_number() || time.is_string()) && !value.is_object() && !value.is_array() =>
                {
                    self.row(time, value, 1)
                }
                _ => {
                    for item in items {
                        if plain(item) {
                            faults.push((item.to_string(), "a number without a time".into()));
                        } else {
                            self.lenient(item, faults);
                        }
                    }
                    return;
                }
            },
            other => self.value(other, 1),
        };
        if let Err(Error::Parse { why, .. }) = read {
            self.table.cut(before);
            faults.push((value.to_string(), why));
        }
    }

    /// A pair, or a list of rows, or a list of plain numbers.
    fn list(&mut self, items: &[Value], line: usize) -> Result<()> {
        let plain = |v: &Value| v.is_number() || v.is_null();
        match items {
            [] => Ok(()),
            [time, value]
                if (time.is_string() || time.as_f64().is_some_and(|t| t.abs() >= 1e8)) && plain(value) =>
            {
                self.row(time, value, line)
            }
            _ if items.iter().all(plain) => {
                self.table.unit = Some(TimeUnit::Seconds);
                let first = self.table.time.len();
                for (i, value) in items.iter().enumerate() {
                    self.table.push((first + i) as f64, value.as_f64().unwrap_or(f64::NAN), line + i);
                }
                Ok(())
            }
            _ => {
                for (i, item) in items.iter().enumerate() {
                    match item {
                        Value::Array(pair) => match pair.as_slice() {
                            [time, value] => self.row(time, value, line + i)?,
                            _ => return wrong(line + i, "a list that is not a pair [time, value]"),
                        },
                        item => self.value(item, line + i)?,
                    }
                }
                Ok(())
            }
        }
    }

    fn row(&mut self, time: &Value, value: &Value, line: usize) -> Result<()> {
        let (time, dated) = match time {
            Value::Number(n) => (n.as_f64(), false),
            Value::String(text) => match text.trim().parse::<f64>() {
                Ok(number) => (Some(number), false),
                Err(_) => (iso(text), true),
            },
            _ => (None, false),
        };
        let Some(time) = time.filter(|t| t.is_finite()) else {
            return wrong(
                line,
                "a row without a time that can be read; a number or an ISO 8601 date is needed",
            );
        };
        if *self.dated.get_or_insert(dated) != dated {
            return wrong(line, "times are numbers in some rows and dates in others; use one of them");
        }
        let value = match value {
            Value::Null => f64::NAN,
            Value::Number(n) => n.as_f64().unwrap_or(f64::NAN),
            Value::String(text) if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => {
                text.trim().parse().unwrap_or(f64::NAN)
            }
            other => return wrong(line, format!("{} where a number belongs", kind(other))),
        };
        self.table.push(time, value, line);
        Ok(())
    }

    /// The key of this row that is wanted, or the first known one.
    fn key(&self, row: &Value, wanted: &Option<String>, known: &[&str], line: usize) -> Result<String> {
        let has = |key: &str| row.get(key).is_some();
        match wanted {
            Some(key) if has(key) => Ok(key.clone()),
            Some(key) => wrong(line, format!("a row without the field \"{key}\"")),
            None => match known.iter().find(|key| has(key)) {
                Some(key) => Ok((*key).to_string()),
                None => wrong(line, format!("a row without any of the fields {}", known.join(", "))),
            },
        }
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
        Value::Object(_) => "an object".into(),
        Value::Array(_) => "a list".into(),
        other => other.to_string(),
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
    }

    #[test]
    fn names_what_is_wrong() {
        assert!(fault("[{\"t\":1,}]").contains("not valid JSON"));
        assert!(fault(r#"[{"t":1,"w":2}]"#).contains("v, value, y"));
        assert!(fault(r#"[{"t":1,"v":"abc"}]"#).contains("\"abc\""));
        assert!(fault(r#"[{"t":1,"v":1},{"t":"2024-01-01","v":1}]"#).contains("dates"));
        assert!(fault(r#"{"time":[1],"value":[1,2]}"#).contains("entries"));
        let second = read_lines("{\"t\":1,\"v\":1}\n{\"t\":\n", &Options::default());
        assert!(matches!(second, Err(Error::Parse { line: 2, .. })));
    }
}
