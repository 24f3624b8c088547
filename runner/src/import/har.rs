//! A recording of a browser or a proxy (HAR 1.2, <http://www.softwareishard.com/blog/har-12-spec/>).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::{Body, ImportError, Importer, LeftOut, Part, Request, Requests, Step, Template};
use super::{body, names, url as address};

pub(super) const IMPORTER: Importer = Importer {
    name: "har",
    value_name: "FILE",
    help: "Make it from a recording (HAR): the requests to the first page's own host, with their pauses",
    repeated: false,
    read,
};

/// Shorter gaps are the browser's own work, not a person's thinking.
const SHORTEST_PAUSE: Duration = Duration::from_millis(300);
/// Whoever went for a coffee while recording need not do so in every run.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Pauses are rounded to this, since a recording of one person is no more exact.
const ROUNDED_TO_MS: u128 = 100;

fn read(files: &[String]) -> Result<Requests, ImportError> {
    let file = files.first().map(String::as_str).unwrap_or_default();
    let text = super::read_file(file)?;
    let har: Value = serde_json::from_str(&text).map_err(|error| {
        let place = format!("{file}:{}:{}", error.line(), error.column());
        let message = error.to_string();
        ImportError::wrong(
            place,
            format!("it is no JSON: {}", message.split(" at line").next().unwrap_or(&message)),
        )
    })?;
    let mut requests = of_recording(&har).map_err(|(place, message)| {
        let place = if place.is_empty() { file.to_owned() } else { format!("{file} at {place}") };
        ImportError::wrong(place, message)
    })?;
    requests.source = super::file_name(file).to_owned();
    Ok(requests)
}

type Wrong = (String, String);

/// One entry of the recording, with what every decision needs.
struct Entry<'a> {
    value: &'a Value,
    begin: Timestamp,
    end: Timestamp,
    url: Url,
}

fn of_recording(har: &Value) -> Result<Requests, Wrong> {
    let log = &har["log"];
    let list = log["entries"].as_array().ok_or_else(|| {
        ("log.entries".to_owned(), "there is no list of entries, so it is no HAR recording".to_owned())
    })?;
    let mut entries = Vec::new();
    let mut requests = Requests::default();
    for (number, value) in list.iter().enumerate() {
        if let Some(entry) = entry(number, value, &mut requests)? {
            entries.push(entry);
        }
    }
    // Not every tool keeps the order that the format asks for.
    entries.sort_by_key(|entry| entry.begin);
    let page = log["pages"][0]["id"].as_str();
    let first = entries.iter().find(|entry| page.is_some() && entry.value["pageref"].as_str() == page);
    let Some(first) = first.or(entries.first()) else {
        return Err(("log.entries".to_owned(), "it has no request over http or https".to_owned()));
    };
    let origin = address::origin(&first.url);
    requests.title = origin.host_str().map(str::to_owned);
    Recording {
        requests: &mut requests,
        origin: &origin,
        elsewhere: BTreeMap::new(),
        assets: 0,
        set: BTreeSet::new(),
        cookies: BTreeSet::new(),
    }
    .steps(&entries);
    requests.origin = Some(origin);
    Ok(requests)
}

/// Reads what must be there. `None` for what is not HTTP, such as `data:`, which is no request at all.
fn entry<'a>(number: usize, value: &'a Value, requests: &mut Requests) -> Result<Option<Entry<'a>>, Wrong> {
    let wrong = |what: &str, message: String| (format!("log.entries[{number}].{what}"), message);
    let text = value["request"]["url"].as_str();
    let text = text.ok_or_else(|| wrong("request.url", "the request has no URL".to_owned()))?;
    let url = Url::parse(text).map_err(|error| wrong("request.url", format!("it is no URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        if !matches!(url.scheme(), "data" | "blob") {
            let scheme = url.scheme().to_owned();
            requests.left_out.push(LeftOut::new(format!("a request over {scheme}:"), "loadgate speaks HTTP"));
        }
        return Ok(None);
    }
    let begin = value["startedDateTime"].as_str().unwrap_or_default();
    let begin: Timestamp = begin.parse().map_err(|_| {
        wrong("startedDateTime", format!("`{begin}` is no time such as 2026-01-31T12:00:00.000Z"))
    })?;
    let took = value["time"].as_f64().and_then(|ms| Duration::try_from_secs_f64(ms.max(0.0) / 1000.0).ok());
    let end = begin.checked_add(took.unwrap_or_default()).unwrap_or(begin);
    Ok(Some(Entry { value, begin, end, url }))
}

