//! One operation as a request.

use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::document::Document;
use crate::import::{
    Body, Json, Part, Request, Requests, Step, Template, Variable, body, names, url as address,
};

/// An operation with what is around it.
pub(super) struct Operation<'a> {
    pub(super) document: &'a Document,
    /// Path that all operations begin with.
    pub(super) base_path: &'a str,
    pub(super) path: &'a str,
    pub(super) method: &'a str,
    pub(super) item: &'a Value,
    pub(super) operation: &'a Value,
}

impl Operation<'_> {
    /// The request.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub(super) fn request(&self, requests: &mut Requests) -> Result<Request, String> {
        let operation = self.operation;
        if operation["deprecated"] == true {
            return Err("it is deprecated".to_owned());
        }
        if !operation["servers"].is_null() || !self.item["servers"].is_null() {
            return Err("it has a server of its own, and a suite has one target".to_owned());
        }
        let method = if self.method == "get" { Method::GET } else { Method::POST };
        let name = match operation["operationId"].as_str() {
            Some(id) => names::step(id),
            None => names::of_request(&method, self.path),
        };
        let taken = |name: &str| {
            requests.steps.iter().any(|step| matches!(step, Step::Request(request) if request.name == name))
        };
        let mut request = Request::new(names::unique(&name, taken), method, Template::default());
        request.comment = operation["summary"].as_str().map(str::to_owned);
        request.goes_on = true;
        self.responses(&mut request)?;
        // Variables and secrets of an operation that is left out in the end must not stay.
        let mut changed = requests.clone();
        self.parameters(&mut request, &mut changed)?;
        if request.method == Method::POST {
            self.body(&mut request)?;
        }
        self.document.secure(operation, &mut request, &mut changed)?;
        if address::is_choice(request.query.iter().map(|(name, _)| name.as_str())) {
            return Err("parameters called just `short` and `full` mean a choice in a suite".to_owned());
        }
        *requests = changed;
        Ok(request)
    }

    /// Which answers are right.
    fn responses(&self, request: &mut Request) -> Result<(), String> {
        for (code, response) in self.operation["responses"].as_object().into_iter().flatten() {
            let Ok(status) = code.parse::<u16>() else { continue };
            if !(200..300).contains(&status) {
                continue;
            }
            request.status.push(status);
            let content = self.document.resolve(response)?["content"].as_object();
            let mut kinds = content.into_iter().flatten().map(|(kind, _)| body::essence(kind)).peekable();
            if kinds.peek().is_some() && kinds.all(|kind| kind == "text/event-stream") {
                if request.method == Method::GET {
                    return Err("it answers with a stream that may never end".to_owned());
                }
                request.stream = true;
            }
        }
        Ok(())
    }

    fn parameters(&self, request: &mut Request, requests: &mut Requests) -> Result<(), String> {
        // An operation's own parameter stands for one of the same name and place that all of the path's have.
        let mut all: Vec<&Value> = Vec::new();
        for list in [&self.operation["parameters"], &self.item["parameters"]] {
            for parameter in list.as_array().into_iter().flatten() {
                let parameter = self.document.resolve(parameter)?;
                let is_known = all
                    .iter()
                    .any(|known| known["name"] == parameter["name"] && known["in"] == parameter["in"]);
                if !is_known {
                    all.push(parameter);
                }
            }
        }
        request.path = self.path_of(&all, requests)?;
        for parameter in all {
            let name = parameter["name"].as_str().unwrap_or_default();
            let place = parameter["in"].as_str().unwrap_or_default();
            if place == "path" || name.is_empty() {
                continue;
            }
            let is_named = !parameter["example"].is_null() || parameter["examples"].is_object();
            if parameter["required"] != true && !is_named {
                continue;
            }
            let value = self.value(parameter).map_err(|why| format!("parameter `{name}`: {why}"))?;
            match place {
                "query" => add_query(name, parameter, &value, request),
                "header" => {
                    let text = plain(&value);
                    if HeaderName::try_from(name).is_err() || HeaderValue::try_from(text.as_str()).is_err() {
                        return Err(format!("the header `{name}` cannot be sent"));
                    }
                    // These are told by the body and by security.
                    if !["accept", "content-type", "authorization"]
                        .contains(&name.to_ascii_lowercase().as_str())
                    {
                        request.headers.push((name.to_ascii_lowercase(), Template::literal(text)));
                    }
                }
                "cookie" => {
                    let text = format!("{name}={}", encode(&plain(&value)));
                    request.headers.push(("cookie".to_owned(), Template::literal(text)));
                }
                other => return Err(format!("parameter `{name}` is in `{other}`, which is not known")),
            }
        }
        Ok(())
    }

    /// The path with a variable for each of its parameters.
    fn path_of(&self, parameters: &[&Value], requests: &mut Requests) -> Result<Template, String> {
        let mut path = Template::literal(self.base_path);
        let mut rest = self.path;
        while let Some(open) = rest.find('{') {
            let Some(length) = rest[open..].find('}') else { break };
            path.push(&literal_path(&rest[..open]));
            let name = &rest[open + 1..open + length];
            let described = parameters
                .iter()
                .find(|parameter| parameter["in"] == "path" && parameter["name"].as_str() == Some(name));
            let value = match described {
                Some(parameter) => {
                    self.value(parameter).map_err(|why| format!("parameter `{name}`: {why}"))?
                }
                // Many descriptions forget it.
                None => Value::from(1),
            };
            path.append(variable(name, &value, requests));
            rest = &rest[open + length + 1..];
        }
        path.push(&literal_path(rest));
        Ok(path)
    }

    /// A value for a parameter or a media type: its example, else one that its schema allows.
    fn value(&self, described: &Value) -> Result<Value, String> {
        if !described["example"].is_null() {
            return Ok(described["example"].clone());
        }
        for (_, example) in described["examples"].as_object().into_iter().flatten() {
            let value = &self.document.resolve(example)?["value"];
            if !value.is_null() {
                return Ok(value.clone());
            }
        }
        if let Some((_, media)) = described["content"].as_object().and_then(|content| content.iter().next()) {
            return self.value(media).map(|value| Value::from(value.to_string()));
        }
        self.document.example(&described["schema"])
    }

    fn body(&self, request: &mut Request) -> Result<(), String> {
        let described = &self.operation["requestBody"];
        if described.is_null() {
            return Ok(());
        }
        let described = self.document.resolve(described)?;
        let content = described["content"].as_object().ok_or("its body is not described")?;
        let find =
            |wanted: &dyn Fn(&str) -> bool| content.iter().find(|(kind, _)| wanted(&body::essence(kind)));
        let in_body = |why: String| format!("its body: {why}");
        if let Some((kind, media)) = find(&|kind| body::is_json(kind) || kind == "*/*") {
            request.body = Body::Json(Json::literal(&self.value(media).map_err(in_body)?));
            if !["application/json", "*/*"].contains(&body::essence(kind).as_str()) {
                request.headers.push(("content-type".to_owned(), Template::literal(kind.as_str())));
            }
        } else if let Some((_, media)) = find(&|kind| kind == "application/x-www-form-urlencoded") {
            let value = self.value(media).map_err(in_body)?;
            let fields: Vec<_> = fields(&value)?.map(|(name, value)| (name.clone(), texts(value))).collect();
            if address::is_choice(fields.iter().map(|(name, _)| name.as_str())) {
                return Err("fields called just `short` and `full` mean a choice in a suite".to_owned());
            }
            request.body = Body::Form(fields);
        } else if let Some((_, media)) = find(&|kind| kind == "multipart/form-data") {
            request.body = Body::Multipart(self.parts(media)?);
        } else if let Some((kind, media)) = find(&|kind| kind == "text/plain") {
            request.body = Body::Raw(Template::literal(plain(&self.value(media).map_err(in_body)?)));
            request.headers.push(("content-type".to_owned(), Template::literal(kind.as_str())));
        } else {
            let kinds: Vec<&str> = content.keys().map(String::as_str).collect();
            return Err(format!("its body is {}, which is to be written by hand", kinds.join(" or ")));
        }
        Ok(())
    }

    fn parts(&self, media: &Value) -> Result<Vec<(String, Part)>, String> {
        let value = self.value(media).map_err(|why| format!("its body: {why}"))?;
        let schema = self.document.resolve(&media["schema"])?;
        let mut parts = Vec::new();
        for (name, value) in fields(&value)? {
            let property = self.document.resolve(&schema["properties"][name])?;
            let is_file = property["format"] == "binary" || property["contentMediaType"].is_string();
            let part = if is_file {
                Part::Filler {
                    bytes: 1000,
                    name: format!("{}.bin", names::variable(name)),
                    content_type: None,
                }
            } else {
                Part::Text(Template::literal(plain(value)))
            };
            parts.push((name.clone(), part));
        }
        if address::is_choice(parts.iter().map(|(name, _)| name.as_str())) {
            return Err("parts called just `short` and `full` mean a choice in a suite".to_owned());
        }
        Ok(parts)
    }
}

