//! One comment on a pull request: made when there is something to say, updated in place, cleared when it is green again.

use http::Method;
use loadgate_report::{Report, Verdict};
use serde_json::{Value, json};

use super::api::{Api, ApiError};
use crate::output::{markdown, summary};

/// What GitHub takes as the body of a comment at most, in characters.
const LONGEST: usize = 65_536;

/// How often finding and writing is gone through before a failure counts.
const ATTEMPTS: u32 = 4;

/// When there is to be a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Where the run failed. A comment that is there already is kept up to date, whatever the verdict.
    OnRegression,
    /// After each run.
    Always,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A comment was made.
    Created,
    /// The comment was updated.
    Updated,
    /// Nothing was to be said, and nothing had been said before.
    Nothing,
}

/// What is to be said of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    marker: String,
    body: String,
    is_news: bool,
}

impl Comment {
    /// The comment on a report. `key` tells apart the comments of several jobs; `link` leads to the full report.
    pub fn new(report: &Report, key: &str, link: Option<&str>, when: When) -> Self {
        // Of the key only what cannot end the marker.
        let key: String = key.chars().filter(|c| c.is_alphanumeric() || "._ ".contains(*c)).collect();
        let marker = format!("<!-- loadgate: {key} -->");
        let link =
            link.map(|link| format!("\n\n[The full report](<{}>)", link.replace(['<', '>', '\n'], "")));
        let link = link.unwrap_or_default();
        let room = LONGEST - marker.len() - link.len() - 200;
        let text = if report.verdict == Verdict::Pass && when == When::OnRegression {
            format!(
                "**loadgate: pass** for {}. What was reported here is gone.",
                markdown::code(&report.suite.name)
            )
        } else {
            shorten(&summary::render(report), room)
        };
        let is_news = when == When::Always || report.verdict == Verdict::Fail;
        Self { marker: marker.clone(), body: format!("{marker}\n{text}{link}\n"), is_news }
    }

