//! Values that must not be written anywhere.

use std::borrow::Cow;

use loadgate_report::Report;
use serde_json::Value;

/// What stands in place of a secret.
const MASK: &str = "***";

/// The secret values of a run: those of the environment that the suite reads, those marked `secret`, and the values of
/// `authorization` and `cookie` headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// Longest first, so that a secret that contains another is masked as a whole.
    values: Vec<String>,
}

impl Secrets {
    /// A set of secret values. Of a text of several lines each line is secret too, as log viewers show them one by one; and
    /// so are the forms that a value takes in a URL and in quotation marks. Empty values are no secrets.
    pub fn new(values: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut secrets = Self::default();
        values.into_iter().for_each(|v| secrets.add(v.as_ref()));
        secrets
    }

    /// Adds one more.
    pub fn add(&mut self, value: &str) {
        let lines = value.lines().filter(|line| line.trim().len() >= LONG_ENOUGH);
        for form in std::iter::once(value.trim()).chain(lines.map(str::trim)) {
            let in_url = url::form_urlencoded::byte_serialize(form.as_bytes()).collect::<String>();
            let in_path = in_url.replace('+', "%20");
            // In JSON that a service sends back, and in a message that quotes that or the value itself.
            let inside = |quoted: String| quoted[1..quoted.len() - 1].to_owned();
            let in_json = inside(Value::from(form).to_string());
            let quoted = [inside(format!("{form:?}")), inside(format!("{in_json:?}"))];
            for form in [form.to_owned(), in_url, in_path, in_json].into_iter().chain(quoted) {
                if !form.is_empty() && !self.values.contains(&form) {
                    self.values.push(form);
                }
            }
        }
        self.values.sort_by_key(|v| std::cmp::Reverse(v.len()));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All forms of those that are masked wherever they stand.
    pub fn long(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str).filter(|value| value.len() >= LONG_ENOUGH)
    }

    /// The text with every secret replaced by `***`. One of fewer than four characters is masked only where it stands as a
    /// word of its own: masking every `a` would hide nothing and destroy everything.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for secret in self.values.iter().filter(|s| text.contains(s.as_str())) {
            masked = Cow::Owned(if secret.len() >= LONG_ENOUGH {
                masked.replace(secret.as_str(), MASK)
            } else {
                mask_words(&masked, secret)
            });
        }
        masked
    }

    /// The report with every secret masked in every text of it.
    pub fn mask_report<'a>(&self, report: &'a Report) -> Cow<'a, Report> {
        if self.is_empty() {
            return Cow::Borrowed(report);
        }
        let mut value = serde_json::to_value(report).expect("a report has only string keys");
        self.mask_value(&mut value);
        Cow::Owned(
            serde_json::from_value(value)
                .expect("masking leaves words of the contract and all numbers alone"),
        )
    }

    /// Masks every text below a value, whatever it is called.
    fn mask_below(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_below(item)),
            Value::Object(map) => map.values_mut().for_each(|value| self.mask_below(value)),
            other => self.mask_value(other),
        }
    }

    fn mask_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.mask(text) {
                    *text = masked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_value(item)),
            Value::Object(map) => {
                let entries = std::mem::take(map);
                for (key, mut value) in entries {
                    match key.as_str() {
                        // Words of the contract, and counts by such words.
                        "schema" | "verdict" | "kind" | "unit" | "level" | "mode" | "status" | "outcome"
                        | "over" => {}
                        "failed" | "statuses" => {}
                        // Their names are the suite's, so one that is called like a field of ours is none.
                        "variables" => self.mask_below(&mut value),
                        _ => self.mask_value(&mut value),
                    }
                    // Names of fields are the contract's; only maps with free keys can hold something else.
                    let key = match self.mask(&key) {
                        Cow::Owned(masked) if !is_field_name(&key) => masked,
                        _ => key,
                    };
                    map.insert(key, value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Shorter secrets are masked as whole words only.
const LONG_ENOUGH: usize = 4;

fn is_field_name(key: &str) -> bool {
    key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn mask_words(text: &str, secret: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(secret) {
        let before = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let after = text[at + secret.len()..].chars().next().is_some_and(char::is_alphanumeric);
        if !before && !after && at >= from {
            out.push_str(&text[from..at]);
            out.push_str(MASK);
            from = at + secret.len();
        }
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    #[test]
    fn secrets_are_masked_in_all_their_forms() {
        let secrets =
            Secrets::new(["s3cret/key+1", "s3cret", "pw", "", "first line\nsecond line", r#"a"b\c"#]);
        for (text, masked) in [
            ("Bearer s3cret/key+1!", "Bearer ***!"),
            ("/?k=s3cret%2Fkey%2B1", "/?k=***"),
            ("s3crets", "***s"),
            ("pw=pw; pwd", "***=***; pwd"),
            ("x second line y", "x *** y"),
            ("nothing", "nothing"),
            // As it is, in JSON, quoted, and quoted in JSON.
            (r#"a"b\c {"k":"a\"b\\c"}"#, r#"*** {"k":"***"}"#),
            (r#"body "a\"b\\c" "{\"k\":\"a\\\"b\\\\c\"}""#, r#"body "***" "{\"k\":\"***\"}""#),
        ] {
            assert_eq!(secrets.mask(text), masked);
        }
    }

    #[test]
    fn variables_that_are_called_like_fields_are_masked_too() {
        let mut report = fixture::report();
        let names = ["level", "mode", "status", "kind", "failed"];
        report.run.variables = names.map(|name| (name.to_owned(), "key-of-the-api".to_owned())).into();
        let masked = Secrets::new(["key-of-the-api"]).mask_report(&report).into_owned();
        assert_eq!(masked.run.variables, names.map(|name| (name.to_owned(), "***".to_owned())).into());
    }

    #[test]
    fn a_masked_report_is_whole_and_holds_no_secret() {
        let report = fixture::report();
        let hidden = Secrets::new([
            "user-7",
            "second answer",
            "ask",
            "users",
            "held",
            "pass",
            "latency",
            "timeout",
            "scenarios",
            "2025",
        ]);
        let masked = hidden.mask_report(&report).into_owned();
        assert_eq!(masked.verdict, report.verdict);
        assert_eq!(masked.scenarios.len(), report.scenarios.len());
        assert_eq!(masked.scenarios[0].latency_ms.histogram, report.scenarios[0].latency_ms.histogram);
        let text = serde_json::to_string(&masked).unwrap();
        assert!(!text.contains("user-7") && !text.contains("second answer") && text.contains("***"));
        assert_eq!(Secrets::default().mask_report(&report).into_owned(), report);
    }
}
