//! WebSockets against servers on loopback, from the suite's text to the figures.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::{Request, Response};
use loadgate_report::model::FailureKind::{self, *};
use loadgate_report::model::Scenario;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::plans::{run_scenario, run_scenario_at};
use super::server::{Reply, Server, ok, status};
use crate::engine::Reach;
use crate::suite::plan::Trust;

type Peer = WebSocketStream<TcpStream>;

/// Starts a server that does this with each socket and the path under which it was opened; it ends with the test process.
fn start<F: Future<Output = ()> + Send>(
    handle: impl Fn(Peer, String) -> F + Send + Sync + 'static,
) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    let handle = Arc::new(handle);
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let handle = handle.clone();
                // A future that need not live for ever cannot be spawned, so each socket has a thread.
                std::thread::spawn(move || {
                    let stream = stream.into_std().unwrap();
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        let stream = TcpStream::from_std(stream).unwrap();
                        let mut path = String::new();
                        #[expect(clippy::result_large_err, reason = "the handshake's own type")]
                        let note = |request: &Request<()>, response: Response<()>| {
                            path = request.uri().to_string();
                            Ok(response)
                        };
                        if let Ok(peer) = tokio_tungstenite::accept_hdr_async(stream, note).await {
                            handle(peer, path).await;
                        }
                    });
                });
            }
        });
    });
    base
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Answers every message with itself, until the other side closes; gives what closed it.
async fn echo(mut peer: Peer) -> Option<Message> {
    while let Some(Ok(message)) = peer.next().await {
        if message.is_close() {
            // The answer to it leaves with the next poll.
            let _ = peer.next().await;
            return Some(message);
        }
        if message.is_text() || message.is_binary() {
            peer.send(message).await.ok()?;
        }
    }
    None
}

async fn say(peer: &mut Peer, text: &str) {
    // The client may have gone; what matters is what it says of that.
    let _ = peer.send(Message::text(text)).await;
}

/// Reads until the other side goes.
async fn stay(mut peer: Peer) {
    while let Some(Ok(_)) = peer.next().await {}
}

fn failed(report: &Scenario) -> Vec<(FailureKind, u64)> {
    report.failed.iter().map(|(kind, n)| (*kind, *n)).collect()
}

#[track_caller]
fn check_failed(report: &Scenario, kind: FailureKind, words: &str) {
    assert_eq!(failed(report), [(kind, 1)], "{:?}", report.failures);
    let message = &report.failures[0].message;
    assert!(message.contains(words), "{message:?} does not say {words:?}");
}

#[test]
fn what_is_sent_comes_back_and_has_its_figures() {
    let seen = Arc::new(Mutex::new((Vec::new(), 0)));
    let log = seen.clone();
    let base = start(move |peer, path| {
        let log = log.clone();
        async move {
            log.lock().unwrap().0.push(path);
            let closed = echo(peer).await.is_some_and(|message| message.is_close());
            log.lock().unwrap().1 += u64::from(closed);
        }
    });
    let report = run_scenario(
        &format!("{base}/api"),
        "load: { users: 3, iterations: 2 }\n\
         flow:\n\
         - { name: open, connect: /echo, query: { user: '{{ user.id }}' }, check: headers.upgrade == 'websocket', capture: { up: status } }\n\
         - { name: say, send: 'I am {{ user.id }}, {{ up }}' }\n\
         - { name: hear, await: true, check: \"text == 'I am ' ~ user.id ~ ', 101'\", capture: { heard: text } }\n\
         - send: { json: { n: '{{ user.index }}', list: [ 1, '{{ heard }}' ] } }\n\
         - { name: json, await: json.n == user.index, check: 'json.list[1] == heard', count: { first: json.n == 0 } }\n\
         - send: { base64: 'AAEC' }\n\
         - { await: event == 'binary', check: size == 3 }\n\
         - send: { size: 70KB }\n\
         - { await: event == 'binary', check: size == 70000 }\n\
         - { name: bye, close: socket }\n",
    );
    assert_eq!(report.failures, []);
    // To open and to hear are requests of the load; to send and to close are not.
    assert_eq!((report.ok, report.requests, report.iterations), (30, 30, 6));
    assert_eq!(report.latency_ms.count, 30);
    for user in &report.users {
        assert_eq!((user.ok, user.refused, user.failed), (10, 0, 0), "{user:?}");
    }
    assert_eq!((report.users.len(), report.series.ok.iter().sum::<u64>()), (3, 30));
    let step = |name: &str| report.step(name).unwrap();
    for name in ["open", "say", "hear", "json", "bye"] {
        assert_eq!((step(name).ok, step(name).latency_ms.count), (6, 6), "{name}");
    }
    assert_eq!(step("open").statuses.get(&101), Some(&6));
    assert_eq!(step("open").request, "connect /echo");
    assert_eq!((report.counters[0].yes, report.counters[0].no), (2, 4));
    // Whoever waits for the closing handshake may have it before the server's side has taken note.
    let begun = std::time::Instant::now();
    while seen.lock().unwrap().1 < 6 && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let (mut paths, closed) = std::mem::take(&mut *seen.lock().unwrap());
    paths.sort();
    assert_eq!((paths.len(), closed), (6, 6));
    assert_eq!(paths[0], "/api/echo?user=user-1");
}

