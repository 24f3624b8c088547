//! A connection to the target, whatever it speaks, and the response that was read from it last.

use http::{HeaderMap, Method};

use super::head::Head;
use super::http1::Http1;
use super::http2::Http2;
use super::socket::Socket;
use super::unpacker::Unpacker;
use super::{Coding, Endpoint, TransportError};

/// A connection and the response that was read from it last.
#[derive(Debug)]
pub(crate) struct Connection {
    protocol: Protocol,
    head: Option<Head>,
    /// The body unpacked, where it came packed.
    unpacked: Option<Vec<u8>>,
    /// Unpacks the body while it arrives, where that was asked for.
    unpacking: Option<Unpacking>,
}

#[derive(Debug)]
struct Unpacking {
    unpacker: Unpacker,
    /// How much of the packed body it has taken.
    taken: usize,
}

#[derive(Debug)]
enum Protocol {
    Http1(Http1),
    Http2(Box<Http2>),
}

impl Connection {
    /// Opens a connection. It speaks HTTP/2 where that was agreed on in the TLS handshake, or where the endpoint is known
    /// to speak it.
    pub(crate) async fn open(endpoint: &Endpoint) -> Result<Self, TransportError> {
        let socket = endpoint.connect(false).await?;
        if endpoint.prior_knowledge || socket.agreed_on_http2() {
            let http2 = Box::pin(Http2::over(socket, endpoint.origin.clone())).await?;
            return Ok(Self::speaking(Protocol::Http2(Box::new(http2))));
        }
        Ok(Self::over(socket))
    }

    /// Opens one that speaks HTTP/1.1, whatever else the endpoint can: HTTP/2 has no `upgrade`. Through a proxy it is a tunnel.
    pub(crate) async fn open_for_upgrade(endpoint: &Endpoint) -> Result<Self, TransportError> {
        endpoint.connect(true).await.map(Self::over)
    }

    /// The socket after a response with status 101, and what was read beyond it.
    pub(crate) fn into_upgraded(self) -> Option<(Socket, Vec<u8>)> {
        match self.protocol {
            Protocol::Http1(http1) => Some(http1.into_upgraded()),
            Protocol::Http2(_) => None,
        }
    }

    /// An HTTP/1.1 connection over a connected socket.
    pub(super) fn over(socket: Socket) -> Self {
        Self::speaking(Protocol::Http1(Http1::over(socket)))
    }

    fn speaking(protocol: Protocol) -> Self {
        Self { protocol, head: None, unpacked: None, unpacking: None }
    }

    /// Whether a kept connection can take another request: the last response was whole, and the server has neither closed
    /// it nor sent anything since. It costs no system call while nothing has arrived.
    pub(crate) fn is_usable(&mut self) -> bool {
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.is_usable(),
            Protocol::Http2(http2) => http2.is_usable(),
        }
    }

    /// Sends a request: its head as HTTP/1.1 writes it, with the beginning of the body, and the rest of the body.
    pub(crate) async fn send(&mut self, head: &[u8], body: &[u8]) -> Result<(), TransportError> {
        self.head = None;
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.send(head, body).await,
            Protocol::Http2(http2) => Box::pin(http2.send(head, body)).await,
        }
    }

    /// Reads the head of the response; interim responses (1xx) are skipped.
    pub(crate) async fn receive_head(&mut self, method: &Method) -> Result<Head, TransportError> {
        let head = match &mut self.protocol {
            Protocol::Http1(http1) => http1.receive_head(method).await?,
            Protocol::Http2(http2) => Box::pin(http2.receive_head()).await?,
        };
        self.head = Some(head);
        Ok(head)
    }

    /// Waits for more of the body; `false` at its end. What has arrived by then is in [`Connection::body`].
    pub(crate) async fn receive_more(&mut self) -> Result<bool, TransportError> {
        let more = match &mut self.protocol {
            Protocol::Http1(http1) => http1.receive_more().await?,
            Protocol::Http2(http2) => Box::pin(http2.receive_more()).await?,
        };
        if self.unpacking.is_some() {
            self.unpack_arrived(!more)?;
        }
        Ok(more)
    }

    /// From now on the body is unpacked as it arrives, so that [`Connection::body`] has what the server has flushed. It is
    /// for streams: of any other body [`Connection::unpack`] makes no work before its last byte.
    pub(crate) fn unpack_as_it_arrives(&mut self) -> Result<(), TransportError> {
        let coding = self.head.map_or(Coding::Identity, |head| head.coding);
        if coding == Coding::Identity {
            return Ok(());
        }
        self.unpacking = Some(Unpacking { unpacker: Unpacker::new(coding)?, taken: 0 });
        self.unpack_arrived(false)
    }

    /// Unpacks what is new, the last of it where the body is `whole`.
    fn unpack_arrived(&mut self, whole: bool) -> Result<(), TransportError> {
        let Some(mut unpacking) = self.unpacking.take() else { return Ok(()) };
        let arrived = self.arrived();
        unpacking.unpacker.feed(&arrived[unpacking.taken..])?;
        unpacking.taken = arrived.len();
        if whole && unpacking.taken > 0 {
            unpacking.unpacker.finish()?;
        }
        self.unpacking = Some(unpacking);
        Ok(())
    }

    /// Reads the whole body.
    pub(crate) async fn receive_body(&mut self) -> Result<(), TransportError> {
        while self.receive_more().await? {}
        Ok(())
    }

    /// Unpacks a whole body that came packed.
    pub(crate) fn unpack(&mut self) -> Result<(), TransportError> {
        if let Some(head) = self.head
            && head.coding != Coding::Identity
            && !self.body().is_empty()
        {
            self.unpacked = Some(head.coding.unpack(self.body())?);
        }
        Ok(())
    }

    /// The head as it came, or as HTTP/1.1 would write it.
    fn head_bytes(&self) -> &[u8] {
        match &self.protocol {
            Protocol::Http1(http1) => http1.head_bytes(),
            Protocol::Http2(http2) => http2.head_bytes(),
        }
    }

    /// The body as far as it has arrived.
    pub(crate) fn body(&self) -> &[u8] {
        if let Some(unpacked) = &self.unpacked {
            return unpacked;
        }
        self.unpacking.as_ref().map_or_else(|| self.arrived(), |unpacking| unpacking.unpacker.unpacked())
    }

    /// The body as far as it has arrived, as it came.
    fn arrived(&self) -> &[u8] {
        match &self.protocol {
            Protocol::Http1(http1) => http1.body(),
            Protocol::Http2(http2) => http2.body(),
        }
    }

    /// Head and body.
    pub(crate) fn parts(&self) -> [&[u8]; 2] {
        [self.head_bytes(), self.body()]
    }

    /// All headers of the response.
    pub(crate) fn headers(&self) -> HeaderMap {
        match &self.protocol {
            Protocol::Http1(http1) => http1.headers(),
            Protocol::Http2(http2) => http2.headers(),
        }
    }

    /// Forgets the response; whether the connection can be used again.
    pub(crate) fn finish(&mut self) -> bool {
        self.head = None;
        self.unpacked = None;
        self.unpacking = None;
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.finish(),
            Protocol::Http2(http2) => http2.finish(),
        }
    }
}
