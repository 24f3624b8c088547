//! Nothing secret is written: not by loadgate, and not for a service that tells what it was given.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use common::{Place, quiet_machine};

const KEY: &str = "very-secret-key-of-the-api";
/// `ci:` and the key, as a request carries them.
const TOKEN: &str = "Y2k6dmVyeS1zZWNyZXQta2V5LW9mLXRoZS1hcGk";

/// A server that fails, and sends back what it was sent.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut bytes = [0; 4096];
            // The client writes a head at once.
            let Ok(read) = client.read(&mut bytes) else { continue };
            let sent = String::from_utf8_lossy(&bytes[..read]);
            // The address shall be ready; the key lies across the end of what a message shows.
            let status = if sent.starts_with("GET /health") { 200 } else { 500 };
            let own = "x".repeat(if sent.starts_with("GET /cut") { 112 } else { 0 });
            let body = if own.is_empty() { sent.into_owned() } else { format!("{own}{KEY}") };
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            // Whoever is gone already need not be told.
            let _ = client.write_all(format!("{head}{body}").as_bytes());
        }
    });
    url
}

#[test]
fn no_file_of_a_run_holds_what_a_service_tells_of_its_secrets() {
    let _lock = quiet_machine();
    let place = Place::new();
    let suite = format!(
        "name: s\n\
         target:\n  url: '{}'\n  build: 'echo \"built with $API_KEY\"'\n  start: 'echo \"settings: $API_KEY\"; exec sleep 60'\n  \
           ready: {{ get: /health }}\n  environment: {{ API_KEY: '${{API_KEY}}' }}\n\
         vars: {{ level: '${{API_KEY}}' }}\n\
         scenarios:\n  a:\n    load: {{ users: 1, iterations: 2 }}\n    \
           flow: [ {{ get: /, basic: {{ user: ci, password: '${{API_KEY}}' }} }} ]\n  b:\n    load: {{ users: 1, iterations: 2 }}\n    \
           flow: [ get: /cut ]\n",
        echo()
    );
    place.write("loadgate.yml", &suite);
    let out = place.command(&["run", "--set", &format!("level={KEY}")]).env("API_KEY", KEY).output().unwrap();
    let mut texts = vec![("what it said".to_owned(), [out.stdout, out.stderr].concat())];
    for entry in place.path().join("loadgate-report").read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        texts.push((path.to_string(), fs_err::read(path).unwrap()));
    }
    for (name, text) in &texts {
        let text = String::from_utf8_lossy(text);
        for part in [&KEY[..8], TOKEN] {
            assert!(!text.contains(part), "{name} tells {part}: {text}");
        }
    }
    let report = place.report();
    assert!(report.scenarios.iter().all(|scenario| scenario.failures[0].message.contains("***")));
    for (log, line) in [("target.log", "settings: ***\n"), ("build.log", "built with ***\n")] {
        let kept = fs_err::read_to_string(place.path().join("loadgate-report").join(log)).unwrap();
        assert_eq!(kept, line, "{log}");
    }
}
