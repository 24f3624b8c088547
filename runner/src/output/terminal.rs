//! The verdict for a person at a terminal: a line per scenario with the reason, what was found and what to do next, a table.
//!
//! Styles are always written; [`print()`] takes them off where the output is no terminal or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Width, presets};
use loadgate_report::Verdict;
use loadgate_report::model::{Finding, FindingKind, Report};
use loadgate_report::quantity::{Quantity, Unit};

use super::tables::{self, Table};
use super::text::{self, plain};

/// Findings that are told before the rest is only counted.
const MAX_FINDINGS: usize = 20;
/// Width that is assumed where none is known, wide enough for CI logs.
const WIDTH: u16 = 200;

/// Prints a text from this module. A line that a CI system would take as a command is disarmed.
pub fn print(text: &str) {
    anstream::print!("{}", text::defuse(text));
}

fn style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::Inconclusive => AnsiColor::Cyan,
        Verdict::Invalid => AnsiColor::Yellow,
        Verdict::Fail => AnsiColor::Red,
    };
    color.on_default().bold()
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The whole verdict. `width` is that of the terminal in columns, where there is one.
pub fn verdict(report: &Report, width: Option<u16>) -> String {
    let mut out = scenario_lines(report);
    out.push_str(&findings(report));
    out.push('\n');
    out.push_str(&table(&without_load(tables::scenarios(report)), width.unwrap_or(WIDTH)));
    let width = width.unwrap_or(WIDTH);
    for search in report.scenarios.iter().filter_map(|s| s.search.as_ref()) {
        out.push_str(&format!("\n{}: {}\n", plain(&search.short()), plain(&search.reason)));
    }
    let more = [
        ("", tables::scorecards(report)),
        ("estimated capacity, by Little's law\n", tables::estimates(report)),
    ];
    for (title, more) in more {
        if !more.rows.is_empty() {
            out.push_str(&format!("\n{title}{}", table(&more, width)));
        }
    }
    if let Some(cost) = &report.cost {
        let money = |v: f64| format!("{} {}", Quantity::new(v, Unit::Money), plain(&cost.currency));
        out.push_str(&format!(
            "\ncost {} ({} paid, {} free), saved {}; a month at {} requests a day {}, {} without free ones\n",
            money(cost.total),
            cost.paid,
            cost.free,
            money(cost.saved),
            Quantity::new(cost.per_day, Unit::Count),
            money(cost.monthly),
            money(cost.monthly_without_free)
        ));
    }
    for warning in &report.warnings {
        out.push_str(&format!("\nnote: {}\n", plain(warning)));
    }
    let word = report.verdict.as_str().to_uppercase();
    out.push_str(&format!("\n{} {}\n", styled(style(report.verdict), &word), plain(&report.reason)));
    out
}

/// One line per scenario: verdict, name, reason.
pub fn scenario_lines(report: &Report) -> String {
    let widest = report.scenarios.iter().map(|s| s.name.chars().count()).max().unwrap_or(0);
    report
        .scenarios
        .iter()
        .map(|s| {
            let word = s.verdict.as_str().to_uppercase();
            let name = plain(&s.name);
            format!(
                "{} {name:widest$}  {}\n",
                styled(style(s.verdict), &format!("{word:<12}")),
                plain(&s.reason)
            )
        })
        .collect()
}

fn findings(report: &Report) -> String {
    let mut out = String::new();
    for finding in report.findings.iter().take(MAX_FINDINGS) {
        out.push_str(&one_finding(finding));
    }
    if report.findings.len() > MAX_FINDINGS {
        let more = report.findings.len() - MAX_FINDINGS;
        out.push_str(&format!("\n{more} more findings in report.html\n"));
    }
    out
}

fn one_finding(finding: &Finding) -> String {
    let dim = Style::new().dimmed();
    let word = match (finding.verdict, finding.kind) {
        (Verdict::Pass, FindingKind::Improvement) => "better",
        (Verdict::Pass, FindingKind::Warning) => "warning",
        (Verdict::Pass, FindingKind::Accepted) => "accepted",
        (Verdict::Pass, _) => "note",
        (verdict, _) => verdict.as_str(),
    };
    let mut subject = finding.scenario.as_deref().map_or_else(String::new, plain);
    if !subject.is_empty() {
        subject.push_str(": ");
    }
    subject.push_str(&plain(&finding.figure));
    if let Some(requirement) = &finding.requirement {
        subject.push_str(&format!(" [{}]", plain(requirement)));
    }
    let mut out =
        format!("\n{}: {subject}\n    {}\n", styled(style(finding.verdict), word), plain(&finding.message));
    if let Some(condition) = &finding.condition {
        let place = finding
            .place
            .as_ref()
            .map_or_else(String::new, |p| format!("{}:{}:{}: ", p.file, p.line, p.column));
        out.push_str(&format!("    {dim}at {}{}{dim:#}\n", plain(&place), plain(condition)));
    }
    if let Some(next) = &finding.next {
        out.push_str(&format!("    next: {}\n", plain(next)));
    }
    out
}

/// The load is told while a scenario runs; in the table it would push the figures out of sight.
fn without_load(mut table: Table) -> Table {
    if let Some(at) = table.columns.iter().position(|c| c.title == "load") {
        table.columns.remove(at);
        table.rows.iter_mut().for_each(|row| {
            row.remove(at);
        });
    }
    table
}

/// A table. Where it is wider than `width`, columns of text are wrapped between words; numbers never are.
pub fn table(table: &Table, width: u16) -> String {
    let mut drawn = comfy_table::Table::new();
    let titles = table.columns.iter().map(|c| Cell::new(plain(&c.title)).set_alignment(alignment(c.right)));
    drawn
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(titles);
    for row in &table.rows {
        drawn.add_row(
            row.iter()
                .zip(&table.columns)
                .map(|(cell, c)| Cell::new(plain(cell)).set_alignment(alignment(c.right))),
        );
    }
    for (i, column) in table.columns.iter().enumerate() {
        let texts = || table.rows.iter().filter_map(|row| row.get(i)).chain([&column.title]);
        let widest = |of: fn(&String) -> usize| texts().map(of).max().unwrap_or(0) as u16;
        // One blank on each side. No word is broken, and no number.
        let constraint = if column.right {
            ColumnConstraint::Absolute(Width::Fixed(widest(|t| t.chars().count()) + 2))
        } else {
            let longest_word = |t: &String| t.split(' ').map(|w| w.chars().count()).max().unwrap_or(0);
            ColumnConstraint::LowerBoundary(Width::Fixed(widest(longest_word) + 2))
        };
        if let Some(drawn) = drawn.column_mut(i) {
            drawn.set_constraint(constraint);
        }
    }
    format!("{}\n", drawn.trim_fmt())
}

fn alignment(right: bool) -> CellAlignment {
    if right { CellAlignment::Right } else { CellAlignment::Left }
}
