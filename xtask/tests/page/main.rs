//! The report page in a real browser, from a file, as a reviewer opens it.

mod browser;
#[path = "../../../report/tests/builder/mod.rs"]
mod builder;

use std::path::PathBuf;

use browser::{Look, Tab};
use loadgate_report::Report;
use loadgate_report::page::assemble;

const TEMPLATE: &str = include_str!("../../../runner/assets/viewer.html");

/// Writes a report's page; gives the file.
fn written(name: &str, report: &Report) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join(format!("{name}.html"));
    std::fs::write(&path, assemble(TEMPLATE, report)).unwrap();
    path
}

fn fixtures() -> Vec<(&'static str, Report)> {
    vec![
        ("pass", builder::pass()),
        ("fail", builder::fail()),
        ("one", builder::one()),
        ("interrupted", builder::interrupted()),
        ("empty", builder::empty()),
        ("hostile", builder::with_hostile_text()),
    ]
}

fn quiet(tab: &Tab, name: &str) {
    assert_eq!(tab.troubles(), Vec::<String>::new(), "{name}");
}

#[test]
#[ignore = "needs Chromium"]
fn takes_over_without_an_error_or_a_request() {
    for (name, report) in fixtures() {
        let mut tab = Tab::open(&written(name, &report), Look::default());
        tab.interactive();
        let verdict = tab.eval("document.querySelector('h1 .badge').textContent");
        assert_eq!(verdict, report.verdict.as_str(), "{name}");
        tab.screenshot(&format!("{name}-light"));
        quiet(&tab, name);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn reads_with_scripts_off() {
    for (name, report) in fixtures() {
        let mut tab = Tab::open(&written(name, &report), Look { scripts: false, ..Look::default() });
        let document = tab.call("DOM.getDocument", serde_json::json!({}));
        let html = tab.call("DOM.getOuterHTML", serde_json::json!({ "nodeId": document["root"]["nodeId"] }));
        let html = html["outerHTML"].as_str().unwrap();
        let body = &html[..html.find("loadgate-report").unwrap()];
        assert!(body.contains(&format!("class=\"badge {}\"", report.verdict)), "{name}");
        if !report.scenarios.is_empty() {
            assert!(body.contains("id=\"scenarios-table\""), "{name}");
        }
        tab.screenshot(&format!("{name}-no-scripts"));
        quiet(&tab, name);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn is_at_home_in_the_dark_and_on_a_phone() {
    for (name, report) in fixtures() {
        let file = written(name, &report);
        let mut tab = Tab::open(&file, Look { dark: true, ..Look::default() });
        tab.interactive();
        tab.screenshot(&format!("{name}-dark"));
        quiet(&tab, name);

        let mut tab = Tab::open(&file, Look { width: 360, height: 740, ..Look::default() });
        tab.interactive();
        let wide = tab.eval("document.documentElement.scrollWidth");
        assert!(wide.as_f64().unwrap() <= 360.0, "{name}: the page is {wide} wide on a screen of 360");
        tab.screenshot(&format!("{name}-phone"));
        quiet(&tab, name);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn fifty_scenarios_of_twenty_steps_are_no_burden() {
    let file = written("wide", &builder::wide(50, 20));
    let mut tab = Tab::open(&file, Look::default());
    tab.interactive();
    let ready = tab.eval("performance.getEntriesByName('loadgate-interactive')[0]?.startTime");
    let painted = tab.eval("performance.getEntriesByName('first-contentful-paint')[0]?.startTime");
    let sorted = tab.eval(
        "(async () => { const from = performance.now();
            document.querySelector('#scenarios-table th:nth-child(4) button').click();
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            return performance.now() - from; })()",
    );
    let opened = tab.eval(
        "(async () => { const from = performance.now();
            document.querySelector('details.scenario.pass summary').click();
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            return performance.now() - from; })()",
    );
    // Figures to look at; how fast a machine is decides no test.
    eprintln!("first paint {painted} ms, interactive {ready} ms, sorting {sorted} ms, opening {opened} ms");
    assert_eq!(tab.eval("document.querySelectorAll('details.scenario').length"), 50);
    quiet(&tab, "wide");
}
