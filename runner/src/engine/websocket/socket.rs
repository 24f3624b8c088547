//! One open WebSocket: its reader, its inbox, and writing to it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Instant;

use futures_util::{Sink as _, Stream as _};
use loadgate_report::model::FailureKind;
use tokio::task::AbortHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::engine::client;
use crate::engine::outcome::Failure;

/// Room to read into. There is one for each socket, so it is small.
const READ_BUFFER: usize = 4 * 1024;
/// Largest message.
const MAX_MESSAGE: usize = 64 << 20;
/// Bytes of messages that nobody has taken yet; then the reader waits, and the server with it.
const MAX_WAITING: usize = 16 << 20;

/// An open socket.
#[derive(Debug)]
pub(super) struct Socket {
    shared: Rc<Shared>,
    reader: AbortHandle,
    /// The step that opened it; what is found in messages that no step awaits is told with it.
    pub(super) step: usize,
    /// Whether it outlives the iteration.
    pub(super) keep: bool,
    /// The message that was sent last, unless something was awaited since.
    pub(super) asked: Cell<Option<Asked>>,
}

/// A message that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// When it was to be sent.
    pub(super) due: Instant,
    /// First byte written.
    pub(super) written: Instant,
}

#[derive(Debug)]
struct Shared {
    stream: RefCell<WebSocketStream<client::Socket>>,
    inbox: RefCell<Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    messages: VecDeque<Arrived>,
    bytes: usize,
    ended: Option<Ending>,
    /// Whether a step waits, and how it is woken.
    waiting: bool,
    waiter: Option<Waker>,
    /// The reader, while there is no room.
    reader: Option<Waker>,
}

/// A message that has arrived.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) at: Instant,
    pub(super) message: Message,
}

impl Arrived {
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
            _ => &[],
        }
    }

    /// As expressions name it.
    pub(super) fn kind(&self) -> &'static str {
        if self.message.is_binary() { "binary" } else { "text" }
    }
}

/// How a socket ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// By a closing handshake that the server began, or answered.
    Closed(Option<CloseFrame>),
    /// The connection ended without one.
    Cut,
    /// It broke.
    Broken(Failure),
}

impl Ending {
    /// What it means to somebody who waits for a message.
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Closed(Some(frame)) => {
                let reason = match frame.reason.as_str() {
                    "" => String::new(),
                    reason => format!(", {reason:?}"),
                };
                let message =
                    format!("the server closed the socket (code {}{reason})", u16::from(frame.code));
                Failure::new(FailureKind::Truncated, message)
            }
            Self::Closed(None) => Failure::new(FailureKind::Truncated, "the server closed the socket"),
            Self::Cut => {
                Failure::new(FailureKind::Reset, "the connection ended without the closing handshake")
            }
            Self::Broken(failure) => failure.clone(),
        }
    }
}

