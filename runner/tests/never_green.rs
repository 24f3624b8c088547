//! What must never be green, whatever else holds: a table, run from end to end. The same for the pure judgement is in
//! `report/src/judge/tests.rs` and `report/src/judge/paired/tests.rs`.

mod common;

use std::time::Duration;

use common::server::{Reply, Server};
use common::{Place, lines, quiet_machine, signal};

/// A suite whose only condition holds wherever there is anything to judge it by.
fn suite(url: &str, load: &str, step: &str, condition: &str) -> String {
    format!(
        "name: never\ntarget: {{ url: \"{url}\" }}\nflows:\n  visit:\n    - {step}\nscenarios:\n  \
         visitors: {{ load: {{ {load} }}, flow: visit, expect: [ {condition} ] }}\n"
    )
}

const VISIT: &str = "get: /";
const LOAD: &str = "users: 2, iterations: 20";
const HOLDS: &str = "latency.p50 < 1h";

fn answers(status: u16) -> Server {
    Server::start(move |_, _| Reply::Answer(status, b"ok".to_vec()))
}

#[test]
fn what_was_not_measured_is_not_green() {
    let _lock = quiet_machine();
    // What is wrong, the server, the load, the step, the condition, further arguments, exit code, words of the finding.
    let table: &[(&str, Server, &str, &str, &str, &[&str], i32, &str)] = &[
        ("nothing is wrong", answers(200), LOAD, VISIT, HOLDS, &["--mode", "off"], 0, ""),
        (
            "no samples",
            answers(200),
            LOAD,
            "{ if: \"false\", then: [ { get: / } ] }",
            HOLDS,
            &["--mode", "off"],
            3,
            "no request was made",
        ),
        (
            "no samples of the figure",
            answers(200),
            LOAD,
            "{ get: /, refused: status == 429 }",
            "latency.p99 > 0ms",
            &["--mode", "off"],
            3,
            "latency.p99",
        ),
        ("all errors", answers(500), LOAD, VISIT, HOLDS, &["--mode", "off"], 3, "none of 40 requests"),
        (
            "all refused",
            answers(429),
            LOAD,
            "{ get: /, refused: status == 429 }",
            "error_rate < 1%",
            &["--mode", "off"],
            3,
            "were refused",
        ),
        (
            "no baseline",
            answers(200),
            LOAD,
            VISIT,
            HOLDS,
            &["--mode", "stored", "--fail-on", "inconclusive"],
            4,
            "no baseline",
        ),
        (
            "nothing to pair with",
            answers(200),
            LOAD,
            VISIT,
            HOLDS,
            &["--mode", "paired", "--fail-on", "inconclusive"],
            4,
            "nothing to pair with",
        ),
        (
            "a figure that is not there",
            answers(200),
            LOAD,
            VISIT,
            "cache_hit.rate > 1%",
            &["--mode", "off"],
            2,
            "cache_hit",
        ),
    ];
    for (wrong, server, load, step, condition, arguments, code, words) in table {
        let place = Place::new();
        place.write("loadgate.yml", &suite(&server.url(), load, step, condition));
        let ran = place.loadgate(&[&["run"], *arguments].concat());
        assert_eq!(ran.code, Some(*code), "{wrong}: {}", ran.said());
        assert!(ran.said().contains(words), "{wrong}: {}", ran.said());
    }
}

#[test]
fn a_foreign_baseline_is_not_green() {
    let _lock = quiet_machine();
    let server = answers(200);
    let place = Place::new();
    let text = suite(&server.url(), LOAD, VISIT, HOLDS);
    place.write("loadgate.yml", &text);
    place.loadgate(&["run", "--mode", "off"]).ends_with(0);
    place.loadgate(&["baseline", "accept"]).ends_with(0);
    // Of another load: nothing of it can be compared.
    place.write("loadgate.yml", &text.replace("iterations: 20", "iterations: 30"));
    let ran = place.loadgate(&["run", "--mode", "stored", "--fail-on", "inconclusive"]);
    ran.ends_with(4).says(&["load of the suite has changed"]);
    // Of another suite, under the name of this one.
    let file = place.path().join("baselines/never.json");
    let foreign =
        fs_err::read_to_string(&file).unwrap().replace("\"suite\": \"never\"", "\"suite\": \"other\"");
    place.write("baselines/never.json", &foreign);
    let ran = place.loadgate(&["run", "--mode", "stored", "--fail-on", "inconclusive"]);
    ran.ends_with(4).says(&["suite `other`"]);
    // Empty or damaged: an error, since it is there.
    place.write("baselines/never.json", "");
    place.loadgate(&["run", "--mode", "stored"]).ends_with(2).says(&["never.json"]);
}

