//! What a suite is decided to.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::time::Duration;

use camino::Utf8Path;
use loadgate::suite::plan::{Body, Load, Plan, RequestStep, Spacing, Start, Step};
use loadgate::suite::scope::Scope;
use loadgate::suite::{Diagnostics, LoadOptions, load, load_text};
use minijinja::Value;

fn plan_with(text: &str, options: &LoadOptions) -> Result<Plan, Diagnostics> {
    load_text("s.yaml", text, Utf8Path::new(""), options)
}

fn plan(text: &str) -> Plan {
    plan_with(text, &LoadOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// A suite around one scenario's keys and one flow.
fn suite(scenario: &str, flow: &str) -> String {
    format!(
        "name: s\ntarget: {{ url: 'http://127.0.0.1:1' }}\nvars: {{ n: 7, word: big, on: true, key: {{ value: hush-hush, secret: true }} }}\n\
         data: {{ rows4: {{ rows: [{{ v: a, at: 0 }}, {{ v: b, at: 0.5 }}, {{ v: c, at: 1s }}, {{ v: d, at: 250s }}] }} }}\n\
         flows:\n  f:\n{flow}\n  other: [ {{ get: /other }} ]\nscenarios:\n  one: {{ {scenario} }}\n"
    )
}

fn one_flow(flow: &str) -> Vec<Step> {
    let plan = plan(&suite("load: { users: 1, iterations: 1 }, flow: f", flow));
    plan.scenarios[0].classes[0].mix[0].1.steps.clone()
}

fn request(flow: &str) -> std::sync::Arc<RequestStep> {
    match one_flow(flow).remove(0) {
        Step::Request(request) => request,
        other => panic!("{other:?}"),
    }
}

fn scope() -> Scope {
    let mut scope = Scope::default();
    scope.set("user", Value::from_pairs([("id", Value::from("u 1")), ("index", Value::from(0))]));
    scope
}

fn rendered(text: &loadgate::suite::text::Text) -> String {
    let mut out = String::new();
    text.render(&scope(), &mut out).unwrap();
    out
}

#[test]
fn the_suites_of_the_house_are_right() {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../suites");
    for entry in folder.read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        if !path.as_str().ends_with(".yaml") && !path.as_str().ends_with(".yml") {
            continue;
        }
        for full in [false, true] {
            let options = LoadOptions { full, ..LoadOptions::default() };
            if let Err(wrong) = load(&path, &options) {
                panic!("{wrong}");
            }
        }
    }
}

#[test]
fn loads_of_every_shape() {
    let s = Duration::from_secs;
    for (text, want) in [
        ("{ users: 5, iterations: 4 }", Load::Iterations { users: 5, iterations: 4, start: Start::Together }),
        (
            "{ users: 5, shared_iterations: 40, start: { over: 2s } }",
            Load::Shared { users: 5, iterations: 40, start: Start::Over(s(2)) },
        ),
        ("{ users: 5, duration: 30s }", Load::Duration { users: 5, duration: s(30), start: Start::Together }),
        (
            "{ users: \"{{ vars.n }}\", duration: { short: 5s, full: 5min } }",
            Load::Duration { users: 7, duration: s(5), start: Start::Together },
        ),
        (
            "{ stages: [ { to: 20, over: 10s }, { to: 0, over: 0s } ] }",
            Load::Stages { from: 0, stages: vec![(s(10), 20), (s(0), 0)] },
        ),
        (
            "{ rate: 600/min, duration: 3s, spacing: poisson, max_users: 9 }",
            Load::ArrivalRate {
                from: 10.0,
                stages: vec![(s(3), 10.0)],
                spacing: Spacing::Poisson,
                max_users: 9,
            },
        ),
        (
            "{ rate: 0, stages: [ { to: 50/s, over: 3s } ] }",
            Load::ArrivalRate {
                from: 0.0,
                stages: vec![(s(3), 50.0)],
                spacing: Spacing::Regular,
                max_users: 1000,
            },
        ),
        (
            "{ bursts: 5, users: 20, gap: 500ms }",
            Load::Bursts { count: 5, users: 20, gap: Duration::from_millis(500) },
        ),
        (
            "{ replay: rows4, speed: 2 }",
            Load::Replay {
                at: [0, 250, 500, 125_000].map(Duration::from_millis).into_iter().collect(),
                max_users: 1000,
            },
        ),
    ] {
        let plan = plan(&suite(&format!("load: {text}, flow: other"), "    - get: /"));
        assert_eq!(plan.scenarios[0].classes[0].load, want, "{text}");
    }
}

#[test]
fn bodies_and_their_templates() {
    let json = request(
        "    - post: /a\n      json: { s: 'x \"{{ user.id }}\"', n: '{{ user.index }}', v: '{{ vars.n }}', l: [1, 2.5, null, true], w: '{{ vars.word }}' }",
    );
    let Body::Json(text) = &json.body else { panic!() };
    assert_eq!(rendered(text), r#"{"s":"x \"u 1\"","n":0,"v":7,"l":[1,2.5,null,true],"w":"big"}"#);

    let constant = request("    - post: /a\n      json: { v: '{{ vars.n }}', w: plain }");
    let Body::Json(text) = &constant.body else { panic!() };
    assert_eq!(text.constant(), Some(r#"{"v":7,"w":"plain"}"#));

    let form = request("    - post: /a\n      form: { a: [x, '{{ user.id }}'], b: 5 }");
    let Body::Form(fields) = &form.body else { panic!() };
    let fields: Vec<(String, String)> = fields.iter().map(|(n, t)| (n.clone(), rendered(t))).collect();
    assert_eq!(fields, [("a", "x"), ("a", "u 1"), ("b", "5")].map(|(n, t)| (n.to_owned(), t.to_owned())));

    let upload = request("    - post: /a\n      multipart: { title: big, file: { size: 1MB, name: a.pdf } }");
    let Body::Multipart(parts) = &upload.body else { panic!() };
    let loadgate::suite::plan::PartContent::File { name, content_type, bytes } = &parts[1].content else {
        panic!()
    };
    assert_eq!((name.as_str(), content_type.as_str(), bytes.len()), ("a.pdf", "application/pdf", 1_000_000));
}

#[test]
fn paths_queries_and_authorization() {
    let step = request(
        "    - get: /a/{{ user.id | urlencode }}?x=1\n      query: { q: '{{ user.id }}', 'a&b': [c, d] }\n      basic: { user: '{{ user.id }}', password: pw }",
    );
    assert_eq!(rendered(&step.url), "/a/u%201?x=1&q=u%201&a%26b=c&a%26b=d");
    assert_eq!(rendered(&step.headers[0].1), "Basic dSAxOnB3");
    let step = request("    - get: /a\n      query: { q: x }\n      bearer: '{{ vars.key }}'");
    assert_eq!(step.url.constant(), Some("/a?q=x"));
    assert_eq!(step.headers[0].1.constant(), Some("Bearer hush-hush"));
}

#[test]
fn steps_of_every_kind_are_numbered_in_order() {
    let text = suite(
        "load: { users: 1, iterations: 1 }, flow: f, setup: other, teardown: [ { delete: /x } ]",
        "    - { post: /login, capture: { token: json.token } }\n    - think: 1s..2s\n    - { repeat: 3, steps: [ { get: '/p/{{ repeat.index }}' } ] }\n    - { if: token is defined, then: [ { get: /p }, { get: /p } ], else: [ { flow: other } ] }\n    - parallel: [ { get: /1 }, [ { get: /2 }, { flow: other } ] ]",
    );
    let plan = plan(&text);
    let scenario = &plan.scenarios[0];
    let names: Vec<&str> = scenario.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "POST /login",
            "GET /p/{{ repeat.index }}",
            "GET /p",
            "GET /p (2)",
            "GET /other",
            "GET /1",
            "GET /2"
        ]
    );
    let outside: Vec<&str> = scenario.unmeasured_steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(outside, ["GET /other", "DELETE /x"]);
    let Step::Request(teardown) = &scenario.teardown[0] else { panic!() };
    assert_eq!(teardown.id, 1);
}

#[test]
fn variables_have_types_and_secrets_are_kept() {
    let text =
        suite("load: { users: '{{ vars.n }}', iterations: 1 }, flow: f", "    - get: /?w={{ vars.word }}");
    let set = |pairs: &[(&str, &str)]| LoadOptions {
        set: pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..LoadOptions::default()
    };
    let changed = plan_with(&text, &set(&[("n", "3"), ("word", "5")])).unwrap();
    assert_eq!(changed.scenarios[0].classes[0].load.most_users(), 3);
    assert_eq!(changed.variables.get("word").map(String::as_str), Some("5"));
    assert_eq!(changed.variables.get("key"), None);
    assert_eq!(changed.secrets, ["hush-hush"]);
    assert_eq!(changed.vars.get_attr("n").unwrap(), Value::from(3));
    assert_eq!(changed.vars.get_attr("word").unwrap(), Value::from("5"));
    for (name, value, said) in
        [("m", "3", "no such variable"), ("n", "three", "a number"), ("on", "1", "true or false")]
    {
        let error = plan_with(&text, &set(&[(name, value)])).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn the_environment_is_read_and_kept_secret() {
    let text = "name: s\ntarget: { url: '${URL:-http://127.0.0.1:1}', start: 'run $${HOME} ${MODE:-fast}' }\nsecrets: [ WORD ]\n\
                scenarios: { a: { load: { users: '${USERS:-2}', duration: 1s }, flow: [ { get: /, bearer: '${TOKEN}' } ] } }\n";
    let environment = |pairs: &[(&str, &str)]| LoadOptions {
        environment: pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..LoadOptions::default()
    };
    let plan = plan_with(
        text,
        &environment(&[("TOKEN", "s3cr3t"), ("URL", "http://127.0.0.9"), ("USERS", "5000"), ("WORD", "pw")]),
    )
    .unwrap();
    assert_eq!(plan.target.url.constant(), Some("http://127.0.0.9"));
    assert_eq!(plan.target.start.as_ref().and_then(|start| start.constant()), Some("run ${HOME} fast"));
    assert_eq!(plan.scenarios[0].classes[0].load.most_users(), 5000);
    assert_eq!(plan.secrets, ["pw", "s3cr3t"]);
    assert_eq!(plan.target.secrets, plan.secrets);
    let error = plan_with(text, &environment(&[("WORD", "pw")])).unwrap_err();
    let all: Vec<_> = error
        .iter()
        .map(|(place, message)| (place.map(|p| (p.line, p.column)), message.to_owned()))
        .collect();
    assert_eq!(all, [(Some((4, 92)), "the environment variable `TOKEN` is not set".to_owned())]);
}

#[test]
fn short_and_full_lengths() {
    let text = suite(
        "load: { users: 1, duration: { short: 5s, full: 5min } }, flow: other, expect: [ { short: latency.mean < 1s, full: latency.mean < 9s }, { C1: { short: ok > 1, full: ok > 9 } } ]",
        "    - { post: /, json: { short: 1, full: 2 } }",
    );
    for (full, seconds, conditions) in
        [(false, 5, ["latency.mean < 1s", "ok > 1"]), (true, 300, ["latency.mean < 9s", "ok > 9"])]
    {
        let plan = plan_with(&text, &LoadOptions { full, ..LoadOptions::default() }).unwrap();
        let scenario = &plan.scenarios[0];
        assert_eq!(scenario.classes[0].load.time(), Some(Duration::from_secs(seconds)));
        let texts: Vec<&str> = scenario.conditions.iter().map(|rule| rule.condition.text.as_str()).collect();
        assert_eq!(texts, conditions);
        assert_eq!(scenario.conditions[1].requirement.as_deref(), Some("C1"));
    }
}

#[test]
fn only_some_scenarios() {
    let text = "name: s\ntarget: { url: 'http://127.0.0.1:1' }\nscenarios:\n  a: { tags: quick, load: { users: 1, duration: 1s }, flow: [ { get: / } ] }\n  \
                b: { tags: [ quick, slow ], load: { users: 1, duration: 1s }, flow: [ { get: / } ] }\n  c: { load: { users: 1, duration: 1s }, flow: [ { get: / } ] }\n";
    let names = |only: &[&str]| {
        let only = only.iter().map(|word| (*word).to_owned()).collect();
        plan_with(text, &LoadOptions { only, ..LoadOptions::default() })
            .map(|plan| plan.scenarios.iter().map(|s| s.name.clone()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(names(&[]).unwrap(), "a b c");
    assert_eq!(names(&["quick"]).unwrap(), "a b");
    assert_eq!(names(&["c", "slow"]).unwrap(), "b c");
    assert!(names(&["quik"]).unwrap_err().to_string().contains("did you mean `quick`?"));
}

#[test]
fn the_hash_is_that_of_the_load() {
    let of = |text: &str| plan(text).hash;
    let base = suite("load: { users: 2, iterations: 1 }, flow: f, expect: ok > 0", "    - get: /a");
    let same = [
        base.replace("ok > 0", "ok > 1"),
        base.replace("name: s\n", "# a comment\nname: s\ndescription: x\ngrades: { good: otherwise }\n"),
        base.replace("get: /a", "get:   \"/a\""),
        base.replace("http://127.0.0.1:1", "http://127.0.0.1:2"),
        base.replace("word: big", "word: small"),
        base.replace(
            "name: s\n",
            "name: s\ngate: { better: { refusal_rate: lower }, tolerance: { latency.p95: 20% } }\n",
        ),
    ];
    for text in same {
        assert_eq!(of(&text), of(&base), "{text}");
    }
    let other = [
        base.replace("users: 2", "users: 3"),
        base.replace("get: /a", "get: /b"),
        base.replace("v: b", "v: x"),
        base.replace("get: /a", "get: /a\n      check: status == 200"),
        base.replace("flow: f", "flow: f, warm_up: 1s"),
        base.replace("name: s\n", "name: t\n"),
    ];
    for text in other {
        assert_ne!(of(&text), of(&base), "{text}");
    }
    // The seed and the length of the same suite: the first changes nothing that is compared, the second does where it is used.
    let seeded = plan_with(&base, &LoadOptions { seed: Some(99), ..LoadOptions::default() }).unwrap();
    assert_eq!((seeded.hash, seeded.seed), (of(&base), 99));
}

#[test]
fn the_seed_shuffles_the_rows() {
    let text = "name: s\ntarget: { url: 'http://127.0.0.1:1' }\ndata: { d: { rows: [0,1,2,3,4,5,6,7,8,9], order: shuffle } }\n\
                scenarios: { a: { load: { users: 1, duration: 1s }, flow: [ { get: '/{{ d }}' } ] } }\n";
    let rows = |seed| {
        let plan = plan_with(text, &LoadOptions { seed, ..LoadOptions::default() }).unwrap();
        (plan.data[0].rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(""), plan.hash)
    };
    let (first, hash) = rows(Some(1));
    assert_eq!(rows(Some(1)).0, first);
    assert_ne!(rows(Some(2)).0, first);
    assert_ne!(first, "0123456789");
    assert_eq!(rows(Some(2)).1, hash);
}

proptest::proptest! {
    /// Whatever is written, the answer is a plan or a list of mistakes.
    #[test]
    fn no_text_is_too_odd(text in ".{0,200}") {
        let _ = plan_with(&text, &LoadOptions::default());
    }
}

#[test]
fn other_files_are_included() {
    let folder = tempfile::tempdir().unwrap();
    let base = Utf8Path::from_path(folder.path()).unwrap();
    let write = |name: &str, text: &str| {
        let path = base.join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    };
    write(
        "parts/flows.yaml",
        "include: data.yaml\nvars: { n: 2, path: theirs }\nflows:\n  f: [ { get: '/{{ vars.path }}/{{ d.v }}' } ]\n",
    );
    write("parts/data.yaml", "data: { d: { csv: d.csv } }\n");
    write("parts/d.csv", "v,w\na,1\nb,2\n");
    let suite = "include: parts/flows.yaml\nname: s\ntarget: { url: 'http://127.0.0.1:1' }\nvars: { path: mine }\n\
                 scenarios: { a: { load: { users: '{{ vars.n }}', iterations: 1 }, flow: f } }\n";
    write("s.yaml", suite);
    let plan = load(&base.join("s.yaml"), &LoadOptions::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(plan.data[0].rows.len(), 2);
    let Step::Request(request) = &plan.scenarios[0].classes[0].mix[0].1.steps[0] else { panic!() };
    assert_eq!(plan.variables.get("path").map(String::as_str), Some("mine"));
    assert_eq!(plan.scenarios[0].classes[0].load.most_users(), 2);
    assert!(request.url.names() == ["d.v"], "{:?}", request.url.names());

    // A mistake in an included file is told with that file; a file that includes itself is told too.
    write("parts/data.yaml", "include: flows.yaml\ndata: { d: { csv: e.csv } }\n");
    let error = load(&base.join("s.yaml"), &LoadOptions::default()).unwrap_err();
    let told: Vec<String> = error
        .iter()
        .map(|(place, message)| {
            let place = place.unwrap();
            format!(
                "{}:{}:{} {message}",
                place.file.rsplit('/').next().unwrap_or_default(),
                place.line,
                place.column
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "data.yaml:1:10 `flows.yaml` includes itself",
            "data.yaml:2:19 cannot read `e.csv`: there is no such file"
        ]
    );
}
