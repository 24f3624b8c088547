//! Opening a WebSocket: the handshake, a request that is answered by a switch of protocols.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderName, Method};
use loadgate_report::model::FailureKind;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::socket::Socket;
use super::timed_out;
use crate::engine::client::{Connection, Endpoints, Head, Prepared, RequestProgram};
use crate::engine::exchange::{Timing, keep_cookies};
use crate::engine::hidden::Hidden;
use crate::engine::outcome::{Failure, Judged, Outcome, Rules, judge};
use crate::engine::request::{self, Attempt};
use crate::engine::user::{Line, User};
use crate::suite::plan::{Connect, RequestStep, SocketStep};
use crate::suite::scope::{Response, Scope};
use crate::suite::text::Text;

const SWITCHED: u16 = 101;

/// The request of the handshake with what RFC 6455, section 4.1 adds to it, but for the key.
pub(super) fn program(request: &RequestStep, id: usize, base: &str, endpoints: &Endpoints) -> RequestProgram {
    let mut request = request.clone();
    request.id = id;
    for (name, value) in
        [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")]
    {
        request.headers.push((HeaderName::from_static(name), Text::fixed(value)));
    }
    RequestProgram::for_upgrade(Arc::new(request), base, endpoints)
}

/// What a handshake came to.
struct Shaken {
    connection: Connection,
    head: Head,
    /// Why it did not switch protocols, where it should have.
    problem: Option<Failure>,
}

/// Opens the socket and records it. Where it is open already and stays so, there is nothing to do.
pub(super) async fn run(
    user: &User,
    step: &SocketStep,
    connect: &Connect,
    program: &RequestProgram,
    scope: &mut Scope,
    due: Option<Instant>,
) -> Outcome {
    if connect.keep && user.sockets.get(&step.socket).is_some_and(|socket| socket.is_open()) {
        return Outcome::Ok;
    }
    user.sockets.leave(user, &step.socket).await;
    let due = due.unwrap_or_else(Instant::now);
    let (attempt, socket) = attempt(user, step, program, scope, due).await;
    if let (Ok((Judged::Ok { .. }, _)), Some((connection, rest))) = (&attempt.result, socket) {
        let socket = Socket::over(connection, rest, step.id, connect.keep).await;
        user.sockets.put(&step.socket, socket);
    }
    request::keep(scope, connect.request.captures.iter().map(|(name, _)| name.as_str()), &attempt);
    request::record(user, step.id, &connect.request.counts, due, attempt, 0)
}

type Upgraded = Option<(crate::engine::client::Socket, Vec<u8>)>;

async fn attempt(
    user: &User,
    step: &SocketStep,
    program: &RequestProgram,
    scope: &Scope,
    due: Instant,
) -> (Attempt, Upgraded) {
    let mut line = user.take_line();
    let Line { deadline, scratch, .. } = &mut *line;
    let seat = &*user.seat;
    let prepared = {
        let jar = user.jar.borrow();
        program.prepare(scope, &seat.shared.base_path, &seat.endpoints, jar.as_deref(), scratch)
    };
    let mut timing = Timing::default();
    let (result, status, upgraded) = match prepared {
        Err(error) => (Err(Failure::from(error)), None, None),
        Ok(prepared) => {
            let hidden = Hidden::of(user).and_of(prepared.head);
            let shaking = shake(user, program, &prepared, &mut timing);
            match deadline.within(due + step.timeout, shaking).await {
                Ok(Ok(shaken)) => {
                    let ended = *timing.ended.get_or_insert_with(Instant::now);
                    let judged = judge_answer(user, program, scope, hidden, &shaken, ended - due);
                    let status = shaken.head.status;
                    let upgraded = if status == SWITCHED { shaken.connection.into_upgraded() } else { None };
                    (judged.map(|judged| (judged, None)), Some(status), upgraded)
                }
                Ok(Err(failure)) => (Err(failure.without(hidden)), None, None),
                Err(_elapsed) => {
                    timing.ended = Some(due + step.timeout);
                    let what =
                        if timing.written.is_some() { "no answer to the handshake" } else { "no connection" };
                    (Err(timed_out(step.timeout, what)), None, None)
                }
            }
        }
    };
    user.give_back(line);
    (Attempt { timing, result, status, again: false }, upgraded)
}

async fn shake(
    user: &User,
    program: &RequestProgram,
    prepared: &Prepared<'_>,
    timing: &mut Timing,
) -> Result<Shaken, Failure> {
    let mut connection = Connection::open_for_upgrade(&prepared.endpoint).await?;
    let key = generate_key();
    // The head ends with an empty line, before which the key comes.
    let end = prepared.head.len() - 2;
    let mut head = prepared.head[..end].to_vec();
    for part in [b"sec-websocket-key: ", key.as_bytes(), b"\r\n\r\n"] {
        head.extend_from_slice(part);
    }
    timing.written = Some(Instant::now());
    connection.send(&head, &[]).await?;
    let head = connection.receive_head(&Method::GET).await?;
    if head.status != SWITCHED {
        connection.receive_body().await?;
        connection.unpack()?;
    }
    timing.ended = Some(Instant::now());
    if head.sets_cookies {
        keep_cookies(user, &connection, &prepared.url());
    }
    let problem = problem(program, &connection, head.status, &key);
    Ok(Shaken { connection, head, problem })
}

/// Why the answer to a handshake opens no socket, where it should.
fn problem(program: &RequestProgram, connection: &Connection, status: u16, key: &str) -> Option<Failure> {
    let protocol = |message: String| Some(Failure::new(FailureKind::Protocol, message));
    if status != SWITCHED {
        let asked = program.asks_status && status < 400;
        return asked
            .then(|| protocol(format!("status {status} instead of 101: this is no WebSocket")))
            .flatten();
    }
    let headers = connection.headers();
    let is = |name: &str, want: &str| {
        headers.get(name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(want.as_bytes()))
    };
    if !is("upgrade", "websocket") {
        return protocol("the server switched to something that is no WebSocket".to_owned());
    }
    // It proves that the server has read this very handshake; its letters' case counts.
    let accepted = headers.get("sec-websocket-accept").map(http::HeaderValue::as_bytes);
    if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return protocol("`sec-websocket-accept` does not belong to the key of this handshake".to_owned());
    }
    None
}

fn judge_answer(
    user: &User,
    program: &RequestProgram,
    scope: &Scope,
    hidden: Hidden<'_>,
    shaken: &Shaken,
    latency: std::time::Duration,
) -> Result<Judged, Failure> {
    let headers = shaken.connection.headers();
    let [head, raw] = shaken.connection.parts();
    // What comes behind a switch of protocols is no body.
    let body = if shaken.head.status == SWITCHED { &[] } else { raw };
    request::scan(user, hidden, &[("in the body", body), ("in the headers", head)])?;
    let response = Response::new(shaken.head.status, &headers, body, latency.as_secs_f64() * 1000.0);
    judge(&Rules::of(program, hidden), scope, &response, shaken.problem.clone())
}
