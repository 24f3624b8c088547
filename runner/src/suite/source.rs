//! The files of a suite and places in them.

use std::ops::Range;

use camino::Utf8PathBuf;
use loadgate_report::model::Place;

/// A part of a file: byte offsets into the text of the file with that number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) file: u16,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The files that were read, in order; the first is the suite itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    files: Vec<Source>,
}

#[derive(Clone, Debug)]
pub(super) struct Source {
    /// As named on the command line or by an `include`.
    pub(super) name: String,
    pub(super) text: String,
    /// The folder that paths in it start from.
    pub(super) base: Utf8PathBuf,
}

impl Sources {
    /// Adds a file and returns its number.
    pub(super) fn add(
        &mut self,
        name: impl Into<String>,
        text: impl Into<String>,
        base: impl Into<Utf8PathBuf>,
    ) -> u16 {
        self.files.push(Source { name: name.into(), text: text.into(), base: base.into() });
        u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX)
    }

    pub(super) fn get(&self, file: u16) -> Option<&Source> {
        self.files.get(usize::from(file))
    }

    /// The folder that a path at this place starts from.
    pub(super) fn base(&self, span: Span) -> Utf8PathBuf {
        self.get(span.file).map(|source| source.base.clone()).unwrap_or_default()
    }

    /// The text of a span as it stands in the file.
    pub(super) fn raw(&self, span: Span) -> &str {
        self.get(span.file).and_then(|source| source.text.get(span.range())).unwrap_or_default()
    }

    /// File, line and column of a span's beginning.
    pub(super) fn place(&self, span: Span) -> Place {
        let Some(source) = self.get(span.file) else {
            return Place { file: String::new(), line: 1, column: 1 };
        };
        let before = source.text.get(..span.start as usize).unwrap_or(&source.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place {
            file: source.name.clone(),
            line: count(before.matches('\n').count() + 1),
            column: count(before[line_start..].chars().count() + 1),
        }
    }

    /// The part of a scalar's span that holds `value[at..at + len]`. Quotes, escapes, folded lines and indentation make
    /// both differ: they are walked side by side, and what is only in the file is skipped. Where that fails (the value was
    /// filled in from elsewhere), the whole span.
    pub(super) fn inside(&self, span: Span, value: &str, at: usize, len: usize) -> Span {
        let raw = self.raw(span);
        let mut offsets = Vec::with_capacity(value.len() + 1);
        let mut rest = raw.char_indices().peekable();
        for wanted in value.chars() {
            let found = rest.find(|&(_, c)| c == wanted || (wanted.is_whitespace() && c.is_whitespace()));
            let Some((offset, _)) = found else { return span };
            offsets.extend(std::iter::repeat_n(offset, wanted.len_utf8()));
        }
        let after = rest.peek().map_or(raw.len(), |&(offset, _)| offset);
        offsets.push(after);
        let width = |at: usize| raw[at..].chars().next().map_or(0, char::len_utf8);
        let end_of_value = offsets.iter().rev().nth(1).map_or(after, |last| last + width(*last));
        let start = offsets.get(at).copied().unwrap_or(after).min(end_of_value);
        let end = match offsets.get(at + len) {
            Some(&end) if at + len < value.len() => end,
            _ => end_of_value,
        };
        let offset = |n: usize| span.start + u32::try_from(n).unwrap_or(0);
        Span { file: span.file, start: offset(start), end: offset(end.max(start)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("s.yaml", "a: 1\né: {b: 2}\n", "");
        let place = |start: u32| {
            let place = sources.place(Span { file, start, end: start + 1 });
            (place.line, place.column)
        };
        assert_eq!([place(0), place(3), place(5), place(10)], [(1, 1), (1, 4), (2, 1), (2, 5)]);
    }

    #[test]
    fn a_part_of_a_value_is_found_in_the_file() {
        for (raw, value, part, want) in [
            ("status = 200", "status = 200", "=", "="),
            ("\"a = \\\"b\\\" + c\"", "a = \"b\" + c", "+", "+"),
            ("'it''s = x'", "it's = x", "=", "="),
            ("|\n    one\n    two three\n", "one\ntwo three\n", "two", "two"),
            (">-\n    one\n    two three\n", "one two three", "three", "three"),
            ("${X}", "from elsewhere", "else", "${X}"),
        ] {
            let mut sources = Sources::default();
            let file = sources.add("s.yaml", format!("k: {raw}"), "");
            let span = Span { file, start: 3, end: 3 + u32::try_from(raw.len()).unwrap() };
            let at = value.find(part).unwrap();
            assert_eq!(sources.raw(sources.inside(span, value, at, part.len())), want, "{raw}");
        }
        let mut sources = Sources::default();
        let file = sources.add("s.yaml", "status ==", "");
        let end = sources.inside(Span { file, start: 0, end: 9 }, "status ==", 9, 1);
        assert_eq!((end.start, end.end), (9, 9));
    }
}
