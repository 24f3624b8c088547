//! The server that knows the truth, in a process of its own, and how it is asked.

mod ledger;
mod route;
mod server;
mod wire;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::cores;

pub(crate) use server::now_ns;

/// Serves on a free port, whose number is its first line of output, until the process is ended.
///
/// # Errors
/// No port is free, or the system has no epoll.
pub(crate) fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    server::Server::new(listener)?.run()
}

/// A running server; ended when dropped.
pub(super) struct Truth {
    child: Child,
    port: u16,
}

/// What was recorded of one kind, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) n: u64,
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
}

/// What the server has recorded.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// Requests of the load.
    pub(super) requests: u64,
    /// When the first one was read, on the monotonic clock.
    pub(super) first_ns: u64,
    /// From the first to the last of the first 1,000.
    pub(super) receipts_spread_ms: f64,
    /// Time from having read a request to beginning to write the answer.
    pub(super) held: Times,
    /// The same to the first token of a stream.
    pub(super) ttft: Times,
    /// Time between tokens.
    pub(super) itl: Times,
    pub(super) frozen_ms: f64,
}

impl Truth {
    /// Starts it on the server's processors.
    pub(super) fn start(cores: &cores::Halves) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("truth-server").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child =
            cores.server(|| command.spawn()).context("the server of known latency did not start")?;
        let mut line = String::new();
        let output = child.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().with_context(|| format!("its first line is {line:?}, no port"))?;
        Ok(Self { child, port })
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn ask(&self, path: &str) -> anyhow::Result<String> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port))?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(socket, "GET {path} HTTP/1.1\r\nhost: truth\r\n\r\n")?;
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let n = socket.read(&mut buffer)?;
            answer.extend_from_slice(&buffer[..n]);
            let text = String::from_utf8_lossy(&answer);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length =
                    head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
                if length.is_some_and(|length: usize| body.len() >= length) {
                    return Ok(body.to_owned());
                }
            }
            anyhow::ensure!(n > 0, "the server of known latency closed the connection");
        }
    }

    /// What it has recorded since it was last asked.
    pub(super) fn take(&self) -> anyhow::Result<Told> {
        let value: Value = serde_json::from_str(&self.ask("/control/take")?)?;
        let times = |name: &str| {
            let ms = |q: &str| value[name][q].as_f64().unwrap_or(f64::NAN);
            Times {
                n: value[name]["n"].as_u64().unwrap_or(0),
                p50: ms("p50"),
                p95: ms("p95"),
                p99: ms("p99"),
            }
        };
        let ns = |name: &str| value[name].as_u64().unwrap_or(0);
        Ok(Told {
            requests: ns("requests"),
            first_ns: ns("first_ns"),
            receipts_spread_ms: ns("receipts_last_ns").saturating_sub(ns("first_ns")) as f64 / 1e6,
            held: times("held"),
            ttft: times("ttft"),
            itl: times("itl"),
            frozen_ms: value["frozen_ms"].as_f64().unwrap_or(0.0),
        })
    }

    /// Makes it stand still for `length`, `after` the next request.
    pub(super) fn freeze(&self, after: Duration, length: Duration) -> anyhow::Result<()> {
        self.ask(&format!("/control/freeze/{}/{}", after.as_millis(), length.as_millis())).map(drop)
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
