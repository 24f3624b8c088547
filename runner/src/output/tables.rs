//! The tables that outputs share: plain text in cells, to be escaped by whoever renders them.

use loadgate_report::Report;
use loadgate_report::model::{ChangeOutcome, ComparedFigure, Scenario, Scorecard, Search, SearchOver};
use loadgate_report::quantity::{Quantity, Unit};

/// A table of plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each as wide as the columns.
    pub rows: Vec<Vec<String>>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// Whether it is aligned to the right, as numbers are.
    pub right: bool,
}

impl Table {
    fn new(titles: &[&str], text_columns: usize) -> Self {
        let column =
            |(i, title): (usize, &&str)| Column { title: (*title).to_owned(), right: i >= text_columns };
        Self { columns: titles.iter().enumerate().map(column).collect(), rows: Vec::new() }
    }
}

/// A number with its unit, or `n/a`.
pub fn show(value: Option<f64>, unit: Unit) -> String {
    value.map_or_else(|| "n/a".to_owned(), |v| Quantity::new(v, unit).to_string())
}

/// A relative change with its sign, or nothing.
pub fn show_change(change: Option<f64>) -> String {
    change.map_or_else(String::new, |c| {
        let shown = Quantity::new(c.abs(), Unit::Ratio).to_string();
        format!("{}{shown}", if c < 0.0 { "−" } else { "+" })
    })
}

/// All scenarios with their main figures, one line each; the rate of each counter has a column of its own.
pub fn scenarios(report: &Report) -> Table {
    let mut counters: Vec<&str> = Vec::new();
    for counter in report.scenarios.iter().flat_map(|s| &s.counters) {
        if !counters.contains(&counter.name.as_str()) {
            counters.push(&counter.name);
        }
    }
    let graded = report.scenarios.iter().any(|s| s.grade.is_some());
    let limited = report.scenarios.iter().any(|s| s.goodput.is_some());
    let mut titles = vec!["scenario", "verdict", "load", "requests", "ok", "refused", "failed", "success"];
    titles.extend(limited.then_some("goodput"));
    titles.extend(&counters);
    titles.extend(["mean", "p50", "p95", "p99", "per second"]);
    if graded {
        titles.push("grade");
    }
    let mut table = Table::new(&titles, 3);
    for s in &report.scenarios {
        let latency = &s.latency_ms;
        let mut row = vec![
            s.name.clone(),
            s.verdict.to_string(),
            s.load.clone(),
            s.requests.to_string(),
            s.ok.to_string(),
            s.refused.to_string(),
            s.failed_total().to_string(),
            show(s.success_rate, Unit::Ratio),
        ];
        row.extend(limited.then(|| show(s.goodput, Unit::Ratio)));
        row.extend(counters.iter().map(|name| {
            let counter = s.counters.iter().find(|c| c.name == *name);
            counter.map_or_else(String::new, |c| show(c.rate, Unit::Ratio))
        }));
        row.extend([latency.mean, latency.p50, latency.p95, latency.p99].map(|ms| show(ms, Unit::Ms)));
        row.push(show(s.throughput, Unit::PerSecond));
        if graded {
            row.push(s.grade.clone().unwrap_or_default());
        }
        table.rows.push(row);
    }
    table
}

/// Compared figures, `gated` or those that are only shown; the changed ones first.
pub fn comparison(report: &Report, gated: bool) -> Table {
    let mut table = Table::new(
        &["scenario", "figure", "outcome", "before", "now", "change", "limit", "samples", "runs"],
        3,
    );
    let Some(comparison) = &report.comparison else { return table };
    let mut figures: Vec<&ComparedFigure> = comparison.figures.iter().filter(|f| f.gated == gated).collect();
    figures.sort_by_key(|f| rank(f.outcome));
    table.rows = figures
        .into_iter()
        .map(|f| {
            vec![
                f.scenario.clone(),
                f.figure.clone(),
                outcome(f.outcome).to_owned(),
                show(f.before, f.unit),
                show(f.now, f.unit),
                show_change(f.change),
                f.limit.map_or_else(String::new, |l| show(Some(l), f.unit)),
                f.samples.to_string(),
                f.runs.to_string(),
            ]
        })
        .collect();
    table
}

fn rank(outcome: ChangeOutcome) -> u8 {
    match outcome {
        ChangeOutcome::Regression => 0,
        ChangeOutcome::Suspected => 1,
        ChangeOutcome::Undecided => 2,
        ChangeOutcome::Accepted => 3,
        ChangeOutcome::Improved => 4,
        ChangeOutcome::Unchanged => 5,
        ChangeOutcome::NotJudged => 6,
    }
}

/// The word for an outcome.
pub const fn outcome(outcome: ChangeOutcome) -> &'static str {
    match outcome {
        ChangeOutcome::Regression => "worse",
        ChangeOutcome::Suspected => "suspected",
        ChangeOutcome::Accepted => "accepted",
        ChangeOutcome::Undecided => "undecided",
        ChangeOutcome::Improved => "better",
        ChangeOutcome::Unchanged => "as before",
        ChangeOutcome::NotJudged => "not judged",
    }
}

