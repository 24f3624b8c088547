//! YAML that means exactly what it was made from.

use std::fmt::Write as _;

use super::Json;
use crate::output::text::plain;

/// Texts that YAML 1.1 or 1.2 readers take for something else than a text.
const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"];
/// Columns that comments and documents on one line may fill.
const WIDTH: usize = 110;

/// A text as a scalar or a key: as it is where that is harmless anywhere, else in double quotes.
pub(super) fn text(text: &str) -> String {
    let mut chars = text.chars();
    let is_harmless = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '/')
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_harmless { text.to_owned() } else { quoted(text) }
}

/// A text in double quotes, in one line (YAML 1.2.2, 5.7).
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        // Writing into a text cannot fail.
        let _ = match c {
            '"' => write!(out, "\\\""),
            '\\' => write!(out, "\\\\"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            c if is_invisible(c) && u32::from(c) > 0xffff => write!(out, "\\U{:08X}", u32::from(c)),
            c if is_invisible(c) => write!(out, "\\u{:04X}", u32::from(c)),
            c => write!(out, "{c}"),
        };
    }
    out.push('"');
    out
}

/// What YAML forbids, readers take for a line end, or nobody sees.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{fff0}'..='\u{ffff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Lines of a comment. What was imported is in it as one line of visible text, so that it cannot end the comment.
pub(super) fn comment(out: &mut String, indent: usize, text: &str) {
    let text = plain(text).replace('\u{feff}', "\u{fffd}");
    let mut line = String::new();
    let mut write = |line: &mut String| {
        let _ = writeln!(out, "{:indent$}# {}", "", line);
        line.clear();
    };
    for word in text.split_whitespace() {
        if !line.is_empty() && indent + line.chars().count() + word.chars().count() > WIDTH {
            write(&mut line);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    write(&mut line);
}

/// `key: value` with a document as its value: in one line if that is short, else with a line for each entry.
pub(super) fn document(out: &mut String, indent: usize, key: &str, json: &Json) {
    let one_line = flow(json);
    if indent + key.len() + one_line.chars().count() < WIDTH || !is_nested(json) {
        let _ = writeln!(out, "{:indent$}{key}: {one_line}", "");
        return;
    }
    let _ = writeln!(out, "{:indent$}{key}:", "");
    entries(out, indent + 2, json);
}

fn entries(out: &mut String, indent: usize, json: &Json) {
    match json {
        Json::Map(map) => map.iter().for_each(|(key, value)| document(out, indent, &text(key), value)),
        Json::List(items) => {
            for item in items {
                // An item in the flow form may hold anything, so a long list needs no second level of indentation.
                let _ = writeln!(out, "{:indent$}- {}", "", flow(item));
            }
        }
        other => {
            let _ = writeln!(out, "{:indent$}{}", "", flow(other));
        }
    }
}

fn is_nested(json: &Json) -> bool {
    matches!(json, Json::Map(map) if !map.is_empty())
        || matches!(json, Json::List(items) if !items.is_empty())
}

fn flow(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(number) => number.clone(),
        Json::Text(template) => text(&template.source()),
        Json::List(items) if items.is_empty() => "[]".to_owned(),
        Json::List(items) => format!("[ {} ]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::Map(map) if map.is_empty() => "{}".to_owned(),
        Json::Map(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{}: {}", text(key), flow(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_texts_stand_without_quotes() {
        for plain in ["a", "/api/v1.0/x-y_z", "GET"] {
            assert_eq!(text(plain), plain);
        }
        for (given, want) in [
            ("", "\"\""),
            ("yes", "\"yes\""),
            ("Null", "\"Null\""),
            ("1", "\"1\""),
            ("a: b", "\"a: b\""),
            ("<<", "\"<<\""),
            ("a\"\\\n\u{85}\u{1f600}", "\"a\\\"\\\\\\n\\u0085\u{1f600}\""),
        ] {
            assert_eq!(text(given), want);
        }
    }

    #[test]
    fn a_comment_cannot_be_ended_from_inside() {
        let mut out = String::new();
        comment(&mut out, 2, "one\nname: evil\r\u{2028}x: \u{85}y");
        assert_eq!(out, "  # one name: evil x: y\n");
        out.clear();
        comment(&mut out, 0, &"word ".repeat(40));
        assert!(out.lines().count() == 2 && out.lines().all(|line| line.starts_with("# word")), "{out}");
    }
}
