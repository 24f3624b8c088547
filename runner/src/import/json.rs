//! JSON bodies.

use serde_json::Value;

use super::{Secrets, Template};

/// A JSON document of which texts may hold variables.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as JSON writes it.
    Number(String),
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<Json>),
    /// An object, in its order.
    Map(Vec<(String, Json)>),
}

/// Deeper documents go out as they are: a tree that deep is read by nobody, and YAML readers bound their depth.
const DEEPEST: usize = 24;
/// YAML has no longer keys on one line.
const LONGEST_KEY: usize = 200;

impl Json {
    /// The document as it is.
    pub(super) fn literal(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(Template::literal(text.as_str())),
            Value::Array(items) => Self::List(items.iter().map(Self::literal).collect()),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(key, value)| (key.clone(), Self::literal(value))).collect())
            }
        }
    }

    /// The document with its credentials replaced by references.
    pub(super) fn of(value: &Value, secrets: &mut Secrets) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(|item| Self::of(item, secrets)).collect()),
            Value::Object(map) => Self::Map(
                map.iter()
                    .map(|(key, value)| {
                        let json = match value.as_str().and_then(|text| secrets.field(key, text)) {
                            Some(reference) => Self::Text(reference),
                            None => Self::of(value, secrets),
                        };
                        (key.clone(), json)
                    })
                    .collect(),
            ),
            single => Self::literal(single),
        }
    }
}

/// The document, where the suite language can say it without changing it: numbers beyond 64 bits, very deep ones and very
/// long keys are left as they are written.
pub(super) fn parse(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (numbers(text).all(is_exact) && depth(&value) <= DEEPEST && keys_are_short(&value)).then_some(value)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn keys_are_short(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(keys_are_short),
        Value::Object(map) => {
            map.iter().all(|(key, value)| key.len() <= LONGEST_KEY && keys_are_short(value))
        }
        _ => true,
    }
}

/// What may be a name in a text that is perhaps JSON: everything between quotes.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// The numbers in a JSON document as they are written.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let mut is_string = false;
    let mut is_escaped = false;
    // What stands outside of strings, cut at everything that is no part of a number.
    text.split(move |c: char| {
        if is_string {
            (is_string, is_escaped) = (is_escaped || c != '"', !is_escaped && c == '\\');
            return true;
        }
        is_string = c == '"';
        !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'))
    })
    .filter(|token| token.contains(|c: char| c.is_ascii_digit()))
}

fn is_exact(number: &str) -> bool {
    if number.contains(['.', 'e', 'E']) {
        // 15 significant digits go through a 64-bit float and back unchanged (IEEE 754).
        let digits = number.split(['e', 'E']).next().unwrap_or_default();
        return digits.chars().filter(char::is_ascii_digit).count() <= 15
            && number.parse::<f64>().is_ok_and(f64::is_finite);
    }
    number.parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_suite_would_change_is_not_taken_as_json() {
        for text in
            [r#"{"a":[1,-2,1.5,"x\"12345678901234567890"]}"#, "null", "\"5\"", "[1e3]", "9223372036854775807"]
        {
            assert!(parse(text).is_some(), "{text}");
        }
        let deep = "[".repeat(40) + &"]".repeat(40);
        let key = format!("{{\"{}\":1}}", "k".repeat(300));
        for text in ["{", "12345678901234567890", "0.12345678901234567", "[1e400]", &deep, &key] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn passwords_become_references_in_any_depth() {
        let mut secrets = Secrets::default();
        let value = serde_json::json!({ "user": "anna", "auth": [{ "Password": "hunter22" }] });
        let json = format!("{:?}", Json::of(&value, &mut secrets));
        assert!(!json.contains("hunter22") && json.contains("anna"), "{json}");
        assert_eq!(secrets.iter().map(|secret| secret.environment()).collect::<Vec<_>>(), ["PASSWORD"]);
    }
}
