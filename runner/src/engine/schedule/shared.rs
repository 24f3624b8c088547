//! Shared iterations: whoever is free takes the next flow.

use std::time::Duration;

use super::{Closed, Next, begin};
use crate::suite::plan::Start;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) users: u32,
    pub(super) iterations: u64,
    pub(super) start: Start,
}

impl Closed for Shared {
    fn users(&self) -> u32 {
        self.users
    }

    fn begin(&self, user: u32) -> Option<Duration> {
        Some(begin(self.start, user, self.users))
    }

    fn next(&self, _user: u32, count: u64, _elapsed: Duration) -> Next {
        if count < self.iterations { Next::Now } else { Next::Done }
    }

    fn shares(&self) -> bool {
        true
    }

    fn total(&self) -> Option<u64> {
        Some(self.iterations)
    }
}
