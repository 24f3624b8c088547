//! `loadgate init`: what it writes passes `loadgate check` and really runs; what is imported comes out as literal text; and no
//! credential comes out at all.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use std::io::Write as _;
use std::process::Stdio;

use common::server::Server;
use common::{Place, Ran, quiet_machine};
use loadgate_report::Verdict;
use wiremock::matchers::{any, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A service that answers everything, POST with 201, and remembers what it was asked.
struct Recorder {
    runtime: tokio::runtime::Runtime,
    server: MockServer,
}

impl Recorder {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            Mock::given(method("POST")).respond_with(ResponseTemplate::new(201)).mount(&server).await;
            Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
            server
        });
        Self { runtime, server }
    }

    fn url(&self) -> String {
        self.server.uri()
    }

    fn heard(&self) -> Vec<wiremock::Request> {
        self.runtime.block_on(self.server.received_requests()).unwrap()
    }

    /// The requests of one iteration of one user, as `METHOD target`, sorted. `GET /` is the question whether the target is ready.
    fn lines(&self) -> Vec<String> {
        let line = |request: &wiremock::Request| {
            let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
            format!("{} {}{query}", request.method, request.url.path())
        };
        let mut lines: Vec<String> = self.heard().iter().map(line).collect();
        lines.sort();
        lines.dedup();
        lines.retain(|line| line != "GET /");
        lines
    }
}

/// Checks the suite and runs it: whatever there is to compare with, nothing of it may fail.
#[track_caller]
fn checks_and_runs(place: &Place, url: &str) -> Ran {
    place.loadgate(&["check"]).ends_with(0).says(&["no error"]);
    let ran = place.undisturbed(&["run", "--target", url]);
    let report = place.report();
    assert!(
        !matches!(report.verdict, Verdict::Fail | Verdict::Invalid),
        "{:?}\n{}\n{}",
        report.verdict,
        ran.said(),
        suite(place)
    );
    assert!(
        report.scenarios.iter().all(|scenario| scenario.steps.iter().all(|step| step.ok > 0)),
        "{}",
        ran.said()
    );
    ran
}

fn suite(place: &Place) -> String {
    fs_err::read_to_string(place.path().join("loadgate.yml")).unwrap()
}

fn workflow(place: &Place) -> String {
    fs_err::read_to_string(place.path().join(".github/workflows/loadgate.yml")).unwrap()
}

#[test]
fn a_first_suite_out_of_nothing() {
    let _quiet = quiet_machine();
    let place = Place::new();
    place.loadgate(&["init"]).ends_with(0).says(&[
        "wrote loadgate.yml",
        "wrote .github/workflows/loadgate.yml",
        "loadgate run",
        "loadgate baseline accept",
    ]);
    // Least rights, an end, and the whole history: the base need not be fetched.
    for line in ["permissions: {}", "timeout-minutes: 45", "fetch-depth: 0", "suite: loadgate.yml"] {
        assert!(workflow(&place).contains(line), "{line}");
    }
    let server = Server::healthy();
    checks_and_runs(&place, &server.url());
}

#[test]
fn nothing_is_overwritten_unless_asked_for() {
    let place = Place::new();
    place.write("loadgate.yml", "mine");
    let ran = place.loadgate(&["init"]);
    ran.ends_with(2).says(&["loadgate.yml is there already", "--force"]);
    assert!(!place.path().join(".github").exists(), "nothing is written where something is in the way");
    assert_eq!(suite(&place), "mine");
    place.write(".github/workflows/loadgate.yml", "mine too");
    let ran = place.loadgate(&["init"]);
    ran.ends_with(2).says(&["loadgate.yml and .github/workflows/loadgate.yml are there already"]);
    place
        .loadgate(&["init", "--no-workflow", "--suite", "load/first.yml"])
        .ends_with(0)
        .says(&["load/first.yml"]);
    place.loadgate(&["check", "load/first.yml"]).ends_with(0);
    assert_eq!(workflow(&place), "mine too");
    place.loadgate(&["init", "--force"]).ends_with(0);
    assert!(suite(&place).contains("scenarios:") && workflow(&place).contains("jobs:"));
}

