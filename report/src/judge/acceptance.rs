//! What somebody accepted is told and does not fail; what has expired counts again. Cross-talk cannot be accepted, nor can a run
//! that could not be measured.

use crate::Verdict;
use crate::model::{Acceptance, ChangeOutcome, ComparedFigure, Comparison, Finding, FindingKind, Report};
use crate::quantity::Quantity;

/// Marks the compared figures that are accepted, and which acceptances did anything.
pub(super) fn apply(report: &mut Report) {
    report.acceptances.iter_mut().for_each(|a| a.used = false);
    let Some(comparison) = &mut report.comparison else { return };
    for figure in &mut comparison.figures {
        let worse = matches!(
            figure.outcome,
            ChangeOutcome::Regression
                | ChangeOutcome::Suspected
                | ChangeOutcome::Undecided
                | ChangeOutcome::Accepted
        );
        if !worse {
            continue;
        }
        let found = report
            .acceptances
            .iter_mut()
            .find(|a| !a.expired && a.speaks_of(&figure.scenario, &figure.figure) && covers(a, figure));
        if let Some(acceptance) = found {
            acceptance.used = true;
            figure.outcome = ChangeOutcome::Accepted;
            figure.note = Some(in_words(acceptance));
        }
    }
}

/// Fresh rounds decide what the first pass suspects, so they also say how much of it there is.
fn covers(acceptance: &Acceptance, figure: &ComparedFigure) -> bool {
    acceptance.covers(figure.fresh.or(figure.now), figure.before, figure.limit)
}

/// Turns findings of broken conditions into told ones where they are accepted; adds what an expired acceptance would have covered,
/// and which ones are good for nothing.
pub(super) fn soften(found: &mut [Finding], report: &mut Report) {
    for finding in found.iter_mut().filter(|finding| counts(finding)) {
        let Some(scenario) = finding.scenario.clone() else { continue };
        let compared = report.comparison.as_ref().filter(|_| finding.kind == FindingKind::Regression);
        let compared = compared.and_then(|c| figure_of(c, &scenario, &finding.figure)).cloned();
        let (now, limit) = finding.evidence.as_ref().map_or((None, None), |e| (e.now, e.limit));
        let fits = |a: &Acceptance| {
            a.speaks_of(&scenario, &finding.figure)
                && compared.as_ref().map_or_else(|| a.covers(now, None, limit), |figure| covers(a, figure))
        };
        // One that still holds counts, wherever it stands.
        let valid = report.acceptances.iter().position(|a| !a.expired && fits(a));
        let at = valid.or_else(|| report.acceptances.iter().position(&fits));
        match at.map(|at| &mut report.acceptances[at]) {
            Some(expired) if expired.expired => {
                finding.message.push_str(&format!("; its acceptance expired on {}", expired.expires));
                expired.used = true;
            }
            Some(acceptance) if finding.kind == FindingKind::Condition => {
                acceptance.used = true;
                finding.kind = FindingKind::Accepted;
                finding.verdict = Verdict::Pass;
                finding.message.push_str(&format!("; {}", in_words(acceptance)));
            }
            _ => {}
        }
    }
    const IDLE: &str = "acceptance without effect: ";
    report.warnings.retain(|w| !w.starts_with(IDLE));
    let idle = report.acceptances.iter().filter(|a| !a.used).map(|a| {
        let scenario = a.scenario.as_ref().map_or_else(String::new, |s| format!(" of `{s}`"));
        let worse = found.iter().any(|finding| {
            let place = finding.scenario.as_deref();
            counts(finding) && place.is_some_and(|scenario| a.speaks_of(scenario, &finding.figure))
        });
        let advice = if worse { "it is beyond the bound" } else { "remove it" };
        format!("{IDLE}{}{scenario}: {advice}", a.figure)
    });
    let idle: Vec<String> = idle.collect();
    report.warnings.extend(idle);
}

/// Whether it is one that an acceptance may speak of.
fn counts(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::Fail | Verdict::Inconclusive)
        && matches!(finding.kind, FindingKind::Condition | FindingKind::Regression)
}

fn figure_of<'a>(comparison: &'a Comparison, scenario: &str, figure: &str) -> Option<&'a ComparedFigure> {
    comparison.figures.iter().find(|f| f.scenario == scenario && f.figure == figure)
}

