//! The figures that are compared between runs and listed for every scenario.

use super::{Figure, Names};
use crate::model::Scenario;
use crate::quantity::Quantity;

/// A figure with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureValue {
    /// Its name, such as `latency.p95`.
    pub name: String,
    /// Its value.
    pub quantity: Quantity,
    /// Samples behind it.
    pub samples: u64,
}

/// The figures that every scenario may have, in the order in which they are listed.
const GENERAL: &[&str] = &[
    "latency.p50",
    "latency.p90",
    "latency.p95",
    "latency.p99",
    "latency.mean",
    "latency.max",
    "service_time.p50",
    "ttft.p50",
    "ttft.p95",
    "itl.p50",
    "itl.p95",
    "throughput",
    "capacity",
    "success_rate",
    "goodput",
    "error_rate",
    "refusal_rate",
    "requests",
    "ok",
    "refused",
    "failed",
    "memory.growth",
    "memory.peak",
    "memory.slope",
    "cpu.time",
];

/// The main figures of a scenario that have a value.
pub fn main_figures(scenario: &Scenario) -> Vec<FigureValue> {
    let names = Names::from(scenario);
    main_names(&names)
        .filter_map(|name| {
            // A name of the report itself may be hostile or odd; what does not parse is left out.
            let figure = Figure::parse(&name, &names).ok()?;
            let reading = figure.read(scenario);
            let value = reading.value()?;
            Some(FigureValue {
                name,
                quantity: Quantity::new(value, figure.unit()),
                samples: reading.samples(),
            })
        })
        .collect()
}

/// The names of the main figures: the general ones, the rate of each counter and the medians of its sides, and median and 95th
/// percentile of each class. Others are not compared between runs.
pub fn main_names(names: &Names) -> impl Iterator<Item = String> {
    let counters = names.counters.iter().flat_map(|c| {
        ["rate", "true.latency.p50", "false.latency.p50"].map(|figure| format!("{c}.{figure}"))
    });
    let classes = names
        .classes
        .iter()
        .flat_map(|c| ["latency.p50", "latency.p95"].map(|figure| format!("{c}.{figure}")));
    GENERAL.iter().map(|name| (*name).to_owned()).chain(counters).chain(classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Histogram;
    use crate::model::{Counter, FailureKind};

    #[test]
    fn only_figures_with_a_value_are_listed() {
        assert!(!main_figures(&Scenario::default()).iter().any(|f| f.name != "requests"));
        let mut latency = Histogram::default();
        (1..=30).for_each(|ms| latency.record_us(ms * 1000));
        let scenario = Scenario {
            requests: 32,
            ok: 30,
            failed: [(FailureKind::Timeout, 2)].into(),
            latency_ms: latency.into(),
            counters: vec![Counter {
                name: "cache_hit".into(),
                yes: 24,
                no: 6,
                rate: Some(0.8),
                ..Counter::default()
            }],
            ..Scenario::default()
        };
        let figures = main_figures(&scenario);
        let value = |name: &str| figures.iter().find(|f| f.name == name).map(|f| f.quantity.value);
        assert_eq!(value("latency.p99"), None);
        assert!(value("latency.p95").is_some_and(|v| (28.0..30.1).contains(&v)));
        assert_eq!(value("error_rate"), Some(2.0 / 32.0));
        assert_eq!(value("cache_hit.rate"), Some(0.8));
        assert_eq!(value("memory.growth"), None);
    }
}
