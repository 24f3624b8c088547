//! Users at work over the run, where their number changes.

use super::axis::Axis;
use super::backend::Ink;
use super::frame::{Frame, Key, legend};
use super::requests_over_time::{Span, at, phases, spans};
use super::{Before, Chart, ChartStyle};
use crate::model::Scenario;
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

pub(super) fn draw(scenario: &Scenario, _: &Before<'_>, style: &ChartStyle) -> Option<Chart> {
    let series = &scenario.series;
    if series.users.windows(2).all(|pair| pair[0] == pair[1]) {
        return None;
    }
    let spans = spans(series, style);
    if spans.len() < 2 {
        return None;
    }
    let (first, last) = (spans.first()?, spans.last()?);
    let most = |span: &Span| {
        f64::from(series.users.get(span.rows.clone()).unwrap_or_default().iter().copied().max().unwrap_or(0))
    };
    let values: Vec<f64> = spans.iter().map(most).collect();
    let top = values.iter().copied().fold(1.0, f64::max);
    let frame = Frame {
        about: "Users at work over time; the same numbers are in the table below.".to_owned(),
        x: Axis::time(first.from, last.to),
        y: Axis::linear(top, Unit::Count, 4),
        style,
    };
    let figure = frame.draw(&mut |plot| {
        phases(plot, &scenario.phases, (first.from, last.to), top)?;
        let line = spans.iter().zip(&values).flat_map(|(span, n)| [(span.from, *n), (span.to, *n)]).collect();
        plot.line(line, Ink::Now, 18)?;
        for (span, n) in spans.iter().zip(&values) {
            let users = Quantity::new(*n, Unit::Count);
            plot.read_out_seconds(span.from, span.to, format!("{} · {users} users", at(span)));
        }
        Ok(())
    });
    let mut table = Table::new(
        "users-at-work",
        "Users at work over time",
        vec![Column::number("time"), Column::number("users")],
    );
    for (span, n) in spans.iter().zip(&values) {
        table.row(vec![Cell::derived(span.from * 1000.0, Unit::Ms), Cell::derived(*n, Unit::Count)]);
    }
    let keys = [Key { class: "now", text: "users".to_owned() }];
    Some(Chart { figure, legend: legend(&keys).into(), table })
}
