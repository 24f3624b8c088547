//! The live sessions: found or logged in, evicted, refreshed, expired.
//!
//! ```text
//!            request of a user without one
//!                       │
//!                   logging in ── other requests of the same user wait for it
//!                       ▼
//!   used, refreshed ─▶ live ──▶ evicted (an eleventh came, and this was used least recently)
//!                       ├────▶ expired (neither used nor refreshed in time)
//!                       └────▶ closed  (logged out)
//! ```

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{
    EVICTS_NEWEST, LIFETIME, LOG_IN, MOST, NEW_SESSION_EVERY_REQUEST, NO_EVICTION, NO_REFRESH, REFRESH,
};
use crate::setup::Setup;

/// Bound of the map where the fault evicts nobody.
const BOUND_WITHOUT_EVICTION: usize = 1_000;

/// Rounds of hashing that make a log-in some work.
const LOG_IN_ROUNDS: u32 = 2_000;

#[derive(Debug)]
pub(super) struct Store {
    setup: Setup,
    live: Mutex<Live>,
    lifetime: Duration,
}

#[derive(Debug)]
struct Live {
    /// By user; the first is the most recently used.
    sessions: LruCache<String, Arc<Session>>,
    log_ins: HashMap<String, LogIn>,
    figures: Figures,
}

/// What has happened since the service started.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    pub(super) log_ins: u64,
    pub(super) evicted: u64,
    pub(super) expired: u64,
    pub(super) closed: u64,
    pub(super) refreshes: u64,
}

/// A session of one user with the upstream.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) opened: Instant,
    state: Mutex<SessionState>,
}

#[derive(Debug)]
struct SessionState {
    /// When it was last used or refreshed.
    alive: Instant,
    used: Instant,
    requests: u64,
    previous: Option<String>,
}

/// A log-in under way; holds the session once it is there.
type LogIn = watch::Receiver<Option<Arc<Session>>>;

/// What a request finds.
pub(super) enum Found {
    Live(Arc<Session>),
    LoggingIn { log_in: LogIn, own: bool },
}

