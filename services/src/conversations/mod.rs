//! `conversations` (requirements B): a manager of concurrent conversations with limits.
//!
//! A conversation is started, goes through iterations and is ended. At most 20 run at once and three per user; both can
//! be set. A start beyond a limit is refused, or waits in a queue where the caller asks for that. Accepting is decided
//! in one place under one lock, so that the limits hold exactly and the counters agree.
//!
//! # Which scenario breaks on which fault
//!
//! | fault | breaks |
//! |---|---|
//! | `limit-off-by-one` | B1: 21 accepted, 29 refused; B3; B5: the slot beyond the limit is given; 21 at once is the breaking point |
//! | `user-limit-ignored` | B6: the user's fourth is accepted |
//! | `slot-never-freed` | B5: the retry after an end is refused; B1: active is not 0 afterwards; who waits is never let in, and no level of users holds |
//! | `counters-drift` | B7: `ended` loses counts among 10 users, so `started` ≠ `ended` and `active` ≠ 0 |
//! | `cross-talk` | B1: `previous` and `reply` quote another user's message |
//! | `keeps-1-mb` | B3: 100 conversations leave 100 MB; B2, B7 likewise, up to 300 MB |
//! | `global-lock` | B4: a quick iteration waits for every complex one before it |
//! | `throughput-decays` | B2: each conversation ever started makes every iteration 0.25 ms longer |
//! | `half-percent-fails` | B7, B2: each 200th accepted conversation fails with 500 |
//! | `queue-polled` | B5: who waits for a slot learns of one twice a second at best |

mod manager;
mod routes;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::routing::{delete, get, post, put};
use tokio::sync::Mutex;

use crate::pace::{Length, Spread};
use crate::service::{FaultInfo, ServiceInfo};
use crate::setup::Setup;
use manager::Manager;

pub(crate) const INFO: ServiceInfo = ServiceInfo {
    name: "conversations",
    summary: "a manager of concurrent conversations with global and per-user limits",
    default_port: 7102,
    faults: FAULTS,
    has_store: false,
    build: |setup| Box::pin(async move { Ok(router(setup)) }),
};

const FAULTS: &[FaultInfo] = &[
    LIMIT_OFF_BY_ONE,
    USER_LIMIT_IGNORED,
    SLOT_NEVER_FREED,
    COUNTERS_DRIFT,
    CROSS_TALK,
    KEEPS_1_MB,
    GLOBAL_LOCK,
    THROUGHPUT_DECAYS,
    HALF_PERCENT_FAILS,
    QUEUE_POLLED,
];

const LIMIT_OFF_BY_ONE: FaultInfo = FaultInfo {
    name: "limit-off-by-one",
    requirements: &["B1", "B3", "B5"],
    breaks: "one conversation more than the limit is accepted: 21 of 50, and the 11th of 10",
};
const USER_LIMIT_IGNORED: FaultInfo = FaultInfo {
    name: "user-limit-ignored",
    requirements: &["B6"],
    breaks: "a user's fourth conversation is accepted",
};
const SLOT_NEVER_FREED: FaultInfo = FaultInfo {
    name: "slot-never-freed",
    requirements: &["B1", "B5"],
    breaks: "an ended conversation keeps its slot: `active` never falls, and the retry after an end is refused",
};
const COUNTERS_DRIFT: FaultInfo = FaultInfo {
    name: "counters-drift",
    requirements: &["B7"],
    breaks: "ends that happen at once are counted once: `ended` falls behind `started`, `active` is not 0 afterwards",
};
const CROSS_TALK: FaultInfo = FaultInfo {
    name: "cross-talk",
    requirements: &["B1"],
    breaks: "a reply quotes what another user said last, where another has said something",
};
const KEEPS_1_MB: FaultInfo = FaultInfo {
    name: "keeps-1-mb",
    requirements: &["B3", "B2"],
    breaks: "each conversation leaves 1 MB behind (300 MB at most): memory grows with every start",
};
const GLOBAL_LOCK: FaultInfo = FaultInfo {
    name: "global-lock",
    requirements: &["B4"],
    breaks: "iterations run one at a time: the quick wait for the complex",
};
const THROUGHPUT_DECAYS: FaultInfo = FaultInfo {
    name: "throughput-decays",
    requirements: &["B2"],
    breaks: "each conversation ever started makes every iteration 0.25 ms longer: the last part is slower than the first",
};
const HALF_PERCENT_FAILS: FaultInfo = FaultInfo {
    name: "half-percent-fails",
    requirements: &["B2", "B7"],
    breaks: "each 200th accepted conversation fails: its next request is answered 500",
};

const QUEUE_POLLED: FaultInfo = FaultInfo {
    name: "queue-polled",
    requirements: &["B5"],
    breaks: "a free slot is given to who waits for it only twice a second, instead of at once",
};

/// Writing down a start or an end, after it has been decided.
const RECORD: Length = Length::millis(2, 5);

/// The work of an iteration of a quick conversation.
const QUICK: Spread = Spread { median: Length::millis(50, 50), sigma: 0.05 };

/// The work of an iteration of a complex conversation.
const COMPLEX: Spread = Spread { median: Length::millis(150, 500), sigma: 0.05 };

/// A conversation without iterations for this long is ended.
const IDLE: Length = Length::millis(10_000, 300_000);

/// What the routes share.
#[derive(Debug)]
struct State {
    setup: Setup,
    manager: Manager,
    started: Instant,
    /// Held by the one iteration that `global-lock` lets in.
    turn: Mutex<()>,
}

fn router(setup: Setup) -> Router {
    let manager = Manager::new(&setup);
    let state = Arc::new(State { setup, manager, started: Instant::now(), turn: Mutex::new(()) });
    state.setup.host.spawn(routes::end_idle(Arc::clone(&state)));
    Router::new()
        .route("/api/conversations", post(routes::start).delete(routes::reset))
        .route("/api/conversations/{id}", delete(routes::end))
        .route("/api/conversations/{id}/iterations", post(routes::iterate))
        .route("/api/limits", put(routes::set_limits))
        .route("/health", get(routes::health))
        .with_state(state)
}