fn in_words(acceptance: &Acceptance) -> String {
    let bound = acceptance.bound.map_or_else(
        || "waived".to_owned(),
        |bound| format!("accepted up to {}", Quantity::new(bound, acceptance.unit)),
    );
    format!("{bound} until {}: {}", acceptance.expires, acceptance.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Baseline;
    use crate::judge::tests::{around, report, scenario};
    use crate::judge::{Policy, compare, conclude, settle};
    use crate::model::{ComparisonMode, ConditionResult, Level};
    use crate::quantity::Unit;

    fn accept(figure: &str, bound: Option<f64>) -> Acceptance {
        Acceptance {
            scenario: Some("light".into()),
            figure: figure.into(),
            bound,
            unit: Unit::Ms,
            reason: "the new model thinks longer".into(),
            expires: "2030-01-31".into(),
            expired: false,
            used: false,
            place: None,
        }
    }

    /// Twice as slow as its baseline, and beyond a condition.
    fn slow(acceptances: Vec<Acceptance>) -> Report {
        let mut slow = scenario(&around(200.0, 60, 1));
        slow.conditions = vec![ConditionResult {
            text: "latency.mean < 150ms".into(),
            level: Level::Critical,
            verdict: Verdict::Fail,
            figure: "latency.mean".into(),
            value: Some(200.0),
            limit: Some(150.0),
            unit: Unit::Ms,
            samples: 60,
            message: "latency.mean is 200 ms; must be < 150 ms".into(),
            requirement: None,
            place: None,
        }];
        let mut report = report(9, vec![slow]);
        let base = super::super::tests::report(1, vec![scenario(&around(100.0, 60, 1))]);
        let mut comparison = compare(&report, &Baseline::from_report(&base), &Policy::default());
        settle(&mut comparison);
        report.comparison = Some(comparison);
        report.acceptances = acceptances;
        conclude(&mut report);
        report
    }

    fn failing(report: &Report) -> Vec<&str> {
        report.findings.iter().filter(|f| f.verdict == Verdict::Fail).map(|f| f.figure.as_str()).collect()
    }

    #[test]
    fn what_is_accepted_is_told_and_does_not_fail() {
        let all = ["latency.p50", "latency.p95", "latency.mean"];
        assert_eq!(failing(&slow(vec![])), ["latency.mean", "latency.p50", "latency.p95"]);
        let mut accepted: Vec<_> = all.iter().map(|f| accept(f, Some(300.0))).collect();
        accepted.push(Acceptance { bound: None, ..accept("throughput", None) });
        let mut report = slow(accepted);
        for _ in 0..2 {
            assert_eq!(report.verdict, Verdict::Pass, "{}", report.reason);
            let told = report.findings.iter().filter(|f| f.kind == FindingKind::Accepted);
            let told: Vec<_> = told.map(|f| f.message.as_str()).collect();
            assert!(told.len() >= 3 && told.iter().all(|m| m.contains("thinks longer")), "{told:?}");
            conclude(&mut report);
        }
    }

    #[test]
    fn beyond_its_bound_after_its_day_and_elsewhere_it_counts() {
        let but = |change: fn(&mut Acceptance)| {
            let mut a = accept("latency.mean", Some(300.0));
            change(&mut a);
            slow(vec![a])
        };
        assert!(!failing(&but(|_| {})).contains(&"latency.mean"));
        assert!(failing(&but(|a| a.bound = Some(180.0))).contains(&"latency.mean"));
        assert!(failing(&but(|a| a.scenario = Some("heavy".into()))).contains(&"latency.mean"));
        let expired = but(|a| a.expired = true);
        let finding = expired.findings.iter().find(|f| f.figure == "latency.mean").unwrap();
        assert!(
            finding.verdict == Verdict::Fail && finding.message.contains("expired on 2030-01-31"),
            "{finding:?}"
        );
        // One that still holds counts, wherever it stands.
        let old = Acceptance { expired: true, ..accept("latency.mean", Some(300.0)) };
        let renewed = accept("latency.mean", Some(300.0));
        for lines in [vec![old.clone(), renewed.clone()], vec![renewed, old]] {
            assert!(!failing(&slow(lines.clone())).contains(&"latency.mean"), "{lines:?}");
        }
        let idle = but(|a| a.figure = "ttft.p50".into());
        assert!(
            idle.warnings.iter().any(|w| w.contains("without effect: ttft.p50 of `light`")),
            "{:?}",
            idle.warnings
        );
    }

    /// From 100 to so much, where 5 % are allowed and the rounds do not say that it is within.
    fn undecided(now: f64, acceptances: Vec<Acceptance>) -> Report {
        let mut report = slow(vec![]);
        report.scenarios[0].conditions.clear();
        let comparison = report.comparison.as_mut().unwrap();
        comparison.mode = ComparisonMode::Paired;
        comparison.figures.retain(|f| ["latency.p50", "requests"].contains(&f.figure.as_str()));
        for figure in &mut comparison.figures {
            (figure.runs, figure.change) = (0, Some(now / 100.0 - 1.0));
            (figure.now, figure.before, figure.limit) = (Some(now), Some(100.0), Some(105.0));
            if figure.gated {
                figure.outcome = ChangeOutcome::Undecided;
            }
        }
        report.acceptances = acceptances;
        conclude(&mut report);
        report
    }

    #[test]
    fn what_is_accepted_is_measured_from_the_figure_before() {
        let up_to = |bound| vec![accept("latency.p50", Some(bound))];
        for (now, acceptances, verdict) in [
            (103.0, vec![], Verdict::Inconclusive),
            (103.0, up_to(120.0), Verdict::Pass),
            (103.0, up_to(104.0), Verdict::Pass),
            (103.0, up_to(102.0), Verdict::Inconclusive),
            // The rounds scatter so much that even a little less may be too much more.
            (98.0, vec![], Verdict::Inconclusive),
            (98.0, up_to(120.0), Verdict::Pass),
        ] {
            let report = undecided(now, acceptances.clone());
            assert_eq!(report.verdict, verdict, "{now}, {acceptances:?}: {}", report.reason);
        }
        let expired =
            undecided(103.0, vec![Acceptance { expired: true, ..accept("latency.p50", Some(120.0)) }]);
        assert_eq!(expired.verdict, Verdict::Inconclusive);
        assert!(expired.reason.contains("expired on 2030-01-31"), "{}", expired.reason);
        assert!(expired.warnings.is_empty(), "{:?}", expired.warnings);
    }

    #[test]
    fn what_fresh_rounds_showed_is_held_against_the_bound() {
        for (now, fresh, verdict) in [
            (200.0, None, Verdict::Pass),
            (200.0, Some(299.0), Verdict::Pass),
            (200.0, Some(301.0), Verdict::Fail),
            (301.0, Some(299.0), Verdict::Pass),
        ] {
            let mut report = slow(vec![]);
            report.scenarios[0].conditions.clear();
            let figures = &mut report.comparison.as_mut().unwrap().figures;
            figures.retain(|figure| figure.figure == "latency.p50");
            (figures[0].now, figures[0].fresh) = (Some(now), fresh);
            report.acceptances = vec![accept("latency.p50", Some(300.0))];
            conclude(&mut report);
            assert_eq!(report.verdict, verdict, "{now}, {fresh:?}: {}", report.reason);
            let warned: Vec<&String> = report.warnings.iter().filter(|w| w.contains("acceptance")).collect();
            let words = "acceptance without effect: latency.p50 of `light`: it is beyond the bound";
            assert_eq!(warned, if verdict == Verdict::Fail { vec![words] } else { vec![] });
        }
    }

    #[test]
    fn conditions_that_are_accepted_are_not_said_to_hold() {
        let mut report = slow(vec![accept("latency.mean", Some(300.0))]);
        report.comparison = None;
        let holds = ConditionResult {
            text: "latency.max < 900ms".into(),
            verdict: Verdict::Pass,
            figure: "latency.max".into(),
            ..report.scenarios[0].conditions[0].clone()
        };
        report.scenarios[0].conditions.push(holds);
        conclude(&mut report);
        let reason = &report.scenarios[0].reason;
        assert!(reason.starts_with("1 of 2 conditions hold, 1 accepted for a while"), "{reason}");
    }

    #[test]
    fn a_value_just_at_the_limit_that_it_should_pass_is_covered() {
        let mut report = slow(vec![]);
        report.comparison = None;
        let condition = &mut report.scenarios[0].conditions[0];
        (condition.text, condition.figure) = ("success_rate > 95%".into(), "success_rate".into());
        (condition.value, condition.limit, condition.unit) = (Some(0.95), Some(0.95), Unit::Ratio);
        conclude(&mut report);
        assert_eq!(failing(&report), ["success_rate"]);
        report.acceptances = vec![Acceptance { unit: Unit::Ratio, ..accept("success_rate", Some(0.9)) }];
        conclude(&mut report);
        assert_eq!(report.verdict, Verdict::Pass, "{}", report.reason);
    }
}
