//! `sessions`: what it promises, and that each fault breaks its own promise.
#![expect(clippy::unwrap_used, reason = "a test that cannot get its answer has failed")]

mod common;

use std::time::Duration;

use common::{Answer, Service, faulty, healthy, together};
use loadgate_services::find;
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn request(service: &Service, user: &str) -> Answer {
    let body = json!({ "user": user, "message": format!("secret of {user}") });
    let answer = service.post("/api/request", body).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer
}

fn id(answer: &Answer) -> &str {
    answer.body["session_id"].as_str().unwrap()
}

async fn capacity(service: &Service) -> Value {
    service.get("/health").await.body["session_capacity"].clone()
}

/// Ten users in order, all of them touched again but the third; then an eleventh.
async fn eleven(service: &Service) -> Answer {
    for n in 1..=10 {
        request(service, &format!("user{n}")).await;
    }
    for n in [1, 2, 4, 5, 6, 7, 8, 9, 10] {
        request(service, &format!("user{n}")).await;
    }
    request(service, "user11").await
}

#[tokio::test]
async fn users_get_sessions_of_their_own_and_keep_them() {
    let service = healthy("sessions").await;
    assert_eq!(capacity(&service).await, "0/10");
    let users = ["ann", "bob"];
    let first = together(users.map(|user| request(&service, user))).await;
    assert_eq!(capacity(&service).await, "2/10");
    assert_ne!(id(&first[0]), id(&first[1]));
    for (user, first) in users.iter().zip(&first) {
        let again = request(&service, user).await;
        assert_eq!(
            (first.body["is_new_session"] == true, again.body["is_new_session"] == true),
            (true, false)
        );
        assert_eq!(id(first), id(&again));
        assert_eq!(again.body["previous"], format!("secret of {user}"));
    }
    let health = service.get("/health").await.body;
    assert_eq!((&health["active_sessions"], &health["log_ins"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn requests_of_one_user_at_once_share_one_log_in() {
    let service = healthy("sessions").await;
    let all = together((0..5).map(|_| request(&service, "ann"))).await;
    assert_eq!(all.iter().filter(|answer| answer.body["is_new_session"] == true).count(), 1);
    assert!(all.iter().all(|answer| id(answer) == id(&all[0])));
    assert_eq!(service.get("/health").await.body["log_ins"], 1);
}

#[tokio::test]
async fn an_eleventh_user_evicts_the_one_idle_longest_and_nobody_else() {
    let service = healthy("sessions").await;
    let eleventh = eleven(&service).await;
    assert_eq!(eleventh.body["session_capacity"], "10/10");
    let list = service.get("/api/sessions").await.body;
    let users: Vec<&str> = list["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["user"].as_str().unwrap())
        .collect();
    assert_eq!(users[0], "user11");
    assert!(users.len() == 10 && !users.contains(&"user3"), "{users:?}");
    assert_eq!(request(&service, "user3").await.body["is_new_session"], true);
    assert_eq!(capacity(&service).await, "10/10");
}

#[tokio::test]
async fn sessions_can_be_closed() {
    let service = healthy("sessions").await;
    together(["ann", "bob", "cleo"].map(|user| request(&service, user))).await;
    assert_eq!(service.delete("/api/sessions/ann").await.status, StatusCode::OK);
    assert_eq!(service.delete("/api/sessions/ann").await.status, StatusCode::NOT_FOUND);
    assert_eq!(service.delete("/api/sessions").await.body["closed"], 2);
    assert_eq!(capacity(&service).await, "0/10");
}

/// Whether the service behaves as this fault makes it behave.
async fn shows(service: &Service, fault: &str) -> bool {
    match fault {
        "sessions-shared" => {
            let all = together(["ann", "bob"].map(|user| request(service, user))).await;
            id(&all[0]) == id(&all[1]) && capacity(service).await == "1/10" && {
                let ann = request(service, "ann").await;
                let bob = request(service, "bob").await;
                [ann, bob].iter().any(|answer| answer.body["previous"] != "secret of bob")
            }
        }
        "new-session-every-request" => {
            let first = request(service, "ann").await;
            let again = request(service, "ann").await;
            id(&first) != id(&again) && again.body["is_new_session"] == true
        }
        "no-eviction" => eleven(service).await.body["session_capacity"] == "11/10",
        "evicts-newest" => {
            eleven(service).await;
            request(service, "user3").await.body["is_new_session"] == false
                && request(service, "user10").await.body["is_new_session"] == true
        }
        "capacity-misreported" => {
            request(service, "ann").await;
            let health = service.get("/health").await.body;
            health["active_sessions"] == 1 && health["session_capacity"] == "2/10"
        }
        "no-refresh" => {
            let first = request(service, "ann").await;
            tokio::time::sleep(Duration::from_millis(2_600)).await;
            id(&request(service, "ann").await) != id(&first)
        }
        "reuse-logs-in-again" => {
            let first = request(service, "ann").await;
            let start = std::time::Instant::now();
            let again = request(service, "ann").await;
            id(&first) == id(&again) && start.elapsed() > Duration::from_millis(300)
        }
        other => panic!("no test for the fault {other}"),
    }
}

#[tokio::test]
async fn each_fault_shows_and_without_it_does_not() {
    let each = find("sessions").unwrap().faults.iter().map(|fault| async move {
        assert!(shows(&faulty("sessions", fault.name).await, fault.name).await, "{} is not seen", fault.name);
        // Shows in time alone: on a healthy service on a busy machine the same may show.
        if fault.name != "reuse-logs-in-again" {
            let seen = shows(&healthy("sessions").await, fault.name).await;
            assert!(!seen, "{} is seen on the healthy service", fault.name);
        }
    });
    together(each).await;
}
