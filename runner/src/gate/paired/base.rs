//! The base revision: a git worktree of it, beside the checkout under test.

use std::process::Stdio;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::process::Command;

/// A checked-out base revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseTree {
    /// The folder in the worktree that corresponds to the current directory.
    pub directory: Utf8PathBuf,
    /// Full commit hash.
    pub commit: String,
}

/// Why there is no base revision to compare with.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// The current directory is no git checkout.
    #[error("failed to find a git checkout in {directory}: {message}")]
    NoCheckout {
        /// Where it was looked for.
        directory: Utf8PathBuf,
        /// git's words.
        message: String,
    },
    /// The revision is neither here nor at the remote.
    #[error("there is no revision `{reference}` here, and it could not be fetched: {message}")]
    NoRevision {
        /// As given.
        reference: String,
        /// git's words.
        message: String,
    },
    /// The worktree could not be made.
    #[error("failed to check out {commit} into {path}: {message}")]
    Worktree {
        /// The commit.
        commit: String,
        /// Where.
        path: Utf8PathBuf,
        /// git's words.
        message: String,
    },
}

impl BaseTree {
    /// Checks out `reference` (a commit, branch, tag, or `origin/main`) below `cache`, or takes the checkout that is there
    /// from an earlier run, with all that was built in it. `directory` is a folder of the checkout under test.
    ///
    /// In a shallow clone, as CI makes them, the one commit is fetched from `origin`.
    ///
    /// # Errors
    /// [`BaseError`]; nothing of the checkout under test is touched.
    pub async fn check_out(
        reference: &str,
        directory: &Utf8Path,
        cache: &Utf8Path,
    ) -> Result<Self, BaseError> {
        let no_checkout = |message| BaseError::NoCheckout { directory: directory.to_owned(), message };
        let top = git(directory, &["rev-parse", "--show-toplevel"]).await.map_err(no_checkout)?;
        let below = git(directory, &["rev-parse", "--show-prefix"]).await.map_err(no_checkout)?;
        let commit = find(reference, directory).await?;
        let path = cache.join(&commit);
        let worktree_error =
            |message| BaseError::Worktree { commit: commit.clone(), path: path.clone(), message };
        let there = path.join(".git").exists()
            && git(&path, &["rev-parse", "HEAD"]).await.is_ok_and(|head| head == commit);
        if !there {
            fs_err::create_dir_all(cache).map_err(|e| worktree_error(e.to_string()))?;
            // An entry whose folder was deleted would refuse to be made again.
            let _ = git(Utf8Path::new(&top), &["worktree", "prune"]).await;
            let add = ["worktree", "add", "--detach", "--force", path.as_str(), &commit];
            git(Utf8Path::new(&top), &add).await.map_err(worktree_error)?;
        }
        Ok(Self { directory: path.join(below), commit })
    }
}

/// The commit of a reference. Tried in order: as it is, as a branch of `origin`, fetched from `origin`.
async fn find(reference: &str, directory: &Utf8Path) -> Result<String, BaseError> {
    if reference.starts_with('-') {
        // git would take it as an option.
        return Err(BaseError::NoRevision {
            reference: reference.to_owned(),
            message: "it begins with `-`".into(),
        });
    }
    for name in [reference.to_owned(), format!("origin/{reference}")] {
        let name = format!("{name}^{{commit}}");
        if let Ok(commit) =
            git(directory, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).await
        {
            return Ok(commit);
        }
    }
    let remote_name = reference.strip_prefix("origin/").unwrap_or(reference);
    let fetch = ["fetch", "--quiet", "--no-tags", "--depth=1", "origin", remote_name];
    let missing = |message| BaseError::NoRevision { reference: reference.to_owned(), message };
    git(directory, &fetch).await.map_err(missing)?;
    git(directory, &["rev-parse", "--verify", "FETCH_HEAD^{commit}"]).await.map_err(missing)
}

async fn git(directory: &Utf8Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(arguments).stdin(Stdio::null());
    // A hook of git's sets these, and they would name another repository.
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let output = command.output().await.map_err(|e| format!("git could not be run: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(if message.is_empty() { format!("git ended with {}", output.status) } else { message })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ok(directory: &Utf8Path, arguments: &[&str]) -> String {
        git(directory, arguments).await.unwrap_or_else(|e| panic!("git {arguments:?}: {e}"))
    }

    async fn commit(directory: &Utf8Path, file: &str, text: &str) -> String {
        fs_err::create_dir_all(directory.join(file).parent().unwrap()).unwrap();
        fs_err::write(directory.join(file), text).unwrap();
        ok(directory, &["add", "."]).await;
        let author = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
        ok(directory, &[&author[..], &["commit", "-q", "-m", text]].concat()).await;
        ok(directory, &["rev-parse", "HEAD"]).await
    }

    #[tokio::test]
    async fn a_base_is_checked_out_once_and_fetched_into_shallow_clones() {
        let temp = tempfile::tempdir().unwrap();
        let temp = Utf8Path::from_path(temp.path()).unwrap().canonicalize_utf8().unwrap();
        let (origin, clone, cache) = (temp.join("origin"), temp.join("clone"), temp.join("cache"));
        fs_err::create_dir_all(&origin).unwrap();
        ok(&origin, &["init", "-q", "-b", "main"]).await;
        let before = commit(&origin, "service/app.txt", "before").await;
        commit(&origin, "service/app.txt", "after").await;
        let url = format!("file://{origin}");
        ok(&temp, &["clone", "-q", "--depth=1", &url, clone.as_str()]).await;
        let folder = clone.join("service");

        let base = BaseTree::check_out(&before, &folder, &cache).await.unwrap();
        assert_eq!(base.commit, before);
        assert_eq!(fs_err::read_to_string(base.directory.join("app.txt")).unwrap(), "before");
        assert_eq!(fs_err::read_to_string(folder.join("app.txt")).unwrap(), "after");

        fs_err::write(base.directory.join("built"), "").unwrap();
        let again = BaseTree::check_out(&before, &folder, &cache).await.unwrap();
        assert!(again.directory.join("built").exists(), "what was built for a commit is kept");

        let by_branch = BaseTree::check_out("origin/main", &folder, &cache).await.unwrap();
        assert_ne!(by_branch.commit, before);
        for reference in ["no-such-branch", "--upload-pack=x"] {
            let error = BaseTree::check_out(reference, &folder, &cache).await.unwrap_err();
            assert!(matches!(error, BaseError::NoRevision { .. }), "{error}");
        }
        let error = BaseTree::check_out("main", &temp, &cache).await.unwrap_err();
        assert!(matches!(error, BaseError::NoCheckout { .. }), "{error}");
    }
}
