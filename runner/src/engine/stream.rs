//! Streamed answers: what of an event stream is content, when it arrived, and whether it came to its end.

use std::time::{Duration, Instant};

use http::HeaderMap;
use loadgate_report::model::FailureKind;
use minijinja::Value;

use super::client::{Connection, Deadline};
use super::outcome::Failure;
use super::sse::{Event, EventParser};
use crate::suite::plan::{Stream, Tokens};
use crate::suite::scope::{Response, Scope};
use crate::suite::text::EvaluationError;

/// After the event that ends the stream, the end of the body may take this long; then the connection is given up.
const LINGER: Duration = Duration::from_secs(1);

/// A stream as it was read.
#[derive(Debug, Default)]
pub(crate) struct Streamed {
    /// Arrivals of events with content, ascending.
    pub(crate) arrivals: Vec<Instant>,
    /// All content, joined.
    pub(crate) content: Vec<u8>,
    /// Tokens in it, known when the whole has been read.
    pub(crate) tokens: f64,
    /// The last number of tokens that an event told.
    told: Option<f64>,
    /// Events, with content or without.
    events: u64,
    done: bool,
    broken: Option<EvaluationError>,
}

/// What is read, and how.
pub(crate) struct Reading<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) scope: &'a Scope,
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
}

impl Reading<'_> {
    /// Reads a stream to its end; gives the instant of the last byte that belongs to it.
    pub(crate) async fn run(
        &self,
        connection: &mut Connection,
        streamed: &mut Streamed,
    ) -> Result<Instant, Failure> {
        let mut parser = EventParser::default();
        let mut seen = 0;
        loop {
            let now = Instant::now();
            let fresh = &connection.body()[seen..];
            parser.feed(fresh, |event| self.take(streamed, event, now));
            seen += fresh.len();
            if streamed.done {
                let rest = Deadline::default().within(now + LINGER, connection.receive_body()).await;
                return match rest {
                    Ok(ended) => ended.map(|()| Instant::now()).map_err(Failure::from),
                    Err(_elapsed) => Ok(now),
                };
            }
            if !connection.receive_more().await? {
                return Ok(Instant::now());
            }
        }
    }

    fn take(&self, streamed: &mut Streamed, event: Event<'_>, now: Instant) {
        if streamed.done || streamed.broken.is_some() {
            return;
        }
        streamed.events += 1;
        let response = Response::of_event(self.status, self.headers, event.name, event.data);
        let judged = self.stream.done.holds(self.scope, Some(&response)).and_then(|done| {
            let content = if done {
                Value::UNDEFINED
            } else {
                self.stream.content.evaluate(self.scope, Some(&response))?
            };
            Ok((done, content))
        });
        let told = streamed.count(&self.stream.tokens, self.scope, &response);
        match judged.and_then(|judged| told.map(|()| judged)) {
            Ok((done, content)) => {
                streamed.done = done;
                streamed.content(&content, now);
            }
            Err(error) => streamed.broken = Some(error),
        }
    }
}

impl Streamed {
    /// Takes the content of one event, if it has any.
    pub(crate) fn content(&mut self, content: &Value, at: Instant) {
        let text = content.to_string();
        if !content.is_undefined() && !content.is_none() && !text.is_empty() {
            self.arrivals.push(at);
            self.content.extend_from_slice(text.as_bytes());
        }
    }

    /// Takes the number of tokens that an event tells, if it does.
    pub(crate) fn count(
        &mut self,
        tokens: &Tokens,
        scope: &Scope,
        response: &Response<'_>,
    ) -> Result<(), EvaluationError> {
        if let Tokens::Told(expression) = tokens {
            let told = f64::try_from(expression.evaluate(scope, Some(response))?).ok();
            self.told = told.filter(|n| n.is_finite() && *n >= 0.0).or(self.told);
        }
        Ok(())
    }

    /// Counts the tokens of a stream that came to its end.
    ///
    /// # Errors
    /// An event should have told them, and none did.
    pub(crate) fn finish(&mut self, tokens: &Tokens) -> Result<(), Failure> {
        self.tokens = match tokens {
            Tokens::Events => self.arrivals.len() as f64,
            Tokens::Words => String::from_utf8_lossy(&self.content).split_whitespace().count() as f64,
            Tokens::Told(expression) => self.told.ok_or_else(|| {
                let message =
                    format!("tokens: `{}` was a number in no event of the stream", expression.source());
                Failure::new(FailureKind::Check, message)
            })?,
        };
        Ok(())
    }

    /// Why the stream is not whole, if it is not.
    pub(crate) fn problem(&self, stream: &Stream) -> Option<Failure> {
        if let Some(error) = &self.broken {
            return Some(Failure::from(error.clone()));
        }
        (!self.done).then(|| {
            Failure::new(
                FailureKind::Truncated,
                format!(
                    "the stream ended without its last event (`{}`), after {} events, {} of them with content",
                    stream.done.source(),
                    self.events,
                    self.arrivals.len()
                ),
            )
        })
    }
}
