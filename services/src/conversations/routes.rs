//! The routes of `conversations`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, Query, State as Shared};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::manager::{Limits, Refusal, Start, Wrong};
use super::{COMPLEX, COUNTERS_DRIFT, GLOBAL_LOCK, QUEUE_POLLED, QUICK, RECORD, State, THROUGHPUT_DECAYS};
use crate::reply::{Body, Failure};

/// Longest that a start may wait for a slot.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What each conversation ever started adds to an iteration under `throughput-decays`, and the most it adds up to.
const DECAY: Duration = Duration::from_micros(250);
const MOST_DECAY: Duration = Duration::from_millis(500);

#[derive(Debug, Deserialize)]
pub(super) struct NewConversation {
    user: String,
    /// How long to wait for a slot, in milliseconds; 0 is not at all.
    #[serde(default)]
    wait_ms: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    user: String,
    message: String,
    #[serde(default)]
    work: Work,
}

/// What an iteration has to do.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Work {
    None,
    #[default]
    Quick,
    Complex,
}

#[derive(Debug, Deserialize)]
pub(super) struct Who {
    user: String,
}

/// `POST /api/conversations`
pub(super) async fn start(
    Shared(state): Shared<Arc<State>>,
    Body(new): Body<NewConversation>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    if new.user.is_empty() || new.user.len() > 200 {
        return Err(Failure::unprocessable("user must be 1 to 200 bytes long"));
    }
    let asked = Instant::now();
    let id = match state.manager.start(&new.user, new.wait_ms > 0) {
        Start::Accepted(id) => id,
        Start::Refused(refusal) => return Err(refused(refusal)),
        Start::Waiting(mut granted) => {
            let patience = Duration::from_millis(new.wait_ms).min(LONGEST_WAIT);
            let in_time = tokio::time::timeout(patience, &mut granted).await;
            granted.close();
            // The grant may have come between the last look and the close.
            match in_time.ok().and_then(Result::ok).or_else(|| granted.try_recv().ok()) {
                Some(id) => id,
                None => {
                    state.manager.waited_in_vain();
                    return Err(refused(Refusal::Full));
                }
            }
        }
    };
    let queued = asked.elapsed();
    state.setup.pace.sleep(RECORD).await;
    let body = json!({
        "conversation_id": format!("c{id}"),
        "user": new.user,
        "queued_ms": queued.as_secs_f64() * 1e3,
    });
    Ok((StatusCode::CREATED, Json(body)))
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Full => Failure::new(StatusCode::SERVICE_UNAVAILABLE, "full", "all slots are taken"),
        Refusal::User => Failure::new(StatusCode::TOO_MANY_REQUESTS, "user_limit", "this user has too many"),
    }
    .retry_after(1)
}

/// `POST /api/conversations/{id}/iterations`
pub(super) async fn iterate(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
    Body(said): Body<Message>,
) -> Result<Json<Value>, Failure> {
    if said.message.len() > 8_000 {
        return Err(Failure::unprocessable("message must be 8000 bytes long at most"));
    }
    let number = number(&id)?;
    let iteration = state.manager.iterate(number, &said.user, &said.message).map_err(wrong)?;
    let done = Done { state: &state, id: number };
    let pace = &state.setup.pace;
    let turn = if state.setup.fault.is(GLOBAL_LOCK) { Some(state.turn.lock().await) } else { None };
    let key = [number.to_le_bytes(), iteration.number.to_le_bytes()].concat();
    let mut takes = match said.work {
        Work::None => Duration::ZERO,
        Work::Quick => pace.draw(QUICK, &key),
        Work::Complex => pace.draw(COMPLEX, &key),
    };
    if state.setup.fault.is(THROUGHPUT_DECAYS) {
        let started = u32::try_from(state.manager.now().3.started).unwrap_or(u32::MAX);
        takes += DECAY.saturating_mul(started).min(MOST_DECAY).mul_f64(pace.slow);
    }
    pace.until(Instant::now() + takes).await;
    drop(turn);
    drop(done);
    let reply = match &iteration.previous {
        Some(previous) => format!("Noted, after {previous:?}."),
        None => "Noted.".to_owned(),
    };
    Ok(Json(json!({
        "conversation_id": id,
        "iteration": iteration.number,
        "reply": reply,
        "previous": iteration.previous,
        "words": iteration.words,
    })))
}

/// Ends an iteration even where its client has left.
struct Done<'a> {
    state: &'a State,
    id: u64,
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.state.manager.iterated(self.id);
    }
}

/// `DELETE /api/conversations/{id}?user=…`
pub(super) async fn end(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
    Query(who): Query<Who>,
) -> Result<Json<Value>, Failure> {
    let drifting = state.setup.fault.is(COUNTERS_DRIFT);
    let number = number(&id)?;
    let before = state.manager.now().3.ended;
    let iterations = state.manager.end(number, &who.user, !drifting).map_err(wrong)?;
    state.setup.pace.sleep(RECORD).await;
    if drifting {
        // Read, then write: whoever ended in between is lost.
        state.manager.set_ended(before + 1);
    }
    Ok(Json(json!({ "conversation_id": id, "iterations": iterations })))
}

fn number(id: &str) -> Result<u64, Failure> {
    id.strip_prefix('c').and_then(|digits| digits.parse().ok()).ok_or_else(|| wrong(Wrong::Unknown))
}

fn wrong(wrong: Wrong) -> Failure {
    match wrong {
        Wrong::Unknown => Failure::new(StatusCode::NOT_FOUND, "unknown", "there is no such conversation"),
        Wrong::NotYours => {
            Failure::new(StatusCode::FORBIDDEN, "not_yours", "it is another user's conversation")
        }
        Wrong::Failed => Failure::internal("the conversation failed"),
    }
}

/// `DELETE /api/conversations`
pub(super) async fn reset(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    Json(json!({ "ended": state.manager.reset() }))
}

/// `PUT /api/limits`
pub(super) async fn set_limits(
    Shared(state): Shared<Arc<State>>,
    Body(limits): Body<Limits>,
) -> Result<Json<Limits>, Failure> {
    if limits.max_active > 10_000 || limits.max_waiting > 10_000 {
        return Err(Failure::unprocessable("10000 at most"));
    }
    state.manager.set_limits(limits);
    Ok(Json(limits))
}

/// Ends idle conversations, over and over.
pub(super) async fn end_idle(state: Arc<State>) {
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        state.manager.end_idle();
        if state.setup.fault.is(QUEUE_POLLED) {
            state.manager.poll_queue();
        }
    }
}

/// `GET /health`
pub(super) async fn health(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    let limits = state.manager.limits();
    let (taken, users, waiting, figures) = state.manager.now();
    let active = if state.setup.fault.is(COUNTERS_DRIFT) {
        figures.started.saturating_sub(figures.ended + figures.timed_out + figures.failed)
    } else {
        taken as u64
    };
    Json(json!({
        "status": "ok",
        "service": "conversations",
        "uptime_s": state.started.elapsed().as_secs_f64(),
        "active": active,
        "users": users,
        "waiting": waiting,
        "limits": limits,
        "started": figures.started,
        "refused": figures.refused_full + figures.refused_user,
        "refused_full": figures.refused_full,
        "refused_user": figures.refused_user,
        "ended": figures.ended,
        "timed_out": figures.timed_out,
        "failed": figures.failed,
        "iterations": figures.iterations,
        "peak_active": figures.peak_active,
    }))
}
