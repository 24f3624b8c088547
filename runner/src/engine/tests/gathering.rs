//! Scripts, meetings and asides, from the suite's text to the figures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use loadgate_report::model::FailureKind;

use super::plans::run_scenario;
use super::server::{Heard, Reply, Server, ok, status};

fn lines(server: &Server) -> Vec<String> {
    server.heard().into_iter().map(|heard| heard.line.replace(" HTTP/1.1", "")).collect()
}

/// A service with ten slots.
fn slots() -> Server {
    let taken = Mutex::new(BTreeMap::<String, ()>::new());
    Server::start(move |heard: &Heard| {
        let mut taken = taken.lock().unwrap();
        let mut words = heard.line.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap().to_owned());
        Reply::Say(match method {
            "POST" if taken.len() >= 10 => status(429, "full"),
            "POST" => {
                taken.insert(path, ());
                ok("{}")
            }
            "DELETE" => {
                taken.remove(&path);
                ok("{}")
            }
            _ => ok(&format!("{{\"active\":{}}}", taken.len())),
        })
    })
}

#[test]
fn a_script_keeps_its_order() {
    let server = slots();
    let report = run_scenario(
        &server.base,
        "script:\n\
         - { as: holder, users: 10, do: [ { name: fill, post: '/{{ user.name }}' } ] }\n\
         - { as: late, do: [ { name: eleventh, post: '/{{ user.name }}', refused: status == 429 } ] }\n\
         - wait: 30ms\n\
         - { as: holder-1, do: [ { name: end_one, delete: '/{{ user.name }}' } ] }\n\
         - { as: late, do: [ { name: retry, post: '/{{ user.name }}' } ] }\n\
         - together: [ { as: late, do: [ { name: leave, delete: '/{{ user.id }}' } ] }, { as: other, do: [ { get: /health } ] } ]\n",
    );
    assert_eq!((report.ok, report.refused, report.failed_total()), (14, 1, 0), "{:?}", report.failures);
    let heard = lines(&server);
    let first: Vec<&str> = heard[..10].iter().map(String::as_str).collect();
    assert!((1..=10).all(|n| first.contains(&format!("POST /holder-{n}").as_str())), "{first:?}");
    assert_eq!(heard[10..13], ["POST /late", "DELETE /holder-1", "POST /late"]);
    assert_eq!(report.load, "a script of 6 acts, 12 users");
    assert_eq!(report.users[10].name, "late");
    assert_eq!((report.users[10].ok, report.users[10].refused), (2, 1));
    // The wait lies between the refusal and the end of the first.
    assert!(report.duration_s >= 0.03, "{}", report.duration_s);
    // `late` was refused once, so 11 of the 12 have completed their part.
    assert_eq!(report.iterations, 11);
}

#[test]
fn an_act_begins_when_the_last_turn_of_the_one_before_is_done() {
    let server = Server::start(|heard: &Heard| {
        Reply::Drip(vec![(if heard.line.contains("/one/many-2") { 80 } else { 0 }, ok("x"))])
    });
    let report = run_scenario(
        &server.base,
        "script:\n\
         - { as: many, users: 3, do: [ { get: '/one/{{ user.name }}' }, { get: /two } ] }\n\
         - { as: last, do: [ { get: /last } ] }\n",
    );
    assert_eq!((report.ok, report.failed_total()), (7, 0), "{:?}", report.failures);
    assert_eq!(lines(&server).last().map(String::as_str), Some("GET /last"));
}

