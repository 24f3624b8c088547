//! A server that is not ours, with a suite of four lines.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Place, free_port, quiet_machine, root};
use loadgate_report::Verdict;

struct Nginx(Child);

impl Nginx {
    fn start(place: &Place, port: u16) -> Self {
        let folder = place.path().join("nginx");
        let configuration = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{ worker_connections 256; }}\n\
             http {{\n\
               access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
               fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n\
               server {{ listen 127.0.0.1:{port}; location / {{ return 200 \"hello\\n\"; }} }}\n\
             }}\n"
        );
        let file = place.write("nginx/nginx.conf", &configuration);
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
        let child = Command::new("nginx")
            .args(["-p", folder.as_str(), "-c", file.as_str()])
            .env("PATH", path)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is there after `cargo xtask setup`");
        let nginx = Self(child);
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs_err::read_to_string(folder.join("error.log")).unwrap_or_default();
            assert!(start.elapsed() < Duration::from_secs(20), "nginx does not listen: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs nginx: cargo xtask test"]
fn nginx_passes_the_quickstart() {
    let _lock = quiet_machine();
    let place = Place::new();
    let port = free_port();
    let _nginx = Nginx::start(&place, port);
    let quickstart = fs_err::read_to_string(root().join("suites/quickstart.yml")).unwrap();
    let is_short = quickstart.lines().filter(|line| !line.trim_start().starts_with('#')).count() <= 4;
    assert!(is_short, "the quickstart has four lines:\n{quickstart}");
    place.write("loadgate.yml", &quickstart);
    place
        .undisturbed(&["run", "--mode", "off", "--target", &format!("http://127.0.0.1:{port}")])
        .ends_with(0);
    let report = place.report();
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.scenarios[0].ok > 100, "{} requests", report.scenarios[0].ok);
}
