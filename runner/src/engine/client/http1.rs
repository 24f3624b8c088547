//! One HTTP/1.1 connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use http::{HeaderMap, Method};
use loadgate_report::model::FailureKind;
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWrite as _, ReadBuf};

use super::TransportError;
use super::chunked::Chunked;
use super::head::{self, Framing, Head};
use super::socket::Socket;

/// Room for a head and a small body; larger bodies make their own.
const BUFFER: usize = 4 * 1024;
/// A buffer that has grown beyond this is given back after the response.
const KEPT: usize = 16 * 1024;
/// Most room that an announced length makes at once; a server's word alone must not fill memory.
const LARGEST_RESERVE: usize = 1 << 20;
/// Largest head.
const MAX_HEAD: usize = 256 * 1024;
/// Largest body that is kept for checks. A load generator holds one of these for each user.
const MAX_BODY: usize = 1 << 30;

/// A connection and the response that was read from it last.
#[derive(Debug)]
pub(super) struct Http1 {
    stream: Socket,
    /// The head, and the body right behind it unless it is chunked.
    buffer: Vec<u8>,
    head: Option<Head>,
    body: Body,
    /// Whether the server has all of the request. What is missing of it would be the beginning of the next one.
    sent_whole: bool,
    /// Whether another request may follow.
    reusable: bool,
}

/// Where the body is, and how much of it is there.
#[derive(Debug)]
enum Body {
    /// In the buffer behind the head; `left` bytes are still to come (`None`: until the connection ends).
    Behind { left: Option<u64> },
    /// Decoded apart.
    Apart { bytes: Vec<u8>, decoder: Chunked },
}

