//! Plans of the parts of the language that the tests in `runner/tests` do not decide one by one.

use loadgate_report::judge::{Better, Policy};
use loadgate_report::model::Level;

use super::*;
use crate::suite::file::{Decode as _, Decoder};
use crate::suite::plan::{
    Load, Outgoing, ProbeSource, ScriptAct, SearchOver, SocketAction, SocketStep, Step,
};

/// The plan, and the mistakes.
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
    let wrong = decoder.errors.into_iter().chain(wrong);
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
fn steps_over_a_socket() {
    let plan = right(
        "    load: { users: 3, iterations: 1 }\n    flow:\n    \
         - { name: open, connect: /ws, socket: line, protocols: [ v2, v1 ], bearer: x, keep: true, timeout: 2s, capture: { token: headers.x_token } }\n    \
         - { send: 'hi {{ token }}', socket: line }\n    \
         - { send: { json: { n: '{{ user.index }}' } }, socket: line }\n    \
         - { send: { base64: 'AAEC' }, socket: line }\n    \
         - { send: { size: 3B }, socket: line }\n    \
         - { name: answer, await: json.done, socket: line, content: json.delta, refused: [ json.busy, json.full ], capture: { said: text }, count: { long: size > 9 } }\n    \
         - { close: line }\n    - get: '/{{ said }}'\n    expect: [ open.latency.p95 < 1s, answer.ttft.p95 < 1s, long.rate > 0% ]",
    );
    let scenario = &plan.scenarios[0];
    let steps = &scenario.classes[0].mix[0].1.steps;
    let sockets: Vec<&SocketStep> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Socket(socket) => Some(&**socket),
            _ => None,
        })
        .collect();
    assert!(sockets.iter().all(|socket| socket.socket == "line"));
    let SocketAction::Connect(connect) = &sockets[0].action else { panic!() };
    assert_eq!((connect.keep, sockets[0].timeout.as_secs()), (true, 2));
    let headers: Vec<_> =
        connect.request.headers.iter().map(|(name, text)| (name.as_str(), text.constant())).collect();
    assert_eq!(headers, [("authorization", Some("Bearer x")), ("sec-websocket-protocol", Some("v2, v1"))]);
    assert!(
        matches!(&sockets[1].action, SocketAction::Send(Outgoing::Text(text)) if text.constant().is_none())
    );
    assert!(
        matches!(&sockets[3].action, SocketAction::Send(Outgoing::Binary(bytes)) if bytes[..] == [0, 1, 2])
    );
    let SocketAction::Await(wait) = &sockets[5].action else { panic!() };
    assert_eq!(wait.refused.as_ref().map(|refused| refused.source()), Some("(json.busy) or (json.full)"));
    let names: Vec<(&str, bool)> =
        scenario.steps.iter().map(|step| (step.name.as_str(), step.aside)).collect();
    assert_eq!(names[1..4], [("send to line", true), ("send to line (2)", true), ("send to line (3)", true)]);
    assert_eq!((names[0], names[5], names[6]), (("open", false), ("answer", false), ("close line", true)));
}

