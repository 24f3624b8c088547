//! One connection: serving it, and cutting it short where a fault asks for that.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Host;

/// The connection that a request came on; every request carries it as an extension.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    peer: IpAddr,
    cut: CancellationToken,
    /// Set once by whoever counts connections; see [`Connection::first`].
    seen: Arc<AtomicBool>,
}

impl Connection {
    /// The address at the other end.
    pub(crate) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Resets the connection. The request is never answered, so this never returns.
    pub(crate) async fn reset(&self) -> ! {
        self.cut.cancel();
        std::future::pending().await
    }

    /// True the first time that it is asked on this connection.
    pub(crate) fn first(&self) -> bool {
        !self.seen.swap(true, Ordering::Relaxed)
    }

    /// Waits until the connection is closed by either side.
    pub(crate) async fn closed(self) {
        self.cut.cancelled().await;
    }
}

/// Serves one connection until it is closed, cut, or the service ends.
pub(super) async fn serve(stream: TcpStream, peer: IpAddr, router: Router, host: Host) {
    // Small answers must not wait for an acknowledgement of the last one.
    let _ = stream.set_nodelay(true);
    let cut = CancellationToken::new();
    let connection = Connection { peer, cut: cut.clone(), seen: Arc::default() };
    let reset = Arc::new(AtomicBool::new(false));
    let socket = TokioIo::new(Socket { stream, reset: Arc::clone(&reset) });
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    let mut serving = http1::Builder::new().serve_connection(socket, service);
    tokio::select! {
        // A client that goes away in the middle is its own affair.
        _ = Pin::new(&mut serving) => {}
        () = cut.cancelled() => reset.store(true, Ordering::Relaxed),
        () = host.stop.cancelled() => reset.store(true, Ordering::Relaxed),
    }
    drop(serving);
    cut.cancel();
}

/// A stream that is reset instead of closed in good order, where so marked by the time it is dropped.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // With a linger time of zero the system sends RST in place of FIN (RFC 9293, ABORT).
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
