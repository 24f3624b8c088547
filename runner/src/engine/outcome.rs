//! What a request came to: ok, refused as expected, or failed with a kind.

use std::time::Duration;

use loadgate_report::model::FailureKind;
use minijinja::Value;

use super::canary::{Canaries, Foreign};
use super::client::{RequestProgram, TransportError};
use super::hidden::Hidden;
use super::series::Came;
use crate::suite::expression::{Expression, Predicate};
use crate::suite::plan::Await;
use crate::suite::scope::{Response, Scope};
use crate::suite::text::EvaluationError;

/// Characters of a body that a message shows.
const SHOWN: usize = 120;

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Refused,
    Failed(FailureKind),
}

impl Outcome {
    pub(crate) fn came(self) -> Came {
        match self {
            Self::Ok => Came::Ok,
            Self::Refused => Came::Refused,
            Self::Failed(_) => Came::Failed,
        }
    }
}

/// A failure with what there is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    /// For cross-talk: the user whose canary was found.
    pub(crate) foreign: Option<u32>,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), foreign: None }
    }

    /// Whether it is another user's canary. One is enough for a verdict, so nothing that comes later makes up for it.
    pub(crate) fn is_cross_talk(&self) -> bool {
        self.kind == FailureKind::CrossTalk
    }

    /// The same without what must not be shown, where the message was made without regard to it. That of cross-talk was not, and
    /// the names of users in it may be their tokens.
    pub(crate) fn without(self, hidden: Hidden<'_>) -> Self {
        if self.is_cross_talk() {
            return self;
        }
        Self { message: hidden.message(&self.message), ..self }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::new(error.kind, error.message)
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        Self::new(FailureKind::Check, error.message)
    }
}

/// A response that was judged and did not fail.
#[derive(Debug, PartialEq)]
pub(crate) enum Judged {
    /// It is as it should be, with the captured values and the counters' answers in the order of the step.
    Ok { captures: Vec<Value>, counts: Vec<bool>, waited: Option<Duration> },
    /// Refused by policy, with the captured values that are there.
    Refused { captures: Vec<Value> },
}

impl Judged {
    /// As it should be, with nothing but captured values.
    pub(crate) fn ok(captures: Vec<Value>) -> Self {
        Self::Ok { captures, counts: Vec::new(), waited: None }
    }
}

/// Where foreign canaries are looked for.
pub(crate) struct Scan<'a> {
    pub(crate) canaries: &'a Canaries,
    /// Index of the user whose response it is.
    pub(crate) own: u32,
    /// The pieces of the response, each with its name.
    pub(crate) places: &'a [(&'static str, &'a [u8])],
    /// Gives a user's name for its index.
    pub(crate) name: &'a dyn Fn(u32) -> String,
    pub(crate) hidden: Hidden<'a>,
}

impl Scan<'_> {
    /// Fails where there is one.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        for (place, text) in self.places {
            if let Some(Foreign { user, at }) = self.canaries.foreign(self.own, text) {
                let (own, foreign) = ((self.name)(self.own), (self.name)(user));
                return Err(Failure {
                    foreign: Some(user),
                    ..Failure::new(
                        FailureKind::CrossTalk,
                        format!(
                            "the canary of {foreign} is in the response to {own}, {place} at byte {at}: {:?}",
                            excerpt(text, at, self.hidden)
                        ),
                    )
                });
            }
        }
        Ok(())
    }
}

/// What a step asks of a response, or of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    refused: Option<&'a Predicate>,
    checks: &'a [Predicate],
    captures: &'a [(String, Expression)],
    counts: &'a [(usize, Predicate)],
    queue_wait: Option<&'a Expression>,
    /// Whether the status must be below 400.
    asks_status: bool,
    hidden: Hidden<'a>,
}

impl<'a> Rules<'a> {
    pub(crate) fn of(program: &'a RequestProgram, hidden: Hidden<'a>) -> Self {
        let step = &*program.step;
        Self {
            refused: step.refused.as_ref(),
            checks: &step.checks,
            captures: &step.captures,
            counts: &step.counts,
            queue_wait: step.queue_wait.as_ref(),
            asks_status: program.asks_status,
            hidden,
        }
    }

    pub(crate) fn of_message(wait: &'a Await, hidden: Hidden<'a>) -> Self {
        Self {
            refused: wait.refused.as_ref(),
            checks: &wait.checks,
            captures: &wait.captures,
            counts: &wait.counts,
            queue_wait: None,
            asks_status: false,
            hidden,
        }
    }
}

