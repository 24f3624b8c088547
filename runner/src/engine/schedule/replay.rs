//! Replay: flows begin at recorded times.

use std::sync::Arc;
use std::time::Duration;

use super::Open;

#[derive(Debug)]
pub(super) struct Replay {
    pub(super) at: Arc<[Duration]>,
    pub(super) max_users: u32,
}

impl Open for Replay {
    fn due(&self) -> Box<dyn Iterator<Item = Duration> + '_> {
        Box::new(self.at.iter().copied())
    }

    fn max_users(&self) -> u32 {
        self.max_users
    }

    fn total(&self) -> Option<u64> {
        Some(self.at.len() as u64)
    }

    fn length(&self) -> Duration {
        self.at.last().copied().unwrap_or_default()
    }
}
