//! What a run tells GitHub Actions: the job summary and step outputs. The annotations are an output like the others.

pub mod api;
pub mod comment;
pub mod pull_request;

use std::io::{self, Write};
use std::path::Path;

use loadgate_report::model::{Finding, FindingKind};
use loadgate_report::{Report, Verdict};
use sha2::{Digest, Sha256};

use crate::output::Written;

/// The CI system that the process runs in, by what its environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ci {
    /// Its name for `environment.ci`, `None` on a developer's machine.
    pub name: Option<String>,
    /// Whether annotations are printed: where workflow commands are understood, unless `LOADGATE_ANNOTATIONS` is `false`.
    pub annotations: bool,
    /// Where the job summary goes.
    pub summary: Option<String>,
    /// Where step outputs go.
    pub output: Option<String>,
}

/// Variables that CI systems set, and what they are called.
const SYSTEMS: &[(&str, &str)] = &[
    ("GITHUB_ACTIONS", "GitHub Actions"),
    ("GITLAB_CI", "GitLab CI"),
    ("JENKINS_URL", "Jenkins"),
    ("BUILDKITE", "Buildkite"),
    ("CIRCLECI", "CircleCI"),
    ("TF_BUILD", "Azure Pipelines"),
    ("CI", "CI"),
];

impl Ci {
    /// Reads the environment through `get`.
    pub fn detect(get: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| get(name).filter(|v| !v.is_empty() && v != "false");
        let name = SYSTEMS.iter().find(|(variable, _)| set(variable).is_some());
        Self {
            name: name.map(|(_, name)| (*name).to_owned()),
            annotations: set("GITHUB_ACTIONS").is_some()
                && get("LOADGATE_ANNOTATIONS").as_deref() != Some("false"),
            summary: set("GITHUB_STEP_SUMMARY"),
            output: set("GITHUB_OUTPUT"),
        }
    }
}

/// Appends the summary to the job's.
///
/// # Errors
/// Those of the file system.
pub fn append_summary(file: &Path, summary: &str) -> io::Result<()> {
    append(file, &format!("{}\n", summary.trim_end()))
}

/// The step's outputs: verdict, exit code, numbers of regressions and improvements, the version, the files that were written.
pub fn step_outputs(report: &Report, exit_code: u8, written: &Written) -> Vec<(String, String)> {
    let count = |kind| report.findings.iter().filter(|f| f.kind == kind).count().to_string();
    // What is only suspected counts as none.
    let confirmed = |f: &&Finding| f.kind == FindingKind::Regression && f.verdict == Verdict::Fail;
    let mut outputs = vec![
        ("verdict".to_owned(), report.verdict.to_string()),
        ("exit-code".to_owned(), exit_code.to_string()),
        ("regressions".to_owned(), report.findings.iter().filter(confirmed).count().to_string()),
        ("improvements".to_owned(), count(FindingKind::Improvement)),
        ("version".to_owned(), report.run.loadgate.clone()),
    ];
    outputs.extend(written.files.iter().map(|(name, path)| ((*name).to_owned(), path.to_string())));
    outputs
}

/// Appends step outputs. Each value stands between delimiters that are derived from it and do not occur in it, so that no value
/// can set another output.
///
/// # Errors
/// Those of the file system.
pub fn append_outputs(file: &Path, outputs: &[(String, String)]) -> io::Result<()> {
    append(file, &outputs.iter().map(|(name, value)| entry(name, value)).collect::<String>())
}

fn entry(name: &str, value: &str) -> String {
    let delimiter = (0u32..)
        .map(|i| {
            let hash = Sha256::digest(format!("{i}:{name}:{value}").as_bytes());
            let hex: String = hash.iter().take(16).map(|b| format!("{b:02x}")).collect();
            format!("loadgate_{hex}")
        })
        .find(|d| !value.contains(d.as_str()))
        .expect("a value is finite and cannot hold every hash");
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
}

fn append(file: &Path, text: &str) -> io::Result<()> {
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    #[test]
    fn ci_systems_are_told_apart() {
        let with = |names: &'static [&'static str]| {
            Ci::detect(move |n| names.contains(&n).then(|| "true".to_owned()))
        };
        assert_eq!(with(&[]), Ci::default());
        assert_eq!(with(&["CI"]).name.as_deref(), Some("CI"));
        let github = with(&["CI", "GITHUB_ACTIONS"]);
        assert!(
            github.annotations
                && github.name.as_deref() == Some("GitHub Actions")
                && github.summary.is_none()
        );
        assert_eq!(Ci::detect(|n| (n == "CI").then(|| "false".to_owned())).name, None);
    }

    #[test]
    fn annotations_are_silenced_by_a_variable_of_their_own() {
        for (value, annotations) in [(None, true), (Some("true"), true), (Some("false"), false)] {
            let ci = Ci::detect(|name| match name {
                "LOADGATE_ANNOTATIONS" => value.map(str::to_owned),
                "GITHUB_ACTIONS" => Some("true".to_owned()),
                _ => None,
            });
            let expected = (annotations, Some("GitHub Actions"));
            assert_eq!((ci.annotations, ci.name.as_deref()), expected, "{value:?}");
        }
    }

    #[test]
    fn no_value_can_set_another_output() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("output");
        let hostile = "x\nverdict<<EOF\npass\nEOF\nloadgate_\nverdict=pass";
        let outputs = [("reason".to_owned(), hostile.to_owned()), ("verdict".to_owned(), "fail".to_owned())];
        append_outputs(&file, &outputs).unwrap();
        append_outputs(&file, &[("empty".to_owned(), String::new())]).unwrap();
        // Read as the runner does: a name and a delimiter, then lines up to the delimiter.
        let text = fs_err::read_to_string(&file).unwrap();
        let mut lines = text.lines();
        let mut read = Vec::new();
        while let Some(line) = lines.next() {
            let (name, delimiter) = line.split_once("<<").unwrap();
            let value: Vec<_> = lines.by_ref().take_while(|l| *l != delimiter).collect();
            read.push((name.to_owned(), value.join("\n")));
        }
        assert_eq!(read[..2], outputs);
        assert_eq!(read[2], ("empty".to_owned(), String::new()));
    }

    #[test]
    fn outputs_and_summary_of_a_run() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("summary");
        append_summary(&file, "a").unwrap();
        append_summary(&file, "b\n\n").unwrap();
        assert_eq!(fs_err::read_to_string(&file).unwrap(), "a\nb\n");
        let outputs = step_outputs(&fixture::report(), 1, &Written::default());
        let get = |name: &str| outputs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(
            (get("verdict"), get("exit-code"), get("regressions")),
            (Some("fail"), Some("1"), Some("0"))
        );
    }
}
