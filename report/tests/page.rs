//! What holds for every page: text stays text, numbers are the report's, data comes back.

mod builder;

use std::collections::BTreeSet;

use loadgate_report::Report;
use loadgate_report::html::Node;
use loadgate_report::model::ChangeOutcome;
use loadgate_report::page::{Page, View, assemble, extract};

const TEMPLATE: &str = "<!doctype html><title><!--loadgate:title--></title><main><!--loadgate:body--></main><!--loadgate:data-->";

fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("pass", builder::pass()),
        ("fail", builder::fail()),
        ("paired", builder::paired()),
        ("inconclusive", builder::inconclusive()),
        ("one", builder::one()),
        ("interrupted", builder::interrupted()),
        ("empty", builder::empty()),
        ("hostile", builder::with_hostile_text()),
        ("default", Report::default()),
    ]
}

fn views() -> Vec<View> {
    let open = View {
        interactive: true,
        toggled: ["scenario-baseline", "scenario-light"].map(str::to_owned).into(),
        sorted: [("scenarios-table".to_owned(), (3, true))].into(),
        span: [("scenario-heavy".to_owned(), (2.0, 6.0))].into(),
        ..View::default()
    };
    vec![View::printed(), open.clone(), View { no_baseline: true, only_changed: true, ..open }]
}

/// Visits all elements.
fn elements<'a>(node: &'a Node, seen: &mut Vec<&'a loadgate_report::html::Element>) {
    match node {
        Node::Text(_) => {}
        Node::List(nodes) => nodes.iter().for_each(|n| elements(n, seen)),
        Node::Element(e) => {
            seen.push(e);
            e.children.iter().for_each(|n| elements(n, seen));
        }
    }
}

#[test]
fn no_text_of_a_report_becomes_markup() {
    let report = builder::with_hostile_text();
    for view in views() {
        let html = Page::new(&report, &view).render().to_string();
        for text in ["<script", "</script", "<img", "<!--", "onerror=alert(1)>"] {
            assert!(!html.contains(text), "{text} in the page");
        }
        assert!(html.contains("&lt;/script&gt;&lt;script&gt;alert(1)"), "the hostile text is shown");
    }
    let file = assemble(TEMPLATE, &report);
    let data = &file[file.find("<script").unwrap()..];
    assert_eq!(data.matches("</script>").count(), 1);
    assert!(!data.contains(['\u{2028}', '\u{2029}']) && !data.contains("<!--"));
}

#[test]
fn data_comes_back_from_every_page() {
    for (name, report) in all() {
        let back = extract(&assemble(TEMPLATE, &report)).unwrap();
        assert!(back == serde_json::to_string(&report).unwrap(), "{name}");
    }
}

/// All numbers of a JSON document.
fn numbers(value: &serde_json::Value, found: &mut BTreeSet<u64>) {
    match value {
        serde_json::Value::Number(n) => drop(n.as_f64().map(|n| found.insert(n.to_bits()))),
        serde_json::Value::Array(items) => items.iter().for_each(|v| numbers(v, found)),
        serde_json::Value::Object(map) => map.values().for_each(|v| numbers(v, found)),
        _ => {}
    }
}

#[test]
fn every_number_of_the_page_stands_in_the_report() {
    for (name, report) in all() {
        let mut known = BTreeSet::from([0f64.to_bits()]);
        numbers(&serde_json::to_value(&report).unwrap(), &mut known);
        // Sums that the contract defines and does not repeat.
        for s in &report.scenarios {
            known.insert((s.failed_total() as f64).to_bits());
            known.extend(s.steps.iter().map(|step| (step.failed.values().sum::<u64>() as f64).to_bits()));
        }
        let page = Page::new(&report, &View::printed()).render();
        let mut seen = Vec::new();
        elements(&page, &mut seen);
        let mut count = 0;
        for element in seen.iter().filter(|e| e.tag == "data") {
            let value: f64 = element.get("value").unwrap().parse().unwrap();
            assert!(known.contains(&value.to_bits()), "{name}: {value} is not in the report");
            count += 1;
        }
        assert!(count > 50 || report.scenarios.len() < 2, "{name}: only {count} numbers");
    }
}

