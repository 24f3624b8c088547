//! One HTTP/2 connection, by hyper.

use std::error::Error as _;
use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::TokioIo;
use loadgate_report::model::FailureKind;
use tokio::task::AbortHandle;
use url::Url;

use super::head::{Framing, Head, Notable};
use super::socket::Socket;
use super::{TransportError, head};

type Answer = Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>>>>;

/// Largest body that is kept for checks, as on HTTP/1.1.
const MAX_BODY: usize = 1 << 30;

/// A connection and the response that was read from it last. One request at a time: a user that does several things at once
/// has several connections.
pub(super) struct Http2 {
    sender: SendRequest<Full<Bytes>>,
    /// The task that drives the connection.
    driver: AbortHandle,
    origin: Url,
    answer: Option<Answer>,
    incoming: Option<Incoming>,
    headers: HeaderMap,
    /// The head as HTTP/1.1 would write it.
    head: Vec<u8>,
    body: Vec<u8>,
    whole: bool,
}

impl std::fmt::Debug for Http2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http2").field("origin", &self.origin.as_str()).finish_non_exhaustive()
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Runs hyper's own tasks on the worker of the connection.
#[derive(Clone, Copy, Debug)]
struct OnThisWorker;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for OnThisWorker {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

impl Http2 {
    /// Shakes hands over a connected socket.
    pub(super) async fn over(socket: Socket, origin: Url) -> Result<Self, TransportError> {
        let shaken = http2::handshake(OnThisWorker, TokioIo::new(socket)).await;
        let (sender, connection) = shaken.map_err(|error| failure(&error, "in the HTTP/2 handshake"))?;
        // Its errors come to whoever waits for a response on it.
        let driver = tokio::task::spawn_local(async move { drop(connection.await) }).abort_handle();
        Ok(Self {
            sender,
            driver,
            origin,
            answer: None,
            incoming: None,
            headers: HeaderMap::new(),
            head: Vec::new(),
            body: Vec::new(),
            whole: true,
        })
    }

    pub(super) fn is_usable(&self) -> bool {
        self.whole && self.sender.is_ready()
    }

    pub(super) async fn send(&mut self, head: &[u8], body: &[u8]) -> Result<(), TransportError> {
        self.whole = false;
        let request = self.request(head, body)?;
        self.sender.ready().await.map_err(|error| failure(&error, "before the request"))?;
        self.answer = Some(Box::pin(self.sender.send_request(request)));
        Ok(())
    }

    /// The request that is written in HTTP/1.1, for hyper.
    fn request(&self, head: &[u8], body: &[u8]) -> Result<Request<Full<Bytes>>, TransportError> {
        let unusable = |error: &dyn std::fmt::Display| {
            TransportError::protocol(format!("the request cannot be sent over HTTP/2: {error}"))
        };
        let mut headers = [httparse::EMPTY_HEADER; head::MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let length = match parsed.parse(head).map_err(|error| unusable(&error))? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Err(unusable(&"its head has no end")),
        };
        let target = parsed.path.unwrap_or("/");
        let mut host = &self.origin[url::Position::BeforeHost..url::Position::AfterPort];
        if let Some(own) = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("host")) {
            host = std::str::from_utf8(own.value).map_err(|error| unusable(&error))?;
        }
        let mut builder = Request::builder()
            .version(Version::HTTP_2)
            .method(parsed.method.unwrap_or("GET"))
            .uri(format!("{}://{host}{target}", self.origin.scheme()));
        for header in parsed.headers.iter() {
            // They belong to one HTTP/1.1 connection and may not be sent (RFC 9113, section 8.2.2).
            let of_connection = ["host", "connection", "keep-alive", "transfer-encoding", "upgrade"];
            if !of_connection.iter().any(|name| header.name.eq_ignore_ascii_case(name)) {
                builder = builder.header(header.name, header.value);
            }
        }
        let body = Full::new(Bytes::from([&head[length..], body].concat()));
        builder.body(body).map_err(|error| unusable(&error))
    }

    pub(super) async fn receive_head(&mut self) -> Result<Head, TransportError> {
        let answer = self.answer.as_mut().ok_or_else(|| TransportError::protocol("nothing was asked"))?;
        let response = answer.await.map_err(|error| failure(&error, "before a response"))?;
        self.answer = None;
        let (parts, incoming) = response.into_parts();
        self.head.clear();
        // Writing to a Vec cannot fail.
        let _ = write!(self.head, "HTTP/2 {}\r\n", parts.status.as_u16());
        let mut notable = Notable::default();
        for (name, value) in &parts.headers {
            notable.note(name.as_str(), value.as_bytes());
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                self.head.extend_from_slice(part);
            }
        }
        self.headers = parts.headers;
        self.incoming = Some(incoming);
        self.body.clear();
        let framing = Framing::UntilClose;
        Ok(notable.head(parts.status.as_u16(), framing, true, self.head.len()))
    }

    pub(super) async fn receive_more(&mut self) -> Result<bool, TransportError> {
        let Some(incoming) = &mut self.incoming else { return Ok(false) };
        loop {
            match incoming.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        if self.body.len() + data.len() > MAX_BODY {
                            return Err(TransportError::protocol("the body is larger than 1 GiB"));
                        }
                        self.body.extend_from_slice(&data);
                        return Ok(true);
                    }
                }
                Some(Err(error)) => return Err(failure(&error, "within the body")),
                None => {
                    self.incoming = None;
                    self.whole = true;
                    return Ok(false);
                }
            }
        }
    }

    pub(super) fn head_bytes(&self) -> &[u8] {
        &self.head
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    pub(super) fn finish(&mut self) -> bool {
        self.headers = HeaderMap::new();
        self.head = Vec::new();
        self.body = Vec::new();
        self.whole && !self.sender.is_closed()
    }
}

/// What an error of hyper means to whoever asked.
fn failure(error: &hyper::Error, place: &str) -> TransportError {
    let mut causes: Vec<&(dyn std::error::Error + 'static)> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        next = cause.source();
    }
    let cause = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    let of_io = causes.iter().any(|cause| cause.is::<std::io::Error>());
    let protocol = error.is_parse() || (!of_io && cause.contains("PROTOCOL_ERROR"));
    let kind = if protocol { FailureKind::Protocol } else { FailureKind::Reset };
    TransportError::new(kind, format!("HTTP/2 connection or stream lost {place}: {cause}"))
}
