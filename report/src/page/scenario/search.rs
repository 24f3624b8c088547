//! The search for a capacity: what was found, and every level that was tried.

use super::Part;
use crate::html::{Node, el, list};
use crate::model::{LevelOutcome, Search, SearchLevel, SearchOver};
use crate::page::table::quantity;
use crate::page::words::{cut, prose, seconds};
use crate::page::{Cell, Column, Table, facts};
use crate::quantity::Unit;

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let search = part.scenario.search.as_ref()?;
    let found =
        el("p").class("reason").with(el("b").with(search.short())).with(": ").with(prose(&search.reason));
    let limits: Vec<Node> = search
        .limits
        .iter()
        .flat_map(|limit| [el("code").with(cut(limit, 120)).into(), " ".into()])
        .collect();
    let bounds = [search.from, search.to].map(|level| quantity(Some(level), Unit::Count));
    let [from, to] = bounds;
    let about = facts(vec![
        ("Limits", list(limits)),
        ("Range", list([from, " to ".into(), to])),
        ("Each level", seconds(search.each_s)),
        ("Precision", quantity(Some(search.precision), Unit::Ratio)),
    ]);
    Part::all(vec![found.into(), Node::from(part.table(levels(search))), about])
}

fn levels(search: &Search) -> Table {
    let what = match search.over {
        SearchOver::Users => "users",
        SearchOver::Rate => "flows/s",
    };
    let mut columns = vec![Column::number(what), Column::text("outcome")];
    columns.extend(
        ["requests", "refused", "failed", "success", "per second", "mean", "p50", "p95", "longest"]
            .map(Column::number),
    );
    columns.push(Column::prose("what was seen"));
    let mut table = Table::new("levels", "Levels in the order in which they were tried", columns);
    for level in &search.levels {
        table.marked_row(class(level.outcome), row(level));
    }
    table
}

fn class(outcome: LevelOutcome) -> &'static str {
    match outcome {
        LevelOutcome::Held => "pass",
        LevelOutcome::Broke => "warn",
        LevelOutcome::Generator | LevelOutcome::Unjudged => "invalid",
    }
}

fn row(level: &SearchLevel) -> Vec<Cell> {
    let mut cells = vec![
        Cell::quantity(Some(level.level), Unit::Count),
        Cell::text(level.outcome.as_str()),
        Cell::count(level.requests),
        Cell::count(level.refused),
        Cell::count(level.failed),
        Cell::quantity(level.success_rate, Unit::Ratio),
        Cell::quantity(level.throughput, Unit::PerSecond),
    ];
    cells.extend(
        [level.mean_ms, level.p50_ms, level.p95_ms, level.max_ms].map(|ms| Cell::quantity(ms, Unit::Ms)),
    );
    cells.push(Cell::node(prose(&level.message), level.message.as_str()));
    cells
}
