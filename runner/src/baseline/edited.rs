//! Whether the change under test edits the baseline that it is measured by.

use std::process::{Command, Stdio};

use camino::Utf8Path;
use loadgate_report::baseline::{Baseline, BaselineRun, BaselineScenario};

/// What a change did to the baseline that it is measured by.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// It in a sentence.
    pub told: String,
    /// What is compared with instead, where stored runs are.
    pub instead: &'static str,
    /// The baseline as it was where the change began: what counts. Without runs where it was not there yet.
    pub before: Baseline,
    /// Figures, by scenario, that the change accepts as intended.
    pub accepted: Vec<(String, String)>,
}

const AS_BEFORE: &str = "compared with it as it was before";

/// What the change did to its own baseline since it left `reference` (a branch or commit); `None` where it did nothing, or where git
/// cannot tell, as in a shallow clone. `now` is what the file holds, `None` where there is no file: the change may have deleted it.
pub fn edited_since(reference: &str, path: &Utf8Path, now: Option<&Baseline>) -> Option<Edit> {
    if reference.starts_with('-') {
        // git would take it as an option.
        return None;
    }
    let (folder, _) = nearest(path);
    edited_from(git(folder, &["merge-base", reference, "HEAD"])?.trim(), path, now)
}

/// The same, where the commit is known that the change is based on. It must be here; its history need not be.
pub fn edited_from(commit: &str, path: &Utf8Path, now: Option<&Baseline>) -> Option<Edit> {
    let (folder, name) = nearest(path);
    let then = || git(folder, &["show", &format!("{commit}:./{name}")]);
    let Some(now) = now else {
        // Git marks with an S what a sparse checkout leaves out: it is not deleted.
        if git(folder, &["ls-files", "-v", "--", name.as_str()])?.starts_with('S') {
            return None;
        }
        return deleted(Baseline::parse(&then()?).ok()?);
    };
    // What is not in git came from elsewhere, such as an artifact: no change has edited it.
    git(folder, &["ls-files", "--error-unmatch", "--", name.as_str()])?;
    let before = match then() {
        Some(text) => Baseline::parse(&text).ok()?,
        None => Baseline::new(now.suite.clone()),
    };
    edited(before, now)
}

/// Whether the baseline is part of the checkout that `directory` is in, or was before it was deleted. One that is kept on a branch of
/// its own is not: it lies in a checkout of that branch.
pub fn is_part_of(path: &Utf8Path, directory: &Utf8Path) -> bool {
    let top = |directory| git(directory, &["rev-parse", "--show-toplevel"]);
    top(nearest(path).0).is_some_and(|found| top(directory) == Some(found))
}

/// The nearest folder around a file that is there, and the way from it to the file. A folder goes with the last file in it, and git
/// cannot run in one that is gone.
fn nearest(path: &Utf8Path) -> (&Utf8Path, &Utf8Path) {
    match path.ancestors().skip(1).find(|folder| folder.is_dir()) {
        Some(folder) => (folder, path.strip_prefix(folder).unwrap_or(path)),
        None => (Utf8Path::new("."), path),
    }
}

fn deleted(before: Baseline) -> Option<Edit> {
    let told = "this change deletes the baseline that it is measured by".to_owned();
    (before.runs() > 0).then(|| Edit { told, instead: AS_BEFORE, before, accepted: Vec::new() })
}

fn edited(before: Baseline, now: &Baseline) -> Option<Edit> {
    let (changed, removed) = difference(&before, now);
    if changed.is_empty() && removed == 0 {
        return None;
    }
    let added = changed.iter().filter(|(then, _)| then.is_none()).count();
    let newly_accepted = |(then, run): &(Option<BaselineRun>, BaselineRun)| {
        let known = then.as_ref().map(accepted_with).unwrap_or_default();
        accepted_with(run).into_iter().filter(move |figure| !known.contains(figure))
    };
    let accepted: Vec<(String, String)> = changed.iter().flat_map(newly_accepted).collect();
    let mut told = format!(
        "this change edits the baseline that it is measured by: {added} runs added, {removed} removed, {} rewritten",
        changed.len() - added,
    );
    if !accepted.is_empty() {
        let named: Vec<_> =
            accepted.iter().map(|(scenario, figure)| format!("{scenario}: {figure}")).collect();
        told.push_str(&format!("; accepted as intended: {}", named.join(", ")));
    }
    let instead = if before.runs() > 0 { AS_BEFORE } else { "there was none before" };
    Some(Edit { told, instead, before, accepted })
}

