//! The response cache and the model behind it: each key is asked of the model once at a time.
//!
//! ```text
//!          in cache, not expired ────────────────────────────▶ Cached
//! get(key) ─┤ asked of the model right now ──────────────────▶ Shared (waits for that call)
//!          └ else: place in the queue? ─ no ─▶ Full
//!                                      └ yes ────────────────▶ Asked (a call of its own, then into the cache)
//! ```

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use tokio::sync::watch;

use super::{CACHE_OFF, MODEL, SLOTS, TTL_TOO_SHORT, WAITING};
use crate::model::{self, Answer, Progress};
use crate::queue::{Full, Queue};
use crate::setup::Setup;

/// Answers that the cache holds.
pub(super) const CAPACITY: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");

/// How long an answer stays in the cache.
const TTL: Duration = Duration::from_secs(600);

/// SHA-256 of what the answer depends on.
pub(super) type Key = [u8; 32];

/// The cache, and the calls that are on their way.
#[derive(Debug)]
pub(super) struct Answers {
    setup: Setup,
    shelf: Mutex<Shelf>,
    pub(super) queue: Queue,
    ttl: Duration,
    on: bool,
}

#[derive(Debug)]
struct Shelf {
    kept: LruCache<Key, Kept>,
    /// At most as many as slots and places in the queue.
    calls: HashMap<Key, Call>,
    figures: Figures,
}

#[derive(Debug)]
struct Kept {
    answer: Arc<Answer>,
    expires: Instant,
}

/// An answer that the model is giving.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) answer: Arc<Answer>,
    pub(super) progress: watch::Receiver<Progress>,
}

/// Where an answer comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// It was in the cache.
    Cached(Arc<Answer>),
    /// Another request is asking the same.
    Shared(Call),
    /// The model is asked.
    Asked(Call),
}

/// What has been asked of the cache since it started.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) shared: u64,
}

impl Figures {
    /// Hits as a share of all look-ups; 0 where there were none.
    pub(super) fn hit_rate(self) -> f64 {
        let all = self.hits + self.misses + self.shared;
        if all == 0 { 0.0 } else { self.hits as f64 / all as f64 }
    }
}

impl Answers {
    pub(super) fn new(setup: &Setup) -> Self {
        // A slip of the unit: 600 taken for microseconds.
        let ttl = if setup.fault.is(TTL_TOO_SHORT) { Duration::from_micros(TTL.as_secs()) } else { TTL };
        Self {
            setup: setup.clone(),
            shelf: Mutex::new(Shelf {
                kept: LruCache::new(CAPACITY),
                calls: HashMap::new(),
                figures: Figures::default(),
            }),
            queue: Queue::new(SLOTS, WAITING),
            ttl,
            on: !setup.fault.is(CACHE_OFF),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer for the key; `compose` makes it up where the model has to be asked.
    pub(super) fn get(self: &Arc<Self>, key: Key, compose: impl FnOnce() -> Answer) -> Result<Source, Full> {
        let mut shelf = self.lock();
        if self.on {
            if let Some(kept) = shelf.kept.get(&key)
                && Instant::now() < kept.expires
            {
                let answer = Arc::clone(&kept.answer);
                shelf.figures.hits += 1;
                return Ok(Source::Cached(answer));
            }
            if let Some(call) = shelf.calls.get(&key).cloned() {
                shelf.figures.shared += 1;
                return Ok(Source::Shared(call));
            }
        }
        let place = self.queue.enter()?;
        shelf.figures.misses += 1;
        let answer = Arc::new(compose());
        let (sender, progress) = watch::channel(Progress { pieces: 0, done: false });
        let call = Call { answer: Arc::clone(&answer), progress };
        if self.on {
            shelf.calls.insert(key, call.clone());
        }
        let own = Arc::clone(self);
        // Runs to its end even where the client that asked goes away: others may wait for it.
        self.setup.host.spawn(async move {
            let slot = place.slot().await;
            let pace = &own.setup.pace;
            model::speak(pace, pace.draw(MODEL, &key), &answer, &sender).await;
            drop(slot);
            if own.on {
                let mut shelf = own.lock();
                shelf.kept.put(key, Kept { answer: Arc::clone(&answer), expires: Instant::now() + own.ttl });
                shelf.calls.remove(&key);
            }
            sender.send_replace(Progress { pieces: answer.pieces.len(), done: true });
        });
        Ok(Source::Asked(call))
    }

    /// Empties the cache; returns how many answers it held.
    pub(super) fn clear(&self) -> usize {
        let mut shelf = self.lock();
        let held = shelf.kept.len();
        shelf.kept.clear();
        held
    }

    pub(super) fn len(&self) -> usize {
        self.lock().kept.len()
    }

    pub(super) fn ttl(&self) -> Duration {
        self.ttl
    }

    pub(super) fn figures(&self) -> Figures {
        self.lock().figures
    }
}

impl Call {
    /// Waits for the whole answer; false where the service ended first.
    pub(super) async fn finished(&mut self) -> bool {
        self.progress.wait_for(|progress| progress.done).await.is_ok()
    }
}
