//! `conversations`: what it promises, and that each fault breaks its own promise.
#![expect(clippy::unwrap_used, reason = "a test that cannot get its answer has failed")]

mod common;

use std::time::{Duration, Instant};

use common::{Answer, Service, faulty, healthy, together};
use loadgate_services::find;
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn start(service: &Service, user: &str) -> Answer {
    service.post("/api/conversations", json!({ "user": user })).await
}

/// Starts a conversation that must be accepted; its id.
async fn started(service: &Service, user: &str) -> String {
    let answer = start(service, user).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
    answer.body["conversation_id"].as_str().unwrap().to_owned()
}

async fn say(service: &Service, id: &str, user: &str, message: &str, work: &str) -> Answer {
    let body = json!({ "user": user, "message": message, "work": work });
    service.post(&format!("/api/conversations/{id}/iterations"), body).await
}

async fn end(service: &Service, id: &str, user: &str) -> Answer {
    service.delete(&format!("/api/conversations/{id}?user={user}")).await
}

async fn health(service: &Service) -> Value {
    service.get("/health").await.body
}

/// Users at once, one start each; how many were accepted, refused by the global limit, refused by the user's.
async fn burst(service: &Service, users: &[String]) -> (usize, usize, usize) {
    let answers = together(users.iter().map(|user| start(service, user))).await;
    let with = |status: StatusCode| answers.iter().filter(|answer| answer.status == status).count();
    (with(StatusCode::CREATED), with(StatusCode::SERVICE_UNAVAILABLE), with(StatusCode::TOO_MANY_REQUESTS))
}

fn users(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("user{n}")).collect()
}

