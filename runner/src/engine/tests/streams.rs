//! Streams of server-sent events.

use loadgate_report::model::{FailureKind, Scenario};

use super::plans::{Ask, expression, iterations, predicate, run_flow};
use super::server::{Reply, Server, ok, status};
use crate::engine::canary::Canaries;
use crate::suite::plan::Stream;

fn ask() -> Ask {
    let mut ask = Ask::get("/chat");
    ask.0.stream = Some(Stream {
        content: expression("json.choices[0].delta.content"),
        done: predicate("data == '[DONE]'"),
    });
    ask
}

fn delta(content: &str) -> String {
    format!("data: {{\"choices\": [{{\"delta\": {{\"content\": \"{content}\"}}}}]}}\n\n")
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
const ROLE: &str = "data: {\"choices\": [{\"delta\": {\"role\": \"assistant\"}}]}\n\n";

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

/// A stream of these texts, 20 ms apart, chunked.
fn streaming(texts: &[&str], end: &str) -> Reply {
    let mut pieces = vec![(0, HEAD.as_bytes().to_vec())];
    pieces.extend(texts.iter().map(|text| (20, chunk(text))));
    pieces.push((0, end.as_bytes().to_vec()));
    Reply::Drip(pieces)
}

fn run(reply: Reply, ask: Ask, times: u32) -> Scenario {
    let server = Server::start(move |_| reply.clone());
    run_flow(&server.base, iterations(1, times), vec![ask.step()])
}

#[test]
fn tokens_are_timed_and_joined() {
    let texts =
        [ROLE, ": ping\n\n", &delta("Hel"), &delta("lo"), &delta(""), &delta("!"), "data: [DONE]\n\n"];
    let report = run(streaming(&texts, "0\r\n\r\n"), ask().check("text == 'Hello!'"), 2);
    assert_eq!((report.ok, &report.failures[..]), (2, &[][..]));
    let step = &report.steps[0];
    let (ttft, itl) = (step.ttft_ms.as_ref().unwrap(), step.itl_ms.as_ref().unwrap());
    assert_eq!((ttft.count, itl.count), (2, 4), "role-only chunks, comments and empty deltas are no tokens");
    assert!(ttft.min.unwrap() >= 55.0, "the third piece is the first token: {ttft:?}");
    assert!(step.latency_ms.min.unwrap() >= ttft.min.unwrap() + 75.0);
    let rate = step.tokens_per_s.unwrap();
    assert!((1.0..=40.0).contains(&rate), "two gaps in at least 60 ms: {rate}");
}

#[test]
fn a_stream_without_its_last_event_is_truncated() {
    for (texts, end) in [(vec![delta("Hel"), delta("lo")], "0\r\n\r\n"), (vec![ROLE.to_owned()], "0\r\n\r\n")]
    {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let report = run(streaming(&texts, end), ask(), 1);
        assert_eq!(report.failed.get(&FailureKind::Truncated), Some(&1), "{:?}", report.failures);
        assert!(report.failures[0].message.contains("[DONE]"), "{:?}", report.failures);
        assert_eq!(report.steps[0].ttft_ms, None);
    }
}

#[test]
fn a_stream_may_end_with_its_connection_or_long_after_its_last_event() {
    let done = format!("{}data: [DONE]\n\n", delta("x"));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let report = run(Reply::SayAndClose(format!("{head}{done}").into_bytes()), ask(), 2);
    assert_eq!((report.ok, &report.failures[..]), (2, &[][..]));
    // The server leaves the connection open after the last event: the stream is over all the same.
    let report = run(streaming(&[&done], ""), ask(), 2);
    assert_eq!((report.ok, &report.failures[..]), (2, &[][..]));
    assert!(report.latency_ms.max.unwrap() < 900.0, "{:?}", report.latency_ms.max);
}

#[test]
fn what_is_no_stream_is_judged_by_its_status() {
    let report = run(Reply::Say(ok("{}")), ask(), 1);
    assert_eq!(report.failed.get(&FailureKind::Protocol), Some(&1), "{:?}", report.failures);
    let report = run(Reply::Say(status(503, "busy")), ask(), 1);
    assert_eq!(report.failed.get(&FailureKind::Status5xx), Some(&1));
    let report = run(Reply::Say(status(429, "busy")), ask().refused("status == 429"), 1);
    assert_eq!(report.refused, 1);
}

#[test]
fn a_canary_cut_across_events_is_found() {
    let foreign = Canaries::new(1).token(1);
    let texts = [delta(&foreign[..5]), delta(&foreign[5..]), "data: [DONE]\n\n".to_owned()];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let reply = streaming(&texts, "0\r\n\r\n");
    let server = Server::start(move |_| reply.clone());
    let report = run_flow(&server.base, iterations(2, 1), vec![ask().step()]);
    // It is user 2's own, and foreign to user 1.
    assert_eq!((report.ok, report.failed.get(&FailureKind::CrossTalk)), (1, Some(&1)));
    assert!(report.failures[0].message.contains("in the streamed text"), "{:?}", report.failures);
}