#[test]
fn mistakes_over_a_socket() {
    for (step, want) in [
        ("send: hi, socket: lien", "11:27 no step opens the socket `lien`"),
        ("await: true, socket: line, tokens: words", "11:44 `tokens` are those of a stream"),
        ("await: true, socket: line, goodput: { itl: 1s }", "11:52 `itl` is a time within a stream"),
        ("await: true", "11:7 no step opens the socket `socket`"),
        ("close: lines", "11:16 no step opens the socket `lines`"),
        ("connect: ws", "11:18 `ws` is no path"),
        ("connect: /, on: x", "11:21 a `connect` step has no key `on`"),
        ("connect: /, protocols: [ v 1 ]", "11:34 `v 1` is no name of a subprotocol"),
        ("connect: /, headers: { Upgrade: x }", "11:32 loadgate sets `upgrade` itself"),
        ("connect: /, headers: { sec-websocket-key: x }", "11:32 loadgate sets `sec-websocket-key` itself"),
        ("connect: /, headers: { connection: x }", "11:32 loadgate sets `connection` itself"),
        ("connect: /, timeout: 0s", "11:30 no socket can be opened within no time"),
        ("connect: /, bearer: x, basic: { user: a, password: b }", "11:7 `authorization` is given twice"),
        ("connect: /, check: status = 101", "11:35 the expression is wrong"),
        ("send: {}, socket: line", "11:15 it is not said what is sent"),
        (
            "send: { text: a, json: b }, socket: line",
            "11:15 a message is one thing; this one has `text` and `json`",
        ),
        ("send: { base64: '#' }, socket: line", "11:25 this is no Base64"),
        ("send: { file: none.bin }, socket: line", "11:23 cannot read `none.bin`"),
        ("send: { size: 5 }, socket: line", "11:23 `5` is no size"),
        ("send: { texts: a }, socket: line", "11:17 a message has no key `texts`"),
        ("send: '{{ usr }}', socket: line", "11:19 there is no `usr` here"),
        ("send: [ a ], socket: line", "11:15 expected a text, found a list"),
        ("await: json.a ==, socket: line", "11:25 the expression is wrong"),
        ("await: status == 200, socket: line", "11:16 there is no `status` here"),
        ("await: true, content: jsn.x, socket: line", "11:31 there is no `jsn` here"),
        ("await: true, timeout: 5, socket: line", "11:31 `5` is no time"),
        ("await: true, send: x", "11:22 a step does one thing; this one has `await` and `send`"),
        ("conect: /", "11:9 there is no step `conect`"),
    ] {
        let all = wrong(&format!(
            "    load: {{ users: 3, iterations: 1 }}\n    flow:\n    - {{ connect: /, socket: line }}\n    - {{ {step} }}"
        ));
        tell(step, want, &all);
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
        ("over: rate, from: 1, to: 5, limits: capacity > 3", "8:59 there is no figure `capacity`"),
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
    let rules = &plan.scenarios[0].conditions;
    assert_eq!(rules.last().map(|rule| rule.condition.text.as_str()), Some("score.card >= 50"));
    let (plan, _) = decided(&card("scenario: one, points: { ok > 1: 5 }, level: warn, requirement: E9"));
    let rule = plan.unwrap().scenarios[0].conditions.last().cloned().unwrap();
    assert_eq!((rule.level, rule.requirement.as_deref()), (Level::Warn, Some("E9")));
    assert_eq!(rule.condition.text, "score.card >= 5");
    for (text, want) in [
        ("scenario: two, points: { ok > 1: 5 }", "11:21 there is no scenario `two`"),
        ("scenario: one, points: { capacity > 1: 5 }", "11:36 there is no figure `capacity`"),
        ("scenario: one, points: { okk > 1: 5 }", "11:36 there is no figure `okk`"),
        ("scenario: one, points: { ok > 1: -5 }", "11:44 points must be above 0"),
        ("scenario: one, pass: 9, points: { ok > 1: 5 }", "11:32 9 points are needed, and 5 can be had"),
    ] {
        let (_, all) = decided(&card(text));
        tell(text, want, &all);
    }
    let odd = card("scenario: one, points: { ok > 1: 5 }").replace("  card:", "  my card:");
    tell("my card", "11:3 a scorecard cannot be called `my card`", &decided(&odd).1);
}

/// A suite that counts twice, with settings of the comparison.
fn compared(settings: &str) -> String {
    suite(&format!(
        "    load: {{ users: 3, iterations: 1 }}\n    flow: [ {{ get: /, count: {{ queued: json.position > 0, hit: json.cached }} }} ]\ngate: {{ {settings} }}"
    ))
}

#[test]
fn only_what_is_judged_between_runs_has_a_tolerance_or_a_floor() {
    let (plan, wrong) = decided(&compared(
        "tolerance: { success_rate: 5%, memory.peak: 10%, latency.p90: 0% }, floor: { refusal_rate: 2%, queued.rate: 8%, latency.p90: 5ms }",
    ));
    assert_eq!(wrong, Vec::<String>::new());
    let gate = plan.unwrap().gate;
    assert_eq!((gate.tolerance.len(), gate.floor.len()), (3, 3));
    for (settings, want) in [
        (
            "tolerance: { requests: 10% }",
            "10:22 `requests` is compared for show only: counts follow the load",
        ),
        ("tolerance: { ok: 10% }", "10:22 `ok` is compared for show only: counts follow the load"),
        ("tolerance: { refused: 10% }", "10:22 `refused` is compared for show only: counts follow the load"),
        ("tolerance: { failed: 10% }", "10:22 `failed` is compared for show only: counts follow the load"),
        ("tolerance: { memory.growth: 10% }", "10:22 `memory.growth` is compared for show only: it can be 0"),
        ("tolerance: { capacity: 10% }", "10:22 there is no figure `capacity`"),
        ("floor: { refused: 5 }", "10:18 `refused` is compared for show only: counts follow the load"),
        ("floor: { memory.growth: 5MB }", "10:18 `memory.growth` is compared for show only: it can be 0"),
        ("floor: { latency.p90: 5ms }", "10:18 a floor alone does not make `latency.p90` gate"),
    ] {
        let (_, all) = decided(&compared(settings));
        tell(settings, want, &all);
        assert_eq!(all.len(), 1, "{settings}: {all:?}");
    }
    // What is wrong of the tolerance is told once, and not again of the floor that goes with it.
    let (_, all) = decided(&compared("tolerance: { latency.p90: 10ms }, floor: { latency.p90: 5ms }"));
    assert_eq!(all, ["10:35 a tolerance is a share, such as 10%"]);
    let searched = suite(
        "    load: { search: { over: users, from: 1, to: 9, limits: ok > 0 } }\n    flow: start\ngate: { tolerance: { capacity: 10% } }",
    );
    tell("capacity", "10:22 `capacity` is compared for show only: a search ends", &decided(&searched).1);
}

#[test]
fn a_suite_says_which_way_its_counters_are_better() {
    let (plan, wrong) = decided(&compared("better: { queued.rate: lower, refusal_rate: higher }"));
    assert_eq!(wrong, Vec::<String>::new());
    let policy = Policy { better: plan.unwrap().gate.better, ..Policy::default() };
    let better =
        ["queued.rate", "hit.rate", "refusal_rate", "latency.p95"].map(|figure| policy.rule(figure).better);
    assert_eq!(better, [Better::Lower, Better::Higher, Better::Higher, Better::Lower]);
    let (plan, _) = decided(&compared("better: { queued.rate: neither, hit.rate: higher }"));
    let better: Vec<_> = plan.unwrap().gate.better.into_iter().collect();
    assert_eq!(
        better,
        [("hit.rate".to_owned(), Better::Higher), ("queued.rate".to_owned(), Better::Neither)]
    );
    for (settings, want) in [
        ("better: { queud.rate: lower }", "10:19 there is no figure `queud.rate`"),
        ("better: { queued.true: lower }", "10:19 `queued.true` is not compared between runs"),
        ("better: { refused: lower }", "10:19 `refused` is compared for show only"),
        (
            "better: { latency.p95: higher }",
            "10:19 `latency.p95` is better where it is lower, in every suite",
        ),
        ("better: { latency.p90: lower }", "10:19 `latency.p90` is better where it is lower, in every suite"),
        ("better: { queued.true.latency.p50: higher }", "10:19 `queued.true.latency.p50` is better where it"),
        ("better: { throughput: lower }", "10:19 `throughput` is better where it is higher, in every suite"),
        ("better: { queued.rate: less }", "10:32 `less` is none of the words that fit here"),
        ("better: queued.rate", "10:17 expected a mapping of names to values, found"),
    ] {
        let (_, all) = decided(&compared(settings));
        tell(settings, want, &all);
        assert_eq!(all.len(), 1, "{settings}: {all:?}");
    }
}

#[test]
fn a_search_needs_a_row_for_every_user_of_its_highest_level() {
    let text = suite(
        "    load: { search: { over: users, from: 1, to: 9, limits: ok > 0 } }\n    flow: [ { get: '/{{ people.name }}' } ]\ndata:\n  people: { rows: [ { name: a }, { name: b } ], unique: per_user }",
    );
    tell("rows", "7:3 9 users need 9 rows of `people`, which has 2", &decided(&text).1);
}
