//! Data sets: reads their files and puts their rows into order.

use std::sync::Arc;

use minijinja::Value;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::Decider;
use super::known::{Fields, TAKEN};
use crate::suite::data::DataSet;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::file::{At, DataFile, Fixed, Order};
use crate::suite::json;
use crate::suite::node::{Content, Node};

/// A data set with what the rest of the suite asks about it.
#[derive(Clone, Debug)]
pub(super) struct DecidedData {
    pub(super) set: Arc<DataSet>,
    /// The rows before they were shuffled.
    pub(super) in_file_order: Vec<Value>,
    pub(super) shuffled: bool,
    pub(super) fields: Fields,
}

impl Decider<'_> {
    /// Reads a data set. `None` where something is wrong with it, which was recorded.
    pub(super) fn data_set(&mut self, name: &At<String>, file: &DataFile) -> Option<DecidedData> {
        self.free_name(&name.value, name.span, "data set");
        let sources = [("csv", file.csv.get()), ("json", file.json.get()), ("jsonl", file.jsonl.get())];
        let given: Vec<_> = sources.into_iter().filter_map(|(kind, path)| Some((kind, path?))).collect();
        let (rows, span) = match (&given[..], file.rows.get()) {
            ([(kind, path)], None) => (self.read_rows(kind, path)?, path.span),
            ([], Some(rows)) => (rows.iter().map(|row| value_of(&row.0)).collect(), name.span),
            ([], None) => {
                if [
                    file.csv.is_invalid(),
                    file.json.is_invalid(),
                    file.jsonl.is_invalid(),
                    file.rows.is_invalid(),
                ] == [false; 4]
                {
                    let message = format!("it is not said where the rows of `{}` are", name.value);
                    self.error(
                        Diagnostic::new(name.span, message)
                            .help("give one of `csv`, `json`, `jsonl` or `rows`"),
                    );
                }
                return None;
            }
            _ => {
                let message = format!("`{}` has more than one source of rows", name.value);
                self.error(
                    Diagnostic::new(name.span, message).help("give one of `csv`, `json`, `jsonl` or `rows`"),
                );
                return None;
            }
        };
        if rows.is_empty() {
            let message = format!("the data set `{}` has no rows", name.value);
            self.error(Diagnostic::new(span, message));
            return None;
        }
        let fields = fields_of(&rows);
        let in_file_order = rows.clone();
        let mut rows = rows;
        let shuffled = file.order.get() == Some(&Order::Shuffle);
        if shuffled {
            rows.shuffle(&mut ChaCha8Rng::from_seed(seed_for(self.seed, &name.value)));
        }
        let set =
            DataSet { name: name.value.clone(), rows: rows.into(), per_user: file.unique.get().is_some() };
        Some(DecidedData { set: Arc::new(set), in_file_order, shuffled, fields })
    }

    fn read_rows(&mut self, kind: &str, path: &At<Fixed>) -> Option<Vec<Value>> {
        let full = self.sources.base(path.span).join(&path.value.0);
        let text = match fs_err::read_to_string(&full) {
            Ok(text) => text,
            Err(error) => {
                let why = match error.kind() {
                    std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                    std::io::ErrorKind::InvalidData => "it is no UTF-8 text".to_owned(),
                    _ => error.to_string(),
                };
                let message = format!("cannot read `{}`: {why}", path.value.0);
                self.error(Diagnostic::new(path.span, message).help(format!("it was looked for at {full}")));
                return None;
            }
        };
        let rows = match kind {
            "csv" => csv_rows(&text),
            "json" => json_rows(&text),
            _ => jsonl_rows(&text),
        };
        match rows {
            Ok(rows) => Some(rows),
            Err(why) => {
                self.error(Diagnostic::new(path.span, format!("`{}` {why}", path.value.0)));
                None
            }
        }
    }
}

impl Decider<'_> {
    /// Records an error where a name means something already, or cannot be written in an expression.
    pub(super) fn free_name(&mut self, name: &str, span: crate::suite::source::Span, what: &str) {
        let mut chars = name.chars();
        let word = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !word {
            let message = format!("a {what} cannot be called `{name}`");
            self.error(Diagnostic::new(span, message).help("a letter, then letters, digits and `_`"));
        } else if TAKEN.contains(&name) {
            let message = format!("a {what} cannot be called `{name}`: the word has a meaning already");
            self.error(Diagnostic::new(span, message));
        }
    }
}

/// A seed of its own for each name, so that adding a data set does not shuffle the others anew.
fn seed_for(seed: u64, name: &str) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::new().chain_update(seed.to_le_bytes()).chain_update(name).finalize().into()
}

/// A YAML value as templates see it.
pub(super) fn value_of(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::from(()),
        Content::Bool(v) => Value::from(*v),
        Content::Integer(v) => Value::from(*v),
        Content::Number(v) => Value::from(*v),
        Content::Text(v) => Value::from(v.as_str()),
        Content::List(items) => Value::from(items.iter().map(value_of).collect::<Vec<_>>()),
        Content::Map(pairs) => json::object(
            pairs.iter().map(|(key, node)| (Value::from(key.name.as_str()), value_of(node))).collect(),
        ),
    }
}

/// The fields that any row has; anything may follow where a row is no mapping.
fn fields_of(rows: &[Value]) -> Fields {
    let mut fields: Vec<String> = Vec::new();
    for row in rows {
        if row.kind() != minijinja::value::ValueKind::Map {
            return Fields::Any;
        }
        for key in row.try_iter().into_iter().flatten() {
            let key = key.to_string();
            if !fields.contains(&key) {
                fields.push(key);
            }
        }
    }
    Fields::These(fields)
}

fn csv_rows(text: &str) -> Result<Vec<Value>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().map_err(|e| format!("is no CSV: {e}"))?.clone();
    reader
        .records()
        .map(|record| {
            let record = record.map_err(|e| format!("is no CSV: {e}"))?;
            let pairs =
                headers.iter().zip(&record).map(|(key, value)| (Value::from(key), Value::from(value)));
            Ok(json::object(pairs.collect()))
        })
        .collect()
}

fn json_rows(text: &str) -> Result<Vec<Value>, String> {
    let value = json::parse(text.as_bytes()).ok_or_else(|| {
        let error = serde_json::from_str::<serde_json::Value>(text).err();
        format!("is no JSON: {}", error.map_or_else(String::new, |e| e.to_string()))
    })?;
    if value.kind() != minijinja::value::ValueKind::Seq {
        return Err("holds no list".to_owned());
    }
    Ok(value.try_iter().into_iter().flatten().collect())
}

fn jsonl_rows(text: &str) -> Result<Vec<Value>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            json::parse(line.as_bytes()).ok_or_else(|| format!("has no JSON in line {}", number + 1))
        })
        .collect()
}
