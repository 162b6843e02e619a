//! Frames of a feed to rows: whatever can be read is taken, and the rest is counted.
//!
//! A file has one fault and is refused; a feed goes on. So each line of a frame, and each item of a JSON list, is
//! read by itself, and one that cannot be read costs nothing but itself. Rows of one frame are put in order of
//! time; frames stay in the order in which they came.

use serde::Serialize;

use super::number::TimeUnit;
use super::{Format, Options, Table, csv, json, packed, text};
use crate::error::Result;
use crate::math::stats;

/// Faults kept, and the characters that are shown of each.
const FAULTS: usize = 5;
const SHOWN: usize = 200;

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Its beginning.
    pub frame: String,
    /// What is wrong with it.
    pub why: String,
}

/// Reads frames one after the other.
pub struct Frames {
    options: Options,
    /// The last header that came: the lines of later frames may have none.
    header: Option<String>,
    taken: Taken,
}

/// What the frames since the last call held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Taken {
    /// Times in milliseconds, in the order of the frames.
    pub time: Vec<f64>,
    /// Values; NaN: missing.
    pub value: Vec<f64>,
    /// Frames, lines or rows that could not be read.
    pub malformed: usize,
    /// The last of them.
    pub faults: Vec<Fault>,
}

impl Frames {
    /// Before the first frame.
    pub fn new(options: Options) -> Frames {
        Frames { options, header: None, taken: Taken::default() }
    }

    /// Reads a frame.
    pub fn add(&mut self, bytes: &[u8]) {
        match self.read(bytes) {
            Ok(table) => self.keep(table),
            Err(e) => self.fault(&String::from_utf8_lossy(bytes), e.to_string()),
        }
    }

    /// What has been read since the last call.
    pub fn take(&mut self) -> Taken {
        std::mem::take(&mut self.taken)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<Table> {
        match self.options.format.or_recognised(bytes)? {
            Format::Packed => packed::read(bytes),
            Format::Json | Format::Ndjson => {
                let (table, faults) = json::read_frame(text(bytes)?, &self.options);
                faults.into_iter().for_each(|(frame, why)| self.fault(&frame, why));
                Ok(table)
            }
            Format::Csv | Format::Auto => self.lines(text(bytes)?),
        }
    }

    /// Rows of lines, under the header that they bring or the last one that came.
    fn lines(&mut self, text: &str) -> Result<Table> {
        let first = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or("");
        let mut rest = text;
        if csv::is_header(first, &self.options)? {
            self.header = Some(first.to_string());
            rest = text.split_once(first).map_or("", |(_, rest)| rest);
        }
        if rest.trim().is_empty() {
            return Ok(Table::default());
        }
        let header = self.header.clone().map(|h| format!("{h}\n")).unwrap_or_default();
        if let Ok(table) = csv::read(&format!("{header}{rest}"), &self.options)
            && (header.is_empty() || !table.time.is_empty() || !self.options.only.is_empty())
            && !Self::swallowed(&table, &header, rest, &self.options)
        {
            return Ok(table);
        }
        let mut all = Table::default();
        for line in rest.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            match csv::read(&format!("{header}{line}"), &self.options) {
                Ok(one) if !one.time.is_empty() || !self.options.only.is_empty() => {
                    let unit = one.unit.unwrap_or_else(|| TimeUnit::of(&one.time));
                    for (time, value) in one.time.iter().zip(&one.value) {
                        all.push(unit.milliseconds(*time), *value, 1);
                    }
                }
                Ok(_) => self.fault(line, "neither a row nor a header of known names".into()),
                Err(e) => self.fault(line, e.to_string()),
            }
        }
        all.unit = Some(TimeUnit::Milliseconds);
        Ok(all)
    }

    /// Whether a first line that is no header was taken for one.
    fn swallowed(table: &Table, header: &str, rest: &str, options: &Options) -> bool {
        let lines = rest.lines().filter(|l| !l.trim().is_empty() && !l.trim().starts_with('#')).count();
        header.is_empty() && options.only.is_empty() && table.time.len() < lines
    }

    /// Keeps a frame's rows in order of time.
    fn keep(&mut self, table: Table) {
        let unit = table.unit.unwrap_or_else(|| TimeUnit::of(&table.time));
        let time: Vec<f64> = table.time.iter().map(|t| unit.milliseconds(*t)).collect();
        for i in stats::order(&time) {
            self.taken.time.push(time[i]);
            self.taken.value.push(table.value[i]);
        }
    }