/// Ten users, each going through conversations without work.
async fn cycles(service: &Service, each: usize) -> Vec<StatusCode> {
    let user = |user: String| async move {
        let mut answers = Vec::new();
        for _ in 0..each {
            let id = started(service, &user).await;
            answers.push(end(service, &id, &user).await.status);
        }
        answers
    };
    together(users(10).into_iter().map(user)).await.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_burst_is_accepted_up_to_the_limit_exactly() {
    let service = healthy("conversations").await;
    for _ in 0..5 {
        assert_eq!(burst(&service, &users(50)).await, (20, 30, 0));
        let now = health(&service).await;
        assert_eq!((&now["active"], &now["started"], &now["refused"]), (&json!(20), &json!(20), &json!(30)));
        assert_eq!(service.delete("/api/conversations").await.body["ended"], 20);
        assert_eq!(health(&service).await["started"], 0);
    }
}

#[tokio::test]
async fn a_user_has_three_and_another_is_not_affected() {
    let service = healthy("conversations").await;
    let first = started(&service, "ann").await;
    started(&service, "ann").await;
    started(&service, "ann").await;
    let fourth = start(&service, "ann").await;
    assert_eq!((fourth.status, fourth.retry_after), (StatusCode::TOO_MANY_REQUESTS, Some(1)));
    started(&service, "bob").await;
    assert_eq!(end(&service, &first, "ann").await.status, StatusCode::OK);
    started(&service, "ann").await;
}

#[tokio::test]
async fn a_full_house_refuses_until_one_leaves() {
    let service = healthy("conversations").await;
    let limits = json!({ "max_active": 10 });
    let answer =
        service.client.put(format!("{}/api/limits", service.url)).json(&limits).send().await.unwrap();
    let limits = common::read(answer).await.body;
    assert_eq!(limits, json!({ "max_active": 10, "max_per_user": 3, "max_waiting": 100 }));
    let mut ids = Vec::new();
    for user in users(10) {
        ids.push(started(&service, &user).await);
    }
    assert_eq!(start(&service, "late").await.status, StatusCode::SERVICE_UNAVAILABLE);
    end(&service, &ids[4], "user4").await;
    started(&service, "late").await;
}

#[tokio::test]
async fn a_start_that_waits_gets_the_next_slot_or_is_refused_in_the_end() {
    let service = healthy("conversations").await;
    let wait = |ms: u64| service.post("/api/conversations", json!({ "user": "late", "wait_ms": ms }));
    let ids = together(users(20).iter().map(|user| started(&service, user))).await;
    let refused = wait(30).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    let leave = async {
        while health(&service).await["waiting"] != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        end(&service, &ids[0], "user0").await;
    };
    let (waited, ()) = tokio::join!(wait(10_000), leave);
    assert_eq!(waited.status, StatusCode::CREATED);
    assert!(waited.body["queued_ms"].as_f64().unwrap() > 0.0);
    let now = health(&service).await;
    assert_eq!((&now["active"], &now["waiting"], &now["refused_full"]), (&json!(20), &json!(0), &json!(1)));
}

#[tokio::test]
async fn a_conversation_remembers_what_its_own_user_said() {
    let service = healthy("conversations").await;
    let ann = started(&service, "ann").await;
    let bob = started(&service, "bob").await;
    say(&service, &ann, "ann", "code anncode", "none").await;
    say(&service, &bob, "bob", "code bobcode", "none").await;
    let answer = say(&service, &ann, "ann", "and now", "quick").await;
    assert_eq!((&answer.body["iteration"], &answer.body["previous"]), (&json!(2), &json!("code anncode")));
    assert_eq!(say(&service, &ann, "bob", "mine?", "none").await.status, StatusCode::FORBIDDEN);
    assert_eq!(end(&service, &ann, "bob").await.status, StatusCode::FORBIDDEN);
    assert_eq!(end(&service, &ann, "ann").await.body["iterations"], 2);
    assert_eq!(end(&service, &ann, "ann").await.status, StatusCode::NOT_FOUND);
    assert_eq!(say(&service, "nonsense", "ann", "hello", "none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn counters_are_exact_under_concurrency() {
    let service = healthy("conversations").await;
    let answers = cycles(&service, 40).await;
    assert!(answers.iter().all(|status| *status == StatusCode::OK));
    let now = health(&service).await;
    assert_eq!((&now["started"], &now["ended"], &now["active"]), (&json!(400), &json!(400), &json!(0)));
}

/// Whether the service behaves as this fault makes it behave.
async fn shows(service: &Service, fault: &str) -> bool {
    match fault {
        "limit-off-by-one" => burst(service, &users(50)).await == (21, 29, 0),
        "user-limit-ignored" => burst(service, &vec!["ann".to_owned(); 4]).await == (4, 0, 0),
        "slot-never-freed" => {
            let id = started(service, "ann").await;
            end(service, &id, "ann").await;
            let active = health(service).await["active"] == 1;
            cycles(service, 1).await;
            active && burst(service, &users(20)).await == (9, 11, 0)
        }
        "counters-drift" => {
            cycles(service, 20).await;
            let now = health(service).await;
            now["started"] == 200 && now["ended"].as_u64() < Some(200) && now["active"] != 0
        }
        "cross-talk" => {
            let ids = [started(service, "ann").await, started(service, "bob").await];
            say(service, &ids[0], "ann", "anncode", "none").await;
            say(service, &ids[1], "bob", "bobcode", "none").await.body.to_string().contains("anncode")
        }
        "keeps-1-mb" => {
            let before = memory();
            cycles(service, 10).await;
            memory() > before + 60
        }
        "global-lock" => {
            let ids = together(users(5).iter().map(|user| started(service, user))).await;
            let start = Instant::now();
            let all = ids.iter().zip(users(5)).map(|(id, user)| async move {
                say(service, id, &user, "long", "complex").await;
            });
            together(all).await;
            start.elapsed() > Duration::from_millis(600)
        }
        "throughput-decays" => {
            cycles(service, 20).await;
            let id = started(service, "ann").await;
            let start = Instant::now();
            say(service, &id, "ann", "short", "none").await;
            start.elapsed() > Duration::from_millis(50)
        }
        "half-percent-fails" => {
            let answers = cycles(service, 40).await;
            answers.iter().filter(|status| **status == StatusCode::INTERNAL_SERVER_ERROR).count() == 2
        }
        "queue-polled" => {
            service.delete("/api/conversations").await;
            let ids = together(users(20).iter().map(|user| started(service, user))).await;
            let late = service.post("/api/conversations", json!({ "user": "late", "wait_ms": 10_000 }));
            let leave = async {
                while health(service).await["waiting"] != 1 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                end(service, &ids[0], "user0").await;
                health(service).await["waiting"] == 1
            };
            let (late, still_waits) = tokio::join!(late, leave);
            late.status == StatusCode::CREATED && still_waits
        }
        other => panic!("no test for the fault {other}"),
    }
}

/// Resident memory of this process, in MB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Faults that show in time or in memory alone: the other tests of this process and a busy machine may look the same.
const MEASURED: [&str; 3] = ["global-lock", "throughput-decays", "keeps-1-mb"];

#[tokio::test]
async fn each_fault_shows_and_without_it_does_not() {
    for fault in find("conversations").unwrap().faults {
        if fault.name == "keeps-1-mb" && !cfg!(target_os = "linux") {
            continue;
        }
        let service = faulty("conversations", fault.name).await;
        assert!(shows(&service, fault.name).await, "{} is not seen", fault.name);
        if !MEASURED.contains(&fault.name) {
            let seen = shows(&healthy("conversations").await, fault.name).await;
            assert!(!seen, "{} is seen on the healthy service", fault.name);
        }
    }
}
