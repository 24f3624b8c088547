//! `--inject`: the change is there, of about its size, and the health route is left alone.

mod common;

use std::time::{Duration, Instant};

use common::{Service, service, together};
use loadgate_services::Options;
use reqwest::StatusCode;
use serde_json::json;

async fn with(inject: &str) -> Service {
    service(
        "cached-chat",
        &Options { inject: Some(inject.parse().expect("a form that is known")), ..Options::default() },
    )
    .await
}

/// Asks something that is in the cache from the second time on; gives status, whether it was cached, and the time it took.
async fn ask(service: &Service) -> (StatusCode, bool, Duration) {
    let begun = Instant::now();
    let answer = service.post("/api/chat", json!({ "user": "ann", "message": "Why do bees dance?" })).await;
    (answer.status, answer.body["cached"] == true, begun.elapsed())
}

#[tokio::test]
async fn each_request_waits() {
    let service = with("sleep=300").await;
    assert!(ask(&service).await.2 >= Duration::from_millis(300));
}

#[tokio::test]
async fn only_one_at_a_time_holds_the_lock() {
    let service = with("lock=60").await;
    let begun = Instant::now();
    together((0..5).map(|_| ask(&service))).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn each_twelfth_request_stalls() {
    let service = with("tail=1500").await;
    let mut stalled = Vec::new();
    for number in 1..=24 {
        if ask(&service).await.2 >= Duration::from_millis(1500) {
            stalled.push(number);
        }
    }
    assert_eq!(stalled, [12, 24]);
}

#[tokio::test]
async fn a_share_fails_or_misses_the_cache_and_health_is_left_alone() {
    let service = with("error=0.1").await;
    let mut failed = 0;
    for _ in 0..40 {
        failed += u32::from(ask(&service).await.0 == StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(service.get("/health").await.status, StatusCode::OK);
    }
    assert_eq!(failed, 4);
    let service = with("miss=0.25").await;
    let mut missed = 0;
    for _ in 0..20 {
        missed += u32::from(!ask(&service).await.1);
    }
    // Five by the switch, one since nobody had asked before.
    assert_eq!(missed, 6);
}

#[tokio::test]
async fn work_and_memory_leave_the_answer_as_it_is() {
    for inject in ["cpu=100", "alloc=256"] {
        let service = with(inject).await;
        let (status, cached, _) = ask(&service).await;
        assert_eq!((status, cached), (StatusCode::OK, false), "{inject}");
    }
}
