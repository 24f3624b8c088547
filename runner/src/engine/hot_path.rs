//! Pieces of the measured path, each to be run over and over by `runner/benches/hot_path.rs`, which counts its instructions.
//! Only with the feature `bench`.

use std::hint::black_box;
use std::rc::Rc;

use http::{HeaderMap, Method};
use minijinja::Value;

use super::canary::Canaries;
use super::client::{Endpoint, Endpoints, Reach, RequestProgram, Scratch, parse_head};
use super::hidden::Hidden;
use super::outcome::{Rules, judge};
use super::sse::EventParser;
use crate::suite::plan::{RequestStep, Step};
use crate::suite::scope::{Response, Scope};
use crate::suite::{LoadOptions, load_text};

/// A piece: its name, and what is run.
pub type Piece = (&'static str, Box<dyn FnMut()>);

/// A suite with what the pieces need.
const SUITE: &str = r#"
name: hot-path
target: { url: "http://127.0.0.1:1" }
scenarios:
  chat:
    load: { users: 1, iterations: 1 }
    flow:
      - name: ask
        post: /chat
        json: { user: "{{ user.id }}", message: "My code is {{ canary }}. How do I reset my password ({{ iteration }})?" }
        check: [ status == 200, json.answer != "" ]
        capture: { session: json.session }
      - { name: stream, post: /chat, stream: true }
"#;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n\
    Content-Type: application/json\r\nContent-Length: 27\r\nConnection: keep-alive\r\n\r\n";

const EVENT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"}}]}\n\n";

fn steps() -> Vec<std::sync::Arc<RequestStep>> {
    let plan = load_text("hot-path.yml", SUITE, "".into(), &LoadOptions::default());
    let plan = plan.expect("the suite above is right");
    let steps = plan.scenarios[0].classes[0].mix[0].1.steps.clone();
    let requests = steps.into_iter().filter_map(|step| match step {
        Step::Request(request) => Some(request),
        _ => None,
    });
    requests.collect()
}

fn scope(canary: &str) -> Scope {
    let mut scope = Scope::default();
    scope.set("user", Value::from(std::collections::BTreeMap::from([("id", Value::from("user-1"))])));
    scope.set("canary", Value::from(canary));
    scope.set("iteration", Value::from(7));
    scope
}

/// All pieces.
///
/// # Panics
/// The suite in this file is wrong.
pub fn pieces() -> Vec<Piece> {
    let steps = steps();
    let canaries = Canaries::new(1);
    let token = canaries.token(0);
    let body = format!(
        "{{\"session\":\"s-00000001\",\"answer\":\"{}\",\"cached\":false,\"said\":{{\"message\":\"My code is {token}.\"}}}}",
        "Open the settings, choose the account and follow the link; it is valid for an hour and works once. ".repeat(2)
    )
    .into_bytes();
    let reach = Reach::new("http://127.0.0.1:1".parse().expect("this URL is valid"));
    let base = Endpoint::resolve(&reach).expect("an address needs no look-up");
    let endpoints = Endpoints::new(reach, base);
    let program = Rc::new(RequestProgram::new(steps[0].clone(), "/", &endpoints));
    let stream = steps[1].stream.clone().expect("the step is streamed");
    let events = EVENT.repeat(50).into_bytes();
    let data = EVENT.trim_start_matches("data: ").trim_end();
    let scope = scope(&token);

    let head = || {
        black_box(parse_head(black_box(HEAD), &Method::GET)).expect("a head");
    };
    let (rendered, filled) = (program.clone(), scope.clone());
    let mut scratch = Scratch::default();
    let render = move || {
        let prepared = rendered.prepare(&filled, "/", &endpoints, None, &mut scratch);
        black_box(prepared.expect("all values are there"));
    };
    let text = body.clone();
    let scan = move || {
        black_box(canaries.foreign(0, black_box(&text)));
    };
    let judged = scope.clone();
    let check = move || {
        let headers = HeaderMap::new();
        let response = Response::new(200, &headers, black_box(&body), 1.0);
        black_box(judge(&Rules::of(&program, Hidden::default()), &judged, &response, None))
            .expect("the answer is right");
    };
    let feed = move || {
        let mut parser = EventParser::default();
        parser.feed(black_box(&events), |event| {
            black_box(event);
        });
    };
    let content = move || {
        let headers = HeaderMap::new();
        let response = Response::of_event(200, &headers, "message", black_box(data));
        let done = stream.done.holds(&scope, Some(&response)).expect("it can be told");
        let content = stream.content.evaluate(&scope, Some(&response)).expect("it can be told");
        black_box((done, content.to_string()));
    };
    vec![
        ("head of a response", Box::new(head)),
        ("request filled in", Box::new(render)),
        ("canary scan", Box::new(scan)),
        ("checks and capture", Box::new(check)),
        ("50 events parsed", Box::new(feed)),
        ("content of an event", Box::new(content)),
    ]
}
