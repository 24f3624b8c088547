//! How figures went over commits, and where they changed for good. Advisory: nothing here decides a verdict.

mod change_points;
mod history;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::change_points::{Split, change_points};
use crate::baseline::{Baseline, BaselineRun};
use crate::figure::{Figure, Names};
use crate::judge::policy::{Better, Kind, Policy};
use crate::quantity::Unit;

/// The history of a suite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trend {
    /// The suite.
    pub suite: String,
    /// One for each machine class, scenario and gated figure, those with a change for the worse first.
    pub series: Vec<TrendSeries>,
}

/// One figure over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrendSeries {
    /// The machine class.
    pub class: String,
    /// The scenario.
    pub scenario: String,
    /// The figure.
    pub figure: String,
    /// Unit of all values.
    pub unit: Unit,
    /// Oldest first.
    pub points: Vec<TrendPoint>,
    /// Where the level changed, oldest first.
    pub changes: Vec<LevelChange>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrendPoint {
    /// The run.
    pub id: String,
    /// Its start, RFC 3339.
    pub started_at: String,
    /// Its commit, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The figure.
    pub value: f64,
    /// Samples behind it.
    pub samples: u64,
}

/// A place where the level of a figure changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LevelChange {
    /// Index of the first point of the new level.
    pub at: usize,
    /// Median from the change before (or the beginning) to this one.
    pub before: f64,
    /// Median from this change to the next (or the end).
    pub after: f64,
    /// Relative change; `None` where `before` is 0.
    pub change: Option<f64>,
    /// Probability of such a split in a series without any, by permutation.
    pub p: f64,
    /// Whether it is for the worse.
    pub worse: bool,
}

impl Trend {
    /// The history that a baseline holds. Runs whose suite had another load than the newest are left out.
    pub fn of(baseline: &Baseline, policy: &Policy) -> Self {
        let mut series = Vec::new();
        for (class, runs) in &baseline.classes {
            let mut runs: Vec<&BaselineRun> = runs.runs.iter().collect();
            runs.sort_by(|a, b| a.started_at.cmp(&b.started_at));
            let hash = runs.last().map(|run| run.suite_hash.as_str());
            runs.retain(|run| Some(run.suite_hash.as_str()) == hash);
            let names: BTreeSet<(&str, &str)> = runs
                .iter()
                .flat_map(|run| &run.scenarios)
                .flat_map(|(scenario, s)| s.figures.keys().map(move |f| (scenario.as_str(), f.as_str())))
                .filter(|(_, figure)| policy.rule(figure).gated())
                .collect();
            series.extend(
                names.into_iter().map(|(scenario, figure)| one(class, scenario, figure, &runs, policy)),
            );
        }
        let rank = |s: &TrendSeries| (!s.changes.iter().any(|c| c.worse), s.changes.is_empty());
        series.sort_by_key(rank);
        Self { suite: baseline.suite.clone(), series }
    }
}

fn one(class: &str, scenario: &str, figure: &str, runs: &[&BaselineRun], policy: &Policy) -> TrendSeries {
    let points: Vec<TrendPoint> = runs
        .iter()
        .filter_map(|run| {
            let stored = run.scenarios.get(scenario)?.figures.get(figure)?;
            Some(TrendPoint {
                id: run.id.clone(),
                started_at: run.started_at.clone(),
                commit: run.commit.clone(),
                value: stored.value,
                samples: stored.n,
            })
        })
        .collect();
    let rule = policy.rule(figure);
    // Ratios matter for time spans and rates, differences for shares.
    let level = |v: f64| if matches!(rule.kind, Kind::Speed { .. }) && v > 0.0 { v.ln() } else { v };
    let values: Vec<f64> = points.iter().map(|p| level(p.value)).collect();
    let mut found = change_points(&values);
    let median_of = |from: usize, to: usize| {
        crate::judge::median(&points[from..to].iter().map(|p| p.value).collect::<Vec<_>>()).unwrap_or(0.0)
    };
    // (Level before, level after) of each split.
    let levels = |found: &[Split]| -> Vec<(f64, f64)> {
        let ends = |i: usize| found.get(i).map_or(points.len(), |split| split.at);
        let from = |i: usize| if i == 0 { 0 } else { found[i - 1].at };
        (0..found.len()).map(|i| (median_of(from(i), ends(i)), median_of(ends(i), ends(i + 1)))).collect()
    };
    let matters = |(before, after): (f64, f64)| {
        (level(after) - level(before)).abs() >= rule.tolerance.ln_1p() && (after - before).abs() >= rule.floor
    };
    // A split that nobody would notice goes, and its neighbours' levels join; then the rest is looked at anew.
    while let Some(idle) = levels(&found).iter().position(|l| !matters(*l)) {
        found.remove(idle);
    }
    let changes = levels(&found)
        .into_iter()
        .zip(&found)
        .map(|((before, after), split)| {
            let worse = match rule.better {
                Better::Lower => after > before,
                Better::Higher => after < before,
                Better::Neither => after != before,
            };
            let change = (before != 0.0).then(|| (after - before) / before.abs());
            LevelChange { at: split.at, before, after, change, p: split.p, worse }
        })
        .collect();
    TrendSeries {
        class: class.to_owned(),
        scenario: scenario.to_owned(),
        figure: figure.to_owned(),
        unit: unit_of(figure),
        points,
        changes,
    }
}

