//! What a request comes to: each kind of failure provoked for real.

use loadgate_report::model::FailureKind::{self, *};
use loadgate_report::model::Scenario;

use super::plans::{Ask, class, iterations, run_flow, run_scenario, scenario, settings, try_run};
use super::server::{Reply, Server, ok, status};
use crate::engine::Settings;
use crate::engine::canary::Canaries;
use crate::output::Secrets;

fn once(base: &str, ask: Ask) -> Scenario {
    run_flow(base, iterations(1, 1), vec![ask.step()])
}

fn came_to(scenario: &Scenario) -> String {
    let failed = scenario.failed.iter().map(|(kind, n)| format!("{n} {}", kind.as_str()));
    format!("{} ok, {} refused, {:?}", scenario.ok, scenario.refused, failed.collect::<Vec<_>>())
}

#[track_caller]
fn check_ok(bytes: &[u8], ask: Ask) {
    let scenario = once(&Server::saying(bytes.to_vec()).base, ask);
    assert_eq!((scenario.ok, scenario.requests), (1, 1), "{:?}", scenario.failures);
    assert_eq!(scenario.success_rate, Some(1.0));
    assert_eq!(scenario.latency_ms.count, 1);
    assert_eq!(scenario.iterations, 1);
}

#[track_caller]
fn check_refused(bytes: &[u8], ask: Ask) {
    let scenario = once(&Server::saying(bytes.to_vec()).base, ask);
    assert_eq!((scenario.refused, scenario.requests), (1, 1), "{}", came_to(&scenario));
    assert_eq!(scenario.success_rate, None);
    assert_eq!(scenario.latency_ms.count, 0);
    assert_eq!(scenario.iterations, 0);
}

#[track_caller]
fn check_failed(scenario: &Scenario, kind: FailureKind, words: &str) {
    assert_eq!(scenario.failed.iter().collect::<Vec<_>>(), [(&kind, &1)], "{}", came_to(scenario));
    assert_eq!((scenario.ok, scenario.refused, scenario.requests), (0, 0, 1));
    assert_eq!(scenario.success_rate, Some(0.0));
    assert_eq!(scenario.latency_ms.count, u64::from(kind == Timeout), "only time-outs have a latency");
    let sample = &scenario.failures[0];
    assert_eq!((sample.kind, &*sample.user), (kind, "user-1"));
    assert!(sample.message.contains(words), "{:?} does not say {words:?}", sample.message);
    assert!(sample.message.chars().count() <= 300);
}

#[track_caller]
fn check_said(bytes: &[u8], ask: Ask, kind: FailureKind, words: &str) {
    check_failed(&once(&Server::saying(bytes.to_vec()).base, ask), kind, words);
}

#[test]
fn what_should_be_is_ok() {
    let ask = || Ask::get("/a");
    check_ok(&ok(""), ask());
    check_ok(&ok("{\"n\":1}"), ask().check("json.n == 1").check("status == 200").capture("n", "json.n"));
    check_ok(&status(404, "no"), ask().check("status == 404"));
    check_ok(&status(404, "no"), ask().check("status in [200, 404]"));
    check_ok(&status(204, ""), ask().check("status == 204"));
    check_ok(&status(302, ""), ask());
    check_ok(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        ask().check("text == 'hi'"),
    );
    check_ok(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        ask().check("text == 'abcde'"),
    );
    check_ok(
        b"HTTP/1.1 200 OK\r\nX-Part: 7\r\ncontent-length: 0\r\n\r\n",
        ask().check("headers.x_part == '7'"),
    );
}

#[test]
fn a_body_may_end_with_its_connection() {
    let server = Server::start(|_| Reply::SayAndClose(b"HTTP/1.1 200 OK\r\n\r\nall of it".to_vec()));
    let scenario = once(&server.base, Ask::get("/").check("text == 'all of it'"));
    assert_eq!(scenario.ok, 1, "{:?}", scenario.failures);
}

#[test]
fn refusals_are_no_failures() {
    let ask = || Ask::get("/").refused("status == 429");
    check_refused(&status(429, "slow down"), ask());
    check_refused(&status(429, "slow down"), ask().check("status == 200"));
    check_said(&status(503, "no"), ask(), Status5xx, "503");
}

#[test]
fn statuses_and_checks_fail_with_their_kind() {
    let ask = || Ask::get("/");
    check_said(&status(500, "database is locked"), ask(), Status5xx, "database is locked");
    check_said(&status(404, ""), ask(), Status4xx, "status 404 without a body");
    check_said(&status(404, "{}"), ask().check("json.a == 1"), Status4xx, "`json.a == 1` does not hold");
    check_said(&status(404, "{}"), ask().check("json.a == 1").check("status == 404"), Check, "json.a");
    check_said(
        &ok("{\"a\":2}"),
        ask().check("json.a == 1"),
        Check,
        "`json.a == 1` does not hold: status 200",
    );
    check_said(&ok(""), ask().check("status == 401"), Check, "status == 401");
    check_said(&ok("not json"), ask().check("json.a == 1"), Check, "not json");
    check_said(&ok("{}"), ask().capture("id", "json.id"), Check, "capture `id`");
    check_said(&ok(&"x".repeat(5000)), ask().check("text == 'y'"), Check, "xxx…");
}