impl Session {
    fn new(id: String) -> Self {
        let now = Instant::now();
        let state = SessionState { alive: now, used: now, requests: 0, previous: None };
        Self { id, opened: now, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request; returns how many there were with it, and what the one before said.
    pub(super) fn use_for(&self, message: &str) -> (u64, Option<String>) {
        let mut state = self.state();
        let now = Instant::now();
        (state.alive, state.used) = (now, now);
        state.requests += 1;
        (state.requests, state.previous.replace(message.to_owned()))
    }

    fn refresh(&self) {
        self.state().alive = Instant::now();
    }

    fn expired(&self, lifetime: Duration) -> bool {
        self.state().alive.elapsed() > lifetime
    }

    /// How long it has been since a request used it, and how many did.
    pub(super) fn idle(&self) -> (Duration, u64) {
        let state = self.state();
        (state.used.elapsed(), state.requests)
    }
}

impl Store {
    pub(super) fn new(setup: &Setup) -> Self {
        let lifetime = setup.pace.pick(LIFETIME);
        let live =
            Live { sessions: LruCache::unbounded(), log_ins: HashMap::new(), figures: Figures::default() };
        Self { setup: setup.clone(), live: Mutex::new(live), lifetime }
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user's session, or the log-in that gives one. Marks the session as used just now.
    pub(super) fn find(self: &Arc<Self>, user: &str) -> Found {
        let mut live = self.lock();
        if self.setup.fault.is(NEW_SESSION_EVERY_REQUEST) {
            live.sessions.pop(user);
        }
        if let Some(session) = live.sessions.get(user).cloned() {
            if !session.expired(self.lifetime) {
                // Refreshed here so that it cannot expire between being found and being used.
                session.refresh();
                return Found::Live(session);
            }
            live.sessions.pop(user);
            live.figures.expired += 1;
        }
        if let Some(log_in) = live.log_ins.get(user) {
            return Found::LoggingIn { log_in: log_in.clone(), own: false };
        }
        if self.setup.fault.is(super::SESSIONS_SHARED)
            && let Some(log_in) = live.log_ins.values().next().cloned()
        {
            // The race of the fault: whoever comes while a log-in is pending is taken for the one who asked for it.
            self.setup.host.spawn(join(Arc::clone(self), user.to_owned(), log_in.clone()));
            return Found::LoggingIn { log_in, own: true };
        }
        live.figures.log_ins += 1;
        let number = live.figures.log_ins;
        let (sender, log_in) = watch::channel(None);
        live.log_ins.insert(user.to_owned(), log_in.clone());
        // Goes on where the client leaves: the upstream has been asked, and others may wait for it.
        self.setup.host.spawn(log_in_upstream(Arc::clone(self), user.to_owned(), number, sender));
        Found::LoggingIn { log_in, own: true }
    }

    /// Takes up a session and evicts another where there are too many.
    fn take_up(&self, user: String, session: &Arc<Session>) {
        let mut live = self.lock();
        live.log_ins.remove(&user);
        let most = if self.setup.fault.is(NO_EVICTION) { BOUND_WITHOUT_EVICTION } else { MOST };
        if live.sessions.peek(&user).is_none() && live.sessions.len() >= most {
            let newest = live.sessions.iter().next().map(|(user, _)| user.clone());
            match newest {
                Some(newest) if self.setup.fault.is(EVICTS_NEWEST) => drop(live.sessions.pop(&newest)),
                _ => drop(live.sessions.pop_lru()),
            }
            live.figures.evicted += 1;
        }
        live.sessions.put(user, Arc::clone(session));
    }

    /// Logs a user out; false where there is no session.
    pub(super) fn close(&self, user: &str) -> bool {
        let mut live = self.lock();
        let closed = live.sessions.pop(user).is_some();
        live.figures.closed += u64::from(closed);
        closed
    }

    /// Logs everyone out; returns how many that were.
    pub(super) fn close_all(&self) -> usize {
        let mut live = self.lock();
        let closed = live.sessions.len();
        live.sessions.clear();
        live.figures.closed += closed as u64;
        closed
    }

    /// Sessions that live, by user, the most recently used first.
    pub(super) fn list(&self) -> Vec<(String, Arc<Session>)> {
        let live = self.lock();
        let alive = live.sessions.iter().filter(|(_, session)| !session.expired(self.lifetime));
        alive.map(|(user, session)| (user.clone(), Arc::clone(session))).collect()
    }

    /// Sessions that live; one shared by two users counts once.
    pub(super) fn active(&self) -> usize {
        self.list().iter().map(|(_, session)| session.id.as_str()).collect::<HashSet<_>>().len()
    }

    pub(super) fn logging_in(&self) -> usize {
        self.lock().log_ins.len()
    }

    pub(super) fn figures(&self) -> Figures {
        self.lock().figures
    }
}

/// Logs a user in: waits as long as the upstream takes, and works out the proof that it asks for.
async fn log_in_upstream(
    store: Arc<Store>,
    user: String,
    number: u64,
    session: watch::Sender<Option<Arc<Session>>>,
) {
    let pace = &store.setup.pace;
    let due = Instant::now() + pace.draw(LOG_IN, user.as_bytes());
    let seed = Sha256::new()
        .chain_update(pace.seed.to_le_bytes())
        .chain_update(number.to_le_bytes())
        .chain_update(&user)
        .finalize();
    let proof = pace.work(move || (0..LOG_IN_ROUNDS).fold(seed, |hash, _| Sha256::digest(hash))).await;
    pace.until(due).await;
    let id: String = proof[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    let new = Arc::new(Session::new(id));
    store.take_up(user, &new);
    session.send_replace(Some(new));
}

async fn join(store: Arc<Store>, user: String, mut log_in: LogIn) {
    if let Some(session) = wait(&mut log_in).await {
        store.take_up(user, &session);
    }
}

/// Waits for a log-in; `None` where the service ended first.
pub(super) async fn wait(log_in: &mut LogIn) -> Option<Arc<Session>> {
    log_in.wait_for(Option::is_some).await.ok().and_then(|session| session.clone())
}

/// Refreshes every session over and over, and sweeps those that have expired.
pub(super) async fn keep_alive(store: Arc<Store>) {
    let refreshing = !store.setup.fault.is(NO_REFRESH);
    let every = store.setup.pace.pick(REFRESH);
    loop {
        tokio::time::sleep(every).await;
        for (_, session) in store.list().into_iter().filter(|_| refreshing) {
            session.refresh();
            store.lock().figures.refreshes += 1;
        }
        let mut live = store.lock();
        let expired = live.sessions.iter().filter(|(_, session)| session.expired(store.lifetime));
        let users: Vec<String> = expired.map(|(user, _)| user.clone()).collect();
        for user in users {
            live.sessions.pop(&user);
            live.figures.expired += 1;
        }
    }
}
