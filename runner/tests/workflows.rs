//! The action and the workflows hold up to the tools that audit such things.

mod common;

use std::process::Command;

use common::act::path_with_tools;
use common::root;

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

/// Every whole workflow that the documents show.
fn documented() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in ["README.md", "docs/action.md", "docs/permissions.md"] {
        let text = fs_err::read_to_string(root().join(name)).expect("the document is there");
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap_or(block);
            if block.contains("\njobs:") {
                found.push((name.to_owned(), block.to_owned()));
            }
        }
    }
    found
}

#[test]
#[ignore = "needs act: cargo xtask test"]
fn documented_workflows_are_workflows() {
    let place = common::Place::new();
    let workflows = documented();
    assert!(workflows.len() >= 8, "{}", workflows.len());
    for (index, (name, text)) in workflows.iter().enumerate() {
        let file = place.write(&format!("{index}/workflow.yml"), text);
        let output = Command::new("act")
            .args(["--list", "--workflows", file.as_str()])
            .current_dir(place.path())
            .env("PATH", path_with_tools())
            .env("HOME", place.path())
            .output()
            .expect("act is there after `cargo xtask setup`");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("workflow.yml"), "{name}:\n{text}\n{said}");
        // What is copied from here runs with no more than it says that it needs.
        assert!(text.contains("permissions: {}"), "{name}:\n{text}");
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
