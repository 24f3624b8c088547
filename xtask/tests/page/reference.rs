//! The reports of the five reference suites, as real runs made them (`loadgate demo NAME`), packed with gzip.

use std::io::Read as _;

use loadgate_report::Report;
use loadgate_report::page::{Page, View, assemble, extract};
use serde_json::Value;

use super::numbers::{COLLECT, collected, compare, tables};
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

fn reports() -> Vec<(String, Value)> {
    let unpacked = REPORTS.iter().map(|(name, packed)| {
        let mut text = String::new();
        flate2::read::GzDecoder::new(*packed).read_to_string(&mut text).unwrap();
        ((*name).to_owned(), serde_json::from_str(&text).unwrap())
    });
    // What no reference run has: comparisons, with rounds.
    let made = [("fail", builder::fail()), ("paired", builder::paired())];
    unpacked.chain(made.map(|(name, r)| (name.to_owned(), serde_json::to_value(r).unwrap()))).collect()
}

fn parsed(json: &Value) -> Report {
    serde_json::from_value(json.clone()).unwrap()
}

#[test]
fn every_pre_rendered_number_is_the_one_of_the_report() {
    for (name, json) in reports() {
        let mut found = Vec::new();
        tables(&Page::new(&parsed(&json), &View::printed()).render(), &mut found);
        let compared = compare(&json, &found).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(compared > 150, "{name}: only {compared} numbers were compared");
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
        let compared = compare(&json, &found).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(compared > 150, "{name}: only {compared} numbers were compared");
        tab.screenshot(&format!("reference-{name}"));
        quiet(&tab, &name);
    }
}

#[test]
fn the_reports_of_the_reference_suites_are_small() {
    for (name, json) in reports().into_iter().take(REPORTS.len()) {
        let page = assemble(TEMPLATE, &parsed(&json));
        eprintln!("{name}: {} kB", page.len() / 1000);
        assert!(page.len() <= LIMIT, "{name}: {} bytes, more than the {LIMIT} that it may weigh", page.len());
        let back: Value = serde_json::from_str(&extract(&page).unwrap()).unwrap();
        assert_eq!(back["scenarios"], serde_json::to_value(parsed(&json)).unwrap()["scenarios"], "{name}");
    }
}