#[test]
fn a_start_command_only_where_it_is_certain() {
    let place = Place::new();
    place.write("requirements.txt", "fastapi\nuvicorn\n");
    place.write("main.py", "app = FastAPI()\n");
    place.loadgate(&["init"]).ends_with(0);
    assert!(
        suite(&place).contains("\n  start: \"uvicorn main:app --port {{ port }}\"\n"),
        "{}",
        suite(&place)
    );
    assert!(!workflow(&place).contains("docker compose"));
    let place = Place::new();
    place.write("package.json", "{\"scripts\":{\"start\":\"node server.js\"}}");
    place.loadgate(&["init"]).ends_with(0);
    assert!(suite(&place).contains("\n  # start: \"npm start\"\n"), "{}", suite(&place));
    place.loadgate(&["check"]).ends_with(0);
    // Following the comment gives a suite that is right.
    let followed: String = suite(&place)
        .lines()
        .filter(|line| *line != "  url: \"http://127.0.0.1:8080\"")
        .map(|line| {
            let key = line
                .strip_prefix("  # ")
                .filter(|rest| rest.starts_with(['u', 's', 'e']) && rest.contains(": "));
            key.map_or_else(|| format!("{line}\n"), |rest| format!("  {rest}\n"))
        })
        .collect();
    place.write("followed.yml", &followed);
    place.loadgate(&["check", "followed.yml"]).ends_with(0);
    assert!(followed.contains("\n  start: \"npm start\"\n"), "{followed}");
}

const OPENAPI: &str = r##"
openapi: 3.0.3
info: { title: "Pets & \"more\"", version: "1" }
servers: [ { url: "https://api.example.com/v1" } ]
security: [ { token: [] } ]
paths:
  /pets:
    get:
      operationId: listPets
      summary: "All pets\nname: evil"
      parameters:
        - { name: tag, in: query, schema: { type: array, items: { type: string } }, example: [ "a b", "{{ x }}" ] }
        - { name: unused, in: query, schema: { type: string } }
        - { name: limit, in: query, required: true, schema: { type: integer, minimum: 1 } }
      responses: { 200: { description: ok } }
    post:
      operationId: addPet
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } } }
      responses: { "201": { description: made } }
    delete: { responses: { "204": { description: gone } } }
  /pets/{petId}:
    parameters: [ { name: petId, in: path, required: true, schema: { type: string, example: "a/b c" } } ]
    get: { security: [ {} ], responses: { "200": { description: ok } } }
  /forms:
    post:
      security: [ { basic: [] } ]
      requestBody: { content: { application/x-www-form-urlencoded: { schema: { properties: { q: { example: "${HOME}" } } } } } }
      responses: { "201": { description: made } }
  /upload:
    post:
      security: [ { key: [] } ]
      requestBody: { content: { multipart/form-data: { schema: { properties: { file: { type: string, format: binary }, title: { example: "yes" } } } } } }
      responses: { "201": { description: made } }
  /xml:
    post: { requestBody: { content: { application/xml: {} } }, responses: {} }
  /events:
    get: { responses: { "200": { content: { text/event-stream: {} } } } }
  /far:
    get: { parameters: [ { $ref: "other.yaml#/P" } ], responses: {} }
components:
  securitySchemes:
    token: { type: http, scheme: bearer }
    basic: { type: http, scheme: basic }
    key: { type: apiKey, in: header, name: X-Key }
  schemas:
    Pet:
      type: object
      required: [ name, tags ]
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string, example: "it's {% if %} ${HOME}: # \"x\"" }
        tags: { type: array, items: { type: string, enum: [ "no", cat ] } }
        "yes": { type: number, default: 1.5 }
"##;

#[test]
fn a_suite_out_of_an_api_description() {
    let _quiet = quiet_machine();
    let place = Place::new();
    place.write("api.yaml", OPENAPI);
    place.loadgate(&["init", "--openapi", "api.yaml"]).ends_with(0).says(&[
        "5 requests from api.yaml",
        "DELETE /pets: what it takes away",
        "POST /xml: its body is application/xml",
        "GET /events: it answers with a stream",
        "GET /far: `other.yaml#/P` is in another file",
        "export API_TOKEN=",
    ]);
    let text = suite(&place);
    for words in [
        "name: pets-more",
        "# - DELETE /pets:",
        "https://api.example.com",
        "value: \"${API_TOKEN:-}\", secret: true }",
        "8080",
        "get: \"/v1/pets/{{ vars.pet_id }}\"",
        "pet_id: \"a%2Fb%20c\"",
        "check: status == 201",
        "\n      on_failure: continue\n",
    ] {
        assert!(text.contains(words), "no {words} in\n{text}");
    }
    assert!(workflow(&place).contains("API_TOKEN: ${{ secrets.API_TOKEN }}"), "{}", workflow(&place));
    let recorder = Recorder::new();
    checks_and_runs(&place, &recorder.url());
    assert_eq!(
        recorder.lines(),
        [
            "GET /v1/pets/a%2Fb%20c",
            "GET /v1/pets?tag=a%20b&tag=%7B%7B%20x%20%7D%7D&limit=1",
            "POST /v1/forms",
            "POST /v1/pets",
            "POST /v1/upload"
        ]
    );
    let heard = recorder.heard();
    let find = |path: &str| {
        heard.iter().rev().find(|request| request.url.path() == path && request.method == "POST").unwrap()
    };
    let pet: serde_json::Value = find("/v1/pets").body_json().unwrap();
    let want = serde_json::json!({ "name": "it's {% if %} ${HOME}: # \"x\"", "tags": ["no"], "yes": 1.5 });
    assert_eq!(pet, want);
    assert_eq!(find("/v1/forms").body, b"q=%24%7BHOME%7D");
    let upload = String::from_utf8_lossy(&find("/v1/upload").body).into_owned();
    assert!(upload.contains("yes") && upload.contains("file.bin"), "{upload}");
}

