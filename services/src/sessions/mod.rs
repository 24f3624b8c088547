//! `sessions` (requirements D): few, expensive, persistent log-in sessions.
//!
//! A user's first request logs in (410 ms; 22.5 s in the original), later ones reuse the session (25 ms; 2.1 s). At most
//! ten sessions live; an eleventh user evicts the one that was used least recently. The upstream forgets a session that
//! is not refreshed in time, so a background task refreshes all of them.
//!
//! # Which scenario breaks on which fault
//!
//! | fault | breaks |
//! |---|---|
//! | `sessions-shared` | D2: users who log in at the same instant get one session: equal ids, capacity 1/10, and each sees the other's last message as `previous` |
//! | `new-session-every-request` | D3: the id changes and `is_new_session` is true; D6: the second request is no faster |
//! | `no-eviction` | D5: 11/10 after the eleventh user |
//! | `evicts-newest` | D5: the user touched last is logged out, the idle one is not |
//! | `capacity-misreported` | D4, D1: `session_capacity` is one too high, against `active_sessions` |
//! | `no-refresh` | D7: a session idle for over 2 s (6 min) is gone |
//! | `reuse-logs-in-again` | D6: same id, not new, yet as slow as the first time |

mod routes;
mod store;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::routing::{get, post};

use crate::pace::{Length, Spread};
use crate::service::{FaultInfo, ServiceInfo};
use crate::setup::Setup;
use store::Store;

pub(crate) const INFO: ServiceInfo = ServiceInfo {
    name: "sessions",
    summary: "a service with few, expensive, persistent log-in sessions and LRU eviction",
    default_port: 7104,
    faults: FAULTS,
    has_store: false,
    build: |setup| Box::pin(async move { Ok(router(setup)) }),
};

const FAULTS: &[FaultInfo] = &[
    SESSIONS_SHARED,
    NEW_SESSION_EVERY_REQUEST,
    NO_EVICTION,
    EVICTS_NEWEST,
    CAPACITY_MISREPORTED,
    NO_REFRESH,
    REUSE_LOGS_IN_AGAIN,
];

const SESSIONS_SHARED: FaultInfo = FaultInfo {
    name: "sessions-shared",
    requirements: &["D2"],
    breaks: "users who log in at the same time get one session: equal ids, 1/10, and each sees the other's message",
};
const NEW_SESSION_EVERY_REQUEST: FaultInfo = FaultInfo {
    name: "new-session-every-request",
    requirements: &["D3", "D6"],
    breaks: "each request logs in afresh: the session id changes and `is_new_session` is always true",
};
const NO_EVICTION: FaultInfo = FaultInfo {
    name: "no-eviction",
    requirements: &["D5"],
    breaks: "nobody is evicted: 11/10 after the eleventh user",
};
const EVICTS_NEWEST: FaultInfo = FaultInfo {
    name: "evicts-newest",
    requirements: &["D5"],
    breaks: "the session used last is evicted instead of the one idle longest",
};
const CAPACITY_MISREPORTED: FaultInfo = FaultInfo {
    name: "capacity-misreported",
    requirements: &["D4", "D1", "D2"],
    breaks: "`session_capacity` is one too high, and differs from `active_sessions`",
};
const NO_REFRESH: FaultInfo = FaultInfo {
    name: "no-refresh",
    requirements: &["D7"],
    breaks: "nothing refreshes idle sessions: after 2 s (6 min with the original lengths) they are logged out",
};
const REUSE_LOGS_IN_AGAIN: FaultInfo = FaultInfo {
    name: "reuse-logs-in-again",
    requirements: &["D6"],
    breaks: "reusing a session takes a log-in all the same: the second request is as slow as the first",
};

/// Sessions that may live at once.
const MOST: usize = 10;

/// Logging in: 20 to 25 s in the original.
const LOG_IN: Spread = Spread { median: Length::millis(410, 22_500), sigma: 0.04 };

/// A request in a session: 2 to 3 s in the original, a tenth of a log-in at most.
const REQUEST: Spread = Spread { median: Length::millis(25, 2_100), sigma: 0.04 };

/// How often sessions are refreshed.
const REFRESH: Length = Length::millis(500, 300_000);

/// How long the upstream keeps a session that is neither used nor refreshed.
const LIFETIME: Length = Length::millis(2_000, 360_000);

/// What the routes share.
#[derive(Debug)]
struct State {
    setup: Setup,
    store: Arc<Store>,
    started: Instant,
}

fn router(setup: Setup) -> Router {
    let store = Arc::new(Store::new(&setup));
    setup.host.spawn(store::keep_alive(Arc::clone(&store)));
    Router::new()
        .route("/api/request", post(routes::request))
        .route("/api/sessions", get(routes::list).delete(routes::close_all))
        .route("/api/sessions/{user}", axum::routing::delete(routes::close))
        .route("/health", get(routes::health))
        .with_state(Arc::new(State { setup, store, started: Instant::now() }))
}