/// The runs that are new, or are not what they were (then behind what they were), and how many are gone.
fn difference(before: &Baseline, now: &Baseline) -> (Vec<(Option<BaselineRun>, BaselineRun)>, usize) {
    let (mut old, mut new) = (runs(before), runs(now));
    // Each old run stands for one new run at most: a copy is a run more.
    new.retain(|run| take(&mut old, |same| same == run).is_none());
    let changed = new
        .into_iter()
        .map(|(place, run)| {
            let then = take(&mut old, |(known, then)| *known == place && then.id == run.id);
            (then.map(|(_, then)| then), run)
        })
        .collect();
    (changed, old.len())
}

/// All runs, each with its suite and its machine class, without what accepting a later run takes from it.
fn runs(baseline: &Baseline) -> Vec<((String, String), BaselineRun)> {
    let mut runs = Vec::new();
    for (class, of_class) in &baseline.classes {
        for run in &of_class.runs {
            let mut run = run.clone();
            // Only the newest run of a load keeps its curves.
            run.scenarios.values_mut().for_each(|scenario| scenario.curve.clear());
            runs.push(((baseline.suite.clone(), class.clone()), run));
        }
    }
    runs
}

/// Takes the first that is meant.
fn take<T>(from: &mut Vec<T>, is_meant: impl Fn(&T) -> bool) -> Option<T> {
    let at = from.iter().position(is_meant)?;
    Some(from.remove(at))
}