/// Failures of all scenarios by kind.
pub fn failures(report: &Report) -> Table {
    let mut table = Table::new(&["scenario", "kind", "requests", "example"], 2);
    table.columns[3].right = false;
    for s in &report.scenarios {
        for (kind, n) in s.failed.iter().filter(|(_, n)| **n > 0) {
            let sample = s.failures.iter().find(|f| f.kind == *kind);
            let example =
                sample.map_or_else(String::new, |f| format!("{}, {}: {}", f.step, f.user, f.message));
            table.rows.push(vec![s.name.clone(), kind.as_str().to_owned(), n.to_string(), example]);
        }
    }
    table
}

/// The steps of a scenario.
pub fn steps(scenario: &Scenario) -> Table {
    let mut table =
        Table::new(&["step", "requests", "ok", "refused", "failed", "mean", "p50", "p95", "p99", "max"], 1);
    table.rows = scenario
        .steps
        .iter()
        .map(|s| {
            let l = &s.latency_ms;
            let mut row = vec![s.name.clone()];
            row.extend([s.requests, s.ok, s.refused, s.failed.values().sum()].map(|n| n.to_string()));
            row.extend([l.mean, l.p50, l.p95, l.p99, l.max].map(|ms| show(ms, Unit::Ms)));
            row
        })
        .collect();
    table
}

/// The levels of a search for the capacity.
pub fn levels(search: &Search) -> Table {
    let what = match search.over {
        SearchOver::Users => "users",
        SearchOver::Rate => "flows/s",
    };
    let mut table = Table::new(
        &[
            what,
            "outcome",
            "requests",
            "refused",
            "failed",
            "success",
            "per second",
            "mean",
            "p50",
            "p95",
            "what was seen",
        ],
        0,
    );
    table.columns[1].right = false;
    table.columns[10].right = false;
    table.rows = search
        .levels
        .iter()
        .map(|l| {
            let mut row = vec![show(Some(l.level), Unit::Count), l.outcome.as_str().to_owned()];
            row.extend([l.requests, l.refused, l.failed].map(|n| n.to_string()));
            row.extend([show(l.success_rate, Unit::Ratio), show(l.throughput, Unit::PerSecond)]);
            row.extend([l.mean_ms, l.p50_ms, l.p95_ms].map(|ms| show(ms, Unit::Ms)));
            row.push(l.message.clone());
            row
        })
        .collect();
    table
}

/// The conditions of a scorecard.
pub fn scorecard(card: &Scorecard) -> Table {
    let mut table = Table::new(&["condition", "verdict", "what was seen", "earned", "points"], 3);
    table.rows = card
        .rows
        .iter()
        .map(|row| {
            let points = [row.earned, row.points].map(|points| show(Some(points), Unit::Count));
            let texts = [row.text.clone(), row.verdict.to_string(), row.message.clone()];
            texts.into_iter().chain(points).collect()
        })
        .collect();
    table
}

/// The scorecards of all scenarios, one line each.
pub fn scorecards(report: &Report) -> Table {
    let mut table = Table::new(&["scorecard", "scenario", "points", "of", "needed", "not judged"], 2);
    for (scenario, card) in
        report.scenarios.iter().flat_map(|s| s.scorecards.iter().map(move |card| (s, card)))
    {
        let points =
            [card.points, card.total, card.pass, card.unjudged].map(|points| show(Some(points), Unit::Count));
        table.rows.push([card.name.clone(), scenario.name.clone()].into_iter().chain(points).collect());
    }
    table
}

/// What scenarios with a steady load show that the service sustains, one line each.
pub fn estimates(report: &Report) -> Table {
    let mut table =
        Table::new(&["scenario", "at once", "service time", "at full load", "sustainable", "users"], 1);
    for (scenario, known) in report.scenarios.iter().filter_map(|s| Some((s, s.estimate.as_ref()?))) {
        table.rows.push(vec![
            scenario.name.clone(),
            show(Some(known.concurrency), Unit::Count),
            show(Some(known.service_time_ms), Unit::Ms),
            show(Some(known.at_full_load), Unit::PerSecond),
            show(Some(known.throughput), Unit::PerSecond),
            show(Some(known.users), Unit::Count),
        ]);
    }
    table
}

/// The conditions of a scenario.
pub fn conditions(scenario: &Scenario) -> Table {
    let mut table = Table::new(&["condition", "verdict", "level", "what was seen", "for"], 5);
    table.rows = scenario
        .conditions
        .iter()
        .map(|c| {
            let level = match c.level {
                loadgate_report::model::Level::Critical => "critical",
                loadgate_report::model::Level::Warn => "warn",
            };
            vec![
                c.text.clone(),
                c.verdict.to_string(),
                level.to_owned(),
                c.message.clone(),
                c.requirement.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table
}
