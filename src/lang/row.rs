//! A row of a dataset as it stands in a file: a record of CSV (RFC 4180, comma, quotes doubled) whose first names the
//! columns, or a JSON object on a line of its own (JSON lines).

use csv_core::{ReadRecordResult, Reader};
use serde_json::{Map, Value};

/// How a dataset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, the first record naming the columns.
    Csv,
    /// One object a line.
    JsonLines,
}

impl Format {
    /// Told by the first line: an object opens with a brace, and no column is named like that.
    pub fn of(first_line: &str) -> Format {
        if first_line.trim_start().starts_with('{') { Format::JsonLines } else { Format::Csv }
    }
}

/// The columns that the first line of a dataset names; none where it cannot be read.
pub fn columns(first_line: &str) -> Vec<String> {
    match Format::of(first_line) {
        Format::JsonLines => {
            let object: Result<Map<String, Value>, _> = serde_json::from_str(first_line);
            object.map(|object| object.into_iter().map(|(name, _)| name).collect()).unwrap_or_default()
        }
        Format::Csv => {
            let mut record = Record::default();
            // A record may span lines; the header of one that people wrote does not.
            record.add(first_line.as_bytes());
            record.add(b"\n");
            let names = record.fields().unwrap_or_default();
            names.into_iter().map(|name| name.trim().to_owned()).collect()
        }
    }
}

/// A record of CSV, read a line at a time: a field in quotes may hold line ends.
#[derive(Debug)]
pub struct Record {
    reader: Reader,
    text: Vec<u8>,
    written: usize,
    ends: Vec<usize>,
    ended: usize,
}

impl Default for Record {
    fn default() -> Record {
        // The library's own default lacks the tables that only `new` builds.
        Record { reader: Reader::new(), text: Vec::new(), written: 0, ends: Vec::new(), ended: 0 }
    }
}

impl Record {
    /// Takes one line with its end; true once the record is whole.
    pub fn add(&mut self, mut line: &[u8]) -> bool {
        loop {
            // What a line adds to the text is never longer than the line, nor are its fields more than its bytes.
            self.text.resize(self.written + line.len() + 1, 0);
            self.ends.resize(self.ended + line.len() + 1, 0);
            let (result, read, written, ended) =
                self.reader.read_record(line, &mut self.text[self.written..], &mut self.ends[self.ended..]);
            self.written += written;
            self.ended += ended;
            line = &line[read..];
            match result {
                ReadRecordResult::InputEmpty => return false,
                ReadRecordResult::Record | ReadRecordResult::End => return true,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
            }
        }
    }

    /// The fields of a whole record; None where one is not UTF-8.
    pub fn fields(&self) -> Option<Vec<String>> {
        let mut from = 0;
        let fields = self.ends[..self.ended].iter().map(|end| {
            let field = &self.text[from..*end];
            from = *end;
            String::from_utf8(field.to_vec()).ok()
        });
        fields.collect()
    }

    /// Ready for the next one.
    pub fn clear(&mut self) {
        self.reader.reset();
        (self.written, self.ended) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_either_format() {
        // first line, columns
        let table: &[(&str, &[&str])] = &[
            ("id,name", &["id", "name"]),
            ("id, name ,\"last, first\"", &["id", "name", "last, first"]),
            ("\"a \"\"b\"\"\",c", &["a \"b\"", "c"]),
            ("{\"id\": 1, \"name\": \"Ann, Bob\"}", &["id", "name"]),
            ("{\"id\": 1,", &[]),
            ("\"never closed", &[]),
            ("", &[]),
        ];
        for (line, wanted) in table {
            assert_eq!(columns(line), *wanted, "{line}");
        }
    }

    #[test]
    fn a_record_ends_where_no_quote_is_open() {
        let mut record = Record::default();
        for _ in 0..2 {
            assert!(!record.add(b"1,\"two\n"));
            assert!(record.add(b"lines\",\n"));
            assert_eq!(record.fields().unwrap(), ["1", "two\nlines", ""]);
            record.clear();
        }
        assert!(record.add(b"5\" pipe,\"\"\"x\"\"\"\r\n"));
        assert_eq!(record.fields().unwrap(), ["5\" pipe", "\"x\""]);
    }
}
