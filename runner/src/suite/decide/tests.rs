//! Parts of the language that are decided but that no run can do yet, so that no plan of them leaves the crate.

use camino::Utf8Path;

use super::*;
use crate::suite::file::{Decode as _, Decoder};
use crate::suite::plan::{Load, ProbeSource, ScriptAct, SearchOver, Step};

/// The plan, and the mistakes but for what cannot be run yet.
fn decided(text: &str) -> (Option<Plan>, Vec<String>) {
    let mut sources = Sources::default();
    let file = sources.add("s.yaml", text, "");
    let tree = crate::suite::node::parse(&sources, file).unwrap();
    let mut decoder = Decoder { errors: Vec::new(), vars: Scope::default() };
    let suite = SuiteFile::decode(&tree, &mut decoder).unwrap();
    let options = LoadOptions::default();
    let variables = Variables::default();
    let (plan, wrong) =
        decide(&suite, Preparations { sources: &sources, options: &options, variables, secrets: Vec::new() });
    let wrong = decoder.errors.into_iter().chain(wrong).filter(|d| !d.message.contains("is not there yet"));
    let told = wrong.map(|d| {
        let place = sources.place(d.span.unwrap_or_default());
        format!("{}:{} {}", place.line, place.column, d.message)
    });
    (plan, told.collect())
}

fn suite(scenario: &str) -> String {
    format!(
        "name: s\ntarget: {{ url: 'http://127.0.0.1:1' }}\nflows:\n  start: [ {{ name: start, post: /start, refused: status == 429, capture: {{ id: json.id }} }} ]\n  \
         end: [ {{ name: end, delete: '/{{{{ id }}}}' }} ]\nscenarios:\n  one:\n{scenario}\n"
    )
}

fn right(scenario: &str) -> Plan {
    let (plan, wrong) = decided(&suite(scenario));
    assert_eq!(wrong, Vec::<String>::new());
    plan.unwrap()
}

fn wrong(scenario: &str) -> Vec<String> {
    decided(&suite(scenario)).1
}

/// Whether a mistake is among what is told.
fn tell(mistake: &str, want: &str, all: &[String]) {
    assert!(all.iter().any(|message| message.starts_with(want)), "{mistake}: {all:?}");
}

#[test]
fn a_script_of_named_users() {
    let plan = right(
        "    script:\n    - { as: holder, users: 10, do: start }\n    - { as: late, do: start }\n    - { as: holder-1, do: end }\n    \
         - wait: 2s\n    - together: [ { as: late, do: start }, { as: other, do: start } ]\n    - { as: holder, do: end }\n    expect: start.refused == 1",
    );
    let scenario = &plan.scenarios[0];
    let script = scenario.script.as_ref().unwrap();
    assert_eq!(script.users.len(), 12);
    assert_eq!((script.users[0].as_str(), script.users[10].as_str()), ("holder-1", "late"));
    let users = |act: &ScriptAct| match act {
        ScriptAct::Together(turns) => turns.iter().map(|turn| turn.user).collect::<Vec<_>>(),
        ScriptAct::Wait(_) => Vec::new(),
    };
    let acts: Vec<Vec<usize>> = script.acts.iter().map(users).collect();
    assert_eq!(
        acts,
        [(0..10).collect(), vec![10], vec![0], vec![], vec![10, 11], (0..10).collect::<Vec<_>>()]
    );
    // However often a flow is used, its steps are the same.
    assert_eq!(scenario.steps.len(), 2);
    assert_eq!(scenario.classes[0].load.most_users(), 12);
}

#[test]
fn mistakes_in_a_script() {
    for (script, want) in [
        ("    script:\n    - { as: a, do: strat }", "9:20 there is no flow `strat`"),
        ("    script:\n    - { as: a }", "9:7 an act needs `do`"),
        ("    script:\n    - { wait: 0s }", "9:15 no time is nothing to wait"),
        (
            "    script:\n    - { as: a, users: 2, do: start }\n    - { as: a, users: 3, do: end }",
            "10:23 there are 2 users `a` already",
        ),
        (
            "    script:\n    - together: [ { as: a, do: start }, { as: a, do: end } ]",
            "9:47 `a` does two things at the same instant",
        ),
        ("    script: []", "7:3 nobody acts in the script of `one`"),
        (
            "    script:\n    - { as: a, do: start }\n    flow: start",
            "7:3 the scenario `one` has both `flow` and `script`",
        ),
        ("    script:\n    - { as: a, does: start }", "9:16 an act has no key `does`"),
    ] {
        let all = wrong(script);
        tell(script, want, &all);
    }
}

