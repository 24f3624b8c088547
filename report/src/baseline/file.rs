//! The file's text: reading it with messages that help, writing it so that diffs stay small.

use serde_json::Value;

use super::{Baseline, SCHEMA};
use crate::model;

/// Why a text is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no JSON at all, or cut off.
    #[error("the baseline is damaged: {0}")]
    Damaged(serde_json::Error),
    /// It is JSON of another kind.
    #[error("this is no baseline: its `schema` is {found}, expected `{SCHEMA}` or `{}`", model::SCHEMA)]
    WrongSchema {
        /// What it says of itself.
        found: String,
    },
    /// It says that it is a baseline, and is not one.
    #[error("the baseline is damaged: {0}")]
    WrongShape(serde_json::Error),
}

impl Baseline {
    /// Reads a baseline file, or a report as a baseline of one run.
    ///
    /// # Errors
    /// [`BaselineError`], whose text says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let value: Value = serde_json::from_str(text).map_err(BaselineError::Damaged)?;
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => serde_json::from_str(text).map_err(BaselineError::WrongShape),
            Some(model::SCHEMA) => {
                serde_json::from_str(text).map(|r| Self::from_report(&r)).map_err(BaselineError::WrongShape)
            }
            Some(other) => Err(BaselineError::WrongSchema { found: format!("`{other}`") }),
            None => Err(BaselineError::WrongSchema { found: "missing".to_owned() }),
        }
    }

    /// The file's text: sorted keys, one line for each scenario of a run.
    pub fn to_text(&self) -> String {
        let value = serde_json::to_value(self).expect("a baseline has only string keys and finite numbers");
        let mut text = String::new();
        write(&mut text, &value, "", 0);
        text.push('\n');
        text
    }
}

/// Containers down to this depth are spread over lines: file, classes, class, runs, run, scenarios.
const SPREAD: usize = 5;

fn write(text: &mut String, value: &Value, key: &str, depth: usize) {
    let indent = "  ".repeat(depth + 1);
    let spread = depth <= SPREAD && key != "machine";
    match value {
        Value::Object(map) if spread && !map.is_empty() => {
            text.push_str("{\n");
            for (i, (key, value)) in sorted(map).into_iter().enumerate() {
                text.push_str(if i > 0 { ",\n" } else { "" });
                text.push_str(&format!("{indent}{}: ", Value::from(key.as_str())));
                write(text, value, key, depth + 1);
            }
            text.push_str(&format!("\n{}}}", "  ".repeat(depth)));
        }
        Value::Array(items) if spread && !items.is_empty() => {
            text.push_str("[\n");
            for (i, value) in items.iter().enumerate() {
                text.push_str(if i > 0 { ",\n" } else { "" });
                text.push_str(&indent);
                write(text, value, "", depth + 1);
            }
            text.push_str(&format!("\n{}]", "  ".repeat(depth)));
        }
        Value::Object(map) => {
            text.push('{');
            for (i, (key, value)) in sorted(map).into_iter().enumerate() {
                text.push_str(if i > 0 { ", " } else { "" });
                text.push_str(&format!("{}: ", Value::from(key.as_str())));
                write(text, value, key, SPREAD + 1);
            }
            text.push('}');
        }
        // Whole numbers are written without a fraction, as a person would.
        Value::Number(n) => match n.as_f64() {
            Some(f) if f.fract() == 0.0 && f.abs() < 1e15 => text.push_str(&format!("{f:.0}")),
            _ => text.push_str(&n.to_string()),
        },
        other => text.push_str(&other.to_string()),
    }
}

/// The entries by key, whatever order the map keeps them in.
fn sorted(map: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| key.as_str());
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::tests::report;

    #[test]
    fn a_baseline_reads_back_as_it_was_written() {
        let mut baseline = Baseline::new("chat");
        for seed in 1..=3 {
            baseline.append(&report(seed), 30, false).unwrap();
        }
        let text = baseline.to_text();
        assert_eq!(Baseline::parse(&text).unwrap(), baseline);
        assert_eq!(Baseline::parse(&text).unwrap().to_text(), text);
    }

    #[test]
    fn a_new_run_adds_lines_and_takes_only_the_curve() {
        let mut baseline = Baseline::new("chat");
        baseline.append(&report(1), 30, false).unwrap();
        baseline.append(&report(2), 30, false).unwrap();
        let before = baseline.to_text();
        baseline.append(&report(3), 30, false).unwrap();
        let after = baseline.to_text();
        let gone: Vec<_> = before.lines().filter(|l| !after.contains(l.trim_end_matches(','))).collect();
        assert!(gone.iter().all(|l| l.contains("\"curve\"")), "{gone:?}");
        assert!(after.lines().count() - before.lines().count() <= 14, "{after}");
    }

    #[test]
    fn keys_are_sorted_at_every_level() {
        fn check(value: &Value) {
            match value {
                Value::Object(map) => {
                    let keys: Vec<_> = map.keys().collect();
                    assert!(keys.is_sorted(), "{keys:?}");
                    map.values().for_each(check);
                }
                Value::Array(items) => items.iter().for_each(check),
                _ => {}
            }
        }
        check(&serde_json::from_str(&Baseline::from_report(&report(1)).to_text()).unwrap());
    }

    #[test]
    fn what_is_no_baseline_says_why() {
        let good = Baseline::from_report(&report(1)).to_text();
        let cases = [
            (good[..good.len() / 2].to_owned(), "damaged: EOF while parsing"),
            (String::new(), "damaged: EOF"),
            ("{}".to_owned(), "`schema` is missing"),
            (good.replace("loadgate.baseline/1", "loadgate.baseline/9"), "`schema` is `loadgate.baseline/9`"),
            (good.replace("\"runs\": [", "\"rums\": ["), "missing field `runs`"),
            ("<html>".to_owned(), "damaged: expected value at line 1 column 1"),
        ];
        for (text, expected) in cases {
            let message = Baseline::parse(&text).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn any_report_is_a_baseline() {
        let text = serde_json::to_string(&report(7)).unwrap();
        assert_eq!(Baseline::parse(&text).unwrap(), Baseline::from_report(&report(7)));
    }
}
