//! What a result depends on, as hashes: runs before a change of it do not count as runs after it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::shell;

/// Sources that decide verdicts: every `.rs` below, but tests.
const JUDGE: &[&str] = &["report/src/judge", "report/src/figure", "runner/src/gate/paired"];

/// Sources that decide what a round is.
const ROUNDS: &[&str] = &["xtask/src/evaluate/suite.yml", "xtask/src/evaluate/plan.rs"];

/// Hashes of the judgement and of what is measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Frozen {
    /// Of the judgement with all of its thresholds.
    pub(crate) judge: String,
    /// Of the suite and the changes that are injected.
    pub(crate) rounds: String,
}

impl Frozen {
    /// As the sources are now.
    ///
    /// # Errors
    /// A source cannot be read.
    pub(crate) fn now() -> anyhow::Result<Self> {
        Ok(Self { judge: hash(JUDGE)?, rounds: hash(ROUNDS)? })
    }
}

/// Twelve digits of SHA-256 over the files, by name.
fn hash(places: &[&str]) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for place in places {
        collect(&shell::root().join(place), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        // The same on every system, whatever its line ends.
        hash.update(fs_err::read_to_string(&file)?.replace('\r', ""));
        hash.update([0]);
    }
    Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
}

fn collect(place: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !place.is_dir() {
        files.push(place.to_owned());
        return Ok(());
    }
    for entry in fs_err::read_dir(place)? {
        let path = entry?.path();
        let tests = path.file_stem().is_some_and(|name| name == "tests" || name == "simulated");
        if path.is_dir() || (path.extension().is_some_and(|e| e == "rs") && !tests) {
            collect(&path, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_sources_have_the_same_hash_and_others_another() {
        let now = Frozen::now().expect("the sources are there");
        assert_eq!(now, Frozen::now().expect("the sources are there"));
        assert_ne!(now.judge, now.rounds);
        let mut files = Vec::new();
        collect(&shell::root().join("report/src/judge"), &mut files).expect("the sources are there");
        assert!(files.iter().any(|file| file.ends_with("paired/looks.rs")));
        assert!(!files.iter().any(|file| file.ends_with("tests.rs") || file.ends_with("simulated.rs")));
    }
}
