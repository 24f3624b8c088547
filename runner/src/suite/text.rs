//! Templates: `"{{ user.id }}"`.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use minijinja::Value;

use super::expression::term::Term;
use super::jinja::Template;
pub use super::jinja::TemplateError;
use super::json;
use super::scope::Scope;

/// A text with places for values, compiled once.
#[derive(Clone, Debug)]
pub struct Text {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: String,
    segments: Vec<Segment>,
    names: Vec<String>,
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(String),
    Value { term: Arc<Term>, source: String, names: Vec<String>, escape: Escape },
    Template { template: Box<Template>, names: Vec<String>, escape: Escape },
    Encoded { text: Text, encoding: Encoding },
}

/// How a whole text is encoded inside of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Percent-encoding of everything but RFC 3986's unreserved characters.
    Percent,
    /// Base64 with padding.
    Base64,
}

impl Encoding {
    fn append(self, text: &str, out: &mut String) {
        match self {
            Self::Base64 => base64::engine::general_purpose::STANDARD.encode_string(text, out),
            Self::Percent => {
                for byte in text.bytes() {
                    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                        out.push(char::from(byte));
                    } else {
                        // Writing into a text cannot fail.
                        let _ = write!(out, "%{byte:02X}");
                    }
                }
            }
        }
    }
}

/// How a value is put into the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// As it is.
    Plain,
    /// Into a JSON string, of which the quotes are there already.
    InJsonString,
    /// As a JSON value of its own.
    JsonValue,
}

/// Why a template or an expression gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluationError {
    /// What is wrong.
    pub message: String,
}

impl Text {
    /// A text without places for values, whatever characters it has.
    pub fn fixed(text: impl Into<String>) -> Self {
        let source: String = text.into();
        Self {
            inner: Arc::new(Inner {
                segments: vec![Segment::Literal(source.clone())],
                source,
                names: Vec::new(),
            }),
        }
    }

    /// A text as the suite writes it: `{{ … }}` is a value, `{% … %}` a statement.
    ///
    /// # Errors
    /// The template is wrong, with the place in it.
    pub fn compile(source: &str) -> Result<Self, TemplateError> {
        let mut builder = TextBuilder::default();
        builder.template(source, Escape::Plain)?;
        Ok(builder.finish(source.to_owned()))
    }