#[test]
fn a_failed_turn_does_not_end_the_script() {
    let server = Server::start(|heard: &Heard| {
        Reply::Say(if heard.line.contains("/bad") { status(500, "") } else { ok(r#"{"id":"x7"}"#) })
    });
    let report = run_scenario(
        &server.base,
        "script:\n\
         - { as: a, do: [ { post: /start, capture: { id: json.id } } ] }\n\
         - { as: b, do: [ { get: /bad }, { get: /never } ] }\n\
         - { as: a, do: [ { get: '/{{ id }}' } ] }\n",
    );
    assert_eq!(lines(&server), ["POST /start", "GET /bad", "GET /x7"]);
    assert_eq!((report.ok, report.failed_total()), (2, 1));
}

#[test]
fn users_meet_and_go_on_together() {
    let at = Arc::new(Mutex::new(Vec::new()));
    let times = at.clone();
    let server = Server::start(move |heard: &Heard| {
        if heard.line.contains("/after") {
            times.lock().unwrap().push(Instant::now());
        }
        Reply::Drip(vec![(if heard.line.contains("user-1 ") { 80 } else { 0 }, ok("x"))])
    });
    let report = run_scenario(
        &server.base,
        "load: { users: 6, iterations: 2 }\n\
         flow:\n\
         - get: '/before/{{ user.id }}'\n\
         - { meet: here, within: 20s }\n\
         - { name: after, get: /after }\n",
    );
    assert_eq!((report.ok, report.failed_total()), (24, 0), "{:?}", report.failures);
    // Nobody is after the meeting before the slowest has come to it.
    let before = lines(&server).iter().position(|line| line.contains("/after")).unwrap();
    assert_eq!(before, 6);
    assert_eq!(at.lock().unwrap().len(), 12);
}

#[test]
fn who_waits_in_vain_fails() {
    let server = Server::saying(ok("x"));
    let report = run_scenario(
        &server.base,
        "classes:\n  one:\n    load: { users: 1, iterations: 1 }\n    flow: [ { get: / }, { meet: here, users: 3, within: 30ms }, { name: after, get: /after } ]\n  \
         two: { load: { users: 2, iterations: 1 }, flow: [ { get: / } ] }\n",
    );
    assert_eq!(report.failed.get(&FailureKind::Timeout), Some(&1), "{:?}", report.failures);
    assert_eq!(report.failures[0].step, "after");
    assert!(report.failures[0].message.contains("only 1 of 3 users came to `here`"), "{:?}", report.failures);
    assert_eq!(lines(&server).len(), 3);
}

#[test]
fn asides_look_without_being_load() {
    let looks = Mutex::new(0);
    let server = Server::start(move |heard: &Heard| {
        if !heard.line.contains("/health") {
            return Reply::Say(ok("x"));
        }
        let mut looks = looks.lock().unwrap();
        *looks += 1;
        Reply::Say(ok(&format!("{{\"active\":{}}}", 3 - *looks)))
    });
    let report = run_scenario(
        &server.base,
        "load: { users: 1, iterations: 1 }\n\
         flow:\n\
         - get: /\n\
         - { probe: /health, name: look, check: json.active == 2, capture: { active: json.active } }\n\
         - { probe: /health, name: drained, check: json.active == 0, within: 20s, every: 5ms }\n\
         - { command: 'echo {{ user.id }}-{{ active }}', name: told, check: text | trim == \"user-1-2\" }\n\
         - { command: exit 3, name: asked, check: status == 3 }\n\
         - { command: exit 3, name: bad, on_failure: continue }\n\
         - { probe: /health, name: never, check: json.active == 9, within: 40ms, every: 5ms }\n\
         - get: /not-reached\n",
    );
    let step = |name: &str| report.step(name).unwrap();
    for name in ["look", "drained", "told", "asked"] {
        assert_eq!((step(name).ok, step(name).failed.len()), (1, 0), "{name}: {:?}", report.failures);
    }
    assert_eq!(step("bad").failed.get(&FailureKind::Check), Some(&1));
    assert_eq!(step("never").failed.get(&FailureKind::Timeout), Some(&1));
    // Of the asides, the scenario has the two failures; its latency is that of its one request.
    assert_eq!((report.ok, report.failed_total(), report.latency_ms.count), (1, 2, 1));
    assert_eq!((report.users[0].ok, report.users[0].failed), (1, 2));
    let (own, all) = (report.users[0].max_ms.unwrap(), report.latency_ms.max.unwrap());
    assert!((own - all).abs() <= all * 0.01 + 0.01, "to the fineness of a histogram: {own} {all}");
    assert_eq!((report.series.ok.iter().sum::<u64>(), report.series.failed.iter().sum::<u64>()), (1, 2));
    let highest = report.series.max_ms.iter().flatten().copied().fold(0.0, f64::max);
    assert!((highest - all).abs() <= all * 0.01 + 0.01, "to the fineness of a histogram: {highest} {all}");
    assert!(report.failures.iter().any(|f| f.step == "bad" && f.message.contains("the command has failed")));
    assert!(report.failures.iter().any(|f| f.step == "never" && f.message.starts_with("not within 40ms")));
    // In a class of its own they are no requests either.
    let report = run_scenario(
        &server.base,
        "classes:\n  \
         asks: { load: { users: 2, iterations: 2 }, flow: [ { get: / }, { command: 'true' } ] }\n  \
         looks: { load: { users: 1, iterations: 3 }, flow: [ { probe: /health, check: json.active < 3 }, { command: 'true' } ] }\n",
    );
    let classes: Vec<(u64, u64, u64)> =
        report.classes.iter().map(|class| (class.ok, class.latency_ms.count, class.iterations)).collect();
    assert_eq!(classes, [(4, 4, 4), (0, 0, 3)], "{:?}", report.failures);
    assert_eq!(report.users.iter().map(|user| user.ok).collect::<Vec<_>>(), [2, 2, 0]);
}

#[test]
fn what_fails_is_sent_again_where_asked_for() {
    let seen = Mutex::new(BTreeMap::<String, u32>::new());
    let server = Server::start(move |heard: &Heard| {
        let mut seen = seen.lock().unwrap();
        let times = seen.entry(heard.line.clone()).or_default();
        *times += 1;
        let good = ok(r#"{"queued_ms":12.5}"#);
        match (heard.line.contains("/busy"), heard.line.contains("/gone"), *times) {
            (true, _, ..=2) => Reply::Say(status(503, "")),
            (_, true, 1) => Reply::SayAndClose(Vec::new()),
            _ => Reply::Say(good),
        }
    });
    let report = run_scenario(
        &server.base,
        "load: { users: 1, iterations: 1 }\n\
         flow:\n\
         - { name: busy, get: /busy, retry: { times: 3, when: status == 503, wait: 5ms }, queue_wait: json.queued_ms }\n\
         - { name: gone, get: /gone, retry: { times: 1, wait: 1ms } }\n\
         - { name: few, get: /busy?2, retry: { times: 1, wait: 1ms }, on_failure: continue }\n\
         - { name: other, get: /busy?3, retry: { times: 5, when: status == 502, wait: 1ms } }\n\
         expect: [ retries == 4, busy.retries == 2, queue_wait.max < 13ms ]\n",
    );
    let steps: Vec<(u64, u64, u64)> =
        report.steps.iter().map(|step| (step.ok, step.failed.values().sum(), step.retries)).collect();
    assert_eq!(steps, [(1, 0, 2), (1, 0, 1), (0, 1, 1), (0, 1, 0)], "{:?}", report.failures);
    let wait = report.steps[0].queue_wait_ms.as_ref().unwrap();
    assert_eq!((wait.count, wait.max.map(f64::round)), (1, Some(13.0)));
    // The pauses of 5 ms and 10 ms belong to its latency.
    assert!(report.steps[0].latency_ms.max.unwrap() >= 15.0);
}
