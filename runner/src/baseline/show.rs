//! Baselines in words, for `loadgate baseline show` and `list`.

use camino::Utf8PathBuf;
use loadgate_report::baseline::{Baseline, BaselineRun};
use loadgate_report::quantity::Unit;

use crate::output::tables::{self, Column, Table};
use crate::output::terminal::table;
use crate::output::text::{cut, plain};

/// Figures that are shown of each run, with their headings.
const FIGURES: &[(&str, &str, Unit)] = &[
    ("latency.p50", "p50", Unit::Ms),
    ("latency.p95", "p95", Unit::Ms),
    ("throughput", "per second", Unit::PerSecond),
    ("error_rate", "errors", Unit::Ratio),
];

/// The runs of a baseline, newest first, with the main figures of each scenario. `width` is the terminal's, in columns.
pub fn show(baseline: &Baseline, width: u16) -> String {
    let mut out = format!("suite {}: {} runs\n", plain(&baseline.suite), baseline.runs());
    for (class, runs) in &baseline.classes {
        out.push_str(&format!("\n{}\n", plain(class)));
        let titles: Vec<_> = std::iter::once("requests").chain(FIGURES.iter().map(|f| f.1)).collect();
        let mut shown = columns(&["started", "commit", "verdict", "scenario"], &titles);
        shown.rows = runs.runs.iter().rev().flat_map(rows).collect();
        out.push_str(&table(&shown, width));
    }
    out
}

/// A line for each baseline.
pub fn list(baselines: &[(Utf8PathBuf, Baseline)], width: u16) -> String {
    if baselines.is_empty() {
        return "no baselines here yet: accept a run with `loadgate baseline accept REPORT`\n".to_owned();
    }
    let mut shown = columns(&["suite", "file", "newest"], &["machine classes", "runs"]);
    shown.rows = baselines
        .iter()
        .map(|(path, b)| {
            let newest = b.classes.values().flat_map(|c| &c.runs).map(|r| r.started_at.as_str()).max();
            vec![
                b.suite.clone(),
                path.to_string(),
                newest.unwrap_or("none").to_owned(),
                b.classes.len().to_string(),
                b.runs().to_string(),
            ]
        })
        .collect();
    table(&shown, width)
}

fn columns(left: &[&str], right: &[&str]) -> Table {
    let of = |title: &&str, right| Column { title: (*title).to_owned(), right };
    let columns = left.iter().map(|t| of(t, false)).chain(right.iter().map(|t| of(t, true))).collect();
    Table { columns, rows: Vec::new() }
}

fn rows(run: &BaselineRun) -> impl Iterator<Item = Vec<String>> + '_ {
    run.scenarios.iter().map(|(name, scenario)| {
        let mut row = vec![
            run.started_at.clone(),
            cut(run.commit.as_deref().unwrap_or(""), 10),
            run.verdict.to_string(),
            name.clone(),
            scenario.counts.requests.to_string(),
        ];
        let value = |figure: &str| scenario.figures.get(figure).map(|f| f.value);
        row.extend(FIGURES.iter().map(|(figure, _, unit)| tables::show(value(figure), *unit)));
        row
    })
}
