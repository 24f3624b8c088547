//! The reports of the five reference suites, as real runs made them (`loadgate demo NAME`), packed with gzip.

use std::io::Read as _;

use loadgate_report::Report;
use loadgate_report::Verdict;
use loadgate_report::baseline::{Baseline, BaselineRun};
use loadgate_report::judge::{self, Policy, conclude, settle};
use loadgate_report::page::{Page, View, assemble, extract};
use serde_json::Value;

use super::lists::{self, Outside, outside};
use super::numbers::{COLLECT, Shown, collected, compare, tables};
use super::{Look, TEMPLATE, Tab, builder, open_all, quiet, written};

const REPORTS: [(&str, &[u8]); 5] = [
    ("cached-chat", include_bytes!("reports/cached-chat.json.gz")),
    ("conversations", include_bytes!("reports/conversations.json.gz")),
    ("documents", include_bytes!("reports/documents.json.gz")),
    ("sessions", include_bytes!("reports/sessions.json.gz")),
    ("stream-chat", include_bytes!("reports/stream-chat.json.gz")),
];

/// What a report of a reference suite may weigh, with the page around it.
const LIMIT: usize = 1_000_000;

fn measured() -> Vec<(String, Value)> {
    let unpacked = REPORTS.iter().map(|(name, packed)| {
        let mut text = String::new();
        flate2::read::GzDecoder::new(*packed).read_to_string(&mut text).unwrap();
        ((*name).to_owned(), serde_json::from_str(&text).unwrap())
    });
    unpacked.collect()
}

/// The measured reports, each judged against earlier runs, and two that were made up: with regressions in all their
/// wording, and with the rounds of a paired comparison.
fn reports() -> Vec<(String, Value)> {
    let measured = measured().into_iter().map(|(name, json)| {
        let judged = against_earlier_runs(parsed(&json));
        (name, serde_json::to_value(judged).unwrap())
    });
    let made = [("fail", builder::fail()), ("paired", builder::paired())];
    measured.chain(made.map(|(name, r)| (name.to_owned(), serde_json::to_value(r).unwrap()))).collect()
}

/// Judges a report against earlier runs, as the runner does. They are made from the report itself: its scenarios in turn
/// were faster, alike and slower before.
fn against_earlier_runs(mut report: Report) -> Report {
    let mut baseline = Baseline::from_report(&report);
    for class in baseline.classes.values_mut() {
        let own = class.runs.remove(0);
        class.runs = (0..8).map(|at| earlier(own.clone(), at)).collect();
    }
    let mut comparison = judge::compare(&report, &baseline, &Policy::default());
    settle(&mut comparison);
    report.comparison = Some(comparison);
    report.verdict = Verdict::default();
    conclude(&mut report);
    report
}

fn earlier(mut run: BaselineRun, at: u8) -> BaselineRun {
    run.id = format!("earlier-{at}");
    let noise = 1.0 + 0.01 * (f64::from(at % 3) - 1.0);
    for (turn, scenario) in run.scenarios.values_mut().enumerate() {
        let slower = [0.5, 1.0, 1.7][turn % 3] * noise;
        for (name, figure) in &mut scenario.figures {
            if name.contains("latency.") || name.contains("service_time.") || name.contains("ttft.") {
                figure.value *= slower;
            } else if name == "throughput" {
                figure.value /= slower;
            }
        }
        if turn % 3 == 0 {
            for counter in scenario.counters.values_mut() {
                std::mem::swap(&mut counter.yes, &mut counter.no);
            }
        }
    }
    run
}

fn parsed(json: &Value) -> Report {
    serde_json::from_value(json.clone()).unwrap()
}

fn numbers_are_equal(name: &str, json: &Value, tables: &[Shown], outside: &Outside) {
    let in_tables = compare(json, tables).unwrap_or_else(|why| panic!("{name}: {why}"));
    let besides = lists::compare(json, outside).unwrap_or_else(|why| panic!("{name}: {why}"));
    assert!(in_tables > 150, "{name}: only {in_tables} numbers of tables were compared");
    let scenarios = json["scenarios"].as_array().unwrap().len();
    assert!(besides.tiles >= 7 * scenarios, "{name}: too few in {besides:?}");
    assert!(besides.terms >= 6 * scenarios, "{name}: too few in {besides:?}");
    assert!(besides.findings >= 6 && besides.pictures >= 20, "{name}: too few in {besides:?}");
    assert_eq!(besides.cost > 0, json["cost"].is_object(), "{name}: {besides:?}");
}

#[test]
fn every_pre_rendered_number_is_the_one_of_the_report() {
    for (name, json) in reports() {
        let page = Page::new(&parsed(&json), &View::printed()).render();
        let mut found = Vec::new();
        tables(&page, &mut found);
        numbers_are_equal(&name, &json, &found, &outside(&page));
    }
}

#[test]
#[ignore = "needs Chromium"]
fn every_number_of_the_interactive_page_is_the_one_of_the_report() {
    for (name, json) in reports() {
        let mut tab = Tab::open(&written(&format!("reference-{name}"), &parsed(&json)), Look::default());
        tab.interactive();
        open_all(&mut tab);
        let found = collected(tab.eval(COLLECT));
        let outside: Outside = serde_json::from_value(tab.eval(lists::COLLECT)).unwrap();
        numbers_are_equal(&name, &json, &found, &outside);
        tab.screenshot(&format!("reference-{name}"));
        quiet(&tab, &name);
    }
}

#[test]
fn the_reports_of_the_reference_suites_are_small() {
    for (name, json) in measured() {
        let page = assemble(TEMPLATE, &parsed(&json));
        eprintln!("{name}: {} kB", page.len() / 1000);
        assert!(page.len() <= LIMIT, "{name}: {} bytes, more than the {LIMIT} that it may weigh", page.len());
        let back: Value = serde_json::from_str(&extract(&page).unwrap()).unwrap();
        assert_eq!(back["scenarios"], serde_json::to_value(parsed(&json)).unwrap()["scenarios"], "{name}");
    }
}
