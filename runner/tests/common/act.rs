//! A repository with the action in it, and act to run its workflows on this machine, without containers.

use std::process::{Command, Stdio};

use camino::Utf8PathBuf;
use serde_json::Value;

use super::{LOADGATE, Place, root};

/// A repository that uses the action from its own root, as `uses: ./`.
pub(crate) struct Repository {
    place: Place,
}

/// What act did.
pub(crate) struct Acted {
    /// Whether the job succeeded.
    pub(crate) succeeded: bool,
    events: Vec<Value>,
    log: String,
}

/// Stands in for actions/upload-artifact: notes what it was given, or fails as without permission.
const UPLOAD: &str = r#"
name: upload
description: stands in for actions/upload-artifact
inputs:
  name: { default: artifact }
  path: { required: true }
  archive: { default: "true" }
  if-no-files-found: { default: warn }
  retention-days: { default: "0" }
  overwrite: { default: "false" }
outputs:
  artifact-url: { value: "${{ steps.note.outputs.artifact-url }}" }
runs:
  using: composite
  steps:
    - id: note
      shell: bash
      env: { FILES: "${{ inputs.path }}", NAME: "${{ inputs.name }}" }
      run: |
        if [ "${UPLOAD_FORBIDDEN:-}" = true ]; then echo "no permission"; exit 1; fi
        ls "$FILES"
        echo "artifact-url=http://127.0.0.1/$NAME" >>"$GITHUB_OUTPUT"
"#;

/// Stands in for actions/download-artifact: brings the report that the test names, or fails as where there is none.
const DOWNLOAD: &str = r#"
name: download
description: stands in for actions/download-artifact
inputs:
  name: { default: "" }
  path: { required: true }
  run-id: { default: "" }
  github-token: { default: "" }
runs:
  using: composite
  steps:
    - shell: bash
      env: { FOLDER: "${{ inputs.path }}" }
      run: |
        mkdir -p "$FOLDER"
        cp "$DOWNLOADED_REPORT" "$FOLDER/report.json"
"#;

/// Stands in for actions/cache/restore: looks into the folder that the test names.
const CACHE_RESTORE: &str = r#"
name: restore
description: stands in for actions/cache/restore
inputs:
  path: { required: true }
  key: { required: true }
outputs:
  cache-hit: { value: "${{ steps.look.outputs.cache-hit }}" }
runs:
  using: composite
  steps:
    - id: look
      shell: bash
      env: { FOLDER: "${{ inputs.path }}", KEY: "${{ inputs.key }}" }
      run: |
        if [ -f "${CACHE_STORE:-}/$KEY.tar" ]; then
          tar -xPf "$CACHE_STORE/$KEY.tar"
          echo "cache-hit=true" >>"$GITHUB_OUTPUT"
        fi
"#;

/// Stands in for actions/cache/save.
const CACHE_SAVE: &str = r#"
name: save
description: stands in for actions/cache/save
inputs:
  path: { required: true }
  key: { required: true }
runs:
  using: composite
  steps:
    - shell: bash
      env: { FOLDER: "${{ inputs.path }}", KEY: "${{ inputs.key }}" }
      run: if [ -n "${CACHE_STORE:-}" ]; then tar -cPf "$CACHE_STORE/$KEY.tar" "$FOLDER"; fi
"#;

impl Repository {
    /// The action as it is in the workspace, and nothing else.
    pub(crate) fn new() -> Self {
        let place = Place::new();
        copy(&root().join("action.yml"), &place.path().join("repository/action.yml"));
        for folder in ["action", "action/comment"] {
            for entry in root().join(folder).read_dir_utf8().expect("the action has a folder") {
                let file = entry.expect("a readable folder");
                if file.path().is_file() {
                    copy(file.path(), &place.path().join("repository").join(folder).join(file.file_name()));
                }
            }
        }
        place.write("upload-artifact/action.yml", UPLOAD);
        place.write("download-artifact/action.yml", DOWNLOAD);
        place.write("cache/restore/action.yml", CACHE_RESTORE);
        place.write("cache/save/action.yml", CACHE_SAVE);
        Self { place }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        self.place.write(&format!("repository/{name}"), text);
    }

    pub(crate) fn path(&self) -> Utf8PathBuf {
        self.place.path().join("repository")
    }

    /// Runs a workflow of one job that checks out and uses the action, with these inputs (lines of YAML).
    pub(crate) fn act(&self, inputs: &str) -> Acted {
        self.act_with(inputs, &[])
    }

