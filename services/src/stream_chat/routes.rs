//! The routes of `stream-chat`.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::sessions::Turn;
use super::transcripts::Passage;
use super::{
    COOLDOWN, CROSS_TALK, ERRORS_2_PERCENT, HISTORY_FORGOTTEN, LIMIT_SHARED, MODEL, NAME,
    ONE_USER_UNANSWERED, State, TWICE_AS_SLOW,
};
use crate::deltas::{self, Spoken};
use crate::limit::retry_after;
use crate::model::{self, Answer, Progress, refers_back};
use crate::queue::Full;
use crate::reply::{Body, Failure};

const MODEL_NAME: &str = "simulated-1";

#[derive(Debug, Deserialize)]
pub(super) struct Question {
    user: String,
    message: String,
    #[serde(default)]
    stream: bool,
}

/// Counts a question as active until it is dropped.
struct Active(Arc<State>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a question is answered from.
struct Known {
    passages: Vec<Passage>,
    /// What the user asked before, where the question refers back to it.
    before: Option<String>,
    /// The turn that this question is, counted from 1.
    turn: usize,
}

/// `POST /api/chat`
pub(super) async fn ask(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    Body(question): Body<Question>,
) -> Result<Response, Failure> {
    state.active.fetch_add(1, Ordering::Relaxed);
    let active = Active(Arc::clone(&state));
    if question.user.is_empty() || question.user.len() > 200 {
        return Err(Failure::unprocessable("user must be 1 to 200 bytes long"));
    }
    if question.message.trim().is_empty() || question.message.len() > 4_000 {
        return Err(Failure::unprocessable("message must hold text, 4000 bytes at most"));
    }
    cool_down(&state, &question.user).await?;
    misbehave(&state, &question.user).await?;
    let known = look_up(&state, &question).await?;
    let (answer, mut progress) = call(&state, &question, &known)?;
    let facts = json!({
        "kind": if known.passages.is_empty() { "general" } else { "transcript" },
        "sources": known.passages.iter().map(|it| json!({ "title": it.title, "at": it.at })).collect::<Vec<_>>(),
        "session_id": session_id(&state, &question.user),
        "turn": known.turn,
        "history_used": known.before.is_some(),
        "tokens": { "prompt": answer.prompt_tokens, "completion": answer.completion_tokens },
    });
    let Value::Object(mut facts) = facts else { unreachable!("written as an object above") };
    let id = format!("chat-{}-{}", session_id(&state, &question.user), known.turn);
    if question.stream || deltas::wanted(&headers) {
        let spoken = Spoken { id, model: MODEL_NAME, answer, progress: Some(progress), facts };
        return Ok(deltas::events(spoken, active));
    }
    if progress.wait_for(|progress| progress.done).await.is_err() {
        return Err(Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "lost",
            "the answer could not be written down",
        ));
    }
    let mut body = serde_json::Map::new();
    body.insert("id".into(), id.into());
    body.insert("model".into(), MODEL_NAME.into());
    body.insert("answer".into(), answer.text().into());
    body.append(&mut facts);
    Ok(Json(body).into_response())
}

/// Lets one question of a user through per cooldown.
async fn cool_down(state: &State, user: &str) -> Result<(), Failure> {
    let key = if state.setup.fault.is(LIMIT_SHARED) { "everybody" } else { user };
    let Some(wait) = state.cooldown.take(key).await? else { return Ok(()) };
    state.refused.fetch_add(1, Ordering::Relaxed);
    let refusal =
        Failure::new(StatusCode::TOO_MANY_REQUESTS, "cooldown", "one question at a time: wait a little");
    Err(refusal.retry_after(retry_after(wait)))
}

async fn misbehave(state: &State, user: &str) -> Result<(), Failure> {
    let (fault, faults) = (state.setup.fault, &state.faults);
    if fault.is(ERRORS_2_PERCENT) && faults.questions.nth(50) {
        return Err(Failure::internal("the model's back end failed"));
    }
    if fault.is(ONE_USER_UNANSWERED) {
        let unanswered = {
            let mut users = faults.users.lock().unwrap_or_else(PoisonError::into_inner);
            *users.get_or_insert(user.to_owned(), || faults.arrivals.nth(5))
        };
        if unanswered {
            // Until the client gives up.
            std::future::pending::<()>().await;
        }
    }
    Ok(())
}

