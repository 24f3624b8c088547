//! Proxies of the environment: a host that only the proxy knows is asked through it, over HTTP and through a tunnel, WebSockets
//! too, and a target on this machine never is.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use common::tls::{Certificate, TlsListener};
use common::{Place, Ran, quiet_machine};
use futures_util::{StreamExt as _, TryStreamExt as _};
use loadgate_report::Verdict;
use tokio_tungstenite::tungstenite;

/// The password of the proxy, which nothing may show, and what it looks like on the wire.
const PASSWORD: &str = "hush-hush-hush";
const TOKEN: &str = "Basic bWU6aHVzaC1odXNoLWh1c2g=";

/// A proxy that knows one server, whatever it is called.
struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn to(server: SocketAddr) -> Self {
        Self::that_answers(server, "HTTP/1.1 200 Connection established")
    }

    /// One that has this first line for whoever wants a tunnel.
    fn that_answers(server: SocketAddr, line: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let known = heads.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let known = known.clone();
                std::thread::spawn(move || pass(client.unwrap(), server, line, &known));
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Serves one connection: passes requests on one by one, or all bytes once a tunnel is asked for.
fn pass(client: TcpStream, server: SocketAddr, line: &str, heads: &Mutex<Vec<String>>) {
    let mut writer = client.try_clone().unwrap();
    let mut reader = BufReader::new(client);
    let mut server = TcpStream::connect(server).unwrap();
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        heads.lock().unwrap().push(head.clone());
        if !head.contains(TOKEN) {
            let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
            if writer.write_all(refusal).is_err() {
                return;
            }
            continue;
        }
        if head.starts_with("CONNECT ") {
            writer.write_all(format!("{line}\r\n\r\n").as_bytes()).unwrap();
            let mut back = server.try_clone().unwrap();
            std::thread::spawn(move || std::io::copy(&mut back, &mut writer));
            // Ends when either side does.
            let _ = std::io::copy(&mut reader, &mut server);
            return;
        }
        server.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        let mut answer = [0; 4096];
        let read = server.read(&mut answer).unwrap();
        writer.write_all(&answer[..read]).unwrap();
    }
}

fn run(place: &Place, url: &str, more: &str, environment: &[(&str, String)]) -> Ran {
    let flow = "[ { get: /asked, check: \"text == 'ok'\" } ]";
    run_flow(place, url, more, flow, "ok == 4", environment)
}

fn run_flow(
    place: &Place,
    url: &str,
    more: &str,
    flow: &str,
    expected: &str,
    environment: &[(&str, String)],
) -> Ran {
    place.write(
        "suite.yaml",
        &format!(
            "name: proxied\ntarget:\n  url: '{url}'\n  ready: {{ get: /ready }}\n{more}\
             scenarios:\n  one:\n    load: {{ users: 2, iterations: 2 }}\n    settle: 0s\n    \
             flow: {flow}\n    expect: [ {expected} ]\n"
        ),
    );
    place.undisturbed_with(&["run", "suite.yaml", "--mode", "off"], environment)
}

/// Says a word over a WebSocket, which comes back.
fn talk(url: &str) -> String {
    format!(
        "[ {{ connect: '{url}' }}, {{ send: hello }}, {{ await: true, check: \"text == 'hello'\" }}, {{ close: socket }} ]"
    )
}

/// A server that opens a WebSocket for whoever asks, sends back what comes over it, and answers `ok` to anything else; and the heads
/// of the handshakes.
fn echo() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let known = heads.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let known = known.clone();
            std::thread::spawn(move || echo_to(client.unwrap(), &known));
        }
    });
    (address, heads)
}

fn echo_to(mut client: TcpStream, heads: &Mutex<Vec<String>>) {
    let mut bytes = [0; 4096];
    // The client writes a head at once.
    let head = loop {
        let read = client.peek(&mut bytes).unwrap_or(0);
        let head = String::from_utf8_lossy(&bytes[..read]).to_ascii_lowercase();
        if !head.contains("upgrade: websocket") {
            if read == 0 || client.read(&mut bytes).is_err() {
                return;
            }
            let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            if client.write_all(ok).is_err() {
                return;
            }
            continue;
        }
        break head;
    };
    heads.lock().unwrap().push(head);
    let mut socket = tungstenite::accept(client).unwrap();
    while let Ok(message) = socket.read() {
        // What answers a closing is written by the next read.
        if message.is_text() && socket.send(message).is_err() {
            return;
        }
    }
}

