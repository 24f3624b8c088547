//! The sockets of one user, and how they are closed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::Message;

use super::socket::{Ending, Socket};
use super::{not_open, record_aside, timed_out};
use crate::engine::exchange::Timing;
use crate::engine::hidden::Hidden;
use crate::engine::outcome::{Failure, Outcome};
use crate::engine::request;
use crate::engine::user::User;
use crate::suite::plan::SocketStep;

/// How long a socket that is left may take to close; nobody waits for it.
const LINGER: Duration = Duration::from_secs(1);

/// The open sockets of a user, by name.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    open: RefCell<Vec<(String, Rc<Socket>)>>,
}

impl Sockets {
    pub(super) fn get(&self, name: &str) -> Option<Rc<Socket>> {
        let open = self.open.borrow();
        open.iter().find(|(known, _)| known == name).map(|(_, socket)| socket.clone())
    }

    pub(super) fn put(&self, name: &str, socket: Socket) {
        self.open.borrow_mut().push((name.to_owned(), Rc::new(socket)));
    }

    fn remove(&self, name: &str) -> Option<Rc<Socket>> {
        let mut open = self.open.borrow_mut();
        let position = open.iter().position(|(known, _)| known == name)?;
        Some(open.swap_remove(position).1)
    }

    /// Leaves the socket of that name, where there is one.
    pub(super) async fn leave(&self, user: &User, name: &str) {
        if let Some(socket) = self.remove(name) {
            leave(user, socket).await;
        }
    }

    /// Leaves all sockets at the end of an iteration, but for those that are kept (`all`: those too).
    pub(crate) async fn end(&self, user: &User, all: bool) {
        if self.open.borrow().is_empty() {
            return;
        }
        let left: Vec<_> = {
            let mut open = self.open.borrow_mut();
            open.extract_if(.., |(_, socket)| all || !socket.keep).collect()
        };
        for (_, socket) in left {
            leave(user, socket).await;
        }
        // What a kept socket has brought without having been asked for is nobody's, but it may be somebody else's.
        let kept: Vec<_> = self.open.borrow().iter().map(|(_, socket)| socket.clone()).collect();
        for socket in kept {
            look_through(user, &socket);
        }
    }
}

/// Closes a socket without waiting for the other side. What has arrived and was not awaited is looked through first.
async fn leave(user: &User, socket: Rc<Socket>) {
    look_through(user, &socket);
    if !socket.is_open() {
        return;
    }
    // The frame is small: there is nearly always room for it.
    let _ = tokio::time::timeout(LINGER, socket.send(Message::Close(None))).await;
    tokio::task::spawn_local(async move {
        let _ = tokio::time::timeout(LINGER, closed(&socket)).await;
    });
}

/// Looks for foreign canaries in what nobody has awaited; what is found is a failure of the step that opened the socket.
fn look_through(user: &User, socket: &Socket) {
    if let Err(failure) = scan_rest(user, socket) {
        request::unsent(user, socket.step, failure);
    }
}

fn scan_rest(user: &User, socket: &Socket) -> Result<(), Failure> {
    while let Some(arrived) = socket.take() {
        request::scan(user, Hidden::of(user), &[("in a message that no step awaits", arrived.bytes())])?;
    }
    Ok(())
}

/// Waits for the end; messages until then are passed over.
async fn closed(socket: &Socket) -> Ending {
    loop {
        if let Err(ending) = socket.next().await {
            return ending;
        }
    }
}

/// The step that closes a socket.
pub(super) async fn close(user: &User, step: &SocketStep) -> Outcome {
    let due = Instant::now();
    let mut timing = Timing::default();
    let result = close_and_wait(user, step, due, &mut timing).await;
    timing.ended = Some(Instant::now());
    record_aside(user, step, due, timing, result)
}

async fn close_and_wait(
    user: &User,
    step: &SocketStep,
    due: Instant,
    timing: &mut Timing,
) -> Result<(), Failure> {
    let socket = user.sockets.remove(&step.socket).ok_or_else(|| not_open(&step.socket))?;
    let end = tokio::time::Instant::from_std(due + step.timeout);
    let closing = async {
        if socket.is_open() {
            timing.written = Some(socket.send(Message::Close(None)).await?);
        }
        loop {
            match socket.next().await {
                Ok(arrived) => {
                    request::scan(
                        user,
                        Hidden::of(user),
                        &[("in a message that no step awaits", arrived.bytes())],
                    )?;
                }
                Err(Ending::Closed(_)) => return Ok(()),
                Err(ending) => return Err(ending.failure()),
            }
        }
    };
    let closed = tokio::time::timeout_at(end, closing).await;
    closed.map_err(|_elapsed| timed_out(step.timeout, "the server did not close the socket"))?
}
