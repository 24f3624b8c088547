//! Streams of server-sent events.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use loadgate_report::model::{FailureKind, Scenario};

use super::plans::{Ask, expression, iterations, predicate, run_flow, run_scenario};
use super::server::{Reply, Server, ok, status};
use crate::engine::canary::Canaries;
use crate::suite::plan::{Stream, Tokens};

fn ask() -> Ask {
    let mut ask = Ask::get("/chat");
    ask.0.stream = Some(Stream {
        content: expression("json.choices[0].delta.content"),
        done: predicate("data == '[DONE]'"),
        tokens: Tokens::Events,
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
    chunk_of(text.as_bytes())
}

fn chunk_of(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
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

/// Five texts of two words each, so far apart, and then what they cost.
fn five(pause: u64) -> Reply {
    let words = [
        delta("one two "),
        delta("three four "),
        delta("five six "),
        delta("seven eight "),
        delta("nine ten"),
    ];
    let usage = "data: {\"usage\": {\"completion_tokens\": 15}}\n\n";
    let mut pieces = vec![(0, HEAD.as_bytes().to_vec()), (60, chunk(&words[0]))];
    pieces.extend(words[1..].iter().map(|text| (pause, chunk(text))));
    pieces.push((0, chunk(&format!("{usage}data: [DONE]\n\n"))));
    pieces.push((0, b"0\r\n\r\n".to_vec()));
    Reply::Drip(pieces)
}

fn of_suite(reply: Reply, step: &str, more: &str) -> Scenario {
    let server = Server::start(move |_| reply.clone());
    run_scenario(
        &server.base,
        &format!(
            "load: {{ users: 2, iterations: 2 }}\n{more}flow: [ {{ name: chat, get: /chat, {step} }} ]\n"
        ),
    )
}

#[test]
fn tokens_are_events_or_words_or_what_the_server_tells() {
    let rates =
        ["true", "{ tokens: events }", "{ tokens: words }", "{ tokens: json.usage.completion_tokens }"].map(
            |stream| {
                let report = of_suite(five(30), &format!("stream: {stream}"), "");
                assert_eq!((report.ok, &report.failures[..]), (4, &[][..]));
                let step = report.step("chat").unwrap();
                // Four gaps of which each is 30 ms or longer, by what really passed.
                step.tokens_per_s.unwrap() * step.itl_ms.as_ref().unwrap().mean.unwrap() / 1000.0
            },
        );
    // Tokens a gap: one event, two words, three of what was told.
    for (rate, expected) in rates.into_iter().zip([1.0, 1.0, 2.0, 3.0]) {
        assert!((rate / expected - 1.0).abs() < 0.02, "{rates:?}");
    }
    let report = of_suite(five(0), "stream: { tokens: json.usage.tokens }", "");
    assert_eq!(report.failed.get(&FailureKind::Check), Some(&4), "{:?}", report.failures);
    assert!(
        report.failures[0].message.contains("`json.usage.tokens` was a number in no event"),
        "{:?}",
        report.failures
    );
}

#[test]
fn an_answer_that_comes_all_at_once_was_not_streamed() {
    let unstreamed = |report: &Scenario| {
        let step = report.step("chat").unwrap();
        (step.streams, step.unstreamed)
    };
    assert_eq!(unstreamed(&of_suite(five(30), "stream: true", "")), (4, 0));
    let mut collected = vec![HEAD.as_bytes().to_vec()];
    let Reply::Drip(pieces) = five(0) else { unreachable!("it drips") };
    collected.push(pieces[1..].iter().flat_map(|(_, bytes)| bytes.clone()).collect());
    let late = Reply::Drip(vec![(0, collected[0].clone()), (60, collected[1].clone())]);
    assert_eq!(unstreamed(&of_suite(late, "stream: true", "")), (4, 4));
    // Long waited for, then told bit by bit: late, but a stream.
    let Reply::Drip(mut pieces) = five(20) else { unreachable!("it drips") };
    pieces[1].0 = 900;
    assert_eq!(unstreamed(&of_suite(Reply::Drip(pieces), "stream: true", "")), (4, 0));
    // Too few events to tell.
    let few = Reply::Drip(vec![
        (30, HEAD.as_bytes().to_vec()),
        (0, chunk(&format!("{}data: [DONE]\n\n", delta("x")))),
        (0, b"0\r\n\r\n".to_vec()),
    ]);
    assert_eq!(unstreamed(&of_suite(few, "stream: true", "")), (0, 0));
}

#[test]
fn a_good_request_keeps_to_all_limits() {
    for (limits, expected) in [
        // First content after 60 ms, then four gaps of 30 ms.
        ("latency: 20s, ttft: 20s, itl: 20s", 1.0),
        ("latency: 150ms", 0.0),
        ("latency: 20s, ttft: 50ms", 0.0),
        ("ttft: 20s, itl: 20ms", 0.0),
    ] {
        let report = of_suite(five(30), &format!("stream: true, goodput: {{ {limits} }}"), "");
        assert_eq!((report.ok, report.goodput), (4, Some(expected)), "{limits}");
        assert_eq!(report.step("chat").unwrap().goodput, Some(expected), "{limits}");
    }
    assert_eq!(of_suite(five(0), "stream: true", "").goodput, None);
}

#[test]
fn failures_are_not_good_and_refusals_do_not_count() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let asked = AtomicU32::new(0);
    let server = Server::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) % 4 {
        0 => Reply::Say(status(429, "busy")),
        1 => Reply::Say(status(500, "broken")),
        _ => Reply::Say(ok("{}")),
    });
    let report = run_scenario(
        &server.base,
        "load: { users: 1, iterations: 12 }\n\
         goodput: { latency: 20s, ttft: 1us }\n\
         flow:\n\
         - { name: own, get: /, refused: status == 429, goodput: { latency: 1us }, on_failure: continue }\n\
         - { name: plain, get: /, refused: status == 429, on_failure: continue }\n",
    );
    // Of every four requests the first is refused and the second fails: `own` has the first and third, `plain` the others.
    let goodput = |name: &str| report.step(name).unwrap().goodput;
    assert_eq!((report.ok, report.refused, report.failed_total()), (12, 6, 6), "{:?}", report.failures);
    assert_eq!((goodput("own"), goodput("plain")), (Some(0.0), Some(0.5)));
    assert_eq!(report.goodput, Some(6.0 / 18.0));
}

