//! What is wrong with a suite is told all at once, each with its place and what to write instead.

use camino::Utf8Path;
use loadgate::suite::{Diagnostics, LoadOptions, load_text};

/// A suite in which everything is right; a mistake replaces one piece of it.
const RIGHT: &str = r#"name: shop
target:
  url: "http://127.0.0.1:{{ port }}"
  start: ./serve --port {{ port }}
  ready: { get: /health, within: 30s }
  probes:
    active: { get: /health, value: json.active }
vars: { limit: 5s, users: 4, model: small }
data:
  questions:
    rows: [ { text: Why }, { text: How } ]
    order: shuffle
flows:
  ask:
    - name: ask
      post: /api/chat
      json: { user: "{{ user.id }}", message: "{{ questions.text }}", model: "{{ vars.model }}" }
      timeout: 2s
      refused: status == 429
      check: [ status == 200, json.answer != "" ]
      capture: { session: json.session_id }
      count: { cache_hit: json.cached }
    - think: 10ms..20ms
    - get: /api/sessions/{{ session }}
  health:
    - get: /health
scenarios:
  light:
    load: { users: "{{ vars.users }}", iterations: 4, start: together }
    flow: ask
    requirement: [ C2, C9 ]
    expect:
      - success_rate > 95%
      - C7: cache_hit.rate > 70%
      - "latency.mean < {{ vars.limit }}"
      - active.after == 0
    warn: [ ask.latency.p95 < 3s ]
  mixed:
    classes:
      quick: { load: { users: 15, duration: 2s }, flow: health }
      slow: { load: { users: 5, duration: 2s }, mix: { ask: 3, health: 1 } }
    expect: quick.latency.p95 < 1s
grades: { good: latency.mean < 5s, poor: otherwise }
cost: { per_request: 0.06, free_when: cache_hit }
gate: { tolerance: { latency.p95: 10% }, floor: { latency.p95: 5ms } }
"#;

fn check(text: &str) -> Result<(), Diagnostics> {
    let options = LoadOptions::default();
    load_text("shop.yaml", text, Utf8Path::new(""), &options).map(|_| ())
}

/// `line:column message` of each mistake.
fn told(text: &str) -> Vec<String> {
    let Err(all) = check(text) else { return Vec::new() };
    all.iter()
        .map(|(place, message)| match place {
            Some(place) => format!("{}:{} {message}", place.line, place.column),
            None => message.to_owned(),
        })
        .collect()
}

#[test]
fn the_right_suite_is_right() {
    assert_eq!(told(RIGHT), Vec::<String>::new());
}

#[test]
fn ten_mistakes_are_told_at_once() {
    let text = r#"name: shop
target:
  url: "127.0.0.1:8000"
  redy: { get: /health }
data:
  questions: { csv: none-such.csv }
flows:
  ask:
    - post: /api/chat
      json: { user: "{{ usr.id }}" }
      timeout: 0s
      check: status = 200
    - gett: /health
scenarios:
  light:
    load: { users: 0, iterations: 4 }
    flow: aks
    expect:
      - latncy.p95 < 5s
      - latency.p95 < 50MB
      - success_rate >
  heavy:
    load: { users: 20, duration: 30 }
    flow: ask
"#;
    insta::assert_snapshot!(check(text).unwrap_err().to_string());
}