fn recording(origin: &str) -> String {
    let entry = |at: &str, method: &str, url: &str, status: u16, kind: &str, more: serde_json::Value| {
        let mut request = serde_json::json!({ "method": method, "url": url, "headers": [] });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::json!({ "pageref": "p", "startedDateTime": format!("2026-01-31T12:00:{at}Z"), "time": 120, "request": request,
            "response": { "status": status, "content": { "mimeType": kind },
                "headers": [{ "name": "Set-Cookie", "value": "cart=1; Path=/" }] } })
    };
    let cookie = serde_json::json!({ "headers": [{ "name": "cookie", "value": "sid=very-secret-cookie" }] });
    let json = serde_json::json!({
        "headers": [
            { "name": "Content-Type", "value": "application/json" },
            { "name": "Authorization", "value": "Bearer very-secret-token" },
            { "name": "Cookie", "value": "cart=1" },
            { "name": "X-Tenant", "value": "{{ acme }} ${HOME}" },
            { "name": "User-Agent", "value": "browser" },
        ],
        "postData": { "mimeType": "application/json", "text": "{\"q\": \"{{ x }}\", \"password\": \"very-secret-password\"}" },
    });
    let form = serde_json::json!({ "postData": { "mimeType": "application/x-www-form-urlencoded", "params": [
        { "name": "a b", "value": "1&2" }, { "name": "token", "value": "very-secret-field" } ] } });
    let none = serde_json::json!({});
    let html = "text/html; charset=utf-8";
    serde_json::json!({ "log": { "version": "1.2", "pages": [{ "id": "p" }], "entries": [
        entry("00.000", "GET", &format!("{origin}/?q=%7B%7B&next"), 200, html, cookie),
        entry("00.100", "GET", &format!("{origin}/style.css"), 200, "text/css", none.clone()),
        entry("00.110", "GET", "https://cdn.example.com/x", 200, html, none.clone()),
        entry("00.120", "GET", &format!("{origin}/gone"), 404, html, none.clone()),
        // Out of order, as some tools write it.
        entry("02.000", "POST", &format!("{origin}/form"), 201, html, form),
        entry("01.270", "POST", &format!("{origin}/json?access_token=very-secret-query"), 201, "application/json", json),
        entry("40.000", "GET", &format!("{origin}/end"), 304, html, none),
    ] } })
    .to_string()
}

#[test]
fn a_suite_out_of_a_recording() {
    let _quiet = quiet_machine();
    let place = Place::new();
    let recorder = Recorder::new();
    place.write("shop.har", &recording(&recorder.url()));
    let ran = place.loadgate(&["init", "--har", "shop.har"]);
    ran.ends_with(0).says(&[
        "4 requests from shop.har",
        "1 static file:",
        "1 request to cdn.example.com:",
        "GET /gone: it was answered with 404",
        "before the recording began: sid",
    ]);
    let text = suite(&place);
    for file in [&text, &workflow(&place), &ran.said()] {
        assert!(!file.contains("very-secret"), "{file}");
    }
    for words in
        // From the end of an answer to the next request.
        [
            "think: 1200ms",
            "think: 600ms",
            "think: 5000ms",
            "bearer: \"{{ vars.api_token }}\"",
            "${COOKIE:-}",
            "check: status == 201",
        ]
    {
        assert!(text.contains(words), "no {words} in\n{text}");
    }
    assert!(text.contains(&recorder.url()), "a recording of this machine names its target:\n{text}");
    // A person's pauses are more than a test has time for.
    place.write("loadgate.yml", &text.replace("00ms\n", "ms\n").replace("iterations: 4", "iterations: 6"));
    checks_and_runs(&place, &recorder.url());
    assert_eq!(
        recorder.lines(),
        ["GET /?q=%7B%7B&next", "GET /end", "POST /form", "POST /json?access_token="]
    );
    let heard = recorder.heard();
    let find = |path: &str| heard.iter().find(|request| request.url.path() == path).unwrap();
    let body: serde_json::Value = find("/json").body_json().unwrap();
    assert_eq!(body, serde_json::json!({ "q": "{{ x }}", "password": "" }));
    assert_eq!(find("/json").headers.get("x-tenant").unwrap(), "{{ acme }} ${HOME}");
    assert!(find("/json").headers.get("user-agent").is_none_or(|agent| agent != "browser"));
    assert_eq!(find("/form").body, b"a+b=1%262&token=");
}

