//! Three runs of the same service: no regression. The same service twice as slow: a failure that names latency.

mod common;

use common::{Place, lines, quiet_machine};
use loadgate_report::Verdict;
use loadgate_report::model::FindingKind;

#[test]
fn unchanged_code_stays_green_and_twice_as_slow_is_red() {
    let _lock = quiet_machine();
    let place = Place::new();
    for _ in 0..3 {
        place.undisturbed(&["demo", "cached-chat"]).ends_with(0);
        place.loadgate(&["baseline", "accept"]).ends_with(0);
    }
    place.undisturbed(&["demo", "cached-chat"]).ends_with(0);
    let report = place.report();
    let regressions: Vec<_> =
        report.findings.iter().filter(|finding| finding.kind == FindingKind::Regression).cloned().collect();
    assert!(regressions.is_empty(), "{}", lines(&regressions));

    let ran = place.undisturbed(&["demo", "cached-chat", "--slow", "2", "--mode", "stored"]);
    ran.ends_with(1);
    let report = place.report();
    let found = report.findings.iter().find(|finding| {
        finding.kind == FindingKind::Regression
            && finding.verdict == Verdict::Fail
            && finding.figure.contains("latency")
    });
    assert!(found.is_some(), "no regression of latency:\n{}", lines(&report.findings));
}