impl Socket {
    /// Takes over a connection after the handshake; `part` is what was read beyond it.
    pub(super) async fn over(connection: client::Socket, part: Vec<u8>, step: usize, keep: bool) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let stream = WebSocketStream::from_partially_read(connection, part, Role::Client, Some(config)).await;
        let shared = Rc::new(Shared { stream: RefCell::new(stream), inbox: RefCell::default() });
        let reader = tokio::task::spawn_local(shared.clone().read()).abort_handle();
        Self { shared, reader, step, keep, asked: Cell::new(None) }
    }

    /// Whether messages can still be sent over it.
    pub(super) fn is_open(&self) -> bool {
        self.shared.inbox.borrow().ended.is_none()
    }

    /// Sends a message; gives the instant of its first byte.
    pub(super) async fn send(&self, message: Message) -> Result<Instant, Failure> {
        let stream = &self.shared.stream;
        let failed = |error: &Error| {
            let ended = self.shared.inbox.borrow().ended.as_ref().map(Ending::failure);
            ended.unwrap_or_else(|| failure(error, "while a message was sent"))
        };
        let ready = poll_fn(|context| Pin::new(&mut *stream.borrow_mut()).poll_ready(context));
        ready.await.map_err(|error| failed(&error))?;
        let written = Instant::now();
        Pin::new(&mut *stream.borrow_mut()).start_send(message).map_err(|error| failed(&error))?;
        let flushed = poll_fn(|context| Pin::new(&mut *stream.borrow_mut()).poll_flush(context));
        flushed.await.map_err(|error| failed(&error))?;
        Ok(written)
    }

    /// The next message, once it is there. One step at a time may wait.
    pub(super) async fn next(&self) -> Result<Arrived, Ending> {
        if std::mem::replace(&mut self.shared.inbox.borrow_mut().waiting, true) {
            let message = "two steps wait on the same socket at the same time; let one of them open its own";
            return Err(Ending::Broken(Failure::new(FailureKind::Check, message)));
        }
        let _place = Place(&self.shared.inbox);
        poll_fn(|context| {
            let mut inbox = self.shared.inbox.borrow_mut();
            if let Some(arrived) = inbox.take() {
                return Poll::Ready(Ok(arrived));
            }
            if let Some(ending) = &inbox.ended {
                return Poll::Ready(Err(ending.clone()));
            }
            inbox.waiter = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// A message that is there already.
    pub(super) fn take(&self) -> Option<Arrived> {
        self.shared.inbox.borrow_mut().take()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// The place of the one that waits.
struct Place<'a>(&'a RefCell<Inbox>);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut inbox = self.0.borrow_mut();
        inbox.waiting = false;
        inbox.waiter = None;
    }
}

impl Inbox {
    fn take(&mut self) -> Option<Arrived> {
        let arrived = self.messages.pop_front()?;
        self.bytes -= arrived.bytes().len();
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Some(arrived)
    }

    fn put(&mut self, arrived: Arrived) {
        self.bytes += arrived.bytes().len();
        self.messages.push_back(arrived);
        self.wake();
    }

    fn end(&mut self, ending: Ending) {
        self.ended.get_or_insert(ending);
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
    }
}

impl Shared {
    /// Reads as long as there is something to read, and answers pings and the closing handshake by it.
    async fn read(self: Rc<Self>) {
        loop {
            self.room().await;
            let next = poll_fn(|context| Pin::new(&mut *self.stream.borrow_mut()).poll_next(context)).await;
            let at = Instant::now();
            let mut inbox = self.inbox.borrow_mut();
            match next {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    inbox.put(Arrived { at, message })
                }
                // It is answered by reading on.
                Some(Ok(Message::Close(frame))) => inbox.end(Ending::Closed(frame)),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return inbox.end(ending(&error)),
                None => return inbox.end(Ending::Closed(None)),
            }
        }
    }

    /// Waits until there is room for another message.
    async fn room(&self) {
        poll_fn(|context| {
            let mut inbox = self.inbox.borrow_mut();
            if inbox.bytes < MAX_WAITING {
                return Poll::Ready(());
            }
            inbox.reader = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

fn ending(error: &Error) -> Ending {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Cut,
        Error::Io(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => Ending::Cut,
        error => Ending::Broken(failure(error, "while waiting for a message")),
    }
}

/// What an error of the socket means.
fn failure(error: &Error, place: &str) -> Failure {
    match error {
        Error::Io(io) => Failure::new(FailureKind::Reset, format!("connection lost {place}: {io}")),
        Error::ConnectionClosed | Error::AlreadyClosed => {
            Failure::new(FailureKind::Reset, format!("the socket was closed {place}"))
        }
        Error::Protocol(ProtocolError::SendAfterClosing) => {
            Failure::new(FailureKind::Reset, format!("the socket was closed {place}"))
        }
        other => Failure::new(FailureKind::Protocol, format!("not a WebSocket {place}: {other}")),
    }
}
