//! The routes of `sessions`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::store::{Found, wait};
use super::{CAPACITY_MISREPORTED, LOG_IN, MOST, REQUEST, REUSE_LOGS_IN_AGAIN, State};
use crate::reply::{Body, Failure};

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    user: String,
    message: String,
}

/// `POST /api/request`
pub(super) async fn request(
    Shared(state): Shared<Arc<State>>,
    Body(request): Body<Request>,
) -> Result<Json<Value>, Failure> {
    if request.user.is_empty() || request.user.len() > 200 {
        return Err(Failure::unprocessable("user must be 1 to 200 bytes long"));
    }
    let pace = &state.setup.pace;
    let (session, new) = match state.store.find(&request.user) {
        Found::Live(session) => {
            if state.setup.fault.is(REUSE_LOGS_IN_AGAIN) {
                pace.until(std::time::Instant::now() + pace.draw(LOG_IN, request.user.as_bytes())).await;
            }
            (session, false)
        }
        Found::LoggingIn { mut log_in, own } => {
            let stopping =
                || Failure::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the service is stopping");
            (wait(&mut log_in).await.ok_or_else(stopping)?, own)
        }
    };
    let (requests, previous) = session.use_for(&request.message);
    let key = [request.user.as_bytes(), request.message.as_bytes(), &requests.to_le_bytes()].concat();
    pace.until(std::time::Instant::now() + pace.draw(REQUEST, &key)).await;
    let receipt: String = Sha256::digest(&key)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Json(json!({
        "session_id": session.id,
        "is_new_session": new,
        "user": request.user,
        "answer": format!("{} words done", request.message.split_whitespace().count()),
        "receipt": receipt,
        "requests": requests,
        "previous": previous,
        "session_capacity": capacity(&state),
    })))
}

/// `2/10`
fn capacity(state: &State) -> String {
    let misreported = usize::from(state.setup.fault.is(CAPACITY_MISREPORTED));
    format!("{}/{MOST}", state.store.active() + misreported)
}

/// `GET /api/sessions`
pub(super) async fn list(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    let sessions: Vec<Value> = state
        .store
        .list()
        .into_iter()
        .map(|(user, session)| {
            let (idle, requests) = session.idle();
            json!({
                "user": user,
                "session_id": session.id,
                "age_s": session.opened.elapsed().as_secs_f64(),
                "idle_s": idle.as_secs_f64(),
                "requests": requests,
            })
        })
        .collect();
    Json(json!({ "sessions": sessions }))
}

/// `DELETE /api/sessions`
pub(super) async fn close_all(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    Json(json!({ "closed": state.store.close_all() }))
}

/// `DELETE /api/sessions/{user}`
pub(super) async fn close(
    Shared(state): Shared<Arc<State>>,
    Path(user): Path<String>,
) -> Result<Json<Value>, Failure> {
    if state.store.close(&user) {
        Ok(Json(json!({ "closed": 1 })))
    } else {
        Err(Failure::new(StatusCode::NOT_FOUND, "no_session", "this user has no session"))
    }
}

/// `GET /health`
pub(super) async fn health(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    let figures = state.store.figures();
    Json(json!({
        "status": "ok",
        "service": "sessions",
        "uptime_s": state.started.elapsed().as_secs_f64(),
        "active_sessions": state.store.active(),
        "max_sessions": MOST,
        "session_capacity": capacity(&state),
        "logging_in": state.store.logging_in(),
        "log_ins": figures.log_ins,
        "evicted": figures.evicted,
        "expired": figures.expired,
        "closed": figures.closed,
        "refreshes": figures.refreshes,
    }))
}
