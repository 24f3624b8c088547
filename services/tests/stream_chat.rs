//! `stream-chat`: what it promises, and that each fault breaks its own promise.

mod common;

use std::time::{Duration, Instant};

use common::redis::Redis;
use common::{Answer, Service, faulty, healthy, service, together};
use loadgate_services::{Options, find};
use reqwest::StatusCode;
use serde_json::json;

const HUT: &str = "At what height is the glacier hut?";
const CANOE: &str = "How many coats of varnish does the canoe need?";

/// A little more than the cooldown.
const COOLDOWN: Duration = Duration::from_millis(1_050);

async fn ask(service: &Service, user: &str, message: &str) -> Answer {
    service.post("/api/chat", json!({ "user": user, "message": message })).await
}

fn text(answer: &Answer) -> &str {
    answer.body["answer"].as_str().unwrap_or_default()
}

/// A question, and after the cooldown one that refers to it.
async fn follow_up(service: &Service, user: &str) -> Answer {
    assert_eq!(ask(service, user, HUT).await.status, StatusCode::OK);
    tokio::time::sleep(COOLDOWN).await;
    ask(service, user, "And what is served there?").await
}

#[tokio::test]
async fn each_question_is_answered_by_its_kind() {
    let service = healthy("stream-chat").await;
    let questions = [HUT, CANOE, "Who wrote Hamlet?"];
    let users = ["ann", "bob", "cleo"];
    let answers = together((0..3).map(|n| ask(&service, users[n], questions[n]))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    assert!(text(&answers[0]).contains("two thousand eight hundred metres"), "{}", text(&answers[0]));
    assert!(text(&answers[1]).contains("seven coats"), "{}", text(&answers[1]));
    assert_eq!(answers[1].body["sources"][0]["title"], "Restoring a wooden canoe");
    assert_eq!((&answers[2].body["kind"], &answers[2].body["sources"]), (&json!("general"), &json!([])));
    assert!(text(&answers[2]).contains("hamlet"), "{}", text(&answers[2]));
}

#[tokio::test]
async fn a_follow_up_goes_on_from_the_question_before() {
    let service = healthy("stream-chat").await;
    let answer = follow_up(&service, "ann").await;
    assert_eq!((&answer.body["turn"], &answer.body["history_used"]), (&json!(2), &json!(true)));
    assert!(text(&answer).contains(HUT) && text(&answer).contains("lentil soup"), "{}", text(&answer));
    let session = service.get("/api/sessions/ann").await;
    assert_eq!(session.body["turns"].as_array().unwrap().len(), 2);
    assert_eq!(service.get("/api/sessions/bob").await.status, StatusCode::NOT_FOUND);
    assert_eq!(service.get("/health").await.body["sessions"], 1);
    assert_eq!(service.delete("/api/sessions").await.body["cleared"], 1);
    assert_eq!(ask(&service, "ann", "And what is served there?").await.body["history_used"], false);
}

#[tokio::test]
async fn of_two_questions_at_once_one_is_answered_and_others_notice_nothing() {
    let service = healthy("stream-chat").await;
    let users = ["ann", "ann", "bob", "cleo"];
    let answers = together(users.map(|user| ask(&service, user, HUT))).await;
    let refused: Vec<&Answer> =
        answers.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).collect();
    assert_eq!((refused.len(), refused[0].retry_after), (1, Some(1)));
    assert!(answers[2..].iter().all(|answer| answer.status == StatusCode::OK));
    tokio::time::sleep(COOLDOWN).await;
    assert_eq!(ask(&service, "ann", HUT).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_answer_streams_and_is_remembered_before_it_is_done() {
    let service = healthy("stream-chat").await;
    let body = json!({ "user": "ann", "message": HUT, "stream": true });
    let request = service.client.post(format!("{}/api/chat", service.url)).json(&body);
    let streamed = request.send().await.unwrap().text().await.unwrap();
    assert!(streamed.ends_with("data: [DONE]\n\n"), "{streamed}");
    assert!(streamed.contains("\"session_id\"") && streamed.contains("metres"), "{streamed}");
    assert_eq!(service.get("/api/sessions/ann").await.body["turns"][0]["question"], HUT);
    assert_eq!(service.get("/health").await.body["active"], 0);
}

#[tokio::test]
async fn sessions_are_really_in_the_store() {
    let Some(redis) = Redis::start().await else { return };
    let options = Options { store: Some(redis.url.clone()), ..Options::default() };
    let first = service("stream-chat", &options).await;
    assert_eq!(ask(&first, "ann", HUT).await.status, StatusCode::OK);
    assert_eq!(ask(&first, "ann", HUT).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(redis.ask(&["LRANGE", "loadgate:stream-chat:session:ann", "0", "-1"]).contains(HUT));
    first.running.shutdown().await;
    tokio::time::sleep(COOLDOWN).await;
    let second = service("stream-chat", &options).await;
    let answer = ask(&second, "ann", "And what is served there?").await;
    assert_eq!((&answer.body["turn"], &answer.body["history_used"]), (&json!(2), &json!(true)));
    assert_eq!(second.get("/health").await.body["sessions"], 1);
    assert_eq!(second.delete("/api/sessions").await.body["cleared"], 1);
    assert_eq!(redis.ask(&["KEYS", "*"]).trim(), "");
}

/// Whether the service behaves as this fault makes it behave.
async fn shows(service: &Service, fault: &str) -> bool {
    match fault {
        "one-user-unanswered" => {
            let users = ["a", "b", "c", "d", "e"];
            let each =
                users.map(|user| tokio::time::timeout(Duration::from_secs(3), ask(service, user, HUT)));
            together(each).await.iter().filter(|answer| answer.is_err()).count() == 1
        }
        "history-forgotten" => {
            let answer = follow_up(service, "ann").await;
            answer.body["turn"] == 2 && answer.body["history_used"] == false && !text(&answer).contains(HUT)
        }
        "cross-talk" => {
            let answers = together([ask(service, "ann", HUT), ask(service, "bob", CANOE)]).await;
            text(&answers[0]).contains(CANOE) || text(&answers[1]).contains(HUT)
        }
        "limit-off" => {
            let answers = together([ask(service, "ann", HUT), ask(service, "ann", CANOE)]).await;
            answers.iter().all(|answer| answer.status == StatusCode::OK)
        }
        "limit-shared" => {
            let answers = together(["ann", "bob", "cleo"].map(|user| ask(service, user, HUT))).await;
            answers.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).count() == 2
        }
        "session-lost-after-cooldown" => {
            let answer = follow_up(service, "ann").await;
            answer.body["turn"] == 1 && answer.body["history_used"] == false
        }
        "errors-2-percent" => {
            let users: Vec<String> = (0..50).map(|n| format!("user{n}")).collect();
            let answers = together(users.iter().map(|user| ask(service, user, HUT))).await;
            answers.iter().filter(|answer| answer.status == StatusCode::INTERNAL_SERVER_ERROR).count() == 1
        }
        "twice-as-slow" => {
            let start = Instant::now();
            let users = ["a", "b", "c", "d", "e"];
            together(users.map(|user| ask(service, user, HUT))).await;
            start.elapsed() > Duration::from_millis(220)
        }
        other => panic!("no test for the fault {other}"),
    }
}

#[tokio::test]
async fn each_fault_shows_and_without_it_does_not() {
    let each = find("stream-chat").unwrap().faults.iter().map(|fault| async move {
        assert!(
            shows(&faulty("stream-chat", fault.name).await, fault.name).await,
            "{} is not seen",
            fault.name
        );
        // Shows in time alone: on a healthy service on a busy machine the same may show.
        if fault.name != "twice-as-slow" {
            let seen = shows(&healthy("stream-chat").await, fault.name).await;
            assert!(!seen, "{} is seen on the healthy service", fault.name);
        }
    });
    together(each).await;
}