/// All text, a space between the pieces.
fn text(node: &Node) -> String {
    match node {
        Node::Text(text) => text.to_string(),
        Node::List(nodes) => nodes.iter().map(text).collect::<Vec<_>>().join(" "),
        Node::Element(e) => e.children.iter().map(text).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn an_acceptance_that_does_not_reach_is_not_called_needless() {
    let state = |figure: &str, used: bool, expired: bool| {
        let mut report = builder::fail();
        // It got worse with the latency, whose finding speaks for both.
        let figures = &mut report.comparison.as_mut().unwrap().figures;
        let throughput = figures.iter_mut().find(|f| f.scenario == "heavy" && f.figure == "throughput");
        throughput.unwrap().outcome = ChangeOutcome::Regression;
        // A condition of it is broken.
        let hits = figures.iter_mut().filter(|f| f.figure == "cache_hit.rate");
        hits.for_each(|f| f.outcome = ChangeOutcome::Unchanged);
        let line = &mut report.acceptances[0];
        (line.scenario, line.figure) = (Some("heavy".to_owned()), figure.to_owned());
        (line.used, line.expired) = (used, expired);
        let page = text(&Page::new(&report, &View::printed()).render());
        let states = ["exceeded", "not needed", "in use", "expired"];
        states.into_iter().filter(|state| page.contains(&format!(" {state} "))).collect::<Vec<_>>()
    };
    assert_eq!(state("latency.p50", false, false), ["exceeded"]);
    assert_eq!(state("throughput", false, false), ["exceeded"]);
    assert_eq!(state("cache_hit.rate", false, false), ["exceeded"]);
    assert_eq!(state("service_time.p50", false, false), ["not needed"]);
    assert_eq!(state("latency.p50", true, false), ["in use"]);
    assert_eq!(state("latency.p50", false, true), ["expired"]);
}

#[test]
fn a_finding_shows_what_fresh_rounds_came_to() {
    let mut report = builder::fail();
    let shown = |report: &Report| {
        let page = Page::new(report, &View::printed()).render();
        let mut seen = Vec::new();
        elements(&page, &mut seen);
        let values = seen.iter().filter(|e| e.tag == "data" && e.get("value") == Some("12345.5")).count();
        (text(&page).contains("Fresh rounds"), values)
    };
    assert_eq!(shown(&report), (false, 0));
    let figures = &mut report.comparison.as_mut().unwrap().figures;
    let p50 = figures.iter_mut().find(|f| f.scenario == "heavy" && f.figure == "latency.p50").unwrap();
    p50.fresh = Some(12345.5);
    assert_eq!(shown(&report), (true, 1));
}

#[test]
fn ids_are_unique_and_links_lead_somewhere() {
    for (name, report) in all() {
        for view in views() {
            let page = Page::new(&report, &view).render();
            let mut seen = Vec::new();
            elements(&page, &mut seen);
            let ids: Vec<&str> = seen.iter().filter_map(|e| e.get("id")).collect();
            let unique: BTreeSet<&str> = ids.iter().copied().collect();
            assert_eq!(ids.len(), unique.len(), "{name}");
            for link in seen.iter().filter_map(|e| e.get("href")) {
                let to_commit = link.starts_with("https://github.com/acme/cached-chat/commit/");
                assert!(to_commit || unique.contains(&link[1..]), "{name}: {link} leads nowhere");
            }
        }
    }
}

#[test]
fn only_an_address_of_the_web_becomes_a_link() {
    let mut report = builder::pass();
    for repository in [
        "javascript:alert(1)",
        "https://example.invalid/\" onclick=\"x",
        "//evil",
        "http://plain.example.invalid",
    ] {
        report.environment.revision.as_mut().unwrap().repository = Some(repository.to_owned());
        let html = Page::new(&report, &View::printed()).render().to_string();
        assert!(!html.contains("/commit/"), "{repository}");
    }
}

#[test]
fn no_style_attributes_since_the_policy_forbids_them() {
    for (_, report) in all() {
        let page = Page::new(&report, &View::printed()).render();
        let mut seen = Vec::new();
        elements(&page, &mut seen);
        for e in seen {
            assert!(
                e.attributes.iter().all(|(name, _)| *name != "style" && !name.starts_with("on")),
                "{}",
                e.tag
            );
        }
    }
}

#[test]
fn a_newer_report_is_shown_with_a_note() {
    let mut json = serde_json::to_value(builder::pass()).unwrap();
    json["schema"] = "loadgate.report/2".into();
    json["constellation"] = serde_json::json!({ "unknown": [1, 2, 3] });
    let report: Report = serde_json::from_value(json).unwrap();
    let text = Page::new(&report, &View::printed()).render().text();
    assert!(text.contains("loadgate.report/2") && text.contains("what it understands"), "{text}");
}

#[test]
fn a_search_leaves_what_fits() {
    let report = builder::fail();
    let view = View { interactive: true, search: "stress".to_owned(), ..View::default() };
    let page = Page::new(&report, &view);
    assert_eq!(page.scenario_table().rows.len(), 1);
    assert!(page.comparison_table().rows.len() >= 5);
}
