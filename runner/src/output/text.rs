//! Text from outside, made safe for a terminal and for a CI log.

/// One line of visible text: control characters, escape sequences' introducers and characters that reorder their neighbours
/// are replaced, line breaks become spaces.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}' => ' ',
            c if c.is_control() => '\u{fffd}',
            // Bidirectional overrides can make a line read as another; U+FFFE and U+FFFF are not allowed in XML.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Cuts to `max` characters with an ellipsis.
pub fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(std::iter::once('…')).collect(),
        None => text.to_owned(),
    }
}

/// The text so that no line of it is a workflow command. GitHub's runner takes `::name …::` at the start of a line (spaces
/// before it do not matter) and the older `##[name …]` anywhere in it.
pub fn defuse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        // Styling is taken off where the output is no terminal, so a command may hide behind it.
        let visible = anstream::adapter::strip_str(line).to_string();
        if visible.trim_start().starts_with("::") {
            out.push_str("\u{b7} ");
        }
        out.push_str(&line.replace("##[", "## ["));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_the_reading_direction() {
        assert_eq!(plain("a\x1b[31mb\r\nc\u{202e}d\0"), "a\u{fffd}[31mb  c\u{fffd}d\u{fffd}");
        assert_eq!(plain("grüße 日本"), "grüße 日本");
    }

    #[test]
    fn long_text_is_cut_at_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }

    #[test]
    fn no_line_is_a_workflow_command() {
        let hostile = "ok\n::error::x\n   ::set-output name=a::b\n\x1b[1m::stop-commands::t\x1b[0m\na ##[add-mask]x\nstd::vec\n";
        let defused = defuse(hostile);
        for line in defused.lines() {
            let line = anstream::adapter::strip_str(line).to_string();
            assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
        }
        assert!(defused.contains("std::vec"));
    }
}
