//! Which pull request a workflow's run belongs to, and which commit that changes.

use serde_json::Value;

use super::api::{Api, ApiError};
use crate::gate::paired::PullRequestBase;

/// What the pull request or merge queue is based on, by the event that started the workflow; `None` for other events and where there
/// is no workflow. `get` reads the environment.
pub fn base_of_environment(get: impl Fn(&str) -> Option<String>) -> Option<PullRequestBase> {
    get("GITHUB_ACTIONS")?;
    let text = fs_err::read_to_string(get("GITHUB_EVENT_PATH")?).ok()?;
    base_of_event(&serde_json::from_str(&text).ok()?)
}

fn base_of_event(event: &Value) -> Option<PullRequestBase> {
    // Nothing else goes to git: a commit in full.
    let commit = |value: &Value| {
        let text = value.as_str()?;
        (text.len() >= 40 && text.chars().all(|c| c.is_ascii_hexdigit())).then(|| text.to_owned())
    };
    let pull_request = &event["pull_request"];
    if let Some(onto) = commit(&pull_request["base"]["sha"]) {
        return Some(PullRequestBase { onto, head: Some(commit(&pull_request["head"]["sha"])?) });
    }
    commit(&event["merge_group"]["base_sha"]).map(|onto| PullRequestBase { onto, head: None })
}

/// The pull request, as far as the event that started the workflow says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullRequest {
    /// By its number: events of pull requests and of comments on them.
    Number(u64),
    /// By the commit that was built: `workflow_run`, which says no number where the branch is a fork's.
    Head {
        /// Owner of the repository that the branch is in.
        owner: String,
        /// The branch.
        branch: String,
        /// The commit.
        commit: String,
    },
    /// None, as on a push.
    None,
}

impl PullRequest {
    /// Reads the file at `GITHUB_EVENT_PATH`.
    pub fn of_event(event: &Value) -> Self {
        let number = &event["pull_request"]["number"];
        if let Some(number) = number.as_u64() {
            return Self::Number(number);
        }
        if let (Some(number), true) =
            (event["issue"]["number"].as_u64(), event["issue"]["pull_request"].is_object())
        {
            return Self::Number(number);
        }
        let run = &event["workflow_run"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match (
            text(&run["head_repository"]["owner"]["login"]),
            text(&run["head_branch"]),
            text(&run["head_sha"]),
        ) {
            (Some(owner), Some(branch), Some(commit)) => Self::Head { owner, branch, commit },
            _ => Self::None,
        }
    }

    /// The number; `None` where there is no open pull request of exactly this commit: it was closed, or pushed to since.
    ///
    /// # Errors
    /// Those of the API.
    pub async fn number(&self, api: &Api, repository: &str) -> Result<Option<u64>, ApiError> {
        let Self::Head { owner, branch, commit } = self else {
            return Ok(if let Self::Number(number) = self { Some(*number) } else { None });
        };
        // Owner and branch are the contributor's own words.
        let head: String =
            url::form_urlencoded::byte_serialize(format!("{owner}:{branch}").as_bytes()).collect();
        let path = format!("repos/{repository}/pulls?state=open&head={head}&per_page=100");
        let pulls = api.list(&path, "list pull requests").await?;
        let ours = pulls.iter().find(|pull| pull["head"]["sha"] == commit.as_str());
        Ok(ours.and_then(|pull| pull["number"].as_u64()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_name_the_base() {
        let (base, head) = ("a".repeat(40), "b".repeat(40));
        let pull_request =
            |base: &str| json!({ "pull_request": { "base": { "sha": base }, "head": { "sha": head } } });
        let table = [
            (pull_request(&base), Some(PullRequestBase { onto: base.clone(), head: Some(head.clone()) })),
            (
                json!({ "merge_group": { "base_sha": base } }),
                Some(PullRequestBase { onto: base.clone(), head: None }),
            ),
            (pull_request("--upload-pack=x"), None),
            (pull_request(&"-".repeat(40)), None),
            (json!({ "before": base, "after": head }), None),
            (json!(null), None),
        ];
        for (event, expected) in table {
            assert_eq!(base_of_event(&event), expected, "{event}");
        }
    }

    #[test]
    fn without_a_workflow_there_is_no_base() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), json!({ "merge_group": { "base_sha": "a".repeat(40) } }).to_string())
            .unwrap();
        let with = |names: &'static [(&'static str, bool)]| {
            base_of_environment(|name| {
                let (_, is_file) = names.iter().find(|(n, _)| *n == name)?;
                Some(if *is_file { file.path().to_str().unwrap() } else { "true" }.to_owned())
            })
        };
        assert!(with(&[("GITHUB_ACTIONS", false), ("GITHUB_EVENT_PATH", true)]).is_some());
        assert_eq!(with(&[("GITHUB_EVENT_PATH", true)]), None);
        assert_eq!(with(&[("GITHUB_ACTIONS", false)]), None);
        assert_eq!(with(&[("GITHUB_ACTIONS", false), ("GITHUB_EVENT_PATH", false)]), None, "no such file");
    }

    #[test]
    fn events_name_their_pull_request() {
        let run = json!({ "workflow_run": {
            "head_repository": { "owner": { "login": "someone" } }, "head_branch": "fix", "head_sha": "abc",
        } });
        let head = PullRequest::Head { owner: "someone".into(), branch: "fix".into(), commit: "abc".into() };
        let table = [
            (json!({ "pull_request": { "number": 7 } }), PullRequest::Number(7)),
            (json!({ "issue": { "number": 8, "pull_request": {} } }), PullRequest::Number(8)),
            (json!({ "issue": { "number": 9 } }), PullRequest::None),
            (run, head),
            (json!({ "ref": "refs/heads/main" }), PullRequest::None),
            (json!(null), PullRequest::None),
        ];
        for (event, expected) in table {
            assert_eq!(PullRequest::of_event(&event), expected, "{event}");
        }
    }
}
