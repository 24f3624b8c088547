//! All compared figures: now, before, change with its interval, what it comes to.

use super::Page;
use super::findings::outcome_mark;
use super::table::{Cell, Column, Table, quantity};
use super::words::{change, change_outcome, cut, prose, signed};
use crate::chart::{Interval, interval};
use crate::html::{Node, el, list, nothing};
use crate::model::{ComparedFigure, ComparisonMode, ComparisonStatus, Round, RoundChange};
use crate::quantity::Unit;

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    let comparison = page.report.comparison.as_ref()?;
    let how = match comparison.mode {
        ComparisonMode::Stored => "with stored runs",
        ComparisonMode::Paired => "with the base revision on this machine",
        ComparisonMode::Reports => "of two reports",
    };
    let status = match comparison.status {
        ComparisonStatus::Judged => "judged",
        ComparisonStatus::Shown => "latency and throughput shown, not judged",
        ComparisonStatus::Missing => "no baseline yet",
        ComparisonStatus::Incompatible => "the baseline does not fit",
    };
    let message =
        el("p").with(el("b").with(format!("Comparison {how}: {status}. "))).with(prose(&comparison.message));
    let next = comparison
        .next
        .as_deref()
        .map(|text| el("p").class("next").with(el("b").with("Next: ")).with(prose(text)));
    let table = table(page);
    let legend = legend(comparison.mode == ComparisonMode::Paired);
    let table = if table.rows.is_empty() { nothing() } else { list([legend, page.show(&table)]) };
    Some(list([message.into(), Node::from(next), table]))
}

/// The compared figures as a table.
pub(super) fn table(page: &Page<'_>) -> Table {
    let titles = [("scenario", false), ("figure", false), ("now", true), ("before", true), ("change", true)];
    let mut columns: Vec<Column> = titles
        .map(|(title, number)| if number { Column::number(title) } else { Column::text(title) })
        .to_vec();
    columns.extend([Column::text("interval, noise and limit"), Column::text("result")]);
    columns.extend(["seen from", "samples", "runs"].map(Column::number));
    let mut table = Table::new("comparison-table", "Compared figures", columns);
    let figures = page.report.comparison.iter().flat_map(|c| &c.figures);
    for figure in figures {
        if page.view.only_changed && change_outcome(figure.outcome).0 == "same" {
            continue;
        }
        if page.view.finds([figure.scenario.as_str(), figure.figure.as_str()]) {
            table.marked_row(change_outcome(figure.outcome).0, row(page, figure));
        }
    }
    table
}

fn row(page: &Page<'_>, figure: &ComparedFigure) -> Vec<Cell> {
    let limit =
        figure.limit.zip(figure.before).filter(|(_, before)| *before != 0.0).map(|(l, b)| l / b - 1.0);
    let picture = figure.change.and_then(|change| {
        let rounds = rounds(page, figure);
        interval(&Interval { change, interval: figure.interval, noise: figure.noise, limit, rounds }, false)
    });
    let told =
        figure.interval.map(|[low, high]| format!("{} to {}", signed(low), signed(high))).unwrap_or_default();
    let note = figure.note.as_deref().map(|note| el("span").class("note quiet").with(prose(note)));
    let result = list([outcome_mark(figure), Node::from(note)]);
    vec![
        Cell::node(page.link(&figure.scenario), figure.scenario.as_str()),
        Cell::node(el("code").with(cut(&figure.figure, 80)), figure.figure.as_str()),
        Cell::quantity(figure.now, figure.unit),
        Cell::quantity(figure.before, figure.unit),
        Cell::drawn(figure.change.map_or_else(|| quantity(None, figure.unit), change), figure.change),
        Cell::node(Node::from(picture), told),
        Cell::node(result, change_outcome(figure.outcome).1),
        detectable(figure),
        Cell::count(figure.samples),
        Cell::count(u64::from(figure.runs)),
    ]
}

/// What each round showed: of a paired comparison as it was judged, else this run's rounds against the figure before.
pub(super) fn rounds(page: &Page<'_>, figure: &ComparedFigure) -> Vec<RoundChange> {
    if !figure.round_changes.is_empty() {
        return figure.round_changes.clone();
    }
    let paired = page.report.comparison.as_ref().is_some_and(|c| c.mode == ComparisonMode::Paired);
    let before = figure.before.filter(|before| *before != 0.0 && !paired);
    let Some((before, scenario)) = before.zip(page.report.scenario(&figure.scenario)) else {
        return Vec::new();
    };
    let of_round = |round: &Round| {
        let value = round.figures.get(&figure.figure)?;
        let change = (value - before) / before.abs();
        Some(RoundChange { change, confirms: round.purpose == "confirm" })
    };
    scenario.rounds.iter().filter_map(of_round).collect()
}

/// What the marks of the pictures stand for.
fn legend(paired: bool) -> Node {
    let key = |class: &str, words: &str| {
        el("span").with(el("i").class(format!("key {class}"))).with(words.to_owned())
    };
    let rounds = if paired { "a round: head against base" } else { "a round of this run" };
    el("p")
        .class("legend")
        .with(key("mark now", "change"))
        .with(key("bar now", "its interval"))
        .with(key("area noise", "noise"))
        .with(key("upright limit", "limit"))
        .with(key("dot now", rounds))
        .with(key("ring now", "a confirming round"))
        .into()
}

/// The smallest change for the worse that would have been found.
fn detectable(figure: &ComparedFigure) -> Cell {
    let shown = figure.detectable.map(|by| quantity(Some(by), Unit::Ratio));
    Cell::drawn(Node::from(shown), figure.detectable)
}