#[test]
fn templates_without_a_value_fail_the_request() {
    check_said(&ok(""), Ask::get("/{{ missing }}"), Check, "missing");
    check_said(&ok(""), Ask::get("/").header("x-a", "{{ \"a\\nb\" }}"), Check, "x-a");
}

#[test]
fn what_is_not_http_is_a_protocol_failure() {
    check_said(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Ask::get("/"), Protocol, "SSH-2.0");
    check_said(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabc", Ask::get("/"), Protocol, "1 bytes more");
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    check_said(chunked, Ask::get("/"), Protocol, "chunk");
}

#[test]
fn connections_that_end_early_are_told_apart() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec();
    let chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_vec();
    for (reply, kind, words) in [
        (Reply::SayAndClose(half.clone()), Truncated, "6 bytes before"),
        (Reply::SayAndClose(chunks), Truncated, "last chunk"),
        (Reply::SayAndReset(half), Reset, "within the body"),
        (Reply::SayAndReset(Vec::new()), Reset, ""),
        (Reply::SayAndClose(Vec::new()), Reset, "without a response"),
        (Reply::SayAndClose(b"HTTP/1.1 200".to_vec()), Reset, "within the head"),
    ] {
        let server = Server::start(move |_| reply.clone());
        check_failed(&once(&server.base, Ask::get("/")), kind, words);
    }
}

#[test]
fn no_server_is_a_connect_failure() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    check_failed(&once(&base, Ask::get("/")), Connect, "127.0.0.1");
}

#[test]
fn a_time_out_counts_as_long_as_it_was() {
    for reply in [
        Reply::Silence,
        Reply::Drip(vec![
            (0, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n1".to_vec()),
            (3000, b"2".to_vec()),
        ]),
    ] {
        let server = Server::start(move |_| reply.clone());
        let scenario = once(&server.base, Ask::get("/").timeout(80));
        check_failed(&scenario, Timeout, "within 80ms");
        assert_eq!(scenario.latency_ms.max.map(f64::round), Some(80.0));
        assert!(scenario.service_time_ms.max <= scenario.latency_ms.max);
    }
}

#[test]
fn another_users_canary_is_cross_talk_and_ones_own_is_not() {
    let (own, other) = (Canaries::new(1).token(0), Canaries::new(1).token(1));
    let ask = |text: &str| Ask::post("/", text);
    // With two users known, user 2's canary is foreign to user 1.
    let say = move |body: String| {
        let server = Server::start(move |heard| {
            Reply::Say(if heard.body == "canary?" { ok(&body) } else { ok("nothing") })
        });
        let mut scenario = super::plans::scenario(vec![
            super::plans::class(None, iterations(1, 1), vec![(1, vec![ask("canary?").step()])]),
            super::plans::class(Some("others"), iterations(1, 1), vec![(1, vec![ask("else").step()])]),
        ]);
        scenario.canary_scan = true;
        super::plans::try_run(scenario, &super::plans::settings(&server.base)).unwrap()
    };
    let scenario = say(format!("{{\"history\": \"{other}\"}}"));
    assert_eq!(scenario.failed.get(&CrossTalk), Some(&1), "{}", came_to(&scenario));
    let sample = &scenario.failures[0];
    assert_eq!((&*sample.user, sample.foreign_user.as_deref()), ("user-1", Some("user-2")));
    assert!(sample.message.contains("in the body at byte 13"), "{}", sample.message);
    let scenario = say(format!("{{\"history\": \"{own}\"}}"));
    assert_eq!(scenario.ok, 2, "{}", came_to(&scenario));
}

#[test]
fn a_canary_reaches_the_templates() {
    let server = Server::saying(ok(""));
    run_flow(&server.base, iterations(2, 1), vec![Ask::post("/", "I am {{ user.id }}: {{ canary }}").step()]);
    let mut bodies: Vec<_> = server.heard().into_iter().map(|heard| heard.body).collect();
    bodies.sort();
    let canaries = Canaries::new(1);
    assert_eq!(
        bodies,
        [format!("I am user-1: {}", canaries.token(0)), format!("I am user-2: {}", canaries.token(1))]
    );
}

#[test]
fn packed_bodies_are_unpacked_before_they_are_judged() {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"{\"answer\": 42}").unwrap();
    let packed = gzip.finish().unwrap();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    let bytes = [head.as_bytes(), &packed].concat();
    let server = Server::saying(bytes);
    let ask = Ask::get("/").header("accept-encoding", "gzip").check("json.answer == 42");
    let scenario = run_flow(&server.base, iterations(1, 3), vec![ask.step()]);
    assert_eq!((scenario.ok, &scenario.failures[..]), (3, &[][..]));
    let broken = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello";
    check_said(broken, Ask::get("/"), Protocol, "unpacked");
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_a_target_like_any_other() {
    use std::io::{Read as _, Write as _};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|n| n > 0) {
                    let location = match &request[..9] {
                        b"GET /move" => "/a",
                        b"GET /full" => "http://localhost/a",
                        _ => {
                            stream.write_all(&ok("over a socket")).unwrap();
                            continue;
                        }
                    };
                    let head = format!("HTTP/1.1 302 X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(head.as_bytes()).unwrap();
                }
            });
        }
    });
    let base = format!("http+unix://{}/", path.to_str().unwrap().replace('/', "%2F"));
    let scenario =
        run_flow(&base, iterations(2, 3), vec![Ask::get("/a").check("text == 'over a socket'").step()]);
    assert_eq!((scenario.ok, &scenario.failures[..]), (6, &[][..]));
    for path in ["/moved", "/full"] {
        let mut ask = Ask::get(path).check("text == 'over a socket'");
        ask.0.redirects = 2;
        let scenario = once(&base, ask);
        assert_eq!((scenario.ok, &scenario.failures[..]), (1, &[][..]), "{path}");
    }
    let scenario = once("http+unix://%2Fnowhere%2Fat.all", Ask::get("/"));
    check_failed(&scenario, Connect, "/nowhere/at.all");
}

