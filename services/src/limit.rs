//! A limit of so many per window for each key (an address, a user), in memory or in Redis.
//!
//! The window slides: what counts is how many were taken within the last window, so that no more than the limit fit into
//! any stretch of that length. What is refused does not count.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::store::{Redis, StoreDown};

/// Keys that are remembered; the one that came least recently is forgotten first.
const KEYS: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// So many per window for each key.
#[derive(Debug)]
pub(crate) struct Limit {
    name: &'static str,
    most: usize,
    window: Duration,
    taken: Taken,
}

#[derive(Debug)]
enum Taken {
    Memory(Mutex<LruCache<String, VecDeque<Instant>>>),
    Redis(Redis),
}

/// Takes one where the window has room; else says in how many microseconds it will. One script is one transaction.
const TAKE: &str = "
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local window = tonumber(ARGV[1])
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
    local count = redis.call('ZCARD', KEYS[1])
    if count < tonumber(ARGV[2]) then
        redis.call('ZADD', KEYS[1], now, string.format('%.0f:%d', now, count))
        redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
        return -1
    end
    local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
    return math.max(0, tonumber(oldest[2]) + window - now)";

impl Limit {
    /// A limit that is kept in the store, or in memory where there is none.
    pub(crate) fn new(name: &'static str, most: usize, window: Duration, store: Option<&Redis>) -> Self {
        let taken = match store {
            Some(redis) => Taken::Redis(redis.clone()),
            None => Taken::Memory(Mutex::new(LruCache::new(KEYS))),
        };
        Self { name, most, window, taken }
    }

    /// Takes one for the key. `Some` is a refusal: how long until there is room.
    pub(crate) async fn take(&self, key: &str) -> Result<Option<Duration>, StoreDown> {
        match &self.taken {
            Taken::Memory(taken) => Ok(self.take_in_memory(&mut lock(taken), key, Instant::now())),
            Taken::Redis(redis) => {
                let mut connection = redis.connection();
                let window = u64::try_from(self.window.as_micros()).unwrap_or(u64::MAX);
                let wait: i64 = redis::Script::new(TAKE)
                    .key(redis.key(&format!("{}:{key}", self.name)))
                    .arg(window)
                    .arg(self.most)
                    .invoke_async(&mut connection)
                    .await?;
                Ok(u64::try_from(wait).ok().map(Duration::from_micros))
            }
        }
    }

    fn take_in_memory(
        &self,
        all: &mut LruCache<String, VecDeque<Instant>>,
        key: &str,
        now: Instant,
    ) -> Option<Duration> {
        let times = all.get_or_insert_mut(key.to_owned(), VecDeque::new);
        while times.front().is_some_and(|time| now.duration_since(*time) >= self.window) {
            times.pop_front();
        }
        if times.len() < self.most {
            times.push_back(now);
            return None;
        }
        Some(times.front().map_or(self.window, |oldest| self.window - now.duration_since(*oldest)))
    }

    /// Forgets all that was taken.
    pub(crate) async fn clear(&self) -> Result<(), StoreDown> {
        match &self.taken {
            Taken::Memory(taken) => lock(taken).clear(),
            Taken::Redis(redis) => drop(redis.remove_all(&format!("{}:", self.name)).await?),
        }
        Ok(())
    }
}

fn lock<T>(taken: &Mutex<T>) -> MutexGuard<'_, T> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whole seconds after which a retry succeeds: rounded up, 1 at least.
pub(crate) fn retry_after(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides() {
        let limit = Limit::new("test", 2, Duration::from_secs(10), None);
        let Taken::Memory(taken) = &limit.taken else { panic!("no store was given") };
        let mut taken = lock(taken);
        let start = Instant::now();
        let mut take = |key: &str, at: u64| {
            let wait = limit.take_in_memory(&mut taken, key, start + Duration::from_secs(at));
            wait.map(|wait| wait.as_secs())
        };
        assert_eq!((take("a", 0), take("a", 4), take("a", 5)), (None, None, Some(5)));
        assert_eq!(take("b", 5), None);
        assert_eq!((take("a", 9), take("a", 10), take("a", 11)), (Some(1), None, Some(3)));
    }

    #[test]
    fn seconds_are_rounded_up() {
        for (millis, expected) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (2_500, 3)] {
            assert_eq!(retry_after(Duration::from_millis(millis)), expected, "{millis} ms");
        }
    }
}
