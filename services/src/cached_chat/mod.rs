//! `cached-chat` (requirements C): an LLM chat API with a response cache.
//!
//! A question goes to the cache first. The key is the question in normal form and the recent context that the client
//! sends with it, never who asks, so that one user's question is answered from another's. A question that refers back to
//! the conversation ("what did I say earlier?") is the exception: it is answered from the user's own history, under a key
//! of its own. Of several identical questions at the same time one goes to the model and the others wait for it
//! (`shared: true`). They cost no model call but are no cache hits either: `cached` is true only for an answer that was
//! there already, so that hit rate and latency of hits mean the cache alone.
//!
//! # Latencies
//! The short scale is 1:100 of the original: a miss draws from a log-normal with mean 146 ms (original 14.6 s), a look-up
//! takes 4 ms (300 ms). A limit of 3 s in the original is thus 30 ms.
//!
//! # Which tier breaks on which fault
//! With limits on that scale and a cache that has been warmed by asking each question once:
//!
//! | fault | breaks |
//! |---|---|
//! | `cache-off`, `ttl-too-short`, `key-includes-context` | the hit rate of every tier C1–C5, and mean latency |
//! | `cached-flag-lies` | the ratio C7: misses are passed off as hits, so "hits" are no faster; each 4th true hit is denied, so C4 and C5 miss their hit rate |
//! | `serial-processing` | mean latency grows with users: 25 ms each, so 0.25 s at 10 users, 0.5 s at 20, 1.2 s at 50 |
//! | `crash-at-15-users` | the process dies in the heavy tier (20 users), C4, C6 |
//! | `connection-pool-exhausted` | one request in 20 is reset: the light tier's success rate (19 of 20) is not over 95 %, C2, C9 |

mod answers;
mod chat;
mod history;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use axum::Router;
use axum::routing::{delete, get, post};
use tokio::sync::Mutex;

use crate::crowd::Crowd;
use crate::every::Every;
use crate::pace::{Length, Spread};
use crate::service::{FaultInfo, ServiceInfo};
use crate::setup::Setup;
use answers::Answers;
use history::Histories;

pub(crate) const INFO: ServiceInfo = ServiceInfo {
    name: "cached-chat",
    summary: "an LLM chat API with a response cache and a bounded queue before the model",
    default_port: 7103,
    faults: FAULTS,
    has_store: false,
    build: |setup| Box::pin(async move { Ok(router(setup)) }),
};

const FAULTS: &[FaultInfo] = &[
    CACHE_OFF,
    TTL_TOO_SHORT,
    KEY_INCLUDES_CONTEXT,
    CACHED_FLAG_LIES,
    SERIAL_PROCESSING,
    CRASH_AT_15_USERS,
    CONNECTION_POOL_EXHAUSTED,
    ERRORS_2_PERCENT,
    SLOW_TAIL,
    STALLS,
    QUEUE_NEVER_DRAINS,
];

const CACHE_OFF: FaultInfo = FaultInfo {
    name: "cache-off",
    requirements: &["C1", "C2", "C3", "C4", "C5", "C7"],
    breaks: "every answer comes from the model: the hit rate is 0 in each tier, and repeats are no faster",
};
const TTL_TOO_SHORT: FaultInfo = FaultInfo {
    name: "ttl-too-short",
    requirements: &["C1", "C2", "C3", "C4", "C5"],
    breaks: "an entry lives 600 µs instead of 600 s: the hit rate of each tier falls to almost nothing",
};
const KEY_INCLUDES_CONTEXT: FaultInfo = FaultInfo {
    name: "key-includes-context",
    requirements: &["C1", "C2", "C3", "C4", "C5"],
    breaks: "the cache key holds user and whole conversation, so nothing ever hits: the hit rate is 0 in each tier",
};
const CACHED_FLAG_LIES: FaultInfo = FaultInfo {
    name: "cached-flag-lies",
    requirements: &["C7", "C4", "C5"],
    breaks: "`cached` is true on answers of the model and false on each 4th hit: hits look no faster than misses",
};
const SERIAL_PROCESSING: FaultInfo = FaultInfo {
    name: "serial-processing",
    requirements: &["C3", "C4", "C5"],
    breaks: "one request at a time, 25 ms each: mean latency grows with the users, from the medium tier on",
};
const CRASH_AT_15_USERS: FaultInfo = FaultInfo {
    name: "crash-at-15-users",
    requirements: &["C6", "C4"],
    breaks: "the service dies once 15 connections have asked something: in the heavy tier",
};
const CONNECTION_POOL_EXHAUSTED: FaultInfo = FaultInfo {
    name: "connection-pool-exhausted",
    requirements: &["C2", "C9"],
    breaks: "each 20th request is reset without an answer: the success rate of the light tier is 95 %, not more",
};
const ERRORS_2_PERCENT: FaultInfo = FaultInfo {
    name: "errors-2-percent",
    requirements: &["C13"],
    breaks: "each 50th request is answered 500: errors over 1 %, 5xx over 0.1 %",
};
const SLOW_TAIL: FaultInfo = FaultInfo {
    name: "slow-tail",
    requirements: &["C13"],
    breaks: "each 12th request takes 0.5 s longer (40 s with the original latencies): p95 and p99",
};
const STALLS: FaultInfo = FaultInfo {
    name: "stalls",
    requirements: &["C13"],
    breaks: "after each 100 requests nothing moves for 2 s: a sudden drop of throughput",
};
const QUEUE_NEVER_DRAINS: FaultInfo = FaultInfo {
    name: "queue-never-drains",
    requirements: &["C13"],
    breaks: "no request is taken off the queue's count: `queue_depth` only grows, past 100 after 100 requests",
};

/// Storing and looking up: the part of a hit that takes time.
const LOOK_UP: Length = Length::millis(4, 300);

/// A call of the model: mean 146 ms, in the original 14.6 s (mean of a log-normal: median · e^(σ²/2)).
const MODEL: Spread = Spread { median: Length::millis(142, 14_150), sigma: 0.25 };

/// Calls that the model serves at once.
const SLOTS: usize = 16;

/// Calls that may wait for the model; one more is refused.
const WAITING: usize = 128;

/// What `serial-processing` writes to disk before it takes the next request.
const SERIAL_WRITE: Length = Length::millis(21, 2_100);

const TAIL: Length = Length::millis(500, 40_000);
const STALL: Length = Length::millis(2_000, 20_000);

/// What the routes share.
#[derive(Debug)]
struct State {
    setup: Setup,
    answers: Arc<Answers>,
    histories: Histories,
    /// Requests being handled now.
    active: AtomicUsize,
    started: Instant,
    faults: FaultState,
}

/// What the faults remember.
#[derive(Debug, Default)]
struct FaultState {
    /// Chat requests so far.
    requests: Every,
    hits: Every,
    /// Questions that `--inject miss` may ask anew.
    misses: Every,
    /// Held by the one request that `serial-processing` lets in.
    turn: Mutex<()>,
    /// Until when `stalls` lets nothing move.
    stalled_until: std::sync::Mutex<Option<Instant>>,
    crowd: Crowd,
}

fn router(setup: Setup) -> Router {
    let answers = Arc::new(Answers::new(&setup));
    let state = State {
        setup,
        answers,
        histories: Histories::default(),
        active: AtomicUsize::new(0),
        started: Instant::now(),
        faults: FaultState::default(),
    };
    Router::new()
        .route("/api/chat", post(chat::ask))
        .route("/api/history", get(chat::history))
        .route("/api/cache", delete(chat::clear_cache))
        .route("/health", get(chat::health))
        .with_state(Arc::new(state))
}
