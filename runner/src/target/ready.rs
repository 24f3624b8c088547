//! Waiting until the service answers.

use std::time::{Duration, Instant};

use super::{Target, TargetError, render};
use crate::suite::plan;
use crate::suite::scope::Scope;

/// Time between two attempts. Short, since a service that is up in 50 ms should not wait for half a second.
const PAUSE: Duration = Duration::from_millis(25);
/// A single attempt may take this long.
const ATTEMPT: Duration = Duration::from_secs(5);
/// A service that loadgate did not start should be there already, but may just be coming up beside it.
const ALREADY_RUNNING: Duration = Duration::from_secs(5);

/// Waits until the service is ready, it ends, or its time is over.
pub(super) async fn wait(target: &mut Target, plan: &plan::Target, scope: &Scope) -> Result<(), TargetError> {
    let path = plan.ready.get.as_ref().map(|get| render(get, "ready.get", scope)).transpose()?;
    let url = match &path {
        Some(path) => target
            .url
            .join(path)
            .map_err(|e| TargetError::Url { url: path.clone(), message: e.to_string() })?,
        None => target.url.clone(),
    };
    let within =
        if target.process.is_some() { plan.ready.within } else { plan.ready.within.min(ALREADY_RUNNING) };
    let client = reqwest::Client::builder()
        .timeout(ATTEMPT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|e| TargetError::Url { url: url.to_string(), message: e.to_string() })?;
    let end = Instant::now() + within;
    loop {
        let last = match client.get(url.clone()).send().await {
            // Without a health route any answer proves that somebody listens.
            Ok(answer) if path.is_none() || answer.status().as_u16() < 400 => return Ok(()),
            Ok(answer) => format!("it answered {}", answer.status()),
            Err(error) => describe(&error),
        };
        if let Some(status) = target.ended() {
            // The last words may still be in the pipe.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return Err(TargetError::Ended {
                command: target.command.clone().unwrap_or_default(),
                status,
                output: target.last_lines(),
            });
        }
        if Instant::now() >= end {
            let lines = target.last_lines();
            let output = if lines.is_empty() { String::new() } else { format!("; its last lines:\n{lines}") };
            return Err(TargetError::NotReady { url: url.to_string(), within, last, output });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The innermost cause is what a person needs: "connection refused", not "error sending request".
fn describe(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
