//! Memory, processor and I/O of the target, and what was read from it meanwhile.

use super::Part;
use crate::html::{Node, nothing};
use crate::page::table::{count, quantity};
use crate::page::words::{cut, seconds};
use crate::page::{Cell, Column, Table, facts};
use crate::quantity::Unit;

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let resources = part.scenario.resources.as_ref().map_or_else(nothing, |r| {
        let bytes = |value: f64| quantity(Some(value), Unit::Bytes);
        let optional = |value: Option<f64>, unit| value.map_or_else(nothing, |v| quantity(Some(v), unit));
        facts(vec![
            ("Memory before", bytes(r.memory_before)),
            ("Peak", bytes(r.memory_peak)),
            ("After", bytes(r.memory_after)),
            ("Growth", bytes(r.memory_growth)),
            ("Trend", optional(r.memory_slope, Unit::BytesPerSecond)),
            ("Processor", quantity(Some(r.cpu_cores), Unit::Cores)),
            ("Processor time", seconds(r.cpu_s)),
            ("Read", optional(r.read_bytes, Unit::Bytes)),
            ("Written", optional(r.written_bytes, Unit::Bytes)),
            ("Most open files", r.open_files_peak.map_or_else(nothing, count)),
        ])
    });
    let mut columns = vec![Column::text("probe")];
    columns.extend(["before", "after", "smallest", "largest", "readings"].map(Column::number));
    let mut table = Table::new("probes", "Probes", columns);
    for probe in &part.scenario.probes {
        let mut cells = vec![Cell::text(cut(&probe.name, 80))];
        cells.extend(
            [probe.before, probe.after, probe.min, probe.max].map(|v| Cell::quantity(v, Unit::Count)),
        );
        cells.push(Cell::count(probe.samples));
        table.row(cells);
    }
    Part::all(vec![resources, Node::from(part.table(table))])
}
