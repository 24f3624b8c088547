//! How many are there at once: the figure that faults of overload go by. Connections rather than requests are counted,
//! as these are as many as there are users, however short a request is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::host::{Connection, Host};

/// Open connections that have asked for something.
#[derive(Debug, Default)]
pub(crate) struct Crowd(Arc<AtomicUsize>);

impl Crowd {
    /// Counts the connection, once, until it closes; returns how many there are.
    pub(crate) fn join(&self, host: &Host, connection: &Connection) -> usize {
        if !connection.first() {
            return self.0.load(Ordering::Relaxed);
        }
        let (open, connection) = (Arc::clone(&self.0), connection.clone());
        host.spawn(async move {
            connection.closed().await;
            open.fetch_sub(1, Ordering::Relaxed);
        });
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}
