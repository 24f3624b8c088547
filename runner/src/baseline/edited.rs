//! Whether the change under test edits the baseline that it is measured by.

use std::process::{Command, Stdio};

use camino::Utf8Path;
use loadgate_report::baseline::Baseline;

/// What a change did to the baseline that it is measured by.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// It in a sentence.
    pub told: String,
    /// The baseline as it was where the change began: what counts. Without runs where it was not there yet.
    pub before: Baseline,
    /// Figures, by scenario, that the change accepts as intended.
    pub accepted: Vec<(String, String)>,
}

/// What the change did to its own baseline since it left `reference` (a branch or commit); `None` where it did nothing, or where git
/// cannot tell, as in a shallow clone.
pub fn edited_since(reference: &str, path: &Utf8Path, now: &Baseline) -> Option<Edit> {
    if reference.starts_with('-') {
        // git would take it as an option.
        return None;
    }
    edited_from(git(folder(path), &["merge-base", reference, "HEAD"])?.trim(), path, now)
}

/// The same, where the commit is known that the change is based on. It must be here; its history need not be.
pub fn edited_from(commit: &str, path: &Utf8Path, now: &Baseline) -> Option<Edit> {
    let (dir, name) = (folder(path), path.file_name()?);
    // What is not in git came from elsewhere, such as an artifact: no change has edited it.
    git(dir, &["ls-files", "--error-unmatch", "--", name])?;
    let then = git(dir, &["show", &format!("{commit}:./{name}")]);
    let before = match &then {
        Some(text) => Baseline::parse(text).ok()?,
        None => Baseline::new(now.suite.clone()),
    };
    describe(before, now)
}

/// Whether the baseline is part of the checkout that `directory` is in. One that is kept on a branch of its own is not: it lies in a
/// checkout of that branch.
pub fn is_part_of(path: &Utf8Path, directory: &Utf8Path) -> bool {
    let top = |directory| git(directory, &["rev-parse", "--show-toplevel"]);
    top(folder(path)).is_some_and(|found| top(directory) == Some(found))
}

fn folder(path: &Utf8Path) -> &Utf8Path {
    path.parent().filter(|p| !p.as_str().is_empty()).unwrap_or(Utf8Path::new("."))
}

fn describe(before: Baseline, now: &Baseline) -> Option<Edit> {
    let runs = |b: &Baseline| -> Vec<(String, String)> {
        let of = |(class, c): (&String, &loadgate_report::baseline::ClassRuns)| {
            c.runs.iter().map(|r| (class.clone(), r.id.clone())).collect::<Vec<_>>()
        };
        b.classes.iter().flat_map(of).collect()
    };
    let (old, new) = (runs(&before), runs(now));
    let added: Vec<_> = new.iter().filter(|run| !old.contains(run)).collect();
    let removed = old.iter().filter(|run| !new.contains(run)).count();
    if added.is_empty() && removed == 0 {
        return None;
    }
    let accepted: Vec<(String, String)> = now
        .classes
        .values()
        .flat_map(|c| &c.runs)
        .filter(|run| added.iter().any(|(_, id)| *id == run.id))
        .flat_map(|run| &run.scenarios)
        .flat_map(|(name, s)| s.accepted.iter().map(move |figure| (name.clone(), figure.clone())))
        .collect();
    let mut told = format!(
        "this change edits the baseline that it is measured by: {} runs added, {removed} removed; {}",
        added.len(),
        if before.runs() > 0 { "compared with it as it was before" } else { "there was none before" }
    );
    if !accepted.is_empty() {
        let named: Vec<_> =
            accepted.iter().map(|(scenario, figure)| format!("{scenario}: {figure}")).collect();
        told.push_str(&format!("; accepted as intended: {}", named.join(", ")));
    }
    Some(Edit { told, before, accepted })
}

fn git(dir: &Utf8Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
    // A hook of git's sets these, and they would name another repository.
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Store;
    use crate::output::fixture;

    #[test]
    fn a_change_that_edits_its_own_baseline_is_told_on() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(dir.path()).unwrap();
        let git = |arguments: &[&str]| {
            let author = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
            assert!(git(dir, &[&author[..], arguments].concat()).is_some(), "git {arguments:?}");
        };
        git(&["init", "-q", "-b", "main"]);
        let store = Store::new(dir.join("baselines"));
        let mut report = fixture::report();
        report.run.id = "first".into();
        store.accept(&report, 30, true).unwrap();
        let path = store.path("cached-chat");
        let told = || edited_since("main", &path, &store.require("cached-chat").unwrap());
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "baseline"]);
        git(&["checkout", "-q", "-b", "change"]);
        assert_eq!(told(), None);
        report.run.id = "second".into();
        store.accept(&report, 30, true).unwrap();
        assert!(told().unwrap().told.contains("1 runs added, 0 removed"), "{:?}", told());
        assert_eq!(told().unwrap().before.runs(), 1);
        git(&["commit", "-q", "-a", "-m", "edit"]);
        assert!(told().is_some(), "committed or not");
        let from = |commit: &str| edited_from(commit, &path, &store.require("cached-chat").unwrap());
        assert!(from("main").is_some());
        assert_eq!(from("HEAD"), None);
        assert!(is_part_of(&path, dir));
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(!is_part_of(&path, Utf8Path::from_path(elsewhere.path()).unwrap()));
        git(&["rm", "-q", "--cached", "baselines/cached-chat.json"]);
        assert_eq!(from("main"), None, "a file that is not in git");
        git(&["add", "."]);
        assert_eq!(edited_since("no-such-branch", &path, &store.require("cached-chat").unwrap()), None);
        assert_eq!(edited_since("--help", &path, &store.require("cached-chat").unwrap()), None);
    }
}