#[test]
fn tokens_are_timed_and_joined() {
    let base = start(|mut peer, _| async move {
        while let Some(Ok(Message::Text(_))) = peer.next().await {
            say(&mut peer, r#"{"type":"role"}"#).await;
            for (ms, delta) in [(60, "Hel"), (30, "lo"), (0, ""), (30, "!")] {
                pause(ms).await;
                say(&mut peer, &format!(r#"{{"delta":"{delta}"}}"#)).await;
            }
            pause(20).await;
            say(&mut peer, r#"{"type":"end","usage":3}"#).await;
        }
    });
    let report = run_scenario(
        &base,
        "load: { users: 2, iterations: 1 }\n\
         flow:\n\
         - connect: /\n\
         - repeat: 2\n\
         \x20 steps:\n\
         \x20   - send: ask\n\
         \x20   - { name: answer, await: json.type == 'end', content: json.delta, tokens: json.usage, goodput: { ttft: 10s, itl: 10ms }, check: [ \"text == 'Hello!'\", json.usage == 3 ], capture: { said: text } }\n\
         - { name: same, send: '{{ said }}' }\n",
    );
    assert_eq!((report.ok, &report.failures[..]), (6, &[][..]));
    let step = report.step("answer").unwrap();
    let (ttft, itl) = (step.ttft_ms.as_ref().unwrap(), step.itl_ms.as_ref().unwrap());
    assert_eq!((ttft.count, itl.count), (4, 8), "a message without content is no token");
    assert!(ttft.min.unwrap() >= 59.0, "{ttft:?}");
    assert!(itl.min.unwrap() >= 25.0, "{itl:?}");
    assert!(step.latency_ms.min.unwrap() >= ttft.min.unwrap() + 75.0);
    // Three tokens are told, and they come in three messages.
    assert!((1.0..=35.0).contains(&step.tokens_per_s.unwrap()), "{:?}", step.tokens_per_s);
    assert_eq!((step.goodput, report.goodput, step.streams), (Some(0.0), Some(0.0), 0));
}

#[test]
fn an_answer_has_the_latency_that_it_had_whenever_the_step_looks() {
    let base = start(|mut peer, _| async move {
        peer.next().await;
        pause(60).await;
        say(&mut peer, "answer").await;
        stay(peer).await;
    });
    let report = run_scenario(
        &base,
        "load: { users: 1, iterations: 1 }\n\
         flow:\n\
         - connect: /\n\
         - send: ask\n\
         - think: 700ms\n\
         - { name: answer, await: text == 'answer' }\n",
    );
    let latency = report.step("answer").unwrap().latency_ms.max.unwrap();
    assert!((59.0..650.0).contains(&latency), "it came after 60 ms, and was looked at after 700: {latency}");
}

#[test]
fn wrong_answers_and_those_that_are_refused() {
    let base = start(|mut peer, path| async move {
        while let Some(Ok(Message::Text(_))) = peer.next().await {
            say(&mut peer, r#"{"type":"hint"}"#).await;
            let busy = path == "/busy";
            say(&mut peer, if busy { r#"{"type":"busy"}"# } else { r#"{"type":"answer","n":41}"# }).await;
        }
    });
    let flow = |path: &str, step: &str| {
        let text = format!(
            "load: {{ users: 1, iterations: 1 }}\nflow:\n- connect: {path}\n- send: ask\n- {{ name: answer, await: json.type == 'answer', {step} }}\n- {{ name: next, send: more }}\n"
        );
        run_scenario(&base, &text)
    };
    let report = flow("/", "check: json.n == 42");
    check_failed(
        &report,
        Check,
        "`json.n == 42` does not hold: message \"{\\\"type\\\":\\\"answer\\\",\\\"n\\\":41}\"",
    );
    assert_eq!((report.step("next").unwrap().ok, report.iterations), (0, 0), "a failure ends the flow");
    let report = flow("/", "check: json.n == 42, on_failure: continue");
    assert_eq!((report.step("next").unwrap().ok, report.failed_total()), (1, 1));
    check_failed(&flow("/", "capture: { id: json.id }"), Check, "capture `id`");
    let report = flow("/busy", "refused: json.type == 'busy'");
    assert_eq!((report.refused, report.failed_total(), report.ok), (1, 0, 1), "{:?}", report.failures);
    assert_eq!(report.step("answer").unwrap().latency_ms.count, 0);
    check_failed(
        &flow("/busy", "timeout: 60ms"),
        Timeout,
        "no message for which `json.type == 'answer'` holds within 60ms, after 2 others",
    );
}

#[test]
fn sockets_that_end_early_are_told_apart() {
    let base = start(|mut peer, path| async move {
        let _ = peer.next().await;
        match path.as_str() {
            "/closed" => {
                let frame = CloseFrame { code: 1013.into(), reason: "come back later".into() };
                let _ = peer.close(Some(frame)).await;
                stay(peer).await;
            }
            "/cut" => drop(peer),
            "/stream" => {
                say(&mut peer, r#"{"delta":"a"}"#).await;
                pause(30).await;
            }
            "/reset" => {
                say(&mut peer, r#"{"delta":"a"}"#).await;
                pause(30).await;
                peer.get_ref().set_zero_linger().unwrap();
            }
            "/garbage" => {
                // Reserved bits that nobody has agreed on.
                peer.get_mut().write_all(&[0xff, 0x01, 0x00]).await.unwrap();
                stay(peer).await;
            }
            _ => {
                // No UTF-8 in a text message.
                peer.get_mut().write_all(&[0x81, 0x01, 0xff]).await.unwrap();
                stay(peer).await;
            }
        }
    });
    for (path, kind, words) in [
        (
            "/closed",
            Truncated,
            "the server closed the socket (code 1013, \"come back later\") before a message",
        ),
        ("/cut", Reset, "the connection ended without the closing handshake before a message"),
        ("/stream", Truncated, "after 1 others, 1 of them with content"),
        ("/reset", Reset, "connection lost"),
        ("/garbage", Protocol, "not a WebSocket"),
        ("/text", Protocol, "UTF-8"),
    ] {
        let report = run_scenario(
            &base,
            &format!(
                "load: {{ users: 1, iterations: 1 }}\nflow:\n- connect: {path}\n- send: ask\n- {{ await: json.type == 'end', content: json.delta }}\n"
            ),
        );
        check_failed(&report, kind, words);
        assert_eq!((report.ok, report.latency_ms.count), (1, 1), "{path}: only the handshake was ok");
        assert_eq!(report.steps[2].ttft_ms, None);
    }
    // Whoever sends later is told too, and to close what is closed is no mistake.
    let report = run_scenario(
        &base,
        "load: { users: 1, iterations: 1 }\nflow:\n- connect: /closed\n- send: ask\n- think: 150ms\n- { name: more, send: more, on_failure: continue }\n- { name: bye, close: socket }\n- { name: late, close: socket }\n",
    );
    assert_eq!(failed(&report), [(Check, 1), (Truncated, 1)], "{:?}", report.failures);
    assert_eq!((report.step("bye").unwrap().ok, report.step("more").unwrap().ok), (1, 0));
    assert!(report.failures.iter().any(|f| f.step == "late" && f.message.contains("`socket` is not open")));
}

#[test]
fn time_outs_count_as_long_as_they_were() {
    let base = start(|mut peer, path| async move {
        peer.next().await;
        if path == "/late" {
            pause(250).await;
            say(&mut peer, "answer").await;
        }
        // Says nothing, and does not answer the closing handshake either.
        pause(20_000).await;
    });
    let report = run_scenario(
        &base,
        "load: { users: 1, iterations: 1 }\nflow:\n- connect: /never\n- send: ask\n- { name: answer, await: true, timeout: 80ms, on_failure: continue }\n- { name: bye, close: socket, timeout: 50ms }\n",
    );
    assert_eq!(failed(&report), [(Timeout, 2)], "{:?}", report.failures);
    let step = report.step("answer").unwrap();
    assert_eq!((step.latency_ms.count, step.latency_ms.max.map(f64::round)), (1, Some(80.0)));
    assert!(report.failures.iter().any(|f| f.message.contains("did not close the socket within 50ms")));
    // It is there when the step looks, but came too late.
    let report = run_scenario(
        &base,
        "load: { users: 1, iterations: 1 }\nflow:\n- connect: /late\n- send: ask\n- think: 600ms\n- { name: answer, await: true, timeout: 100ms }\n",
    );
    assert_eq!(failed(&report), [(Timeout, 1)], "{:?}", report.failures);
    assert_eq!(report.step("answer").unwrap().latency_ms.max.map(f64::round), Some(100.0));
}

/// A server that gives each message to the socket that spoke before, in pieces of this size.
fn mixing_up(piece: usize) -> String {
    let last = Arc::new(Mutex::new(None::<String>));
    start(move |mut peer, path| {
        let last = last.clone();
        async move {
            while let Some(Ok(Message::Text(text))) = peer.next().await {
                let own = text.to_string();
                let before = last.lock().unwrap().replace(own.clone()).unwrap_or(own);
                for piece in before.as_bytes().chunks(piece) {
                    say(&mut peer, &format!("{{\"part\":\"{}\"}}", String::from_utf8_lossy(piece))).await;
                }
                if path != "/silent" {
                    say(&mut peer, "{\"end\":true}").await;
                }
                say(&mut peer, "{\"really\":true}").await;
            }
        }
    })
}

#[test]
fn a_server_that_mixes_users_up_is_caught() {
    for (piece, place) in [(100, "in a message"), (5, "in the streamed text")] {
        let base = mixing_up(piece);
        let report = run_scenario(
            &base,
            "load: { users: 4, iterations: 1 }\nflow:\n- connect: /\n- send: '{{ canary }}'\n- { name: answer, await: json.end, content: json.part }\n",
        );
        let step = report.step("answer").unwrap();
        assert_eq!((step.ok, step.failed.get(&CrossTalk)), (1, Some(&3)), "{:?}", report.failures);
        let sample = &report.failures[0];
        assert!(sample.message.contains(place), "{}", sample.message);
        assert!(sample.foreign_user.is_some() && sample.foreign_user.as_deref() != Some(&*sample.user));
    }
    // Nobody awaits the piece that is wrong; it is found all the same, when the socket is left and when it is closed.
    for close in ["", "- { name: bye, close: socket }\n"] {
        let base = mixing_up(100);
        let report = run_scenario(
            &base,
            &format!(
                "load: {{ users: 3, iterations: 1 }}\nflow:\n- {{ name: open, connect: /silent }}\n- send: '{{{{ canary }}}}'\n- think: 1200ms\n{close}"
            ),
        );
        let step = report.step(if close.is_empty() { "open" } else { "bye" }).unwrap();
        assert_eq!(step.failed.get(&CrossTalk), Some(&2), "{:?}", report.failures);
        // The server leaves without the closing handshake, which may be noticed first.
        let sample = report.failures.iter().find(|sample| sample.kind == CrossTalk).unwrap();
        assert!(sample.message.contains("in a message that no step awaits"), "{}", sample.message);
    }
    let base = mixing_up(100);
    let report = run_scenario(
        &base,
        "canary_scan: false\nload: { users: 4, iterations: 1 }\nflow:\n- connect: /\n- send: '{{ canary }}'\n- { await: json.end, content: json.part }\n",
    );
    assert_eq!((report.ok, report.failed_total()), (8, 0), "{:?}", report.failures);
}

#[test]
fn handshakes_that_do_not_switch_protocols() {
    let server = Server::start(|heard| {
        let path = heard.line.split(' ').nth(1).unwrap();
        Reply::Say(match path {
            "/busy" => status(429, r#"{"code":"limit"}"#),
            "/down" => status(503, "down"),
            "/forbidden" => status(403, ""),
            "/page" => ok("a page"),
            "/other" => b"HTTP/1.1 101 X\r\nupgrade: h2c\r\n\r\n".to_vec(),
            "/wrong" => b"HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: AAAA\r\n\r\n".to_vec(),
            _ => b"SSH-2.0\r\n\r\n".to_vec(),
        })
    });
    let flow = |base: &str, step: &str| {
        run_scenario(
            base,
            &format!(
                "load: {{ users: 1, iterations: 1 }}\nflow:\n- {{ name: open, {step} }}\n- {{ name: next, send: x }}\n"
            ),
        )
    };
    let report = flow(&server.base, "connect: /busy, refused: status == 429 and json.code == 'limit'");
    assert_eq!((report.refused, report.failed_total()), (1, 0), "{:?}", report.failures);
    assert_eq!(report.steps[0].statuses.get(&429), Some(&1));
    check_failed(&flow(&server.base, "connect: /busy"), Status4xx, "status 429");
    check_failed(&flow(&server.base, "connect: /down, refused: status == 429"), Status5xx, "down");
    check_failed(&flow(&server.base, "connect: /page"), Protocol, "status 200 instead of 101");
    check_failed(&flow(&server.base, "connect: /other"), Protocol, "no WebSocket");
    check_failed(&flow(&server.base, "connect: /wrong"), Protocol, "sec-websocket-accept");
    check_failed(&flow(&server.base, "connect: /ssh"), Protocol, "SSH-2.0");
    // What a check asks for is ok, but opens nothing.
    let report = flow(&server.base, "connect: /forbidden, check: status == 403");
    assert_eq!(report.step("open").unwrap().ok, 1);
    check_failed(&report, Check, "`socket` is not open");
    let heard = &server.heard()[0];
    for line in
        ["connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: "]
    {
        assert!(heard.head.contains(line), "{}", heard.head);
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    check_failed(&flow(&nobody, "connect: /"), Connect, "127.0.0.1");
    let silent = Server::start(|_| Reply::Silence);
    check_failed(
        &flow(&silent.base, "connect: /, timeout: 60ms"),
        Timeout,
        "no answer to the handshake within 60ms",
    );
}

#[test]
fn a_socket_lives_as_long_as_the_iteration_unless_it_is_kept() {
    for (keep, connections) in [("false", 6), ("true", 2)] {
        let opened = Arc::new(Mutex::new((0, 0)));
        let log = opened.clone();
        let base = start(move |peer, _| {
            let log = log.clone();
            async move {
                log.lock().unwrap().0 += 1;
                let closed = echo(peer).await.is_some();
                log.lock().unwrap().1 += u32::from(closed);
            }
        });
        let report = run_scenario(
            &base,
            &format!(
                "load: {{ users: 2, iterations: 3 }}\nflow:\n- {{ name: open, connect: /, socket: line, keep: {keep} }}\n- {{ send: '{{{{ user.id }}}}', socket: line }}\n- {{ await: text == user.id, socket: line }}\n"
            ),
        );
        assert_eq!((report.failed_total(), report.iterations), (0, 6), "{:?}", report.failures);
        assert_eq!(report.step("open").unwrap().ok, connections);
        // The closing frames are on their way when the run ends.
        let begun = std::time::Instant::now();
        let all = (connections as u32, connections as u32);
        while *opened.lock().unwrap() != all && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(*opened.lock().unwrap(), all, "each was opened once and closed by its user");
    }
}

#[test]
fn a_socket_is_gone_in_the_next_iteration_whether_that_opens_one_or_not() {
    for (keep, failures) in [(false, vec![(Check, 1)]), (true, vec![])] {
        let base = start(|peer, _| async move {
            echo(peer).await;
        });
        let report = run_scenario(
            &base,
            &format!(
                "load: {{ users: 1, iterations: 2 }}\nflow:\n- if: iteration == 0\n  then: [ {{ connect: /, keep: {keep} }} ]\n- {{ name: say, send: hi }}\n- {{ await: text == 'hi' }}\n"
            ),
        );
        assert_eq!(failed(&report), failures, "{:?}", report.failures);
        assert_eq!(report.iterations, if keep { 2 } else { 1 });
        assert!(keep || report.failures[0].message.contains("`socket` is not open"), "{:?}", report.failures);
    }
}

#[test]
fn pings_are_answered_while_the_user_thinks_and_branches_have_sockets_of_their_own() {
    let base = start(|mut peer, path| async move {
        if path == "/echo" {
            echo(peer).await;
            return;
        }
        let _ = peer.send(Message::Ping("p".into())).await;
        while let Some(Ok(message)) = peer.next().await {
            if message.is_pong() {
                say(&mut peer, "ponged").await;
            }
        }
    });
    let report = run_scenario(
        &base,
        "load: { users: 1, iterations: 1 }\n\
         flow:\n\
         - parallel:\n\
         \x20 - [ { connect: /ping, socket: a }, { think: 300ms }, { name: pong, await: text == 'ponged', socket: a } ]\n\
         \x20 - [ { connect: /echo, socket: b }, { send: hi, socket: b }, { name: hi, await: text == 'hi', socket: b, capture: { said: text } } ]\n\
         - { send: '{{ said }}', socket: b }\n",
    );
    assert_eq!(report.failures, []);
    let latency = report.step("pong").unwrap().latency_ms.max.unwrap();
    assert!(latency < 200.0, "it was there before the step began: {latency}");
    let report = run_scenario(
        &base,
        "load: { users: 1, iterations: 1 }\nflow:\n- connect: /echo\n- parallel: [ { await: text == 'x', timeout: 150ms }, { await: text == 'x', timeout: 150ms } ]\n",
    );
    assert!(
        report.failures.iter().any(|f| f.kind == Check && f.message.contains("two steps wait")),
        "{:?}",
        report.failures
    );
}

/// Starts a server that would rather speak HTTP/2, and echoes; its port and its certificate.
fn start_tls() -> (u16, Vec<u8>) {
    use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
                    let mut peer = tokio_tungstenite::accept_async(stream).await.unwrap();
                    while let Some(Ok(message)) = peer.next().await {
                        if message.is_text() {
                            peer.send(message).await.unwrap();
                        }
                    }
                });
            }
        });
    });
    (port, made.cert.der().to_vec())
}

#[test]
fn over_tls_it_is_wss_whatever_else_the_server_speaks() {
    let (port, certificate) = start_tls();
    let trust = Trust { certificates: vec![certificate], insecure: false };
    let target = Reach::new(format!("https://localhost:{port}").parse().unwrap())
        .on_terms(trust, crate::engine::Proxies::default());
    let flow = |url: &str| {
        format!(
            "load: {{ users: 2, iterations: 2 }}\nflow:\n- connect: {url}\n- send: '{{{{ user.id }}}}'\n- await: text == user.id\n- close: socket\n"
        )
    };
    for url in ["/live", &format!("wss://localhost:{port}/live")] {
        let report = run_scenario_at(target.clone(), &flow(url));
        assert_eq!((report.ok, &report.failures[..]), (8, &[][..]), "{url}");
    }
    // The scheme of a whole URL is its own: no TLS here, so no handshake either.
    let report = run_scenario_at(target, &flow(&format!("ws://localhost:{port}/live")));
    assert_eq!((report.ok, report.failed_total()), (0, 4), "{:?}", report.failures);
}
