//! HTTP/2 without TLS, against axum.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt as _;
use loadgate_report::model::{FailureKind, Scenario};

use super::plans::{Ask, class, expression, iterations, predicate, scenario, settings, try_run};
use crate::engine::Settings;
use crate::suite::plan::{Step, Stream, Tokens};

/// Starts axum, which speaks both versions; it ends with the test process.
fn start(router: Router) -> Settings {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
    });
    let mut settings = settings(&base);
    settings.target = settings.target.with_http2(true);
    settings
}

fn run(router: Router, users: u32, times: u32, steps: Vec<Step>) -> Scenario {
    let load = iterations(users, times);
    try_run(scenario(vec![class(None, load, vec![(1, steps)])]), &start(router)).unwrap()
}

#[test]
fn requests_and_responses_are_those_of_http1() {
    let echo = |request: Request| async move {
        let told = format!(
            "{:?} {} {} {}",
            request.version(),
            request.method(),
            request.uri(),
            request.headers().get("x-user").map_or("none", |value| value.to_str().unwrap())
        );
        let body = axum::body::to_bytes(request.into_body(), 1000).await.unwrap();
        Response::builder().header("set-cookie", "a=1").header("x-told", told).body(Body::from(body)).unwrap()
    };
    let steps = vec![
        Ask::post("/echo?x=1", "{{ user.id }}")
            .header("x-user", "{{ user.name }}")
            .check("text == user.id")
            .check("'HTTP/2.0 POST http://127.0.0.1' in headers.x_told")
            .check("'/echo?x=1 ' ~ user.id in headers.x_told")
            .step(),
        Ask::get("/cookie").check("text == 'a=1'").step(),
        Ask::get("/missing").check("status == 404").step(),
    ];
    let cookie = |request: Request| async move {
        request.headers().get("cookie").map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    };
    let report = run(Router::new().route("/echo", post(echo)).route("/cookie", get(cookie)), 3, 4, steps);
    assert_eq!((report.ok, &report.failures[..]), (36, &[][..]));
}

#[test]
fn streams_are_timed_and_what_goes_wrong_has_its_kind() {
    let events = |broken: bool| {
        move || async move {
            let pieces = ["data: {\"t\": \"a\"}\n", "\ndata: {\"t\": \"b\"}\n\n", "data: [DONE]\n\n"];
            let pieces = futures_util::stream::iter(pieces).then(move |piece| async move {
                if broken && piece.contains("DONE") {
                    // The head and what came before are through by then: it is the body that breaks.
                    tokio::time::sleep(Duration::from_millis(60)).await;
                    Err(std::io::Error::other("out of order"))
                } else {
                    Ok(Bytes::from(piece))
                }
            });
            Response::builder()
                .header("content-type", "text/event-stream")
                .body(Body::from_stream(pieces))
                .unwrap()
        }
    };
    let router = || {
        Router::new()
            .route("/good", get(events(false)))
            .route("/broken", get(events(true)))
            .route("/busy", get(|| async { Ok::<_, Infallible>(StatusCode::SERVICE_UNAVAILABLE) }))
            .route("/never", get(|| async { std::future::pending::<()>().await }))
    };
    let ask = |path: &str| {
        let mut ask = Ask::get(path).timeout(300);
        ask.0.stream = Some(Stream {
            content: expression("json.t"),
            done: predicate("data == '[DONE]'"),
            tokens: Tokens::Events,
        });
        ask
    };
    let report = run(router(), 2, 3, vec![ask("/good").check("text == 'ab'").step()]);
    assert_eq!((report.ok, &report.failures[..]), (6, &[][..]));
    assert_eq!(report.steps[0].ttft_ms.as_ref().map(|ttft| ttft.count), Some(6));
    for (path, kind) in
        [("/broken", FailureKind::Reset), ("/busy", FailureKind::Status5xx), ("/never", FailureKind::Timeout)]
    {
        let report = run(router(), 1, 1, vec![ask(path).step()]);
        assert_eq!(report.failed.get(&kind), Some(&1), "{path}: {:?}", report.failures);
        assert!(
            path != "/broken" || report.failures[0].message.contains("within the body"),
            "{:?}",
            report.failures
        );
    }
}