impl Http1 {
    /// A connection over a connected socket.
    pub(super) fn over(stream: Socket) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            head: None,
            body: Body::Behind { left: Some(0) },
            sent_whole: true,
            reusable: true,
        }
    }

    /// Whether a kept connection can take another request: the last response was whole, and the server has neither closed
    /// it nor sent anything since. It costs no system call while nothing has arrived.
    pub(super) fn is_usable(&mut self) -> bool {
        self.reusable && self.stream.is_quiet()
    }

    /// Writes a request. Ends early where the server answers before it has read everything (such as 413), or has closed:
    /// there may be a response all the same.
    pub(super) async fn send(&mut self, head: &[u8], body: &[u8]) -> Result<(), TransportError> {
        self.buffer.clear();
        self.head = None;
        self.reusable = false;
        self.sent_whole = false;
        self.sent_whole = self.write(head).await? && self.write(body).await?;
        Ok(())
    }

    /// Writes; `false` where the server did not want all of it.
    async fn write(&mut self, mut bytes: &[u8]) -> Result<bool, TransportError> {
        let Self { stream, buffer, .. } = self;
        poll_fn(|context| {
            while !bytes.is_empty() {
                match Pin::new(&mut *stream).poll_write(context, bytes) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Ok(false)),
                    Poll::Ready(Ok(n)) => bytes = &bytes[n..],
                    // What the server said before it closed may still be there to read.
                    Poll::Ready(Err(_)) => return Poll::Ready(Ok(false)),
                    Poll::Pending => {
                        buffer.reserve(BUFFER);
                        let mut spare = ReadBuf::uninit(buffer.spare_capacity_mut());
                        let before = spare.filled().len();
                        match Pin::new(&mut *stream).poll_read(context, &mut spare) {
                            Poll::Ready(Ok(())) if spare.filled().len() > before => {
                                let early = spare.filled().to_vec();
                                buffer.extend_from_slice(&early);
                                if has_answer(buffer) {
                                    return Poll::Ready(Ok(false));
                                }
                            }
                            Poll::Ready(Ok(())) => return Poll::Ready(Ok(false)),
                            Poll::Ready(Err(error)) => {
                                return Poll::Ready(Err(TransportError::lost(
                                    &error,
                                    "while the request was sent",
                                )));
                            }
                            Poll::Pending => return Poll::Pending,
                        }
                    }
                }
            }
            // TLS may hold back what it has encrypted until it is told that this is all.
            Pin::new(&mut *stream).poll_flush(context).map(|flushed| Ok(flushed.is_ok()))
        })
        .await
    }

    /// Reads the head of the response; interim responses (1xx) are skipped.
    pub(super) async fn receive_head(&mut self, method: &Method) -> Result<Head, TransportError> {
        loop {
            if !self.buffer.is_empty()
                && let Some(head) = head::parse(&self.buffer, method)?
            {
                if head.is_interim() {
                    self.buffer.drain(..head.length);
                    continue;
                }
                self.head = Some(head);
                self.begin_body(head)?;
                return Ok(head);
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(TransportError::protocol("the head of the response is larger than 256 KiB"));
            }
            self.buffer.reserve(BUFFER);
            if self.read("before a response").await? == 0 {
                let message = if self.buffer.is_empty() {
                    "the server closed the connection without a response"
                } else {
                    "the server closed the connection within the head of the response"
                };
                return Err(TransportError::new(FailureKind::Reset, message));
            }
        }
    }

    fn begin_body(&mut self, head: Head) -> Result<(), TransportError> {
        let arrived = (self.buffer.len() - head.length) as u64;
        if head.status == 101 {
            // What follows is another protocol's.
            self.body = Body::Behind { left: Some(0) };
            return Ok(());
        }
        self.body = match head.framing {
            Framing::Length(length) => {
                if length > MAX_BODY as u64 {
                    return Err(TransportError::protocol(format!(
                        "a body of {length} bytes is more than 1 GiB"
                    )));
                }
                if arrived > length {
                    return Err(TransportError::protocol(format!(
                        "{} bytes more than the announced {length}",
                        arrived - length
                    )));
                }
                Body::Behind { left: Some(length - arrived) }
            }
            Framing::UntilClose => Body::Behind { left: None },
            Framing::Chunked => {
                let mut body = Body::Apart { bytes: Vec::new(), decoder: Chunked::new() };
                self.decode(&mut body)?;
                body
            }
        };
        Ok(())
    }

    /// Decodes what has arrived behind the head.
    fn decode(&mut self, body: &mut Body) -> Result<(), TransportError> {
        if let (Body::Apart { bytes, decoder }, Some(head)) = (body, self.head) {
            let arrived = &self.buffer[head.length..];
            if decoder.decode(arrived, bytes)? < arrived.len() {
                return Err(TransportError::protocol("bytes after the end of a chunked body"));
            }
            self.buffer.truncate(head.length);
        }
        Ok(())
    }

    /// Whether the body is whole.
    fn is_whole(&self) -> bool {
        match &self.body {
            Body::Behind { left } => *left == Some(0),
            Body::Apart { decoder, .. } => decoder.is_done(),
        }
    }

    /// Waits for more of the body; `false` at its end. What has arrived by then is in [`Http1::body`].
    pub(super) async fn receive_more(&mut self) -> Result<bool, TransportError> {
        if self.is_whole() {
            return Ok(false);
        }
        let room = match &self.body {
            Body::Behind { left: Some(left) } => (*left as usize).min(LARGEST_RESERVE),
            _ => BUFFER,
        };
        self.buffer.reserve(room);
        let read = self.read("within the body").await?;
        if read == 0 {
            return match &mut self.body {
                Body::Behind { left: left @ None } => {
                    *left = Some(0);
                    Ok(false)
                }
                Body::Behind { left: Some(left) } => Err(TransportError::new(
                    FailureKind::Truncated,
                    format!("the connection ended {left} bytes before the announced length of the body"),
                )),
                Body::Apart { .. } => Err(TransportError::new(
                    FailureKind::Truncated,
                    "the connection ended before the last chunk of the body",
                )),
            };
        }
        let mut body = std::mem::replace(&mut self.body, Body::Behind { left: None });
        match &mut body {
            Body::Behind { left: Some(left) } => {
                *left = left.checked_sub(read as u64).ok_or_else(|| {
                    TransportError::protocol("more bytes than the announced length of the body")
                })?;
            }
            Body::Behind { left: None } => {}
            Body::Apart { .. } => self.decode(&mut body)?,
        }
        self.body = body;
        if self.body().len() > MAX_BODY {
            return Err(TransportError::protocol("the body is larger than 1 GiB"));
        }
        Ok(true)
    }

    async fn read(&mut self, place: &str) -> Result<usize, TransportError> {
        self.stream.read_buf(&mut self.buffer).await.map_err(|error| TransportError::lost(&error, place))
    }

    /// The head as it came.
    pub(super) fn head_bytes(&self) -> &[u8] {
        &self.buffer[..self.head.map_or(0, |head| head.length)]
    }

    /// The body as far as it has arrived.
    pub(super) fn body(&self) -> &[u8] {
        match &self.body {
            Body::Behind { .. } => &self.buffer[self.head.map_or(0, |head| head.length)..],
            Body::Apart { bytes, .. } => bytes,
        }
    }

    /// All headers of the response.
    pub(super) fn headers(&self) -> HeaderMap {
        head::headers(self.head_bytes())
    }

    /// The socket, and what was read behind the head.
    pub(super) fn into_upgraded(mut self) -> (Socket, Vec<u8>) {
        let rest = self.buffer.split_off(self.head.map_or(0, |head| head.length));
        (self.stream, rest)
    }

    /// Forgets the response; whether the connection can be used again.
    pub(super) fn finish(&mut self) -> bool {
        self.reusable = self.sent_whole && self.is_whole() && self.head.is_some_and(|head| head.keep_alive);
        self.head = None;
        self.body = Body::Behind { left: Some(0) };
        self.buffer.clear();
        if self.buffer.capacity() > KEPT {
            self.buffer.shrink_to(BUFFER);
        }
        self.reusable
    }
}

