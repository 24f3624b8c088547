//! Waiting until the service answers.

use std::time::{Duration, Instant};

use super::{Target, TargetError, render};
use crate::engine::look::{self, LookError};
use crate::suite::plan;
use crate::suite::scope::Scope;

/// Time between two attempts. Short, since a service that is up in 50 ms should not wait for half a second.
const PAUSE: Duration = Duration::from_millis(25);
/// A single attempt may take this long.
const ATTEMPT: Duration = Duration::from_secs(5);
/// A service that loadgate did not start should be there already, but may just be coming up beside it.
const ALREADY_RUNNING: Duration = Duration::from_secs(5);

/// Waits until the service is ready, it ends, its time is over, or it is seen that waiting does not help.
pub(super) async fn wait(target: &mut Target, plan: &plan::Target, scope: &Scope) -> Result<(), TargetError> {
    let path = plan.ready.get.as_ref().map(|get| render(get, "ready.get", scope)).transpose()?;
    let asked = path.as_deref().unwrap_or("/");
    let within =
        if target.process.is_some() { plan.ready.within } else { plan.ready.within.min(ALREADY_RUNNING) };
    let end = Instant::now() + within;
    loop {
        let last = match look::status(&target.reach, asked, ATTEMPT).await {
            // Without a health route any answer proves that somebody listens.
            Ok(status) if status < 400 || path.is_none() && !is_of_proxy(target, status) => return Ok(()),
            Ok(status) if is_of_proxy(target, status) => LookError {
                message: format!("the answer was {status}, by itself or by the proxy {}", proxy(target)),
                is_lasting: false,
            },
            Ok(status) => LookError { message: format!("it answered {status}"), is_lasting: false },
            Err(error) => error,
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
        let url = || format!("{}{asked}", target.url.as_str().trim_end_matches('/'));
        if last.is_lasting {
            return Err(TargetError::Unusable { url: url(), why: last.message });
        }
        if Instant::now() >= end {
            let lines = target.last_lines();
            let output = if lines.is_empty() { String::new() } else { format!("; its last lines:\n{lines}") };
            return Err(TargetError::NotReady { url: url(), within, last: last.message, output });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether an answer may be that of a proxy which has not reached the service, or wants credentials.
fn is_of_proxy(target: &Target, status: u16) -> bool {
    matches!(status, 407 | 502..=504) && target.reach.through().is_some()
}

fn proxy(target: &Target) -> String {
    target.reach.through().unwrap_or_default()
}
