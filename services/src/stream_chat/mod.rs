//! `stream-chat` (requirements A): a chat bot that answers many viewers at once.
//!
//! A viewer's question is looked up in the transcripts of past streams (BM25); what the transcripts do not speak of is
//! answered in general. Each viewer has a history in a session store, read where a question refers back, and one
//! question per cooldown.
//!
//! # Latencies
//! The short scale is 1:25 of the original: an answer draws from a log-normal with median 120 ms (3 s). A limit of 5 s
//! on the mean is thus 200 ms.
//!
//! # Which scenario breaks on which fault
//!
//! | fault | breaks |
//! |---|---|
//! | `one-user-unanswered` | A1: of five users in a row one never gets an answer: a time-out |
//! | `history-forgotten` | A2: `history_used` is false and the answer does not name the first question; A5 |
//! | `cross-talk` | A3: an answer quotes what another user asked last |
//! | `limit-off` | A4: both of the user's questions are processed |
//! | `limit-shared` | A4: the others are refused; A1 likewise |
//! | `session-lost-after-cooldown` | A5: `turn` is 1 again and nothing is remembered; A2 |
//! | `errors-2-percent` | A1, A6, the error rate: each 50th question is answered 500 |
//! | `twice-as-slow` | A1, the latencies: a mean of 250 ms (6.2 s) |

mod routes;
mod sessions;
mod transcripts;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::routing::{delete, get, post};
use lru::LruCache;

use crate::error::Error;
use crate::every::Every;
use crate::limit::Limit;
use crate::pace::{Length, Spread};
use crate::queue::Queue;
use crate::service::{FaultInfo, ServiceInfo};
use crate::setup::Setup;
use crate::store::Redis;
use sessions::Sessions;
use transcripts::Transcripts;

const NAME: &str = "stream-chat";

pub(crate) const INFO: ServiceInfo = ServiceInfo {
    name: NAME,
    summary: "a chat bot for many viewers: retrieval, a history and a cooldown for each of them",
    default_port: 7101,
    faults: FAULTS,
    has_store: true,
    build: |setup| Box::pin(router(setup)),
};

const FAULTS: &[FaultInfo] = &[
    ONE_USER_UNANSWERED,
    HISTORY_FORGOTTEN,
    CROSS_TALK,
    LIMIT_OFF,
    LIMIT_SHARED,
    SESSION_LOST_AFTER_COOLDOWN,
    ERRORS_2_PERCENT,
    TWICE_AS_SLOW,
];

const ONE_USER_UNANSWERED: FaultInfo = FaultInfo {
    name: "one-user-unanswered",
    requirements: &["A1"],
    breaks: "each fifth user never gets an answer: a time-out among five users in a row",
};
const HISTORY_FORGOTTEN: FaultInfo = FaultInfo {
    name: "history-forgotten",
    requirements: &["A2", "A5"],
    breaks: "history is written but not read: a follow-up is answered as if it came first",
};
const CROSS_TALK: FaultInfo = FaultInfo {
    name: "cross-talk",
    requirements: &["A3"],
    breaks: "an answer quotes what another user asked last",
};
const LIMIT_OFF: FaultInfo = FaultInfo {
    name: "limit-off",
    requirements: &["A4"],
    breaks: "there is no cooldown: both of two questions at once are processed",
};
const LIMIT_SHARED: FaultInfo = FaultInfo {
    name: "limit-shared",
    requirements: &["A4", "A1"],
    breaks: "all users share one cooldown: one question is processed, everybody else is refused",
};
const SESSION_LOST_AFTER_COOLDOWN: FaultInfo = FaultInfo {
    name: "session-lost-after-cooldown",
    requirements: &["A5", "A2"],
    breaks: "a session is dropped when the cooldown is over: `turn` starts again at 1",
};
const ERRORS_2_PERCENT: FaultInfo = FaultInfo {
    name: "errors-2-percent",
    requirements: &["A1", "A6"],
    breaks: "each 50th question is answered 500: an error rate over 1 %",
};
const TWICE_AS_SLOW: FaultInfo = FaultInfo {
    name: "twice-as-slow",
    requirements: &["A1"],
    breaks: "an answer takes twice as long: a mean of 250 ms (6.2 s with the original latencies)",
};

/// An answer of the model: a mean of 3.1 s in the original.
const MODEL: Spread = Spread { median: Length::millis(120, 3_000), sigma: 0.2 };

/// Reading or writing a session, where the store is in memory.
const STORE: Length = Length::millis(1, 10);

/// One question per user in this time.
const COOLDOWN: Length = Length::millis(1_000, 15_000);

/// How long a session without questions is kept.
const SESSION: Length = Length::millis(120_000, 1_800_000);

/// Calls that the model serves at once, and those that may wait.
const SLOTS: usize = 64;
const WAITING: usize = 500;

/// Users that `one-user-unanswered` tells apart.
const USERS: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// What the routes share.
#[derive(Debug)]
struct State {
    setup: Setup,
    transcripts: Arc<Transcripts>,
    sessions: Sessions,
    cooldown: Limit,
    queue: Queue,
    /// Questions under way.
    active: AtomicUsize,
    answered: AtomicU64,
    /// Questions refused by the cooldown.
    refused: AtomicU64,
    store: &'static str,
    started: Instant,
    faults: FaultState,
}

/// What the faults remember.
#[derive(Debug)]
struct FaultState {
    questions: Every,
    /// Users so far, and whether each is one who gets no answer.
    users: Mutex<LruCache<String, bool>>,
    arrivals: Every,
    /// Who asked last, and what.
    last: Mutex<Option<(String, String)>>,
}

async fn router(setup: Setup) -> Result<Router, Error> {
    let redis = match &setup.store {
        Some(url) => Some(Redis::open(url, NAME).await?),
        None => None,
    };
    let most = if setup.fault.is(LIMIT_OFF) { usize::MAX } else { 1 };
    let cooldown = setup.pace.pick(COOLDOWN);
    // A little less than the cooldown: whoever asks right after it finds nothing.
    let lost = setup.fault.is(SESSION_LOST_AFTER_COOLDOWN);
    let kept = if lost { cooldown.mul_f64(0.8) } else { setup.pace.pick(SESSION) };
    let state = Arc::new(State {
        transcripts: Arc::new(Transcripts::read()),
        sessions: Sessions::new(&setup.pace, kept, redis.as_ref()),
        cooldown: Limit::new("cooldown", most, cooldown, redis.as_ref()),
        queue: Queue::new(SLOTS, WAITING),
        active: AtomicUsize::new(0),
        answered: AtomicU64::new(0),
        refused: AtomicU64::new(0),
        store: if redis.is_some() { "redis" } else { "memory" },
        started: Instant::now(),
        faults: FaultState {
            questions: Every::default(),
            users: Mutex::new(LruCache::new(USERS)),
            arrivals: Every::default(),
            last: Mutex::new(None),
        },
        setup,
    });
    Ok(Router::new()
        .route("/api/chat", post(routes::ask))
        .route("/api/sessions/{user}", get(routes::session))
        .route("/api/sessions", delete(routes::clear))
        .route("/health", get(routes::health))
        .with_state(state))
}
