//! From everything that was seen to findings, verdicts and reasons.

use std::cmp::Reverse;

use super::{acceptance, findings};
use crate::Verdict;
use crate::condition::Condition;
use crate::figure::Names;
use crate::model::{ChangeOutcome, Finding, FindingKind, Level, Report, Scenario};
use crate::quantity::Unit;

/// Fills findings, verdicts and reasons of a report, from its scenarios, its target and its comparison. May be called again
/// after more has come in: all of them are made anew.
///
/// A comparison that was asked for and had no baseline, or none that fits, makes the run inconclusive.
pub fn conclude(report: &mut Report) {
    report.scenarios.iter_mut().for_each(mask_what_the_generator_distorted);
    acceptance::apply(report);
    let mut found = findings::of_run(report);
    found.extend(findings::of_baseline(report));
    found.extend(findings::of_comparison(report));
    for scenario in &report.scenarios {
        found.extend(findings::of_conditions(scenario));
        found.extend(findings::of_cross_talk(scenario));
        found.extend(findings::of_emptiness(scenario));
        found.extend(findings::of_generator(scenario));
        found.extend(findings::of_search(scenario));
        found.extend(findings::of_unjudged(scenario, report.comparison.as_ref()));
        found.extend(findings::of_unstreamed(scenario));
    }
    acceptance::soften(&mut found, report);
    // The sort is stable: within one weight the scenarios keep their order.
    found.sort_by_key(|f| (Reverse(f.verdict), order(f.kind)));
    for i in 0..report.scenarios.len() {
        let (verdict, reason) = sum_up_scenario(&report.scenarios[i], &found, report);
        report.scenarios[i].verdict = verdict;
        report.scenarios[i].reason = reason;
    }
    warn_of_unexplained_improvement(report);
    report.verdict = Verdict::worst(found.iter().map(|f| f.verdict));
    report.reason = sum_up(report, &found);
    report.findings = found;
}

/// Among findings of one verdict the causes come first: a death explains the broken conditions behind it.
fn order(kind: FindingKind) -> u8 {
    match kind {
        FindingKind::CrossTalk => 0,
        FindingKind::Target => 1,
        FindingKind::Condition => 2,
        FindingKind::Regression => 3,
        FindingKind::Generator => 4,
        FindingKind::Interrupted => 5,
        FindingKind::Baseline => 6,
        FindingKind::Accepted => 7,
        FindingKind::Warning => 8,
        FindingKind::Improvement => 9,
    }
}

/// Where the generator could not keep up, conditions on latency and throughput judge the generator. Counts and outcomes stay.
fn mask_what_the_generator_distorted(scenario: &mut Scenario) {
    if scenario.generator.problem.is_none() {
        return;
    }
    let names = Names::from(&*scenario);
    for condition in scenario.conditions.iter_mut().filter(|c| c.verdict != Verdict::Invalid) {
        let depends = Condition::parse(&condition.text, &names)
            .map_or(matches!(condition.unit, Unit::Ms | Unit::PerSecond), |c| c.depends_on_speed());
        if depends {
            condition.verdict = Verdict::Invalid;
            condition.message =
                format!("not judged, since the generator could not keep up: {}", condition.message);
        }
    }
}

fn sum_up_scenario(scenario: &Scenario, found: &[Finding], report: &Report) -> (Verdict, String) {
    let own: Vec<&Finding> =
        found.iter().filter(|f| f.scenario.as_deref() == Some(scenario.name.as_str())).collect();
    let verdict = Verdict::worst(own.iter().map(|f| f.verdict));
    if verdict != Verdict::Pass {
        let grave: Vec<_> = own.iter().filter(|f| f.verdict == verdict).collect();
        return (verdict, and_more(&grave[0].message, grave.len() - 1));
    }
    let conditions = scenario.conditions.iter().filter(|c| c.level == Level::Critical).count();
    let accepted = own.iter().filter(|f| f.kind == FindingKind::Accepted && f.condition.is_some()).count();
    let mut parts = vec![match conditions {
        n if accepted > 0 => {
            format!("{} of {n} conditions hold, {accepted} accepted for a while", n - accepted)
        }
        0 => format!("{} of {} requests ok, no condition", scenario.ok, scenario.requests),
        1 => "its condition holds".to_owned(),
        n => format!("all {n} conditions hold"),
    }];
    parts.extend(scenario.search.as_ref().map(|search| search.short()));
    parts.extend(scenario.scorecards.iter().map(|card| format!("{} {}", card.name, card.short())));
    let compared =
        report.comparison.iter().flat_map(|c| &c.figures).filter(|f| f.gated && f.scenario == scenario.name);
    let judged = compared.clone().filter(|f| f.outcome != ChangeOutcome::NotJudged).count();
    let better = compared.filter(|f| f.outcome == ChangeOutcome::Improved).count();
    if judged > 0 {
        parts.push(match better {
            0 => format!("{judged} figures as before"),
            n => format!("{judged} figures no worse than before, {n} better"),
        });
    }
    let warnings = own.iter().filter(|f| f.kind == FindingKind::Warning).count();
    if warnings > 0 {
        parts.push(format!("{warnings} {}", if warnings == 1 { "warning" } else { "warnings" }));
    }
    (verdict, parts.join(", "))
}

fn sum_up(report: &Report, found: &[Finding]) -> String {
    if let Some(worst) = found.first().filter(|f| f.verdict != Verdict::Pass) {
        let more = found.iter().filter(|f| f.verdict == worst.verdict).count() - 1;
        let place = worst.scenario.as_ref().map_or(String::new(), |s| format!("`{s}`: "));
        return and_more(&format!("{place}{}", worst.message), more);
    }
    let scenarios = match report.scenarios.len() {
        1 => "the scenario passes".to_owned(),
        n => format!("all {n} scenarios pass"),
    };
    match &report.comparison {
        None => format!("{scenarios}; not compared with earlier runs"),
        Some(c) => format!("{scenarios}; compared with {}", c.message),
    }
}

fn and_more(message: &str, more: usize) -> String {
    if more == 0 { message.to_owned() } else { format!("{message} (and {more} more)") }
}

/// A figure that got better for no known reason may have stopped doing its work, and would make a wrong baseline.
fn warn_of_unexplained_improvement(report: &mut Report) {
    const UNEXPLAINED: &str = "unexplained improvement: ";
    report.warnings.retain(|w| !w.starts_with(UNEXPLAINED));
    let Some(comparison) = &report.comparison else { return };
    let improved =
        |f: &&crate::model::ComparedFigure| f.outcome == ChangeOutcome::Improved && f.unit != Unit::Ratio;
    let mut warnings = Vec::new();
    for scenario in &report.scenarios {
        let own = comparison.figures.iter().filter(|f| f.scenario == scenario.name);
        // More cache hits explain being faster; nothing else in the report can.
        let explained =
            own.clone().any(|f| f.outcome == ChangeOutcome::Improved && f.figure.ends_with(".rate"));
        let figures: Vec<_> = own.filter(improved).map(|f| f.figure.as_str()).collect();
        if !figures.is_empty() && !explained {
            let figures = figures.join(", ");
            warnings.push(format!(
                "{UNEXPLAINED}`{}` is better in {figures}, and nothing in the report says why",
                scenario.name
            ));
        }
    }
    report.warnings.extend(warnings);
}
