//! The percentile curve: latency against the share of requests that were at least as fast, the tail stretched out.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, percentile};
use super::backend::Ink;
use super::frame::{Frame, Key, legend};
use super::{Before, Chart, ChartStyle, ENOUGH};
use crate::histogram::Histogram;
use crate::html::el;
use crate::model::Scenario;
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

/// Quantiles of the table and the read-outs.
const QUANTILES: &[f64] = &[0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999];

pub(super) fn draw(scenario: &Scenario, before: &Before<'_>, style: &ChartStyle) -> Option<Chart> {
    let histogram = &scenario.latency_ms.histogram;
    if histogram.count() < ENOUGH {
        return None;
    }
    let longest = histogram.max_ms()?;
    let base: Vec<(f64, f64)> =
        before.curve.map(|b| b.points.iter().map(|p| (p[0], p[1])).collect()).unwrap_or_default();
    let curve = histogram.curve();
    // A baseline from another world would press the curve flat against the axis.
    let top = base.iter().map(|p| p.1).fold(longest, f64::max).min(longest * 4.0);
    let x = Axis::tail(histogram.count());
    let y = Axis::linear(top, Unit::Ms, 4);
    let steps = staircase(&curve, &x);
    let base_steps = staircase(&base, &x);

    let frame = Frame {
        about: format!(
            "Latency by percentile of {} requests; the same numbers are in the table below.",
            histogram.count()
        ),
        x: x.clone(),
        y: y.clone(),
        style,
    };
    let figure = frame.draw(&mut |plot| {
        if !base_steps.is_empty() {
            plot.line(base_steps.clone(), Ink::Base, 15)?;
        }
        plot.line(steps.clone(), Ink::Now, 20)?;
        for q in [0.5, 0.95, 0.99] {
            if let Some(ms) = histogram.quantile_ms(q) {
                plot.dot((q, ms), Ink::Now)?;
                // The median lies close to the axis, so its label stands on the other side.
                let (side, by) = if q < 0.6 { (HPos::Left, 5) } else { (HPos::Right, -5) };
                plot.text(Quantity::new(ms, Unit::Ms).to_string(), (q, ms), side, (by, -5))?;
            }
        }
        for i in if style.read_outs { 0..60 } else { 0..0 } {
            let (from, to) = (f64::from(i) / 60.0, f64::from(i + 1) / 60.0);
            let q = x.value_at((from + to) / 2.0);
            let now = at_share(&curve, q);
            let before = at_share(&base, q);
            if let Some(now) = now {
                plot.read_out(x.value_at(from), x.value_at(to), q, told(q, now, before));
            }
        }
        Ok(())
    });

    let mut keys = vec![Key { class: "now", text: "this run".to_owned() }];
    if !base.is_empty() {
        keys.push(Key { class: "base", text: "baseline".to_owned() });
    }
    Some(Chart { figure, legend: legend(&keys).into(), table: table(histogram, &base) })
}

fn told(q: f64, now: f64, before: Option<f64>) -> String {
    let q = percentile((q * 10_000.0).round() / 10_000.0);
    let mut text = format!("{q} of the requests within {}", Quantity::new(now, Unit::Ms));
    if let Some(before) = before {
        text.push_str(&format!(" (baseline {})", Quantity::new(before, Unit::Ms)));
    }
    text
}

/// Value of the quantile function given by (share, value) points, ascending.
pub(super) fn at_share(points: &[(f64, f64)], q: f64) -> Option<f64> {
    points.iter().find(|(share, _)| *share >= q - 1e-12).or(points.last()).map(|p| p.1)
}

/// The quantile function as a line: flat over the share of each value. Points that would fall on the same pixel are
/// left out.
fn staircase(points: &[(f64, f64)], x: &Axis) -> Vec<(f64, f64)> {
    let mut line: Vec<(f64, f64)> = Vec::new();
    let mut from = 0.0;
    let mut drawn = -1.0;
    for (at, &(share, ms)) in points.iter().enumerate() {
        let place = x.place(share);
        if place - drawn > 1.0 / 150.0 || at + 1 == points.len() {
            line.push((from, ms));
            line.push((share.min(x.end()), ms));
            drawn = place;
            from = share.min(x.end());
        }
    }
    line
}

fn table(histogram: &Histogram, base: &[(f64, f64)]) -> Table {
    let mut columns = vec![Column::text("percentile"), Column::number("latency")];
    if !base.is_empty() {
        columns.push(Column::number("baseline"));
    }
    let mut table = Table::new("percentiles", "Latency by percentile", columns);
    for &q in QUANTILES {
        let Some(ms) = histogram.quantile_ms(q) else { break };
        let mut cells = vec![Cell::text(percentile(q)), Cell::derived(ms, Unit::Ms)];
        if !base.is_empty() {
            cells.push(at_share(base, q).map_or_else(Cell::empty, |ms| Cell::derived(ms, Unit::Ms)));
        }
        table.row(cells);
    }
    let mut last =
        vec![Cell::node(el("span").with("longest"), "100 %"), Cell::quantity(histogram.max_ms(), Unit::Ms)];
    if !base.is_empty() {
        last.push(Cell::quantity(base.last().map(|p| p.1), Unit::Ms));
    }
    table.row(last);
    table
}