/// Each mistake: what is replaced by what, and how the message about it begins.
const MISTAKES: &[(&str, &str, &str)] = &[
    // The form.
    ("name: shop", "nam: shop", "1:1 a suite has no key `nam`"),
    ("name: shop", "name: [shop]", "1:7 expected a text, found a list"),
    ("name: shop", "name: my shop", "1:7 a suite cannot be called `my shop`"),
    ("name: shop", "name: shop\nname: shop", "2:1 the key `name` is there twice"),
    ("flow: ask\n", "flow: ask\n    flow: health\n", "31:5 the key `flow` is there twice"),
    ("user: \"{{ user.id }}\"", "user: {{ user.id }}", "17:22 a key must be a text"),
    ("order: shuffle", "order: shufle", "12:12 `shufle` is none of the words that fit here"),
    ("- think: 10ms..20ms", "- thnk: 10ms..20ms", "23:7 there is no step `thnk`"),
    ("- think: 10ms..20ms", "- name: x", "23:7 it is not said what this step does"),
    (
        "- think: 10ms..20ms",
        "- { think: 1s, get: / }",
        "23:20 a step does one thing; this one has `think` and `get`",
    ),
    ("- think: 10ms..20ms", "- think: 3s..1s", "23:14 `3s..1s` ends before it begins"),
    ("- think: 10ms..20ms", "- think: -1s", "23:14 `-1s` is negative; a time cannot be"),
    ("timeout: 2s", "timeout: 2", "18:16 `2` is no time"),
    ("timeout: 2s", "timeout: 2MB", "18:16 `2MB` is no time"),
    ("timeout: 2s", "timeout: 2 parsecs", "18:16 `parsecs` is not a unit"),
    ("timeout: 2s", "timeout: 0s", "18:16 no request can be done within no time"),
    ("within: 30s", "within: 0s", "5:34 the service cannot be ready within no time"),
    (
        "flow: ask\n    requirement",
        "flow: ask\n    connections: { shared: 0 }\n    requirement",
        "31:28 0 connections cannot be shared",
    ),
    (
        "flow: ask\n    requirement",
        "flow: ask\n    connections: shared\n    requirement",
        "31:18 `shared` is none of the words that fit here",
    ),
    // The target.
    ("within: 30s }", "within: 30s }\n  tls: { ca: none.pem }", "6:14 cannot read `none.pem`"),
    (
        "within: 30s }",
        "within: 30s }\n  tls: { ca: Cargo.toml }",
        "6:14 `Cargo.toml` holds no certificate in PEM",
    ),
    (
        "within: 30s }",
        "within: 30s }\n  tls: { ca: none.pem, insecure: true }",
        "6:14 `ca` has no effect where `insecure` trusts any certificate",
    ),
    ("http://127.0.0.1:{{ port }}", "127.0.0.1:8000", "3:8 this is no base URL"),
    ("http://127.0.0.1:{{ port }}", "ftp://127.0.0.1", "3:8 this is no base URL: `ftp:` is not supported"),
    (
        "  start: ./serve --port {{ port }}\n",
        "",
        "3:8 loadgate chooses a port only for a service that it starts",
    ),
    ("start: ./serve", "directory: nowhere\n  start: ./serve", "4:14 there is no directory `nowhere`"),
    ("--port {{ port }}", "--port {{ prot }}", "4:28 there is no `prot` here"),
    (
        "active: { get: /health",
        "active: { get: /health, command: date",
        "7:5 the probe `active` has both `get` and `command`",
    ),
    ("active: { get: /health,", "active: {", "7:5 the probe `active` needs `get` or `command`"),
    ("active: {", "latency: {", "7:5 a probe cannot be called `latency`"),
    // Variables and data.
    ("{{ vars.model }}", "{{ vars.modle }}", "17:82 `vars` has no `modle`"),
    ("{{ vars.limit }}", "{{ user.id }}", "35:9 `user.id` has no value here"),
    (
        "vars: { limit: 5s",
        "vars: { limit: [5s]",
        "8:16 expected a text, a number, true or false, found a list",
    ),
    ("  questions:\n", "  json:\n", "10:3 a data set cannot be called `json`"),
    ("[ { text: Why }, { text: How } ]", "[]", "10:3 the data set `questions` has no rows"),
    (
        "rows: [ { text: Why }, { text: How } ]",
        "csv: none.csv",
        "11:10 cannot read `none.csv`: there is no such file",
    ),
    (
        "rows: [ { text: Why }, { text: How } ]",
        "csv: a.csv\n    json: b.json",
        "10:3 `questions` has more than one source of rows",
    ),
    ("{{ questions.text }}", "{{ questions.txt }}", "17:51 `questions` has no `txt`"),
    ("order: shuffle", "unique: per_user", "29:20 4 users need 4 rows of `questions`, which has 2"),
    // Steps.
    ("name: ask\n", "name: status\n", "15:13 a step cannot be called `status`"),
    ("name: ask\n", "name: ask me\n", "15:13 a step cannot be called `ask me`"),
    ("name: ask\n", "name: cache_hit\n", "15:13 `cache_hit` is the name of a step and of a counter"),
    ("- get: /api", "- name: ask\n      get: /api", "24:13 two steps are called `ask`"),
    ("post: /api/chat", "post: api/chat", "16:13 `api/chat` is no path"),
    ("post: /api/chat", "post: /api/{{ chat", "16:25 the template is wrong"),
    ("post: /api/chat", "get: /api/chat", "15:7 a GET has no body, but `json` is given"),
    ("timeout: 2s", "body: x", "15:7 a request has one body; this one has `json` and `body`"),
    ("timeout: 2s", "headers: { 'a b': x }", "18:18 `a b` is no name of a header"),
    ("timeout: 2s", "headers: { content-length: 5 }", "18:18 loadgate sets `content-length` itself"),
    (
        "timeout: 2s",
        "bearer: x\n      basic: { user: a, password: b }",
        "15:7 `authorization` is given twice",
    ),
    ("timeout: 2s", "basic: { user: a }", "18:14 `basic` needs `password`"),
    ("status == 200,", "status = 200,", "20:23 the expression is wrong"),
    ("status == 200,", "status == 200 && json.ok,", "20:30 the expression is wrong"),
    ("status == 200,", "stauts == 200,", "20:16 there is no `stauts` here"),
    (
        "{ session: json.session_id }",
        "{ json: json.session_id }",
        "21:18 a captured value cannot be called `json`",
    ),
    (
        "{ session: json.session_id }",
        "{ questions: json.session_id }",
        "21:18 `questions` is a data set already",
    ),
    ("{{ session }}", "{{ sesion }}", "24:29 there is no `sesion` here"),
    ("{{ session }}", "{{ json.id }}", "24:29 there is no `json` here"),
    (
        "count: { cache_hit: json.cached }",
        "count: { user: json.cached }",
        "22:16 a counter cannot be called `user`",
    ),
    ("- get: /health\n", "- flow: health\n", "26:13 the flow `health` contains itself"),
    ("- get: /health\n", "- { repeat: 0, steps: [] }\n", "26:17 `0` is no number of times"),
    ("- get: /health\n", "- { if: session ==, then: [] }\n", "26:23 the expression is wrong"),
    ("- get: /health\n", "- { parallel: [] }\n", "26:7 `parallel` has no branches"),
    (
        "- get: /health\n",
        "- { post: /up, multipart: { f: { file: none.pdf } } }\n",
        "26:44 cannot read `none.pdf`",
    ),
    // Loads.
    ("iterations: 4, ", "", "29:11 a load with `users` and `start` needs `iterations` too"),
    ("iterations: 4, ", "iterations: 0, ", "29:52 0 iterations make no load"),
    ("iterations: 4, ", "iterations: -4, ", "29:52 -4 is negative"),
    (
        "iterations: 4, ",
        "iterations: 4, rate: 5/s, ",
        "29:11 `users`, `iterations` and `start` do not go with `rate`",
    ),
    (
        "iterations: 4, start: together",
        "duration: 2s, start: 5s",
        "29:61 `5s` is none of the words that fit here",
    ),
    ("users: \"{{ vars.users }}\"", "users: \"{{ vars.usrs }}\"", "29:20 `vars.usrs` is not defined"),
    ("users: \"{{ vars.users }}\"", "users: 0", "29:20 0 users make no load"),
    ("users: 15, duration: 2s", "rate: 15MB, duration: 2s", "40:30 this is no rate"),
    ("users: 15, duration: 2s", "stages: [ { to: 1.5, over: 2s } ]", "40:40 this is no number of users"),
    ("users: 15, duration: 2s", "stages: [ { to: 5, over: 0s } ]", "40:22 these stages take no time"),
    (
        "users: 15, duration: 2s",
        "bursts: 5, users: 2",
        "40:22 a load with `users` and `bursts` needs `gap` too",
    ),
    ("users: 15, duration: 2s", "replay: question", "40:32 there is no data set `question`"),
    ("users: 15, duration: 2s", "replay: questions", "40:32 row 1 of `questions` has no time in `at`"),
    ("{ users: 15, duration: 2s }", "{}", "40:22 it is not said how much load this is"),
    // Scenarios.
    ("    flow: ask\n", "    flow: aks\n", "30:11 there is no flow `aks`"),
    ("    flow: ask\n", "", "28:3 the scenario `light` needs `flow` or `mix`"),
    (
        "    flow: ask\n",
        "    flow: ask\n    mix: { ask: 1 }\n",
        "28:3 the scenario `light` needs either `flow` or `mix`",
    ),
    (
        "    classes:",
        "    load: { users: 1, iterations: 1 }\n    classes:",
        "38:3 the scenario `mixed` has both `load` and `classes`",
    ),
    ("mix: { ask: 3,", "mix: { aks: 3,", "41:56 there is no flow `aks`"),
    ("mix: { ask: 3,", "mix: { ask: 0,", "41:61 a weight is a whole number from 1"),
    ("quick: {", "memory: {", "40:7 a class cannot be called `memory`"),
    ("    classes:", "    warm_up: 2s\n    classes:", "39:14 warm-up and ramp-down take 2s of a load of 2s"),
    // Conditions, grades, cost, gate.
    ("success_rate > 95%", "sucess_rate > 95%", "33:9 there is no figure `sucess_rate`"),
    ("success_rate > 95%", "success_rate > 95MB", "33:22 a share cannot be compared with a size"),
    ("success_rate > 95%", "success_rate = 95%", "33:22 one of <, <=, >, >=, ==, != is expected here"),
    ("success_rate > 95%", "success_rate > 95", "33:22 a share is never more than 1"),
    ("success_rate > 95%", "success_rate >", "33:23 the condition ends too early"),
    ("success_rate > 95%", "capacity > 5", "33:9 there is no figure `capacity`"),
    ("success_rate > 95%", "score.ready > 5", "33:9 there is no figure `score.ready`"),
    ("cache_hit.rate > 70%", "cache_hitt.rate > 70%", "34:13 there is no figure `cache_hitt.rate`"),
    ("C7: cache_hit.rate > 70%", "{ C7: a, C8: b }", "34:9 a condition is a text, or one label with a text"),
    (
        "latency.mean < {{ vars.limit }}",
        "latency.mean < {{ vars.users }}",
        "35:9 a time cannot be compared with a plain number",
    ),
    ("good: latency.mean < 5s", "good: latency.man < 5s", "43:17 there is no figure `latency.man`"),
    (
        "good: latency.mean < 5s, poor: otherwise",
        "poor: otherwise, good: latency.mean < 5s",
        "43:17 `otherwise` is the last grade",
    ),
    ("timeout: 2s", "goodput: { ttft: 1s }", "18:24 `ttft` is a time within a stream"),
    ("timeout: 2s", "goodput: {}", "18:16 it is not said what a good request keeps to"),
    ("timeout: 2s", "goodput: { latency: 0s }", "18:27 no request keeps to no time at all"),
    ("timeout: 2s", "goodput: { latnecy: 1s }", "18:18 `goodput` has no key `latnecy`"),
    ("timeout: 2s", "stream: { tokens: tokns }", "18:25 there is no `tokns` here"),
    (
        "warn: [ ask.latency.p95 < 3s ]",
        "goodput: { itl: 1s }",
        "37:14 `ttft` and `itl` are times within a stream",
    ),
    ("warn: [ ask.latency.p95 < 3s ]", "warn: goodputs > 0.9", "37:11 there is no figure `goodputs`"),
    ("free_when: cache_hit", "free_when: cache_hits", "44:39 no step counts `cache_hits`"),
    ("per_request: 0.06", "per_request: six", "44:22 `six` is no number"),
    ("per_request: 0.06", "per_request: -1", "44:22 this cannot be negative"),
    ("latency.p95: 10%", "latency.p9x: 10%", "45:22 there is no figure `latency.p9x`"),
    ("latency.p95: 10%", "latency.p95: 10ms", "45:35 a tolerance is a share"),
    ("latency.p95: 10%", "latency.p50: 5", "45:35 5 is 500 %; write `5%`"),
    ("latency.p95: 10%", "ask.latency.p95: 10%", "45:22 `ask.latency.p95` is not compared between runs"),
    ("latency.p95: 5ms", "active.after: 5", "45:51 `active.after` is not compared between runs"),
    ("latency.p95: 5ms", "latency.p95: 5MB", "45:64 this is not the figure's unit"),
    ("latency.p95: 10%", "refused: 10%", "45:22 `refused` is compared for show only"),
    ("latency.p95: 5ms", "memory.growth: 5MB", "45:51 `memory.growth` is compared for show only"),
    ("latency.p95: 5ms", "latency.p90: 5ms", "45:51 a floor alone does not make `latency.p90` gate"),
    (
        "floor: { latency.p95: 5ms }",
        "better: { latency.p95: lower }",
        "45:52 `latency.p95` is better where it is lower",
    ),
    (
        "floor: { latency.p95: 5ms }",
        "better: { cache_hits.rate: lower }",
        "45:52 there is no figure `cache_hits.rate`",
    ),
    (
        "floor: { latency.p95: 5ms }",
        "better: { cache_hit.rate: more }",
        "45:68 `more` is none of the words that fit here",
    ),
];

