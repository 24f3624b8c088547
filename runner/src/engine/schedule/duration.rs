//! Duration: each user repeats its flow until the time is over; flows under way are finished.

use std::time::Duration;

use super::{Closed, Next, begin};
use crate::suite::plan::Start;

#[derive(Debug)]
pub(super) struct Timed {
    pub(super) users: u32,
    pub(super) duration: Duration,
    pub(super) start: Start,
}

impl Closed for Timed {
    fn users(&self) -> u32 {
        self.users
    }

    fn begin(&self, user: u32) -> Option<Duration> {
        Some(begin(self.start, user, self.users))
    }

    fn next(&self, _user: u32, _count: u64, elapsed: Duration) -> Next {
        if elapsed < self.duration { Next::Now } else { Next::Done }
    }

    fn length(&self) -> Option<Duration> {
        Some(self.duration)
    }
}
