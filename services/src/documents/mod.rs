//! `documents` (requirements E): a document API with sign-up, log-in, upload and query.
//!
//! Passwords are hashed with Argon2id, at most as many at a time as there are processors; users, sessions, documents and
//! passages are rows of an SQLite database in memory; tokens are signed with HMAC-SHA256; uploads are streamed; queries
//! rank passages with BM25. Sign-ups and log-ins are limited per address: the first of `X-Forwarded-For` where there is
//! one, as behind a proxy, else the peer's.
//!
//! # Which scenario breaks on which fault
//!
//! | fault | breaks |
//! |---|---|
//! | `limit-off` | E2: all 30 sign-ups accepted; E8, E3: the sixth log-in is let in |
//! | `limit-too-tight` | E2: 2 accepted instead of 3; E8: the fifth log-in is refused |
//! | `500-instead-of-429` | E2: 27 × 500 instead of 27 × 429; E3, E4, E8 |
//! | `wrong-password-accepted` | E3, E7: 200 and a token for a wrong password |
//! | `missing-token-accepted` | E7: 200 without a token |
//! | `database-locked` | E4: sign-ups and log-ins answered 500, most of those at the same time; E2: of three one is accepted |
//! | `upload-blocks-queries` | E6: queries wait until a 10 MB upload is through, 0.6 s |
//! | `crash-under-200` | E4: the service dies at the 150th connection |
//! | `no-retry-after` | E8, E2: a 429 that does not say when to come again |

mod accounts;
mod database;
mod library;
mod password;
mod routes;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use tokio::sync::RwLock;

use crate::crowd::Crowd;
use crate::error::Error;
use crate::limit::Limit;
use crate::pace::{Length, Spread};
use crate::service::{FaultInfo, ServiceInfo};
use crate::setup::Setup;
use crate::store::Redis;
use database::Database;
use library::Library;
use password::Hasher;
use token::Signer;

const NAME: &str = "documents";

pub(crate) const INFO: ServiceInfo = ServiceInfo {
    name: NAME,
    summary: "a document API with sign-up, log-in, upload and query, limited per address",
    default_port: 7105,
    faults: FAULTS,
    has_store: true,
    build: |setup| Box::pin(router(setup)),
};

const FAULTS: &[FaultInfo] = &[
    LIMIT_OFF,
    LIMIT_TOO_TIGHT,
    LIMIT_ANSWERS_500,
    WRONG_PASSWORD_ACCEPTED,
    MISSING_TOKEN_ACCEPTED,
    DATABASE_LOCKED,
    UPLOAD_BLOCKS_QUERIES,
    CRASH_UNDER_200,
    NO_RETRY_AFTER,
];

const LIMIT_OFF: FaultInfo = FaultInfo {
    name: "limit-off",
    requirements: &["E2", "E3", "E8", "E4"],
    breaks: "nobody is refused: 30 of 30 sign-ups are accepted, and the sixth log-in",
};
const LIMIT_TOO_TIGHT: FaultInfo = FaultInfo {
    name: "limit-too-tight",
    requirements: &["E2", "E8"],
    breaks: "one less than the limit is accepted: 2 sign-ups, 4 log-ins",
};
const LIMIT_ANSWERS_500: FaultInfo = FaultInfo {
    name: "500-instead-of-429",
    requirements: &["E2", "E3", "E4", "E8"],
    breaks: "beyond the limit the answer is 500 instead of 429",
};
const WRONG_PASSWORD_ACCEPTED: FaultInfo = FaultInfo {
    name: "wrong-password-accepted",
    requirements: &["E3", "E7"],
    breaks: "any password of a known user gives a token",
};
const MISSING_TOKEN_ACCEPTED: FaultInfo = FaultInfo {
    name: "missing-token-accepted",
    requirements: &["E7"],
    breaks: "a request without a token is answered as if it had one",
};
const DATABASE_LOCKED: FaultInfo = FaultInfo {
    name: "database-locked",
    requirements: &["E4", "E2", "E3"],
    breaks: "writes at the same time fail with `database is locked`: 500 on sign-ups and log-ins",
};
const UPLOAD_BLOCKS_QUERIES: FaultInfo = FaultInfo {
    name: "upload-blocks-queries",
    requirements: &["E6"],
    breaks: "queries wait while a file is uploaded: 0.6 s for 10 MB (3 s with the original latencies)",
};
const CRASH_UNDER_200: FaultInfo = FaultInfo {
    name: "crash-under-200",
    requirements: &["E4"],
    breaks: "the service dies once 150 connections have asked something",
};
const NO_RETRY_AFTER: FaultInfo =
    FaultInfo { name: "no-retry-after", requirements: &["E8", "E2"], breaks: "a 429 has no `Retry-After`" };

