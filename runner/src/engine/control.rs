//! Stopping a scenario before its load is through.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Ends a running scenario early: users stop, requests under way are aborted, what was measured is kept.
///
/// A clone controls the same scenario.
#[derive(Clone, Debug, Default)]
pub struct Control {
    token: CancellationToken,
    reason: Arc<OnceLock<String>>,
}

impl Control {
    /// A control of a scenario that goes on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks all users to stop, such as for `interrupted` or `the target ended`. The first reason stays.
    pub fn stop(&self, reason: impl Into<String>) {
        self.reason.get_or_init(|| reason.into());
        self.token.cancel();
    }

    /// Whether [`Control::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Why it was stopped.
    pub fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Returns once [`Control::stop`] was called.
    pub async fn stopped(&self) {
        self.token.cancelled().await;
    }
}
