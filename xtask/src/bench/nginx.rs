//! nginx on loopback, by a configuration of our own: one location that answers at once, with TLS and without.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::lab::Lab;

/// A running nginx; ended when dropped.
pub(super) struct Nginx {
    child: Child,
    port: u16,
    tls_port: u16,
    /// The certificate that it shows, as a file of authorities.
    pub(super) certificate: PathBuf,
}

/// It must be there by then.
const START: Duration = Duration::from_secs(10);

impl Nginx {
    /// Starts it on the server's processors and waits until it answers.
    pub(super) fn start(lab: &Lab) -> anyhow::Result<Self> {
        let folder = lab.folder().join("nginx");
        fs_err::create_dir_all(folder.join("temporary"))?;
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let certificate = folder.join("certificate.pem");
        fs_err::write(&certificate, made.cert.pem())?;
        fs_err::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
        let (port, tls_port) = (free_port()?, free_port()?);
        fs_err::write(folder.join("nginx.conf"), configuration(port, tls_port, lab.cores.each))?;
        let program = lab.program("nginx").context("nginx is not there")?;
        let mut command = Command::new(program);
        command.arg("-p").arg(&folder).args(["-c", "nginx.conf", "-e", "error.log"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = lab.cores.server(|| command.spawn()).context("nginx did not start")?;
        let mut nginx = Self { child, port, tls_port, certificate };
        let by = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", tls_port)).is_err() {
            if let Some(status) = nginx.child.try_wait()? {
                let log = fs_err::read_to_string(folder.join("error.log")).unwrap_or_default();
                bail!("nginx ended with {status}:\n{log}");
            }
            anyhow::ensure!(Instant::now() < by, "nginx does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }

    /// Where it answers.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it answers over TLS.
    pub(super) fn tls_url(&self) -> String {
        format!("https://localhost:{}", self.tls_port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Not by SIGKILL, which would leave its workers behind. If it has ended already there is nothing to end.
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn configuration(port: u16, tls_port: u16, workers: usize) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("  {kind}_temp_path temporary/{kind};\n"))
        .concat();
    let answer =
        "    location / { default_type application/json; return 200 '{\"status\":\"ok\",\"queue\":123}'; }\n";
    format!(
        "worker_processes {workers};\nworker_rlimit_nofile 16384;\ndaemon off;\npid nginx.pid;\n\
         error_log error.log error;\nevents {{ worker_connections 16384; }}\nhttp {{\n  access_log off;\n\
         \x20 keepalive_requests 1000000000;\n  keepalive_timeout 600s;\n{temporary}\
         \x20 server {{\n    listen 127.0.0.1:{port} backlog=4096;\n{answer}  }}\n\
         \x20 server {{\n    listen 127.0.0.1:{tls_port} ssl backlog=4096;\n    ssl_certificate certificate.pem;\n\
         \x20   ssl_certificate_key key.pem;\n{answer}  }}\n}}\n"
    )
}
