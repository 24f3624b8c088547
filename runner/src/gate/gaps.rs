//! What a comparison with earlier runs says nothing of, and that would pass unnoticed.

use std::collections::{BTreeMap, BTreeSet};

use loadgate_report::baseline::{Baseline, BaselineRun};
use loadgate_report::figure::main_figures;
use loadgate_report::judge::Policy;
use loadgate_report::model::{Comparison, ComparisonMode, ComparisonStatus, Report, Scenario};

/// Tells of scenarios that no earlier run has, as after a baseline was accepted from a run with `--only`.
pub(super) fn unknown_scenarios(comparison: &Comparison) -> Option<String> {
    if comparison.mode != ComparisonMode::Stored || comparison.status != ComparisonStatus::Judged {
        return None;
    }
    let mut known = BTreeMap::<&str, bool>::new();
    for figure in comparison.figures.iter().filter(|figure| figure.gated) {
        *known.entry(&figure.scenario).or_default() |= figure.before.is_some();
    }
    let unknown: Vec<String> =
        known.iter().filter(|(_, is_known)| !**is_known).map(|(name, _)| format!("`{name}`")).collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "not compared, since no earlier run has it: {}; accept a run of the whole suite with `loadgate baseline accept`",
            unknown.join(", ")
        )
    })
}

/// Tells of figures that the newest earlier run with this load has, and that have no sample now: where streams have lost their tokens
/// there is no time to the first one, and so nothing that could be worse.
pub(super) fn lost_figures(report: &Report, known: &Baseline, policy: &Policy) -> Vec<String> {
    let runs = known.classes.values().flat_map(|class| &class.runs);
    let same_load = runs.filter(|run| run.suite_hash == report.suite.hash && run.id != report.run.id);
    let Some(newest) = same_load.max_by(|a, b| a.started_at.cmp(&b.started_at)) else { return Vec::new() };
    let measured = report.scenarios.iter().filter(|scenario| scenario.ok > 0);
    measured
        .filter_map(|scenario| {
            let lost = lost_of(scenario, newest, policy);
            let names: Vec<String> = lost.iter().map(|figure| format!("`{figure}`")).collect();
            (!names.is_empty()).then(|| {
                format!("`{}` has lost figures that earlier runs have: {}", scenario.name, names.join(", "))
            })
        })
        .collect()
}

/// Kinds of figures, such as `ttft`. That a quantile has too few samples now and then is no loss.
fn lost_of<'a>(scenario: &Scenario, newest: &'a BaselineRun, policy: &Policy) -> BTreeSet<&'a str> {
    let figures = main_figures(scenario);
    let now: BTreeSet<&str> = figures.iter().map(|figure| kind(&figure.name)).collect();
    let then = newest.scenarios.get(&scenario.name).into_iter().flat_map(|s| s.figures.keys());
    then.filter(|figure| policy.rule(figure).gated())
        .map(|figure| kind(figure))
        .filter(|kind| !now.contains(kind))
        .collect()
}

/// A figure without its quantile.
fn kind(figure: &str) -> &str {
    let is_quantile = |last: &str| {
        last.strip_prefix('p').is_some_and(|share| share.starts_with(|c: char| c.is_ascii_digit()))
    };
    figure.rsplit_once('.').filter(|(_, last)| is_quantile(last)).map_or(figure, |(kind, _)| kind)
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
        let lost =
            |ok, figures: &[&str], hash| lost_figures(&report(ok), &with(figures, hash), &Policy::default());
        let told = ["`ask` has lost figures that earlier runs have: `latency`, `ttft`"];
        assert_eq!(lost(40, &["latency.p50", "ttft.p50", "ttft.p95", "error_rate"], ""), told);
        // Still there; not gated; nothing was measured; of another load.
        assert_eq!(lost(40, &["error_rate", "memory.peak"], ""), Vec::<String>::new());
        assert_eq!(lost(0, &["ttft.p50"], ""), Vec::<String>::new());
        assert_eq!(lost(40, &["ttft.p50"], "other"), Vec::<String>::new());
    }
}
