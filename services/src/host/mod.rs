//! Serving a service on a loopback port: until it is told to stop, or until a fault crashes it.

mod connection;
mod running;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Error;
use crate::inject;
use crate::service::{Options, ServiceInfo};
use crate::setup::Setup;

pub(crate) use connection::Connection;
pub use running::{Exit, Running};

/// Starts the service on 127.0.0.1 and serves until the handle is dropped or shut down.
///
/// `port` 0 takes any free port. Must be called within a Tokio runtime with I/O and time.
///
/// # Errors
/// Options that do not fit the service, a port that cannot be listened on, a store that cannot be opened.
pub async fn start(info: &ServiceInfo, options: &Options, port: u16) -> Result<Running, Error> {
    let host = Host::new();
    let setup = Setup::new(info, options, host.clone())?;
    let asked = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let bind = |source| Error::Bind { addr: asked, source };
    let listener = listen(asked).map_err(bind)?;
    let addr = listener.local_addr().map_err(bind)?;
    let timer = Arc::clone(&setup.pace.timer);
    let mut router = (info.build)(setup).await?;
    if let Some(inject) = options.inject {
        router = inject::wrap(router, inject, timer);
    }
    host.tasks.spawn(accept(listener, router, host.clone()));
    Ok(Running::new(addr, host))
}

/// Connections that may wait to be accepted. With the usual 128 some of 200 users who come at the same instant would not get
/// through at first, and try again only after a second (RFC 6298).
const BACKLOG: u32 = 4096;

fn listen(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // So that a port can be used again at once; on Windows the same option would let others take it over.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// A service's hold on what serves it. All clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// Ends everything: listener, connections, background tasks.
    stop: CancellationToken,
    /// Whatever runs for the service, so that shutting down can wait for it.
    tasks: TaskTracker,
    crash: Arc<Mutex<Option<String>>>,
}

impl Host {
    fn new() -> Self {
        Self { stop: CancellationToken::new(), tasks: TaskTracker::new(), crash: Arc::default() }
    }

    /// Crashes the service: the listener closes and all connections are reset, as if the process had died. Never
    /// returns, so that the request that did it is not answered.
    pub(crate) async fn crash(&self, reason: impl Into<String>) -> ! {
        self.crash.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| reason.into());
        self.stop.cancel();
        std::future::pending().await
    }

    /// Runs a task beside the requests; it is dropped when the service ends.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled(task).await });
    }

    fn crashed(&self) -> Option<String> {
        self.crash.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(listener: TcpListener, router: Router, host: Host) {
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    host.tasks.spawn(connection::serve(stream, peer.ip(), router.clone(), host.clone()));
                }
                // Out of file descriptors, or a peer that left at once: the next one may fare better.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    };
    host.stop.run_until_cancelled(accepting).await;
}