/// Reads the history and searches the transcripts.
async fn look_up(state: &State, question: &Question) -> Result<Known, Failure> {
    let turns = state.sessions.turns(&question.user).await?;
    let back = refers_back(&question.message) && !state.setup.fault.is(HISTORY_FORGOTTEN);
    let before = turns.last().filter(|_| back).map(|turn| turn.question.clone());
    // What a follow-up is about stands in the question before it.
    let about = match &before {
        Some(before) => format!("{} {before}", question.message),
        None => question.message.clone(),
    };
    let transcripts = Arc::clone(&state.transcripts);
    let passages = state.setup.pace.work(move || transcripts.search(&about)).await;
    Ok(Known { passages, before, turn: turns.len() + 1 })
}

/// Asks the model; the answer counts as done once it has been written into the history.
fn call(
    state: &Arc<State>,
    question: &Question,
    known: &Known,
) -> Result<(Arc<Answer>, watch::Receiver<Progress>), Failure> {
    let full = |Full| {
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "queue_full", "too many questions wait for the model")
            .retry_after(1)
    };
    let place = state.queue.enter().map_err(full)?;
    let mut facts: Vec<String> = known
        .passages
        .iter()
        .map(|passage| format!("In “{}” at {}: {}", passage.title, passage.at, passage.text))
        .collect();
    facts.extend(known.before.iter().map(|before| format!("Before that you asked: {before}")));
    facts.extend(overheard(state, question));
    let key: [u8; 32] = Sha256::new()
        .chain_update(&question.user)
        .chain_update([0])
        .chain_update(&question.message)
        .finalize()
        .into();
    let pace = &state.setup.pace;
    let answer = Arc::new(model::compose(pace, &key, &question.message, &facts));
    let mut takes = pace.draw(MODEL, &key);
    if state.setup.fault.is(TWICE_AS_SLOW) {
        takes *= 2;
    }
    let (sender, progress) = watch::channel(Progress { pieces: 0, done: false });
    let turn = Turn { question: question.message.clone(), answer: answer.text() };
    let (own, spoken, user) = (Arc::clone(state), Arc::clone(&answer), question.user.clone());
    // Goes on where the client leaves: the answer belongs to the history all the same.
    state.setup.host.spawn(async move {
        let slot = place.slot().await;
        model::speak(&own.setup.pace, takes, &spoken, &sender).await;
        drop(slot);
        if own.sessions.add(&user, turn).await.is_ok() {
            own.answered.fetch_add(1, Ordering::Relaxed);
            sender.send_replace(Progress { pieces: spoken.pieces.len(), done: true });
        }
    });
    Ok((answer, progress))
}

/// What another user asked last, where the fault lets that through.
fn overheard(state: &State, question: &Question) -> Option<String> {
    if !state.setup.fault.is(CROSS_TALK) {
        return None;
    }
    let mut last = state.faults.last.lock().unwrap_or_else(PoisonError::into_inner);
    let last = last.replace((question.user.clone(), question.message.clone()));
    last.filter(|(who, _)| *who != question.user).map(|(_, said)| format!("As you asked: {said}"))
}

fn session_id(state: &State, user: &str) -> String {
    let hash = Sha256::new().chain_update(state.setup.pace.seed.to_le_bytes()).chain_update(user).finalize();
    hash[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `GET /api/sessions/{user}`
pub(super) async fn session(
    Shared(state): Shared<Arc<State>>,
    Path(user): Path<String>,
) -> Result<Json<Value>, Failure> {
    let turns = state.sessions.turns(&user).await?;
    if turns.is_empty() {
        return Err(Failure::new(StatusCode::NOT_FOUND, "no_session", "this user has no session"));
    }
    Ok(Json(json!({ "session_id": session_id(&state, &user), "store": state.store, "turns": turns })))
}

/// `DELETE /api/sessions`
pub(super) async fn clear(Shared(state): Shared<Arc<State>>) -> Result<Json<Value>, Failure> {
    state.cooldown.clear().await?;
    Ok(Json(json!({ "cleared": state.sessions.clear().await? })))
}

/// `GET /health`
pub(super) async fn health(Shared(state): Shared<Arc<State>>) -> Result<Json<Value>, Failure> {
    let cooldown: Duration = state.setup.pace.pick(COOLDOWN);
    Ok(Json(json!({
        "status": "ok",
        "service": NAME,
        "uptime_s": state.started.elapsed().as_secs_f64(),
        "active": state.active.load(Ordering::Relaxed),
        "queue_depth": state.queue.depth(),
        "answered": state.answered.load(Ordering::Relaxed),
        "refused": state.refused.load(Ordering::Relaxed),
        "sessions": state.sessions.count().await?,
        "cooldown_s": cooldown.as_secs_f64(),
        "store": state.store,
    })))
}
