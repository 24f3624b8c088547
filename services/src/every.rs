//! Shares of requests that are exact rather than random, so that a fault shows in the smallest scenario each time.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts events and picks each n-th one.
#[derive(Debug, Default)]
pub(crate) struct Every(AtomicU64);

impl Every {
    /// Counts one event; true for each `n`-th. Any `n` events in a row hold exactly one.
    pub(crate) fn nth(&self, n: u64) -> bool {
        (self.0.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(n)
    }

    /// Events so far.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_nth_event_is_picked() {
        let every = Every::default();
        let picked: Vec<bool> = (0..7).map(|_| every.nth(3)).collect();
        assert_eq!(picked, [false, false, true, false, false, true, false]);
    }
}
