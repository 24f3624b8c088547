//! Resident memory of the target over the run.

use super::processor_over_time::{Use, draw_use};
use super::{Before, Chart, ChartStyle};
use crate::model::Scenario;
use crate::quantity::Unit;

pub(super) fn draw(scenario: &Scenario, before: &Before<'_>, style: &ChartStyle) -> Option<Chart> {
    let shown = Use {
        id: "memory",
        title: "Memory of the target over time",
        name: "memory",
        about: "Resident memory of the target over time; the same numbers are in the table below.",
        unit: Unit::Bytes,
        values: &scenario.series.memory,
        before: before.figure("memory.peak").map(|bytes| ("peak", bytes)),
    };
    draw_use(scenario, &shown, style)
}
