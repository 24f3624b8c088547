//! From a report to a run of a baseline.

use std::collections::BTreeMap;

use super::curve::{curve, rounded};
use super::{Baseline, BaselineRun, BaselineScenario, ClassRuns, Counts, StoredFigure, YesNo};
use crate::Verdict;
use crate::figure::main_figures;
use crate::model::{ChangeOutcome, Comparison, Level, Report, Scenario};

/// Why a report is not taken into a baseline. Each can be overruled by whoever accepts it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// It belongs elsewhere; this one cannot be overruled.
    #[error("the report is of suite `{found}`, the baseline of suite `{expected}`")]
    OtherSuite {
        /// Suite of the report.
        found: String,
        /// Suite of the baseline.
        expected: String,
    },
    /// The run was cut short.
    #[error("the run was interrupted, so its figures are not those of a whole run")]
    Interrupted,
    /// It could not be measured.
    #[error("scenario `{scenario}` is invalid: {reason}")]
    Invalid {
        /// The scenario.
        scenario: String,
        /// Why it is.
        reason: String,
    },
    /// It breaks its own conditions, and nobody accepts that for a while.
    #[error("scenario `{scenario}` fails: {reason}")]
    Failed {
        /// The scenario.
        scenario: String,
        /// What it breaks.
        reason: String,
    },
    /// There is nothing in it.
    #[error("the report has no scenario")]
    Empty,
}

/// Figures that `counts` holds already.
const COUNTED: &[&str] = &["requests", "ok", "refused", "failed"];

impl Baseline {
    /// Any report as a baseline of one run.
    pub fn from_report(report: &Report) -> Self {
        let mut baseline = Self::new(&report.suite.name);
        baseline.push(report, usize::MAX);
        baseline
    }

    /// Adds a report as the newest run of its machine class. Of that it keeps the last `keep` runs, one at least, of each of the last
    /// sixteen loads. A run that is there already (same id) is replaced. Figures that the report found changed, for the worse or the better, begin a new
    /// history with it: accepting a run accepts its changes. What was only suspected does not.
    ///
    /// # Errors
    /// [`NotAccepted`] where the report should not become what others are measured by. `force` overrules all of them but
    /// the suite's name.
    pub fn append(&mut self, report: &Report, keep: usize, force: bool) -> Result<(), NotAccepted> {
        if report.suite.name != self.suite {
            return Err(NotAccepted::OtherSuite {
                found: report.suite.name.clone(),
                expected: self.suite.clone(),
            });
        }
        if !force {
            acceptable(report)?;
        }
        self.push(report, keep);
        Ok(())
    }

    fn push(&mut self, report: &Report, keep: usize) {
        let machine = &report.environment.machine;
        let class = self
            .classes
            .entry(machine.class())
            .or_insert_with(|| ClassRuns { machine: machine.clone(), runs: Vec::new() });
        class.runs.retain(|run| run.id != report.run.id);
        // The newest run of a load keeps its curves.
        let same_load = class.runs.iter_mut().filter(|run| run.suite_hash == report.suite.hash);
        for scenario in same_load.flat_map(|run| run.scenarios.values_mut()) {
            scenario.curve.clear();
        }
        class.runs.push(run(report));
        class.keep_last(keep);
    }
}

fn acceptable(report: &Report) -> Result<(), NotAccepted> {
    if report.run.interrupted {
        return Err(NotAccepted::Interrupted);
    }
    if report.scenarios.is_empty() {
        return Err(NotAccepted::Empty);
    }
    for scenario in &report.scenarios {
        let name = || scenario.name.clone();
        let broken = scenario.conditions.iter().find(|c| {
            c.level == Level::Critical && c.verdict == Verdict::Fail && report.accepted(scenario, c).is_none()
        });
        if let Some(condition) = broken {
            return Err(NotAccepted::Failed { scenario: name(), reason: condition.message.clone() });
        }
        if scenario.failed.contains_key(&crate::model::FailureKind::CrossTalk) {
            return Err(NotAccepted::Failed { scenario: name(), reason: scenario.reason.clone() });
        }
        if scenario.verdict == Verdict::Invalid {
            return Err(NotAccepted::Invalid { scenario: name(), reason: scenario.reason.clone() });
        }
    }
    Ok(())
}

fn run(report: &Report) -> BaselineRun {
    let scenarios =
        report.scenarios.iter().map(|s| (s.name.clone(), scenario(s, report.comparison.as_ref()))).collect();
    BaselineRun {
        commit: report.environment.revision.as_ref().map(|r| r.commit.clone()),
        id: report.run.id.clone(),
        loadgate: report.run.loadgate.clone(),
        scenarios,
        seed: report.run.seed,
        started_at: report.run.started_at.clone(),
        suite_hash: report.suite.hash.clone(),
        verdict: report.verdict,
    }
}

fn scenario(scenario: &Scenario, comparison: Option<&Comparison>) -> BaselineScenario {
    // What is only suspected joins the history that it may not belong to as one run of many.
    let changed = |outcome| matches!(outcome, ChangeOutcome::Regression | ChangeOutcome::Improved);
    let accepted = comparison
        .into_iter()
        .flat_map(|c| &c.figures)
        .filter(|f| f.scenario == scenario.name && f.gated && changed(f.outcome))
        .map(|f| f.figure.clone())
        .collect();
    let figures: BTreeMap<_, _> = main_figures(scenario)
        .into_iter()
        .filter(|f| !COUNTED.contains(&f.name.as_str()) && f.quantity.value.is_finite())
        .map(|f| (f.name, StoredFigure { n: f.samples, value: rounded(f.quantity.value) }))
        .collect();
    BaselineScenario {
        accepted,
        counters: scenario
            .counters
            .iter()
            .map(|c| (c.name.clone(), YesNo { no: c.no, yes: c.yes }))
            .collect(),
        counts: Counts {
            failed: scenario.failed_total(),
            ok: scenario.ok,
            refused: scenario.refused,
            requests: scenario.requests,
        },
        curve: curve(&scenario.latency_ms.histogram),
        figures,
    }
}