/// The walk through a recording.
struct Recording<'a> {
    requests: &'a mut Requests,
    origin: &'a Url,
    /// Requests to other hosts.
    elsewhere: BTreeMap<String, usize>,
    /// Images, scripts and the like.
    assets: usize,
    /// Cookies that the service has set so far; the jar of each user will have them.
    set: BTreeSet<String>,
    /// Cookies that were there before the recording.
    cookies: BTreeSet<String>,
}

impl Recording<'_> {
    fn steps(mut self, entries: &[Entry<'_>]) {
        let mut last_end: Option<Timestamp> = None;
        for entry in entries {
            if address::origin(&entry.url) != *self.origin {
                *self.elsewhere.entry(entry.url.host_str().unwrap_or_default().to_owned()).or_default() += 1;
                continue;
            }
            if is_asset(entry) {
                self.assets += 1;
                self.remember_cookies(entry);
                continue;
            }
            let what =
                format!("{} {}", entry.value["request"]["method"].as_str().unwrap_or("?"), entry.url.path());
            match self.request(entry) {
                Ok(request) => {
                    self.requests
                        .steps
                        .extend(last_end.and_then(|end| pause(end, entry.begin)).map(Step::Think));
                    self.requests.steps.push(Step::Request(Box::new(request)));
                    last_end = Some(last_end.map_or(entry.end, |end| end.max(entry.end)));
                }
                Err(why) => self.requests.left_out.push(LeftOut::new(what, why)),
            }
            self.remember_cookies(entry);
        }
        self.conclude();
    }

    fn conclude(self) {
        let requests = self.requests;
        if self.assets > 0 {
            let what = count(self.assets, "static file");
            requests
                .left_out
                .push(LeftOut::new(what, "images, styles, scripts and fonts measure a file server"));
        }
        for (host, number) in self.elsewhere {
            let what = format!("{} to {host}", count(number, "request"));
            requests.left_out.push(LeftOut::new(what, "it is another host"));
        }
        requests.notes.push(
            "Everything stands here as it was recorded. What the service gave out then (ids, tokens, dates) it will give out anew: \
             `capture` it from the response where it comes from, and use it as {{ name }}."
                .into(),
        );
        if !self.cookies.is_empty() {
            let names: Vec<String> = self.cookies.into_iter().collect();
            requests.notes.push(format!(
                "Cookies that the service sets are kept by each user. These were there before the recording began: {}. COOKIE holds \
                 them, as the browser's `cookie` header does; better, let the flow begin with a log-in.",
                names.join(", ")
            ));
        }
    }

    fn request(&mut self, entry: &Entry<'_>) -> Result<Request, String> {
        let recorded = &entry.value["request"];
        let name = recorded["method"].as_str().unwrap_or_default();
        let method = match name {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            "HEAD" => Method::HEAD,
            "OPTIONS" => {
                return Err("a browser asks so by itself, before a request to another origin".to_owned());
            }
            _ => return Err("loadgate does not send this method".to_owned()),
        };
        let status = entry.value["response"]["status"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or(0);
        match status {
            0 => return Err("it got no answer when it was recorded".to_owned()),
            101 => return Err("it became a WebSocket, of which a recording does not tell enough".to_owned()),
            400.. => return Err(format!("it was answered with {status} when it was recorded")),
            _ => {}
        }
        let target = address::target(&entry.url, &mut self.requests.secrets);
        let taken = |name: &str| {
            self.requests
                .steps
                .iter()
                .any(|step| matches!(step, Step::Request(request) if request.name == name))
        };
        let name = names::unique(&names::of_request(&method, entry.url.path()), taken);
        let mut request = Request::new(name, method, target.path);
        request.query = target.query;
        // What was still in the browser's cache comes whole to a user who has none.
        if status >= 200 && status != 304 {
            request.status = vec![status];
        }
        request.stream =
            body::essence(entry.value["response"]["content"]["mimeType"].as_str().unwrap_or_default())
                == "text/event-stream";
        let content_type = self.headers(recorded, &mut request);
        self.body(recorded, content_type, &mut request)?;
        Ok(request)
    }

    /// Adds the headers that say something and gives the content type.
    fn headers(&mut self, recorded: &Value, request: &mut Request) -> Option<String> {
        let mut content_type = None;
        for (name, value) in pairs(&recorded["headers"]) {
            let name = name.to_ascii_lowercase();
            let secrets = &mut self.requests.secrets;
            match name.as_str() {
                "content-type" => content_type = Some(value.to_owned()),
                "cookie" => self.cookie(value, request),
                "authorization" => match secrets.authorization(value) {
                    Ok(authorization) => request.authorization = Some(authorization),
                    Err(reference) => request.headers.push((name, reference)),
                },
                _ if is_browsers_own(&name, value) => {}
                _ if HeaderName::try_from(&name).is_err() || HeaderValue::try_from(value).is_err() => {
                    let what = format!("the header `{name}` of {}", request.name);
                    self.requests.left_out.push(LeftOut::new(what, "it is not one that can be sent"));
                }
                _ => {
                    let reference = secrets.field(&name, value);
                    request.headers.push((name, reference.unwrap_or_else(|| Template::literal(value))));
                }
            }
        }
        content_type
    }

    /// A cookie that the service has set is left to the user's own jar.
    fn cookie(&mut self, value: &str, request: &mut Request) {
        let names = value.split(';').filter_map(|pair| pair.split('=').next()).map(str::trim);
        let before: Vec<String> = names.filter(|name| !self.set.contains(*name)).map(str::to_owned).collect();
        if before.is_empty() {
            return;
        }
        self.cookies.extend(before);
        // One for all: it is copied as a whole from a browser.
        let reference = self.requests.secrets.reference("cookie", "header `cookie`", None);
        request.headers.push(("cookie".to_owned(), reference));
    }

    fn remember_cookies(&mut self, entry: &Entry<'_>) {
        for (name, value) in pairs(&entry.value["response"]["headers"]) {
            if name.eq_ignore_ascii_case("set-cookie") {
                // Several of one name are kept in one entry, one a line.
                let names = value.lines().filter_map(|line| line.split('=').next());
                self.set.extend(names.map(|name| name.trim().to_owned()));
            }
        }
    }

    fn body(
        &mut self,
        recorded: &Value,
        content_type: Option<String>,
        request: &mut Request,
    ) -> Result<(), String> {
        let post = &recorded["postData"];
        if post.is_null() || matches!(request.method, Method::GET | Method::HEAD) {
            return Ok(());
        }
        let content_type =
            content_type.or_else(|| post["mimeType"].as_str().map(str::to_owned)).unwrap_or_default();
        let text = post["text"].as_str().unwrap_or_default();
        let params = post["params"].as_array().filter(|params| !params.is_empty());
        if body::essence(&content_type) == "multipart/form-data" {
            let params =
                params.ok_or("its multipart body was not recorded in parts; write it as `multipart:`")?;
            request.body = Body::Multipart(self.parts(params)?);
            return Ok(());
        }
        let joined;
        let text = match params {
            Some(params) if text.is_empty() => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                for param in params {
                    form.append_pair(
                        &decoded(param["name"].as_str().unwrap_or_default()),
                        &decoded(param["value"].as_str().unwrap_or_default()),
                    );
                }
                joined = form.finish();
                joined.as_str()
            }
            _ => text,
        };
        let (body, say_type) =
            body::of_text(&content_type, text, &mut self.requests.secrets).map_err(str::to_owned)?;
        if say_type
            && body != Body::Empty
            && HeaderValue::try_from(&content_type).is_ok()
            && !content_type.is_empty()
        {
            request.headers.push(("content-type".to_owned(), Template::literal(content_type)));
        }
        request.body = body;
        Ok(())
    }

    fn parts(&mut self, params: &[Value]) -> Result<Vec<(String, Part)>, String> {
        let mut parts: Vec<(String, Part)> = Vec::new();
        for param in params {
            let name = param["name"].as_str().unwrap_or_default().to_owned();
            if parts.iter().any(|(known, _)| *known == name) {
                return Err(format!("its multipart body has `{name}` twice; loadgate sends each part once"));
            }
            let value = param["value"].as_str().unwrap_or_default();
            let part = match param["fileName"].as_str() {
                Some(file) => Part::Filler {
                    bytes: (value.len() as u64).max(1000),
                    name: super::file_name(file).to_owned(),
                    content_type: param["contentType"].as_str().map(str::to_owned),
                },
                None => {
                    let reference = self.requests.secrets.field(&name, value);
                    Part::Text(reference.unwrap_or_else(|| Template::literal(value)))
                }
            };
            parts.push((name, part));
        }
        if address::is_choice(parts.iter().map(|(name, _)| name.as_str())) {
            return Err("its parts called `short` and `full` mean a choice in a suite".to_owned());
        }
        Ok(parts)
    }
}

