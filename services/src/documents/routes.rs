//! Uploading, listing, removing and querying documents; health.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::extract::{Multipart, Path, Request, State as Shared};
use axum::middleware::Next;
use axum::response::Response;
use axum::{Extension, Json};
use http::StatusCode;
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::accounts::User;
use super::library::{Index, SEARCHED, passages};
use super::{ANSWER, CRASH_UNDER_200, CROWD, LARGEST, SCAN, State, UPLOAD_BLOCKS_QUERIES};
use crate::host::Connection;
use crate::reply::{Body, Failure};

/// Documents that a user may have; one more removes the oldest.
const MOST_DOCUMENTS: i64 = 10;

#[derive(Debug, Deserialize)]
pub(super) struct Question {
    question: String,
}

/// What has arrived of a file.
struct Arrived {
    name: String,
    bytes: usize,
    sha256: String,
    /// The beginning of it.
    text: String,
}

/// Counts requests under way.
pub(super) async fn count(
    Shared(state): Shared<Arc<State>>,
    Extension(connection): Extension<Connection>,
    request: Request,
    next: Next,
) -> Response {
    if state.setup.fault.is(CRASH_UNDER_200) {
        let there = state.crowd.join(&state.setup.host, &connection);
        if there >= CROWD {
            state.setup.host.crash(format!("out of file descriptors with {there} connections")).await;
        }
    }
    struct Active<'a>(&'a State);
    impl Drop for Active<'_> {
        fn drop(&mut self) {
            self.0.active.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let active = state.active.fetch_add(1, Ordering::Relaxed) + 1;
    let _active = Active(&state);
    state.peak.fetch_max(active, Ordering::Relaxed);
    next.run(request).await
}

/// `POST /api/documents`
pub(super) async fn upload(
    Shared(state): Shared<Arc<State>>,
    user: User,
    mut form: Multipart,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let blocking = state.setup.fault.is(UPLOAD_BLOCKS_QUERIES);
    let _alone = if blocking { Some(state.shelf.write().await) } else { None };
    let Arrived { name, bytes, sha256, text } = receive(&mut form).await?;
    let pace = &state.setup.pace;
    pace.until(Instant::now() + pace.latency(SCAN).mul_f64(bytes as f64 / f64::from(1 << 20))).await;
    let passages = pace.work(move || passages(&text)).await;
    let answer = json!({ "name": name, "bytes": bytes, "sha256": sha256, "passages": passages.len() });
    let written = state.database.write(move |database| {
        database.execute(
            "INSERT INTO documents (user, name, bytes, sha256) VALUES (?1, ?2, ?3, ?4)",
            (user.id, name, i64::try_from(bytes).unwrap_or(i64::MAX), sha256),
        )?;
        let document = database.last_insert_rowid();
        let mut insert = database.prepare("INSERT INTO passages (document, text) VALUES (?1, ?2)")?;
        for passage in passages {
            insert.execute((document, passage))?;
        }
        let old = "SELECT id FROM documents WHERE user = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2";
        database.execute(&format!("DELETE FROM documents WHERE id IN ({old})"), (user.id, MOST_DOCUMENTS))?;
        Ok(document)
    });
    let document = written.await?;
    state.library.forget(user.id);
    let mut answer = answer;
    answer["document_id"] = document.into();
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Reads the part `file` as it comes; no more than its beginning is kept.
async fn receive(form: &mut Multipart) -> Result<Arrived, Failure> {
    let bad = |error: axum::extract::multipart::MultipartError| {
        Failure::new(error.status(), "bad_upload", error.body_text())
    };
    while let Some(mut field) = form.next_field().await.map_err(bad)? {
        if field.name() != Some("file") {
            continue;
        }
        let name = field.file_name().unwrap_or("unnamed").chars().take(200).collect();
        let (mut bytes, mut hash, mut start) = (0, Sha256::new(), Vec::new());
        while let Some(chunk) = field.chunk().await.map_err(bad)? {
            bytes += chunk.len();
            if bytes > LARGEST {
                return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "16 MiB at most"));
            }
            hash.update(&chunk);
            let room = SEARCHED - start.len();
            start.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        return Ok(Arrived { name, bytes, sha256, text: String::from_utf8_lossy(&start).into_owned() });
    }
    Err(Failure::unprocessable("the form has no part named file"))
}

