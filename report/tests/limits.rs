//! Limits that decide what counts, from either side: which rounds the machine has spoiled, and which intervals are under load.

use loadgate_report::figure::{Figure, Names};
use loadgate_report::judge::paired::{PairedRound, Slot, look_at};
use loadgate_report::model::{Phase, Scenario, Series};

const NONE: [usize; 0] = [];

/// Twelve rounds alike, of which the last is changed.
fn dropped(pressure: f64, change: impl Fn(&mut PairedRound)) -> Vec<usize> {
    let slot = Slot { scenario: Scenario::default(), steal: Some(0.0), pressure: Some(pressure) };
    let round = PairedRound { block: 0, base: slot.clone(), head: slot, control_ms: Some(1.0) };
    let mut rounds = vec![round; 12];
    change(&mut rounds[11]);
    look_at(&rounds).dropped.iter().map(|dropped| dropped.round).collect()
}

#[test]
fn a_round_is_spoiled_only_by_what_is_odd_and_much() {
    assert_eq!(dropped(0.1, |_| ()), NONE);
    // Much, but in all rounds.
    assert_eq!(dropped(0.6, |_| ()), NONE);
    // Odd, but little.
    assert_eq!(dropped(0.01, |round| round.base.pressure = Some(0.19)), NONE);
    assert_eq!(dropped(0.01, |round| round.base.pressure = Some(0.21)), [11]);
    assert_eq!(dropped(0.1, |round| round.head.steal = Some(0.1)), NONE);
    assert_eq!(dropped(0.1, |round| round.head.steal = Some(0.11)), [11]);
    // Equal rounds make a small step of the control not odd, and a faster control spoils nothing.
    assert_eq!(dropped(0.1, |round| round.control_ms = Some(1.15)), NONE);
    assert_eq!(dropped(0.1, |round| round.control_ms = Some(1.25)), [11]);
    assert_eq!(dropped(0.1, |round| round.control_ms = Some(0.2)), NONE);
}

#[test]
fn throughput_over_time_is_that_under_load() {
    let phase = |name: &str, from_s, to_s| Phase { name: name.to_owned(), from_s, to_s };
    let series = Series {
        interval_s: 0.5,
        // Warm-up, three thirds of the load with a stall in the second, drain.
        ok: vec![1, 1, 10, 10, 4, 8, 6, 6, 0, 0],
        refused: vec![0, 0, 2, 2, 0, 0, 0, 0, 0, 0],
        ..Series::default()
    };
    let phases = vec![phase(Phase::WARM_UP, 0.0, 1.0), phase(Phase::DRAIN, 4.0, 5.0)];
    let scenario = Scenario { phases, series, ..Scenario::default() };
    for (figure, per_second) in
        [("throughput.first_third", 24.0), ("throughput.last_third", 12.0), ("throughput.lowest", 8.0)]
    {
        let read = Figure::parse(figure, &Names::default()).expect("a figure that is known").read(&scenario);
        assert_eq!(read.value(), Some(per_second), "{figure}");
    }
}
