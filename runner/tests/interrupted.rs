//! Ctrl-C and SIGTERM: the report of what was there by then is written and says so.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use common::server::{Reply, Server};
use common::{Place, quiet_machine, signal, small_suite};

fn ends(name: &str, code: i32) {
    let _lock = quiet_machine();
    let server = Server::healthy();
    let place = Place::new();
    let suite = small_suite(&server.url(), 2, 1).replace("iterations: 1", "duration: 10min");
    place.write("loadgate.yml", &suite);
    let child = place.start(&["run"]);
    server.wait_for(20);
    signal(&child, name);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    let report = place.report();
    assert!(report.run.interrupted, "the report is marked");
    assert_ne!(report.verdict, loadgate_report::Verdict::Pass, "what was cut short is no pass");
    assert!(report.scenarios[0].requests >= 20, "what was seen is in the report");
    let page = fs_err::read_to_string(place.path().join("loadgate-report/report.html")).unwrap();
    assert!(page.contains("interrupted"), "the page says it");
}

#[test]
fn sigint_leaves_a_marked_report() {
    ends("INT", 130);
}

#[test]
fn sigterm_leaves_a_marked_report() {
    ends("TERM", 143);
}

#[test]
fn the_report_is_marked_until_the_comparison_is_through() {
    let _lock = quiet_machine();
    let server = Server::healthy();
    let place = Place::new();
    place.write("loadgate.yml", &small_suite(&server.url(), 2, 1).replace("iterations: 1", "duration: 2s"));
    let mut child = place.start(&["run", "--mode", "paired", "--base-url", &server.url()]);
    let saved = place.path().join("loadgate-report/report.json");
    let report = loop {
        assert!(child.try_wait().unwrap().is_none(), "the comparison takes a while");
        std::thread::sleep(Duration::from_millis(50));
        if saved.exists() && !place.report().scenarios.is_empty() {
            break place.report();
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(report.run.interrupted, "the report is marked");
    assert_ne!(report.verdict, loadgate_report::Verdict::Pass, "what was not compared is no pass");
}

/// A service that says its process id, and then nothing for a minute.
const SILENT: &str = "sleep 60 & echo $! > pid; wait";

#[test]
fn sigterm_is_heard_while_the_service_is_built() {
    let place = Place::new();
    place.write("loadgate.yml", &started(SILENT, "true"));
    let child = place.start(&["run"]);
    let pid = written(&place.path().join("pid"));
    ends_soon(child, &place);
    assert!(!runs(&pid), "what the build has started is stopped as well");
}

#[test]
fn sigterm_is_heard_while_the_service_is_waited_for() {
    let place = Place::new();
    place.write("loadgate.yml", &started("true", SILENT));
    let child = place.start(&["run"]);
    let pid = written(&place.path().join("pid"));
    ends_soon(child, &place);
    assert!(!runs(&pid), "the service is stopped");
}

#[test]
fn sigterm_is_heard_while_a_probe_waits_for_its_answer() {
    let _lock = quiet_machine();
    let asked = AtomicBool::new(false);
    let server = Server::start(move |_, line| {
        // The value before the load is there at once, and no later one.
        if line.contains("/depth") && asked.swap(true, Ordering::SeqCst) {
            std::thread::sleep(Duration::from_secs(30));
        }
        Reply::Answer(200, b"1".to_vec())
    });
    let place = Place::new();
    let url = format!("url: \"{}\"", server.url());
    let suite = small_suite(&server.url(), 2, 1).replace("iterations: 1", "duration: 10min");
    let probes = format!("{url}, probes: {{ depth: {{ get: /depth, value: json }} }}");
    place.write("loadgate.yml", &suite.replace(&url, &probes));
    let child = place.start(&["run"]);
    server.wait_for(20);
    ends_soon(child, &place);
}

#[test]
fn another_run_that_builds_the_base_is_waited_for() {
    let _lock = quiet_machine();
    let place = Place::new();
    let (child, folder, lock) = behind_another_run(&place);
    assert!(!folder.exists(), "nothing is touched while it is another's");
    drop(lock);
    let start = Instant::now();
    while !folder.join("loadgate.yml").exists() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "then it goes on, in the folder of the environment"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    ends_soon(child, &place);
}

#[test]
fn sigterm_is_heard_while_another_run_builds_the_base() {
    let _lock = quiet_machine();
    let place = Place::new();
    let (child, _, _lock) = behind_another_run(&place);
    ends_soon(child, &place);
}

/// A paired run whose first pass is through while the lock of its base is held, with the folder that the base belongs in.
fn behind_another_run(place: &Place) -> (Child, Utf8PathBuf, File) {
    place.write("loadgate.yml", &started("true", "{{ loadgate }} serve cached-chat --port $PORT"));
    for arguments in ["init -q", "add .", "-c user.name=t -c user.email=t@example.invalid commit -q -m base"]
    {
        git(place, arguments);
    }
    let folder = place.path().join("cache").join(git(place, "rev-parse HEAD"));
    let lock = File::open(place.write(folder.with_extension("lock").as_str(), "")).unwrap();
    lock.lock().unwrap();
    let mut command = place.command(&["run", "--mode", "paired", "--base", "HEAD"]);
    command.env("LOADGATE_BASE_CACHE", "cache").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let start = Instant::now();
    let saved = place.path().join("loadgate-report/report.json");
    while !saved.exists() || place.report().scenarios.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(60), "the first pass ends");
        std::thread::sleep(Duration::from_millis(50));
    }
    // The service of the first pass is stopped, and then there is nothing to be done but to wait.
    std::thread::sleep(Duration::from_secs(1));
    (child, folder, lock)
}

/// A suite that builds and starts its service.
fn started(build: &str, start: &str) -> String {
    let target =
        format!("target: {{ url: \"http://127.0.0.1:{{{{ port }}}}\", build: '{build}', start: '{start}' }}");
    small_suite("", 1, 1).replace("target: { url: \"\" }", &target)
}

/// Terminates a run, which then ends in a few seconds with all its outputs.
fn ends_soon(mut child: Child, place: &Place) {
    signal(&child, "TERM");
    let told = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if told.elapsed() > Duration::from_secs(5) {
            child.kill().unwrap();
            panic!("it goes on: {:?}", child.wait());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(143), "{said}");
    let report = place.report();
    assert!(report.run.interrupted, "the report is marked");
    assert_eq!(report.target.unavailable, None, "nothing is wrong with the service");
    let page = fs_err::read_to_string(place.path().join("loadgate-report/report.html")).unwrap();
    assert!(page.contains("interrupted"), "the page says it");
}

/// The content of a file, once there is some.
fn written(path: &Utf8Path) -> String {
    let start = Instant::now();
    loop {
        match fs_err::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
        assert!(start.elapsed() < Duration::from_secs(30), "nobody has written {path}");
    }
}

/// Whether a process goes on; one that nobody has asked for its end does not.
fn runs(pid: &str) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8(output.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

fn git(place: &Place, arguments: &str) -> String {
    let output = Command::new("git").args(arguments.split(' ')).current_dir(place.path()).output().unwrap();
    assert!(output.status.success(), "git {arguments}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
