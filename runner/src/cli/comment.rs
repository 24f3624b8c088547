//! `loadgate comment`: the verdict as one comment on a pull request.

use std::time::Duration;

use anyhow::Context;
use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::{CliError, Exit};
use crate::github::api::{Api, ApiError};
use crate::github::comment::{Comment, Done, When};
use crate::github::pull_request::PullRequest;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct CommentArguments {
    /// The report of the run
    #[arg(default_value = "loadgate-report/report.json")]
    report: Utf8PathBuf,
    /// When there is to be a comment; one that is there already is kept up to date
    #[arg(long, value_enum, default_value_t)]
    when: WhenArgument,
    /// Tells apart the comments of several jobs
    #[arg(long, default_value = "loadgate-report")]
    key: String,
    /// Where the full report is
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// Repository, as owner/name
    #[arg(long, env = "GITHUB_REPOSITORY", value_name = "NAME")]
    repository: String,
    /// Number of the pull request [default: that of the event that started the workflow]
    #[arg(long, value_name = "N")]
    pull_request: Option<u64>,
    /// File with the event that started the workflow
    #[arg(long, env = "GITHUB_EVENT_PATH", value_name = "FILE")]
    event: Option<Utf8PathBuf>,
    /// Token that may comment
    #[arg(long, env = "GITHUB_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: String,
    /// Address of the API
    #[arg(long, env = "GITHUB_API_URL", default_value = "https://api.github.com", value_name = "URL")]
    api: String,
}

/// When there is to be a comment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum WhenArgument {
    /// Where the run failed
    #[default]
    OnRegression,
    /// After each run
    Always,
}

/// A comment that cannot be made is told and fails nothing: the verdict does not depend on it.
pub(super) fn run(arguments: CommentArguments) -> Result<Exit, CliError> {
    let text = fs_err::read_to_string(&arguments.report).map_err(CliError::usage)?;
    let report =
        output::json::parse(&text).with_context(|| format!("failed to read {}", arguments.report))?;
    let pull_request = match (arguments.pull_request, &arguments.event) {
        (Some(number), _) => PullRequest::Number(number),
        (None, Some(event)) => {
            let text = fs_err::read_to_string(event).map_err(CliError::usage)?;
            let event = serde_json::from_str(&text).with_context(|| format!("failed to read {event}"))?;
            PullRequest::of_event(&event)
        }
        (None, None) => PullRequest::None,
    };
    let when = match arguments.when {
        WhenArgument::OnRegression => When::OnRegression,
        WhenArgument::Always => When::Always,
    };
    let comment = Comment::new(&report, &arguments.key, arguments.link.as_deref(), when);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::usage)?;
    let done: Result<Option<Done>, ApiError> = runtime.block_on(async {
        let api = Api::new(&arguments.api, arguments.token, Duration::from_secs(2))?;
        let Some(number) = pull_request.number(&api, &arguments.repository).await? else { return Ok(None) };
        comment.publish(&api, &arguments.repository, number).await.map(Some)
    });
    let (kind, said) = match done {
        Ok(Some(Done::Created)) => (None, "commented".to_owned()),
        Ok(Some(Done::Updated)) => (None, "updated the comment".to_owned()),
        Ok(Some(Done::Nothing)) => (None, "nothing to comment".to_owned()),
        Ok(None) => (Some("notice"), "no comment: the event belongs to no open pull request".to_owned()),
        Err(error @ ApiError::Forbidden { .. }) => (
            Some("notice"),
            format!(
                "no comment: {error}. A fork's pull request needs the companion workflow (docs/permissions.md)"
            ),
        ),
        Err(error) => (Some("warning"), format!("no comment: {error}")),
    };
    match kind {
        Some(kind) => anstream::println!(
            "::{kind} title=loadgate::{}",
            output::text::plain(&said).replace("%", "%25").replace("##[", "## [")
        ),
        None => anstream::println!("{said}"),
    }
    Ok(Exit::Pass)
}