/// `GET /api/documents`
pub(super) async fn list(Shared(state): Shared<Arc<State>>, user: User) -> Result<Json<Value>, Failure> {
    let documents = state.database.read(move |database| {
        let mut query =
            database.prepare("SELECT id, name, bytes, sha256 FROM documents WHERE user = ?1 ORDER BY id")?;
        let rows = query.query_map([user.id], |row| {
            Ok(json!({
                "document_id": row.get::<_, i64>(0)?,
                "name": row.get::<_, String>(1)?,
                "bytes": row.get::<_, i64>(2)?,
                "sha256": row.get::<_, String>(3)?,
            }))
        })?;
        rows.collect::<rusqlite::Result<Vec<Value>>>()
    });
    Ok(Json(json!({ "documents": documents.await? })))
}

/// `DELETE /api/documents/{id}`
pub(super) async fn remove(
    Shared(state): Shared<Arc<State>>,
    user: User,
    Path(document): Path<i64>,
) -> Result<Json<Value>, Failure> {
    let removed = state.database.write(move |database| {
        database.execute("DELETE FROM documents WHERE id = ?1 AND user = ?2", (document, user.id))
    });
    if removed.await? == 0 {
        return Err(Failure::new(StatusCode::NOT_FOUND, "unknown", "there is no such document"));
    }
    state.library.forget(user.id);
    Ok(Json(json!({ "removed": document })))
}

/// `POST /api/query`
pub(super) async fn query(
    Shared(state): Shared<Arc<State>>,
    user: User,
    Body(Question { question }): Body<Question>,
) -> Result<Json<Value>, Failure> {
    if question.trim().is_empty() || question.len() > 2_000 {
        return Err(Failure::unprocessable("question must hold text, 2000 bytes at most"));
    }
    let _shelf =
        if state.setup.fault.is(UPLOAD_BLOCKS_QUERIES) { Some(state.shelf.read().await) } else { None };
    let pace = &state.setup.pace;
    let due = Instant::now() + pace.draw(ANSWER, question.as_bytes());
    let index = index(&state, user.id).await?;
    let found = pace.work(move || index.search(&question, 3)).await;
    let passages = state.database.read(move |database| {
        let mut query = database.prepare(
            "SELECT documents.id, documents.name, passages.text FROM passages
             JOIN documents ON documents.id = passages.document WHERE passages.id = ?1 AND documents.user = ?2",
        )?;
        let mut passages = Vec::new();
        for (id, score) in found {
            let passage = query
                .query_row((id, user.id), |row| {
                    Ok(json!({
                        "document_id": row.get::<_, i64>(0)?,
                        "name": row.get::<_, String>(1)?,
                        "text": row.get::<_, String>(2)?,
                        "score": score,
                    }))
                })
                .optional()?;
            passages.extend(passage);
        }
        Ok(passages)
    });
    let passages = passages.await?;
    let answer = match passages.first() {
        Some(best) => format!("From {}: {}", best["name"].as_str().unwrap_or_default(), best["text"]),
        None => "Nothing that was uploaded speaks of this.".to_owned(),
    };
    pace.until(due).await;
    Ok(Json(json!({ "answer": answer, "passages": passages })))
}

/// The user's index: the one that is kept, or a new one.
async fn index(state: &State, user: i64) -> Result<Arc<Index>, Failure> {
    if let Some(index) = state.library.get(user) {
        return Ok(index);
    }
    let forgotten = state.library.forgotten();
    let passages = state.database.read(move |database| {
        let mut query = database.prepare(
            "SELECT passages.id, text FROM passages JOIN documents ON documents.id = document WHERE user = ?1",
        )?;
        query.query_map([user], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<Vec<_>>>()
    });
    let passages = passages.await?;
    let index = Arc::new(state.setup.pace.work(move || Index::new(passages)).await);
    state.library.put(user, Arc::clone(&index), forgotten);
    Ok(index)
}

/// `GET /health`
pub(super) async fn health(Shared(state): Shared<Arc<State>>) -> Result<Json<Value>, Failure> {
    let rows = state.database.read(|database| {
        let count = |table: &str| {
            database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
        };
        Ok((count("users")?, count("sessions")?, count("documents")?))
    });
    let (users, sessions, documents) = rows.await?;
    Ok(Json(json!({
        "status": "ok",
        "service": "documents",
        "uptime_s": state.started.elapsed().as_secs_f64(),
        "active": state.active.load(Ordering::Relaxed),
        "peak_active": state.peak.load(Ordering::Relaxed),
        "users": users,
        "sessions": sessions,
        "documents": documents,
        "refused": state.refused.load(Ordering::Relaxed),
        "store": state.store,
    })))
}
