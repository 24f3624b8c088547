//! `cached-chat`: what it promises, and that each fault breaks its own promise.

mod common;

use std::time::{Duration, Instant};

use common::{Answer, Service, faulty, healthy, together};
use loadgate_services::find;
use reqwest::StatusCode;
use serde_json::{Value, json};

const QUESTIONS: [&str; 4] = [
    "How do tides follow the moon?",
    "What keeps a bridge from swaying?",
    "Why do bees dance?",
    "Which metals float on mercury?",
];

async fn ask(service: &Service, user: &str, message: &str) -> Answer {
    service.post("/api/chat", json!({ "user": user, "message": message })).await
}

async fn warm(service: &Service) {
    for answer in together(QUESTIONS.map(|question| ask(service, "warm", question))).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
}

/// A tier after warming: each user asks in turn; all answers.
async fn tier(service: &Service, users: usize, requests: usize) -> Vec<Answer> {
    let user = |user: usize| async move {
        let name = format!("user{user}");
        let mut answers = Vec::new();
        for request in 0..requests {
            answers.push(ask(service, &name, QUESTIONS[(user + request) % QUESTIONS.len()]).await);
        }
        answers
    };
    together((0..users).map(user)).await.into_iter().flatten().collect()
}

fn cached(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.body["cached"] == true).count()
}

async fn cache(service: &Service) -> Value {
    service.get("/health").await.body["cache"].clone()
}

