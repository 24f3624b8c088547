//! The action, run by act as GitHub would run it: `uses: ./` in a workflow, inputs in, verdict and exit code out.

mod common;

use std::process::Command;
use std::sync::{Arc, Mutex};

use common::act::{Repository, workflow};
use common::server::{Reply, Server};
use common::{LOADGATE, free_port, quiet_machine, root, small_suite};

/// The reference suite, two tiers of it, with or without a fault of the service.
fn cached_chat(fault: Option<&str>) -> common::act::Acted {
    let _lock = quiet_machine();
    let repository = Repository::new();
    let suite = fs_err::read_to_string(root().join("suites/cached-chat.yml")).expect("the suite is there");
    repository.write("suites/cached-chat.yml", &suite);
    let flags = fault.map(|name| format!("args: --set 'service_flags=--fault {name}'")).unwrap_or_default();
    let inputs =
        format!("suite: suites/cached-chat.yml\nmode: 'off'\nscenario: |\n  cache\n  light\n{flags}");
    // As `Place::undisturbed`: on a machine that is busy otherwise, the generator says that it was held up.
    (0..4)
        .map(|_| repository.act(&inputs))
        .find(|acted| !acted.log().contains("the generator"))
        .expect("a quiet moment")
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_healthy_service_succeeds() {
    let acted = cached_chat(None);
    acted.ends(true, "0");
    assert_eq!(acted.output("verdict"), "pass");
    assert_eq!(acted.output("regressions"), "0");
    assert_eq!(acted.output("artifact-url"), "http://127.0.0.1/artifact");
    assert!(!acted.output("version").is_empty());
    for output in ["report-html", "report-json", "summary", "junit"] {
        assert!(!acted.output(output).is_empty(), "{output}");
    }
    assert!(acted.summary().contains("pass"), "{}", acted.summary());
    assert!(acted.summary().contains("(http://127.0.0.1/artifact)"), "{}", acted.summary());
    assert_eq!(acted.annotations("error"), Vec::<String>::new());
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_fault_fails_and_names_its_cause() {
    let acted = cached_chat(Some("cache-off"));
    acted.ends(false, "1");
    assert_eq!(acted.output("verdict"), "fail");
    let summary = acted.summary();
    assert!(summary.contains("light") && summary.contains("cache_hit.rate"), "{summary}");
    let annotations = acted.annotations("error");
    let is_named = annotations
        .iter()
        .any(|each| each.starts_with("suites/cached-chat.yml:") && each.contains("cache_hit.rate"));
    assert!(is_named, "{annotations:#?}");
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_target_that_is_not_there_is_invalid() {
    let repository = Repository::new();
    repository.write("loadgate.yml", &small_suite(&format!("http://127.0.0.1:{}", free_port()), 1, 1));
    repository.act("suite: loadgate.yml").ends(false, "3");
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn an_error_in_the_suite_is_told() {
    let repository = Repository::new();
    repository.write("loadgate.yml", "name: x\nflwos: {}\n");
    let acted = repository.act("suite: loadgate.yml");
    acted.ends(false, "2");
    assert_eq!(acted.output("verdict"), "");
    assert!(acted.log().contains("flwos"), "{}", acted.log());
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn inputs_are_data() {
    let _lock = quiet_machine();
    let server = Server::healthy();
    let repository = Repository::new();
    let folder = "su ites $(touch pwned) `touch pwned` \"q\" 'r'";
    repository
        .write(&format!("{folder}/a b.yml"), &(small_suite(&server.url(), 1, 5) + "vars: { x: nothing }\n"));
    let acted = repository.act(&format!(
        "working-directory: {}\n\
         suite: |\n\n  a b.yml\n\
         out: \"my report;\\ntouch pwned\\n::error::pwned\"\n\
         artifact-name: $(touch pwned)/x\n\
         args: |\n  --seed 5\n  --set 'x=$(touch pwned) \"b\"'",
        serde_json::json!(folder)
    ));
    acted.ends(true, "0");
    let path = acted.output("report-json");
    assert!(
        path.ends_with(&format!("{folder}/my report;\ntouch pwned\n::error::pwned/report.json")),
        "{path}"
    );
    assert_eq!(acted.annotations("error"), Vec::<String>::new());
    // act works in a copy of the repository; a file made by any of the inputs would be in there or beside the original.
    assert!(!acted.log().contains("cannot touch"), "{}", acted.log());
    let found = walk(repository.path().parent().expect("a place of its own"))
        .into_iter()
        .find(|path| path.ends_with("pwned"));
    assert_eq!(found, None);
}

fn walk(folder: &camino::Utf8Path) -> Vec<camino::Utf8PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir_utf8().expect("a readable folder").flatten() {
        let path = entry.path().to_owned();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(walk(&path));
        }
        // Only files: the name of the hostile folder holds the word as well.
        if path.is_file() {
            found.push(path);
        }
    }
    found
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn unclosed_quotes_and_wrong_paths_are_refused() {
    let repository = Repository::new();
    repository.write("loadgate.yml", &small_suite("http://127.0.0.1:1", 1, 1));
    let acted = repository.act("args: --set 'x=1");
    assert!(!acted.succeeded);
    assert!(
        acted.annotations("error").iter().any(|each| each.contains("a quote is not closed")),
        "{}",
        acted.log()
    );

    let acted = repository.act_workflow(
        "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v6\n      \
         - id: gate\n        uses: ./\n        with: { binary-path: no/such/loadgate }\n",
        &[],
    );
    assert!(!acted.succeeded);
    assert!(
        acted.annotations("error").iter().any(|each| each.contains("no/such/loadgate")),
        "{}",
        acted.log()
    );
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn without_permission_to_upload_the_verdict_stands() {
    let _lock = quiet_machine();
    let server = Server::healthy();
    let repository = Repository::new();
    repository.write("loadgate.yml", &small_suite(&server.url(), 1, 5));
    let acted = repository.act_with("suite: loadgate.yml\nmode: 'off'", &[("UPLOAD_FORBIDDEN", "true")]);
    acted.ends(true, "0");
    assert_eq!(acted.output("verdict"), "pass");
    assert_eq!(acted.output("artifact-url"), "");
    let notices = acted.annotations("notice");
    assert!(notices.iter().any(|each| each.contains("could not be uploaded")), "{notices:?}");
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn the_text_of_the_target_is_no_workflow_command() {
    let _lock = quiet_machine();
    let hostile =
        "::error::pwned\n::set-output name=verdict::pass\n%0A::warning::pwned\r\n<script>pwned</script>";
    let server = Server::start(move |_, _| Reply::Answer(500, hostile.as_bytes().to_vec()));
    let repository = Repository::new();
    let suite =
        small_suite(&server.url(), 1, 5).replace("{ get: / }", "{ get: /, check: [ text == \"ok\" ] }");
    repository.write("loadgate.yml", &suite);
    let acted = repository.act("suite: loadgate.yml");
    acted.ends(false, "1");
    assert_eq!(acted.output("verdict"), "fail");
    for kind in ["error", "warning"] {
        let told = acted.annotations(kind);
        assert!(!told.iter().any(|each| each.trim_end().ends_with(": pwned")), "{told:?}");
    }
    assert!(!acted.summary().contains("<script>"), "{}", acted.summary());
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn summary_and_annotations_can_be_switched_off() {
    let _lock = quiet_machine();
    let server = Server::start(|_, _| Reply::Answer(500, Vec::new()));
    let repository = Repository::new();
    repository.write("loadgate.yml", &small_suite(&server.url(), 1, 5));
    let acted =
        repository.act("suite: loadgate.yml\nsummary: false\nannotations: false\nupload-artifact: false");
    acted.ends(false, "1");
    assert_eq!(acted.summary(), "");
    assert_eq!(acted.annotations("error"), Vec::<String>::new());
    assert_eq!(acted.output("artifact-url"), "");
}

/// An API that knows no comments yet and takes new ones, or refuses with this status; and the requests that it saw.
fn api(status: u16) -> (Server, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let server = Server::start({
        let seen = Arc::clone(&seen);
        move |_, first_line| {
            let line = first_line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
            let answer = match line.split(' ').next() {
                Some("GET") if line.contains("/pulls?") => {
                    Reply::Answer(200, br#"[{ "number": 12, "head": { "sha": "abc" } }]"#.to_vec())
                }
                Some("GET") => Reply::Answer(200, b"[]".to_vec()),
                _ => Reply::Answer(status, br#"{ "message": "told" }"#.to_vec()),
            };
            seen.lock().expect("no test panics in here").push(line);
            answer
        }
    });
    (server, seen)
}

fn failing() -> (Repository, Server) {
    let server = Server::start(|_, _| Reply::Answer(500, Vec::new()));
    let repository = Repository::new();
    repository.write("loadgate.yml", &small_suite(&server.url(), 1, 5));
    (repository, server)
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_failure_is_commented_on_its_pull_request() {
    let _lock = quiet_machine();
    for status in [201, 403] {
        let (repository, _server) = failing();
        let (api, seen) = api(status);
        let acted = repository.act_event(
            "pull_request",
            &serde_json::json!({ "pull_request": { "number": 7 }, "repository": { "full_name": "o/r" } }),
            &workflow("pull_request", "suite: loadgate.yml\ncomment: on-regression\ngithub-token: token"),
            &[("GITHUB_API_URL", &api.url()), ("GITHUB_REPOSITORY", "o/r")],
        );
        // The comment changes nothing about the verdict, whether it could be made or not.
        acted.ends(false, "1");
        let seen = seen.lock().expect("no test panics in here").clone();
        assert_eq!(
            seen,
            ["GET /repos/o/r/issues/7/comments?per_page=100", "POST /repos/o/r/issues/7/comments"],
            "{}",
            acted.log()
        );
        let notices = acted.annotations("notice");
        assert_eq!(notices.iter().any(|each| each.contains("no comment")), status == 403, "{notices:?}");
    }
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn the_companion_comments_for_a_fork() {
    let _lock = quiet_machine();
    let (repository, _server) = failing();
    let report = repository.report("suite: loadgate.yml");
    let steps = format!(
        "on: workflow_run\npermissions: {{}}\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n\
         \x20     - uses: actions/checkout@v6\n\
         \x20     - id: gate\n        uses: ./action/comment\n        with:\n          binary-path: {LOADGATE}\n          \
         github-token: token\n"
    );
    let event = serde_json::json!({ "workflow_run": {
        "id": 1, "html_url": "http://127.0.0.1/run", "head_branch": "fix", "head_sha": "abc",
        "head_repository": { "owner": { "login": "someone" } },
    } });
    let (api, seen) = api(201);
    let environment = [
        ("GITHUB_API_URL", api.url()),
        ("GITHUB_REPOSITORY", "o/r".to_owned()),
        ("DOWNLOADED_REPORT", report.to_string()),
    ];
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let acted = repository.act_event("workflow_run", &event, &steps, &environment);
    assert!(acted.succeeded, "{}", acted.log());
    let seen = seen.lock().expect("no test panics in here").clone();
    assert_eq!(
        seen,
        [
            "GET /repos/o/r/pulls?state=open&head=someone%3Afix&per_page=100",
            "GET /repos/o/r/issues/12/comments?per_page=100",
            "POST /repos/o/r/issues/12/comments",
        ],
        "{}",
        acted.log()
    );
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_missing_baseline_is_inconclusive_and_fails_where_asked_for() {
    let _lock = quiet_machine();
    let server = Server::healthy();
    let repository = Repository::new();
    repository.write("loadgate.yml", &small_suite(&server.url(), 1, 5));
    let acted = repository.act("suite: loadgate.yml");
    acted.ends(true, "0");
    assert_eq!(acted.output("verdict"), "inconclusive");
    repository.act("suite: loadgate.yml\nfail-on: inconclusive").ends(false, "4");
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_regression_against_the_stored_baseline_fails() {
    let _lock = quiet_machine();
    let repository = Repository::new();
    let suite = "name: answers\n\
        vars: { flags: '' }\n\
        target:\n  url: 'http://127.0.0.1:{{ port }}'\n  \
        start: '{{ loadgate }} serve cached-chat --port {{ port }} {{ vars.flags }}'\n  ready: { get: /health, within: 30s }\n\
        flows: { ask: [ { post: /api/chat, json: { user: a, message: same }, check: [ status == 200 ] } ] }\n\
        scenarios: { steady: { load: { users: 2, duration: 3s }, flow: ask, expect: [ success_rate > 99% ] } }\n";
    repository.write("loadgate.yml", suite);
    repository.build_baseline(3);
    let same = repository.act("suite: loadgate.yml");
    same.ends(true, "0");
    assert_eq!((same.output("verdict"), same.output("regressions")), ("pass", "0"), "{}", same.summary());

    let slower = repository.act("suite: loadgate.yml\nargs: --set 'flags=--slow 8'");
    slower.ends(false, "1");
    assert_ne!(slower.output("regressions"), "0");
    assert!(slower.summary().contains("latency"), "{}", slower.summary());
}

/// A pull request that changes how a service is started, which its script `start.sh` says; checked out as CI does.
fn changes(base: &str, head: &str, gate: &str) -> (Repository, serde_json::Value) {
    let repository = Repository::new();
    let suite = format!(
        "name: answers\n\
        vars: {{ flags: '' }}\n\
        target:\n  url: 'http://127.0.0.1:{{{{ port }}}}'\n  build: 'date +%N >>built'\n  \
        start: 'LOADGATE={{{{ loadgate }}}} sh start.sh --port {{{{ port }}}} {{{{ vars.flags }}}}'\n  \
        ready: {{ get: /health, within: 30s }}\n\
        flows: {{ ask: [ {{ post: /api/chat, json: {{ user: a, message: same }}, check: [ status == 200 ] }} ] }}\n\
        scenarios: {{ steady: {{ load: {{ users: 2, duration: 3s }}, flow: ask, expect: [ success_rate > 99% ] }} }}\n\
        gate: {{ tolerance: {{ latency.p50: 40%, latency.p95: 60%, throughput: 40% }}, budget: {gate} }}\n"
    );
    repository.write("loadgate.yml", &suite);
    repository.write("start.sh", base);
    repository.write(".gitignore", "built\n");
    repository.write(".github/workflows/load.yml", &workflow("pull_request", PAIRED));
    repository.commit();
    let base = repository.git(&["rev-parse", "HEAD"]);
    repository.write("start.sh", head);
    repository.write("changed", "more than the script, so that there is a change");
    repository.commit();
    let event = repository.as_pull_request(&base);
    (repository, event)
}

const PAIRED: &str = "suite: loadgate.yml\nmode: paired";
const AS_IT_WAS: &str = "exec $LOADGATE serve cached-chat \"$@\"";

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_pull_request_that_slows_the_service_fails_against_its_base() {
    let _lock = quiet_machine();
    let (repository, event) = changes(AS_IT_WAS, &format!("{AS_IT_WAS} --slow 4"), "2min");
    // The base is found without annotations as well.
    let asked = workflow("pull_request", &format!("{PAIRED}\nannotations: false"));
    let acted = repository.act_event("pull_request", &event, &asked, &[]);
    acted.ends(false, "1");
    assert_eq!(acted.annotations("error"), Vec::<String>::new());
    assert_ne!(acted.output("regressions"), "0");
    let base = event["pull_request"]["base"]["sha"].as_str().expect("the event names it");
    let summary = acted.summary();
    assert!(summary.contains(&base[..12]) && summary.contains("latency"), "{summary}");
    // Whoever meant it finds what to write, and how to get the report.
    assert!(summary.contains("- scenario: \"steady\"\n  figure: \"latency.p50\"\n  bound: "), "{summary}");
    assert!(
        summary.contains("gh run download 1 ") && summary.contains(" --name loadgate-report "),
        "{summary}"
    );
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_pull_request_that_changes_nothing_passes_and_keeps_what_it_built() {
    let _lock = quiet_machine();
    let (repository, event) = changes(AS_IT_WAS, AS_IT_WAS, "2min");
    let store = common::Place::new();
    let run = || {
        let environment = [("CACHE_STORE", store.path().as_str())];
        repository.act_event("pull_request", &event, &workflow("pull_request", PAIRED), &environment)
    };
    let acted = run();
    acted.ends(true, "0");
    assert_eq!((acted.output("verdict"), acted.output("regressions")), ("pass", "0"), "{}", acted.log());
    let kept: Vec<_> = walk(store.path());
    let base = event["pull_request"]["base"]["sha"].as_str().expect("the event names it");
    assert!(kept.len() == 1 && kept[0].as_str().ends_with(&format!("{base}.tar")), "{kept:?}");

    // act gives each run folders of its own, so this one finds the base only where it was kept.
    let again = run();
    again.ends(true, "0");
    let builds = Command::new("tar").args(["-xOPf", kept[0].as_str(), "--wildcards", "*/built"]).output();
    let builds = String::from_utf8(builds.expect("tar is there").stdout).expect("numbers");
    assert_eq!(builds.lines().count(), 1, "kept once, after the first build: {builds}");
    assert!(again.log().contains("cache-hit=true"), "{}", again.log());
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_pull_request_that_cannot_be_decided_is_inconclusive() {
    let _lock = quiet_machine();
    // Every other start is much slower: worse on the average, but the rounds do not agree on it.
    let wavering = "if [ -e fast ]; then rm fast; set -- \"$@\" --slow 20; else touch fast; fi\n\
        exec $LOADGATE serve cached-chat \"$@\"";
    let (repository, event) = changes(AS_IT_WAS, wavering, "1s");
    let asked = format!("{PAIRED}\nfail-on: inconclusive");
    let acted = repository.act_event("pull_request", &event, &workflow("pull_request", &asked), &[]);
    acted.ends(false, "4");
    assert_eq!((acted.output("verdict"), acted.output("regressions")), ("inconclusive", "0"));
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_base_that_does_not_run_is_inconclusive_and_says_why() {
    let _lock = quiet_machine();
    let (repository, event) = changes("echo no such service; exit 7", AS_IT_WAS, "30s");
    let acted = repository.act_event("pull_request", &event, &workflow("pull_request", PAIRED), &[]);
    acted.ends(true, "0");
    assert_eq!(acted.output("verdict"), "inconclusive");
    assert!(acted.summary().contains("the base does not run"), "{}", acted.summary());
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn what_the_stored_runs_suspect_the_base_decides() {
    let _lock = quiet_machine();
    let (repository, event) = changes(AS_IT_WAS, AS_IT_WAS, "2min");
    repository.build_baseline(3);
    // Not the change is slower but everything is, as on a bad day: both revisions.
    let asked = workflow("pull_request", "suite: loadgate.yml\nargs: --set 'flags=--slow 4'");
    let acted = repository.act_event("pull_request", &event, &asked, &[]);
    acted.ends(true, "0");
    assert_eq!(acted.output("verdict"), "pass", "{}", acted.summary());
    assert!(acted.summary().contains("the pull request's base"), "{}", acted.summary());
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn a_binary_that_is_not_the_released_one_is_refused() {
    let server = Server::start(|_, _| Reply::Answer(200, b"something else".to_vec()));
    let repository = Repository::new();
    repository.write("loadgate.yml", &small_suite("http://127.0.0.1:1", 1, 1));
    let sum = "0".repeat(64);
    let targets = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "x86_64-unknown-linux-musl"];
    let lines: String = targets.map(|target| format!("{sum}  loadgate-9.9.9-{target}.tar.gz\n")).concat();
    repository.write("action/checksums.txt", &lines);
    let steps = workflow("push", "suite: loadgate.yml")
        .replace(&format!("binary-path: {LOADGATE}"), "version: 9.9.9");
    let acted = repository.act_workflow(&steps, &[("LOADGATE_DOWNLOADS", &server.url())]);
    assert!(!acted.succeeded, "{}", acted.log());
    let told = acted.annotations("error");
    assert!(told.iter().any(|each| each.contains("is not what was released")), "{told:?}");
    assert!(!acted.log().contains("report.json"), "nothing was run: {}", acted.log());
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn the_output_of_the_target_is_no_workflow_command() {
    let repository = Repository::new();
    repository.write(
        "start.sh",
        "printf '::error::pwned\\n##[error]pwned\\n::set-output name=verdict::pass\\n'; exit 1",
    );
    repository.write(
        "loadgate.yml",
        &small_suite("http://127.0.0.1:{{ port }}", 1, 1)
            .replace(" }\nflows", ", start: sh start.sh }\nflows"),
    );
    let acted = repository.act("suite: loadgate.yml\nmode: 'off'");
    acted.ends(false, "3");
    assert_eq!(acted.output("verdict"), "invalid");
    // The words are told, since they say why the service ended, but inside of the one command that is ours.
    assert_eq!(acted.annotations("error").len(), 1, "{}", acted.log());
    assert!(acted.log().contains("pwned"), "{}", acted.log());
}
