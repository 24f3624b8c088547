//! Looks at the target from outside of the load.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;

use super::server::Server;
use crate::engine::Reach;
use crate::engine::look::{self, Answer, LookError};

const SOON: Duration = Duration::from_secs(5);

fn reach(base: &str, path: &str) -> Reach {
    Reach::new(Url::parse(base).unwrap().join(path).unwrap())
}

async fn get(reach: &Reach, path: &str) -> Result<Answer, LookError> {
    look::get(reach, path, SOON).await
}

#[tokio::test]
async fn paths_go_below_the_targets_own() {
    for (base, path, line) in [
        ("/", "/health", "GET /health "),
        ("/api", "/health", "GET /api/health "),
        ("/api/", "/health?deep=1", "GET /api/health?deep=1 "),
    ] {
        let server = Server::saying(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec());
        get(&reach(&server.base, base), path).await.unwrap();
        let asked = server.heard();
        assert!(asked[0].line.starts_with(line), "{base} {path}: {asked:?}");
    }
}

#[tokio::test]
async fn a_body_that_came_packed_is_unpacked_and_a_redirect_is_an_answer() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(b"{\"active\": 3}").unwrap();
    let body = gzip.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    let server = Server::saying([head.as_bytes(), &body].concat());
    assert_eq!(get(&reach(&server.base, "/"), "/").await.unwrap().body, b"{\"active\": 3}");
    let redirect = b"HTTP/1.1 302 Found\r\nlocation: /else\r\ncontent-length: 0\r\n\r\n";
    let server = Server::saying(redirect.to_vec());
    let answer = get(&reach(&server.base, "/"), "/").await.unwrap();
    assert_eq!((answer.status, answer.headers["location"].to_str().unwrap()), (302, "/else"));
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_body_that_never_ends_has_a_status_all_the_same() {
    let server = Server::saying(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nnot".to_vec());
    let reach = reach(&server.base, "/");
    assert_eq!(look::status(&reach, "/", SOON).await, Ok(200));
    let error = look::get(&reach, "/", Duration::from_millis(50)).await.unwrap_err();
    assert!(!error.is_lasting, "{error}");
}

#[tokio::test]
async fn errors_name_what_happened_innermost() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let here = reach(&format!("http://{nobody}"), "/");
    for error in
        [look::status(&here, "/", SOON).await.unwrap_err(), look::knock(&here, SOON).await.unwrap_err()]
    {
        assert!(error.message.contains("Connection refused"), "{error}");
        assert!(!error.is_lasting);
    }
    let server = Server::saying(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec());
    let error = get(&reach(&server.base, "/"), "/").await.unwrap_err();
    assert!(error.message.contains("not an HTTP response"), "{error}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let over_tls = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 16]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let error = get(&reach(&over_tls, "/"), "/").await.unwrap_err();
    assert!(error.is_lasting && error.message.contains("nobody speaks TLS there"), "{error}");
}
