//! The figures of a scenario by step, by class of users, and split by its counters.

use std::collections::BTreeMap;

use super::Part;
use crate::chart::RangeScale;
use crate::html::{Node, el, list};
use crate::model::{Distribution, FailureKind};
use crate::page::words::cut;
use crate::page::{Cell, Column, Table};
use crate::quantity::Unit;

const LATENCY: [&str; 6] = ["mean", "p50", "p90", "p95", "p99", "longest"];

fn latency(d: &Distribution) -> impl Iterator<Item = Cell> {
    [d.mean, d.p50, d.p90, d.p95, d.p99, d.max].into_iter().map(|value| Cell::quantity(value, Unit::Ms))
}

/// Title of the column that [`picture`] fills.
const PICTURE: &str = "p50 to p95";

/// A distribution on the scale of its table.
fn picture(scale: RangeScale, d: &Distribution) -> Cell {
    Cell::drawn(Node::from(scale.draw(d, &[])), d.p95)
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
    let streams = steps.iter().any(|s| s.tokens_per_s.is_some());
    let unstreamed = steps.iter().any(|s| s.unstreamed > 0);
    let limited = steps.iter().any(|s| s.goodput.is_some());
    let retried = steps.iter().any(|s| s.retries > 0);
    let scale = RangeScale::over(steps.iter().map(|s| &s.latency_ms)).filter(|_| steps.len() > 1);
    let mut columns = vec![Column::text("step")];
    columns.extend(["requests", "ok", "refused", "failed", "success"].map(Column::number));
    columns.extend(LATENCY.map(Column::number));
    if streams {
        columns.push(Column::number("tokens/s"));
    }
    if unstreamed {
        columns.push(Column::number("unstreamed"));
    }
    if limited {
        columns.push(Column::number("goodput"));
    }
    if retried {
        columns.push(Column::number("retries"));
    }
    columns.extend(scale.map(|_| Column::text(PICTURE)));
    let mut table = Table::new("steps", "Steps", columns);
    for step in steps {
        let request = (step.request != step.name)
            .then(|| el("span").class("load quiet").with(el("code").with(cut(&step.request, 80))));
        // A single status needs no mention.
        let statuses = (step.statuses.len() > 1).then(|| {
            let told: Vec<String> =
                step.statuses.iter().map(|(status, n)| format!("{status} × {n}")).collect();
            el("span").class("load quiet").with(told.join(", "))
        });
        let name = list([
            Node::from(el("bdi").with(cut(&step.name, 80))),
            Node::from(request),
            Node::from(statuses),
        ]);
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
            cells.push(Cell::quantity(step.tokens_per_s, Unit::PerSecond));
        }
        if unstreamed {
            cells.push(Cell::count(step.unstreamed));
        }
        if limited {
            cells.push(Cell::quantity(step.goodput, Unit::Ratio));
        }
        if retried {
            cells.push(Cell::count(step.retries));
        }
        cells.extend(scale.map(|scale| picture(scale, &step.latency_ms)));
        table.row(cells);
    }
    part.table(table)
}

/// Times within the requests, apart from the latency: each step with those that it has.
pub(super) fn times(part: &Part<'_>) -> Option<Node> {
    let all: Vec<(&str, &str, &Distribution)> = part
        .scenario
        .steps
        .iter()
        .flat_map(|step| {
            // Where every request was sent when it was due, the service time is the latency.
            let late = Some(&step.service_time_ms).filter(|d| d.count > 0 && **d != step.latency_ms);
            [
                ("queue wait", step.queue_wait_ms.as_ref()),
                ("first token", step.ttft_ms.as_ref()),
                ("between tokens", step.itl_ms.as_ref()),
                ("service time", late),
            ]
            .into_iter()
            .filter_map(|(what, d)| Some((step.name.as_str(), what, d?)))
        })
        .collect();
    let scale = RangeScale::over(all.iter().map(|(_, _, d)| *d));
    let mut columns = vec![Column::text("step"), Column::text("time"), Column::number("samples")];
    columns.extend(LATENCY.map(Column::number));
    columns.extend(scale.map(|_| Column::text(PICTURE)));
    let mut table = Table::new("times", "Times within the requests", columns);
    for (step, what, d) in all {
        let mut cells = vec![Cell::text(cut(step, 80)), Cell::text(what), Cell::count(d.count)];
        cells.extend(latency(d));
        cells.extend(scale.map(|scale| picture(scale, d)));
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
    let scale = RangeScale::over(part.scenario.classes.iter().map(|c| &c.latency_ms));
    columns.extend(scale.map(|_| Column::text(PICTURE)));
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
        cells.extend(scale.map(|scale| picture(scale, &class.latency_ms)));
        table.row(cells);
    }
    part.table(table)
}

pub(super) fn counters(part: &Part<'_>) -> Option<Node> {
    let mut columns = vec![Column::text("counter")];
    columns.extend(["responses", "rate"].map(Column::number));
    columns.extend(LATENCY.map(Column::number));
    let sides = part.scenario.counters.iter().flat_map(|c| [&c.latency_true_ms, &c.latency_false_ms]);
    let scale = RangeScale::over(sides);
    columns.extend(scale.map(|_| Column::text(PICTURE)));
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
            cells.extend(scale.map(|scale| picture(scale, d)));
            table.row(cells);
        }
    }
    part.table(table)
}
