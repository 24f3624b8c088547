//! All scenarios side by side.

use super::Page;
use super::table::{Cell, Column, Table};
use super::words::{change, change_outcome, cut, labels, verdict};
use crate::chart::RangeScale;
use crate::html::{Node, el, list};
use crate::model::{ComparedFigure, Scenario};
use crate::quantity::Unit;

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    if page.report.scenarios.is_empty() {
        return None;
    }
    let table = table(page);
    if table.rows.is_empty() {
        return Some(el("p").class("quiet").with("No scenario fits the search.").into());
    }
    Some(page.show(&table))
}

/// The scenarios as a table.
pub(super) fn table(page: &Page<'_>) -> Table {
    let all = &page.report.scenarios;
    let mut counters: Vec<&str> = Vec::new();
    for counter in all.iter().flat_map(|s| &s.counters) {
        if !counters.contains(&counter.name.as_str()) {
            counters.push(&counter.name);
        }
    }
    let refusals = all.iter().any(|s| s.refused > 0);
    let grades = all.iter().any(|s| s.grade.is_some());

    let mut columns = vec![
        Column::text("scenario"),
        Column::text("verdict"),
        Column::number("users"),
        Column::number("requests"),
        Column::number("failed"),
    ];
    if refusals {
        columns.push(Column::number("refused"));
    }
    columns.extend(["success", "per second", "mean", "p50", "p95", "p99"].map(Column::number));
    let scale = RangeScale::over(all.iter().map(|s| &s.latency_ms)).filter(|_| all.len() > 1);
    columns.extend(counters.iter().map(|name| Column::number(cut(name, 24))));
    if grades {
        columns.push(Column::text("grade"));
    }
    if scale.is_some() {
        columns.push(Column::text("latency, p50 to p95"));
    }
    let mut table = Table::new("scenarios-table", "All scenarios", columns);
    for (scenario, _) in page.scenarios() {
        let latency = &scenario.latency_ms;
        let figure = |name: &str, value: Option<f64>, unit: Unit| {
            with_change(Cell::quantity(value, unit), page.compared(&scenario.name, name))
        };
        let mut cells = vec![
            name(page, scenario),
            Cell::node(verdict(scenario.verdict), scenario.verdict.as_str()),
            Cell::count(u64::from(scenario.users_peak)),
            Cell::count(scenario.requests),
            Cell::count(scenario.failed_total()),
        ];
        if refusals {
            cells.push(Cell::count(scenario.refused));
        }
        cells.push(figure("success_rate", scenario.success_rate, Unit::Ratio));
        cells.push(figure("throughput", scenario.throughput, Unit::PerSecond));
        cells.push(figure("latency.mean", latency.mean, Unit::Ms));
        cells.push(figure("latency.p50", latency.p50, Unit::Ms));
        cells.push(figure("latency.p95", latency.p95, Unit::Ms));
        cells.push(figure("latency.p99", latency.p99, Unit::Ms));
        for name in &counters {
            let counter = scenario.counters.iter().find(|c| c.name == *name);
            cells.push(match counter {
                Some(counter) => figure(&format!("{name}.rate"), counter.rate, Unit::Ratio),
                None => Cell::empty(),
            });
        }
        if grades {
            cells
                .push(scenario.grade.as_deref().map_or_else(Cell::empty, |grade| Cell::text(cut(grade, 40))));
        }
        if let Some(scale) = scale {
            let compared = ["latency.p50", "latency.p95"].map(|figure| page.compared(&scenario.name, figure));
            let before: Vec<_> = compared.into_iter().flatten().filter(|_| !page.view.no_baseline).collect();
            cells.push(Cell::drawn(Node::from(scale.draw(latency, &before)), latency.p95));
        }
        table.marked_row(scenario.verdict.as_str(), cells);
    }
    table
}

fn name(page: &Page<'_>, scenario: &Scenario) -> Cell {
    let shown = list([
        page.link(&scenario.name),
        list(labels(scenario.requirements.iter().map(String::as_str))),
        el("span").class("load quiet").with(cut(&scenario.load, 80)).into(),
    ]);
    Cell::node(shown, scenario.name.as_str())
}

/// A figure with its change beneath, where it was compared and did change.
fn with_change(mut cell: Cell, compared: Option<&ComparedFigure>) -> Cell {
    if let Some((figure, by)) = compared.and_then(|c| Some((c, c.change?))) {
        let class = change_outcome(figure.outcome).0;
        if class != "same" {
            cell.shown =
                list([cell.shown, el("span").class(format!("change {class}")).with(change(by)).into()]);
        }
    }
    cell
}
