//! The figures of a scenario by step, by class of users, and split by its counters.

use std::collections::BTreeMap;

use super::Part;
use crate::html::{Node, el, list};
use crate::model::{Distribution, FailureKind};
use crate::page::words::cut;
use crate::page::{Cell, Column, Table};
use crate::quantity::Unit;

const LATENCY: [&str; 6] = ["mean", "p50", "p90", "p95", "p99", "longest"];

fn latency(d: &Distribution) -> impl Iterator<Item = Cell> {
    [d.mean, d.p50, d.p90, d.p95, d.p99, d.max].into_iter().map(|value| Cell::quantity(value, Unit::Ms))
}

/// The number of failures with their kinds.
fn failed(kinds: &BTreeMap<FailureKind, u64>) -> Cell {
    let mut cell = Cell::count(kinds.values().sum());
    let told = kinds.iter().filter(|(_, n)| **n > 0);
    let told =
        told.map(|(kind, n)| el("span").class("kind quiet").with(format!("{n} {}", kind.as_str())).into());
    cell.shown = list(std::iter::once(cell.shown).chain(told));
    cell
}

pub(super) fn steps(part: &Part<'_>) -> Option<Node> {
    let steps = &part.scenario.steps;
    let streams = steps.iter().any(|s| s.ttft_ms.is_some() || s.itl_ms.is_some());
    let mut columns = vec![Column::text("step")];
    columns.extend(["requests", "ok", "refused", "failed", "success"].map(Column::number));
    columns.extend(LATENCY.map(Column::number));
    if streams {
        columns.extend(
            ["first token p50", "first token p95", "between tokens p50", "tokens/s"].map(Column::number),
        );
    }
    let mut table = Table::new("steps", "Steps", columns);
    for step in steps {
        let request = (step.request != step.name)
            .then(|| el("span").class("load quiet").with(el("code").with(cut(&step.request, 80))));
        let name = list([Node::from(el("bdi").with(cut(&step.name, 80))), Node::from(request)]);
        let mut cells = vec![
            Cell::node(name, step.name.as_str()),
            Cell::count(step.requests),
            Cell::count(step.ok),
            Cell::count(step.refused),
            failed(&step.failed),
            Cell::quantity(step.success_rate, Unit::Ratio),
        ];
        cells.extend(latency(&step.latency_ms));
        if streams {
            let ttft = step.ttft_ms.as_ref();
            cells.push(Cell::quantity(ttft.and_then(|d| d.p50), Unit::Ms));
            cells.push(Cell::quantity(ttft.and_then(|d| d.p95), Unit::Ms));
            cells.push(Cell::quantity(step.itl_ms.as_ref().and_then(|d| d.p50), Unit::Ms));
            cells.push(Cell::quantity(step.tokens_per_s, Unit::PerSecond));
        }
        table.row(cells);
    }
    part.table(table)
}

pub(super) fn classes(part: &Part<'_>) -> Option<Node> {
    let mut columns = vec![Column::text("class")];
    columns.extend(
        ["users", "flows", "requests", "ok", "refused", "failed", "success", "per second"]
            .map(Column::number),
    );
    columns.extend(LATENCY.map(Column::number));
    let mut table = Table::new("classes", "Classes of users", columns);
    for class in &part.scenario.classes {
        let mut cells = vec![
            Cell::text(cut(&class.name, 80)),
            Cell::count(u64::from(class.users)),
            Cell::count(class.iterations),
            Cell::count(class.requests),
            Cell::count(class.ok),
            Cell::count(class.refused),
            failed(&class.failed),
            Cell::quantity(class.success_rate, Unit::Ratio),
            Cell::quantity(class.throughput, Unit::PerSecond),
        ];
        cells.extend(latency(&class.latency_ms));
        table.row(cells);
    }
    part.table(table)
}

pub(super) fn counters(part: &Part<'_>) -> Option<Node> {
    let mut columns = vec![Column::text("counter")];
    columns.extend(["responses", "rate"].map(Column::number));
    columns.extend(LATENCY.map(Column::number));
    let mut table = Table::new("counters", "Counters, with the latencies split by them", columns);
    for counter in &part.scenario.counters {
        let name = cut(&counter.name, 60);
        let sides =
            [(true, counter.yes, &counter.latency_true_ms), (false, counter.no, &counter.latency_false_ms)];
        for (side, n, d) in sides {
            let rate = if side { Cell::quantity(counter.rate, Unit::Ratio) } else { Cell::empty() };
            let mut cells = vec![
                Cell::text(format!("{name}: {}", if side { "yes" } else { "no" })),
                Cell::count(n),
                rate,
            ];
            cells.extend(latency(d));
            table.row(cells);
        }
    }
    part.table(table)
}
