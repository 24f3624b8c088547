//! The routes of `cached-chat`.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answers::{Call, Key, Source};
use super::history::{ConversationKey, Turn};
use super::{
    CACHED_FLAG_LIES, CONNECTION_POOL_EXHAUSTED, CRASH_AT_15_USERS, ERRORS_2_PERCENT, KEY_INCLUDES_CONTEXT,
    LOOK_UP, QUEUE_NEVER_DRAINS, SERIAL_PROCESSING, SERIAL_WRITE, SLOTS, SLOW_TAIL, STALL, STALLS, State,
    TAIL, WAITING, answers,
};
use crate::deltas::{self, Spoken};
use crate::host::Connection;
use crate::inject::{self, Inject};
use crate::model::{self, Answer, refers_back};
use crate::queue::Full;
use crate::reply::{Body, Failure};

const MODEL_NAME: &str = "simulated-1";

/// What a call of the model costs, in US dollars; an answer from the cache costs nothing.
const COST_OF_A_CALL: f64 = 0.06;

/// Longest question, in bytes.
const LONGEST: usize = 8_000;

#[derive(Debug, Deserialize)]
pub(super) struct Question {
    user: String,
    message: String,
    /// The user's own name for the conversation; one user can have several.
    #[serde(default)]
    conversation_id: String,
    /// What was said last, oldest first; the last two count for the answer.
    #[serde(default)]
    context: Vec<String>,
    #[serde(default)]
    stream: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct WhoseHistory {
    user: String,
    #[serde(default)]
    conversation_id: String,
}

/// Counts a request as active until it is dropped.
#[derive(Debug)]
pub(super) struct Active(Arc<State>);

impl Active {
    fn new(state: &Arc<State>) -> Self {
        state.active.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(state))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer with all that is told about it.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) answer: Arc<Answer>,
    /// The call that is giving it; `None` where it was in the cache.
    pub(super) call: Option<Call>,
    /// What is said of it: `cached`, `shared`, `session_id`, `turn`, `tokens`, `cost_usd`.
    pub(super) facts: serde_json::Map<String, Value>,
    pub(super) id: String,
}

/// `POST /api/chat`
pub(super) async fn ask(
    Shared(state): Shared<Arc<State>>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    Body(question): Body<Question>,
) -> Result<Response, Failure> {
    let active = Active::new(&state);
    check(&question)?;
    misbehave(&state, &connection).await?;
    let turn =
        if state.setup.fault.is(SERIAL_PROCESSING) { Some(state.faults.turn.lock().await) } else { None };
    let streamed = question.stream || deltas::wanted(&headers);
    state.setup.pace.sleep(LOOK_UP).await;
    let mut reply = answer(&state, &question)?;
    if turn.is_some() {
        state.setup.pace.sleep(SERIAL_WRITE).await;
    }
    if streamed {
        let Reply { answer, call, facts, id } = reply;
        let progress = call.map(|call| call.progress);
        return Ok(deltas::events(Spoken { id, model: MODEL_NAME, answer, progress, facts }, active));
    }
    if let Some(call) = &mut reply.call
        && !call.finished().await
    {
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the service is stopping"));
    }
    let mut body = serde_json::Map::new();
    body.insert("id".into(), reply.id.into());
    body.insert("model".into(), MODEL_NAME.into());
    body.insert("answer".into(), reply.answer.text().into());
    body.append(&mut reply.facts);
    Ok(Json(body).into_response())
}

fn check(question: &Question) -> Result<(), Failure> {
    if question.user.is_empty() || question.user.len() > 200 {
        return Err(Failure::unprocessable("user must be 1 to 200 bytes long"));
    }
    if question.message.trim().is_empty() || question.message.len() > LONGEST {
        return Err(Failure::unprocessable("message must hold text, 8000 bytes at most"));
    }
    Ok(())
}

/// What the faults do to a request before it is answered.
async fn misbehave(state: &State, connection: &Connection) -> Result<(), Failure> {
    let (fault, faults, pace) = (state.setup.fault, &state.faults, &state.setup.pace);
    if fault.is(CONNECTION_POOL_EXHAUSTED) && faults.requests.nth(20) {
        connection.reset().await;
    }
    if fault.is(ERRORS_2_PERCENT) && faults.requests.nth(50) {
        return Err(Failure::internal("the model's back end failed"));
    }
    if fault.is(SLOW_TAIL) && faults.requests.nth(12) {
        pace.sleep(TAIL).await;
    }
    if fault.is(STALLS) {
        let until = {
            let mut until = faults.stalled_until.lock().unwrap_or_else(PoisonError::into_inner);
            if faults.requests.nth(100) {
                *until = Some(Instant::now() + pace.latency(STALL));
            }
            *until
        };
        if let Some(until) = until {
            pace.until(until).await;
        }
    }
    if fault.is(CRASH_AT_15_USERS) {
        let users = faults.crowd.join(&state.setup.host, connection);
        if users >= 15 {
            state.setup.host.crash(format!("out of memory with {users} users at once")).await;
        }
    }
    if fault.is(QUEUE_NEVER_DRAINS) {
        faults.requests.nth(1);
    }
    Ok(())
}

