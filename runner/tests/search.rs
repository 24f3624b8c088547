//! Searches for a capacity against a reference service: twenty conversations at once, and no more.

mod common;

use common::{Place, quiet_machine};
use loadgate_report::Verdict;
use loadgate_report::model::{LevelOutcome, Scenario, SearchOutcome};

/// A suite whose one scenario searches, with these keys of `search` and these conditions.
fn suite(fault: &str, search: &str, expect: &str) -> String {
    format!(
        r#"name: slots
target:
  url: "http://127.0.0.1:{{{{ port }}}}"
  start: "{{{{ loadgate }}}} serve conversations --port {{{{ port }}}} {fault}"
  ready: {{ get: /health, within: 30s }}
scenarios:
  slots:
    setup: [ {{ delete: /api/conversations }} ]
    load: {{ search: {{ {search} }} }}
    flow:
      - name: start
        post: /api/conversations
        json: {{ user: "{{{{ user.id }}}}" }}
        refused: status == 503
        check: status == 201
        capture: {{ accepted: status == 201, conversation: json.conversation_id }}
        on_failure: continue
      - think: 100ms
      - if: accepted
        then: [ {{ delete: "/api/conversations/{{{{ conversation }}}}", query: {{ user: "{{{{ user.id }}}}" }} }} ]
    settle: 100ms
    expect: [ {expect} ]
scorecards:
  ready: {{ scenario: slots, pass: 60, level: warn, points: {{ capacity >= 20: 60, retries == 0: 30, ttft.p50 < 1s: 10 }} }}
"#
    )
}

/// The exit code of such a run, and its scenario.
fn searched(fault: &str, search: &str, expect: &str) -> (Option<i32>, Scenario, Place) {
    let place = Place::new();
    place.write("slots.yml", &suite(fault, search, expect));
    let ran = place.loadgate(&["run", "slots.yml", "--mode", "off"]);
    let scenario = place.report().scenarios.into_iter().next();
    (ran.code, scenario.unwrap_or_else(|| panic!("no scenario\n{}", ran.said())), place)
}

#[test]
fn the_breaking_point_is_found_and_shown_everywhere() {
    let _lock = quiet_machine();
    let search =
        "over: users, from: 5, to: 40, each: 300ms, precision: 5%, limits: [ refused == 0, failed == 0 ]";
    let (code, scenario, place) = searched("", search, "capacity == 20, failed == 0");
    let found = scenario.search.clone().expect("it is a search");
    assert_eq!(
        (code, found.outcome, found.capacity),
        (Some(0), SearchOutcome::Found, Some(20.0)),
        "{found:?}"
    );
    assert_eq!((found.broke, found.broken.as_deref()), (Some(21.0), Some("refused == 0")));
    // Twice at each level that broke; the scenario shows the largest that held.
    let broke = found.levels.iter().filter(|level| level.outcome == LevelOutcome::Broke).count();
    assert_eq!((found.levels.len() - broke, broke), (3, 10));
    assert_eq!((scenario.users_peak, scenario.refused), (20, 0));
    let card = &scenario.scorecards[0];
    assert_eq!((card.points, card.unjudged, card.total), (90.0, 10.0, 100.0));
    for file in ["report.html", "summary.md"] {
        let text =
            fs_err::read_to_string(place.path().join("loadgate-report").join(file)).expect("it was written");
        assert!(text.contains("capacity 20 users") && text.contains("ready"), "{file}");
    }
    // One slot more than the limit is a capacity too high.
    let (code, scenario, _) = searched("--fault limit-off-by-one", search, "capacity == 20");
    assert_eq!((code, scenario.search.and_then(|found| found.capacity)), (Some(1), Some(21.0)));
}

#[test]
fn a_range_that_ends_too_soon_or_begins_too_late_gives_no_capacity() {
    let _lock = quiet_machine();
    for (from, to, expect, code, outcome, verdict) in [
        (5, 15, "capacity >= 15", 0, SearchOutcome::Top, Verdict::Pass),
        (5, 15, "capacity >= 16", 3, SearchOutcome::Top, Verdict::Invalid),
        (25, 50, "capacity >= 25", 1, SearchOutcome::NoneHeld, Verdict::Fail),
    ] {
        let search = format!("over: users, from: {from}, to: {to}, each: 200ms, limits: refused == 0");
        let (ended, scenario, _) = searched("", &search, expect);
        let found = scenario.search.expect("it is a search");
        assert_eq!(
            (ended, found.outcome, scenario.verdict),
            (Some(code), outcome, verdict),
            "{expect}: {found:?}"
        );
        assert_eq!(found.capacity, None);
    }
}

/// Nothing makes a hundred thousand connections in a second; what gives way is the generator, whatever the limits say.
#[test]
fn a_generator_out_of_breath_is_no_capacity_of_the_target() {
    let _lock = quiet_machine();
    let search = "over: rate, from: 100000, to: 200000, each: 100ms, limits: [ start.refused == 0 ]";
    let (code, scenario, _) = searched("", search, "capacity >= 1");
    let found = scenario.search.expect("it is a search");
    assert_eq!((found.outcome, found.capacity), (SearchOutcome::Generator, None), "{found:?}");
    assert_eq!((code, scenario.verdict), (Some(3), Verdict::Invalid));
    assert!(scenario.reason.contains("the generator ended the search"), "{}", scenario.reason);
}