#[test]
fn meetings_probes_and_commands() {
    let plan = right(
        "    load: { users: 3, iterations: 1 }\n    flow:\n    - flow: start\n    - { meet: filled, users: 3, within: 5s }\n    \
         - { probe: /health, name: drained, check: json.active == 0, within: 10s, every: 50ms }\n    \
         - { command: 'redis-cli get {{ user.id }}', check: \"'x' in text\", capture: { stored: text } }\n    - get: /{{ stored }}\n    expect: drained.ok == 3",
    );
    let scenario = &plan.scenarios[0];
    let steps = &scenario.classes[0].mix[0].1.steps;
    let Step::Meet(meet) = &steps[1] else { panic!() };
    assert_eq!((meet.name.as_str(), meet.users), ("filled", Some(3)));
    let Step::Aside(probe) = &steps[2] else { panic!() };
    assert!(matches!(&probe.source, ProbeSource::Get(path) if path.constant() == Some("/health")));
    assert_eq!(probe.until.map(|until| until.within.as_secs()), Some(10));
    let asides: Vec<bool> = scenario.steps.iter().map(|step| step.aside).collect();
    assert_eq!(asides, [false, true, true, false]);
    for (step, want) in [
        ("meet: a, users: 9", "10:25 9 users never meet: the scenario has 3"),
        ("meet: a, users: 1", "10:25 nobody meets alone"),
        ("probe: /h, within: 5s", "10:7 it is not said what is waited for"),
        ("probe: /h, every: 5s", "10:27 `every` goes with `within`"),
        ("probe: health", "10:16 `health` is no path"),
        ("command: x, probe: /h", "10:21 a step does one thing"),
    ] {
        let all = wrong(&format!("    load: {{ users: 3, iterations: 1 }}\n    flow:\n    - {{ {step} }}"));
        tell(step, want, &all);
    }
}

#[test]
fn retries_and_queue_waits() {
    let plan = right(
        "    load: { users: 3, iterations: 1 }\n    flow:\n    - { post: /, retry: { times: 3, when: [ status == 503, status == 502 ], wait: 1s }, queue_wait: json.queued_ms }",
    );
    let Step::Request(step) = &plan.scenarios[0].classes[0].mix[0].1.steps[0] else { panic!() };
    let retry = step.retry.as_ref().unwrap();
    assert_eq!((retry.times, retry.factor), (3, 2.0));
    assert_eq!(retry.when.as_ref().map(|when| when.source()), Some("(status == 503) or (status == 502)"));
    assert_eq!(step.queue_wait.as_ref().map(|wait| wait.source()), Some("json.queued_ms"));
    for (retry, want) in
        [("times: 0", "10:33 a request cannot"), ("times: 1, factor: 0.5", "10:44 pauses cannot")]
    {
        let all = wrong(&format!(
            "    load: {{ users: 3, iterations: 1 }}\n    flow:\n    - {{ get: /, retry: {{ {retry} }} }}"
        ));
        tell(retry, want, &all);
    }
}

#[test]
fn the_search_for_a_capacity() {
    let plan = right(
        "    load: { search: { over: users, from: 5, to: 100, each: 4s, precision: 5%, limits: [ latency.p95 < 1s, error_rate < 1% ] } }\n    flow: start",
    );
    let search = plan.scenarios[0].search.as_ref().unwrap();
    assert_eq!((search.over, search.limits.len()), (SearchOver::Users, 2));
    assert_eq!(search.load(5.0), plan.scenarios[0].classes[0].load);
    assert!(matches!(search.load(50.0), Load::Duration { users: 50, .. }));
    for (search, want) in [
        ("over: users, from: 5, to: 5, limits: ok > 0", "8:49 a search from 5 to 5 has nowhere to go"),
        ("over: users, from: 0, to: 5, limits: ok > 0", "8:42 0 is no number of users to try"),
        ("over: users, from: 1.5, to: 5, limits: ok > 0", "8:42 1.5 is no number of users to try"),
        ("over: speed, from: 1, to: 5, limits: ok > 0", "8:29 `speed` is none of the words that fit here"),
        ("over: rate, from: 1, to: 5, limits: okk > 0", "8:59 there is no figure `okk`"),
        ("over: rate, from: 1, to: 5", "8:21 `search` needs `limits`"),
    ] {
        let all = wrong(&format!("    load: {{ search: {{ {search} }} }}\n    flow: start"));
        tell(search, want, &all);
    }
}

#[test]
fn scorecards() {
    let card = |text: &str| {
        suite(&format!(
            "    load: {{ users: 3, iterations: 1 }}\n    flow: start\nscorecards:\n  card: {{ {text} }}"
        ))
    };
    let (plan, wrong) =
        decided(&card("scenario: one, pass: 50, points: { success_rate > 90%: 60, start.ok == 3: 40 }"));
    assert_eq!(wrong, Vec::<String>::new());
    let plan = plan.unwrap();
    assert_eq!((plan.scorecards[0].pass, plan.scorecards[0].points.len()), (50.0, 2));
    for (text, want) in [
        ("scenario: two, points: { ok > 1: 5 }", "11:21 there is no scenario `two`"),
        ("scenario: one, points: { okk > 1: 5 }", "11:36 there is no figure `okk`"),
        ("scenario: one, points: { ok > 1: -5 }", "11:44 points must be above 0"),
        ("scenario: one, pass: 9, points: { ok > 1: 5 }", "11:32 9 points are needed, and 5 can be had"),
    ] {
        let (_, all) = decided(&card(text));
        tell(text, want, &all);
    }
}

#[test]
fn what_cannot_be_run_yet_is_refused() {
    let text =
        suite("    load: { search: { over: users, from: 1, to: 9, limits: ok > 0 } }\n    flow: start");
    let error =
        crate::suite::load_text("s.yaml", &text, Utf8Path::new(""), &LoadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("`search` is not there yet"), "{error}");
}