/// Judges a complete response in which no foreign canary was found, in this order: refusal, stream cut off (`incomplete`),
/// checks and status, captures, counters.
pub(crate) fn judge(
    step: &Rules<'_>,
    scope: &Scope,
    response: &Response<'_>,
    incomplete: Option<Failure>,
) -> Result<Judged, Failure> {
    if let Some(refused) = step.refused
        && refused.holds(scope, Some(response))?
    {
        let found = step.captures.iter().map(|(_, capture)| capture.evaluate(scope, Some(response)));
        let captures = found.map(|value| value.unwrap_or(Value::UNDEFINED)).collect();
        return Ok(Judged::Refused { captures });
    }
    if let Some(failure) = incomplete {
        return Err(failure);
    }
    check(step, scope, response)?;
    let captures = captured(step.captures, scope, response, step.hidden)?;
    let counts: Result<_, _> = step.counts.iter().map(|(_, p)| p.holds(scope, Some(response))).collect();
    let waited = step.queue_wait.map(|wait| queue_wait(wait, scope, response, step.hidden)).transpose()?;
    Ok(Judged::Ok { captures, counts: counts?, waited })
}

/// Judges the output of a command; its captured values.
pub(crate) fn judge_command(
    checks: &[Predicate],
    captures: &[(String, Expression)],
    scope: &Scope,
    response: &Response<'_>,
    hidden: Hidden<'_>,
) -> Result<Vec<Value>, Failure> {
    for check in checks {
        if !check.holds(scope, Some(response)).map_err(|error| broken(check, &error))? {
            let message = format!("`{}` does not hold: {}", check.source(), saw(response, hidden));
            return Err(Failure::new(FailureKind::Check, message));
        }
    }
    if response.status() != 0 && !checks.iter().any(Predicate::mentions_status) {
        return Err(Failure::new(
            FailureKind::Check,
            format!("the command has failed: {}", saw(response, hidden)),
        ));
    }
    captured(captures, scope, response, hidden)
}

fn captured(
    captures: &[(String, Expression)],
    scope: &Scope,
    response: &Response<'_>,
    hidden: Hidden<'_>,
) -> Result<Vec<Value>, Failure> {
    let mut values = Vec::with_capacity(captures.len());
    for (name, capture) in captures {
        let value = capture.evaluate(scope, Some(response))?;
        if value.is_undefined() {
            let message =
                format!("capture `{name}`: `{}` is not in {}", capture.source(), saw(response, hidden));
            return Err(Failure::new(FailureKind::Check, message));
        }
        values.push(value);
    }
    Ok(values)
}

fn queue_wait(
    wait: &Expression,
    scope: &Scope,
    response: &Response<'_>,
    hidden: Hidden<'_>,
) -> Result<Duration, Failure> {
    let ms = f64::try_from(wait.evaluate(scope, Some(response))?).ok();
    ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok()).ok_or_else(|| {
        let message = format!(
            "queue_wait: `{}` is no number of milliseconds in {}",
            wait.source(),
            saw(response, hidden)
        );
        Failure::new(FailureKind::Check, message)
    })
}

fn check(step: &Rules<'_>, scope: &Scope, response: &Response<'_>) -> Result<(), Failure> {
    let status = response.status();
    let checks = step.checks;
    for check in checks {
        if !check.holds(scope, Some(response)).map_err(|error| broken(check, &error))? {
            // A server error explains a failed check better than the check does, unless it was asked for.
            let asked = checks.iter().any(|other| {
                other.mentions_status() && other.holds(scope, Some(response)).unwrap_or_default()
            });
            let kind = if asked { FailureKind::Check } else { kind_of(status) };
            return Err(Failure::new(
                kind,
                format!("`{}` does not hold: {}", check.source(), saw(response, step.hidden)),
            ));
        }
    }
    if step.asks_status && status >= 400 {
        return Err(Failure::new(kind_of(status), saw(response, step.hidden)));
    }
    Ok(())
}

fn broken(check: &Predicate, error: &EvaluationError) -> Failure {
    Failure::new(FailureKind::Check, format!("`{}`: {}", check.source(), error.message))
}

fn kind_of(status: u16) -> FailureKind {
    match status {
        400..=499 => FailureKind::Status4xx,
        500..=599 => FailureKind::Status5xx,
        _ => FailureKind::Check,
    }
}

/// Status and beginning of the body.
fn saw(response: &Response<'_>, hidden: Hidden<'_>) -> String {
    let body = response.body();
    if response.is_message() {
        return if body.is_empty() {
            "an empty message".to_owned()
        } else {
            format!("message {:?}", beginning(body, hidden))
        };
    }
    if body.is_empty() {
        return format!("status {} without a body", response.status());
    }
    format!("status {}, body {:?}", response.status(), beginning(body, hidden))
}

fn beginning(body: &[u8], hidden: Hidden<'_>) -> String {
    let near = &body[..body.len().min(4 * SHOWN + hidden.longest())];
    let text = String::from_utf8_lossy(near);
    let mut beginning = hidden.beginning(&text, SHOWN);
    if near.len() < body.len() || text.chars().nth(SHOWN).is_some() {
        beginning.push('…');
    }
    beginning
}

/// What stands around a place.
fn excerpt(text: &[u8], at: usize, hidden: Hidden<'_>) -> String {
    let beyond = hidden.longest();
    let (from, to) = (at.saturating_sub(40), (at + 40).min(text.len()));
    let (first, last) = (from.saturating_sub(beyond), (to + beyond).min(text.len()));
    String::from_utf8_lossy(&hidden.part(&text[first..last], from - first..to - first)).into_owned()
}
