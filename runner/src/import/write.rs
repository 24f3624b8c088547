//! From [`Requests`] to the text of a suite.

use std::fmt::Write as _;

use camino::{Utf8Component, Utf8Path};

use super::project::Start;
use super::{Authorization, Body, Json, Part, Request, Requests, Step, Template, url as address, yaml};

/// What a suite needs beside requests.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Name of the suite: letters, digits and `-`.
    pub name: &'a str,
    /// How the service may be started.
    pub start: Option<&'a Start>,
    /// Folder of the suite, from where `loadgate init` runs; files are named from there.
    pub folder: &'a Utf8Path,
}

/// Where a suite points as long as nobody has said otherwise.
const LOCAL: &str = "http://127.0.0.1:8080";
const SCHEMA: &str = "https://raw.githubusercontent.com/loadgate/loadgate/main/docs/schema/suite.schema.json";

/// The suite. It says in comments what is to be done with it, and what the source had that it has not.
pub fn write(requests: &Requests, frame: &Frame<'_>) -> String {
    let mut out = format!("# yaml-language-server: $schema={SCHEMA}\n");
    head(&mut out, requests);
    let _ = writeln!(out, "name: {}\n", yaml::text(frame.name));
    target(&mut out, requests, frame.start);
    variables(&mut out, requests);
    out.push_str("\nflows:\n  visit:\n");
    for step in &requests.steps {
        match step {
            Step::Think(pause) => {
                let _ = writeln!(out, "    - think: {}ms", pause.as_millis());
            }
            Step::Request(request) => self::request(&mut out, request, frame.folder),
        }
    }
    scenario(&mut out, requests);
    out
}

fn head(out: &mut String, requests: &Requests) {
    let made = if requests.source.is_empty() {
        "A first load test. It is yours to change.".to_owned()
    } else {
        format!("A first load test, made from {}. It is yours to change.", requests.source)
    };
    yaml::comment(out, 0, &made);
    for note in &requests.notes {
        out.push_str("#\n");
        yaml::comment(out, 0, note);
    }
    if !requests.left_out.is_empty() {
        out.push_str("#\n# Left out:\n");
        for left in &requests.left_out {
            yaml::comment(out, 0, &format!("- {}: {}", left.what, left.why));
        }
    }
}

fn target(out: &mut String, requests: &Requests, start: Option<&Start>) {
    out.push_str("target:\n");
    let local = requests.origin.as_ref().filter(|origin| address::is_loopback(origin));
    let certain = start.filter(|start| start.is_certain && local.is_none());
    if let (Some(origin), None) = (&requests.origin, local) {
        let said = format!(
            "The source says {}. A load test belongs on a machine of your own, so another one stands here; `--target URL` changes it for a run.",
            origin.as_str().trim_end_matches('/')
        );
        yaml::comment(out, 2, &said);
    } else if requests.origin.is_none() && certain.is_none() {
        yaml::comment(out, 2, "Where the service listens; `--target URL` changes it for a run.");
    }
    if let Some(start) = certain {
        yaml::comment(
            out,
            2,
            &format!("Found in {}: loadgate starts the service on a free port and stops it.", start.found_in),
        );
        out.push_str("  url: \"http://127.0.0.1:{{ port }}\"\n");
        start_lines(out, "  ", start);
        return;
    }
    let url = local.map_or(LOCAL, |origin| origin.as_str().trim_end_matches('/'));
    let _ = writeln!(out, "  url: {}", yaml::text(&Template::literal(url).source()));
    if requests.insecure {
        yaml::comment(
            out,
            2,
            "As -k says. Better is `tls: { ca: FILE }`, with the authority that the service's certificate is of.",
        );
        out.push_str("  tls: { insecure: true }\n");
    }
    match start {
        Some(start) => {
            let said = format!(
                "loadgate can start the service itself. From {}; {}. To try it, take the line above away and these signs:",
                start.found_in, start.doubt
            );
            yaml::comment(out, 2, &said);
            out.push_str("  # url: \"http://127.0.0.1:{{ port }}\"\n");
            start_lines(out, "  # ", start);
        }
        None => out.push_str(
            "  # loadgate can start the service itself, on a free port, and stop it:\n  # url: \"http://127.0.0.1:{{ port }}\"\n  # start: ./service --port {{ port }}\n",
        ),
    }
}