/// The figures, by scenario, whose history begins anew with a run.
fn accepted_with(run: &BaselineRun) -> Vec<(String, String)> {
    let of_scenario = |(name, scenario): (&String, &BaselineScenario)| {
        scenario.accepted.iter().map(|figure| (name.clone(), figure.clone())).collect::<Vec<_>>()
    };
    run.scenarios.iter().flat_map(of_scenario).collect()
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
    use camino::Utf8PathBuf;

    use super::*;
    use crate::baseline::Store;
    use crate::output::fixture;

    /// A repository with a baseline of one run on `main`; `change` begins there and is checked out.
    struct Repository {
        folder: tempfile::TempDir,
        store: Store,
    }

    impl Repository {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::new(Utf8Path::from_path(folder.path()).unwrap().join("baselines"));
            let repository = Self { folder, store };
            repository.git(&["init", "-q", "-b", "main"]);
            repository.accept("first");
            repository.git(&["add", "."]);
            repository.git(&["commit", "-q", "-m", "baseline"]);
            repository.git(&["checkout", "-q", "-b", "change"]);
            repository
        }

        fn folder(&self) -> &Utf8Path {
            Utf8Path::from_path(self.folder.path()).unwrap()
        }

        fn path(&self) -> Utf8PathBuf {
            self.store.path("cached-chat")
        }

        fn git(&self, arguments: &[&str]) {
            let author = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
            assert!(git(self.folder(), &[&author[..], arguments].concat()).is_some(), "git {arguments:?}");
        }

        fn accept(&self, id: &str) {
            let mut report = fixture::report();
            report.run.id = id.into();
            self.store.accept(&report, 30, true).unwrap();
        }

        fn now(&self) -> Option<Baseline> {
            self.store.load("cached-chat").unwrap()
        }

        fn edit_since(&self, reference: &str) -> Option<Edit> {
            edited_since(reference, &self.path(), self.now().as_ref())
        }

        fn edit_from(&self, commit: &str) -> Option<Edit> {
            edited_from(commit, &self.path(), self.now().as_ref())
        }
    }

    #[test]
    fn a_change_that_edits_its_own_baseline_is_told_on() {
        let repository = Repository::new();
        assert_eq!(repository.edit_since("main"), None);
        // That takes the curves of the run before.
        repository.accept("second");
        let edit = repository.edit_since("main").unwrap();
        assert!(edit.told.contains("1 runs added, 0 removed, 0 rewritten"), "{}", edit.told);
        assert_eq!(edit.before.runs(), 1);
        repository.git(&["commit", "-q", "-a", "-m", "edit"]);
        assert!(repository.edit_since("main").is_some(), "committed or not");
        assert!(repository.edit_from("main").is_some());
        assert_eq!(repository.edit_from("HEAD"), None);
        assert!(is_part_of(&repository.path(), repository.folder()));
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(!is_part_of(&repository.path(), Utf8Path::from_path(elsewhere.path()).unwrap()));
        repository.git(&["rm", "-q", "--cached", "baselines/cached-chat.json"]);
        assert_eq!(repository.edit_from("main"), None, "a file that is not in git");
        repository.git(&["add", "."]);
        assert_eq!(repository.edit_since("no-such-branch"), None);
        assert_eq!(repository.edit_since("--help"), None);
    }

    #[test]
    fn a_run_that_is_rewritten_is_told_on() {
        let repository = Repository::new();
        let edit = |change: fn(&mut BaselineRun)| {
            let mut now = repository.now().unwrap();
            now.classes.values_mut().flat_map(|class| &mut class.runs).for_each(change);
            edited_since("main", &repository.path(), Some(&now))
        };
        let slower: fn(&mut BaselineRun) = |run| {
            let heavy = run.scenarios.get_mut("heavy").unwrap();
            heavy.figures.get_mut("latency.p95").unwrap().value *= 4.0;
        };
        let accepted: fn(&mut BaselineRun) =
            |run| run.scenarios.get_mut("heavy").unwrap().accepted.push("latency.p95".into());
        let other_load: fn(&mut BaselineRun) = |run| run.suite_hash = "another".into();
        let figure = ("heavy".to_owned(), "latency.p95".to_owned());
        for (change, intended) in [(slower, None), (accepted, Some(figure)), (other_load, None)] {
            let edit = edit(change).unwrap();
            assert!(edit.told.contains("0 runs added, 0 removed, 1 rewritten"), "{}", edit.told);
            assert_eq!(
                edit.told.contains("intended: heavy: latency.p95"),
                intended.is_some(),
                "{}",
                edit.told
            );
            assert_eq!(edit.accepted, Vec::from_iter(intended));
            assert_eq!(Some(edit.before), repository.now(), "the file itself is as it was");
        }
        let curves: fn(&mut BaselineRun) = |run| {
            let heavy = run.scenarios.get_mut("heavy").unwrap();
            assert!(!heavy.curve.is_empty());
            heavy.curve.clear();
        };
        assert_eq!(edit(curves), None, "accepting a later run does that, too");
    }

    #[test]
    fn what_a_rewritten_run_accepted_before_is_not_accepted_anew() {
        let mut before = Baseline::from_report(&fixture::report());
        let first = |baseline: &mut Baseline, figures: &[&str]| {
            let run = &mut baseline.classes.values_mut().next().unwrap().runs[0];
            run.scenarios.get_mut("heavy").unwrap().accepted =
                figures.iter().map(|figure| (*figure).to_owned()).collect();
        };
        first(&mut before, &["throughput"]);
        let mut now = before.clone();
        first(&mut now, &["throughput", "latency.p50"]);
        let edit = edited(before, &now).unwrap();
        assert_eq!(edit.accepted, [("heavy".to_owned(), "latency.p50".to_owned())]);
    }

    #[test]
    fn copies_and_other_suites_are_changes() {
        let before = Baseline::from_report(&fixture::report());
        let mut copied = before.clone();
        let runs = &mut copied.classes.values_mut().next().unwrap().runs;
        let copy = runs[0].clone();
        runs.push(copy);
        let mut renamed = before.clone();
        renamed.suite = "another".into();
        for (now, words) in [
            (&copied, "1 runs added, 0 removed, 0 rewritten"),
            (&renamed, "1 runs added, 1 removed, 0 rewritten"),
        ] {
            let edit = edited(before.clone(), now).unwrap();
            assert!(edit.told.contains(words), "{}", edit.told);
        }
        assert_eq!(edited(before.clone(), &before), None);
    }

    #[test]
    fn a_change_that_deletes_its_own_baseline_is_told_on() {
        let repository = Repository::new();
        let before = repository.now().unwrap();
        assert_eq!(edited_since("main", &repository.store.path("never-there"), None), None);
        // The last file of a folder takes the folder with it.
        fs_err::remove_dir_all(repository.store.dir()).unwrap();
        let edit = repository.edit_since("main").unwrap();
        assert_eq!(edit.told, "this change deletes the baseline that it is measured by");
        assert_eq!(edit.instead, "compared with it as it was before");
        repository.git(&["update-index", "--skip-worktree", "baselines/cached-chat.json"]);
        assert_eq!(repository.edit_since("main"), None, "what a sparse checkout leaves out is not deleted");
        repository.git(&["update-index", "--no-skip-worktree", "baselines/cached-chat.json"]);
        assert_eq!((&edit.before, edit.accepted.len()), (&before, 0));
        assert!(is_part_of(&repository.path(), repository.folder()));
        repository.git(&["commit", "-q", "-a", "-m", "delete"]);
        assert_eq!(repository.edit_since("main").as_ref(), Some(&edit), "committed or not");
        assert_eq!(repository.edit_from("main").as_ref(), Some(&edit));
        assert_eq!(repository.edit_from("HEAD"), None, "it was not there before, either");
        fs_err::create_dir(repository.store.dir()).unwrap();
        assert_eq!(repository.edit_since("main"), Some(edit), "with the folder or without");
    }

    #[test]
    fn git_runs_in_the_nearest_folder_that_is_there() {
        for (path, folder, name) in [
            ("src/lib.rs", "src", "lib.rs"),
            ("src/gone/b.json", "src", "gone/b.json"),
            ("gone/deeper/b.json", ".", "gone/deeper/b.json"),
            ("b.json", ".", "b.json"),
        ] {
            assert_eq!(nearest(path.into()), (Utf8Path::new(folder), Utf8Path::new(name)));
        }
    }
}
