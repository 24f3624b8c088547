//! The action, run by act as GitHub would run it: `uses: ./` in a workflow, inputs in, verdict and exit code out.

mod common;

use common::act::Repository;
use common::server::{Reply, Server};
use common::{free_port, quiet_machine, root, small_suite};

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
         out: my report; touch pwned\n\
         artifact-name: $(touch pwned)/x\n\
         args: --seed 5 --set 'x=$(touch pwned) \"b\"'",
        serde_json::json!(folder)
    ));
    acted.ends(true, "0");
    let path = acted.output("report-json");
    assert!(path.ends_with(&format!("{folder}/my report; touch pwned/report.json")), "{path}");
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
