//! What a comparison says nothing of, and that would pass unnoticed.

use std::collections::BTreeSet;

use loadgate_report::baseline::{Baseline, BaselineRun};
use loadgate_report::figure::main_figures;
use loadgate_report::model::{Report, Scenario};

/// Samples that a figure had at least for its loss to say something: rare ones come and go.
const SAMPLES: u64 = 10;

/// Kinds of figures, such as `ttft`.
pub(super) type Kinds = BTreeSet<String>;

/// Tells of scenarios that no earlier run with this load has on such a machine (on any, where there is none on such a one), as after a
/// baseline was accepted from a run with `--only`. Searches are never compared.
pub(super) fn unknown_scenarios(report: &Report, known: &Baseline) -> Option<String> {
    let own = report.environment.machine.class();
    let of_class = |class: Option<&str>| -> Vec<&BaselineRun> {
        let classes = known.classes.iter().filter(|(name, _)| class.is_none_or(|class| *name == class));
        let runs = classes.flat_map(|(_, class)| &class.runs);
        runs.filter(|run| run.suite_hash == report.suite.hash && run.id != report.run.id).collect()
    };
    let mut runs = of_class(Some(&own));
    if runs.is_empty() {
        runs = of_class(None);
    }
    let is_unknown = |scenario: &&Scenario| {
        scenario.search.is_none() && !runs.iter().any(|run| run.scenarios.contains_key(&scenario.name))
    };
    let names: Vec<String> =
        report.scenarios.iter().filter(is_unknown).map(|scenario| format!("`{}`", scenario.name)).collect();
    // Where there is no such run at all, the comparison itself says so.
    (!runs.is_empty() && !names.is_empty()).then(|| {
        format!(
            "not compared, since no earlier run that fits has it: {}; accept a run of the whole suite with `loadgate baseline accept`",
            names.join(", ")
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
    #[test]
    fn a_scenario_that_no_fitting_run_has_is_told() {
        let report = |class: &str, scenarios: &[&str]| {
            let named = |name: &&str| Scenario { name: (*name).to_owned(), ..Scenario::default() };
            let mut report = Report { scenarios: scenarios.iter().map(named).collect(), ..Report::default() };
            report.environment.machine.cpu = class.to_owned();
            report
        };
        let known = |runs: &[(&str, &[&str])]| {
            let mut known = Baseline::new("");
            for (number, (class, scenarios)) in runs.iter().enumerate() {
                let mut earlier = report(class, scenarios);
                earlier.run.id = number.to_string();
                known.append(&earlier, 30, true).unwrap();
            }
            known
        };
        let (one, both): (&[&str], &[&str]) = (&["a"], &["a", "b"]);
        for (runs, is_told) in [
            (&[("x", one)][..], true),
            (&[("x", one), ("x", both)], false),
            // Another class knows it, and this one does not; no class of ours at all; nothing.
            (&[("x", one), ("y", both)], true),
            (&[("y", both)], false),
            (&[("y", one)], true),
            (&[], false),
        ] {
            let mut now = report("x", both);
            now.run.id = "now".to_owned();
            let told = unknown_scenarios(&now, &known(runs));
            assert_eq!(told.is_some_and(|told| told.contains("fits has it: `b`;")), is_told, "{runs:?}");
        }
    }
}
