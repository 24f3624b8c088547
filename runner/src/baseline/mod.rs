//! The folder of baselines: `baselines/<suite>.json`, read before a run and written by `loadgate baseline accept`.

mod edited;
mod show;

use camino::{Utf8Path, Utf8PathBuf};
use loadgate_report::Report;
use loadgate_report::baseline::{Baseline, BaselineError, NotAccepted, Pruned};

pub use self::edited::{Edit, edited_from, edited_since, is_part_of};
pub use self::show::{list, show};
use crate::output::atomic;

/// The folder that is used where none is named.
pub const DEFAULT_DIR: &str = "baselines";

/// A folder of baselines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    dir: Utf8PathBuf,
}

/// Why a baseline could not be read or written. The texts fit after "failed to …".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is there and cannot be read.
    #[error("read baseline `{path}`: {source}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is no baseline.
    #[error("use `{path}`: {source}; restore it from version control, or delete it and accept a run anew")]
    Unusable {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        source: BaselineError,
    },
    /// The file cannot be written.
    #[error("write baseline `{path}`: {source}")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The report should not become a baseline.
    #[error("accept the report: {source}{}", hint(.source))]
    NotAccepted {
        /// Why it should not.
        source: NotAccepted,
    },
    /// There is no baseline of that suite.
    #[error(
        "find a baseline of suite `{suite}` in `{dir}`: accept one with `loadgate baseline accept REPORT`"
    )]
    Missing {
        /// The suite.
        suite: String,
        /// The folder.
        dir: Utf8PathBuf,
    },
    /// Pruning it would leave nothing.
    #[error("prune `{path}`: no run would be left; delete the file if that is meant")]
    NothingLeft {
        /// The file.
        path: Utf8PathBuf,
    },
}

fn hint(reason: &NotAccepted) -> &'static str {
    match reason {
        NotAccepted::OtherSuite { .. } | NotAccepted::Empty => "",
        _ => "; `--force` accepts it all the same",
    }
}

/// What accepting did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The file that was written.
    pub path: Utf8PathBuf,
    /// The machine class that the run was added to.
    pub class: String,
    /// Runs of that class now.
    pub runs: usize,
    /// Figures whose history begins anew with this run, as `scenario: figure`.
    pub changes: Vec<String>,
}

impl Store {
    /// The baselines in a folder, which need not exist yet.
    pub fn new(dir: impl Into<Utf8PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder.
    pub fn dir(&self) -> &Utf8Path {
        &self.dir
    }

    /// The file of a suite. Characters that file names should not have become `-`.
    pub fn path(&self, suite: &str) -> Utf8PathBuf {
        let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let name: String = suite.chars().map(safe).collect();
        let name = name.trim_start_matches('.');
        self.dir.join(format!("{}.json", if name.is_empty() { "suite" } else { name }))
    }

    /// The baseline of a suite, `None` where there is none yet. The file may also hold a report.
    ///
    /// # Errors
    /// [`StoreError`] where there is a file that cannot be read or understood: a damaged baseline is no missing one.
    pub fn load(&self, suite: &str) -> Result<Option<Baseline>, StoreError> {
        let path = self.path(suite);
        match fs_err::read_to_string(&path) {
            Ok(text) => parse(&path, &text).map(Some),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Read { path, source }),
        }
    }

    /// Like [`Store::load`], for those who need one.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none, and those of [`Store::load`].
    pub fn require(&self, suite: &str) -> Result<Baseline, StoreError> {
        self.load(suite)?
            .ok_or_else(|| StoreError::Missing { suite: suite.to_owned(), dir: self.dir.clone() })
    }

    /// Adds a report to the baseline of its suite and keeps the last `keep` runs of its machine class. `force` takes a report
    /// that is interrupted, invalid or breaks its conditions.
    ///
    /// # Errors
    /// [`StoreError`]; the file is then as it was.
    pub fn accept(&self, report: &Report, keep: usize, force: bool) -> Result<Accepted, StoreError> {
        let path = self.path(&report.suite.name);
        let mut baseline =
            self.load(&report.suite.name)?.unwrap_or_else(|| Baseline::new(report.suite.name.clone()));
        baseline.append(report, keep, force).map_err(|source| StoreError::NotAccepted { source })?;
        let write = |source| StoreError::Write { path: path.clone(), source };
        fs_err::create_dir_all(&self.dir).map_err(write)?;
        atomic::write(&path, baseline.to_text().as_bytes()).map_err(write)?;
        let class = report.environment.machine.class();
        let runs = baseline.classes.get(&class).map_or(&[][..], |c| &c.runs);
        let changes = runs.last().map_or_else(Vec::new, |run| {
            let of = |(name, s): (&String, &loadgate_report::baseline::BaselineScenario)| {
                s.accepted.iter().map(|figure| format!("{name}: {figure}")).collect::<Vec<_>>()
            };
            run.scenarios.iter().flat_map(of).collect()
        });
        Ok(Accepted { path, runs: runs.len(), class, changes })
    }

