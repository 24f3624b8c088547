//! `junit.xml`: scenarios as test suites, conditions and judged comparisons as test cases.

use std::time::Duration;

use loadgate_report::Verdict;
use loadgate_report::model::{ChangeOutcome, Finding, FindingKind, Level, Report, Scenario};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::text::plain;
use super::{Output, OutputError};

/// The report for whatever reads JUnit.
pub const OUTPUT: Output = Output {
    name: "junit",
    file: "junit.xml",
    render: |report| {
        render(report)
            .map(String::into_bytes)
            .map_err(|e| OutputError::Render { name: "junit", reason: e.to_string() })
    },
};

fn render(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut junit = quick_junit::Report::new(plain(&report.suite.name));
    junit.set_time(seconds(report.run.duration_s));
    for scenario in &report.scenarios {
        junit.add_test_suite(suite(report, scenario));
    }
    let own: Vec<_> = report.findings.iter().filter(|f| f.scenario.is_none()).collect();
    if !own.is_empty() {
        let mut suite = TestSuite::new("run");
        own.iter().for_each(|f| {
            suite.add_test_case(from_finding(f, "run"));
        });
        junit.add_test_suite(suite);
    }
    junit.to_string()
}

fn seconds(s: f64) -> Duration {
    Duration::try_from_secs_f64(s).unwrap_or_default()
}

fn suite(report: &Report, scenario: &Scenario) -> TestSuite {
    let class = plain(&scenario.name);
    let mut suite = TestSuite::new(class.as_str());
    suite.set_time(seconds(scenario.duration_s));
    for condition in &scenario.conditions {
        let status = match (condition.verdict, condition.level, report.accepted(scenario, condition)) {
            (Verdict::Pass, ..) => TestCaseStatus::success(),
            // A broken warn-only condition fails nothing, but is not a success either.
            (_, Level::Warn, _) => skipped(&format!("warns only: {}", condition.message)),
            // Likewise one that is accepted for a while.
            (_, Level::Critical, Some(accepted)) => skipped(&accepted.message),
            (verdict, Level::Critical, None) => non_success(verdict, &condition.message),
        };
        suite.add_test_case(case(&condition.text, &class, status));
    }
    let compared =
        report.comparison.iter().flat_map(|c| &c.figures).filter(|f| f.gated && f.scenario == scenario.name);
    for figure in compared {
        let status = match figure.outcome {
            ChangeOutcome::Unchanged | ChangeOutcome::Improved => TestCaseStatus::success(),
            ChangeOutcome::NotJudged | ChangeOutcome::Accepted => {
                skipped(figure.note.as_deref().unwrap_or("not judged"))
            }
            ChangeOutcome::Regression | ChangeOutcome::Suspected | ChangeOutcome::Undecided => {
                let of = |f: &&Finding| {
                    f.kind == FindingKind::Regression
                        && f.scenario.as_ref() == Some(&scenario.name)
                        && (f.figure == figure.figure || figure.figure == "throughput")
                };
                let message =
                    report.findings.iter().find(of).map_or("worse than before", |f| f.message.as_str());
                let verdict = match figure.outcome {
                    ChangeOutcome::Regression => Verdict::Fail,
                    _ => Verdict::Inconclusive,
                };
                non_success(verdict, message)
            }
        };
        suite.add_test_case(case(&format!("{} as before", figure.figure), &class, status));
    }
    // What neither a condition nor a comparison says: cross-talk, a dead target, a generator that could not keep up.
    let rest = report.findings.iter().filter(|f| {
        f.scenario.as_ref() == Some(&scenario.name)
            && !matches!(
                f.kind,
                FindingKind::Condition
                    | FindingKind::Regression
                    | FindingKind::Improvement
                    | FindingKind::Accepted
                    | FindingKind::Warning
            )
    });
    rest.for_each(|f| {
        suite.add_test_case(from_finding(f, &class));
    });
    if suite.test_cases.is_empty() {
        let status = match scenario.verdict {
            Verdict::Pass => TestCaseStatus::success(),
            verdict => non_success(verdict, &scenario.reason),
        };
        suite.add_test_case(case("runs", &class, status));
    }
    suite
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(plain(name), status);
    case.set_classname(class);
    case
}

fn from_finding(finding: &Finding, class: &str) -> TestCase {
    let status = match finding.verdict {
        Verdict::Pass => skipped(&finding.message),
        verdict => non_success(verdict, &finding.message),
    };
    case(&finding.figure, class, status)
}

/// Neither passed nor failed, with the words why.
fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(plain(message));
    status
}

/// A failure is the target's, an error means that it could not be judged. What is only inconclusive is skipped: it fails no
/// gate unless told to.
fn non_success(verdict: Verdict, message: &str) -> TestCaseStatus {
    let mut status = match verdict {
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive => TestCaseStatus::skipped(),
        _ => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_message(plain(message));
    status.set_type(verdict.as_str());
    status
}