fn address(url: &str) -> SocketAddr {
    url.split("//").nth(1).unwrap().parse().unwrap()
}

/// No file that the run has left shows the credentials.
fn shows_no_credentials(place: &Place, ran: &Ran) {
    let mut texts = vec![ran.said()];
    for entry in place.path().join("loadgate-report").read_dir_utf8().unwrap() {
        texts.push(fs_err::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert!(texts.len() > 3, "there are files to look at");
    let token = TOKEN.trim_start_matches("Basic ");
    assert!(texts.iter().all(|text| !text.contains(PASSWORD) && !text.contains(token)));
}

#[test]
fn a_host_that_only_the_proxy_knows_is_asked_through_it() {
    let _lock = quiet_machine();
    let place = Place::new();
    let server = common::server::Server::healthy();
    let proxy = Proxy::to(address(&server.url()));
    let value = format!("http://me:{PASSWORD}@{}", proxy.address);
    let ran = run(&place, "http://service.invalid:8080/api", "", &[("HTTP_PROXY", value)]);
    ran.ends_with(0).says(&["(HTTP_PROXY)"]);
    assert_eq!(place.report().verdict, Verdict::Pass);
    let heads = proxy.heads();
    assert!(heads[0].starts_with("GET http://service.invalid:8080/api/ready HTTP/1.1\r\n"), "{heads:?}");
    let asked = heads.iter().filter(|head| head.starts_with("GET http://service.invalid:8080/api/asked "));
    assert_eq!(asked.count(), 4);
    assert!(heads.iter().all(|head| head.contains("host: service.invalid:8080\r\n")), "{heads:?}");
    shows_no_credentials(&place, &ran);
    let without = format!("http://{}", proxy.address);
    let refused = run(&place, "http://service.invalid/", "", &[("HTTP_PROXY", without)]);
    refused.ends_with(3).says(&["407", "(HTTP_PROXY)"]);
}

#[test]
fn https_goes_through_a_tunnel_that_alone_carries_the_credentials() {
    let _lock = quiet_machine();
    let place = Place::new();
    let certificate = Certificate::of_a_server();
    place.write("own.pem", &certificate.pem);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::to(listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ok = |headers: axum::http::HeaderMap| async move {
                if headers.contains_key("proxy-authorization") { "told" } else { "ok" }
            };
            let router = axum::Router::new().fallback(ok);
            axum::serve(TlsListener::new(listener, certificate.acceptor()), router).await.unwrap();
        });
    });
    let value = format!("me:{PASSWORD}@{}", proxy.address);
    let more = "  tls: { ca: own.pem }\n";
    let ran = run(&place, "https://service.invalid/", more, &[("https_proxy", value)]);
    ran.ends_with(0);
    let heads = proxy.heads();
    assert!(
        heads.iter().all(|head| head.starts_with("CONNECT service.invalid:443 HTTP/1.1\r\n")),
        "{heads:?}"
    );
    shows_no_credentials(&place, &ran);
    let without = format!("http://{}", proxy.address);
    let refused = run(&place, "https://service.invalid/", more, &[("HTTPS_PROXY", without)]);
    refused.ends_with(3).says(&["wants credentials"]);
}