    /// The text itself, where nothing has to be filled in.
    pub fn constant(&self) -> Option<&str> {
        match &self.inner.segments[..] {
            [] => Some(""),
            [Segment::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// As the suite writes it.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The names that it fills in, with dots: `user.id`.
    pub fn names(&self) -> &[String] {
        &self.inner.names
    }

    /// Appends the text with its values.
    ///
    /// # Errors
    /// A value is undefined or null, or an operation on it fails.
    pub fn render(&self, scope: &Scope, out: &mut String) -> Result<(), EvaluationError> {
        for segment in &self.inner.segments {
            segment.render(scope, out)?;
        }
        Ok(())
    }

    /// The same text with those values filled in that depend on `root` alone, which `scope` knows.
    pub(super) fn with_constants(self, scope: &Scope, root: &str) -> Self {
        if !self.names().iter().any(|name| name.split('.').next() == Some(root)) {
            return self;
        }
        let mut builder = TextBuilder::default();
        for segment in &self.inner.segments {
            let mut filled = String::new();
            let names = segment.names();
            let constant = !names.is_empty() && names.iter().all(|name| name.split('.').next() == Some(root));
            if constant && segment.render(scope, &mut filled).is_ok() {
                builder.literal(&filled);
            } else {
                builder.push(segment.clone());
            }
        }
        builder.finish(self.inner.source.clone())
    }
}

impl Segment {
    fn names(&self) -> &[String] {
        match self {
            Self::Literal(_) => &[],
            Self::Value { names, .. } | Self::Template { names, .. } => names,
            Self::Encoded { text, .. } => text.names(),
        }
    }

    fn render(&self, scope: &Scope, out: &mut String) -> Result<(), EvaluationError> {
        match self {
            Segment::Literal(text) => out.push_str(text),
            Segment::Encoded { text, encoding } => {
                let mut plain = String::new();
                text.render(scope, &mut plain)?;
                encoding.append(&plain, out);
            }
            Segment::Value { term, source, escape, .. } => {
                let value = term.evaluate(scope, None)?;
                if value.is_undefined() {
                    return Err(EvaluationError { message: format!("`{source}` is not defined") });
                }
                put(&value, source, *escape, out)?;
            }
            Segment::Template { template, escape, .. } => {
                let text = template.render(scope)?;
                match escape {
                    Escape::Plain => out.push_str(&text),
                    Escape::InJsonString => json::escape(&text, out),
                    Escape::JsonValue => json::write_string(&text, out),
                }
            }
        }
        Ok(())
    }
}

fn put(value: &Value, source: &str, escape: Escape, out: &mut String) -> Result<(), EvaluationError> {
    if escape == Escape::JsonValue {
        return json::write(value, out).map_err(|what| EvaluationError {
            message: format!("`{source}` is {what}, which JSON has not"),
        });
    }
    if value.is_none() {
        return Err(EvaluationError { message: format!("`{source}` is null") });
    }
    match (value.as_str(), escape) {
        (Some(text), Escape::InJsonString) => json::escape(text, out),
        (Some(text), _) => out.push_str(text),
        (None, Escape::InJsonString) => json::escape(&value.to_string(), out),
        (None, _) => {
            // Writing into a text cannot fail.
            let _ = write!(out, "{value}");
        }
    }
    Ok(())
}

/// Puts a text together from fixed parts and templates.
#[derive(Debug, Default)]
pub(super) struct TextBuilder {
    segments: Vec<Segment>,
}

impl TextBuilder {
    pub(super) fn literal(&mut self, text: &str) {
        if let Some(Segment::Literal(last)) = self.segments.last_mut() {
            last.push_str(text);
        } else if !text.is_empty() {
            self.segments.push(Segment::Literal(text.to_owned()));
        }
    }

    pub(super) fn template(&mut self, source: &str, escape: Escape) -> Result<(), TemplateError> {
        let Some(parts) = split(source) else {
            let (template, names) = Template::compile(source)?;
            self.push(Segment::Template { template: Box::new(template), names, escape });
            return Ok(());
        };
        for part in parts {
            match part {
                Part::Literal(text) if escape == Escape::Plain => self.literal(text),
                Part::Literal(text) => {
                    let mut escaped = String::new();
                    json::escape(text, &mut escaped);
                    self.literal(&escaped);
                }
                Part::Value { at, source } => {
                    let (term, names) =
                        Term::compile(source, true).map_err(|e| TemplateError { at: e.at + at, ..e })?;
                    let source = source.trim().to_owned();
                    self.push(Segment::Value { term: Arc::new(term), source, names, escape });
                }
            }
        }
        Ok(())
    }

    /// A string of a JSON document. One that is nothing but `{{ … }}` becomes the value itself, with its type: a number
    /// stays a number. Any other becomes a JSON string.
    pub(super) fn json_string(&mut self, source: &str) -> Result<(), TemplateError> {
        if let Some([Part::Value { .. }]) = split(source).as_deref() {
            return self.template(source, Escape::JsonValue);
        }
        self.literal("\"");
        self.template(source, Escape::InJsonString)?;
        self.literal("\"");
        Ok(())
    }

    fn push(&mut self, segment: Segment) {
        match segment {
            Segment::Literal(text) => self.literal(&text),
            other => self.segments.push(other),
        }
    }

    /// All of another text.
    pub(super) fn text(&mut self, text: &Text) {
        text.inner.segments.iter().for_each(|segment| self.push(segment.clone()));
    }

    /// All of another text, encoded.
    pub(super) fn encoded(&mut self, text: &Text, encoding: Encoding) {
        match text.constant() {
            Some(constant) => {
                let mut out = String::new();
                encoding.append(constant, &mut out);
                self.literal(&out);
            }
            None => self.push(Segment::Encoded { text: text.clone(), encoding }),
        }
    }

    pub(super) fn finish(self, source: String) -> Text {
        let mut names: Vec<String> = self.segments.iter().flat_map(Segment::names).cloned().collect();
        names.sort();
        names.dedup();
        Text { inner: Arc::new(Inner { source, segments: self.segments, names }) }
    }
}

enum Part<'a> {
    Literal(&'a str),
    Value { at: usize, source: &'a str },
}

/// Cuts a text at its `{{ … }}`. `None` where it has statements, comments, white-space control or an unclosed value: the
/// template engine then reads (or refuses) it as a whole.
fn split(source: &str) -> Option<Vec<Part<'_>>> {
    if source.contains("{%") || source.contains("{#") {
        return None;
    }
    let mut parts = Vec::new();
    let mut done = 0;
    while let Some(open) = source[done..].find("{{").map(|at| at + done) {
        let inside = open + 2;
        let close = closing(source, inside)?;
        let value = &source[inside..close];
        if value.starts_with(['-', '+']) || value.ends_with(['-', '+']) {
            return None;
        }
        if open > done {
            parts.push(Part::Literal(&source[done..open]));
        }
        parts.push(Part::Value { at: inside, source: value });
        done = close + 2;
    }
    if done < source.len() {
        parts.push(Part::Literal(&source[done..]));
    }
    Some(parts)
}

/// Where the `}}` is that closes a value; braces and strings inside of it do not.
fn closing(source: &str, from: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    let (mut at, mut depth, mut quote) = (from, 0_u32, None);
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, b'{') => depth += 1,
            (None, b'}') if depth > 0 => depth -= 1,
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set("user", Value::from_pairs([("id", Value::from("u-7")), ("index", Value::from(7))]));
        scope.set("say", Value::from("a \"b\"\n<c>"));
        scope.set("nothing", Value::from(()));
        scope.set("list", Value::from(vec![1, 2]));
        scope
    }

    fn render(text: &Text) -> Result<String, String> {
        let mut out = String::new();
        text.render(&scope(), &mut out).map(|()| out).map_err(|e| e.message)
    }

    #[test]
    fn texts_with_values() {
        for (source, want) in [
            ("plain", "plain"),
            ("", ""),
            ("/users/{{ user.id }}/x?n={{user.index}}", "/users/u-7/x?n=7"),
            ("{{ user.index + 1 }}", "8"),
            ("{{ say }}", "a \"b\"\n<c>"),
            ("{{ '}}' }}{{ {'a': {'b': 1}}.a.b }}", "}}1"),
            ("{% if user.index > 3 %}big{% else %}small{% endif %}", "big"),
            ("a {{- ' b' }}", "a b"),
            ("{{ none_such | default('x') }}", "x"),
            ("{{ say | urlencode }}", "a%20%22b%22%0A%3Cc%3E"),
            ("{ not a template }", "{ not a template }"),
            ("{{ list[1] }}", "2"),
        ] {
            assert_eq!(render(&Text::compile(source).unwrap()).as_deref(), Ok(want), "{source}");
        }
        assert_eq!(Text::compile("plain").unwrap().constant(), Some("plain"));
        assert_eq!(Text::compile("").unwrap().constant(), Some(""));
        assert_eq!(Text::compile("{{ user.id }}").unwrap().constant(), None);
        assert_eq!(render(&Text::fixed("{{ x")).as_deref(), Ok("{{ x"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (source, named) in [
            ("{{ usr.id }}", "`usr.id` is not defined"),
            ("{{ user.nick }}", "`user.nick` is not defined"),
            ("{{ nothing }}", "`nothing` is null"),
            ("{{ usr | upper }}", "undefined"),
            ("{% if true %}{{ usr }}{% endif %}", "undefined"),
        ] {
            let error = render(&Text::compile(source).unwrap()).unwrap_err();
            assert!(error.contains(named), "{source}: {error}");
        }
    }

    #[test]
    fn a_wrong_template_has_a_place() {
        for (source, at) in [("/a/{{ 1 + }}", 9), ("{{ x", 4), ("{{ a b }}", 5), ("{% if x %}", 10)] {
            let error = Text::compile(source).unwrap_err();
            assert!(error.at.abs_diff(at) <= 1, "{source}: {error:?}");
        }
    }

    #[test]
    fn names_that_are_filled_in() {
        let text = Text::compile("{{ user.id }} {{ a | default(b.c) }} {% if d %}{% endif %}").unwrap();
        assert_eq!(text.names(), ["a", "b.c", "d", "user.id"]);
        let text = Text::compile("{{ user.id }} {{ user.id }} {{ range(3) }}").unwrap();
        assert_eq!(text.names(), ["user.id"]);
    }

    #[test]
    fn strings_of_a_json_body() {
        for (source, want) in [
            ("plain \"text\"", r#""plain \"text\"""#),
            ("{{ user.index }}", "7"),
            ("{{ user.id }}", "\"u-7\""),
            ("no {{ user.index }}", "\"no 7\""),
            ("{{ say }}", r#""a \"b\"\n<c>""#),
            ("say {{ say }}", r#""say a \"b\"\n<c>""#),
            ("{{ nothing }}", "null"),
            ("{{ list }}", "[1,2]"),
            ("{{ list | tojson }}", "[1, 2]"),
            ("{% if user %}\"{% endif %}", r#""\"""#),
        ] {
            let mut builder = TextBuilder::default();
            builder.json_string(source).unwrap();
            assert_eq!(render(&builder.finish(String::new())).as_deref(), Ok(want), "{source}");
        }
    }
}