#[test]
fn a_user_keeps_its_connection() {
    let ports = Arc::new(Mutex::new(Vec::new()));
    let log = ports.clone();
    let who = async move |ConnectInfo(from): ConnectInfo<SocketAddr>| log.lock().unwrap().push(from.port());
    let report =
        run(Router::new().route("/", get(who)), 2, 3, vec![Ask::get("/").step(), Ask::get("/").step()]);
    assert_eq!((report.ok, &report.failures[..]), (12, &[][..]));
    let mut ports = std::mem::take(&mut *ports.lock().unwrap());
    ports.sort_unstable();
    assert!(
        ports[..6].iter().all(|port| *port == ports[0]) && ports[6..].iter().all(|port| *port == ports[11]),
        "{ports:?}"
    );
    assert_ne!(ports[0], ports[11]);
}

#[test]
fn the_tokens_of_a_stream_have_the_times_at_which_they_came() {
    let stream = |packing: bool| {
        move || async move {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            let mut pieces: Vec<Vec<u8>> = Vec::new();
            for text in [
                "data: {\"t\": \"a\"}\n\n",
                "data: {\"t\": \"b\"}\n\n",
                "data: {\"t\": \"c\"}\n\n",
                "data: [DONE]\n\n",
            ] {
                gzip.write_all(text.as_bytes()).unwrap();
                gzip.flush().unwrap();
                let packed = std::mem::take(gzip.get_mut());
                pieces.push(if packing { packed } else { text.into() });
            }
            if packing {
                pieces.push(gzip.finish().unwrap());
            }
            let pieces = futures_util::stream::iter(pieces).then(async |piece| {
                tokio::time::sleep(Duration::from_millis(60)).await;
                Ok::<_, Infallible>(Bytes::from(piece))
            });
            let mut response = Response::builder().header("content-type", "text/event-stream");
            if packing {
                response = response.header("content-encoding", "gzip");
            }
            response.body(Body::from_stream(pieces)).unwrap()
        }
    };
    for packing in [false, true] {
        let mut ask = Ask::get("/").check("text == 'abc'");
        ask.0.stream = Some(Stream {
            content: expression("json.t"),
            done: predicate("data == '[DONE]'"),
            tokens: Tokens::Events,
        });
        let report = run(Router::new().route("/", get(stream(packing))), 2, 1, vec![ask.step()]);
        assert_eq!((report.ok, &report.failures[..]), (2, &[][..]));
        let step = &report.steps[0];
        let (ttft, itl) = (step.ttft_ms.as_ref().unwrap(), step.itl_ms.as_ref().unwrap());
        assert_eq!((ttft.count, itl.count), (2, 4));
        assert!(ttft.min.unwrap() >= 55.0, "{ttft:?}");
        assert!(itl.max.unwrap() >= 55.0, "tokens come one by one: {itl:?}");
        assert!(step.latency_ms.min.unwrap() >= ttft.min.unwrap() + 55.0, "{:?}", step.latency_ms);
    }
}

#[test]
fn a_server_that_does_not_speak_http2_is_told() {
    let server = super::server::Server::saying(super::server::ok("x"));
    let mut settings = settings(&server.base);
    settings.target = settings.target.with_http2(true);
    let steps = vec![Ask::get("/").timeout(2000).step()];
    let report = try_run(scenario(vec![class(None, iterations(1, 1), vec![(1, steps)])]), &settings).unwrap();
    assert_eq!(report.failed_total(), 1);
    assert!(report.failures[0].message.contains("HTTP/2"), "{:?}", report.failures);
}
