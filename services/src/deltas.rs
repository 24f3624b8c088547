//! An answer as server-sent events, in the deltas that OpenAI's chat API streams.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::model::{Answer, Progress};

/// An answer that is to be streamed.
#[derive(Debug)]
pub(crate) struct Spoken {
    pub(crate) id: String,
    pub(crate) model: &'static str,
    pub(crate) answer: Arc<Answer>,
    /// How far the model has got; `None` where the whole answer is there already.
    pub(crate) progress: Option<watch::Receiver<Progress>>,
    /// What else is told of the answer: on the chunk that finishes.
    pub(crate) facts: Map<String, Value>,
}

/// Whether a client asks for events.
pub(crate) fn wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}

/// Streams the answer: each piece as soon as the model has said it, all at once where it is there already; `[DONE]` ends
/// the stream. `guard` is held until the stream ends or its client leaves.
pub(crate) fn events(spoken: Spoken, guard: impl Send + 'static) -> Response {
    let Spoken { id, model, answer, mut progress, facts } = spoken;
    let chunk = move |delta: Value, finish: Option<&str>, facts: Option<Map<String, Value>>| {
        let mut chunk = json!({
            "id": id,
            "object": "chat.completion.chunk",
            "model": model,
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        });
        if let (Some(facts), Some(chunk)) = (facts, chunk.as_object_mut()) {
            chunk.extend(facts);
        }
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let stream = async_stream::stream! {
        let _guard = guard;
        yield Ok::<_, Infallible>(chunk(json!({ "role": "assistant", "content": "" }), None, None));
        let mut said = 0;
        while said < answer.pieces.len() {
            let ready = match &mut progress {
                None => answer.pieces.len(),
                Some(progress) => match progress.wait_for(|progress| progress.pieces > said).await {
                    Ok(progress) => progress.pieces,
                    // The service is stopping: the stream ends without its last event, as it should.
                    Err(_) => return,
                },
            };
            for piece in &answer.pieces[said..ready] {
                yield Ok(chunk(json!({ "content": piece }), None, None));
            }
            said = ready;
        }
        // What comes after the last piece (writing the answer down) is part of it.
        if let Some(progress) = &mut progress
            && progress.wait_for(|progress| progress.done).await.is_err()
        {
            return;
        }
        yield Ok(chunk(json!({}), Some("stop"), Some(facts)));
        yield Ok(Bytes::from_static(b"data: [DONE]\n\n"));
    };
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