fn pairs(list: &Value) -> impl Iterator<Item = (&str, &str)> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|pair| Some((pair["name"].as_str()?, pair["value"].as_str()?)))
}

/// Parameters are recorded encoded by some tools and decoded by others. Only what is encoded throughout is decoded.
fn decoded(text: &str) -> String {
    let is_encoded = text.contains('%') && text.bytes().all(|b| b.is_ascii_graphic());
    if is_encoded { address::decode(text) } else { text.to_owned() }
}

/// From the last answer to the next request, if a person may have been thinking.
fn pause(end: Timestamp, begin: Timestamp) -> Option<Duration> {
    let gap = Duration::try_from(begin.duration_since(end)).ok()?;
    if gap < SHORTEST_PAUSE {
        return None;
    }
    let rounded = (gap.as_millis() + ROUNDED_TO_MS / 2) / ROUNDED_TO_MS * ROUNDED_TO_MS;
    let rounded = Duration::from_millis(u64::try_from(rounded).unwrap_or(u64::MAX));
    Some(rounded.min(LONGEST_PAUSE))
}

/// What pages are made of, rather than what they do.
fn is_asset(entry: &Entry<'_>) -> bool {
    if let Some(kind) = entry.value["_resourceType"].as_str() {
        // Chromium says what it was for, which beats all guessing.
        return matches!(
            kind,
            "image" | "font" | "stylesheet" | "script" | "media" | "manifest" | "texttrack"
        );
    }
    if entry.value["request"]["method"].as_str() != Some("GET") {
        return false;
    }
    let kind = body::essence(entry.value["response"]["content"]["mimeType"].as_str().unwrap_or_default());
    let by_type = ["image/", "font/", "audio/", "video/"].iter().any(|start| kind.starts_with(start))
        || kind == "text/css"
        || kind.contains("javascript")
        || kind.contains("font");
    let extension = entry.url.path().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    by_type
        || extension.is_some_and(|extension| {
            [
                "css",
                "js",
                "mjs",
                "map",
                "png",
                "jpg",
                "jpeg",
                "gif",
                "svg",
                "webp",
                "avif",
                "ico",
                "woff",
                "woff2",
                "ttf",
                "otf",
                "eot",
                "mp3",
                "mp4",
                "webm",
                "wasm",
                "webmanifest",
            ]
            .contains(&extension.as_str())
        })
}

