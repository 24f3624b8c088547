//! Which commit is meant, and bringing it here where a shallow clone lacks it.

use std::process::Stdio;

use camino::Utf8Path;
use tokio::process::Command;

use super::BaseError;

/// Commits that are fetched at most to find out where a branch left the one that it is to be merged into.
const DEEPEN: &str = "--deepen=200";

/// What a pull request is to be merged into, as the event that started the workflow says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequestBase {
    /// The commit at the tip of the branch that it is to go into.
    pub onto: String,
    /// The commit at the tip of the pull request; none in a merge queue, where `onto` is exactly what is merged into.
    pub head: Option<String>,
}

/// The commit of a reference. Tried in order: as it is, as a branch of `origin`, fetched from `origin`.
///
/// # Errors
/// [`BaseError::NoRevision`], [`BaseError::NoCheckout`].
pub(super) async fn find(reference: &str, directory: &Utf8Path) -> Result<String, BaseError> {
    let missing = |message| BaseError::NoRevision { reference: reference.to_owned(), message };
    if reference.starts_with('-') {
        // git would take it as an option.
        return Err(missing("it begins with `-`".into()));
    }
    for name in [reference.to_owned(), format!("origin/{reference}")] {
        if let Some(commit) = known(&name, directory).await {
            return Ok(commit);
        }
    }
    let remote_name = reference.strip_prefix("origin/").unwrap_or(reference);
    let fetch = ["fetch", "--quiet", "--no-tags", "--depth=1", "origin", remote_name];
    git(directory, &fetch).await.map_err(missing)?;
    git(directory, &["rev-parse", "--verify", "FETCH_HEAD^{commit}"]).await.map_err(missing)
}

/// The commit that a pull request changes. CI checks out the merge of both sides: its first parent is exactly what the change is
/// added to, also where the branch has moved on since the event. Where the pull request itself is checked out, it is the commit at
/// which it left the branch, if enough history can be had, else the tip of the branch.
///
/// # Errors
/// [`BaseError::NoRevision`].
pub(super) async fn find_base(
    pull_request: &PullRequestBase,
    directory: &Utf8Path,
) -> Result<String, BaseError> {
    let PullRequestBase { onto, head } = pull_request;
    let Some(head) = head else { return find(onto, directory).await };
    // The commit itself names its parents, also where a shallow clone has cut them off.
    let commit = git(directory, &["cat-file", "commit", "HEAD"]).await.unwrap_or_default();
    let parents: Vec<&str> = commit
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("parent "))
        .collect();
    if let [first, second] = parents[..]
        && second == head
    {
        return find(first, directory).await;
    }
    if let Some(commit) = merge_base(onto, directory).await {
        return Ok(commit);
    }
    let here = known("HEAD", directory).await.unwrap_or_default();
    let fetch = ["fetch", "--quiet", "--no-tags", DEEPEN, "origin", onto.as_str(), here.as_str()];
    // Not every server gives out any commit; then the tip has to do.
    let _ = git(directory, &fetch).await;
    match merge_base(onto, directory).await {
        Some(commit) => Ok(commit),
        None => find(onto, directory).await,
    }
}

async fn merge_base(onto: &str, directory: &Utf8Path) -> Option<String> {
    git(directory, &["merge-base", "--end-of-options", onto, "HEAD"]).await.ok()
}

async fn known(name: &str, directory: &Utf8Path) -> Option<String> {
    let name = format!("{name}^{{commit}}");
    git(directory, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).await.ok()
}

/// What git prints on standard output, without the white space around it; or what it says on standard error.
pub(super) async fn git(directory: &Utf8Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(arguments).stdin(Stdio::null());
    // A hook of git's sets these, and they would name another repository.
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    // Nobody is there to answer; a remote that wants a password is one that cannot be read.
    command.env("GIT_TERMINAL_PROMPT", "0");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed = |e: std::io::Error| format!("git could not be run: {e}");
    let child = command.spawn().map_err(failed)?;
    let unless_given_up = EndWhenDropped(child.id());
    let output = child.wait_with_output().await.map_err(failed);
    unless_given_up.has_ended();
    let output = output?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(if message.is_empty() { format!("git ended with {}", output.status) } else { message })
}

/// Ends a git that nobody waits for any more, the polite way: it then removes its lock files, which would stop the next one.
struct EndWhenDropped(Option<u32>);

impl EndWhenDropped {
    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for EndWhenDropped {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(pid) = self.0.and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)) {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        // Nothing there is as polite; it ends by itself.
        #[cfg(not(unix))]
        let _ = self.0;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_git_that_nobody_waits_for_any_more_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Utf8Path::from_path(folder.path()).unwrap();
        let pid_file = directory.join("pid");
        let alias = format!("alias.slow=!echo $PPID > {pid_file}; sleep 30; true");
        let arguments = ["-c", alias.as_str(), "slow"];
        let written = async {
            loop {
                match fs_err::read_to_string(&pid_file) {
                    Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                    _ => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        let pid = tokio::select! {
            outcome = git(directory, &arguments) => panic!("{outcome:?}"),
            pid = written => pid,
        };
        for _ in 0..500 {
            let output = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().unwrap();
            let state = String::from_utf8(output.stdout).unwrap();
            if state.trim().is_empty() || state.starts_with('Z') {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("git goes on as process {pid}");
    }
}
