//! `report.json`: the report itself.

use std::io;

use loadgate_report::Report;
use serde::Serialize;
use serde_json::ser::Formatter;

use super::{Output, OutputError};

/// The report in its contract.
pub const OUTPUT: Output = Output {
    name: "report-json",
    file: "report.json",
    render: |report| {
        to_vec(report).map_err(|e| OutputError::Render { name: "report-json", reason: e.to_string() })
    },
};

/// A value as JSON, each key on a line of its own, and a line feed at the end.
fn to_vec(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::new();
    let layout = ListsInLine { depth: 0, is_empty: true };
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut json, layout))?;
    json.push(b'\n');
    Ok(json)
}

/// Keys are on lines of their own, lists are not: with a line for each number of each histogram a report is four times as
/// large, and no easier to read.
struct ListsInLine {
    depth: usize,
    /// Whether the object that was begun last has had no key.
    is_empty: bool,
}

impl ListsInLine {
    fn line(&self, writer: &mut (impl io::Write + ?Sized)) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for ListsInLine {
    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.is_empty = true;
        writer.write_all(b"{")
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.line(writer)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_empty = false;
        Ok(())
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if !self.is_empty {
            self.line(writer)?;
        }
        writer.write_all(b"}")
    }
}

/// Reads a report back. A newer version is read as far as it is understood.
///
/// # Errors
/// A sentence that says what the text is instead.
pub fn parse(text: &str) -> anyhow::Result<Report> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|e| anyhow::anyhow!("this is no JSON: {e}"))?;
    let schema = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or_default();
    anyhow::ensure!(
        schema.starts_with("loadgate.report/"),
        "this is no report of loadgate: `schema` is {schema:?} and not {:?}",
        loadgate_report::model::SCHEMA
    );
    serde_json::from_value(value).map_err(|e| anyhow::anyhow!("the report is damaged: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_lines_of_their_own_and_lists_have_not() {
        let value = serde_json::json!({
            "us": [1, 2, 3], "steps": [{ "name": "a", "failed": {} }, { "name": "b" }], "nothing": {}, "none": [],
        });
        let text = String::from_utf8(to_vec(&value).unwrap()).unwrap();
        let expected = r#"{
  "us": [1,2,3],
  "steps": [{
    "name": "a",
    "failed": {}
  },{
    "name": "b"
  }],
  "nothing": {},
  "none": []
}
"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn what_is_no_report_says_so() {
        for (text, words) in [
            ("{", "no JSON"),
            ("{}", "no report of loadgate"),
            (r#"{"schema":"loadgate.baseline/1"}"#, "no report of loadgate"),
            (r#"{"schema":"loadgate.report/1"}"#, "damaged"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
