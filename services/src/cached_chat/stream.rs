//! An answer as server-sent events, in the deltas that OpenAI's chat API streams.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};

use super::chat::{Active, Reply};

/// Streams the answer: each piece as soon as the model has said it, all at once where it was in the cache. The chunk
/// that finishes carries what else is told of the answer; `[DONE]` ends the stream.
pub(super) fn events(reply: Reply, model: &'static str, active: Active) -> Response {
    let Reply { answer, mut call, facts, id } = reply;
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
        let _active = active;
        yield Ok::<_, Infallible>(chunk(json!({ "role": "assistant", "content": "" }), None, None));
        let mut said = 0;
        while said < answer.pieces.len() {
            let ready = match &mut call {
                None => answer.pieces.len(),
                Some(call) => match call.progress.wait_for(|progress| progress.pieces > said).await {
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
        yield Ok(chunk(json!({}), Some("stop"), Some(facts)));
        yield Ok(Bytes::from_static(b"data: [DONE]\n\n"));
    };
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
