//! HTTP/2 without TLS, against axum.

use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
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
            axum::serve(listener, router).await.unwrap();
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
            let pieces = futures_util::stream::iter(pieces).map(move |piece| {
                if broken && piece.contains("DONE") {
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