#[test]
fn a_change_that_makes_its_own_baseline_is_not_green() {
    let _lock = quiet_machine();
    let slow = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let told = std::sync::Arc::clone(&slow);
    let server = Server::start(move |_, _| {
        if told.load(std::sync::atomic::Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(150));
        }
        Reply::Answer(200, b"ok".to_vec())
    });
    let place = Place::new();
    let git = |arguments: &[&str]| {
        let author =
            ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"];
        let status =
            std::process::Command::new("git").args(author).args(arguments).current_dir(place.path()).status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    };
    place.write("loadgate.yml", &suite(&server.url(), LOAD, VISIT, HOLDS));
    let accept = || {
        place.loadgate(&["run", "--mode", "off"]).ends_with(0);
        place.loadgate(&["baseline", "accept"]).ends_with(0);
    };
    git(&["init", "-q", "-b", "main"]);
    accept();
    git(&["add", "loadgate.yml", "baselines"]);
    git(&["commit", "-q", "-m", "fast"]);
    git(&["checkout", "-q", "-b", "change"]);
    slow.store(true, std::sync::atomic::Ordering::SeqCst);
    // Three slow runs of its own: measured by them, it would be as before.
    (0..3).for_each(|_| accept());
    git(&["commit", "-q", "-a", "-m", "slow"]);
    let ran = place.loadgate(&["run", "--mode", "stored", "--base", "main"]);
    ran.ends_with(1).says(&["edits the baseline", "compared with it as it was before", "latency.p50 rose"]);
    place.loadgate(&["run", "--mode", "stored"]).ends_with(0);
    // Nor does it help to take the baseline away.
    git(&["rm", "-q", "-r", "baselines"]);
    git(&["commit", "-q", "-m", "gone"]);
    let ran = place.loadgate(&["run", "--mode", "stored", "--base", "main"]);
    ran.ends_with(1).says(&["deletes the baseline", "latency.p50 rose"]);
}

#[test]
fn a_target_that_was_restarted_meanwhile_is_not_green() {
    let _lock = quiet_machine();
    let server = Server::start(|number, _| match number {
        60 => Reply::Restart,
        _ => Reply::Answer(200, b"ok".to_vec()),
    });
    let place = Place::new();
    let load = "users: 2, duration: 4s";
    place.write("loadgate.yml", &suite(&server.url(), load, VISIT, HOLDS));
    let ran = place.loadgate(&["run", "--mode", "off"]);
    ran.ends_with(3).says(&["restarted"]);
}

#[test]
fn a_target_that_ends_in_a_round_of_the_comparison_is_not_green() {
    let _lock = quiet_machine();
    // The first pass makes some 40 requests.
    let mortal = || {
        Server::start(|number, _| if number == 100 { Reply::Die } else { Reply::Answer(200, b"ok".to_vec()) })
    };
    let (head, base) = (mortal(), answers(200));
    in_pairs(VISIT, &head, &base).1.ends_with(3).says(&["in a round of the comparison"]);
    // The base's end says nothing of the change, so there is no verdict.
    let (head, base) = (answers(200), mortal());
    in_pairs(VISIT, &head, &base).1.ends_with(4).says(&["the base ended"]);
}

#[test]
fn what_leaks_in_a_round_of_the_comparison_is_not_green() {
    let _lock = quiet_machine();
    let leaky = || {
        let last = std::sync::Mutex::new(String::new());
        Server::start(move |number, line| {
            let before = std::mem::replace(&mut *last.lock().unwrap(), line.to_owned());
            let leaks = number > 100 && number % 7 == 0;
            Reply::Answer(200, if leaks { before.into_bytes() } else { b"ok".to_vec() })
        })
    };
    let cross_talk = |place: &Place| {
        let report = place.report();
        report.findings.iter().any(|f| f.kind == loadgate_report::model::FindingKind::CrossTalk)
    };
    let step = "get: \"/?text={{ canary }}\"";
    let (head, base) = (leaky(), answers(200));
    let (place, ran) = in_pairs(step, &head, &base);
    ran.ends_with(1).says(&["another user's text"]);
    assert!(cross_talk(&place), "{}", lines(&place.report().findings));
    // What the base leaks is not the change's doing.
    let (head, base) = (answers(200), leaky());
    let (place, ran) = in_pairs(step, &head, &base);
    assert!(!cross_talk(&place), "{}", ran.said());
}

