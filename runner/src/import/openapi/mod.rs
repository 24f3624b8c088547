//! An API description (OpenAPI 3.x, <https://spec.openapis.org/oas/latest.html>), in JSON or YAML.

mod document;
mod example;
mod operation;
mod security;

use serde_json::Value;
use url::Url;

use self::document::Document;
use super::{ImportError, Importer, LeftOut, Requests, Step, url as address};

pub(super) const IMPORTER: Importer = Importer {
    name: "openapi",
    value_name: "FILE",
    help: "Make it from an API description (OpenAPI 3, JSON or YAML): its GET and POST operations",
    repeated: false,
    read,
};

/// What a path can hold that is an operation, with whether it is taken over, and why not.
const METHODS: &[(&str, Option<&str>)] = &[
    ("get", None),
    ("post", None),
    ("put", Some("it changes what is there; add it by hand if that may happen again and again")),
    ("patch", Some("it changes what is there; add it by hand if that may happen again and again")),
    (
        "delete",
        Some("what it takes away is gone for the next user; add it by hand behind a request that makes one"),
    ),
    ("head", Some("it is a GET without an answer to judge")),
    ("options", Some("it asks about the service, and does nothing")),
    ("trace", Some("loadgate does not send this method")),
];

fn read(files: &[String]) -> Result<Requests, ImportError> {
    let file = files.first().map(String::as_str).unwrap_or_default();
    let text = super::read_file(file)?;
    let document = Document::new(parse(file, &text)?);
    let mut requests = of_document(&document)
        .map_err(|(pointer, message)| ImportError::wrong(format!("{file} at {pointer}"), message))?;
    requests.source = super::file_name(file).to_owned();
    Ok(requests)
}

/// JSON, else YAML.
fn parse(file: &str, text: &str) -> Result<Value, ImportError> {
    let json_error = match serde_json::from_str::<Value>(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let is_json = file.to_ascii_lowercase().ends_with(".json") || text.trim_start().starts_with('{');
    if is_json {
        let place = format!("{file}:{}:{}", json_error.line(), json_error.column());
        let message = json_error.to_string();
        let message = message.split(" at line").next().unwrap_or(&message);
        return Err(ImportError::wrong(place, format!("it is no JSON: {message}")));
    }
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map_or_else(
            || file.to_owned(),
            |location| format!("{file}:{}:{}", location.line(), location.column()),
        );
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message);
        ImportError::wrong(place, format!("it is no YAML: {message}"))
    })
}

/// JSON pointer of what is wrong, and what is wrong.
type Wrong = (String, String);

fn of_document(document: &Document) -> Result<Requests, Wrong> {
    let root = document.root();
    match (&root["openapi"], &root["swagger"]) {
        (Value::String(version), _) if version.starts_with("3.") => {}
        // `openapi: 3.1` without quotes is a number in YAML.
        (Value::Number(version), _) if version.to_string().starts_with('3') => {}
        (_, Value::String(_) | Value::Number(_)) => {
            let said =
                "it is a description in Swagger 2; convert it to OpenAPI 3 first (converter.swagger.io does)";
            return Err(("#/swagger".to_owned(), said.to_owned()));
        }
        _ => {
            return Err((
                "#/openapi".to_owned(),
                "the version is missing: it is no description in OpenAPI 3".to_owned(),
            ));
        }
    }
    let paths =
        root["paths"].as_object().ok_or_else(|| ("#/paths".to_owned(), "there are no paths".to_owned()))?;
    let mut requests =
        Requests { title: root["info"]["title"].as_str().map(str::to_owned), ..Requests::default() };
    let base_path = server(root, &mut requests);
    for (path, item) in paths {
        let pointer = format!("#/paths/{}", path.replace('~', "~0").replace('/', "~1"));
        if path.starts_with("x-") {
            continue;
        }
        let item = document.resolve(item).map_err(|why| (pointer.clone(), why))?;
        if !item.is_object() {
            return Err((pointer, "a path is a mapping of its operations".to_owned()));
        }
        for (method, reason) in METHODS {
            let operation = &item[*method];
            if operation.is_null() {
                continue;
            }
            if !operation.is_object() {
                return Err((format!("{pointer}/{method}"), "an operation is a mapping".to_owned()));
            }
            let what = format!("{} {path}", method.to_uppercase());
            if let Some(reason) = reason {
                requests.left_out.push(LeftOut::new(what, *reason));
                continue;
            }
            let operation =
                operation::Operation { document, base_path: &base_path, path, method, item, operation };
            match operation.request(&mut requests) {
                Ok(request) => requests.steps.push(Step::Request(Box::new(request))),
                Err(why) => requests.left_out.push(LeftOut::new(what, why)),
            }
        }
    }
    requests.notes.push(
        "The values are the examples and defaults of the description, and made up where it has none: put in what your service \
         knows. A failed request does not end the flow (`on_failure: continue`), so that one run shows all of them."
            .into(),
    );
    Ok(requests)
}

