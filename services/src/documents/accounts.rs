//! Signing up, logging in and out, and the limits on that.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Extension;
use axum::Json;
use axum::extract::{FromRequestParts, State as Shared};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use rusqlite::{ErrorCode, OptionalExtension};
use serde::Deserialize;
use serde_json::{Value, json};

use super::token::Claims;
use super::{
    LIMIT_ANSWERS_500, MISSING_TOKEN_ACCEPTED, NO_RETRY_AFTER, State, WRONG_PASSWORD_ACCEPTED, password,
};
use crate::host::Connection;
use crate::limit::{Limit, retry_after};
use crate::reply::{Body, Failure};

/// Users that there may be; beyond that nobody signs up any more.
const MOST_USERS: i64 = 50_000;

/// Sessions that a user may have; one more ends the oldest.
const MOST_SESSIONS: i64 = 20;

#[derive(Debug, Deserialize)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

/// The user whom a request's token names.
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    pub(super) id: i64,
    session: i64,
}

/// `POST /api/signup`
pub(super) async fn sign_up(
    Shared(state): Shared<Arc<State>>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    Body(Credentials { username, password }): Body<Credentials>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let name_fits = |name: &str| {
        (3..=64).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
    };
    if !name_fits(&username) {
        return Err(Failure::unprocessable(
            "username must be 3 to 64 letters, digits, dots, dashes or at signs",
        ));
    }
    if !(8..=200).contains(&password.len()) {
        return Err(Failure::unprocessable("password must be 8 to 200 bytes long"));
    }
    take(&state, &state.sign_ups, &address(&headers, &connection)).await?;
    let salt = state.hasher.salt(&username);
    let hash = hash(&state, password, salt.clone()).await?;
    let name = username.clone();
    let inserted = state.database.write(move |database| {
        let users: i64 = database.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
        if users >= MOST_USERS {
            return Ok(None);
        }
        database.execute("INSERT INTO users (name, salt, hash) VALUES (?1, ?2, ?3)", (name, salt, hash))?;
        Ok(Some(database.last_insert_rowid()))
    });
    match inserted.await {
        Ok(Some(id)) => Ok((StatusCode::CREATED, Json(json!({ "user_id": id, "username": username })))),
        Ok(None) => Err(Failure::new(StatusCode::INSUFFICIENT_STORAGE, "full", "no more users fit")),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(Failure::new(StatusCode::CONFLICT, "taken", "this username is taken"))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /api/login`
pub(super) async fn log_in(
    Shared(state): Shared<Arc<State>>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    Body(Credentials { username, password }): Body<Credentials>,
) -> Result<Json<Value>, Failure> {
    take(&state, &state.log_ins, &address(&headers, &connection)).await?;
    let name = username.clone();
    let known = state.database.read(move |database| {
        let user = "SELECT id, salt, hash FROM users WHERE name = ?1";
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
        };
        database.query_row(user, [name], row).optional()
    });
    let known = known.await?;
    // A name that is not known takes as long as a password that is wrong.
    let salt = known.as_ref().map_or_else(|| state.hasher.salt(&username), |(_, salt, _)| salt.clone());
    let given = hash(&state, password, salt).await?;
    let user = known.filter(|(_, _, hash)| {
        password::equal(hash, &given) || state.setup.fault.is(WRONG_PASSWORD_ACCEPTED)
    });
    let Some((id, ..)) = user else {
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "wrong", "wrong username or password"));
    };
    let opened = state.database.write(move |database| {
        database.execute("INSERT INTO sessions (user) VALUES (?1)", [id])?;
        let session = database.last_insert_rowid();
        let old = "SELECT id FROM sessions WHERE user = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2";
        database.execute(&format!("DELETE FROM sessions WHERE id IN ({old})"), (id, MOST_SESSIONS))?;
        Ok(session)
    });
    let session = opened.await?;
    let token = state.signer.sign(&Claims { user: id, session });
    Ok(Json(json!({ "token": token, "token_type": "bearer", "user_id": id })))
}

/// `POST /api/logout`
pub(super) async fn log_out(Shared(state): Shared<Arc<State>>, user: User) -> Result<Json<Value>, Failure> {
    let close = move |database: &rusqlite::Connection| {
        database.execute("DELETE FROM sessions WHERE id = ?1", [user.session])
    };
    Ok(Json(json!({ "logged_out": state.database.write(close).await? > 0 })))
}

/// `DELETE /api/limits`
pub(super) async fn clear_limits(Shared(state): Shared<Arc<State>>) -> Result<Json<Value>, Failure> {
    state.sign_ups.clear().await?;
    state.log_ins.clear().await?;
    Ok(Json(json!({ "cleared": true })))
}

async fn hash(state: &State, password: String, salt: Vec<u8>) -> Result<password::Hash, Failure> {
    state.hasher.hash(password, salt).await.map_err(|error| Failure::internal(error.to_string()))
}

/// Takes one of what the address may have.
async fn take(state: &State, limit: &Limit, address: &str) -> Result<(), Failure> {
    let Some(wait) = limit.take(address).await? else { return Ok(()) };
    state.refused.fetch_add(1, Ordering::Relaxed);
    if state.setup.fault.is(LIMIT_ANSWERS_500) {
        return Err(Failure::internal("limit exceeded"));
    }
    let refusal = Failure::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too many from this address");
    Err(if state.setup.fault.is(NO_RETRY_AFTER) { refusal } else { refusal.retry_after(retry_after(wait)) })
}

/// Whom a limit goes by: what a proxy says, else the peer.
fn address(headers: &HeaderMap, connection: &Connection) -> String {
    let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let first = forwarded.and_then(|list| list.split(',').next()).map(str::trim);
    match first {
        Some(first) if !first.is_empty() && first.len() <= 64 => first.to_owned(),
        _ => connection.peer().to_string(),
    }
}

impl FromRequestParts<Arc<State>> for User {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, Failure> {
        let unauthorized = |message: &str| Failure::new(StatusCode::UNAUTHORIZED, "unauthorized", message);
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
            if state.setup.fault.is(MISSING_TOKEN_ACCEPTED) {
                return Ok(Self { id: 1, session: 0 });
            }
            return Err(unauthorized("a bearer token is needed"));
        };
        let claims = state.signer.verify(token).ok_or_else(|| unauthorized("the token is not valid"))?;
        let open = state.database.read(move |database| {
            let session = "SELECT 1 FROM sessions WHERE id = ?1 AND user = ?2";
            database.query_row(session, (claims.session, claims.user), |_| Ok(())).optional()
        });
        match open.await? {
            Some(()) => Ok(Self { id: claims.user, session: claims.session }),
            None => Err(unauthorized("the session has ended")),
        }
    }
}
