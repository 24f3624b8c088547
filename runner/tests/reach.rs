//! Ways to the target: TLS, HTTP/2, a Unix socket. Readiness, load and probes all take them.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use axum::Router;
use axum::http::Version;
use axum::routing::get;
use common::tls::{Certificate, TlsListener};
use common::{Place, Ran, quiet_machine};
use loadgate_report::Verdict;

fn router() -> Router {
    Router::new()
        .route("/health", get(|| async { r#"{"active": 0}"# }))
        .route("/hello", get(|version: Version| async move { format!("hello over {version:?}") }))
}

/// Starts a server that ends with the test process, on the listener that `listen` makes.
fn serve<L: axum::serve::Listener>(listen: impl FnOnce() -> L + Send + 'static)
where
    L::Addr: std::fmt::Debug,
{
    let (listening, is_listening) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = listen();
            listening.send(()).unwrap();
            axum::serve(listener, router()).await.unwrap();
        });
    });
    is_listening.recv().unwrap();
}

/// Starts an HTTPS server with a certificate; its URL.
fn https(certificate: &Certificate) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = certificate.acceptor();
    serve(move || TlsListener::new(listener, acceptor));
    url
}

/// Runs a suite whose conditions hold only if ready, load and probe have all reached the target over that version.
fn run(place: &Place, url: &str, more: &str, version: &str) -> Ran {
    place.write(
        "suite.yaml",
        &format!(
            "name: reach\n\
             target:\n  url: '{url}'\n  ready: {{ get: /health }}\n  probes: {{ active: {{ get: /health, value: json.active }} }}\n{more}\
             scenarios:\n  hello:\n    load: {{ users: 2, iterations: 3 }}\n    settle: 0s\n    \
             flow: [ {{ get: /hello, check: \"text == 'hello over {version}'\" }} ]\n    \
             expect: [ ok == 6, success_rate == 100%, active.before == 0, active.after == 0 ]\n"
        ),
    );
    place.undisturbed(&["run", "suite.yaml", "--mode", "off"])
}

#[test]
fn a_server_that_has_signed_itself_is_trusted_where_the_suite_names_it() {
    let _lock = quiet_machine();
    for certificate in [Certificate::of_a_server(), Certificate::of_an_authority()] {
        let place = Place::new();
        place.write("certs/own.pem", &certificate.pem);
        let url = https(&certificate);
        run(&place, &url, "  tls: { ca: certs/own.pem }\n", "HTTP/2.0").ends_with(0);
        assert_eq!(place.report().verdict, Verdict::Pass);
        run(&place, &url, "  tls: { insecure: true }\n", "HTTP/2.0").ends_with(0);
    }
}

#[test]
fn a_certificate_that_is_not_trusted_ends_the_run_and_says_what_to_do() {
    let place = Place::new();
    let own = Certificate::of_a_server();
    let other = Certificate::of_a_server();
    place.write("other.pem", &other.pem);
    let url = https(&own);
    for more in ["", "  tls: { ca: other.pem }\n"] {
        run(&place, &url, more, "HTTP/2.0").ends_with(3).says(&["certificate", "target.tls.ca"]);
        assert_eq!(place.report().verdict, Verdict::Invalid);
    }
    let elsewhere = url.replace("127.0.0.1", "localhost");
    place.write("own.pem", &own.pem);
    run(&place, &elsewhere, "  tls: { ca: own.pem }\n", "HTTP/2.0")
        .ends_with(3)
        .says(&["not valid for name", "by a name that the certificate carries"]);
    let plain = url.replace("https:", "http:");
    run(&place, &plain, "  stop_within: 1s\n", "HTTP/1.1").ends_with(3);
}

#[test]
#[cfg(unix)]
fn a_service_on_a_unix_socket_is_waited_for_loaded_and_probed() {
    let _lock = quiet_machine();
    let place = Place::new();
    let path = place.path().join("service.sock");
    let url = format!("http+unix://{}/", path.as_str().replace('/', "%2F"));
    let gone = run(&place, &url, "", "HTTP/1.1");
    gone.ends_with(3).says(&["service.sock: No such file"]);
    serve(move || tokio::net::UnixListener::bind(path).unwrap());
    run(&place, &url, "", "HTTP/1.1").ends_with(0);
    assert_eq!(place.report().verdict, Verdict::Pass);
}

#[test]
fn http2_without_tls_is_spoken_from_the_first_look_on() {
    let _lock = quiet_machine();
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    serve(move || tokio::net::TcpListener::from_std(listener).unwrap());
    run(&place, &url, "  http2: true\n", "HTTP/2.0").ends_with(0);
    run(&place, &url, "", "HTTP/1.1").ends_with(0);
}
