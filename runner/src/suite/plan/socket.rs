//! Steps over a WebSocket (RFC 6455).

use std::sync::Arc;
use std::time::Duration;

use loadgate_report::model::Place;

use super::{Expression, Predicate, RequestStep, Text, Tokens};

/// A step over a WebSocket. A user has one socket of each name.
#[derive(Clone, Debug)]
pub struct SocketStep {
    /// Index into [`super::Scenario::steps`] (or [`super::Scenario::unmeasured_steps`]).
    pub id: usize,
    /// Name of the socket.
    pub socket: String,
    /// What is done.
    pub action: SocketAction,
    /// From due until it is done; for a wait, from the message that was sent last.
    pub timeout: Duration,
    /// A failure does not end the flow.
    pub continue_on_failure: bool,
    /// Where it stands in the suite.
    pub place: Place,
}

/// What is done with a socket.
#[derive(Clone, Debug)]
pub enum SocketAction {
    /// Opens it.
    Connect(Connect),
    /// Sends a message. Nothing is waited for, so it counts in its own step only.
    Send(Outgoing),
    /// Waits for a message.
    Await(Box<Await>),
    /// Closes it. It counts in its own step only.
    Close,
}

/// How a socket is opened.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The request that asks for it, a GET without what the protocol itself adds. Its checks and captures are asked of the
    /// answer to it; where none mentions `status`, that must be 101.
    pub request: Arc<RequestStep>,
    /// It stays open for the user's next iterations, in which this step then does nothing.
    pub keep: bool,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// A text message.
    Text(Text),
    /// A binary message, the same each time.
    Binary(bytes::Bytes),
    /// A binary message, in Base64.
    Base64(Text),
}

/// What is waited for. Expressions see a message as `text`, `json`, `size`, `data` and `event` (`text` or `binary`).
#[derive(Clone, Debug)]
pub struct Await {
    /// Holds for the message that ends the wait. Messages before it are passed over.
    pub until: Predicate,
    /// The content of each message up to the one that ends the wait, where they are a stream. Joined it is `text`; `json` and
    /// `data` are then those of the last message.
    pub content: Option<Expression>,
    /// What the tokens of that content are.
    pub tokens: Tokens,
    /// A message for which it holds ends the wait as a refusal by policy.
    pub refused: Option<Predicate>,
    /// What must hold of the message.
    pub checks: Vec<Predicate>,
    /// Values kept for later steps.
    pub captures: Vec<(String, Expression)>,
    /// Counters over ok messages: (index into [`super::Scenario::counters`], predicate).
    pub counts: Vec<(usize, Predicate)>,
}

impl SocketStep {
    /// Values kept for later steps.
    pub fn captures(&self) -> &[(String, Expression)] {
        match &self.action {
            SocketAction::Connect(connect) => &connect.request.captures,
            SocketAction::Await(wait) => &wait.captures,
            SocketAction::Send(_) | SocketAction::Close => &[],
        }
    }
}