#[test]
fn credentials_that_a_service_sends_back_are_not_told() {
    let token = "eyJhbGciOiJub25lIn0.of-somebody.0123456789";
    let echo = |pad: usize| {
        Server::start(move |heard| {
            let sent = heard.head.replace("\r\n", " ");
            Reply::Say(status(500, &format!("{}{sent}", "x".repeat(pad))))
        })
    };
    let flow = |step: &str| format!("load: {{ users: 1, iterations: 1 }}\nflow:\n- {step}\n");
    // However the message is cut.
    for pad in [0, 30, 50, 60, 70, 90, 119] {
        let base = echo(pad).base;
        for step in [
            format!("{{ get: /, bearer: '{token}' }}"),
            format!("{{ get: /, headers: {{ cookie: 'sid={token}; a=b' }} }}"),
            format!("{{ name: open, connect: /, headers: {{ authorization: 'Bearer {token}' }} }}"),
        ] {
            let failures = run_scenario(&base, &flow(&step)).failures;
            let message = &failures[0].message;
            assert!(
                message.contains("status 500, body \"") && !message.contains("eyJhb"),
                "{step}: {message}"
            );
        }
    }
    let said = format!("SSH-2.0 {token}\r\n\r\n");
    let base = Server::saying(said.into_bytes()).base;
    let failures = run_scenario(&base, &flow(&format!("{{ get: /, bearer: '{token}' }}"))).failures;
    assert!(failures[0].message.contains("SSH-2.0 ***"), "{failures:?}");
}

#[test]
fn a_secret_across_the_end_of_what_is_shown_is_not_told() {
    let secret = "s3cr3t-of-the-environment";
    let told = |body: &str, ask: Ask| {
        let base = Server::saying(status(500, body)).base;
        let settings = Settings { secrets: Secrets::new([secret]), ..settings(&base) };
        let class = class(None, iterations(2, 1), vec![(1, vec![ask.step()])]);
        let failures = try_run(scenario(vec![class]), &settings).unwrap().failures;
        failures.iter().map(|failure| failure.message.clone()).collect::<Vec<_>>().join("\n")
    };
    let holds_none = |message: &str| {
        assert!(
            message.contains("***") && !message.contains("s3") && !message.contains("environment"),
            "{message}"
        );
    };
    // In a body, whose characters may take four bytes each.
    for pad in [0, 100, 110, 119] {
        for letter in ["x", "\u{1f600}"] {
            holds_none(&told(&format!("{}{secret}", letter.repeat(pad)), Ask::get("/")));
        }
    }
    // In the suite's own words.
    for pad in [200, 270, 283] {
        holds_none(&told("", Ask::get("/").check(&format!("text == '{}{secret}'", "x".repeat(pad)))));
    }
    // Around a canary.
    let canary = Canaries::new(1).token(1);
    for pad in [0, 10, 20, 35] {
        let x = "x".repeat(pad);
        holds_none(&told(&format!("{secret}{x}{canary}"), Ask::get("/")));
        holds_none(&told(
            &format!("{canary}{}{secret}", "x".repeat(pad.min(38 - canary.len()))),
            Ask::get("/"),
        ));
    }
}
