//! Bursts: groups of new users, each group released together.
//!
//! ```text
//! users ▌      ▌      ▌        each ▌ is `users` users with one flow each
//!       └─gap──┴─gap──┘
//! ```
//!
//! Every burst has users of its own, so a burst that has not recovered cannot hold the next one up.

use std::time::Duration;

use super::{Closed, Next};

#[derive(Debug)]
pub(super) struct Bursts {
    pub(super) count: u32,
    pub(super) users: u32,
    pub(super) gap: Duration,
}

impl Closed for Bursts {
    fn users(&self) -> u32 {
        self.count.saturating_mul(self.users)
    }

    fn peak(&self) -> u32 {
        self.users
    }

    fn begin(&self, user: u32) -> Option<Duration> {
        Some(self.gap * user.checked_div(self.users)?)
    }

    fn next(&self, _user: u32, count: u64, _elapsed: Duration) -> Next {
        if count == 0 { Next::Now } else { Next::Done }
    }

    fn total(&self) -> Option<u64> {
        Some(u64::from(self.users()))
    }
}
