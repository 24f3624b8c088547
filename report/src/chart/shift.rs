//! How the whole distribution moved: the change of each percentile against the baseline.
//!
//! A shift of the whole shows as a level line, a longer tail as one that rises at its end. Nothing is judged here: single
//! percentiles far in the tail rest on few requests.

use super::axis::{Axis, percentile};
use super::backend::Ink;
use super::frame::{Frame, Key, legend};
use super::percentiles::at_share;
use super::{Before, Chart, ChartStyle, ENOUGH};
use crate::model::Scenario;
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

/// Places along the axis.
const PLACES: u32 = 60;

pub(super) fn draw(scenario: &Scenario, before: &Before<'_>, style: &ChartStyle) -> Option<Chart> {
    let histogram = &scenario.latency_ms.histogram;
    if histogram.count() < ENOUGH {
        return None;
    }
    let base: Vec<(f64, f64)> = before.curve?.points.iter().map(|p| (p[0], p[1])).collect();
    let curve = histogram.curve();
    let x = Axis::tail(histogram.count());
    let places: Vec<Place> = (0..PLACES)
        .filter_map(|i| {
            let at = |i: u32| x.value_at(f64::from(i) / f64::from(PLACES));
            let (from, to) = (at(i), at(i + 1));
            let q = x.value_at((f64::from(i) + 0.5) / f64::from(PLACES));
            let (now, before) = (at_share(&curve, q)?, at_share(&base, q)?);
            let change = now / before - 1.0;
            change.is_finite().then_some(Place { from, to, q, now, before, change })
        })
        .collect();
    let reach = places.iter().map(|p| p.change.abs()).fold(0.0, f64::max);
    if places.is_empty() {
        return None;
    }
    let frame = Frame {
        about:
            "Change of each latency percentile against the baseline; the same numbers are in the table below."
                .to_owned(),
        x: x.clone(),
        y: Axis::change(reach.clamp(0.05, 4.0)),
        style,
    };
    let end = x.end();
    let figure = frame.draw(&mut |plot| {
        plot.line(vec![(0.0, 0.0), (end, 0.0)], Ink::Base, 15)?;
        let line = places.iter().flat_map(|p| [(p.from, p.change), (p.to, p.change)]).collect();
        plot.line(line, Ink::Now, 20)?;
        for p in &places {
            plot.read_out(p.from, p.to, p.q, p.told());
        }
        Ok(())
    });
    let keys = [
        Key { class: "now", text: "this run".to_owned() },
        Key { class: "base", text: "baseline".to_owned() },
    ];
    let columns = vec![
        Column::text("percentile"),
        Column::number("this run"),
        Column::number("baseline"),
        Column::number("change"),
    ];
    let mut table = Table::new("shift", "Change by percentile", columns);
    for q in [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999] {
        let Some(now) = histogram.quantile_ms(q) else { break };
        let Some(before) = at_share(&base, q).filter(|before| *before > 0.0) else { break };
        table.row(vec![
            Cell::text(percentile(q)),
            Cell::derived(now, Unit::Ms),
            Cell::derived(before, Unit::Ms),
            Cell::drawn(crate::page::signed(now / before - 1.0), Some(now / before - 1.0)),
        ]);
    }
    Some(Chart { figure, legend: legend(&keys).into(), table })
}

/// One place of the curve.
struct Place {
    from: f64,
    to: f64,
    q: f64,
    now: f64,
    before: f64,
    change: f64,
}

impl Place {
    fn told(&self) -> String {
        format!(
            "{}: {} against {}, {}",
            percentile((self.q * 10_000.0).round() / 10_000.0),
            Quantity::new(self.now, Unit::Ms),
            Quantity::new(self.before, Unit::Ms),
            crate::page::signed(self.change)
        )
    }
}
