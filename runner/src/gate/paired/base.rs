//! The base revision: a git worktree of it, beside the checkout under test.

use std::fs::TryLockError;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::revision::git;

/// A checkout that no run has used for so long is removed: on machines that stay, they would fill the disk.
const KEEP: Duration = Duration::from_secs(14 * 24 * 3600);

/// How often another run's lock is looked at.
const LOOK: Duration = Duration::from_millis(100);

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
    /// Checks out a commit that is here below `cache`, or takes the checkout that is there from an earlier run, with all that was
    /// built in it. `directory` is a folder of the checkout under test.
    ///
    /// A checkout whose repository is gone, as one that was brought here from a cache of the CI system, is made one of this
    /// repository again; files that are as the commit has them keep their times, so that build tools find their work done.
    ///
    /// # Errors
    /// [`BaseError`]; nothing of the checkout under test is touched.
    pub async fn check_out(commit: &str, directory: &Utf8Path, cache: &Utf8Path) -> Result<Self, BaseError> {
        let no_checkout = |message| BaseError::NoCheckout { directory: directory.to_owned(), message };
        let top = git(directory, &["rev-parse", "--show-toplevel"]).await.map_err(no_checkout)?;
        let below = git(directory, &["rev-parse", "--show-prefix"]).await.map_err(no_checkout)?;
        let path = folder(cache, commit);
        let worktree_error =
            |message| BaseError::Worktree { commit: commit.to_owned(), path: path.clone(), message };
        fs_err::create_dir_all(cache).map_err(|e| worktree_error(e.to_string()))?;
        let there = path.join(".git").exists()
            && git(&path, &["rev-parse", "HEAD"]).await.is_ok_and(|head| head == commit);
        if !there {
            let top = Utf8Path::new(&top);
            // An entry whose folder was deleted would refuse to be made again.
            let _ = git(top, &["worktree", "prune"]).await;
            if path.exists() {
                adopt(top, &path, commit).await.map_err(worktree_error)?;
            } else {
                let add = ["worktree", "add", "--detach", "--force", path.as_str(), commit];
                git(top, &add).await.map_err(worktree_error)?;
            }
        }
        // Whether an old one can be removed decides nothing about this run.
        let _ = remove_unused(cache, commit);
        Ok(Self { directory: path.join(below), commit: commit.to_owned() })
    }
}

/// Waits until no other run on this machine makes or builds the checkout of a commit below `cache`, as the jobs of a matrix on one
/// machine would. Others wait until the file is dropped.
///
/// # Errors
/// [`BaseError::Worktree`], where the file cannot be made or locked.
pub(super) async fn alone(commit: &str, cache: &Utf8Path) -> Result<fs_err::File, BaseError> {
    let path = cache.join(commit).with_extension("lock");
    let error = |source: std::io::Error| BaseError::Worktree {
        commit: commit.to_owned(),
        path: path.clone(),
        message: format!("it cannot be locked: {source}"),
    };
    fs_err::create_dir_all(cache).map_err(error)?;
    let file = fs_err::File::create(&path).map_err(error)?;
    loop {
        match file.file().try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
            Err(TryLockError::Error(source)) => return Err(error(source)),
        }
    }
}

/// Where the checkout of a commit is.
pub fn folder(cache: &Utf8Path, commit: &str) -> Utf8PathBuf {
    cache.join(commit)
}

/// Makes a folder with files a worktree of the repository at `top`.
async fn adopt(top: &Utf8Path, path: &Utf8Path, commit: &str) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    git(top, &["worktree", "add", "--detach", "--force", "--no-checkout", fresh.as_str(), commit]).await?;
    fs_err::rename(fresh.join(".git"), path.join(".git")).map_err(text)?;
    fs_err::remove_dir_all(&fresh).map_err(text)?;
    git(top, &["worktree", "repair", path.as_str()]).await?;
    git(path, &["read-tree", commit]).await?;
    // It fails where files differ, which are then written by the next command.
    let _ = git(path, &["update-index", "-q", "--refresh"]).await;
    git(path, &["checkout-index", "--all", "--force", "--quiet"]).await.map(|_| ())
}

