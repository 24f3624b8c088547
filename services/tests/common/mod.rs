//! What the tests of all services share.
#![expect(clippy::unwrap_used, reason = "a test that cannot get its answer has failed")]
#![allow(
    dead_code,
    reason = "each test binary uses its own part; which part differs, so an expectation would fail"
)]
#![allow(clippy::allow_attributes, reason = "see above")]

pub(crate) mod redis;

use std::future::Future;

use loadgate_services::{Options, Running, find, start};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

/// A service under test, with a client of its own.
pub(crate) struct Service {
    pub(crate) running: Running,
    pub(crate) client: Client,
    pub(crate) url: String,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Value,
}

pub(crate) async fn healthy(name: &str) -> Service {
    service(name, &Options::default()).await
}

pub(crate) async fn faulty(name: &str, fault: &str) -> Service {
    service(name, &Options { fault: Some(fault.to_owned()), ..Options::default() }).await
}

pub(crate) async fn service(name: &str, options: &Options) -> Service {
    let running = start(find(name).unwrap(), options, 0).await.unwrap();
    let url = format!("http://{}", running.addr());
    Service { running, client: Client::new(), url }
}

impl Service {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        read(self.client.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        read(self.client.delete(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    pub(crate) async fn try_post(&self, path: &str, body: Value) -> reqwest::Result<Answer> {
        let response = self.client.post(format!("{}{path}", self.url)).json(&body).send().await?;
        Ok(read(response).await)
    }
}

pub(crate) async fn read(response: Response) -> Answer {
    let status = response.status();
    let retry_after = response
        .headers()
        .get("retry-after")
        .map(|value| value.to_str().unwrap().parse().expect("Retry-After holds whole seconds"));
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, retry_after, body }
}

/// Does all at once; the results in their order.
pub(crate) async fn together<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    futures_util::future::join_all(all).await
}
