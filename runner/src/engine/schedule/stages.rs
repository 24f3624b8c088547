//! Stages: the number of users follows straight lines. User `n` works while the line is at `n + ½` or above, so that the
//! number of users at work is the line, rounded.

use std::time::Duration;

use super::line::Lines;
use super::{Closed, Next};

#[derive(Debug)]
pub(super) struct Stages {
    lines: Lines,
    peak: u32,
}

impl Stages {
    pub(super) fn new(from: u32, stages: &[(Duration, u32)]) -> Self {
        let peak = stages.iter().map(|(_, to)| *to).chain([from]).max().unwrap_or(from);
        Self { lines: Lines::new(f64::from(from), stages.iter().map(|(t, to)| (*t, f64::from(*to)))), peak }
    }
}

fn level(user: u32) -> f64 {
    f64::from(user) + 0.5
}

impl Closed for Stages {
    fn users(&self) -> u32 {
        self.peak
    }

    fn begin(&self, user: u32) -> Option<Duration> {
        self.lines.reaches(level(user), 0.0).map(Duration::from_secs_f64)
    }

    fn next(&self, user: u32, _count: u64, elapsed: Duration) -> Next {
        let now = elapsed.as_secs_f64();
        match self.lines.reaches(level(user), now) {
            Some(at) if at <= now => Next::Now,
            Some(at) => Next::At(Duration::from_secs_f64(at)),
            None => Next::Done,
        }
    }

    fn length(&self) -> Option<Duration> {
        Some(Duration::from_secs_f64(self.lines.end_s()))
    }
}
