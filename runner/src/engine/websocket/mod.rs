//! WebSockets (RFC 6455): opened, written to, waited on and closed by the steps of a flow.
//!
//! ```text
//! connect ── handshake over the client's own sockets ──▶ Socket, one per user and name
//! send    ── writes ───────────────────────────────────▶ │
//! await   ◀─ takes messages off its inbox ────────────── │ ◀─ its reader: a task of the same worker
//! close   ── closes, waits for the other side ─────────▶ │
//! ```
//!
//! The reader notes when each message arrived, also while the user thinks, and lets pings be answered. It shares the inbox
//! with the user's steps on one thread, so there is no lock and no channel between them. Frames are tungstenite's.

mod connect;
mod kept;
mod send;
mod socket;
mod wait;

use std::sync::Arc;
use std::time::{Duration, Instant};

use loadgate_report::model::FailureKind;

pub(crate) use self::kept::Sockets;

use super::client::{Endpoints, RequestProgram};
use super::exchange::Timing;
use super::outcome::{Failure, Judged, Outcome};
use super::request::{self, Attempt};
use super::user::User;
use crate::suite::plan::{SocketAction, SocketStep};
use crate::suite::scope::Scope;

/// A step over a WebSocket, made ready.
#[derive(Debug)]
pub(crate) struct SocketProgram {
    pub(crate) step: Arc<SocketStep>,
    /// The request that opens it, where it does.
    handshake: Option<Box<RequestProgram>>,
}

impl SocketProgram {
    pub(crate) fn new(step: &Arc<SocketStep>, base: &str, endpoints: &Endpoints) -> Self {
        let handshake = match &step.action {
            SocketAction::Connect(connect) => {
                Some(Box::new(connect::program(&connect.request, step.id, base, endpoints)))
            }
            SocketAction::Send(_) | SocketAction::Await(_) | SocketAction::Close => None,
        };
        Self { step: step.clone(), handshake }
    }

    /// Whether it closes a socket.
    pub(crate) fn closes(&self) -> bool {
        matches!(self.step.action, SocketAction::Close)
    }

    /// Does the step and records what came of it. `due` is when it was to begin, where that is not now.
    pub(crate) async fn run(&self, user: &User, scope: &mut Scope, due: Option<Instant>) -> Outcome {
        let step = &*self.step;
        match (&step.action, &self.handshake) {
            (SocketAction::Connect(connect), Some(handshake)) => {
                connect::run(user, step, connect, handshake, scope, due).await
            }
            (SocketAction::Send(message), _) => send::run(user, step, message, scope, due).await,
            (SocketAction::Await(wait), _) => wait::run(user, step, wait, scope, due).await,
            (SocketAction::Close, _) => kept::close(user, step).await,
            // A program of a connect step has its handshake.
            (SocketAction::Connect(_), None) => Outcome::Ok,
        }
    }
}

/// Records a step that counts in its own figures only.
fn record_aside(
    user: &User,
    step: &SocketStep,
    due: Instant,
    timing: Timing,
    result: Result<(), Failure>,
) -> Outcome {
    let result = result.map(|()| (Judged::ok(Vec::new()), None));
    request::record_aside(user, step.id, due, Attempt { timing, result, status: None, again: false })
}

/// The failure of a step whose socket is not there.
fn not_open(name: &str) -> Failure {
    let message =
        format!("the socket `{name}` is not open: its `connect` has not succeeded in this iteration");
    Failure::new(FailureKind::Check, message)
}

fn timed_out(timeout: Duration, what: &str) -> Failure {
    Failure::new(FailureKind::Timeout, format!("{what} within {timeout:?}"))
}
