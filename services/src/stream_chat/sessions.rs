//! Each viewer's history, in memory or in Redis.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use redis::AsyncCommands;
use serde::{Deserialize, Serialize};

use super::STORE;
use crate::pace::Pace;
use crate::store::{Redis, StoreDown};

/// Sessions that are kept in memory; the one that was idle longest is forgotten first.
const MOST: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Turns that are kept of each.
const TURNS: usize = 20;

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Turn {
    pub(super) question: String,
    pub(super) answer: String,
}

#[derive(Debug)]
pub(super) struct Sessions {
    pace: Pace,
    /// How long a session is kept after its last turn.
    kept: Duration,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(Mutex<LruCache<String, Session>>),
    Redis(Redis),
}

#[derive(Debug)]
struct Session {
    turns: VecDeque<Turn>,
    expires: Instant,
}

impl Sessions {
    pub(super) fn new(pace: &Pace, kept: Duration, redis: Option<&Redis>) -> Self {
        let place = match redis {
            Some(redis) => Place::Redis(redis.clone()),
            None => Place::Memory(Mutex::new(LruCache::new(MOST))),
        };
        Self { pace: pace.clone(), kept, place }
    }

    /// What was said in the user's session, oldest first; nothing where there is none.
    pub(super) async fn turns(&self, user: &str) -> Result<Vec<Turn>, StoreDown> {
        match &self.place {
            Place::Memory(sessions) => {
                self.pace.sleep(STORE).await;
                let mut sessions = lock(sessions);
                let live = sessions.get(user).filter(|session| session.expires > Instant::now());
                Ok(live.map(|session| session.turns.iter().cloned().collect()).unwrap_or_default())
            }
            Place::Redis(redis) => {
                let turns: Vec<String> = redis.connection().lrange(key(redis, user), 0, -1).await?;
                // What is no turn was put there by somebody else.
                Ok(turns.iter().filter_map(|turn| serde_json::from_str(turn).ok()).collect())
            }
        }
    }

    /// Adds a turn; the session lives on from now.
    pub(super) async fn add(&self, user: &str, turn: Turn) -> Result<(), StoreDown> {
        match &self.place {
            Place::Memory(sessions) => {
                self.pace.sleep(STORE).await;
                let now = Instant::now();
                let mut sessions = lock(sessions);
                let new = || Session { turns: VecDeque::new(), expires: now };
                let session = sessions.get_or_insert_mut(user.to_owned(), new);
                if session.expires <= now {
                    session.turns.clear();
                }
                session.expires = now + self.kept;
                session.turns.push_back(turn);
                if session.turns.len() > TURNS {
                    session.turns.pop_front();
                }
                Ok(())
            }
            Place::Redis(redis) => {
                let key = key(redis, user);
                let turn = serde_json::to_string(&turn).expect("two texts are always JSON");
                let kept = i64::try_from(self.kept.as_millis()).unwrap_or(i64::MAX);
                let mut write = redis::pipe();
                write.atomic().rpush(&key, turn).ignore().ltrim(&key, -(TURNS as isize), -1).ignore();
                write.pexpire(&key, kept).ignore();
                Ok(write.query_async(&mut redis.connection()).await?)
            }
        }
    }

    /// How many sessions there are.
    pub(super) async fn count(&self) -> Result<usize, StoreDown> {
        match &self.place {
            Place::Memory(sessions) => {
                let now = Instant::now();
                Ok(lock(sessions).iter().filter(|(_, session)| session.expires > now).count())
            }
            Place::Redis(redis) => {
                let keys: Vec<String> = redis.connection().keys(key(redis, "*")).await?;
                Ok(keys.len())
            }
        }
    }

    /// Forgets all of them; returns how many there were.
    pub(super) async fn clear(&self) -> Result<usize, StoreDown> {
        match &self.place {
            Place::Memory(sessions) => {
                let mut sessions = lock(sessions);
                let count = sessions.len();
                sessions.clear();
                Ok(count)
            }
            Place::Redis(redis) => redis.remove_all("session:").await,
        }
    }
}

fn key(redis: &Redis, user: &str) -> String {
    redis.key(&format!("session:{user}"))
}

fn lock<T>(sessions: &Mutex<T>) -> MutexGuard<'_, T> {
    sessions.lock().unwrap_or_else(PoisonError::into_inner)
}
