//! Text from outside as GitHub-flavoured Markdown, and tables.

use super::tables::Table;
use super::text::plain;

/// Text that reads as itself: whatever Markdown, HTML or GitHub (mentions, issue numbers, links) would see in it is escaped.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let text = plain(text);
    let mut rest = text.chars();
    let mut before = None;
    while let Some(c) = rest.next() {
        let is_inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match c {
            // Inside a word it is no emphasis, and names of figures stay as one would search for them.
            '_' if is_inside(before) && is_inside(rest.clone().next()) => out.push('_'),
            '&' | '<' | '>' | '"' | '|' | '*' | '_' | '[' | ']' | '\\' | '`' | '~' | '#' | '!' | '$'
            | '{' | '}' => {
                out.push_str(&format!("&#{};", c as u32));
            }
            // A comment that is not shown keeps the word behind it from being a mention.
            '@' => out.push_str("@<!-- -->"),
            // `https:` would become a link.
            ':' => out.push_str("&#58;"),
            c => out.push(c),
        }
        before = Some(c);
    }
    // A digit or sign at the start would begin a list or heading.
    match out.chars().next() {
        Some(c @ ('-' | '+' | '=')) => format!("&#{};{}", c as u32, &out[1..]),
        _ => out,
    }
}

/// A name in code type.
pub fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// A table; empty where it has no rows.
pub fn table(table: &Table) -> String {
    if table.rows.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    let line = |cells: &mut dyn Iterator<Item = String>| {
        format!(
            "| {} |\n",
            cells.map(|c| if c.is_empty() { " ".to_owned() } else { c }).collect::<Vec<_>>().join(" | ")
        )
    };
    out.push_str(&line(&mut table.columns.iter().map(|c| escape(&c.title))));
    out.push_str(&line(
        &mut table.columns.iter().map(|c| if c.right { "---:".to_owned() } else { "---".to_owned() }),
    ));
    for row in &table.rows {
        out.push_str(&line(&mut row.iter().map(|cell| escape(cell))));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_reads_as_itself() {
        let escaped =
            escape("<img src=x onerror=alert(1)> | **b** [l](https://evil) `c` @team #1 ~~x~~\n# h");
        for bad in ["<img", "| ", "**", "](", "https:", "`", "@team", " #1", "~~", "\n"] {
            assert!(!escaped.contains(bad), "{bad} in {escaped}");
        }
        assert_eq!(escape("p95 < 5 s"), "p95 &#60; 5 s");
        assert_eq!(escape("- item"), "&#45; item");
    }
}
