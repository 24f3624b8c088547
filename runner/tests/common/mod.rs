//! What the end-to-end tests share: a place to run in, the real binary, a server to run against.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(
    dead_code,
    reason = "each test binary uses its own part; which part differs, so an expectation would fail"
)]
#![allow(clippy::allow_attributes, reason = "see above")]

pub(crate) mod act;
pub(crate) mod server;
pub(crate) mod tls;

use std::fs::File;
use std::process::{Child, Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use loadgate_report::Report;
use loadgate_report::model::{Finding, FindingKind};

/// The binary under test.
pub(crate) const LOADGATE: &str = env!("CARGO_BIN_EXE_loadgate");

/// Held by a test that puts load on the machine: others of the kind wait, so that none measures another.
#[must_use]
pub(crate) fn quiet_machine() -> File {
    let file = File::create(Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("load.lock")).unwrap();
    file.lock().unwrap();
    file
}

/// The root folder of the workspace.
pub(crate) fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A folder of its own, gone when the test ends.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Utf8PathBuf {
        let path = self.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, text).unwrap();
        path
    }

    /// The binary, to be run here, with nothing of the surroundings that would change what it does or prints.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(LOADGATE);
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null()).env("NO_COLOR", "1");
        for (name, _) in std::env::vars() {
            let of_proxies = name.to_ascii_lowercase().ends_with("_proxy");
            if name.starts_with("GITHUB_") || name.starts_with("LOADGATE_") || name == "CI" || of_proxies {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs the binary here to its end.
    pub(crate) fn loadgate(&self, arguments: &[&str]) -> Ran {
        self.loadgate_with(arguments, &[])
    }

    fn loadgate_with(&self, arguments: &[&str], environment: &[(&str, String)]) -> Ran {
        let environment = environment.iter().map(|(name, value)| (name, value));
        let output = self.command(arguments).envs(environment).output().unwrap();
        Ran {
            arguments: arguments.join(" "),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs the binary here as often as the machine needs to leave it alone: where the generator says that it was held up, the
    /// run is invalid, which is right, but no answer to what the test asks.
    pub(crate) fn undisturbed(&self, arguments: &[&str]) -> Ran {
        self.undisturbed_with(arguments, &[])
    }

    /// The same with more in its environment.
    pub(crate) fn undisturbed_with(&self, arguments: &[&str], environment: &[(&str, String)]) -> Ran {
        for _ in 0..4 {
            let ran = self.loadgate_with(arguments, environment);
            let is_disturbed = ran.code == Some(3)
                && self.report().findings.iter().any(|finding| finding.kind == FindingKind::Generator);
            if !is_disturbed {
                return ran;
            }
        }
        self.loadgate_with(arguments, environment)
    }

    /// Starts the binary here.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The report that a run has left in the default folder.
    pub(crate) fn report(&self) -> Report {
        self.report_in("loadgate-report")
    }

    /// The report that a run has left in a folder.
    pub(crate) fn report_in(&self, out: &str) -> Report {
        let path = self.path().join(out).join("report.json");
        let text = fs_err::read_to_string(&path).expect("a run leaves a report");
        serde_json::from_str(&text).expect("a report is what its schema says")
    }
}

/// How a run of the binary ended.
pub(crate) struct Ran {
    arguments: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Both streams, for looking for words wherever they were said.
    pub(crate) fn said(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// It ended with this code; else everything it said is shown.
    #[track_caller]
    pub(crate) fn ends_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "exit code of `loadgate {}`\n{}", self.arguments, self.said());
        self
    }

    /// It said each of these.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> &Self {
        let said = self.said();
        for word in words {
            assert!(said.contains(word), "`loadgate {}` does not say `{word}`:\n{said}", self.arguments);
        }
        self
    }
}

/// Findings as lines, for messages.
pub(crate) fn lines(findings: &[Finding]) -> String {
    findings.iter().map(|each| format!("{each:?}\n")).collect()
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A suite for a server at this address: `users` × `iterations` of `GET /`, all of which must succeed.
pub(crate) fn small_suite(url: &str, users: u32, iterations: u32) -> String {
    format!(
        "name: small\n\
         target: {{ url: \"{url}\" }}\n\
         flows: {{ home: [ {{ get: / }} ] }}\n\
         scenarios: {{ visitors: {{ load: {{ users: {users}, iterations: {iterations} }}, flow: home, expect: [ success_rate > 99% ] }} }}\n"
    )
}

/// Sends a signal by name, as a terminal or a CI system would.
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().unwrap();
    assert!(status.success(), "kill -{name}");
}
