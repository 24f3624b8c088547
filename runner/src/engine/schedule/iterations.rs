//! Users × iterations: each user runs its flow a number of times.

use std::time::Duration;

use super::{Closed, Next, begin};
use crate::suite::plan::Start;

#[derive(Debug)]
pub(super) struct Iterations {
    pub(super) users: u32,
    pub(super) iterations: u32,
    pub(super) start: Start,
}

impl Closed for Iterations {
    fn users(&self) -> u32 {
        self.users
    }

    fn begin(&self, user: u32) -> Option<Duration> {
        Some(begin(self.start, user, self.users))
    }

    fn next(&self, _user: u32, count: u64, _elapsed: Duration) -> Next {
        if count < u64::from(self.iterations) { Next::Now } else { Next::Done }
    }

    fn total(&self) -> Option<u64> {
        Some(u64::from(self.users) * u64::from(self.iterations))
    }
}