/// Headers that a browser writes by itself, or that loadgate does.
fn is_browsers_own(name: &str, value: &str) -> bool {
    name.starts_with(':')
        || name.starts_with("sec-")
        || name.starts_with("if-")
        || name == "accept" && value.contains("*/*")
        || [
            "host",
            "connection",
            "content-length",
            "transfer-encoding",
            "accept-encoding",
            "accept-language",
            "user-agent",
            "referer",
            "origin",
            "cache-control",
            "pragma",
            "dnt",
            "upgrade-insecure-requests",
            "priority",
            "te",
            "keep-alive",
            "proxy-connection",
            "range",
        ]
        .contains(&name)
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_rounded_and_capped() {
        let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap();
        for (gap, want) in
            [(-5, None), (0, None), (299, None), (300, Some(300)), (1249, Some(1200)), (60_000, Some(5000))]
        {
            assert_eq!(pause(at(10_000), at(10_000 + gap)), want.map(Duration::from_millis), "{gap}");
        }
    }

    #[test]
    fn what_is_no_recording_is_told_with_its_place() {
        let time = "2026-01-01T00:00:00Z";
        for (har, place) in [
            (serde_json::json!({}), "log.entries"),
            (serde_json::json!({ "log": { "entries": [] } }), "log.entries"),
            (serde_json::json!({ "log": { "entries": [{}] } }), "log.entries[0].request.url"),
            (
                serde_json::json!({ "log": { "entries": [{ "request": { "url": "nowhere" } }] } }),
                "log.entries[0].request.url",
            ),
            (
                serde_json::json!({ "log": { "entries": [{ "request": { "url": "http://127.0.0.1/" }, "startedDateTime": 5 }] } }),
                "log.entries[0].startedDateTime",
            ),
            (
                serde_json::json!({ "log": { "entries": [{ "request": { "url": "ws://127.0.0.1/" }, "startedDateTime": time }] } }),
                "log.entries",
            ),
        ] {
            assert_eq!(of_recording(&har).unwrap_err().0, place, "{har}");
        }
    }
}
