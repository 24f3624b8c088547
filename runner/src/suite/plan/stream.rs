//! What a step streams, and which requests are good enough.

use std::time::Duration;

use crate::suite::expression::{Expression, Predicate};

/// How a stream of server-sent events is understood.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The content of an event (scope: `event`, `data`, `json`); empty or undefined means that it carries none.
    pub content: Expression,
    /// Whether an event ends the stream.
    pub done: Predicate,
    /// What its tokens are.
    pub tokens: Tokens,
}

/// What the tokens of a stream are, for its rate.
#[derive(Clone, Debug, Default)]
pub enum Tokens {
    /// Each event with content is one.
    #[default]
    Events,
    /// The words of its content, parted by white space.
    Words,
    /// A number that an event tells (scope as for the content), such as `json.usage.completion_tokens`; the last one counts.
    Told(Expression),
}

/// What a request must keep to be good enough (`goodput:`). At least one is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// From due to last byte.
    pub latency: Option<Duration>,
    /// From the first byte written to the first content.
    pub ttft: Option<Duration>,
    /// Between events with content, on average over the request.
    pub itl: Option<Duration>,
}

impl Limits {
    /// Those that make sense for a step; `None` where no limit is left.
    #[must_use]
    pub fn of_step(self, streams: bool) -> Option<Self> {
        let kept = if streams { self } else { Self { ttft: None, itl: None, ..self } };
        (kept != Self::default()).then_some(kept)
    }
}
