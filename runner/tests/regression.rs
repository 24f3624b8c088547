//! Three runs of the same service: no regression. The same service twice as slow: a failure that names latency.

mod common;

use common::{Place, lines, quiet_machine};
use loadgate_report::model::FindingKind;
use loadgate_report::{Report, Verdict};

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
    let page =
        fs_err::read_to_string(place.path().join("loadgate-report/report.html")).expect("a page is left");
    let shown: Option<Report> =
        loadgate_report::page::extract(&page).and_then(|json| serde_json::from_str(&json).ok());
    assert!(shown == Some(report), "the page shows what was found, the comparison included");
}
