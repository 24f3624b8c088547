//! How many are there at once: the figure that faults of overload go by. Connections rather than requests are counted,
//! as these are as many as there are users, however short a request is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::host::{Connection, Host};

/// Open connections that have asked for something.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    open: Arc<AtomicUsize>,
    /// How long a connection still counts after it has closed.
    linger: Duration,
}

impl Crowd {
    /// A crowd in which closed connections count for a while, so that many who come at the same instant are many even where
    /// each leaves after one quick request.
    pub(crate) fn lingering(linger: Duration) -> Self {
        Self { linger, ..Self::default() }
    }

    /// Counts the connection, once, until it closes; returns how many there are.
    pub(crate) fn join(&self, host: &Host, connection: &Connection) -> usize {
        if !connection.first() {
            return self.open.load(Ordering::Relaxed);
        }
        let (open, connection, linger) = (Arc::clone(&self.open), connection.clone(), self.linger);
        host.spawn(async move {
            connection.closed().await;
            tokio::time::sleep(linger).await;
            open.fetch_sub(1, Ordering::Relaxed);
        });
        self.open.fetch_add(1, Ordering::Relaxed) + 1
    }
}
