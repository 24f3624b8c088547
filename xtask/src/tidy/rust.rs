//! Just enough Rust to look for words in code: comments, strings and test modules are blanked, lines stay where they are.

/// The code alone.
pub(super) fn code(text: &str) -> String {
    without_test_modules(&without_comments_and_strings(text))
}

/// Whether `word` occurs in `code` as a word of its own (`fs` in `fs::read`, not in `offset`).
pub(super) fn has_word(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let starts_inside = word.starts_with(is_part);
    let ends_inside = word.ends_with(is_part);
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !(starts_inside && before.is_some_and(is_part) || ends_inside && after.is_some_and(is_part))
    })
}

/// Each path that a `use` brings in, groups written out, with its line: `use std::{fs, net::TcpStream}` is `std::fs` and
/// `std::net::TcpStream`.
pub(super) fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let starts_item = code[..at].chars().next_back().is_none_or(char::is_whitespace);
        if let (true, Some(end)) = (starts_item, code[at..].find(';')) {
            let line = code[..at].matches('\n').count() + 1;
            let tree: String = code[at + 4..at + end].chars().filter(|c| !c.is_whitespace()).collect();
            expand("", &tree, &mut |path| found.push((line, path)));
        }
    }
    found
}

fn expand(prefix: &str, tree: &str, found: &mut impl FnMut(String)) {
    let Some(open) = tree.find('{') else {
        return found(format!("{prefix}{tree}"));
    };
    let head = format!("{prefix}{}", &tree[..open]);
    let inner = tree[open + 1..].strip_suffix('}').unwrap_or(&tree[open + 1..]);
    let mut depth = 0;
    for branch in inner.split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    }) {
        if !branch.is_empty() {
            expand(&head, branch, found);
        }
    }
}

fn without_comments_and_strings(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(rest, code.chars().next_back()) {
            length
        } else if next == '"' {
            quoted(rest)
        } else if let Some(length) = character(rest) {
            length
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        code.extend(rest[..length].chars().filter(|c| *c == '\n'));
        code.push(' ');
        rest = &rest[length..];
    }
    code
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let step = &rest[at..];
        if step.is_empty() {
            return at;
        } else if step.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if step.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += step.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            return at;
        }
    }
}

fn raw_string(rest: &str, before: Option<char>) -> Option<usize> {
    let after_r = rest.strip_prefix('r').or_else(|| rest.strip_prefix("br"))?;
    let hashes = after_r.len() - after_r.trim_start_matches('#').len();
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') || !after_r[hashes..].starts_with('"') {
        return None;
    }
    let start = rest.len() - after_r.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()))
}

fn quoted(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of a character literal here; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if inner.starts_with('\\') {
        return Some(3 + inner[2..].find('\'')? + 1 - usize::from(inner[2..].is_empty()));
    }
    let first = inner.chars().next()?.len_utf8();
    inner[first..].starts_with('\'').then_some(first + 2)
}

fn without_test_modules(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..at]);
        let length = item(&rest[at..]);
        kept.extend(rest[at..at + length].chars().filter(|c| *c == '\n'));
        rest = &rest[at + length..];
    }
    kept.push_str(rest);
    kept
}

/// Length of the item that begins here: up to its `;`, or to the end of its braces.
fn item(rest: &str) -> usize {
    let mut depth = 0;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_tests_are_no_code() {
        let table = [
            ("a // tokio\nb", "a  \nb"),
            ("a /* x /* tokio */ y\n*/ b", "a \n  b"),
            ("f(\"tokio \\\" \\\\\") + 1", "f( ) + 1"),
            ("f(r#\"tokio \" x\"#) + 1", "f( ) + 1"),
            ("fn f<'a>(c: &'a str) { c == '\"' || c == '\\'' }", "fn f<'a>(c: &'a str) { c ==   || c ==   }"),
            ("'\\u{1F600}' tokio", "  tokio"),
            ("a\n#[cfg(test)]\nmod tests {\n if x { tokio }\n}\nb", "a\n\n\n\n\nb"),
            ("#[cfg(test)]\nmod tests;\nb", "\n\nb"),
        ];
        for (text, expected) in table {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn words_stand_alone() {
        assert!(has_word("fs::read()", "fs"));
        assert!(!has_word("offset fs_err", "fs"));
        assert!(has_word("let x = print!()", "print!"));
        assert!(!has_word("let x = eprint!()", "print!"));
    }

    #[test]
    fn groups_of_imports_are_written_out() {
        let code = "use a::b;\nuse std::{\n    fs,\n    net::{TcpStream, UdpSocket},\n};";
        let paths: Vec<_> = imports(code).into_iter().map(|(line, path)| format!("{line} {path}")).collect();
        assert_eq!(paths, ["1 a::b", "2 std::fs", "2 std::net::TcpStream", "2 std::net::UdpSocket"]);
    }
}
