//! Which pull request a workflow's run belongs to.

use serde_json::Value;

use super::api::{Api, ApiError};

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