/// The variable for a parameter in a path. Operations that mean the same value share it.
fn variable(name: &str, value: &Value, requests: &mut Requests) -> Template {
    let text = plain(value);
    let encoded = encode(&text);
    let base = names::variable(name);
    let known = requests
        .variables
        .iter()
        .find(|known| names::is_numbered(&known.name, &base) && known.value.constant() == Some(&encoded));
    if let Some(known) = known {
        return Template::variable(known.name.clone());
    }
    let taken = |name: &str| {
        requests.variables.iter().any(|known| known.name == name)
            || requests.secrets.iter().any(|secret| secret.variable == name)
    };
    let unique = names::unique(&base, taken);
    let encoding = if encoded == text { "" } else { "; percent-encoded, since it stands in a path" };
    requests.variables.push(Variable {
        name: unique.clone(),
        value: Template::literal(encoded),
        is_number: value.is_i64(),
        comment: format!("Path parameter `{name}`{encoding}."),
    });
    Template::variable(unique)
}

/// A query parameter, by its style: a list is sent several times (`form`, exploded), joined otherwise.
fn add_query(name: &str, parameter: &Value, value: &Value, request: &mut Request) {
    let literal = |value: &Value| Template::literal(plain(value));
    match value {
        Value::Array(items) if parameter["explode"] != false => {
            request.query.push((name.to_owned(), items.iter().map(literal).collect()));
        }
        Value::Object(map) if parameter["style"] == "deepObject" => {
            request
                .query
                .extend(map.iter().map(|(key, value)| (format!("{name}[{key}]"), vec![literal(value)])));
        }
        Value::Object(map) if parameter["explode"] != false => {
            request.query.extend(map.iter().map(|(key, value)| (key.clone(), vec![literal(value)])));
        }
        other => request.query.push((name.to_owned(), vec![literal(other)])),
    }
}

