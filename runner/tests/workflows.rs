//! The action and the workflows hold up to the tools that audit such things.

mod common;

use std::process::Command;

use common::act::{Acted, Repository, path_with_tools};
use common::server::{Reply, Server};
use common::{LOADGATE, quiet_machine, root};
use sha2::{Digest, Sha256};

#[track_caller]
fn succeeds(program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .env("PATH", path_with_tools())
        .output()
        .unwrap_or_else(|error| panic!("{program} is there after `cargo xtask setup`: {error}"));
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}:\n{said}");
}

#[test]
#[ignore = "needs zizmor: cargo xtask test"]
fn zizmor_finds_nothing() {
    succeeds(
        "zizmor",
        &[
            "--offline",
            "--pedantic",
            "--no-progress",
            "action.yml",
            "action/comment/action.yml",
            ".github/workflows",
        ],
    );
}

#[test]
#[ignore = "needs shellcheck: cargo xtask test"]
fn shellcheck_finds_nothing() {
    let mut files = vec![".ci/run".to_owned()];
    let folder = root().join("action").read_dir_utf8().expect("the action has a folder");
    files.extend(
        folder
            .map(|entry| format!("action/{}", entry.expect("a readable folder").file_name()))
            .filter(|name| name.ends_with(".sh")),
    );
    assert!(files.len() > 3, "{files:?}");
    let mut arguments = vec!["--external-sources", "--severity=style"];
    arguments.extend(files.iter().map(String::as_str));
    succeeds("shellcheck", &arguments);
}

/// A whole workflow that a document shows.
struct Documented {
    /// The document, and the heading above the workflow.
    place: String,
    text: String,
}

/// All of them.
fn documented() -> Vec<Documented> {
    let mut found = Vec::new();
    for name in ["README.md", "docs/action.md", "docs/permissions.md"] {
        let text = fs_err::read_to_string(root().join(name)).expect("the document is there");
        let (mut heading, mut block) = (String::new(), None);
        for line in text.lines() {
            match (&mut block, line) {
                (None, "```yaml") => block = Some(String::new()),
                (Some(_), "```") => {
                    let text = block.take().unwrap_or_default();
                    if text.contains("\njobs:") {
                        found.push(Documented { place: format!("{name}: {heading}"), text });
                    }
                }
                (Some(text), line) => text.push_str(&format!("{line}\n")),
                (None, line) if line.starts_with('#') => {
                    line.trim_matches(['#', ' ']).clone_into(&mut heading)
                }
                (None, _) => {}
            }
        }
    }
    found
}

/// A repository as the documents have it in mind: suites of its own and of its services, and the action as it was released.
fn shop() -> (Repository, Server) {
    let repository = Repository::new();
    let suite = "name: shop\n\
        target:\n  url: 'http://127.0.0.1:{{ port }}'\n  \
        start: '{{ loadgate }} serve cached-chat --port {{ port }}'\n  ready: { get: /health, within: 30s }\n\
        flows: { look: [ { get: /health } ] }\n\
        scenarios:\n  visitors: { load: { users: 2, duration: 600ms }, flow: look, expect: [ success_rate > 99% ] }\n  \
        soak: { load: { users: 2, duration: { short: 600ms, full: 700ms } }, flow: look, expect: [ success_rate > 99% ] }\n\
        gate: { budget: 1s }\n";
    for folder in ["", "services/billing/", "services/search/"] {
        repository.write(&format!("{folder}loadgate.yml"), suite);
    }
    // The archive's program hands over to the one under test.
    let place = common::Place::new();
    let released = "loadgate-9.9.9-released";
    place.write(&format!("{released}/loadgate"), &format!("#!/bin/sh\nexec '{LOADGATE}' \"$@\"\n"));
    let packed = Command::new("sh")
        .args(["-c", &format!("chmod +x {released}/loadgate && tar -czf archive {released}")])
        .current_dir(place.path())
        .status();
    assert!(packed.is_ok_and(|status| status.success()));
    let archive = fs_err::read(place.path().join("archive")).expect("tar has made it");
    let sum: String = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
    let arch = std::env::consts::ARCH;
    let systems = ["unknown-linux-gnu", "unknown-linux-musl", "apple-darwin"];
    let lines = systems.map(|system| format!("{sum}  loadgate-9.9.9-{arch}-{system}.tar.gz\n"));
    repository.write("action/checksums.txt", &lines.concat());
    repository.stand_in("docker", "if [ \"$2\" = logs ]; then echo \"::error::a line of a service\"; fi");
    repository.stand_in(
        "gh",
        "echo \"gh $*\" >>\"$GH_LOG\"\ncase \"$1 $2\" in 'run list') echo 5 ;; 'run download') mkdir baselines ;; 'pr view') exit 1 ;; esac",
    );
    (repository, Server::start(move |_, _| Reply::Answer(200, archive.clone())))
}

