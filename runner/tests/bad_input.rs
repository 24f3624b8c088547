//! Whatever is wrong with what is given: a clear message that says where and what to do, and the right exit code.

mod common;

use common::server::{Reply, Server};
use common::{Place, free_port, lines, quiet_machine, root, small_suite};
use loadgate_report::Verdict;
use loadgate_report::model::FindingKind;

/// A good suite in which each test breaks one thing.
const GOOD: &str = "\
name: good
target: { url: \"http://127.0.0.1:1\" }
data:
  questions: { csv: questions.csv }
flows:
  ask:
    - get: /
      check: [ status == 200 ]
scenarios:
  light:
    load: { users: 5, iterations: 4 }
    flow: ask
    expect: [ success_rate > 95% ]
";

fn broken(from: &str, to: &str) -> Place {
    assert!(GOOD.contains(from), "{from}");
    let place = Place::new();
    place.write("questions.csv", "text\nhow?\n");
    place.write("loadgate.yml", &GOOD.replacen(from, to, 1));
    place
}

#[test]
fn the_good_suite_is_good() {
    broken("good", "good").loadgate(&["check"]).ends_with(0);
}

#[test]
fn errors_of_a_suite_are_shown_with_their_place() {
    // What is broken, how, where that is, and words of the message.
    let table: &[(&str, &str, &str, &[&str])] = &[
        ("    flow: ask", "    flwo: ask", "loadgate.yml:12:5", &["flwo", "flow"]),
        ("users: 5", "users: many", "loadgate.yml:11:20", &["many"]),
        ("users: 5", "users: [5]", "loadgate.yml:11:20", &[]),
        ("status == 200", "status == (200", "loadgate.yml:8", &["status"]),
        ("success_rate > 95%", "success_rat > 95%", "loadgate.yml:13", &["success_rat", "success_rate"]),
        ("success_rate > 95%", "success_rate >", "loadgate.yml:13", &[]),
        ("flow: ask", "flow: asks", "loadgate.yml:12", &["asks", "ask"]),
        ("questions.csv", "missing.csv", "loadgate.yml:4", &["missing.csv"]),
        ("name: good", "name: [", "loadgate.yml:", &[]),
    ];
    for (from, to, at, words) in table {
        for command in ["check", "run"] {
            let ran = broken(from, to).loadgate(&[command]);
            assert_eq!(ran.code, Some(2), "{command} with {to}: {}", ran.said());
            ran.says(&[at]).says(words);
        }
    }
}

#[test]
fn all_errors_are_shown_at_once() {
    let place = broken("users: 5", "users: many");
    let text = fs_err::read_to_string(place.path().join("loadgate.yml")).unwrap();
    place.write("loadgate.yml", &text.replace("success_rate", "success_rat"));
    place.loadgate(&["check"]).ends_with(2).says(&["many", "success_rat"]);
}

#[test]
fn a_suite_that_is_not_there_is_named() {
    Place::new().loadgate(&["run", "nothing.yml"]).ends_with(2).says(&["nothing.yml"]);
    Place::new().loadgate(&["run"]).ends_with(2).says(&["loadgate.yml"]);
}

#[test]
fn wrong_usage_is_refused() {
    let place = Place::new();
    for arguments in [
        &["no-such-command"][..],
        &["run", "--no-such-option"],
        &["run", "--mode", "sideways"],
        &["demo", "no-such-service"],
        &["demo", "cached-chat", "--fault", "no-such-fault"],
        &["serve", "cached-chat", "--fault", "no-such-fault", "--port", "0"],
        &["serve", "cached-chat", "--slow", "-1", "--port", "0"],
    ] {
        place.loadgate(arguments).ends_with(2);
    }
}

#[test]
fn a_target_that_is_not_there_is_an_invalid_run() {
    let place = Place::new();
    let url = format!("http://127.0.0.1:{}", free_port());
    place.write("loadgate.yml", &small_suite(&url, 1, 1));
    let ran = place.loadgate(&["run"]);
    ran.ends_with(3).says(&[url.trim_start_matches("http://")]);
    // Whoever reads the report learns of it too.
    let report = place.report();
    assert_eq!(report.verdict, Verdict::Invalid);
    assert!(
        report.findings.iter().any(|finding| finding.kind == FindingKind::Target),
        "{}",
        lines(&report.findings)
    );
}

#[test]
fn a_target_that_dies_half_way_is_no_pass_and_named() {
    let _lock = quiet_machine();
    let server = Server::start(|number, _| match number {
        ..60 => Reply::Answer(200, b"ok".to_vec()),
        _ => Reply::Die,
    });
    let place = Place::new();
    place.write("loadgate.yml", &small_suite(&server.url(), 2, 100));
    let ran = place.loadgate(&["run"]);
    assert!(matches!(ran.code, Some(1 | 3)), "{:?}\n{}", ran.code, ran.said());
    let report = place.report();
    assert!(matches!(report.verdict, Verdict::Fail | Verdict::Invalid), "{:?}", report.verdict);
    let is_named = report.findings.iter().any(|finding| {
        finding.scenario.as_deref() == Some("visitors")
            && (finding.kind == FindingKind::Target
                || finding.condition.as_deref() == Some("success_rate > 99%"))
    });
    assert!(is_named, "{}", lines(&report.findings));
}

#[test]
fn a_started_target_that_ends_by_itself_is_shown_with_its_last_words() {
    let place = Place::new();
    let suite = small_suite("http://127.0.0.1:{{ port }}", 1, 1).replace(
        "target: {",
        "target: { start: \"sh -c 'echo no database here >&2; exit 7'\", ready: { get: /, within: 10s },",
    );
    place.write("loadgate.yml", &suite);
    place.loadgate(&["run"]).ends_with(3).says(&["no database here", "7"]);
}

#[test]
fn a_damaged_baseline_is_refused_and_a_foreign_one_is_not_compared_with() {
    let _lock = quiet_machine();
    let server = Server::healthy();
    let place = Place::new();
    place.write("loadgate.yml", &small_suite(&server.url(), 2, 20));
    place.loadgate(&["run"]).ends_with(0);
    place.loadgate(&["baseline", "accept"]).ends_with(0);
    let file = place.path().join("baselines/small.json");
    let good = fs_err::read_to_string(&file).unwrap();

    fs_err::write(&file, &good[..good.len() / 2]).unwrap();
    place.loadgate(&["run"]).ends_with(2).says(&["small.json"]);
    fs_err::write(&file, "[]").unwrap();
    place.loadgate(&["run"]).ends_with(2).says(&["small.json"]);

    fs_err::write(&file, good.replacen("\"small\"", "\"another\"", 1)).unwrap();
    // A baseline that fits no more is no mistake in the input: the run is worth something, and is not green.
    place.loadgate(&["run", "--fail-on", "inconclusive"]).ends_with(4).says(&["another", "inconclusive"]);
}

#[test]
fn an_output_folder_that_cannot_be_written_is_refused_before_the_load() {
    let server = Server::healthy();
    let place = Place::new();
    place.write("loadgate.yml", &small_suite(&server.url(), 1, 1));
    // A file where the folder should be: no one can write there, not even root.
    place.write("taken", "");
    place.loadgate(&["run", "--out", "taken"]).ends_with(2).says(&["taken"]);
    place.loadgate(&["run", "--out", "taken/below"]).ends_with(2).says(&["taken"]);
}

#[test]
fn files_that_are_no_reports_are_refused() {
    let place = Place::new();
    place.write("a.json", "{");
    place.write("b.json", "{\"schema\": \"something.else/9\"}");
    place.loadgate(&["compare", "a.json", "b.json"]).ends_with(2).says(&["a.json"]);
    place.loadgate(&["compare", "b.json", "b.json"]).ends_with(2).says(&["b.json"]);
    place.loadgate(&["report", "nothing.json"]).ends_with(2).says(&["nothing.json"]);
    place.loadgate(&["report", "a.json", "--extract"]).ends_with(2).says(&["a.json"]);
    place.loadgate(&["baseline", "accept", "a.json"]).ends_with(2).says(&["a.json"]);
}

#[test]
fn pruning_by_what_is_no_day_or_of_everything_is_refused() {
    let place = Place::new();
    let good = fs_err::read_to_string(root().join("baselines/sessions.json")).unwrap();
    let file = place.write("baselines/sessions.json", &good);
    let prune = |since| place.loadgate(&["baseline", "prune", "sessions", "--since", since]);
    for (since, words) in [
        ("Jan 2026", &["Jan 2026", "--since", "write it as 2026-01-31"]),
        ("yesterday", &["yesterday", "--since", "write it as 2026-01-31"]),
        ("2026-02-30", &["2026-02-30", "--since", "write it as 2026-01-31"]),
        ("9999-01-01", &["sessions.json", "no run would be left", "delete the file"]),
    ] {
        prune(since).ends_with(2).says(words);
        assert_eq!(fs_err::read_to_string(&file).unwrap(), good, "{since}");
    }
    prune("2020-01-01").ends_with(0).says(&["left out 0 runs"]);
}
