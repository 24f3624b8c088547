//! What a bench found: targets that are met or not, and tables.

use std::fmt::{Display, Write as _};

/// What a bench found.
#[derive(Debug, Default)]
pub(super) struct Finding {
    pub(super) targets: Vec<Target>,
    /// Markdown: what was done, and the figures.
    pub(super) text: String,
}

/// A figure that is to be as good as wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) what: String,
    pub(super) wanted: String,
    pub(super) found: String,
    pub(super) met: bool,
}

impl Finding {
    /// Adds a paragraph.
    pub(super) fn say(&mut self, paragraph: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{paragraph}\n");
    }

    /// Adds a table.
    pub(super) fn table<const N: usize>(&mut self, heads: [&str; N], rows: &[[String; N]]) {
        self.text.push_str(&table(heads, rows));
        self.text.push('\n');
    }

    /// A figure that should be at least so much.
    pub(super) fn at_least(&mut self, what: impl Into<String>, wanted: f64, found: f64, unit: &str) {
        self.target(what, format!("≥ {}", figure(wanted, unit)), figure(found, unit), found >= wanted);
    }

    /// A figure that should be at most so much.
    pub(super) fn at_most(&mut self, what: impl Into<String>, wanted: f64, found: f64, unit: &str) {
        self.target(what, format!("≤ {}", figure(wanted, unit)), figure(found, unit), found <= wanted);
    }

    /// Something that is as wanted or not.
    pub(super) fn target(
        &mut self,
        what: impl Into<String>,
        wanted: impl Into<String>,
        found: impl Into<String>,
        met: bool,
    ) {
        self.targets.push(Target { what: what.into(), wanted: wanted.into(), found: found.into(), met });
    }
}

/// A number with as many digits as say something, and its unit.
pub(super) fn figure(value: f64, unit: &str) -> String {
    let size = value.abs();
    let digits = match size {
        _ if size >= 100.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 0.1 || value == 0.0 => 2,
        _ => 3,
    };
    let number = if size >= 10_000.0 { grouped(value) } else { format!("{value:.digits$}") };
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

/// A large number in groups of three digits.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", &*digits), |rest| ("-", rest));
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}")
}

/// A table in Markdown. Columns after the first are figures, set to the right.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let mut text = format!("| {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(N - 1));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_table() {
        for (value, unit, expected) in [
            (1.234, "", "1.23"),
            (12.34, "ms", "12.3 ms"),
            (123.4, "ms", "123 ms"),
            (98_765.4, "/s", "98,765 /s"),
            (1_234_567.0, "", "1,234,567"),
            (-12_345.0, "", "-12,345"),
            (0.0123, "", "0.012"),
            (0.0, "", "0.00"),
        ] {
            assert_eq!(figure(value, unit), expected);
        }
    }

    #[test]
    fn limits_are_met_at_the_limit() {
        let mut finding = Finding::default();
        finding.at_least("a", 0.85, 0.85, "");
        finding.at_least("b", 0.85, 0.84, "");
        finding.at_most("c", 1.15, 1.15, "");
        finding.at_most("d", 1.15, 1.16, "");
        finding.at_most("nothing was measured", 1.15, f64::NAN, "");
        assert_eq!(
            finding.targets.iter().map(|t| t.met).collect::<Vec<_>>(),
            [true, false, true, false, false]
        );
    }

    #[test]
    fn tables_are_markdown() {
        let rows = [["wrk".to_owned(), "1.00".to_owned()]];
        assert_eq!(table(["tool", "ratio"], &rows), "| tool | ratio |\n|---|---:|\n| wrk | 1.00 |\n");
    }
}