/// Runs a documented workflow for the event that it waits for. Gives what act did, and what was asked of `gh`.
fn run(documented: &Documented, repository: &Repository, downloads: &Server) -> (Acted, String) {
    let service = Server::healthy();
    let api = Server::start(|_, _| Reply::Answer(200, b"[]".to_vec()));
    // Containers are what act cannot do here; what they would offer is there.
    let (before, services) = documented.text.split_once("    services:\n").unwrap_or((&documented.text, ""));
    let after = services
        .split_once("    steps:\n")
        .map_or(String::new(), |(_, steps)| format!("    steps:\n{steps}"));
    let text = format!("{before}{after}").replace("http://127.0.0.1:8080", &service.url());

    repository.write(".github/workflows/load.yml", &text);
    repository.commit();
    repository.git(&["branch", "loadgate-baselines", &{
        let tree = repository.git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
        repository.git(&["commit-tree", "-m", "Baselines", &tree])
    }]);
    let on = text.split("permissions:").next().unwrap_or_default();
    let event =
        ["workflow_run", "pull_request", "push", "schedule"].into_iter().find(|event| on.contains(event));
    let event = event.unwrap_or_else(|| panic!("{}: which event?", documented.place));
    let payload = match event {
        "pull_request" => {
            let base = repository.git(&["rev-parse", "HEAD"]);
            repository.write("changed", "by the pull request");
            repository.commit();
            repository.as_pull_request(&base)
        }
        "workflow_run" => serde_json::json!({ "workflow_run": {
            "id": 1, "event": "pull_request", "html_url": "http://127.0.0.1/run", "head_branch": "fix", "head_sha": "abc",
            "head_repository": { "owner": { "login": "someone" } },
        } }),
        _ => {
            repository.as_shallow_clone();
            serde_json::json!({})
        }
    };
    let log = repository.origin().with_extension("gh");
    let (downloads, api) = (downloads.url(), api.url());
    let report = root().join("report/tests/fixtures/fail.json");
    let environment = [
        ("LOADGATE_DOWNLOADS", downloads.as_str()),
        ("GITHUB_API_URL", api.as_str()),
        ("GITHUB_REPOSITORY", "o/r"),
        ("GH_LOG", log.as_str()),
        ("DOWNLOADED_REPORT", report.as_str()),
    ];
    let acted = repository.act_event(event, &payload, &text, &environment);
    (acted, fs_err::read_to_string(&log).unwrap_or_default())
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn documented_workflows_run() {
    let _lock = quiet_machine();
    let all = documented();
    assert!(all.len() >= 14, "{}", all.len());
    for documented in &all {
        let Documented { place, text } = documented;
        // What is copied from here runs with no more than it says that it needs.
        assert!(text.contains("permissions: {}"), "{place}:\n{text}");
        let (repository, downloads) = shop();
        let (acted, gh) = run(documented, &repository, &downloads);
        assert!(acted.succeeded, "{place}:\n{}", acted.log());
        assert!(acted.log().contains("loadgate "), "{place}: nothing was installed:\n{}", acted.log());
        let is_companion = text.contains("/action/comment@");
        assert_eq!(acted.log().contains("report-json"), !is_companion, "{place}:\n{}", acted.log());
        assert_eq!(acted.annotations("error"), Vec::<String>::new(), "{place}");
        let kept_in = |branch: &str| {
            let origin = repository.origin();
            repository.git(&["--git-dir", origin.as_str(), "ls-tree", "-r", "--name-only", branch])
        };
        match place.rsplit(": ").next().unwrap_or_default() {
            "A baseline that follows main" => {
                assert!(kept_in("main").contains("baselines/shop.json"), "{place}")
            }
            "The same through a pull request" => {
                assert!(kept_in("loadgate-baseline").contains("baselines/shop.json"), "{place}");
                assert!(gh.contains("pr create --head loadgate-baseline"), "{gh}");
            }
            "A baseline on a branch of its own" if text.contains("push:") => {
                assert_eq!(kept_in("loadgate-baselines"), "shop.json");
            }
            "A baseline in artifacts" => {
                assert!(gh.contains("run download 5 --name loadgate-baseline"), "{gh}");
                assert!(acted.log().contains("\nshop.json"), "{}", acted.log());
            }
            "Against the base of the pull request" => {
                assert!(acted.log().contains("round 6"), "{}", acted.log());
            }
            "A soak every night" => assert!(!acted.log().contains("visitors"), "{}", acted.log()),
            "Several services of one repository" => {
                assert_eq!(acted.log().matches("\nreport-json").count(), 2, "{}", acted.log());
            }
            _ if is_companion => assert!(acted.log().contains("no open pull request"), "{}", acted.log()),
            _ => {}
        }
    }
}

#[test]
fn documented_inputs_and_outputs_are_those_of_the_action() {
    let action = fs_err::read_to_string(root().join("action.yml")).expect("the action is there");
    let document = fs_err::read_to_string(root().join("docs/action.md")).expect("the document is there");
    let section = |from: &str, to: &str| {
        action.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap_or_default().to_owned()
    };
    let names: Vec<String> = [section("\ninputs:", "\noutputs:"), section("\noutputs:", "\nruns:")]
        .iter()
        .flat_map(|text| {
            text.lines()
                .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':').map(str::to_owned))
                .collect::<Vec<_>>()
        })
        .filter(|name| !name.starts_with(' '))
        .collect();
    assert!(names.len() > 25, "{names:?}");
    for name in names {
        assert!(document.contains(&format!("`{name}`")), "docs/action.md does not tell of `{name}`");
    }
}
