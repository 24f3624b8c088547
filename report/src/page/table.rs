//! Tables: what they hold as data, so that the page, CSV and Markdown show the same.

use std::cmp::Ordering;

use super::view::View;
use crate::html::{Node, el, nothing};
use crate::quantity::{Quantity, Unit};

/// A table of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Unique on the page; names it in addresses and exports.
    pub id: String,
    /// What it shows.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with one cell a column.
    pub rows: Vec<Row>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its head.
    pub title: String,
    /// Whether it holds numbers: aligned at their end, sorted largest first.
    pub number: bool,
    /// Whether it holds sentences, which need room.
    pub prose: bool,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its cells.
    pub cells: Vec<Cell>,
    /// Class of the row, empty for none.
    pub class: &'static str,
}

/// A cell: what is shown, what it sorts by, what is exported.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What is shown.
    pub shown: Node,
    /// What it stands for.
    pub value: Value,
}

/// What a cell stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number in its base unit.
    Number(f64),
    /// Text.
    Text(String),
    /// Nothing known.
    Nothing,
}

impl Column {
    /// A column of text.
    pub fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), number: false, prose: false }
    }

    /// A column of numbers.
    pub fn number(title: impl Into<String>) -> Self {
        Self { title: title.into(), number: true, prose: false }
    }

    /// A column of sentences.
    pub fn prose(title: impl Into<String>) -> Self {
        Self { title: title.into(), number: false, prose: true }
    }

    fn class(&self) -> Option<&'static str> {
        if self.number { Some("n") } else { self.prose.then_some("w") }
    }
}

impl Cell {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { shown: el("bdi").with(text.as_str()).into(), value: Value::Text(text) }
    }

    /// Anything, standing for `text`.
    pub fn node(shown: impl Into<Node>, text: impl Into<String>) -> Self {
        Self { shown: shown.into(), value: Value::Text(text.into()) }
    }

    /// Anything, standing for a number.
    pub fn drawn(shown: impl Into<Node>, value: Option<f64>) -> Self {
        Self { shown: shown.into(), value: value.map_or(Value::Nothing, Value::Number) }
    }

    /// A number of the report.
    pub fn quantity(value: Option<f64>, unit: Unit) -> Self {
        Self { shown: quantity(value, unit), value: value.map_or(Value::Nothing, Value::Number) }
    }

    /// A count of the report; a zero steps back.
    pub fn count(n: u64) -> Self {
        let shown = if n == 0 {
            el("span").class("quiet").with(quantity(Some(0.0), Unit::Count)).into()
        } else {
            count(n)
        };
        Self { shown, value: Value::Number(n as f64) }
    }

    /// A number that is computed for showing and does not stand in the report itself.
    pub fn derived(value: f64, unit: Unit) -> Self {
        Self { shown: Quantity::new(value, unit).to_string().into(), value: Value::Number(value) }
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self { shown: nothing(), value: Value::Nothing }
    }
}

/// A number of the report as it is shown: rounded for the reader, exact for the machine.
pub fn quantity(value: Option<f64>, unit: Unit) -> Node {
    match value {
        Some(value) => {
            el("data").attr("value", value.to_string()).with(Quantity::new(value, unit).to_string()).into()
        }
        None => el("span").class("quiet").with("n/a").into(),
    }
}

/// A count of the report: never rounded.
pub fn count(n: u64) -> Node {
    el("data").attr("value", n.to_string()).with(grouped(n)).into()
}

/// Digits in groups of three, with a thin space from 10 000 on.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

impl Value {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
            (Self::Nothing, _) | (_, Self::Nothing) => Ordering::Equal,
        }
    }
}

impl Table {
    /// An empty table.
    pub fn new(id: impl Into<String>, caption: impl Into<String>, columns: Vec<Column>) -> Self {
        Self { id: id.into(), caption: caption.into(), columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.marked_row("", cells);
    }

    /// Adds a row with a class.
    pub fn marked_row(&mut self, class: &'static str, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "{}", self.caption);
        self.rows.push(Row { cells, class });
    }

    /// The same table under a name that is unique on the page.
    pub fn under(mut self, place: &str) -> Self {
        self.id = format!("{place}-{}", self.id);
        self
    }

    /// The rows in the order that the view asks for; cells without a value come last either way.
    fn sorted(&self, order: Option<(usize, bool)>) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        if let Some((column, descending)) = order.filter(|(column, _)| *column < self.columns.len()) {
            rows.sort_by(|a, b| {
                let (a, b) = (&a.cells[column].value, &b.cells[column].value);
                let missing = (*a == Value::Nothing).cmp(&(*b == Value::Nothing));
                let order = a.compare(b);
                missing.then(if descending { order.reverse() } else { order })
            });
        }
        rows
    }

