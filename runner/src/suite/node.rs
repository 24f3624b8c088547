//! YAML as a tree in which every key and value knows its place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::diagnostics::Diagnostic;
use super::source::{Sources, Span};

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Null,
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) span: Span,
    pub(super) name: String,
}

impl Node {
    /// What kind of value it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "true or false",
            Content::Integer(_) | Content::Number(_) => "a number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// The value of a key of a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(pairs) => pairs.iter().find(|(key, _)| key.name == name).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// Reads a YAML document of the file with that number.
///
/// # Errors
/// The text is no YAML, or a key is there twice.
pub(super) fn parse(sources: &Sources, file: u16) -> Result<Node, Diagnostic> {
    let Some(source) = sources.get(file) else {
        return Err(Diagnostic::without_place("the file is not there"));
    };
    let text = source.text.as_str();
    if text.trim().is_empty() {
        return Err(Diagnostic::new(Span { file, start: 0, end: 0 }, "the suite is empty").help(
            "a suite has at least `name`, `target` and `scenarios`; `loadgate init` writes a first one",
        ));
    }
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        underscored_numbers_as_strings: true,
        leading_zero_numbers_as_strings: true,
    };
    let node = serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options)
        .map_err(|error| syntax_error(&error, text, file))?;
    Ok(node_of(node, file))
}

fn syntax_error(error: &serde_saphyr::Error, text: &str, file: u16) -> Diagnostic {
    let start = error.location().map_or(0, |location| offset(text, location));
    let span = Span { file, start, end: start + 1 };
    let shown = error.to_string();
    // The place is shown with the line itself.
    let message = shown.split(" at line ").next().unwrap_or(&shown);
    let message = message
        .split_once(": line ")
        .map_or(message, |(_, rest)| rest.split_once(": ").map_or(message, |(_, rest)| rest));
    let diagnostic = match message.trim().strip_prefix("duplicate mapping key: ") {
        Some(rest) => {
            let key = rest.split(", set ").next().unwrap_or(rest);
            return Diagnostic::new(span, format!("the key `{key}` is there twice")).help("keep one of them");
        }
        None => Diagnostic::new(span, message.trim().to_owned()),
    };
    let line_start = text[..start as usize].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    if line.contains(": {{") || line.contains("- {{") {
        return diagnostic.help("put a text that begins with `{{` into quotes: \"{{ … }}\"");
    }
    if line.contains(": \"") || line.contains("- \"") || line.contains(": '") || line.contains("- '") {
        return diagnostic.help(
            "a text with quotes at its beginning needs quotes around it as a whole: '\"a\" in json.text'",
        );
    }
    diagnostic
}

fn offset(text: &str, location: Location) -> u32 {
    let bytes = location.span().byte_offset().and_then(|at| usize::try_from(at).ok());
    let at = bytes.unwrap_or_else(|| {
        let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let tail = text.get(start..).unwrap_or_default();
        start + tail.char_indices().nth(column).map_or(tail.len(), |(at, _)| at)
    });
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn span_of(location: Location, file: u16) -> Span {
    let start = location.span().byte_offset().unwrap_or(0);
    let end = start + location.span().byte_len().unwrap_or(0);
    Span { file, start: u32::try_from(start).unwrap_or(0), end: u32::try_from(end).unwrap_or(0) }
}

fn node_of(raw: Spanned<Raw>, file: u16) -> Node {
    let content = match raw.value {
        Raw::Null => Content::Null,
        Raw::Bool(v) => Content::Bool(v),
        Raw::Integer(v) => Content::Integer(v),
        Raw::Number(v) => Content::Number(v),
        Raw::Text(v) => Content::Text(v),
        Raw::List(items) => Content::List(items.into_iter().map(|item| node_of(item, file)).collect()),
        Raw::Map(pairs) => Content::Map(
            pairs
                .into_iter()
                .map(|(key, value)| {
                    let span = span_of(key.referenced, file);
                    (Key { span, name: key.value.0 }, node_of(value, file))
                })
                .collect(),
        ),
    };
    Node { span: span_of(raw.referenced, file), content }
}

enum Raw {
    Null,
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<RawKey>, Spanned<Raw>)>),
}