    fn fault(&mut self, frame: &str, why: String) {
        self.taken.malformed += 1;
        if self.taken.faults.len() == FAULTS {
            self.taken.faults.remove(0);
        }
        self.taken.faults.push(Fault { frame: frame.chars().take(SHOWN).collect(), why });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Setting;
    use proptest::prelude::*;

    fn read(options: &str, frames: &[&str]) -> Taken {
        let options = Options::read("options", &serde_json::from_str(options).unwrap()).unwrap();
        let mut reader = Frames::new(options);
        frames.iter().for_each(|f| reader.add(f.as_bytes()));
        reader.take()
    }

    fn rows(frame: &str) -> Vec<(f64, f64)> {
        let got = read("{}", &[frame]);
        assert_eq!(got.malformed, 0, "{frame}: {:?}", got.faults);
        got.time.into_iter().zip(got.value).collect()
    }

    #[test]
    fn every_shape_and_unit_of_a_row() {
        let want = [(1.6e12, 2.5)];
        for frame in [
            r#"{"t":1600000000,"v":2.5}"#,
            r#"{"time":1600000000000,"value":"2.5"}"#,
            r#"{"ts":1600000000000000,"v":2.5}"#,
            r#"[1600000000000000000,2.5]"#,
            r#"[[1.6e9,2.5]]"#,
            r#"["2020-09-13T12:26:40Z",2.5]"#,
            r#"[{"t":"2020-09-13T12:26:40Z","v":2.5}]"#,
            r#"{"time":[1600000000],"value":[2.5]}"#,
            "1600000000,2.5",
            "2020-09-13 12:26:40,2.5\n",
        ] {
            assert_eq!(rows(frame), want, "{frame}");
        }
        let mut packed = Frames::new(Options::default());
        packed.add(&[1.6e12f64.to_le_bytes(), 2.5f64.to_le_bytes()].concat());
        assert_eq!(packed.take().time, [1.6e12]);
        assert!(rows(r#"{"t":1600000000,"v":null}"#)[0].1.is_nan());
        // Small times are seconds, and two numbers are a row, not two values.
        assert_eq!(rows("[12,3]"), [(12_000.0, 3.0)]);
        assert_eq!(rows(""), []);
        assert_eq!(rows("[]"), []);
    }

    #[test]
    fn one_bad_piece_costs_nothing_else() {
        let got = read("{}", &["{\"t\":1,\"v\":1}\n{\"t\":\n{\"t\":3,\"v\":3}\n"]);
        assert_eq!((got.time, got.malformed), (vec![1e3, 3e3], 1));
        let got = read("{}", &[r#"[{"t":1,"v":1},{"t":2},7,{"t":3,"v":3}]"#]);
        assert_eq!((got.time.as_slice(), got.malformed), (&[1e3, 3e3][..], 2));
        assert!(got.faults[0].why.contains("v, value, y"));
        let got = read("{}", &["1,5\nabc,6\n3,7\n"]);
        assert_eq!((got.time, got.malformed), (vec![1e3, 3e3], 1));
        let got = read("{}", &["hello", "{\"t\": nonsense", "<html>", "{\"a\":1}", "[1,2"]);
        assert_eq!((got.time.len(), got.malformed), (0, 5));
        assert_eq!(got.faults.len(), 5);
        let got = read("{}", &["x".repeat(1000).as_str(); 9]);
        assert_eq!((got.malformed, got.faults.len(), got.faults[0].frame.len()), (9, 5, 200));
        // Columns of which one entry is bad are one piece.
        let got = read("{}", &[r#"{"time":[1,"x"],"value":[1,2]}"#]);
        assert_eq!((got.time.len(), got.malformed), (0, 1));
    }

    #[test]
    fn a_frame_is_put_in_order_and_frames_are_not() {
        assert_eq!(read("{}", &["[[3,3],[1,1]]", "[2,2]"]).time, [1e3, 3e3, 2e3]);
    }

    #[test]
    fn a_header_holds_for_the_frames_after_it() {
        let got = read("{}", &["value,time", "5,1\n6,2", "7,3"]);
        assert_eq!((got.time, got.value, got.malformed), (vec![1e3, 2e3, 3e3], vec![5.0, 6.0, 7.0], 0));
        let got = read(r#"{"column": "b"}"#, &["t,a,b\n1,2,3", "2,4,5"]);
        assert_eq!((got.value, got.malformed), (vec![3.0, 5.0], 0));
    }

    #[test]
    fn one_series_of_several() {
        let only = r#"{"only": {"id": "b"}}"#;
        let got = read(only, &[r#"[{"id":"a","t":1,"v":1},{"id":"b","t":1,"v":2}]"#, r#"{"t":1,"v":1}"#]);
        assert_eq!((got.value, got.malformed), (vec![2.0], 1));
        let got = read(r#"{"only": {"id": "7"}}"#, &[r#"{"id":7,"t":1,"v":1}"#, r#"{"id":8,"t":1,"v":1}"#]);
        assert_eq!((got.value, got.malformed), (vec![1.0], 0));
        let got = read(only, &["id,t,v\na,1,1\nb,1,2", "a,2,1", "b,2,4"]);
        assert_eq!((got.value, got.malformed), (vec![2.0, 4.0], 0));
    }

    proptest! {
        #[test]
        fn no_frame_panics_and_rows_are_finite(frame in "[\\[\\]{}\",;:0-9eE.+tv\\-\n ]{0,120}") {
            let got = read("{}", &[&frame]);
            prop_assert!(got.time.iter().all(|t| t.is_finite()));
            prop_assert!(got.value.iter().all(|v| !v.is_infinite()));
            prop_assert_eq!(got.time.len(), got.value.len());
        }
    }
}