fn start_lines(out: &mut String, margin: &str, start: &Start) {
    if let Some(build) = &start.build {
        let _ = writeln!(out, "{margin}build: {}", yaml::text(build));
    }
    let _ = writeln!(out, "{margin}start: {}", yaml::text(&start.command));
    if start.port_by_environment {
        let _ = writeln!(out, "{margin}environment: {{ PORT: \"{{{{ port }}}}\" }}");
    }
}

fn variables(out: &mut String, requests: &Requests) {
    let secrets: Vec<_> = requests.secrets.iter().collect();
    if secrets.is_empty() && requests.variables.is_empty() {
        return;
    }
    out.push_str("\nvars:\n");
    if !secrets.is_empty() {
        yaml::comment(
            out,
            2,
            "Secrets come from the environment, so that they do not stand here. One that is not set is empty, and the service \
             will refuse what needs it.",
        );
    }
    for secret in secrets {
        yaml::comment(out, 2, &format!("Was: {}.", secret.what));
        let _ = writeln!(
            out,
            "  {}: {{ value: \"${{{}:-}}\", secret: true }}",
            secret.variable,
            secret.environment()
        );
    }
    for variable in &requests.variables {
        if !variable.comment.is_empty() {
            yaml::comment(out, 2, &variable.comment);
        }
        let value = match variable.value.constant() {
            Some(number) if variable.is_number => number.to_owned(),
            // A variable's value is no template, so only the environment's `${` is to be kept away.
            Some(text) => yaml::text(&text.replace("${", "$${")),
            None => yaml::text(&variable.value.source()),
        };
        let _ = writeln!(out, "  {}: {value}", variable.name);
    }
}

fn request(out: &mut String, request: &Request, folder: &Utf8Path) {
    let _ = writeln!(out, "    - name: {}", yaml::text(&request.name));
    if let Some(comment) = request.comment.as_deref().filter(|comment| !comment.trim().is_empty()) {
        yaml::comment(out, 6, comment);
    }
    let method = request.method.as_str().to_ascii_lowercase();
    let _ = writeln!(out, "      {method}: {}", yaml::text(&request.path.source()));
    if !request.query.is_empty() {
        yaml::document(out, 6, "query", &table(&request.query));
    }
    headers(out, request);
    match &request.authorization {
        Some(Authorization::Bearer(token)) => {
            let _ = writeln!(out, "      bearer: {}", yaml::text(&token.source()));
        }
        Some(Authorization::Basic { user, password }) => {
            let (user, password) = (yaml::text(&user.source()), yaml::text(&password.source()));
            let _ = writeln!(out, "      basic: {{ user: {user}, password: {password} }}");
        }
        None => {}
    }
    match &request.body {
        Body::Empty => {}
        Body::Json(json) => yaml::document(out, 6, "json", json),
        Body::Form(fields) => yaml::document(out, 6, "form", &table(fields)),
        Body::Multipart(parts) => yaml::document(out, 6, "multipart", &self::parts(parts, folder)),
        Body::Raw(text) => {
            let _ = writeln!(out, "      body: {}", yaml::text(&text.source()));
        }
    }
    if request.stream {
        out.push_str("      stream: true\n");
    }
    if let Some(timeout) = request.timeout {
        let _ = writeln!(out, "      timeout: {}ms", timeout.as_millis().max(1));
    }
    if request.redirects > 0 {
        let _ = writeln!(out, "      redirects: {}", request.redirects);
    }
    match &request.status[..] {
        [] => {}
        [status] => {
            let _ = writeln!(out, "      check: status == {status}");
        }
        several => {
            let several: Vec<String> = several.iter().map(u16::to_string).collect();
            let _ = writeln!(out, "      check: \"status in [{}]\"", several.join(", "));
        }
    }
    if request.goes_on {
        out.push_str("      on_failure: continue\n");
    }
}

fn headers(out: &mut String, request: &Request) {
    let mut grouped: Vec<(String, Vec<Template>)> = Vec::new();
    for (name, value) in &request.headers {
        match grouped.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value.clone()),
            None => grouped.push((name.clone(), vec![value.clone()])),
        }
    }
    if grouped.is_empty() {
        return;
    }
    if address::is_choice(grouped.iter().map(|(name, _)| name.as_str())) {
        // Names of headers mean the same in capitals, and are no choice then.
        grouped.iter_mut().for_each(|(name, _)| name.make_ascii_uppercase());
    }
    yaml::document(out, 6, "headers", &table(&grouped));
}

/// Names with one value or a list of them.
fn table(entries: &[(String, Vec<Template>)]) -> Json {
    let value = |values: &Vec<Template>| match &values[..] {
        [one] => Json::Text(one.clone()),
        several => Json::List(several.iter().cloned().map(Json::Text).collect()),
    };
    Json::Map(entries.iter().map(|(name, values)| (name.clone(), value(values))).collect())
}