    /// Leaves out of a suite's baseline what no run will be compared with any more; see [`Baseline::prune`].
    ///
    /// # Errors
    /// [`StoreError`], also where no run would be left; the file is then as it was.
    pub fn prune(&self, suite: &str, keep: usize, since: Option<&str>) -> Result<Pruned, StoreError> {
        let mut baseline = self.require(suite)?;
        let pruned = baseline.prune(keep, since);
        let path = self.path(suite);
        if baseline.runs() == 0 {
            return Err(StoreError::NothingLeft { path });
        }
        atomic::write(&path, baseline.to_text().as_bytes())
            .map_err(|source| StoreError::Write { path, source })?;
        Ok(pruned)
    }

    /// The baselines here with their files; files of other kinds are left out.
    ///
    /// # Errors
    /// [`StoreError::Read`] where the folder cannot be read; a folder that is not there has none.
    pub fn list(&self) -> Result<Vec<(Utf8PathBuf, Baseline)>, StoreError> {
        let read = |source| StoreError::Read { path: self.dir.clone(), source };
        let entries = match self.dir.read_dir_utf8() {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(read)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(read)?.into_path();
            let text =
                (path.extension() == Some("json")).then(|| fs_err::read_to_string(&path).ok()).flatten();
            if let Some(baseline) = text.and_then(|text| Baseline::parse(&text).ok()) {
                found.push((path, baseline));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }
}

/// Reads a baseline or a report from a file that was named, as `loadgate compare` does.
///
/// # Errors
/// [`StoreError`] where it is not there or of another kind.
pub fn read(path: &Utf8Path) -> Result<Baseline, StoreError> {
    let text =
        fs_err::read_to_string(path).map_err(|source| StoreError::Read { path: path.to_owned(), source })?;
    parse(path, &text)
}

fn parse(path: &Utf8Path, text: &str) -> Result<Baseline, StoreError> {
    Baseline::parse(text).map_err(|source| StoreError::Unusable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(dir.path().join("baselines")).unwrap();
        (dir, Store::new(path))
    }

    #[test]
    fn a_run_is_accepted_and_found_again() {
        let (_guard, store) = store();
        let mut report = fixture::report();
        assert_eq!(store.load("cached-chat").unwrap(), None);
        assert!(store.require("cached-chat").unwrap_err().to_string().contains("baseline accept"));
        assert!(store.list().unwrap().is_empty());
        // The fixture breaks its conditions.
        let refused = store.accept(&report, 30, false).unwrap_err().to_string();
        assert!(refused.contains("`heavy` fails") && refused.contains("--force"), "{refused}");
        assert_eq!(store.load("cached-chat").unwrap(), None);
        let accepted = store.accept(&report, 30, true).unwrap();
        assert_eq!((accepted.runs, accepted.path.file_name()), (1, Some("cached-chat.json")));
        report.run.id = "another".into();
        assert_eq!(store.accept(&report, 30, true).unwrap().runs, 2);
        let baseline = store.require("cached-chat").unwrap();
        assert_eq!(baseline.runs(), 2);
        assert!(show(&baseline, 120).contains("heavy"));
        let all = store.list().unwrap();
        assert_eq!(all.len(), 1);
        assert!(list(&all, 120).contains("cached-chat"));
    }

    #[test]
    fn a_damaged_baseline_is_an_error_and_not_a_missing_one() {
        let (_guard, store) = store();
        store.accept(&fixture::report(), 30, true).unwrap();
        let path = store.path("cached-chat");
        let text = fs_err::read_to_string(&path).unwrap();
        let half = text.chars().take(text.chars().count() / 2).collect::<String>();
        fs_err::write(&path, &half).unwrap();
        let message = store.load("cached-chat").unwrap_err().to_string();
        for words in ["cached-chat.json", "damaged", "restore"] {
            assert!(message.contains(words), "{message}");
        }
        assert!(store.accept(&fixture::report(), 30, true).is_err());
        assert_eq!(fs_err::read_to_string(&path).unwrap(), half);
    }

    #[test]
    fn a_suite_cannot_name_a_file_elsewhere() {
        let store = Store::new("b");
        for (suite, path) in [
            ("cached-chat", "b/cached-chat.json"),
            ("../../etc/passwd", "b/-..-etc-passwd.json"),
            ("..", "b/suite.json"),
            ("a b/ü", "b/a-b-ü.json"),
        ] {
            assert_eq!(store.path(suite), path);
        }
    }
}
