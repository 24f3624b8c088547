//! Sending a message.

use std::time::Instant;

use base64::Engine as _;
use loadgate_report::model::FailureKind;
use tokio_tungstenite::tungstenite::Message;

use super::socket::Asked;
use super::{not_open, record_aside, timed_out};
use crate::engine::exchange::Timing;
use crate::engine::outcome::{Failure, Outcome};
use crate::engine::user::User;
use crate::suite::plan::{Outgoing, SocketStep};
use crate::suite::scope::Scope;

/// Sends a message and records it.
pub(super) async fn run(
    user: &User,
    step: &SocketStep,
    outgoing: &Outgoing,
    scope: &Scope,
    due: Option<Instant>,
) -> Outcome {
    let due = due.unwrap_or_else(Instant::now);
    let mut timing = Timing::default();
    let result = send(user, step, outgoing, scope, due).await;
    timing.ended = Some(Instant::now());
    timing.written = result.as_ref().ok().copied();
    record_aside(user, step, due, timing, result.map(drop))
}

async fn send(
    user: &User,
    step: &SocketStep,
    outgoing: &Outgoing,
    scope: &Scope,
    due: Instant,
) -> Result<Instant, Failure> {
    let message = message(outgoing, scope)?;
    let socket = user.sockets.get(&step.socket).ok_or_else(|| not_open(&step.socket))?;
    let end = tokio::time::Instant::from_std(due + step.timeout);
    let sent = tokio::time::timeout_at(end, socket.send(message)).await;
    let written = sent.map_err(|_elapsed| timed_out(step.timeout, "the message was not taken"))??;
    socket.asked.set(Some(Asked { due, written }));
    Ok(written)
}

fn message(outgoing: &Outgoing, scope: &Scope) -> Result<Message, Failure> {
    let render = |text: &crate::suite::text::Text| {
        let mut out = String::new();
        text.render(scope, &mut out).map(|()| out)
    };
    Ok(match outgoing {
        Outgoing::Text(text) => Message::text(render(text)?),
        Outgoing::Binary(bytes) => Message::Binary(bytes.clone()),
        Outgoing::Base64(text) => {
            let text = render(text)?;
            let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim());
            let wrong =
                |error| Failure::new(FailureKind::Check, format!("what is sent is no Base64: {error}"));
            Message::binary(bytes.map_err(wrong)?)
        }
    })
}
