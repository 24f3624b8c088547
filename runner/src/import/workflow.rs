//! A first workflow for GitHub Actions.

use std::fmt::Write as _;

use super::{Requests, yaml};

/// What the workflow depends on.
#[derive(Debug)]
pub struct Workflow<'a> {
    /// Path of the suite, from the folder that loadgate runs in.
    pub suite: &'a str,
    /// That folder, from the root of the repository; empty for the root itself.
    pub folder: &'a str,
    /// Whether the suite starts the service.
    pub starts: bool,
}

/// The workflow: the gate on each pull request, with the secrets that the suite reads.
pub fn write(requests: &Requests, workflow: &Workflow<'_>) -> String {
    let mut out = "\
name: loadgate

on:
  pull_request:

permissions: {}

concurrency:
  group: loadgate-${{ github.ref }}
  cancel-in-progress: true

jobs:
  loadgate:
    name: Load gate
    runs-on: ubuntu-latest
    timeout-minutes: 45
    permissions:
      contents: read # to check out
    steps:
      - uses: actions/checkout@v6
        with:
          persist-credentials: false
          fetch-depth: 0 # the base is here, then, and need not be fetched
"
    .to_owned();
    if !workflow.starts {
        out.push_str(
            "      # The suite does not start the service, so start it here, or let the suite do it (`target.start`):\n      \
             # - run: docker compose up --detach --wait\n",
        );
    }
    out.push_str("      - uses: loadgate/loadgate@v1\n        with:\n");
    let _ = writeln!(out, "          suite: {}", yaml::text(workflow.suite));
    if !workflow.folder.is_empty() {
        let _ = writeln!(out, "          working-directory: {}", yaml::text(workflow.folder));
    }
    let names: Vec<String> = requests.secrets.iter().map(super::Secret::environment).collect();
    if !names.is_empty() {
        out.push_str("        env:\n");
        for name in names {
            let _ = writeln!(out, "          {name}: ${{{{ secrets.{name} }}}}");
        }
    }
    out
}