fn parts(parts: &[(String, Part)], folder: &Utf8Path) -> Json {
    let word = |text: &str| Json::Text(Template::literal(text));
    let typed = |mut map: Vec<(String, Json)>, content_type: &Option<String>| {
        map.extend(content_type.iter().map(|content_type| ("type".to_owned(), word(content_type))));
        Json::Map(map)
    };
    let part = |part: &Part| match part {
        Part::Text(text) => Json::Text(text.clone()),
        Part::File { path, content_type } => {
            typed(vec![("file".to_owned(), word(&from_folder(path, folder)))], content_type)
        }
        Part::Filler { bytes, name, content_type } => typed(
            vec![("size".to_owned(), word(&format!("{bytes}B"))), ("name".to_owned(), word(name))],
            content_type,
        ),
    };
    Json::Map(parts.iter().map(|(name, each)| (name.clone(), part(each))).collect())
}

/// A path as it is named from another folder.
fn from_folder(path: &str, folder: &Utf8Path) -> String {
    let up = folder.components().filter(|part| matches!(part, Utf8Component::Normal(_))).count();
    if Utf8Path::new(path).is_absolute() { path.to_owned() } else { format!("{}{path}", "../".repeat(up)) }
}

fn scenario(out: &mut String, requests: &Requests) {
    out.push_str("\nscenarios:\n  visitors:\n");
    if requests.source.is_empty() {
        out.push_str("    load: { users: 10, duration: 5s }\n");
    } else {
        yaml::comment(
            out,
            4,
            "Five users, each four times through the flow. What else there is: docs/suite.md, Scenarios and loads.",
        );
        out.push_str("    load: { users: 5, iterations: 4 }\n");
    }
    out.push_str("    flow: visit\n    expect: [ error_rate < 1% ]\n");
    yaml::comment(
        out,
        4,
        "Told, but fails nothing. Move it up to `expect` once you know what the service promises.",
    );
    out.push_str("    warn: [ latency.p95 < 1s ]\n");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Method;
    use proptest::prelude::*;

    use super::*;
    use crate::import::{LeftOut, Variable};
    use crate::suite::plan::{self, Plan};
    use crate::suite::scope::Scope;
    use crate::suite::text::Text;
    use crate::suite::{LoadOptions, load_text};

    fn decided(requests: &Requests) -> Result<Plan, String> {
        let frame = Frame { name: "suite", start: None, folder: Utf8Path::new("") };
        let text = write(requests, &frame);
        load_text("loadgate.yml", &text, Utf8Path::new(""), &LoadOptions::default())
            .map_err(|wrong| format!("{wrong}\n{text}"))
    }

    fn sent(plan: &Plan) -> &plan::RequestStep {
        match &plan.scenarios[0].classes[0].mix[0].1.steps[0] {
            plan::Step::Request(step) => step,
            other => panic!("{other:?}"),
        }
    }

    fn rendered(text: &Text) -> String {
        let mut out = String::new();
        text.render(&Scope::default(), &mut out).unwrap();
        out
    }

    /// Texts in which everything that means something in YAML, in a template or in an environment reference comes often.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[{}%#$'\"\\\\:,&*!|>@`?~<-]{1,3}",
            "[ \\t\\n\\r]{1,2}",
            any::<char>().prop_map(String::from),
            "[a-z0-9]{1,4}",
            prop::sample::select(vec![
                "{{",
                "}}",
                "{%",
                "%}",
                "{#",
                "${",
                "${HOME}",
                "{{ '",
                "yes",
                "null",
                "<<",
                "---",
                "- ",
                ": ",
                " #",
                "\u{feff}",
                "\u{2028}",
                "\u{85}",
                "{% raw %}",
                "-}}",
                "{{-",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Whatever is imported is sent as it was, and the rest of the suite stays what it is.
        #[test]
        fn imported_text_is_literal(text in hostile(), key in hostile(), about in hostile()) {
            let mut request = Request::new("it", Method::POST, Template::literal("/"));
            request.comment = Some(about.clone());
            let literal = || Template::literal(text.as_str());
            request.body = Body::Json(Json::Map(vec![
                (key.clone(), Json::Text(literal())),
                (format!("{key}2"), Json::List(vec![Json::Text(literal()), Json::Map(vec![(key.clone(), Json::Null)])])),
            ]));
            request.query = vec![(format!("q{key}"), vec![literal(), literal()])];
            let mut form = Request::new("form", Method::POST, Template::literal("/"));
            form.body = Body::Form(vec![(key.clone(), vec![literal()])]);
            let variable = Variable { name: "v".into(), value: literal(), is_number: false, comment: about.clone() };
            let requests = Requests {
                source: about.clone(),
                steps: vec![Step::Request(Box::new(request)), Step::Request(Box::new(form))],
                variables: vec![variable],
                notes: vec![about.clone()],
                left_out: vec![LeftOut::new(about.clone(), about)],
                ..Requests::default()
            };
            let plan = decided(&requests).map_err(TestCaseError::fail)?;
            let step = sent(&plan);
            let plan::Body::Json(body) = &step.body else { panic!("{:?}", step.body) };
            let body: serde_json::Value = serde_json::from_str(&rendered(body)).unwrap();
            let want = serde_json::json!({ &key: &text, format!("{key}2"): [&text, { &key: null }] });
            prop_assert_eq!(body, want);
            let url = url::Url::parse(&format!("http://127.0.0.1{}", rendered(&step.url))).unwrap();
            let pairs: Vec<(String, String)> =
                url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            let pair = (format!("q{key}"), text.clone());
            prop_assert_eq!(pairs, vec![pair.clone(), pair]);
            prop_assert_eq!(plan.vars.get_attr("v").unwrap().to_string(), text.clone());
            let plan::Step::Request(form) = &plan.scenarios[0].classes[0].mix[0].1.steps[1] else { panic!() };
            let plan::Body::Form(fields) = &form.body else { panic!("{:?}", form.body) };
            prop_assert_eq!((fields[0].0.clone(), rendered(&fields[0].1)), (key, text));
            prop_assert_eq!(plan.name, "suite");
        }
    }

    #[test]
    fn what_a_request_asks_for_stands_in_its_step() {
        let mut request = Request::new("it", Method::PUT, Template::literal("/"));
        request.headers = ["1", "2"].map(|value| ("x-a".to_owned(), Template::literal(value))).into();
        request.body = Body::Raw(Template::literal("text"));
        request.status = vec![200, 404];
        request.redirects = 3;
        request.timeout = Some(Duration::from_millis(2500));
        (request.stream, request.goes_on) = (true, true);
        let requests = Requests {
            origin: url::Url::parse("https://localhost:1/").ok(),
            insecure: true,
            steps: vec![Step::Think(Duration::from_millis(700)), Step::Request(Box::new(request))],
            ..Requests::default()
        };
        let plan = decided(&requests).unwrap();
        let steps = &plan.scenarios[0].classes[0].mix[0].1.steps;
        let [plan::Step::Think { .. }, plan::Step::Request(step)] = &steps[..] else { panic!("{steps:?}") };
        assert_eq!(
            (&step.method, step.redirects, step.timeout),
            (&Method::PUT, 3, Duration::from_millis(2500))
        );
        assert!(step.stream.is_some() && step.continue_on_failure);
        let headers: Vec<_> = step.headers.iter().map(|(n, v)| (n.as_str(), rendered(v))).collect();
        assert_eq!(headers, [("x-a", "1".to_owned()), ("x-a", "2".to_owned())]);
        let frame = Frame { name: "suite", start: None, folder: Utf8Path::new("") };
        let text = write(&requests, &frame);
        for line in [
            "think: 700ms",
            "check: \"status in [200, 404]\"",
            "url: \"https://localhost:1\"",
            "tls: { insecure: true }",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn files_are_named_from_the_folder_of_the_suite() {
        for (path, folder, want) in [
            ("a.txt", "", "a.txt"),
            ("a.txt", "./load/x", "../../a.txt"),
            ("b/a.txt", "load", "../b/a.txt"),
            ("/a.txt", "load", "/a.txt"),
        ] {
            assert_eq!(from_folder(path, Utf8Path::new(folder)), want);
        }
    }

    #[test]
    fn headers_called_short_and_full_are_no_choice() {
        let mut request = Request::new("it", Method::GET, Template::literal("/"));
        request.headers =
            vec![("short".into(), Template::literal("a")), ("full".into(), Template::literal("{{ b }}"))];
        let requests = Requests { steps: vec![Step::Request(Box::new(request))], ..Requests::default() };
        let plan = decided(&requests).unwrap();
        let headers: Vec<_> = sent(&plan).headers.iter().map(|(n, v)| (n.as_str(), rendered(v))).collect();
        assert_eq!(headers, [("short", "a".to_owned()), ("full", "{{ b }}".to_owned())]);
    }
}