/// A key: a text, or a number or truth value as it would be written.
struct RawKey(String);

impl<'de> Deserialize<'de> for RawKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(RawVisitor)? {
            Raw::Text(text) => Ok(Self(text)),
            Raw::Integer(v) => Ok(Self(v.to_string())),
            Raw::Number(v) => Ok(Self(v.to_string())),
            Raw::Bool(v) => Ok(Self(v.to_string())),
            Raw::Null => Err(D::Error::custom("a key is missing")),
            Raw::List(_) | Raw::Map(_) => Err(D::Error::custom("a key must be a text")),
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
        Ok(i64::try_from(v).map_or(Raw::Number(v as f64), Raw::Integer))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
        Ok(Raw::Number(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw::Text(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Raw, E> {
        Ok(Raw::Text(v))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Raw::Map(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Node, Sources), (Diagnostic, u32, u32)> {
        let mut sources = Sources::default();
        let file = sources.add("s.yaml", text, "");
        parse(&sources, file).map(|node| (node, sources.clone())).map_err(|d| {
            let place = sources.place(d.span.unwrap());
            (d, place.line, place.column)
        })
    }

    #[test]
    fn every_value_knows_its_place() {
        let (node, sources) = read(
            "name: chat\nflow:\n  - post: \"/api\"\n    json: { user: '{{ x }}', n: 5 }\nlast: |\n  a\n  b\nnone:\ntime: 30s\nyes: no\n200: 1.5\n",
        )
        .unwrap();
        let raw = |node: &Node| sources.raw(node.span).to_owned();
        assert_eq!(raw(node.get("name").unwrap()), "chat");
        let Content::List(steps) = &node.get("flow").unwrap().content else { panic!() };
        assert_eq!(raw(steps[0].get("post").unwrap()), "\"/api\"");
        let json = steps[0].get("json").unwrap();
        assert_eq!(raw(json.get("user").unwrap()), "'{{ x }}'");
        assert_eq!(json.get("n").unwrap().content, Content::Integer(5));
        assert_eq!(node.get("last").unwrap().content, Content::Text("a\nb\n".into()));
        assert_eq!(node.get("none").unwrap().content, Content::Null);
        assert_eq!(node.get("time").unwrap().content, Content::Text("30s".into()));
        assert_eq!(node.get("yes").unwrap().content, Content::Text("no".into()));
        assert_eq!(node.get("200").unwrap().content, Content::Number(1.5));
        let Content::Map(pairs) = &node.content else { panic!() };
        assert_eq!(sources.raw(pairs[1].0.span), "flow");
    }

    #[test]
    fn what_is_no_yaml_has_a_place() {
        for (text, line, column, message) in [
            ("a: 1\nb: [1, 2\nc: 3\n", 3, 2, "illegal placement of ':' indicator"),
            ("a: 1\na: 2\n", 2, 1, "the key `a` is there twice"),
            ("a: 1\n  b: 2\n", 2, 4, "mapping values are not allowed in this context"),
            ("x: {{ a }}\n", 1, 5, "a key must be a text"),
            ("x: \"a\" in b\n", 1, 8, "invalid trailing content after double-quoted scalar"),
            ("", 1, 1, "the suite is empty"),
            ("a: \tb\n\tc: d", 1, 5, "while scanning a plain scalar, found a tab"),
        ] {
            let (d, l, c) = read(text).unwrap_err();
            assert_eq!((l, c, d.message.as_str()), (line, column, message), "{text}");
        }
        let (d, ..) = read("x: {{ a }}\n").unwrap_err();
        assert!(d.help.is_some_and(|help| help.contains("quotes")));
    }
}