/// A run of `head` whose first pass has 40 requests, and as few rounds against `base` as there can be.
fn in_pairs(step: &str, head: &Server, base: &Server) -> (Place, common::Ran) {
    let place = Place::new();
    place
        .write("loadgate.yml", &format!("{}gate: {{ budget: 1s }}\n", suite(&head.url(), LOAD, step, HOLDS)));
    let ran =
        place.loadgate(&["run", "--mode", "paired", "--base-url", &base.url(), "--fail-on", "inconclusive"]);
    (place, ran)
}

/// Only runs of other machines are stored, so only the base can judge; without one it was green.
#[test]
#[cfg(unix)]
fn a_head_that_does_not_start_again_is_not_green() {
    let _lock = quiet_machine();
    let base = Server::healthy();
    let place = Place::new();
    let start =
        "[ -e started ] && exit 7; touch started; exec {{ loadgate }} serve cached-chat --port {{ port }}";
    let text = suite("URL", LOAD, "get: /health", HOLDS);
    let target = format!("target: {{ url: \"http://127.0.0.1:{{{{ port }}}}\", start: '{start}' }}");
    place.write("loadgate.yml", &text.replace("target: { url: \"URL\" }", &target));
    place.loadgate(&["run", "--mode", "off"]).ends_with(0);
    place.loadgate(&["baseline", "accept"]).ends_with(0);
    let file = place.path().join("baselines/never.json");
    let elsewhere = fs_err::read_to_string(&file).unwrap().replace(" vCPUs", "000 vCPUs");
    place.write("baselines/never.json", &elsewhere);
    fs_err::remove_file(place.path().join("started")).unwrap();
    place.loadgate(&["run", "--mode", "stored", "--fail-on", "inconclusive"]).ends_with(0);
    fs_err::remove_file(place.path().join("started")).unwrap();
    let ran = place.loadgate(&["run", "--base-url", &base.url(), "--fail-on", "inconclusive"]);
    ran.ends_with(4).says(&["the head does not run"]);
}

#[test]
fn a_scenario_that_no_earlier_run_has_is_told() {
    let _lock = quiet_machine();
    let server = answers(200);
    let place = Place::new();
    let text = suite(&server.url(), LOAD, VISIT, HOLDS);
    place.write(
        "loadgate.yml",
        &format!("{text}  others: {{ load: {{ {LOAD} }}, flow: visit, expect: [ {HOLDS} ] }}\n"),
    );
    place.loadgate(&["run", "--mode", "off", "--only", "visitors"]).ends_with(0);
    place.loadgate(&["baseline", "accept"]).ends_with(0);
    let ran = place.loadgate(&["run", "--mode", "stored"]);
    assert!(ran.said().contains("no earlier run that fits has it: `others`;"), "{}", ran.said());
}

#[test]
fn a_generator_that_cannot_keep_up_is_not_green() {
    let _lock = quiet_machine();
    let server = answers(200);
    let place = Place::new();
    // Far more than any machine can send: two users at most, a million times a second.
    place.write(
        "loadgate.yml",
        &suite(&server.url(), "rate: 1000000/s, duration: 1s, max_users: 2", VISIT, HOLDS),
    );
    let ran = place.loadgate(&["run", "--mode", "off"]);
    ran.ends_with(3);
    let report = place.report();
    let told = report.findings.iter().any(|f| f.kind == loadgate_report::model::FindingKind::Generator);
    assert!(told, "{}", lines(&report.findings));
}

/// For the generator the clock leaps: it is stopped for longer than any request takes.
#[test]
#[cfg(unix)]
fn a_generator_whose_clock_jumps_is_not_green() {
    let _lock = quiet_machine();
    let server = answers(200);
    let place = Place::new();
    place.write("loadgate.yml", &suite(&server.url(), "rate: 50/s, duration: 4s", VISIT, HOLDS));
    let mut child = place.start(&["run", "--mode", "off"]);
    server.wait_for(50);
    signal(&child, "STOP");
    std::thread::sleep(Duration::from_millis(1500));
    signal(&child, "CONT");
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(3), "{}", lines(&place.report().findings));
    let report = place.report();
    let told = report.findings.iter().any(|f| f.kind == loadgate_report::model::FindingKind::Generator);
    assert!(told, "{}", lines(&report.findings));
}