/// Whether what a server says while a request is still being sent is its answer (or none at all); interim responses
/// (1xx), such as those to `expect: 100-continue`, are taken away.
fn has_answer(said: &mut Vec<u8>) -> bool {
    while !said.is_empty() {
        // Of an interim response the method changes nothing.
        match head::parse(said, &Method::GET) {
            Ok(Some(head)) if head.is_interim() => drop(said.drain(..head.length)),
            Ok(None) => return said.len() > MAX_HEAD,
            // What is no response is told by whoever reads it.
            Ok(Some(_)) | Err(_) => return true,
        }
    }
    false
}

#[cfg(all(test, unix))]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;

    use super::*;

    /// Status, body, and whether the connection can be used again; or the kind of the failure.
    type Came = Result<(u16, Vec<u8>, bool), FailureKind>;

    /// A server says this in pieces of that size, and closes.
    fn said(wire: &[u8], cut: usize) -> Came {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        runtime.block_on(async {
            let (client, mut server) = UnixStream::pair().expect("a pair can be had");
            let say = async move {
                for piece in wire.chunks(cut) {
                    if server.write_all(piece).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            };
            let hear = async move {
                let mut connection = Http1::over(Socket::Unix(client));
                let head = connection.receive_head(&Method::GET).await?;
                while connection.receive_more().await? {}
                let body = connection.body().to_vec();
                Ok((head.status, body, connection.finish()))
            };
            let (came, ()) = tokio::join!(hear, say);
            came.map_err(|error: TransportError| error.kind)
        })
    }

    /// Sends a request that no buffer holds, to a server that says `early` at its begin, reads `reads` bytes of it, and says
    /// `late`. What came, and how much of it was sent.
    fn answered_early(early: &[u8], reads: usize, late: &[u8]) -> (Came, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let body = vec![b'x'; LARGE];
        runtime.block_on(async {
            let (client, mut server) = UnixStream::pair().expect("a pair can be had");
            let serve = async move {
                let mut heard = 0;
                let mut piece = vec![0; 64 * 1024];
                heard += server.read(&mut piece).await.unwrap_or(0);
                for bytes in early.chunks(9) {
                    // Whoever has heard enough has closed.
                    if server.write_all(bytes).await.is_err() {
                        return heard;
                    }
                    tokio::task::yield_now().await;
                }
                while heard < reads {
                    match server.read(&mut piece).await {
                        Ok(n) if n > 0 => heard += n,
                        _ => break,
                    }
                }
                let _ = server.write_all(late).await;
                // The connection stays open for as long as the client has it.
                while matches!(server.read(&mut piece).await, Ok(n) if n > 0) {}
                heard
            };
            let hear = async move {
                let mut connection = Http1::over(Socket::Unix(client));
                connection.send(b"POST / HTTP/1.1\r\n\r\n", &body).await?;
                let head = connection.receive_head(&Method::POST).await?;
                while connection.receive_more().await? {}
                let body = connection.body().to_vec();
                let reusable = connection.finish();
                assert_eq!(connection.is_usable(), reusable);
                Ok((head.status, body, reusable))
            };
            let both = async { tokio::join!(hear, serve) };
            let both = tokio::time::timeout(std::time::Duration::from_secs(10), both).await;
            let (came, heard) = both.expect("the two do not wait for each other");
            (came.map_err(|error: TransportError| error.kind), heard)
        })
    }

    /// More than a pair of sockets holds.
    const LARGE: usize = 4 << 20;

    #[test]
    fn a_connection_on_which_a_request_was_not_sent_whole_takes_no_other() {
        let refused = b"HTTP/1.1 413 X\r\ncontent-length: 5\r\n\r\nlarge";
        let (came, _) = answered_early(refused, 0, b"");
        assert_eq!(came, Ok((413, b"large".to_vec(), false)));
        let (came, heard) = answered_early(b"", LARGE, refused);
        assert_eq!(came, Ok((413, b"large".to_vec(), true)));
        assert!(heard >= LARGE, "{heard}");
    }

    #[test]
    fn an_interim_response_is_no_answer_to_what_is_still_being_sent() {
        let said = b"HTTP/1.1 201 X\r\ncontent-length: 2\r\n\r\nhi";
        for interim in [
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 102 X\r\na: b\r\n\r\nHTTP/1.1 103 X\r\nlink: </a>\r\n\r\n",
        ] {
            let (came, heard) = answered_early(interim.as_bytes(), LARGE, said);
            assert_eq!(came, Ok((201, b"hi".to_vec(), true)), "{interim}");
            assert!(heard >= LARGE, "{heard} bytes after {interim}");
            // The answer may follow at once; then there is no more to be sent.
            let (came, _) = answered_early(&[interim.as_bytes(), said].concat(), 0, b"");
            assert_eq!(came, Ok((201, b"hi".to_vec(), false)), "{interim}");
        }
        let (came, _) = answered_early(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 0, b"");
        assert_eq!(came, Err(FailureKind::Protocol));
    }

    /// Responses as servers write them, some of them wrong at one place.
    fn responses() -> impl Strategy<Value = Vec<u8>> {
        let body = prop::collection::vec(any::<u8>(), 0..60);
        let interim = prop::sample::select(
            &["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 X\r\na: b\r\n\r\n"][..],
        );
        let whole = (interim, 200_u16..600, body, 0..3, 1_usize..20).prop_map(
            |(interim, status, body, framing, chunk)| {
                let mut wire = interim.as_bytes().to_vec();
                wire.extend_from_slice(format!("HTTP/1.1 {status} X\r\n").as_bytes());
                match framing {
                    0 => wire.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes()),
                    1 => wire.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n"),
                    _ => wire.extend_from_slice(b"connection: close\r\n\r\n"),
                }
                if framing == 1 {
                    for piece in body.chunks(chunk) {
                        wire.extend_from_slice(
                            &[format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat(),
                        );
                    }
                    wire.extend_from_slice(b"0\r\n\r\n");
                } else {
                    wire.extend_from_slice(&body);
                }
                wire
            },
        );
        let damage = prop::option::of((
            any::<prop::sample::Index>(),
            0_usize..9,
            prop::collection::vec(any::<u8>(), 0..4),
        ));
        (whole, damage).prop_map(|(mut wire, damage)| {
            if let Some((at, cut, junk)) = damage {
                let at = at.index(wire.len());
                let end = (at + cut).min(wire.len());
                wire.splice(at..end, junk);
            }
            wire
        })
    }

    proptest! {
        /// Where the network cuts a response says nothing about it. What follows a whole response may be seen with it or
        /// not, so that of one with too much only the beginning is compared.
        #[test]
        fn where_a_response_is_cut_does_not_matter(wire in responses(), cut in 1_usize..40) {
            let whole = said(&wire, wire.len().max(1));
            let pieces = said(&wire, cut);
            match (&whole, &pieces) {
                (Ok(whole), Ok(pieces)) => prop_assert_eq!(whole, pieces),
                (Err(whole), Err(pieces)) => prop_assert_eq!(whole, pieces),
                (Err(FailureKind::Protocol), Ok(_)) => {}
                _ => prop_assert!(false, "{whole:?} as a whole, {pieces:?} in pieces"),
            }
        }
    }
}
