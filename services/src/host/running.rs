//! The handle of a running service.

use std::net::SocketAddr;

use super::Host;

/// A running service. Dropping it stops the service without waiting for it.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    host: Host,
}

/// Why a service stopped by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// A fault crashed it. A process that serves it should now end with a failure.
    Crashed {
        /// What brought it down, as a lower-case fragment.
        reason: String,
    },
    /// It was stopped.
    Stopped,
}

impl Running {
    pub(super) fn new(addr: SocketAddr, host: Host) -> Self {
        host.tasks.close();
        Self { addr, host }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits until the service has stopped by itself, which only a crash makes it do. By then its listener is closed
    /// and its connections are gone. Safe to drop and call again.
    pub async fn wait(&mut self) -> Exit {
        self.host.stop.cancelled().await;
        self.host.tasks.wait().await;
        match self.host.crashed() {
            Some(reason) => Exit::Crashed { reason },
            None => Exit::Stopped,
        }
    }

    /// Stops the service: the listener closes, open connections are cut, background tasks end.
    pub async fn shutdown(self) {
        self.host.stop.cancel();
        self.host.tasks.wait().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.host.stop.cancel();
    }
}
