//! What is wrong with a suite: all of it at once, each with its place.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use loadgate_report::model::Place;

use super::source::{Sources, Span};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Diagnostic {
    pub(super) span: Option<Span>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Diagnostic {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span: Some(span), message: message.into(), help: None }
    }

    /// Something that is wrong with no place in the file, such as a file that cannot be read.
    pub(super) fn without_place(message: impl Into<String>) -> Self {
        Self { span: None, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Everything that is wrong with a suite; never empty. Its `Display` is the plain text of [`Diagnostics::render`].
#[derive(Clone, Debug)]
pub struct Diagnostics {
    sources: Sources,
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(super) fn new(sources: Sources, mut all: Vec<Diagnostic>) -> Self {
        all.sort_by_key(|d| d.span.map_or((0, 0), |span| (span.file, span.start)));
        let mut seen = Vec::new();
        all.retain(|d| {
            !seen.contains(d) && {
                seen.push(d.clone());
                true
            }
        });
        Self { sources, all }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// Each with its place, where it has one, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (Option<Place>, &str)> {
        self.all.iter().map(|d| (d.span.map(|span| self.sources.place(span)), d.message.as_str()))
    }

    /// All of them with the lines that they are about, for people.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let all: Vec<String> = self.all.iter().map(|d| self.render_one(d, &renderer)).collect();
        all.join("\n\n")
    }

    fn render_one(&self, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(&diagnostic.message);
        let snippet = diagnostic.span.and_then(|span| {
            let source = self.sources.get(span.file)?;
            let range = visible(&source.text, span);
            Some(
                Snippet::source(&source.text)
                    .path(&source.name)
                    .annotation(AnnotationKind::Primary.span(range)),
            )
        });
        let help = diagnostic.help.as_ref().map(|help| Level::HELP.message(help));
        let group = match (snippet, help) {
            (Some(snippet), Some(help)) => title.element(snippet).element(help),
            (Some(snippet), None) => title.element(snippet),
            (None, Some(help)) => title.element(help),
            (None, None) => Group::with_title(title),
        };
        renderer.render(&[group])
    }
}

/// The span as it is underlined: its first line only, at least one character, without white space at its end.
fn visible(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = (span.start as usize).min(text.len());
    let part = text.get(start..(span.end as usize).min(text.len())).unwrap_or_default();
    let len = part.lines().next().unwrap_or_default().trim_end().len();
    if len > 0 {
        return start..start + len;
    }
    let next = text.get(start..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n');
    start..start + next.map_or(0, char::len_utf8)
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// ` did you mean X?` for the nearest of the words that may be written, or `None` where none is near.
pub(super) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|known| (strsim::damerau_levenshtein(word, known), known)).min()?;
    (near.0 <= 1 + word.chars().count() / 4).then_some(near.1)
}

/// "`a`, `b` or `c`".
pub(super) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    joined(words, "or")
}

/// "`a`, `b` and `c`".
pub(super) fn list_all<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    joined(words, "and")
}

fn joined<'a>(words: impl IntoIterator<Item = &'a str>, last_word: &str) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match &words[..] {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {last_word} {last}", first.join(", ")),
    }
}

/// What to write instead of an unknown word: the one that was probably meant, or all that there are.
pub(super) fn instead<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match did_you_mean(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => match list(known) {
            none if none.is_empty() => "there are none here".to_owned(),
            all => format!("it can be {all}"),
        },
    }
}
