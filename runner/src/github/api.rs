//! The little of GitHub's REST API that a comment needs: paging, and patience with limits and failures that pass.
//! See <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>.

use std::time::Duration;

use reqwest::header::{ACCEPT, LINK, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use url::Url;

/// How often a request is sent before its failure counts.
const ATTEMPTS: u32 = 4;
/// Pages that are read at most: 5,000 comments.
const PAGES: usize = 50;
/// What a server may ask us to wait at most: a job must not hang on a comment.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

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
    #[error("failed to {what}: {source}")]
    Unreachable {
        /// What was tried.
        what: String,
        /// The last attempt's failure.
        source: reqwest::Error,
    },
    /// The address of the API is none.
    #[error("`{0}` is no address of an API")]
    Address(String),
}

impl ApiError {
    /// Whether trying the whole undertaking again may help.
    pub fn passes(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unreachable { .. } => true,
            Self::Forbidden { .. } | Self::Address(_) => false,
        }
    }
}

/// A client of one API with one token.
#[derive(Debug)]
pub struct Api {
    client: Client,
    base: Url,
    token: String,
    /// The wait before the second attempt; it doubles with each further one.
    backoff: Duration,
}

impl Api {
    /// A client for the API at `base` (`https://api.github.com`, or that of an enterprise server).
    ///
    /// # Errors
    /// `base` is no address, or the TLS library cannot be set up.
    pub fn new(base: &str, token: impl Into<String>, backoff: Duration) -> Result<Self, ApiError> {
        let wrong = || ApiError::Address(base.to_owned());
        let base = Url::parse(&format!("{}/", base.trim_end_matches('/'))).map_err(|_| wrong())?;
        let client = Client::builder()
            .user_agent(concat!("loadgate/", env!("CARGO_PKG_VERSION")))
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|source| ApiError::Unreachable { what: "set up a client".to_owned(), source })?;
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
            let response = self.send(Method::GET, address, None, what).await?;
            next = next_page(&response, &self.base);
            let page: Value = read(response, what).await?;
            let Value::Array(items) = page else { break };
            found.extend(items);
        }
        Ok(found)
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
        let response = self.once(method, self.address(path)?, Some(body), what).await?;
        read(judge(response, what).await?, what).await
    }

    /// The wait before attempt `number`, from 1 for the second attempt.
    pub async fn wait(&self, number: u32) {
        tokio::time::sleep((self.backoff * 2u32.pow(number.saturating_sub(1))).min(LONGEST_WAIT)).await;
    }

    fn address(&self, path: &str) -> Result<Url, ApiError> {
        self.base.join(path.trim_start_matches('/')).map_err(|_| ApiError::Address(path.to_owned()))
    }

    async fn send(
        &self,
        method: Method,
        address: Url,
        body: Option<&Value>,
        what: &str,
    ) -> Result<Response, ApiError> {
        let mut attempt = 1;
        loop {
            let answered = self.once(method.clone(), address.clone(), body, what).await;
            let asked_to_wait = answered.as_ref().ok().and_then(asked_to_wait);
            let judged = match answered {
                Ok(response) => judge(response, what).await,
                Err(error) => Err(error),
            };
            match judged {
                Err(error) if attempt < ATTEMPTS && (error.passes() || asked_to_wait.is_some()) => {
                    match asked_to_wait {
                        Some(wait) => tokio::time::sleep(wait).await,
                        None => self.wait(attempt).await,
                    }
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn once(
        &self,
        method: Method,
        address: Url,
        body: Option<&Value>,
        what: &str,
    ) -> Result<Response, ApiError> {
        let mut request = self
            .client
            .request(method, address)
            .bearer_auth(&self.token)
            .header(ACCEPT, "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28");
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.map_err(|source| ApiError::Unreachable { what: what.to_owned(), source })
    }
}

/// How long a server that limits rates asks us to wait: it says so in `Retry-After`, also along with 403.
fn asked_to_wait(response: &Response) -> Option<Duration> {
    if !matches!(response.status(), StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    let wait = Duration::from_secs(seconds);
    (wait <= LONGEST_WAIT).then_some(wait)
}

async fn judge(response: Response, what: &str) -> Result<Response, ApiError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    let said: Option<Value> = serde_json::from_str(&text).ok();
    let message =
        said.as_ref().and_then(|said| said["message"].as_str()).unwrap_or("no reason given").to_owned();
    let what = what.to_owned();
    Err(match status {
        // 404 is how GitHub answers a token that may not even know.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            ApiError::Forbidden { what, message }
        }
        _ => ApiError::Status { what, status, message },
    })
}

async fn read(response: Response, what: &str) -> Result<Value, ApiError> {
    response.json().await.map_err(|source| ApiError::Unreachable { what: what.to_owned(), source })
}

/// The address of the next page, where there is one and it is on the same server: the token goes nowhere else.
fn next_page(response: &Response, base: &Url) -> Option<Url> {
    let links = response.headers().get(LINK)?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let address = Url::parse(next.split(['<', '>']).nth(1)?).ok()?;
    (address.origin() == base.origin()).then_some(address)
}