/// Takes over where the first server is, and gives the path that all operations begin with.
fn server(root: &Value, requests: &mut Requests) -> String {
    let server = &root["servers"][0];
    let mut text = server["url"].as_str().unwrap_or("/").to_owned();
    for (name, variable) in server["variables"].as_object().into_iter().flatten() {
        let default = match &variable["default"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text = text.replace(&format!("{{{name}}}"), &default);
    }
    // An address without a host is relative to where the description lies, which nobody knows here.
    let relative = Url::parse("http://relative.invalid/").and_then(|base| base.join(&text));
    let Ok(url) = relative else { return String::new() };
    if matches!(url.scheme(), "http" | "https") && url.host_str() != Some("relative.invalid") {
        requests.origin = Some(address::origin(&url));
    }
    url.path().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let value: Value = serde_json::from_str(text).unwrap();
        of_document(&Document::new(value)).unwrap_err().0
    }

    #[test]
    fn what_is_no_description_is_told_with_its_place() {
        assert_eq!(wrong("{}"), "#/openapi");
        assert_eq!(wrong(r#"{"swagger":"2.0"}"#), "#/swagger");
        assert_eq!(wrong(r#"{"openapi":"3.0.3"}"#), "#/paths");
        assert_eq!(wrong(r#"{"openapi":"3.0.3","paths":{"/a":5}}"#), "#/paths/~1a");
        assert_eq!(wrong(r#"{"openapi":"3.0.3","paths":{"/a":{"get":5}}}"#), "#/paths/~1a/get");
        assert_eq!(wrong(r##"{"openapi":"3.0.3","paths":{"/a":{"$ref":"#/x"}}}"##), "#/paths/~1a");
    }

    #[test]
    fn yaml_has_places_and_keys_that_are_numbers() {
        let value = parse("a.yaml", "openapi: 3.1.0\nresponses:\n  200: { description: yes }\n").unwrap();
        assert_eq!(value["responses"]["200"]["description"], "yes");
        let error = parse("a.yaml", "a: 1\nb: [\n").unwrap_err().to_string();
        assert!(error.starts_with("a.yaml:"), "{error}");
        let error = parse("a.json", "{\n \"a\": }").unwrap_err().to_string();
        assert!(error.starts_with("a.json:2:"), "{error}");
    }

    #[test]
    fn servers_by_default_values_and_relative_ones() {
        let mut requests = Requests::default();
        let root = serde_json::json!({ "servers": [{ "url": "http://localhost:{port}/v{n}/",
            "variables": { "port": { "default": "8123" }, "n": { "default": 2 } } }] });
        assert_eq!(server(&root, &mut requests), "/v2");
        assert_eq!(requests.origin.unwrap().as_str(), "http://localhost:8123/");
        let mut requests = Requests::default();
        assert_eq!(server(&serde_json::json!({ "servers": [{ "url": "/api" }] }), &mut requests), "/api");
        assert_eq!(server(&serde_json::json!({}), &mut requests), "");
        assert!(requests.origin.is_none());
    }
}
