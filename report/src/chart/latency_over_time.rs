//! Latency quantiles of each interval of the run.

use super::axis::Axis;
use super::backend::Ink;
use super::frame::{Frame, Key, legend};
use super::requests_over_time::{Span, at, phases, spans};
use super::{Before, Chart, ChartStyle};
use crate::model::Scenario;
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

pub(super) fn draw(scenario: &Scenario, before: &Before<'_>, style: &ChartStyle) -> Option<Chart> {
    let series = &scenario.series;
    let spans = spans(series, style);
    if spans.len() < 2 {
        return None;
    }
    let (first, last) = (spans.first()?, spans.last()?);
    let columns = [
        ("p50", Ink::Now, &series.p50_ms),
        ("p95", Ink::Upper, &series.p95_ms),
        ("max", Ink::Limit, &series.max_ms),
    ];
    // Quantiles cannot be averaged: of joined intervals the worst one is shown.
    let worst = |column: &[Option<f64>], span: &Span| {
        column.get(span.rows.clone())?.iter().flatten().copied().reduce(f64::max)
    };
    let values: Vec<[Option<f64>; 3]> =
        spans.iter().map(|span| columns.map(|(_, _, column)| worst(column, span))).collect();
    let top = values.iter().flat_map(|v| v.iter().flatten()).copied().reduce(f64::max)?;
    let base: Vec<(&str, f64)> = ["p50", "p95"]
        .into_iter()
        .filter_map(|name| Some((name, before.figure(&format!("latency.{name}"))?)))
        .filter(|(_, ms)| *ms < top * 4.0)
        .collect();
    let highest = base.iter().map(|(_, ms)| *ms).fold(top, f64::max);
    let shown: Vec<usize> = (0..3).filter(|i| values.iter().any(|v| v[*i].is_some())).collect();

    let frame = Frame {
        about: "Latency over time; the same numbers are in the table below.".to_owned(),
        x: Axis::time(first.from, last.to),
        y: Axis::linear(highest, Unit::Ms, 4),
        style,
    };
    let middle = |span: &Span| (span.from + span.to) / 2.0;
    let figure = frame.draw(&mut |plot| {
        phases(plot, &scenario.phases, (first.from, last.to), top)?;
        for (_, ms) in &base {
            plot.level(Some(*ms), (first.from, last.to))?;
        }
        for &i in shown.iter().rev() {
            let ink = columns[i].1;
            // A gap in the samples is a gap in the line; a point between two gaps is a dot.
            let points: Vec<Option<(f64, f64)>> =
                spans.iter().zip(&values).map(|(span, v)| v[i].map(|ms| (middle(span), ms))).collect();
            for run in points.split(Option::is_none) {
                let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
                match run[..] {
                    [] => {}
                    _ if i == 2 => {
                        for point in run {
                            plot.line(vec![point, (point.0, point.1 * 0.985)], ink, 30)?;
                        }
                    }
                    [only] => plot.dot(only, ink)?,
                    _ => plot.line(run, ink, 18)?,
                }
            }
        }
        for (span, v) in spans.iter().zip(&values) {
            let mut text = at(span);
            for &i in &shown {
                match v[i] {
                    Some(ms) => {
                        text.push_str(&format!(" · {} {}", columns[i].0, Quantity::new(ms, Unit::Ms)))
                    }
                    None => text.push_str(&format!(" · {} n/a", columns[i].0)),
                }
            }
            plot.read_out_seconds(span.from, span.to, text);
        }
        Ok(())
    });

    let mut keys: Vec<Key> = shown
        .iter()
        .map(|i| Key { class: ["now", "upper", "limit"][*i], text: columns[*i].0.to_owned() })
        .collect();
    if !base.is_empty() {
        let told: Vec<String> =
            base.iter().map(|(name, ms)| format!("{name} {}", Quantity::new(*ms, Unit::Ms))).collect();
        keys.push(Key { class: "base", text: format!("baseline {}", told.join(", ")) });
    }
    let mut heads = vec![Column::number("time")];
    heads.extend(shown.iter().map(|i| Column::number(columns[*i].0)));
    let mut table = Table::new("latency", "Latency over time", heads);
    for (span, v) in spans.iter().zip(&values) {
        let mut cells = vec![Cell::derived(span.from * 1000.0, Unit::Ms)];
        cells.extend(shown.iter().map(|i| Cell::quantity(v[*i], Unit::Ms)));
        table.row(cells);
    }
    Some(Chart { figure, legend: legend(&keys).into(), table })
}
