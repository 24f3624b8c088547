//! Ctrl-C and SIGTERM: the report of what was there by then is written and says so.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use std::time::Duration;

use common::server::Server;
use common::{Place, quiet_machine, signal, small_suite};

fn ends(name: &str, code: i32) {
    let _lock = quiet_machine();
    let server = Server::healthy();
    let place = Place::new();
    let suite = small_suite(&server.url(), 2, 1).replace("iterations: 1", "duration: 10min");
    place.write("loadgate.yml", &suite);
    let child = place.start(&["run"]);
    server.wait_for(20);
    signal(&child, name);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    let report = place.report();
    assert!(report.run.interrupted, "the report is marked");
    assert_ne!(report.verdict, loadgate_report::Verdict::Pass, "what was cut short is no pass");
    assert!(report.scenarios[0].requests >= 20, "what was seen is in the report");
    let page = fs_err::read_to_string(place.path().join("loadgate-report/report.html")).unwrap();
    assert!(page.contains("interrupted"), "the page says it");
}

#[test]
fn sigint_leaves_a_marked_report() {
    ends("INT", 130);
}

#[test]
fn sigterm_leaves_a_marked_report() {
    ends("TERM", 143);
}

#[test]
fn the_report_is_marked_until_the_comparison_is_through() {
    let _lock = quiet_machine();
    let server = Server::healthy();
    let place = Place::new();
    place.write("loadgate.yml", &small_suite(&server.url(), 2, 1).replace("iterations: 1", "duration: 2s"));
    let mut child = place.start(&["run", "--mode", "paired", "--base-url", &server.url()]);
    let saved = place.path().join("loadgate-report/report.json");
    let report = loop {
        assert!(child.try_wait().unwrap().is_none(), "the comparison takes a while");
        std::thread::sleep(Duration::from_millis(50));
        if saved.exists() && !place.report().scenarios.is_empty() {
            break place.report();
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(report.run.interrupted, "the report is marked");
    assert_ne!(report.verdict, loadgate_report::Verdict::Pass, "what was not compared is no pass");
}
