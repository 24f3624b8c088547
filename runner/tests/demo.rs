//! The demo of a healthy service. That each fault turns it red for the right reason, `cargo xtask faults` shows for all services at once.

mod common;

use common::{Place, quiet_machine};
use loadgate_report::Verdict;

#[test]
fn the_healthy_demo_passes_and_leaves_all_files() {
    let _lock = quiet_machine();
    let place = Place::new();
    let ran = place.undisturbed(&["demo", "--mode", "off"]);
    ran.ends_with(0).says(&["pass", "report.html"]);
    let report = place.report();
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.scenarios.iter().all(|scenario| scenario.requests > 0));
    for file in ["report.json", "report.html", "summary.md", "junit.xml"] {
        assert!(place.path().join("loadgate-report").join(file).is_file(), "{file}");
    }
}