/// The unit of a figure whose scenario is not at hand: its first word may be a counter's or a class's name.
fn unit_of(figure: &str) -> Unit {
    let first = figure.split('.').next().unwrap_or(figure).to_owned();
    let guesses = [
        Names::default(),
        Names { counters: vec![first.clone()], ..Names::default() },
        Names { classes: vec![first], ..Names::default() },
    ];
    guesses.iter().find_map(|names| Figure::parse(figure, names).ok()).map_or(Unit::Count, |f| f.unit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tests::{around, report, scenario};

    fn history(centers: &[f64]) -> Baseline {
        let mut baseline = Baseline::new("chat");
        for (i, center) in centers.iter().enumerate() {
            let mut report = report(i as u64, vec![scenario(&around(*center, 60, i * 7))]);
            report.environment.revision =
                Some(crate::model::Revision { commit: format!("c{i}"), ..Default::default() });
            baseline.append(&report, 100, true).unwrap();
        }
        baseline
    }

    #[test]
    fn a_step_is_found_at_its_commit_and_a_steady_history_has_none() {
        let steady: Vec<f64> = (0..24).map(|i| 100.0 + f64::from(i % 3)).collect();
        let trend = Trend::of(&history(&steady), &Policy::default());
        assert!(trend.series.iter().all(|s| s.changes.is_empty()), "{:?}", trend.series[0].changes);

        let stepped: Vec<f64> =
            steady.iter().enumerate().map(|(i, v)| if i < 15 { *v } else { v * 1.2 }).collect();
        let trend = Trend::of(&history(&stepped), &Policy::default());
        let p50 = trend.series.iter().find(|s| s.figure == "latency.p50").unwrap();
        let [change] = &p50.changes[..] else { panic!("{:?}", p50.changes) };
        assert_eq!(p50.points[change.at].commit.as_deref(), Some("c15"));
        assert!(change.worse && (0.15..0.25).contains(&change.change.unwrap()), "{change:?}");
        assert_eq!((p50.unit, trend.series[0].changes[0].worse), (Unit::Ms, true));
    }

    #[test]
    fn a_step_that_nobody_would_notice_is_none() {
        let tiny: Vec<f64> = (0..24).map(|i| if i < 12 { 100.0 } else { 102.0 }).collect();
        let trend = Trend::of(&history(&tiny), &Policy::default());
        assert!(trend.series.iter().all(|s| s.changes.is_empty()), "{:?}", trend.series[0].changes);
    }

    #[test]
    fn units_are_told_from_names_alone() {
        for (figure, unit) in [
            ("latency.p95", Unit::Ms),
            ("throughput", Unit::PerSecond),
            ("cache_hit.rate", Unit::Ratio),
            ("cache_hit.true.latency.p50", Unit::Ms),
            ("quick.latency.p95", Unit::Ms),
        ] {
            assert_eq!(unit_of(figure), unit, "{figure}");
        }
    }
}
