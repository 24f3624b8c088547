//! Requests per second over the run, by outcome.

use super::axis::Axis;
use super::backend::Ink;
use super::frame::{Drawn, Frame, Key, Plot, legend};
use super::{Before, Chart, ChartStyle};
use crate::model::{Phase, Scenario, Series};
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

pub(super) fn draw(scenario: &Scenario, before: &Before<'_>, style: &ChartStyle) -> Option<Chart> {
    let series = &scenario.series;
    let spans = spans(series, style);
    if spans.len() < 2 {
        return None;
    }
    let (first, last) = (spans.first()?, spans.last()?);
    let seconds = |span: &Span| span.to - span.from;
    let sums: Vec<[f64; 3]> = spans
        .iter()
        .map(|span| {
            let sum =
                |column: &[u64]| column.get(span.rows.clone()).unwrap_or_default().iter().sum::<u64>() as f64;
            [&series.ok, &series.refused, &series.failed].map(|column| sum(column) / seconds(span))
        })
        .collect();
    let top = sums.iter().map(|s| s.iter().sum::<f64>()).fold(0.0, f64::max);
    // A baseline from another world would press the run flat against the axis.
    let base = before.figure("throughput").filter(|base| *base < top * 4.0);
    if top == 0.0 {
        return None;
    }
    let shown: Vec<usize> = (0..3).filter(|i| *i == 0 || sums.iter().any(|s| s[*i] > 0.0)).collect();

    let frame = Frame {
        about: "Requests per second by outcome; the same numbers are in the table below.".to_owned(),
        x: Axis::time(first.from, last.to),
        y: Axis::linear(base.unwrap_or(0.0).max(top), Unit::PerSecond, 4),
        style,
    };
    let figure = frame.draw(&mut |plot| {
        phases(plot, &scenario.phases, (first.from, last.to), top)?;
        // The whole first, then what lies in front of it, so that each outcome is one shape.
        for &outcome in shown.iter().rev() {
            let mut corners = vec![(first.from, 0.0)];
            for (span, sum) in spans.iter().zip(&sums) {
                let height = sum[..=outcome].iter().sum();
                corners.push((span.from, height));
                corners.push((span.to, height));
            }
            corners.push((last.to, 0.0));
            plot.area(corners, [Ink::Ok, Ink::Refused, Ink::Failed][outcome])?;
        }
        plot.level(base, (first.from, last.to))?;
        for (span, sum) in spans.iter().zip(&sums) {
            let mut text = at(span);
            for &outcome in &shown {
                let rate = Quantity::new(sum[outcome], Unit::PerSecond);
                text.push_str(&format!(" · {rate} {}", WORDS[outcome]));
            }
            plot.read_out_seconds(span.from, span.to, text);
        }
        Ok(())
    });

    let mut keys: Vec<Key> = shown
        .iter()
        .map(|i| Key { class: ["ok area", "refused area", "failed area"][*i], text: WORDS[*i].to_owned() })
        .collect();
    if let Some(base) = base {
        keys.push(Key { class: "base", text: format!("baseline {}", Quantity::new(base, Unit::PerSecond)) });
    }
    let mut columns = vec![Column::number("time")];
    columns.extend(shown.iter().map(|i| Column::number(WORDS[*i])));
    let mut table = Table::new("requests", "Requests per second over time", columns);
    for (span, sum) in spans.iter().zip(&sums) {
        let mut cells = vec![Cell::derived(span.from * 1000.0, Unit::Ms)];
        cells.extend(shown.iter().map(|i| Cell::derived(sum[*i], Unit::PerSecond)));
        table.row(cells);
    }
    Some(Chart { figure, legend: legend(&keys).into(), table })
}

const WORDS: [&str; 3] = ["ok", "refused", "failed"];

/// Intervals of a series that are shown as one.
pub(super) struct Span {
    pub(super) rows: std::ops::Range<usize>,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// The intervals of the span that is shown, joined so that there are no more than the style wants.
pub(super) fn spans(series: &Series, style: &ChartStyle) -> Vec<Span> {
    let rows = series.ok.len();
    let step = series.interval_s;
    if step.is_nan() || step <= 0.0 {
        return Vec::new();
    }
    let (from, to) = style.span.map_or((0, rows), |(from, to)| {
        (((from / step) as usize).min(rows), ((to / step).ceil() as usize).min(rows))
    });
    let joined = to.saturating_sub(from).div_ceil(style.intervals).max(1);
    (from..to)
        .step_by(joined)
        .map(|start| {
            let end = (start + joined).min(to);
            Span { rows: start..end, from: start as f64 * step, to: end as f64 * step }
        })
        .collect()
}

/// The seconds of a span in words.
pub(super) fn at(span: &Span) -> String {
    let seconds = |s: f64| Quantity::new(s * 1000.0, Unit::Ms);
    format!("{} to {}", seconds(span.from), seconds(span.to))
}

/// Marks where phases of the run begin, with their names.
pub(super) fn phases(plot: &mut Plot<'_>, phases: &[Phase], shown: (f64, f64), top: f64) -> Drawn {
    use plotters::style::text_anchor::HPos;
    for phase in phases.iter().filter(|p| p.from_s < shown.1 && p.to_s > shown.0) {
        let from = phase.from_s.max(shown.0);
        if from > shown.0 {
            plot.line(vec![(from, 0.0), (from, f64::MAX)], Ink::Phase, 10)?;
        }
        let room = plot.width_of(from, phase.to_s.min(shown.1)) / 6.5;
        let name: String = phase.name.chars().take(room as usize).collect();
        if name.chars().count() > 2 {
            plot.text(name, (from, top * 100.0), HPos::Left, (4, -1))?;
        }
    }
    Ok(())
}