    /// The same with variables in the environment of the job.
    pub(crate) fn act_with(&self, inputs: &str, environment: &[(&str, &str)]) -> Acted {
        self.act_workflow(&workflow("push", inputs), environment)
    }

    /// Runs a workflow of the caller's, as on a push.
    pub(crate) fn act_workflow(&self, workflow: &str, environment: &[(&str, &str)]) -> Acted {
        self.act_event("push", &serde_json::json!({}), workflow, environment)
    }

    /// Runs a workflow of the caller's for an event.
    pub(crate) fn act_event(
        &self,
        name: &str,
        event: &Value,
        workflow: &str,
        environment: &[(&str, &str)],
    ) -> Acted {
        self.write(".github/workflows/load.yml", workflow);
        let event = self.place.write("event.json", &event.to_string());
        self.commit();
        let uses: String = ["action.yml", "action/comment/action.yml"]
            .map(|name| fs_err::read_to_string(root().join(name)).expect("the action is there"))
            .concat();
        let uses = format!("{uses}\n{workflow}");
        let mut command = Command::new("act");
        command
            .args([
                name,
                "--eventpath",
                event.as_str(),
                "--json",
                "--no-cache-server",
                "--platform",
                "ubuntu-latest=-self-hosted",
            ])
            .args(["--workflows", ".github/workflows/load.yml"])
            .arg(format!("--action-cache-path={}", self.place.path().join("cache")))
            .current_dir(self.path())
            .env("PATH", self.path_with_stand_ins())
            .env("HOME", self.place.path())
            .env("XDG_CONFIG_HOME", self.place.path().join("config"))
            .stdin(Stdio::null());
        // Each action that ours uses is there by our own hand: nothing is fetched.
        for used in
            uses.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        {
            // owner/repository[/folder]@revision
            let Some((name, revision)) = used.split_once('@') else { continue };
            let revision = revision.split(' ').next().unwrap_or(revision);
            let mut parts = name.split('/');
            let (owner, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let folder = if owner == "loadgate" { self.path() } else { self.place.path().join(name) };
            command.arg(format!("--local-repository={owner}/{name}@{revision}={folder}"));
        }
        for (name, value) in environment {
            command.arg(format!("--env={name}={value}"));
        }
        let output = command.output().expect("act is there after `cargo xtask setup`");
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let events: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let log: String = events
            .iter()
            .filter_map(|event| event["msg"].as_str())
            .map(|each| format!("{}\n", each.trim_end()))
            .collect();
        let result = events.iter().rev().find_map(|event| event["jobResult"].as_str());
        assert!(result.is_some(), "act ran no job:\n{text}");
        Acted { succeeded: result == Some("success"), events, log }
    }

    /// The report of a run with these inputs. It is written beside act's own folder, which act removes.
    pub(crate) fn report(&self, inputs: &str) -> Utf8PathBuf {
        let out = self.place.path().join("kept");
        let acted = self.act(&format!("{inputs}\nout: {out}"));
        assert!(!acted.output("report-json").is_empty(), "{}", acted.log());
        out.join("report.json")
    }

    /// Runs the suite so often and accepts each run into the stored baseline. The runs go through act as well, since what it
    /// says of the machine is part of the machine's class.
    pub(crate) fn build_baseline(&self, runs: usize) {
        for _ in 0..runs {
            let report = self.report("suite: loadgate.yml\nmode: 'off'");
            let mut accept = Command::new(LOADGATE);
            let output =
                accept.args(["baseline", "accept", report.as_str()]).current_dir(self.path()).output();
            let output = output.expect("it runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }

    /// act reads the revision, and some actions do.
    pub(crate) fn commit(&self) {
        if !self.path().join(".git").exists() {
            self.git(&["init", "--quiet", "--initial-branch=main"]);
        }
        self.git(&["add", "--all"]);
        // What is committed already stays the revision that it is.
        if !self.git(&["status", "--porcelain"]).is_empty() {
            self.git(&["commit", "--quiet", "--message=as it is"]);
        }
    }

    /// Makes what was committed since `base` a pull request, checked out as CI does: its merge, in a clone without any history.
    /// Gives the event.
    pub(crate) fn as_pull_request(&self, base: &str) -> Value {
        let head = self.git(&["rev-parse", "HEAD"]);
        self.git(&["checkout", "--quiet", "-b", "merge", base]);
        self.git(&["merge", "--quiet", "--no-ff", "--no-edit", &head]);
        self.as_shallow_clone();
        serde_json::json!({ "pull_request": { "number": 7, "base": { "sha": base }, "head": { "sha": head } } })
    }

    /// Moves all commits into an origin, of which this becomes a clone that knows only the current one.
    pub(crate) fn as_shallow_clone(&self) {
        let commit = self.git(&["rev-parse", "HEAD"]);
        let origin = self.origin();
        self.git(&["clone", "--quiet", "--bare", ".", origin.as_str()]);
        fs_err::remove_dir_all(self.path().join(".git")).expect("the place is ours");
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.git(&["remote", "add", "origin", &format!("file://{origin}")]);
        self.git(&["fetch", "--quiet", "--no-tags", "--depth=1", "origin", &commit]);
        self.git(&["reset", "--quiet", "FETCH_HEAD"]);
    }

    /// Where [`Self::as_shallow_clone`] has put the commits.
    pub(crate) fn origin(&self) -> Utf8PathBuf {
        self.place.path().join("origin.git")
    }

    /// A program that stands in for one of this name, as a shell script.
    pub(crate) fn stand_in(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.place.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
        fs_err::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("the place is ours");
    }

    fn path_with_stand_ins(&self) -> std::ffi::OsString {
        let mut path = vec![self.place.path().join("bin").into_std_path_buf()];
        path.extend(std::env::split_paths(&path_with_tools()));
        std::env::join_paths(path).expect("folders without colons")
    }

    /// What git says.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(self.path())
            .env("HOME", self.place.path())
            .output()
            .expect("git is there after `cargo xtask setup`");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Acted {
    /// An output of the action.
    #[track_caller]
    pub(crate) fn output(&self, name: &str) -> &str {
        let found = self.events.iter().rev().find(|event| {
            event["command"] == "set-output"
                && event["name"] == name
                && event["stepID"] == serde_json::json!(["gate"])
        });
        found
            .and_then(|event| event["arg"].as_str())
            .unwrap_or_else(|| panic!("no output {name}:\n{}", self.log))
    }

    /// All that was written to the job summary.
    pub(crate) fn summary(&self) -> String {
        let inner = self.events.iter().filter(|event| {
            event["command"] == "summary" && event["stepID"].as_array().is_some_and(|path| path.len() > 1)
        });
        inner.filter_map(|event| event["content"].as_str()).collect()
    }

    /// Annotations of a kind (`error`, `warning`, `notice`), each as `file:line title: message`.
    pub(crate) fn annotations(&self, kind: &str) -> Vec<String> {
        let told = self.events.iter().filter(|event| event["command"] == kind);
        told.map(|event| {
            let pair = |name: &str| event["kvPairs"][name].as_str().unwrap_or_default().to_owned();
            let message = event["arg"].as_str().unwrap_or_default();
            format!("{}:{} {}: {message}", pair("file"), pair("line"), pair("title"))
        })
        .collect()
    }

    /// Everything that the job printed.
    pub(crate) fn log(&self) -> &str {
        &self.log
    }

    /// The job ended so; else its log is shown.
    #[track_caller]
    pub(crate) fn ends(&self, succeeded: bool, exit_code: &str) -> &Self {
        assert_eq!((self.succeeded, self.output("exit-code")), (succeeded, exit_code), "{}", self.log);
        self
    }
}

/// A workflow of one job that checks out and uses the action, with these inputs (lines of YAML).
pub(crate) fn workflow(on: &str, inputs: &str) -> String {
    let inputs: String = inputs.lines().map(|line| format!("          {line}\n")).collect();
    format!(
        "on: {on}\npermissions: {{}}\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n\
         \x20     - uses: actions/checkout@v6\n\
         \x20     - id: gate\n        uses: ./\n        with:\n          binary-path: {LOADGATE}\n{inputs}"
    )
}

fn copy(from: &camino::Utf8Path, to: &camino::Utf8Path) {
    fs_err::create_dir_all(to.parent().expect("a file lies in a folder")).expect("the place is ours");
    fs_err::copy(from, to).expect("the place is ours");
}

/// The path with the tools that `cargo xtask setup` has put beside the build.
pub(crate) fn path_with_tools() -> std::ffi::OsString {
    let target = camino::Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let mut path = vec![target.join("tools/python/bin").into_std_path_buf()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    path.push("/usr/sbin".into());
    std::env::join_paths(path).expect("folders without colons")
}
