//! The charts of a scenario. Each is one file and one line in [`CHARTS`].
//!
//! A chart is a pure function of a scenario, its baseline and a style. It gives the figure, its legend and a table with
//! the same numbers, so that nothing is told by shapes and colours alone.

mod axis;
mod backend;
mod frame;
mod histogram;
mod interval;
mod latency_over_time;
mod memory_over_time;
mod outcome;
mod percentiles;
mod processor_over_time;
mod range;
mod requests_over_time;
mod shift;
mod standalone;
mod trend;
mod users_over_time;

pub use self::interval::{Interval, interval};
pub use self::outcome::{outcome, outcomes};
pub use self::range::RangeScale;
pub use self::standalone::standalone;
pub use self::trend::trend;
use crate::html::Node;
use crate::model::{BaseCurve, ComparedFigure, Scenario};
use crate::page::Table;

/// How a chart is to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartStyle {
    /// Width of the drawing in user units; it scales to the room there is.
    pub width: u32,
    /// Height in user units.
    pub height: u32,
    /// Whether places on the chart tell their numbers when pointed at; for the interactive page.
    pub read_outs: bool,
    /// At most so many intervals of the run; more are joined.
    pub intervals: usize,
    /// The seconds of the run to show, `None` for all.
    pub span: Option<(f64, f64)>,
}

impl Default for ChartStyle {
    fn default() -> Self {
        Self { width: 440, height: 220, read_outs: false, intervals: 240, span: None }
    }
}

/// What a scenario is held against; empty without a baseline, or where the reader left it out.
#[derive(Clone, Debug, Default)]
pub struct Before<'a> {
    /// The baseline's distribution of latencies.
    pub curve: Option<&'a BaseCurve>,
    /// The scenario's compared figures.
    pub figures: Vec<&'a ComparedFigure>,
}

impl Before<'_> {
    /// A figure as it was before.
    pub fn figure(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|f| f.figure == name)?.before.filter(|value| value.is_finite())
    }
}

/// A drawn chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The `svg` element.
    pub figure: Node,
    /// What the colours stand for.
    pub legend: Node,
    /// The same as numbers.
    pub table: Table,
}

/// Samples below which a distribution is not drawn: a table says as much with less.
const ENOUGH: u64 = 10;

/// A kind of chart.
pub struct ChartKind {
    /// Stable name, used in addresses.
    pub id: &'static str,
    /// Title above the chart.
    pub title: &'static str,
    /// Draws it; `None` where the scenario has nothing to show in it.
    pub draw: fn(&Scenario, &Before<'_>, &ChartStyle) -> Option<Chart>,
}

/// The charts of a scenario in their order on the page.
pub const CHARTS: &[ChartKind] = &[
    ChartKind { id: "percentiles", title: "Latency by percentile", draw: percentiles::draw },
    ChartKind { id: "histogram", title: "Latency distribution", draw: histogram::draw },
    ChartKind { id: "shift", title: "Change by percentile", draw: shift::draw },
    ChartKind { id: "requests", title: "Requests over time", draw: requests_over_time::draw },
    ChartKind { id: "latency", title: "Latency over time", draw: latency_over_time::draw },
    ChartKind { id: "users", title: "Users over time", draw: users_over_time::draw },
    ChartKind { id: "memory", title: "Memory of the target over time", draw: memory_over_time::draw },
    ChartKind {
        id: "processor",
        title: "Processor of the target over time",
        draw: processor_over_time::draw,
    },
];
