//! A Redis of one test's own, on a free port, in memory only.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running redis-server; killed when dropped.
pub(crate) struct Redis {
    server: Child,
    pub(crate) url: String,
    pub(crate) port: u16,
}

impl Redis {
    /// Starts one; `None` where redis-server is not installed, so that the test cannot be made.
    #[expect(clippy::print_stderr, reason = "whoever reads the tests' output should know what was left out")]
    pub(crate) async fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let started = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--dir", std::env::temp_dir().to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(server) = started else {
            eprintln!("redis-server is not installed: the test of the store is left out");
            return None;
        };
        let redis = Self { server, url: format!("redis://127.0.0.1:{port}/0"), port };
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Some(redis)
    }

    /// What a command prints, as an outsider would ask.
    pub(crate) fn ask(&self, command: &[&str]) -> String {
        let output =
            Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(command).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
