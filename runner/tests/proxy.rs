//! Proxies of the environment: a host that only the proxy knows is asked through it, over HTTP and through a tunnel, and a target on
//! this machine never is.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use common::tls::{Certificate, TlsListener};
use common::{Place, Ran, quiet_machine};
use loadgate_report::Verdict;

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
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let known = heads.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let known = known.clone();
                std::thread::spawn(move || pass(client.unwrap(), server, &known));
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Serves one connection: passes requests on one by one, or all bytes once a tunnel is asked for.
fn pass(client: TcpStream, server: SocketAddr, heads: &Mutex<Vec<String>>) {
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
            writer.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
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
    place.write(
        "suite.yaml",
        &format!(
            "name: proxied\ntarget:\n  url: '{url}'\n  ready: {{ get: /ready }}\n{more}\
             scenarios:\n  one:\n    load: {{ users: 2, iterations: 2 }}\n    settle: 0s\n    \
             flow: [ {{ get: /asked, check: \"text == 'ok'\" }} ]\n    expect: [ ok == 4 ]\n"
        ),
    );
    place.undisturbed_with(&["run", "suite.yaml", "--mode", "off"], environment)
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