/// Notes that `commit` is in use, and removes what has not been for long. Only folders with such a note are ours to remove.
fn remove_unused(cache: &Utf8Path, commit: &str) -> std::io::Result<()> {
    fs_err::write(cache.join(format!("{commit}.used")), "")?;
    for entry in cache.read_dir_utf8()? {
        let note = entry?.into_path();
        let is_old = |note: &Utf8Path| {
            let changed = fs_err::metadata(note)?.modified()?;
            Ok::<_, std::io::Error>(changed.elapsed().is_ok_and(|age| age > KEEP))
        };
        if note.extension() == Some("used") && is_old(&note)? {
            let unused = note.with_extension("");
            if unused.exists() {
                fs_err::remove_dir_all(&unused)?;
            }
            fs_err::remove_file(&note)?;
            let lock = note.with_extension("lock");
            if lock.exists() {
                fs_err::remove_file(lock)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::gate::paired::revision::{self, PullRequestBase};

    async fn ok(directory: &Utf8Path, arguments: &[&str]) -> String {
        let author = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
        git(directory, &[&author[..], arguments].concat())
            .await
            .unwrap_or_else(|e| panic!("git {arguments:?}: {e}"))
    }

    async fn commit(directory: &Utf8Path, file: &str, text: &str) -> String {
        fs_err::create_dir_all(directory.join(file).parent().unwrap()).unwrap();
        fs_err::write(directory.join(file), text).unwrap();
        ok(directory, &["add", "."]).await;
        ok(directory, &["commit", "-q", "-m", text]).await;
        ok(directory, &["rev-parse", "HEAD"]).await
    }

    /// An origin with one commit, and the folder that it is in.
    async fn origin() -> (tempfile::TempDir, Utf8PathBuf, String) {
        let temp = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(temp.path()).unwrap().canonicalize_utf8().unwrap();
        let origin = folder.join("origin");
        fs_err::create_dir_all(&origin).unwrap();
        ok(&origin, &["init", "-q", "-b", "main"]).await;
        let first = commit(&origin, "service/app.txt", "before").await;
        (temp, folder, first)
    }

    /// A clone as CI makes it: one commit, on no branch.
    async fn shallow(folder: &Utf8Path, name: &str, commit: &str) -> Utf8PathBuf {
        let clone = folder.join(name);
        fs_err::create_dir_all(&clone).unwrap();
        ok(&clone, &["init", "-q"]).await;
        ok(&clone, &["remote", "add", "origin", &format!("file://{folder}/origin")]).await;
        ok(&clone, &["fetch", "-q", "--no-tags", "--depth=1", "origin", commit]).await;
        ok(&clone, &["checkout", "-q", "--detach", "FETCH_HEAD"]).await;
        clone
    }

    #[tokio::test]
    async fn one_run_at_a_time_makes_and_builds_a_checkout() {
        let temp = tempfile::tempdir().unwrap();
        let cache = Utf8Path::from_path(temp.path()).unwrap().join("cache");
        let first = alone("abc", &cache).await.unwrap();
        // Another commit is nobody's business.
        drop(alone("abd", &cache).await.unwrap());
        let second = alone("abc", &cache);
        tokio::pin!(second);
        assert!(tokio::time::timeout(Duration::from_millis(350), &mut second).await.is_err(), "it waits");
        drop(first);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn a_base_is_checked_out_once_and_fetched_into_shallow_clones() {
        let (_temp, temp, before) = origin().await;
        let after = commit(&temp.join("origin"), "service/app.txt", "after").await;
        let cache = temp.join("cache");
        let folder = shallow(&temp, "clone", &after).await.join("service");

        let found = revision::find(&before, &folder).await.unwrap();
        let base = BaseTree::check_out(&found, &folder, &cache).await.unwrap();
        assert_eq!(base.commit, before);
        assert_eq!(fs_err::read_to_string(base.directory.join("app.txt")).unwrap(), "before");
        assert_eq!(fs_err::read_to_string(folder.join("app.txt")).unwrap(), "after");

        fs_err::write(base.directory.join("built"), "").unwrap();
        let again = BaseTree::check_out(&before, &folder, &cache).await.unwrap();
        assert!(again.directory.join("built").exists(), "what was built for a commit is kept");

        assert_eq!(revision::find("origin/main", &folder).await.unwrap(), after);
        for reference in ["no-such-branch", "--upload-pack=x"] {
            let error = revision::find(reference, &folder).await.unwrap_err();
            assert!(matches!(error, BaseError::NoRevision { .. }), "{error}");
        }
        let error = BaseTree::check_out("main", &temp, &cache).await.unwrap_err();
        assert!(matches!(error, BaseError::NoCheckout { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_checkout_out_of_a_cache_is_taken_over_with_its_times() {
        let (_temp, temp, before) = origin().await;
        let cache = temp.join("cache");
        let first = shallow(&temp, "first", &before).await;
        let base = BaseTree::check_out(&before, &first, &cache).await.unwrap();
        let file = base.directory.join("service/app.txt");
        fs_err::write(base.directory.join("built"), "").unwrap();
        let written = fs_err::metadata(&file).unwrap().modified().unwrap();
        fs_err::remove_dir_all(&first).unwrap();

        let second = shallow(&temp, "second", &before).await;
        let again = BaseTree::check_out(&before, &second, &cache).await.unwrap();
        assert!(again.directory.join("built").exists(), "what was built is kept");
        assert_eq!(fs_err::metadata(&file).unwrap().modified().unwrap(), written);
        assert_eq!(ok(&again.directory, &["status", "--porcelain"]).await, "?? built");
        assert_eq!(ok(&again.directory, &["rev-parse", "HEAD"]).await, before);

        fs_err::remove_dir_all(&second).unwrap();
        fs_err::write(&file, "edited").unwrap();
        let third = shallow(&temp, "third", &before).await;
        BaseTree::check_out(&before, &third, &cache).await.unwrap();
        assert_eq!(fs_err::read_to_string(&file).unwrap(), "before", "the commit decides what is in it");
    }

    #[tokio::test]
    async fn checkouts_that_nobody_uses_are_removed() {
        let (_temp, temp, before) = origin().await;
        let (cache, clone) = (temp.join("cache"), shallow(&temp, "clone", &before).await);
        for (name, age) in [("old", KEEP * 2), ("recent", KEEP / 2)] {
            fs_err::create_dir_all(cache.join(name)).unwrap();
            let note = fs_err::File::create(cache.join(format!("{name}.used"))).unwrap();
            note.set_modified(std::time::SystemTime::now() - age).unwrap();
        }
        fs_err::create_dir_all(cache.join("of somebody else")).unwrap();
        let base = BaseTree::check_out(&before, &clone, &cache).await.unwrap();
        assert!(!cache.join("old").exists() && !cache.join("old.used").exists());
        for kept in [cache.join("recent"), cache.join("of somebody else"), base.directory] {
            assert!(kept.exists(), "{kept}");
        }
    }

    #[tokio::test]
    async fn the_base_of_a_pull_request_is_what_its_change_is_added_to() {
        let (_temp, temp, fork_point) = origin().await;
        let origin = temp.join("origin");
        ok(&origin, &["checkout", "-q", "-b", "change"]).await;
        commit(&origin, "a", "one of two").await;
        let head = commit(&origin, "a", "two of two").await;
        ok(&origin, &["checkout", "-q", "main"]).await;
        let at_event = commit(&origin, "b", "main moved on").await;
        let merged_into = commit(&origin, "b", "and again").await;
        ok(&origin, &["merge", "-q", "--no-ff", "-m", "merge", "change"]).await;
        let merge = ok(&origin, &["rev-parse", "HEAD"]).await;
        let pull_request = PullRequestBase { onto: at_event.clone(), head: Some(head.clone()) };

        // As CI checks out: the merge commit, whose parents are cut off.
        let clone = shallow(&temp, "merge", &merge).await;
        assert_eq!(revision::find_base(&pull_request, &clone).await.unwrap(), merged_into);
        let base = BaseTree::check_out(&merged_into, &clone, &temp.join("cache")).await.unwrap();
        assert_eq!(fs_err::read_to_string(base.directory.join("b")).unwrap(), "and again");

        // The pull request itself: where it left the branch.
        let clone = shallow(&temp, "head", &head).await;
        assert_eq!(revision::find_base(&pull_request, &clone).await.unwrap(), fork_point);

        // A merge queue names it exactly.
        let clone = shallow(&temp, "queue", &merge).await;
        let queued = PullRequestBase { onto: at_event.clone(), head: None };
        assert_eq!(revision::find_base(&queued, &clone).await.unwrap(), at_event);

        // No history to be had: the tip of the branch.
        let clone = shallow(&temp, "alone", &head).await;
        ok(&clone, &["fetch", "-q", "--depth=1", "origin", &at_event]).await;
        ok(&clone, &["remote", "remove", "origin"]).await;
        assert_eq!(revision::find_base(&pull_request, &clone).await.unwrap(), at_event);
    }
}