    /// The table as HTML, in a box of its own that scrolls sideways on narrow screens.
    pub fn render(&self, view: &View) -> Node {
        let order = view.order(&self.id);
        let heads = self.columns.iter().enumerate().map(|(at, column)| {
            let th = el("th").attr("scope", "col").maybe("class", column.class());
            if !view.interactive || self.rows.len() < 2 {
                return th.with(column.title.as_str());
            }
            let sorted = order.filter(|o| o.0 == at).map(|o| if o.1 { "descending" } else { "ascending" });
            th.maybe("aria-sort", sorted).with(
                el("button")
                    .attr("type", "button")
                    .attr("data-action", "sort")
                    .attr("data-table", self.id.as_str())
                    .attr("data-column", at.to_string())
                    .attr("data-number", column.number.to_string())
                    .with(column.title.as_str()),
            )
        });
        let rows = self.sorted(order).into_iter().map(|row| {
            let cells = row.cells.iter().zip(&self.columns).enumerate().map(|(at, (cell, column))| {
                let cell_el = if at == 0 { el("th").attr("scope", "row") } else { el("td") };
                cell_el.maybe("class", column.class()).with(cell.shown.clone())
            });
            el("tr").maybe("class", (!row.class.is_empty()).then_some(row.class)).all(cells)
        });
        let scroll = el("div")
            .class("scroll")
            .attr("role", "group")
            .attr("aria-label", self.caption.as_str())
            .attr("tabindex", "0")
            .with(
                el("table")
                    .attr("id", self.id.as_str())
                    .with(el("caption").class("hidden").with(self.caption.as_str()))
                    .with(el("thead").with(el("tr").all(heads)))
                    .with(el("tbody").all(rows)),
            );
        if !view.interactive {
            return scroll.into();
        }
        el("div").class("table-box").with(scroll).with(self.tools()).into()
    }

    /// Buttons to take the table along.
    fn tools(&self) -> Node {
        let button = |action: &str, words: &str, what: &str| {
            el("button")
                .attr("type", "button")
                .attr("data-action", action)
                .attr("data-table", self.id.as_str())
                .attr("aria-label", format!("{what}: {}", self.caption))
                .with(words)
        };
        el("p")
            .class("tools")
            .with(button("copy", "Copy as Markdown", "Copy as Markdown"))
            .with(button("csv", "CSV", "Save as CSV"))
            .into()
    }

    /// The table as CSV (RFC 4180): numbers exact and in base units, text guarded against being taken for a formula.
    pub fn csv(&self) -> String {
        let mut out = String::new();
        let heads: Vec<String> = self.columns.iter().map(|c| csv_text(&c.title)).collect();
        out.push_str(&heads.join(","));
        out.push_str("\r\n");
        for row in &self.rows {
            let cells: Vec<String> = row
                .cells
                .iter()
                .map(|cell| match &cell.value {
                    Value::Number(n) => n.to_string(),
                    Value::Text(text) => csv_text(text),
                    Value::Nothing => String::new(),
                })
                .collect();
            out.push_str(&cells.join(","));
            out.push_str("\r\n");
        }
        out
    }

    /// The table as GitHub-flavoured Markdown.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let mut line = |cells: Vec<String>| out.push_str(&format!("| {} |\n", cells.join(" | ")));
        line(self.columns.iter().map(|c| markdown_text(&c.title)).collect());
        line(self.columns.iter().map(|c| if c.number { "--:" } else { "---" }.to_owned()).collect());
        for row in &self.rows {
            line(
                row.cells
                    .iter()
                    .map(|cell| {
                        let text = cell.shown.text();
                        match &cell.value {
                            Value::Text(value) if text.is_empty() => markdown_text(value),
                            _ => markdown_text(&text),
                        }
                    })
                    .collect(),
            );
        }
        out
    }
}

/// Text as a field of CSV. Spreadsheets run what begins like a formula; a quote in front keeps it text
/// (OWASP, "CSV Injection").
fn csv_text(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains(['"', ',', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// Text as text in a cell of a Markdown table.
pub(super) fn markdown_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' | '@' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new("t", "Sample", vec![Column::text("name"), Column::number("p95")]);
        table.row(vec![Cell::text("b"), Cell::quantity(Some(2.0), Unit::Ms)]);
        table.row(vec![Cell::text("=1+1, \"x\""), Cell::quantity(None, Unit::Ms)]);
        table.row(vec![Cell::text("A|*"), Cell::quantity(Some(10.0), Unit::Ms)]);
        table
    }

    fn firsts(rows: Vec<&Row>) -> Vec<String> {
        rows.iter().map(|row| row.cells[0].shown.text()).collect()
    }

    #[test]
    fn rows_without_a_value_come_last() {
        let table = sample();
        assert_eq!(firsts(table.sorted(Some((1, false)))), ["b", "A|*", "=1+1, \"x\""]);
        assert_eq!(firsts(table.sorted(Some((1, true)))), ["A|*", "b", "=1+1, \"x\""]);
        assert_eq!(firsts(table.sorted(Some((0, false)))), ["=1+1, \"x\"", "A|*", "b"]);
        assert_eq!(firsts(table.sorted(Some((9, false))))[0], "b");
    }

    #[test]
    fn exports_keep_text_as_text() {
        assert_eq!(sample().csv(), "name,p95\r\nb,2\r\n\"'=1+1, \"\"x\"\"\",\r\nA|*,10\r\n");
        assert!(sample().markdown().contains("| A\\|\\* | 10 ms |"));
        assert_eq!(markdown_text("</script>\n@all"), "&lt;/script&gt; \\@all");
    }

    #[test]
    fn counts_are_never_rounded() {
        assert_eq!(grouped(1234), "1234");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
