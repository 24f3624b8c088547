//! The little of GitHub's REST API that a comment needs: paging, and patience with limits and failures that pass.
//! See <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LINK, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use url::Url;

/// How often a request is sent before its failure counts.
const ATTEMPTS: u32 = 4;
/// Pages that are read at most: 5,000 comments.
const PAGES: usize = 50;
/// What a server may ask us to wait at most: a job must not hang on a comment.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read: a hundred comments of the greatest length, and room.
const LARGEST: usize = 64 << 20;

/// Why the API did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The token may not do this, as on a pull request from a fork.
    #[error("the token may not {what}: {message}")]
    Forbidden {
        /// What was tried.
        what: String,
        /// What the server said.
        message: String,
    },
    /// It has had too many requests of this token for now.
    #[error("failed to {what}: the rate limit is reached: {message}")]
    Limited {
        /// What was tried.
        what: String,
        /// What the server said.
        message: String,
        /// How long it asks to wait; `None` where it leaves that to us.
        wait: Option<Duration>,
    },
    /// It answered, but not with what was asked for.
    #[error("failed to {what}: {status}: {message}")]
    Status {
        /// What was tried.
        what: String,
        /// The status of the last attempt.
        status: StatusCode,
        /// What the server said.
        message: String,
    },
    /// It could not be reached, or its answer could not be read.
    #[error("failed to {what}: {reason}")]
    Unreachable {
        /// What was tried.
        what: String,
        /// The last attempt's failure.
        reason: String,
    },
    /// The address of the API is none.
    #[error("`{0}` is no address of an API")]
    Address(String),
}

impl ApiError {
    /// Whether trying the whole undertaking again may help.
    pub fn passes(&self) -> bool {
        match self {
            Self::Status { status, .. } => status.is_server_error(),
            Self::Limited { wait, .. } => wait.is_none_or(|wait| wait <= LONGEST_WAIT),
            Self::Unreachable { .. } => true,
            Self::Forbidden { .. } | Self::Address(_) => false,
        }
    }
}

/// A client of one API with one token.
#[derive(Debug)]
pub struct Api {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Url,
    token: String,
    /// The wait before the second attempt; it doubles with each further one.
    backoff: Duration,
}

impl Api {
    /// A client for the API at `base` (`https://api.github.com`, or that of an enterprise server).
    ///
    /// # Errors
    /// `base` is no address, or the machine's root certificates cannot be read.
    pub fn new(base: &str, token: impl Into<String>, backoff: Duration) -> Result<Self, ApiError> {
        let wrong = || ApiError::Address(base.to_owned());
        let base = Url::parse(&format!("{}/", base.trim_end_matches('/'))).map_err(|_| wrong())?;
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| ApiError::Unreachable {
                what: "read the root certificates".to_owned(),
                reason: error.to_string(),
            })?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, base, token: token.into(), backoff })
    }

    /// Everything that a list holds, over all of its pages. `what` is for messages: "list comments".
    ///
    /// # Errors
    /// Those of the first page that cannot be had.
    pub async fn list(&self, path: &str, what: &str) -> Result<Vec<Value>, ApiError> {
        let mut found = Vec::new();
        let mut next = Some(self.address(path)?);
        for _ in 0..PAGES {
            let Some(address) = next.take() else { break };
            let answer = self.send(&Method::GET, &address, what).await?;
            next = next_page(&answer.headers, &self.base);
            let Value::Array(items) = answer.body else { break };
            found.extend(items);
        }
        Ok(found)
    }

    /// One thing. `what` is for messages: "find out whose token it is".
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn get(&self, path: &str, what: &str) -> Result<Value, ApiError> {
        Ok(self.send(&Method::GET, &self.address(path)?, what).await?.body)
    }

    /// Sends a change. It is not repeated here, since it may have arrived although its answer did not; the caller looks first.
    ///
    /// # Errors
    /// The server refuses or cannot be reached.
    pub async fn change(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        what: &str,
    ) -> Result<Value, ApiError> {
        let answer = self.once(&method, &self.address(path)?, Some(body), what).await?;
        Ok(judge(answer, what)?.body)
    }

    /// Waits after failed attempt `number`, from 1: as long as the server asks for, else longer each time.
    pub async fn wait(&self, number: u32, error: &ApiError) {
        let wait = match error {
            ApiError::Limited { wait: Some(wait), .. } => *wait,
            _ => self.backoff * 2u32.pow(number.saturating_sub(1)),
        };
        tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
    }

    fn address(&self, path: &str) -> Result<Url, ApiError> {
        self.base.join(path.trim_start_matches('/')).map_err(|_| ApiError::Address(path.to_owned()))
    }

    async fn send(&self, method: &Method, address: &Url, what: &str) -> Result<Answer, ApiError> {
        let mut attempt = 1;
        loop {
            match self.once(method, address, None, what).await.and_then(|answer| judge(answer, what)) {
                Err(error) if attempt < ATTEMPTS && error.passes() => {
                    self.wait(attempt, &error).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn once(
        &self,
        method: &Method,
        address: &Url,
        body: Option<&Value>,
        what: &str,
    ) -> Result<Answer, ApiError> {
        let failed = |reason: String| ApiError::Unreachable { what: what.to_owned(), reason };
        let content = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(address.as_str())
            .header(USER_AGENT, concat!("loadgate/", env!("CARGO_PKG_VERSION")))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(ACCEPT, "application/vnd.github+json")
            .header(CONTENT_TYPE, "application/json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .body(Full::new(Bytes::from(content)))
            .map_err(|error| failed(error.to_string()))?;
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| failed(error.to_string()))?;
            let (head, body) = response.into_parts();
            let body =
                Limited::new(body, LARGEST).collect().await.map_err(|error| failed(error.to_string()))?;
            // An error page of a proxy is no JSON; its status says enough.
            let body = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        let late = |_| failed(format!("no answer within {TIMEOUT:?}"));
        tokio::time::timeout(TIMEOUT, exchange).await.map_err(late)?
    }
}

/// What came back; `body` is null where it was no JSON.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

/// Whether the answer is about too many requests, and how long it asks us to wait: 403 or 429 with either the seconds
/// (`Retry-After`) or the time at which the next requests are allowed.
/// See <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
fn limit(answer: &Answer) -> Option<Option<Duration>> {
    let number = |name: &str| answer.headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if !matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    if let Some(seconds) = number(RETRY_AFTER.as_str()) {
        return Some(Some(Duration::from_secs(seconds)));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let reset = Duration::from_secs(number("x-ratelimit-reset")?);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        return Some(Some(reset.saturating_sub(now)));
    }
    (answer.status == StatusCode::TOO_MANY_REQUESTS).then_some(None)
}

fn judge(answer: Answer, what: &str) -> Result<Answer, ApiError> {
    let status = answer.status;
    if status.is_success() {
        return Ok(answer);
    }
    let message = answer.body["message"].as_str().unwrap_or("no reason given").to_owned();
    let what = what.to_owned();
    if let Some(wait) = limit(&answer) {
        return Err(ApiError::Limited { what, message, wait });
    }
    Err(match status {
        // 404 is how GitHub answers a token that may not even know.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            ApiError::Forbidden { what, message }
        }
        _ => ApiError::Status { what, status, message },
    })
}

/// The address of the next page, where there is one and it is on the same server: the token goes nowhere else.
fn next_page(headers: &HeaderMap, base: &Url) -> Option<Url> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let address = Url::parse(next.split(['<', '>']).nth(1)?).ok()?;
    (address.origin() == base.origin()).then_some(address)
}