    /// What is written.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Writes it to the pull request. Where GitHub fails in between, it looks again before it writes again, so that there is
    /// never a second comment.
    ///
    /// # Errors
    /// The token may not comment (as on a fork's pull request), or GitHub keeps failing.
    pub async fn publish(&self, api: &Api, repository: &str, pull_request: u64) -> Result<Done, ApiError> {
        let mut attempt = 1;
        loop {
            match self.write(api, repository, pull_request).await {
                Err(error) if error.passes() && attempt < ATTEMPTS => {
                    api.wait(attempt, &error).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn write(&self, api: &Api, repository: &str, pull_request: u64) -> Result<Done, ApiError> {
        let comments = format!("repos/{repository}/issues/{pull_request}/comments");
        let all = api.list(&format!("{comments}?per_page=100"), "list comments").await?;
        let body = json!({ "body": self.body });
        let mut refusal = None;
        for id in self.ours(&all, api).await? {
            let path = format!("repos/{repository}/issues/comments/{id}");
            match api.change(Method::PATCH, &path, &body, "update the comment").await {
                // That of another bot, from a time when another token was used.
                Err(error @ ApiError::Forbidden { .. }) => refusal = Some(error),
                done => return done.map(|_| Done::Updated),
            }
        }
        if !self.is_news {
            return refusal.map_or(Ok(Done::Nothing), Err);
        }
        api.change(Method::POST, &comments, &body, "comment").await?;
        Ok(Done::Created)
    }

    /// Which comments are ours: those with the marker whose author is the token's user, then those of a bot. A person may quote the
    /// marker, or begin with it, and what a person wrote is never changed.
    async fn ours(&self, all: &[Value], api: &Api) -> Result<Vec<u64>, ApiError> {
        let marked =
            |comment: &&Value| comment["body"].as_str().is_some_and(|body| body.starts_with(&self.marker));
        let marked: Vec<&Value> = all.iter().filter(marked).collect();
        let (bots, people): (Vec<&Value>, Vec<&Value>) =
            marked.into_iter().partition(|comment| comment["user"]["type"] == "Bot");
        // The token of a workflow has no user, so only where a person may be us is it asked for.
        let me = if people.is_empty() {
            None
        } else {
            match api.get("user", "find out whose token it is").await {
                Ok(user) => user["id"].as_u64(),
                Err(ApiError::Forbidden { .. }) => None,
                Err(error) => return Err(error),
            }
        };
        let own = people.into_iter().filter(|comment| me.is_some() && comment["user"]["id"].as_u64() == me);
        Ok(own.chain(bots).filter_map(|comment| comment["id"].as_u64()).collect())
    }
}

/// Whole lines of at most `room` characters in all, with a note where some are left out.
fn shorten(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.trim_end().to_owned();
    }
    let mut kept = String::new();
    let mut length = 0;
    for line in text.lines() {
        length += line.chars().count() + 1;
        if length > room {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    // What is cut off may have been inside a folded part or a block of code.
    let folded = kept.matches("<details>").count().saturating_sub(kept.matches("</details>").count());
    if kept.lines().filter(|line| line.starts_with("```")).count() % 2 == 1 {
        kept.push_str("```\n");
    }
    kept.push_str(&"</details>\n".repeat(folded));
    kept + "\nThe rest is in the report."
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wiremock::matchers::{body_partial_json, header, method, path, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::github::pull_request::PullRequest;
    use crate::output::fixture;

    const COMMENTS: &str = "/repos/o/r/issues/7/comments";

    fn report(verdict: Verdict) -> Report {
        Report { verdict, ..fixture::report() }
    }

    fn comment(verdict: Verdict, when: When) -> Comment {
        Comment::new(&report(verdict), "job", Some("http://127.0.0.1/report"), when)
    }

    fn api(server: &MockServer) -> Api {
        Api::new(&server.uri(), "token", Duration::from_millis(1)).unwrap()
    }

    fn ours(id: u64) -> Value {
        json!({ "id": id, "user": { "type": "Bot" }, "body": "<!-- loadgate: job -->\nearlier" })
    }

    async fn lists(server: &MockServer, comments: Value) {
        Mock::given(method("GET"))
            .and(path(COMMENTS))
            .and(header("authorization", "Bearer token"))
            .respond_with(ResponseTemplate::new(200).set_body_json(comments))
            .mount(server)
            .await;
    }

    async fn takes(server: &MockServer, verb: &str, at: &str, times: u64) {
        Mock::given(method(verb))
            .and(path(at))
            .respond_with(ResponseTemplate::new(201).set_body_json(json!({})))
            .expect(times)
            .mount(server)
            .await;
    }

    #[tokio::test]
    async fn a_failure_is_commented_once_and_then_updated() {
        let server = MockServer::start().await;
        lists(
            &server,
            json!([{ "id": 1, "user": { "type": "User" }, "body": "<!-- loadgate: job -->\na person" }]),
        )
        .await;
        takes(&server, "POST", COMMENTS, 1).await;
        let done = comment(Verdict::Fail, When::OnRegression).publish(&api(&server), "o/r", 7).await.unwrap();
        assert_eq!(done, Done::Created);

        let server = MockServer::start().await;
        lists(
            &server,
            json!([{ "id": 1, "user": { "type": "Bot" }, "body": "<!-- loadgate: other -->" }, ours(2)]),
        )
        .await;
        takes(&server, "POST", COMMENTS, 0).await;
        takes(&server, "PATCH", "/repos/o/r/issues/comments/2", 1).await;
        let done = comment(Verdict::Fail, When::OnRegression).publish(&api(&server), "o/r", 7).await.unwrap();
        assert_eq!(done, Done::Updated);
    }

    #[tokio::test]
    async fn a_comment_of_the_tokens_own_user_is_updated_and_none_of_another_person() {
        let by = |id: u64, user: u64| {
            let body = "<!-- loadgate: job -->\nearlier";
            json!({ "id": id, "user": { "type": "User", "id": user }, "body": body })
        };
        for (comments, asked, updated) in [
            (json!([by(1, 70), by(2, 71), ours(3)]), 1, Some(2)),
            (json!([by(1, 70), ours(3)]), 1, Some(3)),
            (json!([by(1, 70)]), 1, None),
            (json!([ours(3)]), 0, Some(3)),
        ] {
            let server = MockServer::start().await;
            lists(&server, comments).await;
            Mock::given(method("GET"))
                .and(path("/user"))
                .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "id": 71 })))
                .expect(asked)
                .mount(&server)
                .await;
            takes(&server, "POST", COMMENTS, u64::from(updated.is_none())).await;
            if let Some(id) = updated {
                takes(&server, "PATCH", &format!("/repos/o/r/issues/comments/{id}"), 1).await;
            }
            let fail = comment(Verdict::Fail, When::OnRegression);
            let done = fail.publish(&api(&server), "o/r", 7).await.unwrap();
            assert_eq!(done, if updated.is_some() { Done::Updated } else { Done::Created });
        }
    }

    #[tokio::test]
    async fn where_the_comment_is_of_another_bot_there_is_a_new_one() {
        let server = MockServer::start().await;
        lists(&server, json!([ours(3), ours(4)])).await;
        for (id, status) in [(3, 403), (4, 200)] {
            Mock::given(method("PATCH"))
                .and(path(format!("/repos/o/r/issues/comments/{id}")))
                .respond_with(ResponseTemplate::new(status).set_body_json(json!({})))
                .up_to_n_times(1)
                .mount(&server)
                .await;
        }
        takes(&server, "POST", COMMENTS, 1).await;
        let fail = comment(Verdict::Fail, When::OnRegression);
        assert_eq!(fail.publish(&api(&server), "o/r", 7).await.unwrap(), Done::Updated);
        // Now none of them can be changed any more.
        assert_eq!(fail.publish(&api(&server), "o/r", 7).await.unwrap(), Done::Created);
    }

    #[tokio::test]
    async fn green_says_nothing_but_clears_what_was_said() {
        let server = MockServer::start().await;
        lists(&server, json!([])).await;
        takes(&server, "POST", COMMENTS, 0).await;
        let green = comment(Verdict::Pass, When::OnRegression);
        assert_eq!(green.publish(&api(&server), "o/r", 7).await.unwrap(), Done::Nothing);

        let server = MockServer::start().await;
        lists(&server, json!([ours(2)])).await;
        Mock::given(method("PATCH"))
            .and(path("/repos/o/r/issues/comments/2"))
            .and(body_partial_json(json!({ "body": green.body() })))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
            .expect(1)
            .mount(&server)
            .await;
        assert_eq!(green.publish(&api(&server), "o/r", 7).await.unwrap(), Done::Updated);
        assert!(green.body().contains("is gone"));

        let server = MockServer::start().await;
        lists(&server, json!([])).await;
        takes(&server, "POST", COMMENTS, 1).await;
        let always = comment(Verdict::Pass, When::Always);
        assert_eq!(always.publish(&api(&server), "o/r", 7).await.unwrap(), Done::Created);
    }

    #[tokio::test]
    async fn a_comment_on_a_later_page_is_found() {
        let server = MockServer::start().await;
        let next = format!("<{}{COMMENTS}?per_page=100&page=2>; rel=\"next\"", server.uri());
        Mock::given(method("GET"))
            .and(path(COMMENTS))
            .and(query_param("page", "2"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!([ours(5)])))
            .with_priority(1)
            .mount(&server)
            .await;
        Mock::given(method("GET"))
            .and(path(COMMENTS))
            .respond_with(
                ResponseTemplate::new(200).set_body_json(json!([])).insert_header("link", next.as_str()),
            )
            .mount(&server)
            .await;
        takes(&server, "PATCH", "/repos/o/r/issues/comments/5", 1).await;
        let done = comment(Verdict::Fail, When::OnRegression).publish(&api(&server), "o/r", 7).await.unwrap();
        assert_eq!(done, Done::Updated);
    }

    #[tokio::test]
    async fn the_token_is_not_taken_to_another_server() {
        let (server, stranger) = (MockServer::start().await, MockServer::start().await);
        Mock::given(method("GET")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&stranger).await;
        let next = format!("<{}{COMMENTS}>; rel=\"next\"", stranger.uri());
        Mock::given(method("GET"))
            .respond_with(
                ResponseTemplate::new(200).set_body_json(json!([])).insert_header("link", next.as_str()),
            )
            .mount(&server)
            .await;
        takes(&server, "POST", COMMENTS, 1).await;
        comment(Verdict::Fail, When::OnRegression).publish(&api(&server), "o/r", 7).await.unwrap();
    }

    #[tokio::test]
    async fn a_fork_without_permission_is_told_apart_and_not_retried() {
        for status in [401, 403, 404] {
            let server = MockServer::start().await;
            lists(&server, json!([])).await;
            Mock::given(method("POST"))
                .respond_with(
                    ResponseTemplate::new(status)
                        .set_body_json(json!({ "message": "Resource not accessible by integration" })),
                )
                .expect(1)
                .mount(&server)
                .await;
            let error = comment(Verdict::Fail, When::OnRegression)
                .publish(&api(&server), "o/r", 7)
                .await
                .unwrap_err();
            assert!(matches!(error, ApiError::Forbidden { .. }), "{error}");
            assert!(error.to_string().contains("not accessible"), "{error}");
        }
    }

    #[tokio::test]
    async fn limits_and_failures_that_pass_are_waited_for() {
        for (status, headers) in [
            (403, vec![("retry-after", "0")]),
            (429, vec![("retry-after", "0")]),
            (403, vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")]),
            (502, vec![]),
            (429, vec![]),
        ] {
            let server = MockServer::start().await;
            let mut refusal = ResponseTemplate::new(status).set_body_json(json!({ "message": "later" }));
            for (name, value) in headers {
                refusal = refusal.insert_header(name, value);
            }
            // Reading and writing are limited alike.
            for (verb, times) in [("GET", 2), ("POST", 1)] {
                Mock::given(method(verb))
                    .respond_with(refusal.clone())
                    .up_to_n_times(times)
                    .with_priority(1)
                    .mount(&server)
                    .await;
            }
            lists(&server, json!([])).await;
            takes(&server, "POST", COMMENTS, 1).await;
            let done =
                comment(Verdict::Fail, When::OnRegression).publish(&api(&server), "o/r", 7).await.unwrap();
            assert_eq!(done, Done::Created, "{status}");
        }
    }

    #[tokio::test]
    async fn a_limit_that_lasts_longer_than_a_job_should_wait_is_given_up() {
        let server = MockServer::start().await;
        let refusal = ResponseTemplate::new(403)
            .set_body_json(json!({ "message": "API rate limit exceeded" }))
            .insert_header("x-ratelimit-remaining", "0")
            .insert_header("x-ratelimit-reset", "99999999999");
        Mock::given(method("GET")).respond_with(refusal).expect(1).mount(&server).await;
        let error =
            comment(Verdict::Fail, When::OnRegression).publish(&api(&server), "o/r", 7).await.unwrap_err();
        assert!(matches!(error, ApiError::Limited { .. }), "{error}");
        assert!(error.to_string().contains("rate limit"), "{error}");
    }

    #[tokio::test]
    async fn a_comment_whose_answer_was_lost_is_not_made_twice() {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .and(path(COMMENTS))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
            .up_to_n_times(1)
            .with_priority(1)
            .mount(&server)
            .await;
        lists(&server, json!([ours(9)])).await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(502)).expect(1).mount(&server).await;
        takes(&server, "PATCH", "/repos/o/r/issues/comments/9", 1).await;
        let done = comment(Verdict::Fail, When::OnRegression).publish(&api(&server), "o/r", 7).await.unwrap();
        assert_eq!(done, Done::Updated);
    }

    #[tokio::test]
    async fn a_server_that_keeps_failing_is_given_up() {
        let server = MockServer::start().await;
        Mock::given(method("GET")).respond_with(ResponseTemplate::new(500)).mount(&server).await;
        let error =
            comment(Verdict::Fail, When::OnRegression).publish(&api(&server), "o/r", 7).await.unwrap_err();
        assert!(matches!(error, ApiError::Status { .. }), "{error}");
    }

    #[tokio::test]
    async fn the_pull_request_of_a_fork_is_found_by_its_commit() {
        let server = MockServer::start().await;
        let pulls = json!([
            { "number": 3, "head": { "sha": "another" } },
            { "number": 4, "head": { "sha": "abc" } },
        ]);
        Mock::given(method("GET"))
            .and(path("/repos/o/r/pulls"))
            .and(query_param("head", "some:fix&state=closed"))
            .and(query_param("state", "open"))
            .respond_with(ResponseTemplate::new(200).set_body_json(pulls))
            .mount(&server)
            .await;
        let head = |commit: &str| PullRequest::Head {
            owner: "some".to_owned(),
            branch: "fix&state=closed".to_owned(),
            commit: commit.to_owned(),
        };
        assert_eq!(head("abc").number(&api(&server), "o/r").await.unwrap(), Some(4));
        assert_eq!(head("old").number(&api(&server), "o/r").await.unwrap(), None);
        assert_eq!(PullRequest::Number(7).number(&api(&server), "o/r").await.unwrap(), Some(7));
    }

    #[test]
    fn bodies_fit_and_markers_hold() {
        let comment = Comment::new(&report(Verdict::Fail), "a --> <b>", None, When::Always);
        assert!(comment.body().starts_with("<!-- loadgate: a  b -->\n"), "{}", comment.body());
        let long = format!("<details>\n```\n{}\n```\n</details>\n", "x\n".repeat(50_000));
        let short = shorten(&long, 1_000);
        assert!(short.chars().count() < 1_200);
        assert!(short.ends_with("```\n</details>\n\nThe rest is in the report."), "{short}");
        assert_eq!(shorten("short\n", 100), "short");
    }
}
