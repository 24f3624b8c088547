//! The latency histogram: how often which latency, with the baseline as an outline.

use super::axis::Axis;
use super::backend::Ink;
use super::frame::{Frame, Key, legend};
use super::{Before, Chart, ChartStyle, ENOUGH};
use crate::model::Scenario;
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

const BINS: usize = 36;

pub(super) fn draw(scenario: &Scenario, before: &Before<'_>, style: &ChartStyle) -> Option<Chart> {
    let histogram = &scenario.latency_ms.histogram;
    if histogram.count() < ENOUGH {
        return None;
    }

    let (min, max) = (histogram.min_ms()?, histogram.max_ms()?);
    let x = Axis::spread(min, max.max(min * 1.02));
    let total = histogram.count() as f64;

    let mut counts = [0u64; BINS];
    for (us, n) in histogram.buckets() {
        counts[bin(&x, us as f64 / 1000.0)] += n;
    }
    let before = before.curve.map(|base| {
        let mut shares = [0.0; BINS];
        let mut seen = 0.0;
        for [share, ms] in &base.points {
            // What lies beyond this run's range is not piled up at its edges.
            if x.holds(*ms) {
                shares[bin(&x, *ms)] += share - seen;
            }
            seen = *share;
        }
        shares
    });
    let top =
        counts.iter().map(|n| *n as f64 / total).chain(before.into_iter().flatten()).fold(0.0, f64::max);

    let edge = |i: usize| x.value_at(i as f64 / BINS as f64);
    let frame = Frame {
        about: format!(
            "Latency distribution of {} requests; the same numbers are in the table below.",
            histogram.count()
        ),
        x: x.clone(),
        y: Axis::linear(top, Unit::Ratio, 4),
        style,
    };
    let figure = frame.draw(&mut |plot| {
        plot.area(outline(&edge, &counts.map(|n| n as f64 / total)), Ink::Now)?;
        if let Some(before) = &before {
            plot.line(outline(&edge, before), Ink::Base, 15)?;
        }
        for (i, n) in counts.iter().enumerate() {
            let middle = x.value_at((i as f64 + 0.5) / BINS as f64);
            plot.read_out(edge(i), edge(i + 1), middle, told(edge(i), edge(i + 1), *n, *n as f64 / total));
        }
        Ok(())
    });

    let mut keys = vec![Key { class: "now area", text: "this run".to_owned() }];
    if before.is_some() {
        keys.push(Key { class: "base", text: "baseline".to_owned() });
    }
    let mut table = Table::new(
        "histogram",
        "Latency distribution",
        vec![
            Column::number("from"),
            Column::number("to"),
            Column::number("requests"),
            Column::number("share"),
        ],
    );
    for (i, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        table.row(vec![
            Cell::derived(edge(i), Unit::Ms),
            Cell::derived(edge(i + 1), Unit::Ms),
            Cell::derived(*n as f64, Unit::Count),
            Cell::derived(*n as f64 / total, Unit::Ratio),
        ]);
    }
    Some(Chart { figure, legend: legend(&keys).into(), table })
}

fn bin(x: &Axis, ms: f64) -> usize {
    ((x.place(ms) * BINS as f64) as usize).min(BINS - 1)
}

/// The upper edge of all bars as one line, from the axis and back to it.
fn outline(edge: &dyn Fn(usize) -> f64, heights: &[f64; BINS]) -> Vec<(f64, f64)> {
    let first = heights.iter().position(|h| *h > 0.0).unwrap_or(0);
    let end = heights.iter().rposition(|h| *h > 0.0).map_or(0, |i| i + 1);
    let mut line = vec![(edge(first), 0.0)];
    for (i, height) in heights.iter().enumerate().take(end).skip(first) {
        line.extend([(edge(i), *height), (edge(i + 1), *height)]);
    }
    line.push((edge(end), 0.0));
    line
}

fn told(from: f64, to: f64, n: u64, share: f64) -> String {
    format!(
        "{} to {}: {} requests, {}",
        Quantity::new(from, Unit::Ms),
        Quantity::new(to, Unit::Ms),
        n,
        Quantity::new(share, Unit::Ratio)
    )
}
