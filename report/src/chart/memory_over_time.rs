//! Resident memory of the target over the run.

use super::axis::Axis;
use super::backend::Ink;
use super::frame::{Frame, Key, legend};
use super::requests_over_time::{Span, at, phases, spans};
use super::{Chart, ChartStyle};
use crate::model::{BaseCurve, Scenario};
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

pub(super) fn draw(scenario: &Scenario, _: Option<&BaseCurve>, style: &ChartStyle) -> Option<Chart> {
    let series = &scenario.series;
    if series.memory.iter().flatten().count() < 3 {
        return None;
    }
    let spans = spans(series, style.span, 240);
    if spans.len() < 2 {
        return None;
    }
    let (first, last) = (spans.first()?, spans.last()?);
    let most = |column: &[Option<f64>], span: &Span| {
        column.get(span.rows.clone())?.iter().flatten().copied().reduce(f64::max)
    };
    let memory: Vec<Option<f64>> = spans.iter().map(|span| most(&series.memory, span)).collect();
    let cores: Vec<Option<f64>> = spans.iter().map(|span| most(&series.cpu, span)).collect();
    let top = memory.iter().flatten().copied().reduce(f64::max)?;
    let frame = Frame {
        about: "Resident memory of the target over time; the same numbers are in the table below.".to_owned(),
        x: Axis::time(first.from, last.to),
        y: Axis::linear(top, Unit::Bytes, 4),
        style,
    };
    let middle = |span: &Span| (span.from + span.to) / 2.0;
    let figure = frame.draw(&mut |plot| {
        phases(plot, &scenario.phases, (first.from, last.to), top)?;
        let points: Vec<Option<(f64, f64)>> =
            spans.iter().zip(&memory).map(|(span, bytes)| bytes.map(|bytes| (middle(span), bytes))).collect();
        for run in points.split(Option::is_none) {
            let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
            match run[..] {
                [] => {}
                [only] => plot.dot(only, Ink::Now)?,
                _ => plot.line(run, Ink::Now, 18)?,
            }
        }
        for ((span, bytes), cores) in spans.iter().zip(&memory).zip(&cores) {
            let mut text = at(span);
            if let Some(bytes) = bytes {
                text.push_str(&format!(" · {}", Quantity::new(*bytes, Unit::Bytes)));
            }
            if let Some(cores) = cores {
                text.push_str(&format!(" · {}", Quantity::new(*cores, Unit::Cores)));
            }
            plot.read_out_seconds(span.from, span.to, text);
        }
        Ok(())
    });
    let columns = ["time", "memory", "processor"].map(Column::number).to_vec();
    let mut table = Table::new("memory", "Memory and processor of the target over time", columns);
    for ((span, bytes), cores) in spans.iter().zip(&memory).zip(&cores) {
        table.row(vec![
            Cell::derived(span.from * 1000.0, Unit::Ms),
            Cell::quantity(*bytes, Unit::Bytes),
            Cell::quantity(*cores, Unit::Cores),
        ]);
    }
    let keys = [Key { class: "now", text: "resident memory".to_owned() }];
    Some(Chart { figure, legend: legend(&keys).into(), table })
}