#[tokio::test]
async fn a_repeated_question_comes_from_the_cache_whoever_asks() {
    let service = healthy("cached-chat").await;
    let first = ask(&service, "ann", "Why do bees dance?").await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!((&first.body["cached"], &first.body["shared"]), (&json!(false), &json!(false)));
    assert_eq!(first.body["cost_usd"], 0.06);
    let again = ask(&service, "bob", "  why do BEES dance ").await;
    assert_eq!(again.body["cached"], true);
    assert_eq!(again.body["cost_usd"], 0.0);
    assert_eq!(again.body["answer"], first.body["answer"]);
    assert_ne!(again.body["session_id"], first.body["session_id"]);
    let cache = cache(&service).await;
    assert_eq!((&cache["hits"], &cache["misses"], &cache["size"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(service.delete("/api/cache").await.body["cleared"], 1);
    assert_eq!(ask(&service, "ann", "Why do bees dance?").await.body["cached"], false);
}

#[tokio::test]
async fn identical_questions_at_once_cost_one_call() {
    let service = healthy("cached-chat").await;
    let answers = together((0..10).map(|n| ask(&service, ["a", "b", "c"][n % 3], QUESTIONS[0]))).await;
    let with = |field: &str| answers.iter().filter(|answer| answer.body[field] == true).count();
    assert_eq!((with("cached"), with("shared")), (0, 9));
    assert_eq!(answers.iter().filter(|answer| answer.body["cost_usd"] == 0.06).count(), 1);
    assert_eq!(cache(&service).await["misses"], 1);
}

#[tokio::test]
async fn a_question_that_refers_back_is_answered_from_the_own_history_only() {
    let service = healthy("cached-chat").await;
    ask(&service, "ann", "My code is anncode77").await;
    ask(&service, "bob", "My code is bobcode88").await;
    for _ in 0..2 {
        let ann = ask(&service, "ann", "What did I say earlier?").await.body["answer"].to_string();
        let bob = ask(&service, "bob", "What did I say earlier?").await.body["answer"].to_string();
        assert!(ann.contains("anncode77") || ann.contains("What did I say"), "{ann}");
        assert!(!ann.contains("bobcode88") && !bob.contains("anncode77"), "{ann} {bob}");
    }
    let history = service.get("/api/history?user=ann").await.body;
    assert_eq!(history["turns"].as_array().unwrap().len(), 3);
    assert!(!history.to_string().contains("bobcode88"));
}

#[tokio::test]
async fn context_sent_along_is_part_of_the_question() {
    let service = healthy("cached-chat").await;
    let with =
        |context: Value| json!({ "user": "ann", "message": "Which one is older?", "context": context });
    assert_eq!(service.post("/api/chat", with(json!(["Rome", "Athens"]))).await.body["cached"], false);
    assert_eq!(service.post("/api/chat", with(json!(["rome", "athens!"]))).await.body["cached"], true);
    assert_eq!(service.post("/api/chat", with(json!(["Oslo", "Bergen"]))).await.body["cached"], false);
}

#[tokio::test]
async fn an_answer_streams_in_deltas_and_ends_with_done() {
    let service = healthy("cached-chat").await;
    for cached in [false, true] {
        let request = service.client.post(format!("{}/api/chat", service.url));
        let request = request.header("accept", "text/event-stream");
        let body = json!({ "user": "ann", "message": QUESTIONS[0] });
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let text = response.text().await.unwrap();
        let events: Vec<&str> = text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
        let (done, chunks) = events.split_last().unwrap();
        assert_eq!(*done, "[DONE]");
        let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
        let delta = |chunk: &Value| chunk["choices"][0]["delta"]["content"].as_str().unwrap_or("").to_owned();
        let whole: String = chunks.iter().map(delta).collect();
        let last = chunks.last().unwrap();
        assert_eq!((&last["choices"][0]["finish_reason"], &last["cached"]), (&json!("stop"), &json!(cached)));
        assert_eq!(ask(&service, "bob", QUESTIONS[0]).await.body["answer"], Value::String(whole));
    }
}

#[tokio::test]
async fn bad_requests_are_told_apart() {
    let service = healthy("cached-chat").await;
    for (body, expected) in [
        ("{", StatusCode::BAD_REQUEST),
        ("{}", StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"user": "ann", "message": " "}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"user": "", "message": "hello"}"#, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let response =
            service.client.post(format!("{}/api/chat", service.url)).body(body).send().await.unwrap();
        let answer = common::read(response).await;
        assert_eq!(answer.status, expected, "{body}");
        assert!(answer.body["error"]["message"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn the_queue_refuses_beyond_its_bound_and_drains() {
    let service = healthy("cached-chat").await;
    let answers = together((0..160).map(|n| {
        let service = &service;
        async move { ask(service, &format!("u{n}"), &format!("Question number {n}?")).await }
    }))
    .await;
    let refused: Vec<&Answer> =
        answers.iter().filter(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE).collect();
    let accepted = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    // 16 served and 128 waiting is what it takes at once; a slot that frees meanwhile may let in a few more.
    assert!(accepted >= 144 && accepted + refused.len() == 160, "{accepted} accepted");
    assert!(refused.iter().all(|answer| answer.retry_after == Some(1)));
    let health = service.get("/health").await.body;
    assert_eq!((&health["queue_depth"], &health["active"]), (&json!(0), &json!(0)));
    assert_eq!(health["model"]["serving"], 0);
}

#[tokio::test]
async fn the_healthy_service_keeps_what_each_fault_breaks() {
    let service = healthy("cached-chat").await;
    warm(&service).await;
    let answers = tier(&service, 20, 3).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    assert_eq!(cached(&answers), 60);
    assert_eq!(service.get("/health").await.body["queue_depth"], 0);
}

/// Whether the service behaves as this fault makes it behave.
async fn shows(service: &Service, fault: &str) -> bool {
    let start = Instant::now();
    match fault {
        "cache-off" | "key-includes-context" => {
            warm(service).await;
            cached(&tier(service, 5, 4).await) == 0
        }
        "ttl-too-short" => {
            warm(service).await;
            cached(&tier(service, 5, 4).await) < 5
        }
        "cached-flag-lies" => {
            let first = ask(service, "ann", QUESTIONS[0]).await;
            tier(service, 1, 4).await;
            let again = tier(service, 1, 4).await;
            first.body["cached"] == true && cached(&again) == 3 && cache(service).await["misses"] == 4
        }
        "serial-processing" => {
            warm(service).await;
            tier(service, 10, 4).await;
            start.elapsed() >= Duration::from_millis(44 * 25)
        }
        "connection-pool-exhausted" => {
            let mut failed = 0;
            for n in 0..20 {
                let body = json!({ "user": "ann", "message": QUESTIONS[n % 2] });
                failed += usize::from(service.try_post("/api/chat", body).await.is_err());
            }
            failed == 1
        }
        "errors-2-percent" => {
            let answers = tier(service, 25, 4).await;
            answers.iter().filter(|answer| answer.status == StatusCode::INTERNAL_SERVER_ERROR).count() == 2
        }
        "slow-tail" => {
            warm(service).await;
            tier(service, 1, 8).await;
            start.elapsed() >= Duration::from_millis(500)
        }
        "stalls" => {
            warm(service).await;
            tier(service, 24, 4).await;
            start.elapsed() >= Duration::from_secs(2)
        }
        "queue-never-drains" => {
            warm(service).await;
            tier(service, 25, 4).await;
            service.get("/health").await.body["queue_depth"] == 104
        }
        other => panic!("no test for the fault {other}"),
    }
}

/// Faults that show in nothing but time: on a healthy service on a busy machine the same may show.
const TIMED: [&str; 3] = ["serial-processing", "slow-tail", "stalls"];

#[tokio::test]
async fn each_fault_shows_and_without_it_does_not() {
    for fault in find("cached-chat").unwrap().faults {
        if fault.name == "crash-at-15-users" {
            // Has a test of its own in start.rs.
            continue;
        }
        assert!(
            shows(&faulty("cached-chat", fault.name).await, fault.name).await,
            "{} is not seen",
            fault.name
        );
        if !TIMED.contains(&fault.name) {
            let healthy = healthy("cached-chat").await;
            assert!(!shows(&healthy, fault.name).await, "{} is seen on the healthy service", fault.name);
        }
    }
}
