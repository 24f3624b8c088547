//! What a comparison with earlier runs says nothing of, and that would pass unnoticed.

use std::collections::{BTreeMap, BTreeSet};

use loadgate_report::baseline::Baseline;
use loadgate_report::figure::main_figures;
use loadgate_report::model::{
    ComparedFigure, Comparison, ComparisonMode, ComparisonStatus, Report, Scenario,
};
use loadgate_report::quantity::Unit;

/// Samples that a figure had at least for its loss to say something: rare ones come and go.
const SAMPLES: u64 = 10;

/// Kinds of figures, such as `ttft`.
pub(super) type Kinds = BTreeSet<String>;

/// Tells of scenarios that no earlier run has, as after a baseline was accepted from a run with `--only`.
pub(super) fn unknown_scenarios(comparison: &Comparison) -> Option<String> {
    let is_known = |figure: &ComparedFigure| match comparison.status {
        // Shares are compared across machine classes, so that they are known says nothing of this one.
        ComparisonStatus::Judged => figure.before.is_some() && figure.unit != Unit::Ratio,
        // No run is of this class, and they are all that is compared.
        _ => figure.before.is_some(),
    };
    let is_compared = matches!(comparison.status, ComparisonStatus::Judged | ComparisonStatus::Shown);
    if comparison.mode != ComparisonMode::Stored || !is_compared {
        return None;
    }
    let mut known = BTreeMap::<&str, bool>::new();
    for figure in comparison.figures.iter().filter(|figure| figure.gated) {
        *known.entry(&figure.scenario).or_default() |= is_known(figure);
    }
    let unknown: Vec<String> =
        known.iter().filter(|(_, is_known)| !**is_known).map(|(name, _)| format!("`{name}`")).collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "not compared, since no earlier run that fits has it: {}; accept a run of the whole suite with `loadgate baseline accept`",
            unknown.join(", ")
        )
    })
}

/// Tells of figures that the newest earlier run with this load has, and that have no sample now: where streams have lost their tokens
/// there is no time to the first one, and so nothing that could be worse.
pub(super) fn lost_figures(report: &Report, known: &Baseline) -> Vec<String> {
    let runs = known.classes.values().flat_map(|class| &class.runs);
    let same_load = runs.filter(|run| run.suite_hash == report.suite.hash && run.id != report.run.id);
    let Some(newest) = same_load.max_by(|a, b| a.started_at.cmp(&b.started_at)) else { return Vec::new() };
    let lost = |scenario: &Scenario| {
        let then = newest.scenarios.get(&scenario.name)?;
        let then = then.figures.iter().filter(|(_, figure)| figure.n >= SAMPLES);
        let then: Kinds = then.filter_map(|(name, _)| kind(name)).collect();
        told_of(&scenario.name, &then, &kinds(scenario), "earlier runs have")
    };
    report.scenarios.iter().filter(|scenario| scenario.ok > 0).filter_map(lost).collect()
}

/// Those that a scenario has any sample of.
pub(super) fn kinds(scenario: &Scenario) -> Kinds {
    main_figures(scenario).iter().filter_map(|figure| kind(&figure.name)).collect()
}

/// Those that a scenario has so many samples of that their loss would say something.
pub(super) fn well_known_kinds(scenario: &Scenario) -> Kinds {
    let figures = main_figures(scenario);
    figures
        .iter()
        .filter(|figure| figure.samples >= SAMPLES)
        .filter_map(|figure| kind(&figure.name))
        .collect()
}

/// Tells what a scenario had `then` and has not `now`.
pub(super) fn told_of(scenario: &str, then: &Kinds, now: &Kinds, whose: &str) -> Option<String> {
    let lost: Vec<String> = then.difference(now).map(|kind| format!("`{kind}`")).collect();
    (!lost.is_empty()).then(|| format!("`{scenario}` has lost figures that {whose}: {}", lost.join(", ")))
}

/// The kind of a latency or a streaming figure: its name without the quantile. `None` for others, and for a counter's sides, which may
/// well have no sample in a run: the counter's rate tells that.
fn kind(figure: &str) -> Option<String> {
    let (kind, quantile) = figure.rsplit_once('.')?;
    let is_quantile = quantile.strip_prefix('p').is_some_and(|share| share.parse::<f64>().is_ok());
    let is_side = kind.contains(".true.") || kind.contains(".false.");
    (is_quantile && !is_side).then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use loadgate_report::baseline::StoredFigure;

    use super::*;

    #[test]
    fn a_figure_that_is_gone_is_told() {
        let report = |ok: u64| Report {
            scenarios: vec![Scenario { name: "ask".to_owned(), requests: 40, ok, ..Scenario::default() }],
            ..Report::default()
        };
        let with = |figures: &[&str], hash: &str| {
            let mut earlier = report(40);
            earlier.run.id = "earlier".to_owned();
            earlier.suite.hash = hash.to_owned();
            let mut known = Baseline::from_report(&earlier);
            for run in known.classes.values_mut().flat_map(|class| &mut class.runs) {
                for scenario in run.scenarios.values_mut() {
                    let stored = |name: &&str| ((*name).to_owned(), StoredFigure { n: 40, value: 1.0 });
                    scenario.figures = figures.iter().map(stored).collect();
                }
            }
            known
        };
        let lost = |ok, figures: &[&str], hash| lost_figures(&report(ok), &with(figures, hash));
        let told = ["`ask` has lost figures that earlier runs have: `latency`, `ttft`"];
        assert_eq!(lost(40, &["latency.p50", "ttft.p50", "ttft.p95", "error_rate"], ""), told);
        // Figures that come and go by themselves; nothing was measured; of another load.
        let fleeting = ["error_rate", "memory.peak", "memory.slope", "queued.true.latency.p50"];
        assert_eq!(lost(40, &fleeting, ""), Vec::<String>::new());
        assert_eq!(lost(0, &["ttft.p50"], ""), Vec::<String>::new());
        assert_eq!(lost(40, &["ttft.p50"], "other"), Vec::<String>::new());
    }
}