fn fields(value: &Value) -> Result<impl Iterator<Item = (&String, &Value)>, String> {
    Ok(value.as_object().ok_or("its body has no fields")?.iter())
}

fn texts(value: &Value) -> Vec<Template> {
    match value {
        Value::Array(items) => items.iter().map(|item| Template::literal(plain(item))).collect(),
        other => vec![Template::literal(plain(other))],
    }
}

/// A value as a text: a list joined by commas, an object as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Percent-encoding of everything but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The fixed part of a path: what may stand in one does, the rest is encoded.
fn literal_path(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_graphic()
            && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '?' | '#')
        {
            out.push(c);
        } else {
            out.push_str(&encode(c.encode_utf8(&mut [0; 4])));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::of_document;
    use super::*;

    fn read(paths: Value) -> Requests {
        let root = json!({ "openapi": "3.1.0", "paths": paths });
        of_document(&Document::new(root)).unwrap()
    }

    fn steps(requests: &Requests) -> Vec<&Request> {
        let steps = requests.steps.iter();
        steps
            .filter_map(|step| if let Step::Request(request) = step { Some(&**request) } else { None })
            .collect()
    }

    #[test]
    fn operations_that_mean_the_same_value_share_its_variable() {
        let get =
            |id: i64| json!({ "get": { "parameters": [{ "name": "id", "in": "path", "example": id }] } });
        let requests = read(
            json!({ "/a/{id}": get(7), "/b/{id}/x y": get(7), "/c/{id}": get(8), "/d/{e}": { "get": {} } }),
        );
        let paths: Vec<_> = steps(&requests).iter().map(|step| step.path.source()).collect();
        assert_eq!(
            paths,
            ["/a/{{ vars.id }}", "/b/{{ vars.id }}/x%20y", "/c/{{ vars.id_2 }}", "/d/{{ vars.e }}"]
        );
        let variables: Vec<_> =
            requests.variables.iter().map(|v| (v.name.as_str(), v.value.constant().unwrap())).collect();
        assert_eq!(variables, [("id", "7"), ("id_2", "8"), ("e", "1")]);
    }

    #[test]
    fn parameters_by_their_place_and_style() {
        let of_path = json!([
            { "name": "a", "in": "query", "example": "of the path" },
            { "name": "X-A", "in": "header", "example": "1" },
            { "name": "Accept", "in": "header", "example": "a/b" },
            { "name": "c", "in": "cookie", "example": "x y" },
        ]);
        let own = json!([
            { "name": "a", "in": "query", "example": "own" },
            { "name": "joined", "in": "query", "example": [1, 2], "explode": false },
            { "name": "deep", "in": "query", "example": { "k": 1 }, "style": "deepObject" },
            { "name": "flat", "in": "query", "example": { "k": 2 } },
            { "name": "named", "in": "query", "examples": { "one": { "value": "v" } } },
            { "name": "optional", "in": "query", "schema": { "default": 1 } },
            { "name": "asked", "in": "query", "required": true, "schema": { "default": 2 } },
        ]);
        let requests = read(json!({ "/": { "parameters": of_path, "get": { "parameters": own } } }));
        let step = steps(&requests)[0];
        let said = |name: &str, value: &Template| format!("{name}={}", value.constant().unwrap());
        let query: Vec<_> = step.query.iter().map(|(name, values)| said(name, &values[0])).collect();
        assert_eq!(query, ["a=own", "joined=1,2", "deep[k]=1", "k=2", "named=v", "asked=2"]);
        let headers: Vec<_> = step.headers.iter().map(|(name, value)| said(name, value)).collect();
        assert_eq!(headers, ["x-a=1", "cookie=c=x%20y"]);
    }

    #[test]
    fn answers_say_what_is_right_and_what_is_a_stream() {
        let kind = |kind: &str| json!({ "content": { kind: {} } });
        let requests = read(json!({
            "/a": { "post": { "responses": { "201": kind("text/event-stream"), "204": {}, "404": {} } } },
            "/b": { "post": { "responses": { "default": kind("application/json"), "2XX": {} } } },
        }));
        let found: Vec<_> = steps(&requests).iter().map(|step| (&step.status[..], step.stream)).collect();
        assert_eq!(found, [(&[201, 204][..], true), (&[][..], false)]);
    }

    #[test]
    fn what_cannot_be_written_is_left_out_and_leaves_nothing_behind() {
        let id = json!([{ "name": "id", "in": "path", "example": 7 }]);
        let requests = read(json!({
            "/a/{id}": { "parameters": id, "post": { "requestBody": { "content": { "application/xml": {} } } } },
            "/b": { "get": { "deprecated": true } },
            "/c": { "get": { "servers": [] } },
            "/d": { "get": { "parameters": [{ "name": "d", "in": "body", "example": 1 }] } },
        }));
        assert!(requests.steps.is_empty() && requests.variables.is_empty(), "{requests:?}");
        let words = ["application/xml", "deprecated", "a server of its own", "in `body`"];
        for (left, words) in requests.left_out.iter().zip(words) {
            assert!(left.why.contains(words), "{left:?}");
        }
        assert_eq!(requests.left_out.len(), words.len());
    }
}