#[test]
fn websockets_go_through_a_tunnel_that_alone_carries_the_credentials() {
    let _lock = quiet_machine();
    let place = Place::new();
    let (server, handshakes) = echo();
    let proxy = Proxy::to(server);
    let value = format!("http://me:{PASSWORD}@{}", proxy.address);
    let environment = [("http_proxy", value), ("https_proxy", "http://127.0.0.1:1".to_owned())];
    // Connecting and waiting are the requests; `ws://` and `http://` go the same way.
    for (url, flow) in [
        ("http://service.invalid:8080/api", talk("/live")),
        ("http://other.invalid", talk("ws://service.invalid:8080/api/live")),
    ] {
        proxy.heads.lock().unwrap().clear();
        handshakes.lock().unwrap().clear();
        let ran = run_flow(&place, url, "", &flow, "ok == 8", &environment);
        ran.ends_with(0).says(&["(http_proxy)"]);
        let heads = proxy.heads();
        let tunnels =
            heads.iter().filter(|head| head.starts_with("CONNECT service.invalid:8080 HTTP/1.1\r\n"));
        assert_eq!((tunnels.count(), heads.iter().filter(|head| head.starts_with("GET ")).count()), (4, 1));
        let handshakes = handshakes.lock().unwrap();
        assert_eq!(handshakes.len(), 4);
        for handshake in &*handshakes {
            assert!(handshake.starts_with("get /api/live http/1.1\r\n"), "{handshake}");
            assert!(handshake.contains("host: service.invalid:8080\r\n"), "{handshake}");
            assert!(!handshake.contains("proxy-authorization"), "{handshake}");
        }
        shows_no_credentials(&place, &ran);
    }
    // What is on this machine is asked directly, over WebSockets too.
    proxy.heads.lock().unwrap().clear();
    let here = format!("http://{server}");
    run_flow(&place, &here, "", &talk("/live"), "ok == 8", &environment).ends_with(0);
    assert_eq!(proxy.heads(), Vec::<String>::new());
}

#[test]
fn a_websocket_over_tls_goes_through_the_proxy_for_https() {
    let _lock = quiet_machine();
    let place = Place::new();
    let certificate = Certificate::of_a_server();
    place.write("own.pem", &certificate.pem);
    let (plain, _) = echo();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (http, https) = (Proxy::to(plain), Proxy::to(listener.local_addr().unwrap()));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let acceptor = certificate.acceptor();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                    let (back, from) = socket.split();
                    // Ends when the client goes.
                    let _ =
                        from.try_filter(|message| std::future::ready(message.is_text())).forward(back).await;
                });
            }
        });
    });
    let value = |proxy: &Proxy| format!("http://me:{PASSWORD}@{}", proxy.address);
    let environment = [("HTTP_PROXY", value(&http)), ("HTTPS_PROXY", value(&https))];
    let more = "  tls: { ca: own.pem }\n";
    let flow = talk("wss://service.invalid/live");
    let ran = run_flow(&place, "http://service.invalid", more, &flow, "ok == 8", &environment);
    ran.ends_with(0);
    let tunnels = https.heads();
    assert!(
        tunnels.iter().all(|head| head.starts_with("CONNECT service.invalid:443 HTTP/1.1\r\n")),
        "{tunnels:?}"
    );
    assert_eq!((tunnels.len(), http.heads().len()), (4, 1));
    shows_no_credentials(&place, &ran);
}

#[test]
fn credentials_that_a_proxy_sends_back_are_masked() {
    let _lock = quiet_machine();
    let place = Place::new();
    let (server, _) = echo();
    // The password of the test, and what it looks like on the wire.
    let proxy =
        Proxy::that_answers(server, "HTTP/1.1 403 not with Basic bWU6aHVzaC1odXNoLWh1c2g= (hush-hush-hush)");
    let value = format!("http://me:{PASSWORD}@{}", proxy.address);
    let environment = [("HTTP_PROXY", value.clone()), ("HTTPS_PROXY", value)];
    let url = "http://service.invalid:8080";
    let ran = run_flow(&place, url, "", &talk("/live"), "failed == 4", &environment);
    let told = "opens no tunnel to service.invalid:8080: \"HTTP/1.1 403 not with Basic *** (***)\"";
    let failures = &place.report().scenarios[0].failures;
    assert!(failures.iter().all(|failure| failure.message.contains(told)), "{failures:?}");
    assert!(!failures.is_empty());
    shows_no_credentials(&place, &ran);
    // Where nothing was run, too.
    let ran = run(&place, "https://service.invalid:8080", "", &environment);
    ran.ends_with(3).says(&["not with Basic *** (***)"]);
    shows_no_credentials(&place, &ran);
}

#[test]
fn a_target_on_this_machine_is_never_asked_through_a_proxy() {
    let _lock = quiet_machine();
    let place = Place::new();
    let server = common::server::Server::healthy();
    let proxy = Proxy::to(address(&server.url()));
    let value = format!("http://me:{PASSWORD}@{}", proxy.address);
    let ran = run(&place, &server.url(), "", &[("HTTP_PROXY", value.clone()), ("http_proxy", value)]);
    ran.ends_with(0);
    assert_eq!(proxy.heads(), Vec::<String>::new());
    assert!(!ran.said().contains("went through the proxy"));
}