/// The pieces as this coding has them, flushed after each, 60 ms apart; `end` ends the packing too.
fn packed(coding: &str, texts: &[&str], end: bool) -> Reply {
    let mut packed = match coding {
        "gzip" => {
            let gzip = GzEncoder::new(Vec::new(), Compression::default());
            flushed(gzip, texts, |gzip| std::mem::take(gzip.get_mut()), |gzip| gzip.finish().unwrap())
        }
        "zstd" => {
            let zstd = zstd::Encoder::new(Vec::new(), 0).unwrap();
            flushed(zstd, texts, |zstd| std::mem::take(zstd.get_mut()), |zstd| zstd.finish().unwrap())
        }
        other => panic!("nothing here packs as {other}"),
    };
    let last = packed.pop().filter(|_| end);
    let head = HEAD.replace("\r\n\r\n", &format!("\r\ncontent-encoding: {coding}\r\n\r\n"));
    let mut pieces = vec![(0, head.into_bytes())];
    pieces.extend(packed.iter().map(|piece| (60, chunk_of(piece))));
    pieces.extend(last.map(|piece| (0, chunk_of(&piece))));
    pieces.push((0, b"0\r\n\r\n".to_vec()));
    Reply::Drip(pieces)
}

/// What each text becomes, and last what ends the packing.
fn flushed<E: Write>(
    mut encoder: E,
    texts: &[&str],
    take: impl Fn(&mut E) -> Vec<u8>,
    finish: impl FnOnce(E) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    for text in texts {
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.flush().unwrap();
        pieces.push(take(&mut encoder));
    }
    pieces.push(finish(encoder));
    pieces
}

#[test]
fn a_compressed_stream_has_the_times_of_its_flushes() {
    for (coding, name) in [("gzip", "(Gzip)"), ("zstd", "(Zstd)")] {
        let texts = [ROLE, &delta("Hel"), &delta("lo"), &delta("!"), "data: [DONE]\n\n"];
        let report = run(packed(coding, &texts, true), ask().check("text == 'Hello!'"), 2);
        assert_eq!((report.ok, &report.failures[..]), (2, &[][..]), "{coding}");
        let step = &report.steps[0];
        let (ttft, itl) = (step.ttft_ms.as_ref().unwrap(), step.itl_ms.as_ref().unwrap());
        assert_eq!((ttft.count, itl.count), (2, 4), "{coding}");
        assert!(ttft.min.unwrap() >= 115.0, "{coding}: the second piece is the first token: {ttft:?}");
        assert!(itl.max.unwrap() >= 55.0, "{coding}: tokens come one by one: {itl:?}");
        assert!(step.latency_ms.min.unwrap() >= ttft.min.unwrap() + 55.0, "{coding}");

        // What was unpacked is what is searched.
        let foreign = Canaries::new(1).token(1);
        let texts = [&delta(&foreign[..5]), &delta(&foreign[5..]), "data: [DONE]\n\n"];
        let reply = packed(coding, &texts, true);
        let server = Server::start(move |_| reply.clone());
        let report = run_flow(&server.base, iterations(2, 1), vec![ask().step()]);
        let searched = (report.ok, report.failed.get(&FailureKind::CrossTalk));
        assert_eq!(searched, (1, Some(&1)), "{coding}");

        let done = "data: [DONE]\n\n";
        for (texts, end, kind, words) in [
            (&[&delta("x")[..]][..], true, FailureKind::Truncated, "without its last event"),
            (&[done], false, FailureKind::Protocol, name),
        ] {
            let report = run(packed(coding, texts, end), ask(), 1);
            assert_eq!(report.failed.get(&kind), Some(&1), "{coding}: {:?}", report.failures);
            assert!(report.failures[0].message.contains(words), "{coding}: {:?}", report.failures);
        }
    }
}

#[test]
fn a_stream_that_is_not_what_its_coding_says_fails_by_name() {
    for (coding, words) in
        [("zstd", "cannot be unpacked (Zstd)"), ("compress", "a content-encoding (Unknown) that cannot")]
    {
        let coding = format!("\r\ncontent-encoding: {coding}\r\n\r\n");
        let plain = format!("{}{}0\r\n\r\n", HEAD.replace("\r\n\r\n", &coding), {
            String::from_utf8(chunk("data: [DONE]\n\n")).unwrap()
        });
        let report = run(Reply::Say(plain.into_bytes()), ask(), 1);
        assert_eq!(report.failed.get(&FailureKind::Protocol), Some(&1), "{:?}", report.failures);
        assert!(report.failures[0].message.contains(words), "{:?}", report.failures);
    }
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