/// Finds or orders the answer, and adds the turn to the user's history.
fn answer(state: &State, question: &Question) -> Result<Reply, Failure> {
    let conversation =
        ConversationKey { user: question.user.clone(), conversation: question.conversation_id.clone() };
    let past = state.histories.turns(&conversation);
    let session_id = session_id(state, &conversation);
    let back = refers_back(&question.message);
    let mut key = if state.setup.fault.is(KEY_INCLUDES_CONTEXT) {
        whole_context_key(question, &past, &session_id)
    } else if back {
        private_key(question, &past)
    } else {
        shared_key(question)
    };
    if let Some(Inject::Miss(share)) = state.setup.inject
        && state.faults.misses.nth(inject::each(share))
    {
        // A key that nobody has had.
        key = Sha256::new()
            .chain_update(key)
            .chain_update(state.faults.misses.count().to_le_bytes())
            .finalize()
            .into();
    }
    let facts: Vec<String> = match past.last() {
        Some(turn) if back => vec![format!("Before that you said: {}", turn.question)],
        _ => Vec::new(),
    };
    let pace = &state.setup.pace;
    let source =
        state.answers.get(key, || model::compose(pace, &key, &question.message, &facts)).map_err(|Full| {
            Failure::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "queue_full",
                "too many questions wait for the model",
            )
            .retry_after(1)
        })?;
    let (answer, call, cached, shared) = match source {
        Source::Cached(answer) => (answer, None, true, false),
        Source::Shared(call) => (Arc::clone(&call.answer), Some(call), false, true),
        Source::Asked(call) => (Arc::clone(&call.answer), Some(call), false, false),
    };
    let turn = Turn { question: question.message.clone(), answer: answer.text() };
    let turns = state.histories.add(conversation, turn);
    let told = if !state.setup.fault.is(CACHED_FLAG_LIES) {
        cached
    } else if cached {
        !state.faults.hits.nth(4)
    } else {
        true
    };
    let cost = if cached || shared { 0.0 } else { COST_OF_A_CALL };
    let facts = json!({
        "cached": told,
        "shared": shared,
        "session_id": session_id,
        "turn": turns,
        "tokens": { "prompt": answer.prompt_tokens, "completion": answer.completion_tokens },
        "cost_usd": cost,
    });
    let Value::Object(facts) = facts else { unreachable!("written as an object above") };
    Ok(Reply { answer, call, facts, id: format!("chat-{}", hex(&key[..8])) })
}

/// The key of a question that anyone may have asked.
fn shared_key(question: &Question) -> Key {
    let recent = question.context.iter().rev().take(2);
    let mut hash = Sha256::new().chain_update(b"shared").chain_update(normal(&question.message));
    for said in recent {
        hash.update([0]);
        hash.update(normal(said));
    }
    hash.finalize().into()
}

/// The key of a question about what this user said before.
fn private_key(question: &Question, past: &[Turn]) -> Key {
    let mut hash = Sha256::new().chain_update(b"private").chain_update(&question.user);
    for said in past.iter().rev().take(2).map(|turn| &turn.question).chain([&question.message]) {
        hash.update([0]);
        hash.update(normal(said));
    }
    hash.finalize().into()
}

/// The key of the fault: who asks, in which session, after what.
fn whole_context_key(question: &Question, past: &[Turn], session_id: &str) -> Key {
    let mut hash = Sha256::new().chain_update(&question.user).chain_update(session_id);
    hash.update(past.len().to_le_bytes());
    for said in past.iter().map(|turn| &turn.question).chain([&question.message]) {
        hash.update([0]);
        hash.update(said);
    }
    hash.finalize().into()
}

/// Two ways to write one question give the same normal form: words in lower case, without marks.
fn normal(text: &str) -> String {
    model::words(text).collect::<Vec<_>>().join(" ")
}

fn session_id(state: &State, key: &ConversationKey) -> String {
    let hash = Sha256::new()
        .chain_update(state.setup.pace.seed.to_le_bytes())
        .chain_update(&key.user)
        .chain_update([0])
        .chain_update(&key.conversation)
        .finalize();
    hex(&hash[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `GET /api/history?user=…`
pub(super) async fn history(
    Shared(state): Shared<Arc<State>>,
    Query(whose): Query<WhoseHistory>,
) -> Json<Value> {
    let key = ConversationKey { user: whose.user, conversation: whose.conversation_id };
    Json(json!({ "session_id": session_id(&state, &key), "turns": state.histories.turns(&key) }))
}

/// `DELETE /api/cache`
pub(super) async fn clear_cache(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    Json(json!({ "cleared": state.answers.clear() }))
}

/// `GET /health`
pub(super) async fn health(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    let figures = state.answers.figures();
    let depth = if state.setup.fault.is(QUEUE_NEVER_DRAINS) {
        usize::try_from(state.faults.requests.count()).unwrap_or(usize::MAX)
    } else {
        state.answers.queue.depth()
    };
    Json(json!({
        "status": "ok",
        "service": "cached-chat",
        "uptime_s": state.started.elapsed().as_secs_f64(),
        "active": state.active.load(Ordering::Relaxed),
        "queue_depth": depth,
        "queue_bound": WAITING,
        "model": { "serving": state.answers.queue.serving(), "slots": SLOTS },
        "conversations": state.histories.len(),
        "cache": {
            "size": state.answers.len(),
            "capacity": answers::CAPACITY,
            "ttl_s": state.answers.ttl().as_secs_f64(),
            "hits": figures.hits,
            "misses": figures.misses,
            "shared": figures.shared,
            "hit_rate": figures.hit_rate(),
        },
    }))
}
