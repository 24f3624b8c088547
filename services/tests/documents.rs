//! `documents`: what it promises, and that each fault breaks its own promise.
#![expect(clippy::unwrap_used, reason = "a test that cannot get its answer has failed")]

mod common;

use std::time::{Duration, Instant};

use common::redis::Redis;
use common::{Answer, Service, faulty, healthy, read, service, together};
use loadgate_services::{Exit, Options, find};
use reqwest::multipart::{Form, Part};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::json;

const PASSWORD: &str = "correct horse";

impl Service {
    fn request(&self, path: &str, from: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).header("x-forwarded-for", from)
    }

    async fn sign_up(&self, name: &str, from: &str) -> Answer {
        let body = json!({ "username": name, "password": PASSWORD });
        read(self.request("/api/signup", from).json(&body).send().await.unwrap()).await
    }

    async fn log_in(&self, name: &str, password: &str, from: &str) -> Answer {
        let body = json!({ "username": name, "password": password });
        read(self.request("/api/login", from).json(&body).send().await.unwrap()).await
    }

    /// Signs up and logs in from an address of the user's own; the token.
    async fn user(&self, name: &str) -> String {
        assert_eq!(self.sign_up(name, name).await.status, StatusCode::CREATED);
        let answer = self.log_in(name, PASSWORD, name).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        answer.body["token"].as_str().unwrap().to_owned()
    }

    async fn upload(&self, token: &str, name: &str, content: Vec<u8>) -> Answer {
        let form = Form::new().part("file", Part::bytes(content).file_name(name.to_owned()));
        read(self.request("/api/documents", "up").bearer_auth(token).multipart(form).send().await.unwrap())
            .await
    }

    async fn query(&self, token: &str, question: &str) -> Answer {
        let body = json!({ "question": question });
        read(self.request("/api/query", "up").bearer_auth(token).json(&body).send().await.unwrap()).await
    }
}

fn count(answers: &[Answer], status: StatusCode) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// Thirty sign-ups at once from one address.
async fn rush(service: &Service) -> Vec<Answer> {
    together((0..30).map(|n| async move { service.sign_up(&format!("user{n}"), "one").await })).await
}

