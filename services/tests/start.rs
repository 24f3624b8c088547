//! Starting and stopping: what holds for every service.

mod common;

use common::{healthy, service};
use loadgate_services::{Error, Exit, Options, all, find, start};
use reqwest::StatusCode;

#[test]
fn names_are_kebab_case_and_ports_differ() {
    let kebab = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let mut ports: Vec<u16> = all().iter().map(|it| it.default_port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), all().len());
    for info in all() {
        assert!(kebab(info.name) && !info.summary.is_empty());
        assert!(!info.faults.is_empty());
        for (place, fault) in info.faults.iter().enumerate() {
            assert!(kebab(fault.name) && !fault.breaks.is_empty(), "{}", fault.name);
            assert!(!fault.requirements.is_empty(), "{} names no requirement", fault.name);
            assert!(info.faults[..place].iter().all(|it| it.name != fault.name), "{} twice", fault.name);
        }
    }
}

#[tokio::test]
async fn every_service_starts_healthy_and_stops() {
    for info in all() {
        let service = healthy(info.name).await;
        let health = service.get("/health").await;
        assert_eq!(health.status, StatusCode::OK, "{}", info.name);
        assert_eq!(health.body["status"], "ok", "{}", info.name);
        let url = format!("{}/health", service.url);
        service.running.shutdown().await;
        assert!(service.client.get(url).send().await.unwrap_err().is_connect(), "{}", info.name);
    }
}

#[tokio::test]
async fn a_dropped_service_stops_too() {
    let common::Service { running, client, url } = healthy("cached-chat").await;
    client.get(format!("{url}/health")).send().await.unwrap();
    drop(running);
    // The listener closes a moment after the drop.
    while client.get(format!("{url}/health")).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn options_that_do_not_fit_are_refused_with_what_would() {
    let info = find("cached-chat").unwrap();
    let fails = async |options: Options| start(info, &options, 0).await.unwrap_err();
    let error = fails(Options { fault: Some("cold".into()), ..Options::default() }).await;
    assert!(error.to_string().contains("cache-off"), "{error}");
    for slow in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = fails(Options { slow, ..Options::default() }).await;
        assert!(matches!(error, Error::BadSlow { .. }), "{slow}: {error}");
    }
    let error = fails(Options { store: Some("redis://127.0.0.1:1".into()), ..Options::default() }).await;
    assert!(matches!(error, Error::NoStore { .. }), "{error}");
    let error = Error::unknown_service("chat");
    assert!(error.to_string().contains("cached-chat"), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let one = healthy("cached-chat").await;
    let error = start(find("cached-chat").unwrap(), &Options::default(), one.running.addr().port())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Bind { .. }), "{error}");
}

#[tokio::test]
async fn a_crash_ends_the_service_and_says_why() {
    let options = Options { fault: Some("crash-at-15-users".into()), ..Options::default() };
    let mut service = service("cached-chat", &options).await;
    let ask = |n: usize| {
        // A client of its own has a connection of its own.
        let request = reqwest::Client::new().post(format!("{}/api/chat", service.url));
        request.json(&serde_json::json!({ "user": format!("u{n}"), "message": "hello" })).send()
    };
    let fourteen = common::together((0..14).map(ask)).await;
    assert!(fourteen.iter().all(Result::is_ok));
    drop(fourteen);
    let all = common::together((0..20).map(ask)).await;
    assert!(all.iter().any(Result::is_err));
    let exit = service.running.wait().await;
    assert!(matches!(&exit, Exit::Crashed { reason } if reason.contains("15 users")), "{exit:?}");
    assert!(service.client.get(format!("{}/health", service.url)).send().await.unwrap_err().is_connect());
}