/// Sign-ups per address and window: 3 per hour in the original.
const SIGN_UPS: (usize, Length) = (3, Length::millis(10_000, 3_600_000));

/// Log-ins per address and window: 5 per minute in the original.
const LOG_INS: (usize, Length) = (5, Length::millis(3_000, 60_000));

/// The model's answer to a query.
const ANSWER: Spread = Spread { median: Length::millis(30, 900), sigma: 0.1 };

/// Scanning an upload, per megabyte.
const SCAN: Length = Length::millis(60, 300);

/// Connections at which `crash-under-200` strikes.
const CROWD: usize = 150;

/// How long one that has closed still counts for it.
const CROWD_LINGERS: Duration = Duration::from_millis(250);

/// Largest upload, in bytes.
const LARGEST: usize = 16 << 20;

/// What the routes share.
#[derive(Debug)]
struct State {
    setup: Setup,
    database: Database,
    hasher: Hasher,
    signer: Signer,
    library: Library,
    sign_ups: Limit,
    log_ins: Limit,
    crowd: Crowd,
    /// Held by uploads and asked for by queries under `upload-blocks-queries`.
    shelf: RwLock<()>,
    active: AtomicUsize,
    peak: AtomicUsize,
    refused: AtomicU64,
    store: &'static str,
    started: Instant,
}

async fn router(setup: Setup) -> Result<Router, Error> {
    let redis = match &setup.store {
        Some(url) => Some(Redis::open(url, NAME).await?),
        None => None,
    };
    let most = |most: usize| {
        if setup.fault.is(LIMIT_OFF) {
            usize::MAX
        } else {
            most - usize::from(setup.fault.is(LIMIT_TOO_TIGHT))
        }
    };
    let limit = |name, limit: (usize, Length)| {
        Limit::new(name, most(limit.0), setup.pace.pick(limit.1), redis.as_ref())
    };
    let state = State {
        database: Database::open(&setup)?,
        hasher: Hasher::new(&setup.pace),
        signer: Signer::new(setup.pace.seed),
        library: Library::default(),
        sign_ups: limit("sign-up", SIGN_UPS),
        log_ins: limit("log-in", LOG_INS),
        crowd: Crowd::lingering(CROWD_LINGERS),
        shelf: RwLock::new(()),
        active: AtomicUsize::new(0),
        peak: AtomicUsize::new(0),
        refused: AtomicU64::new(0),
        store: if redis.is_some() { "redis" } else { "memory" },
        started: Instant::now(),
        setup,
    };
    let state = Arc::new(state);
    // The whole body of an upload is a little more than its file.
    let upload = post(routes::upload).layer(DefaultBodyLimit::max(LARGEST + (64 << 10)));
    Ok(Router::new()
        .route("/api/signup", post(accounts::sign_up))
        .route("/api/login", post(accounts::log_in))
        .route("/api/logout", post(accounts::log_out))
        .route("/api/documents", upload.get(routes::list))
        .route("/api/documents/{id}", delete(routes::remove))
        .route("/api/query", post(routes::query))
        .route("/api/limits", delete(accounts::clear_limits))
        .route("/health", get(routes::health))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&state), routes::count))
        .with_state(state))
}
