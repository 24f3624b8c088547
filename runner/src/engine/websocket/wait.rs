//! Waiting for a message, or for a stream of them up to its last.

use std::time::Instant;

use loadgate_report::model::FailureKind;

use super::socket::{Arrived, Ending, Socket};
use super::{not_open, timed_out};
use crate::engine::client::Deadline;
use crate::engine::exchange::Timing;
use crate::engine::hidden::Hidden;
use crate::engine::outcome::{Failure, Judged, Outcome, Rules, judge};
use crate::engine::request::{self, Attempt};
use crate::engine::stream::Streamed;
use crate::engine::user::User;
use crate::suite::plan::{Await, SocketStep};
use crate::suite::scope::{Response, Scope};

/// Waits and records what came.
pub(super) async fn run(
    user: &User,
    step: &SocketStep,
    wait: &Await,
    scope: &mut Scope,
    due: Option<Instant>,
) -> Outcome {
    let begun = due.unwrap_or_else(Instant::now);
    let Some(socket) = user.sockets.get(&step.socket) else {
        let attempt = Attempt {
            timing: Timing::default(),
            result: Err(not_open(&step.socket)),
            status: None,
            again: false,
        };
        return request::record(user, step.id, &[], begun, attempt, 0);
    };
    // What was asked is answered; whoever thinks in between has waited for it all the same.
    let asked = socket.asked.take();
    let from = asked.map_or(begun, |asked| asked.due);
    let waiting = Waiting { user, step, wait, scope, from };
    let mut timing = Timing { written: Some(asked.map_or(begun, |asked| asked.written)), ended: None };
    let result = waiting.run(&socket, &mut timing).await;
    let attempt = Attempt { timing, result, status: None, again: false };
    request::keep(scope, wait.captures.iter().map(|(name, _)| name.as_str()), &attempt);
    request::record(user, step.id, &wait.counts, from, attempt, 0)
}

struct Waiting<'a> {
    user: &'a User,
    step: &'a SocketStep,
    wait: &'a Await,
    scope: &'a Scope,
    /// What its time counts from.
    from: Instant,
}

impl Waiting<'_> {
    async fn run(&self, socket: &Socket, timing: &mut Timing) -> Result<(Judged, Option<Streamed>), Failure> {
        let timeout = self.step.timeout;
        let end = self.from + timeout;
        let mut deadline = Deadline::default();
        let mut streamed = Streamed::default();
        let mut passed = 0_u64;
        loop {
            let arrived = match deadline.within(end, socket.next()).await {
                Ok(Ok(arrived)) if arrived.at <= end => arrived,
                Ok(Err(ending)) => {
                    timing.ended = Some(Instant::now());
                    return Err(self.ended(&ending, passed, &streamed));
                }
                Ok(Ok(_)) | Err(_) => {
                    timing.ended = Some(end);
                    let what = format!("no message for which `{}` holds", self.wait.until.source());
                    return Err(self.after(timed_out(timeout, &what), passed, &streamed));
                }
            };
            timing.ended = Some(arrived.at);
            if let Some(judged) = self.take(&arrived, &mut streamed)? {
                if self.wait.content.is_some() && !matches!(judged, Judged::Refused { .. }) {
                    streamed.finish(&self.wait.tokens)?;
                }
                return Ok((judged, self.wait.content.is_some().then_some(streamed)));
            }
            passed += 1;
        }
    }

    /// Looks at a message: what it came to, where it ends the wait.
    fn take(&self, arrived: &Arrived, streamed: &mut Streamed) -> Result<Option<Judged>, Failure> {
        let bytes = arrived.bytes();
        request::scan(self.user, Hidden::of(self.user), &[("in a message", bytes)])?;
        let latency = arrived.at.saturating_duration_since(self.from);
        let response = || Response::of_message(arrived.kind(), bytes, latency.as_secs_f64() * 1000.0);
        let message = response();
        if let Some(content) = &self.wait.content {
            let content = content.evaluate(self.scope, Some(&message))?;
            streamed.content(&content, arrived.at);
            streamed.count(&self.wait.tokens, self.scope, &message)?;
        }
        let holds = self.wait.until.holds(self.scope, Some(&message))?;
        let refused = self.wait.refused.as_ref().map(|refused| refused.holds(self.scope, Some(&message)));
        if !holds && !refused.transpose()?.unwrap_or_default() {
            return Ok(None);
        }
        if self.wait.content.is_none() {
            return judge(&Rules::of_message(self.wait, Hidden::of(self.user)), self.scope, &message, None)
                .map(Some);
        }
        // A canary may be cut across messages.
        request::scan(self.user, Hidden::of(self.user), &[("in the streamed text", &streamed.content)])?;
        let response = response().with_content(&streamed.content);
        judge(&Rules::of_message(self.wait, Hidden::of(self.user)), self.scope, &response, None).map(Some)
    }

    /// The failure of a wait that the end of the socket has ended.
    fn ended(&self, ending: &Ending, passed: u64, streamed: &Streamed) -> Failure {
        let mut failure = ending.failure();
        // Within a stream it is the stream that is cut off, as in an HTTP body.
        if matches!(ending, Ending::Cut) && !streamed.arrivals.is_empty() {
            failure.kind = FailureKind::Truncated;
        }
        if matches!(ending, Ending::Broken(_)) {
            return failure;
        }
        failure
            .message
            .push_str(&format!(" before a message for which `{}` holds", self.wait.until.source()));
        self.after(failure, passed, streamed)
    }

    /// Says what has come until then.
    fn after(&self, mut failure: Failure, passed: u64, streamed: &Streamed) -> Failure {
        failure.message.push_str(&format!(", after {passed} others"));
        if self.wait.content.is_some() {
            failure.message.push_str(&format!(", {} of them with content", streamed.arrivals.len()));
        }
        failure
    }
}