#[test]
fn each_mistake_is_told_at_its_place() {
    let mut wrong = Vec::new();
    for (right, mistake, want) in MISTAKES {
        assert_eq!(RIGHT.matches(right).count().min(1), 1, "{right} is not in the suite");
        let all = told(&RIGHT.replacen(right, mistake, 1));
        if !all.iter().any(|message| message.starts_with(want)) {
            wrong.push(format!("{mistake:?}: wanted {want:?}, got {}", all.join(" | ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_cannot_gate_is_told_with_what_can() {
    for (setting, mistake, help) in [
        ("latency.p95: 10%", "requests: 10%", "gate `throughput`, or write a condition"),
        ("latency.p95: 10%", "ok: 10%", "gate `error_rate` and `refusal_rate`, or write a condition"),
        ("latency.p95: 10%", "refused: 10%", "gate `refusal_rate`, or write a condition"),
        ("latency.p95: 10%", "failed: 10%", "gate `error_rate`, or write a condition"),
        (
            "latency.p95: 10%",
            "memory.growth: 10%",
            "gate `memory.slope` or `memory.peak`, or write a condition",
        ),
        ("latency.p95: 5ms", "latency.p90: 5ms", "name it under `tolerance` too"),
        (
            "floor: { latency.p95: 5ms }",
            "better: { throughput: lower }",
            "it can be said of `cache_hit.rate` or `refusal_rate`",
        ),
    ] {
        let wrong = check(&RIGHT.replacen(setting, mistake, 1)).unwrap_err().to_string();
        assert!(wrong.contains(help), "{mistake}: {wrong}");
    }
}

#[test]
fn one_mistake_is_told_once() {
    let mut wrong = Vec::new();
    for (right, mistake, _) in MISTAKES {
        let all = told(&RIGHT.replacen(right, mistake, 1));
        // A key that is wrong is one mistake, the key that is then missing another, and so may be what refers to it.
        if all.len() > 3 {
            wrong.push(format!("{mistake:?}: {}", all.join(" | ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
