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
    succeeds("zizmor", &["--offline", "--pedantic", "--no-progress", "action.yml", ".github/workflows"]);
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