#[tokio::test]
async fn each_step_goes_on_with_what_the_last_one_gave() {
    let service = healthy("documents").await;
    let token = service.user("ann").await;
    let other = service.user("bob").await;
    let text = b"The lighthouse keeper's code is anncode. It stands on the northern cliff.".to_vec();
    let uploaded = service.upload(&token, "keeper.txt", text).await;
    assert_eq!((uploaded.status, &uploaded.body["bytes"]), (StatusCode::CREATED, &json!(73)));
    let answer = service.query(&token, "What is the code of the lighthouse keeper?").await;
    assert!(answer.body["answer"].as_str().unwrap().contains("anncode"), "{:?}", answer.body);
    assert_eq!(answer.body["passages"][0]["document_id"], uploaded.body["document_id"]);
    let others = service.query(&other, "What is the code of the lighthouse keeper?").await;
    assert_eq!((others.status, &others.body["passages"]), (StatusCode::OK, &json!([])));
    let out = read(service.request("/api/logout", "ann").bearer_auth(&token).send().await.unwrap()).await;
    assert_eq!(out.body["logged_out"], true);
    assert_eq!(service.query(&token, "Anything?").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(service.query(&other, "Anything?").await.status, StatusCode::OK);
}

#[tokio::test]
async fn three_of_thirty_sign_ups_are_accepted_and_the_rest_told_when_to_come_again() {
    let service = healthy("documents").await;
    let answers = rush(&service).await;
    assert_eq!(count(&answers, StatusCode::CREATED), 3);
    let refused: Vec<&Answer> =
        answers.iter().filter(|it| it.status == StatusCode::TOO_MANY_REQUESTS).collect();
    assert_eq!(refused.len(), 27);
    assert!(
        refused.iter().all(|answer| answer.retry_after.is_some_and(|seconds| (1..=10).contains(&seconds)))
    );
    assert_eq!(service.sign_up("elsewhere", "two").await.status, StatusCode::CREATED);
    let health = service.get("/health").await.body;
    assert_eq!((&health["users"], &health["refused"]), (&json!(4), &json!(27)));
    service.delete("/api/limits").await;
    assert_eq!(service.sign_up("later", "one").await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn log_ins_are_limited_and_open_again_when_the_answer_said() {
    let service = healthy("documents").await;
    service.sign_up("ann", "one").await;
    for (password, expected) in [
        (PASSWORD, StatusCode::OK),
        ("wrong", StatusCode::UNAUTHORIZED),
        (PASSWORD, StatusCode::OK),
        ("", StatusCode::UNAUTHORIZED),
        (PASSWORD, StatusCode::OK),
        (PASSWORD, StatusCode::TOO_MANY_REQUESTS),
    ] {
        assert_eq!(service.log_in("ann", password, "one").await.status, expected);
    }
    let refused = service.log_in("ann", PASSWORD, "one").await;
    tokio::time::sleep(Duration::from_secs(refused.retry_after.unwrap())).await;
    assert_eq!(service.log_in("ann", PASSWORD, "one").await.status, StatusCode::OK);
    assert_eq!(service.log_in("nobody", PASSWORD, "two").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bad_requests_are_refused_and_never_the_services_fault() {
    let service = healthy("documents").await;
    let token = service.user("ann").await;
    let form = |name: &'static str| Form::new().text(name, "hello");
    let (post, auth) =
        (|path: &str| service.request(path, "bad"), |request: RequestBuilder| request.bearer_auth(&token));
    let cases = [
        (post("/api/signup").body("{"), 400),
        (post("/api/signup").json(&json!({ "username": "x" })), 422),
        (post("/api/signup").json(&json!({ "username": "ab", "password": PASSWORD })), 422),
        (post("/api/signup").json(&json!({ "username": "bob", "password": "short" })), 422),
        (post("/api/signup").json(&json!({ "username": "ann", "password": PASSWORD })), 409),
        (post("/api/login").body("nonsense"), 400),
        (post("/api/query").json(&json!({ "question": "Who?" })), 401),
        (post("/api/query").bearer_auth("a.b").json(&json!({ "question": "Who?" })), 401),
        (auth(post("/api/query")).json(&json!({ "question": " " })), 422),
        (auth(post("/api/documents")).body("no form"), 400),
        (auth(post("/api/documents")).multipart(form("wrong")), 422),
        (post("/api/documents").multipart(form("file")), 401),
        (post("/api/logout"), 401),
    ];
    for (place, (request, expected)) in cases.into_iter().enumerate() {
        let answer = read(request.send().await.unwrap()).await;
        assert_eq!(answer.status.as_u16(), expected, "case {place}: {:?}", answer.body);
    }
}

#[tokio::test]
async fn a_large_file_does_not_hold_up_queries() {
    let service = healthy("documents").await;
    let token = service.user("ann").await;
    let content = b"northern cliff lighthouse ".repeat(400_000);
    let bytes = content.len();
    let uploaded = service.upload(&token, "large.txt", content).await;
    assert_eq!((uploaded.status, &uploaded.body["bytes"]), (StatusCode::CREATED, &json!(bytes)));
    assert_eq!(service.query(&token, "lighthouse").await.body["passages"].as_array().unwrap().len(), 3);
    let too_large = service.upload(&token, "larger.txt", vec![b'x'; 17 << 20]).await;
    assert_eq!(too_large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn limits_hold_in_a_real_store_and_outlive_the_service() {
    let Some(redis) = Redis::start().await else { return };
    let options = Options { store: Some(redis.url.clone()), ..Options::default() };
    let first = service("documents", &options).await;
    assert_eq!(first.get("/health").await.body["store"], "redis");
    let answers = rush(&first).await;
    assert_eq!(
        (count(&answers, StatusCode::CREATED), count(&answers, StatusCode::TOO_MANY_REQUESTS)),
        (3, 27)
    );
    assert_eq!(redis.ask(&["ZCARD", "loadgate:documents:sign-up:one"]).trim(), "3");
    first.running.shutdown().await;
    let second = service("documents", &options).await;
    let refused = second.sign_up("later", "one").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.retry_after.is_some_and(|seconds| (1..=10).contains(&seconds)));
    second.delete("/api/limits").await;
    assert_eq!(second.sign_up("later", "one").await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_store_that_is_not_there_is_an_error_that_keeps_the_password_to_itself() {
    let options = Options { store: Some("redis://:hunter2@127.0.0.1:1/0".into()), ..Options::default() };
    let error =
        loadgate_services::start(find("documents").unwrap(), &options, 0).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1") && !error.contains("hunter2"), "{error}");
}

/// Whether the service behaves as this fault makes it behave.
async fn shows(service: &mut Service, fault: &str) -> bool {
    match fault {
        "limit-off" => count(&rush(service).await, StatusCode::CREATED) == 30,
        "limit-too-tight" => count(&rush(service).await, StatusCode::CREATED) == 2,
        "500-instead-of-429" => count(&rush(service).await, StatusCode::INTERNAL_SERVER_ERROR) == 27,
        "wrong-password-accepted" => {
            service.sign_up("ann", "one").await;
            service.log_in("ann", "wrong", "one").await.status == StatusCode::OK
        }
        "missing-token-accepted" => service.get("/api/documents").await.status == StatusCode::OK,
        "database-locked" => {
            let all = (0..10).map(|n| format!("user{n}"));
            let answers = together(all.map(|name| {
                let service = &*service;
                async move { service.sign_up(&name, &name).await }
            }))
            .await;
            let locked = answers.iter().filter(|answer| answer.body.to_string().contains("locked"));
            locked.count() >= 3
        }
        "upload-blocks-queries" => {
            let token = service.user("ann").await;
            let upload = service.upload(&token, "large.txt", vec![b'x'; 5 << 20]);
            let query = async {
                tokio::time::sleep(Duration::from_millis(60)).await;
                let start = Instant::now();
                service.query(&token, "anything").await;
                start.elapsed()
            };
            tokio::join!(upload, query).1 > Duration::from_millis(150)
        }
        "crash-under-200" => {
            let each = || async {
                let client = reqwest::Client::new();
                client.get(format!("{}/health", service.url)).send().await.map(|response| (client, response))
            };
            let answers = together((0..200).map(|_| each())).await;
            let failed = answers.iter().any(Result::is_err);
            failed && matches!(service.running.wait().await, Exit::Crashed { .. })
        }
        "no-retry-after" => {
            let answers = rush(service).await;
            answers.iter().any(|it| it.status == StatusCode::TOO_MANY_REQUESTS && it.retry_after.is_none())
        }
        other => panic!("no test for the fault {other}"),
    }
}

#[tokio::test]
async fn each_fault_shows_and_without_it_does_not() {
    for fault in find("documents").unwrap().faults {
        let mut service = faulty("documents", fault.name).await;
        assert!(shows(&mut service, fault.name).await, "{} is not seen", fault.name);
        // Shows in time alone: on a healthy service on a busy machine the same may show.
        if fault.name != "upload-blocks-queries" {
            let seen = shows(&mut healthy("documents").await, fault.name).await;
            assert!(!seen, "{} is seen on the healthy service", fault.name);
        }
    }
}