#[test]
fn a_suite_out_of_curl_commands() {
    let _quiet = quiet_machine();
    let place = Place::new();
    let recorder = Recorder::new();
    place.write("notes.txt", "kept");
    let url = recorder.url();
    let commands = [
        format!("curl '{url}/search?q=a%20b' -H 'Accept: text/plain' -u anna:very-secret --compressed -k -L"),
        format!("curl --url {url}/chat --json '{{\"text\": \"it'\\''s {{{{ x }}}} ${{HOME}}\"}}'"),
        format!("curl -X PUT {url}/form -d 'a=1&b=%26' -b 'session=very-secret'"),
        format!("curl {url}/upload -F 'file=@notes.txt;type=text/markdown' -F title=Notes"),
        format!("curl {url}/raw -H 'content-type: text/plain' --data-raw $'two\\nlines: {{% x'"),
    ];
    let mut arguments = vec!["init"];
    commands.iter().for_each(|command| arguments.extend(["--curl", command]));
    let ran = place.loadgate(&arguments);
    ran.ends_with(0).says(&["5 requests from a curl command", "API_PASSWORD"]);
    assert!(
        !suite(&place).contains("very-secret") && !ran.said().contains("very-secret"),
        "{}",
        suite(&place)
    );
    checks_and_runs(&place, &url);
    assert_eq!(
        recorder.lines(),
        ["GET /search?q=a%20b", "POST /chat", "POST /raw", "POST /upload", "PUT /form"]
    );
    let heard = recorder.heard();
    let find = |path: &str| heard.iter().find(|request| request.url.path() == path).unwrap();
    let body: serde_json::Value = find("/chat").body_json().unwrap();
    assert_eq!(body["text"], "it's {{ x }} ${HOME}");
    assert_eq!(find("/raw").body, b"two\nlines: {% x");
    assert_eq!(find("/form").body, b"a=1&b=%26");
    let upload = String::from_utf8_lossy(&find("/upload").body).into_owned();
    assert!(upload.contains("kept") && upload.contains("text/markdown"), "{upload}");
}

#[test]
fn a_command_can_come_from_standard_input() {
    let place = Place::new();
    let mut child =
        place.command(&["init", "--no-workflow", "--curl", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"curl 'http://127.0.0.1:1/it'\\''s'\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(suite(&place).contains("/it's"), "{}", suite(&place));
}

#[test]
fn what_cannot_be_imported_is_told_with_its_place() {
    let place = Place::new();
    place.write("broken.json", "{\n  \"openapi\": }");
    place.write("broken.yaml", "openapi: 3.0.0\npaths: [\n");
    place.write("old.yaml", "swagger: '2.0'\npaths: {}\n");
    place.write("empty.yaml", "openapi: 3.0.0\npaths: {}\n");
    place.write("broken.har", "{\"log\": 5");
    place.write("other.har", "{\"log\": {\"entries\": [{\"request\": {}}]}}");
    let table: &[(&[&str], &str)] = &[
        (&["--openapi", "none.yaml"], "cannot read none.yaml"),
        (&["--openapi", "broken.json"], "broken.json:2:"),
        (&["--openapi", "broken.yaml"], "broken.yaml:"),
        (&["--openapi", "old.yaml"], "old.yaml at #/swagger"),
        (&["--openapi", "empty.yaml"], "nothing is left"),
        (&["--har", "broken.har"], "broken.har:1:"),
        (&["--har", "other.har"], "other.har at log.entries[0].request.url"),
        (&["--curl", "curl --proxy x http://127.0.0.1/"], "`--proxy` is not understood"),
        (&["--curl", "curl 'http://127.0.0.1/"], "is not closed"),
        (&["--curl", "curl http://127.0.0.1/", "--har", "broken.har"], "cannot be used with"),
    ];
    for (arguments, words) in table {
        let arguments: Vec<&str> = [&["init"], *arguments].concat();
        place.loadgate(&arguments).ends_with(2).says(&[words]);
        assert!(!place.path().join("loadgate.yml").exists(), "{arguments:?}");
    }
}
