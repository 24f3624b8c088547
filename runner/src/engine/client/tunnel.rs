//! Tunnels through a proxy (CONNECT; RFC 9110, section 9.3.6).

use loadgate_report::model::FailureKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::TransportError;
use super::proxy::Proxy;

/// Largest head of a proxy's answer.
const MAX_HEAD: usize = 16 * 1024;

/// Asks a proxy for a tunnel to `host:port`. After it, the stream is the server's.
pub(super) async fn open(stream: &mut TcpStream, proxy: &Proxy, to: &str) -> Result<(), TransportError> {
    let failed = |message: String| TransportError::new(FailureKind::Connect, message);
    let lost = |error: std::io::Error| failed(format!("no tunnel through the proxy {proxy}: {error}"));
    let mut request = format!("CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n");
    if let Some(authorization) = &proxy.authorization {
        request.extend(["proxy-authorization: ", authorization, "\r\n"]);
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(lost)?;
    let mut head = Vec::new();
    // Byte by byte, because what comes behind the head is the server's already.
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.map_err(lost)?);
        if head.len() > MAX_HEAD {
            return Err(failed(format!("the proxy {proxy} answers without end")));
        }
    }
    let first_line =
        String::from_utf8_lossy(head.split(|b| *b == b'\r').next().unwrap_or_default()).into_owned();
    match first_line.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(()),
        Some("407") => Err(failed(format!(
            "the proxy {proxy} wants credentials, or others: write them into the variable, as in http://user:password@host:port"
        ))),
        _ => Err(failed(format!("the proxy {proxy} opens no tunnel to {to}: {first_line:?}"))),
    }
}
