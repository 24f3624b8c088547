//! Requests as they go over the wire.

use std::io::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use cookie_store::CookieStore;
use url::Url;

use super::{Endpoint, Endpoints};
use crate::suite::plan::{Body, Part, PartContent, RequestStep};
use crate::suite::scope::Scope;
use crate::suite::text::{EvaluationError, Text};

/// Between the parts of a multipart body. Random boundaries would make equal requests differ.
const BOUNDARY: &str = "loadgate-7MA4YWxkTrZu0gW-boundary";
const MULTIPART: &str = "multipart/form-data; boundary=loadgate-7MA4YWxkTrZu0gW-boundary";
const USER_AGENT: &[u8] = concat!("loadgate/", env!("CARGO_PKG_VERSION")).as_bytes();
/// Bodies up to this size are put behind the head, so that both leave in one packet.
const JOINED: usize = 16 * 1024;

/// A request step, made ready for being sent many times.
#[derive(Debug)]
pub(crate) struct RequestProgram {
    /// The step.
    pub(crate) step: Arc<RequestStep>,
    /// The request, where nothing in it has to be filled in.
    constant: Option<Result<Constant, EvaluationError>>,
    /// Whether a check, capture or other expression reads headers.
    pub(crate) reads_headers: bool,
    /// Whether no check mentions the status, so that it must be below 400.
    pub(crate) asks_status: bool,
    /// Whether it asks for another protocol: no proxy passes that on, so it is written as it goes through a tunnel.
    upgrades: bool,
}

#[derive(Debug)]
struct Constant {
    endpoint: Rc<Endpoint>,
    /// Head with its end, and the body if it is small.
    whole: Vec<u8>,
    /// Length of the head without its end.
    head: usize,
    body: Vec<u8>,
}

/// Room in which a request is put together; belongs to the connection that sends it.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    text: String,
    head: Vec<u8>,
    body: Vec<u8>,
}

/// A request ready to be sent.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    /// Where it goes.
    pub(crate) endpoint: Rc<Endpoint>,
    /// Its head, and perhaps its body.
    pub(crate) head: &'a [u8],
    /// The rest of its body.
    pub(crate) body: &'a [u8],
}

impl Prepared<'_> {
    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        let mut words = self.head.split(|b| *b == b' ');
        words.nth(1).and_then(|target| std::str::from_utf8(target).ok()).unwrap_or("/")
    }

    /// The whole URL.
    pub(crate) fn url(&self) -> Url {
        url_of(&self.endpoint, self.target())
    }
}

fn url_of(endpoint: &Endpoint, target: &str) -> Url {
    endpoint.origin.join(target).unwrap_or_else(|_| endpoint.origin.clone())
}

impl RequestProgram {
    /// Makes a step ready. `base` is the path of the target's URL.
    pub(crate) fn new(step: Arc<RequestStep>, base: &str, endpoints: &Endpoints) -> Self {
        Self::written(step, base, endpoints, false)
    }

    /// The same for a step that asks for another protocol, over [`super::Connection::open_for_upgrade`].
    pub(crate) fn for_upgrade(step: Arc<RequestStep>, base: &str, endpoints: &Endpoints) -> Self {
        Self::written(step, base, endpoints, true)
    }

    fn written(step: Arc<RequestStep>, base: &str, endpoints: &Endpoints, upgrades: bool) -> Self {
        let reads = |names: &[String]| names.iter().any(|n| n == "headers" || n.starts_with("headers."));
        let predicates =
            step.checks.iter().chain(&step.refused).chain(step.counts.iter().map(|(_, predicate)| predicate));
        let mut reads_headers = predicates.map(|p| p.names()).any(reads);
        reads_headers |= step.captures.iter().any(|(_, capture)| reads(capture.names()));
        let asks_status = !step.checks.iter().any(|check| check.mentions_status());
        let mut program = Self { step, constant: None, reads_headers, asks_status, upgrades };
        if program.is_constant() {
            program.constant = Some(program.serialise(base, endpoints));
        }
        program
    }

    fn is_constant(&self) -> bool {
        let fixed = |text: &Text| text.constant().is_some();
        let part = |part: &Part| match &part.content {
            PartContent::Text(text) => fixed(text),
            PartContent::File { .. } => true,
        };
        let body = match &self.step.body {
            Body::Empty => true,
            Body::Text(text) | Body::Json(text) => fixed(text),
            Body::Form(fields) => fields.iter().all(|(_, text)| fixed(text)),
            Body::Multipart(parts) => parts.iter().all(part),
        };
        body && fixed(&self.step.url) && self.step.headers.iter().all(|(_, text)| fixed(text))
    }

    fn serialise(&self, base: &str, endpoints: &Endpoints) -> Result<Constant, EvaluationError> {
        let mut scratch = Scratch::default();
        let endpoint = self.write(&Scope::default(), base, endpoints, &mut scratch)?;
        let head = scratch.head.len();
        let mut whole = scratch.head;
        whole.extend_from_slice(b"\r\n");
        if scratch.body.len() <= JOINED {
            whole.extend_from_slice(&scratch.body);
        }
        whole.shrink_to_fit();
        Ok(Constant { endpoint, whole, head, body: scratch.body })
    }

    /// The request with the values of `scope` and the cookies of `jar`.
    pub(crate) fn prepare<'a>(
        &'a self,
        scope: &Scope,
        base: &str,
        endpoints: &Endpoints,
        jar: Option<&CookieStore>,
        scratch: &'a mut Scratch,
    ) -> Result<Prepared<'a>, EvaluationError> {
        if let Some(constant) = &self.constant {
            let Constant { endpoint, whole, head, body } = constant.as_ref().map_err(Clone::clone)?;
            let endpoint = endpoint.clone();
            if jar.is_none() {
                let body = if body.len() <= JOINED { &[] } else { &body[..] };
                return Ok(Prepared { endpoint, head: whole, body });
            }
            scratch.head.clear();
            scratch.head.extend_from_slice(&whole[..*head]);
            return Ok(finish(endpoint, jar, &mut scratch.head, body));
        }
        let endpoint = self.write(scope, base, endpoints, scratch)?;
        let Scratch { head, body, .. } = scratch;
        Ok(finish(endpoint, jar, head, body))
    }

    /// Writes the head without its end, and the body.
    fn write(
        &self,
        scope: &Scope,
        base: &str,
        endpoints: &Endpoints,
        scratch: &mut Scratch,
    ) -> Result<Rc<Endpoint>, EvaluationError> {
        let Scratch { text, head, body } = scratch;
        let step = &*self.step;
        let content_type = write_body(&step.body, scope, text, body)?;
        head.clear();
        head.extend_from_slice(step.method.as_str().as_bytes());
        head.push(b' ');
        text.clear();
        step.url.render(scope, text)?;
        let endpoint = write_target(text, base, endpoints, !self.upgrades, head)?;
        head.extend_from_slice(b" HTTP/1.1\r\n");
        let own = |name: http::HeaderName| step.headers.iter().any(|(n, _)| *n == name);
        if !own(http::header::HOST) {
            put(head, "host", endpoint.authority.as_bytes());
        }
        if !self.upgrades {
            put_authorization(head, &endpoint);
        }
        if !own(http::header::USER_AGENT) {
            put(head, "user-agent", USER_AGENT);
        }
        if !own(http::header::ACCEPT) {
            put(head, "accept", if step.stream.is_some() { b"text/event-stream" } else { b"*/*" });
        }
        for (name, value) in &step.headers {
            text.clear();
            value.render(scope, text)?;
            if let Some(bad) = text.chars().find(|c| c.is_control() && *c != '\t') {
                let message = format!("the value of the header `{name}` holds {bad:?}");
                return Err(EvaluationError { message });
            }
            put(head, name.as_str(), text.as_bytes());
        }
        if let Some(content_type) = content_type
            && !own(http::header::CONTENT_TYPE)
        {
            put(head, "content-type", content_type.as_bytes());
        }
        let has_body = !matches!(step.body, Body::Empty);
        let expects_body =
            [http::Method::POST, http::Method::PUT, http::Method::PATCH].contains(&step.method);
        if (has_body || expects_body) && !own(http::header::CONTENT_LENGTH) {
            head.extend_from_slice(b"content-length: ");
            // Writing to a Vec cannot fail.
            let _ = write!(head, "{}\r\n", body.len());
        }
        Ok(endpoint)
    }
}

/// A GET of a path or URL, as it goes over the wire, and where it goes. `base` is the path of the target's URL.
pub(crate) fn plain_get(
    url: &str,
    base: &str,
    endpoints: &Endpoints,
) -> Result<(Rc<Endpoint>, Vec<u8>), EvaluationError> {
    let mut head = b"GET ".to_vec();
    let endpoint = write_target(url, base, endpoints, true, &mut head)?;
    head.extend_from_slice(b" HTTP/1.1\r\n");
    put(&mut head, "host", endpoint.authority.as_bytes());
    put_authorization(&mut head, &endpoint);
    put(&mut head, "user-agent", USER_AGENT);
    put(&mut head, "accept", b"*/*");
    head.extend_from_slice(b"\r\n");
    Ok((endpoint, head))
}

/// Puts cookies, end and body behind a head.
fn finish<'a>(
    endpoint: Rc<Endpoint>,
    jar: Option<&CookieStore>,
    head: &'a mut Vec<u8>,
    body: &'a [u8],
) -> Prepared<'a> {
    if let Some(jar) = jar {
        let mut words = head.split(|b| *b == b' ');
        let target = words.nth(1).and_then(|target| std::str::from_utf8(target).ok()).unwrap_or("/");
        let url = url_of(&endpoint, target);
        put_cookies(head, jar, &url);
    }
    head.extend_from_slice(b"\r\n");
    if body.len() > JOINED {
        return Prepared { endpoint, head, body };
    }
    head.extend_from_slice(body);
    Prepared { endpoint, head, body: &[] }
}

/// Writes the cookies that go to a URL, if there are any.
pub(super) fn put_cookies(head: &mut Vec<u8>, jar: &CookieStore, url: &Url) {
    let mut begin: &[u8] = b"cookie: ";
    for (name, value) in jar.get_request_values(url) {
        for part in [begin, name.as_bytes(), b"=", value.as_bytes()] {
            head.extend_from_slice(part);
        }
        begin = b"; ";
    }
    if begin == b"; " {
        head.extend_from_slice(b"\r\n");
    }
}

/// Writes the credentials for the proxy that passes a request on, if there are any.
pub(super) fn put_authorization(head: &mut Vec<u8>, endpoint: &Endpoint) {
    if let Some(authorization) = endpoint.proxy_authorization() {
        put(head, "proxy-authorization", authorization.as_bytes());
    }
}

fn put(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

/// Writes path and query; returns where the request goes. Before them stands the server where a proxy passes the request on, if
/// it may be `passed_on`.
fn write_target(
    url: &str,
    base: &str,
    endpoints: &Endpoints,
    passed_on: bool,
    head: &mut Vec<u8>,
) -> Result<Rc<Endpoint>, EvaluationError> {
    // A WebSocket is asked for over HTTP.
    let http = url.strip_prefix("ws").filter(|rest| rest.starts_with("://") || rest.starts_with("s://"));
    let http = http.map(|rest| format!("http{rest}"));
    let url = http.as_deref().unwrap_or(url);
    if ["http://", "https://", "http+unix://"].iter().any(|scheme| url.starts_with(scheme)) {
        let fail = |message: String| EvaluationError { message };
        let url = Url::parse(url).map_err(|error| fail(format!("`{url}` is no URL: {error}")))?;
        let endpoint = endpoints.of(&url).map_err(|error| fail(error.to_string()))?;
        if passed_on {
            head.extend_from_slice(endpoint.before_path.as_bytes());
        }
        head.extend_from_slice(url[url::Position::BeforePath..url::Position::AfterQuery].as_bytes());
        return Ok(endpoint);
    }
    if passed_on {
        head.extend_from_slice(endpoints.base().before_path.as_bytes());
    }
    encode(base.trim_end_matches('/'), head);
    if !url.starts_with('/') {
        head.push(b'/');
    }
    encode(url.split('#').next().unwrap_or_default(), head);
    Ok(endpoints.base().clone())
}

/// Percent-encodes what may not stand in a request line, and leaves the rest (also `%`) as the suite writes it.
fn encode(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(byte);
        } else {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// Writes a body; its content type if it has one of its own.
fn write_body(
    body: &Body,
    scope: &Scope,
    text: &mut String,
    out: &mut Vec<u8>,
) -> Result<Option<&'static str>, EvaluationError> {
    out.clear();
    Ok(match body {
        Body::Empty => None,
        Body::Text(content) => {
            render(content, scope, out)?;
            None
        }
        Body::Json(content) => {
            render(content, scope, out)?;
            Some("application/json")
        }
        Body::Form(fields) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in fields {
                text.clear();
                value.render(scope, text)?;
                form.append_pair(name, text);
            }
            out.extend_from_slice(form.finish().as_bytes());
            Some("application/x-www-form-urlencoded")
        }
        Body::Multipart(parts) => {
            for part in parts {
                write_part(part, scope, text, out)?;
            }
            let _ = write!(out, "--{BOUNDARY}--\r\n");
            Some(MULTIPART)
        }
    })
}

fn write_part(
    part: &Part,
    scope: &Scope,
    text: &mut String,
    out: &mut Vec<u8>,
) -> Result<(), EvaluationError> {
    // The escapes are those of the HTML standard for names in multipart/form-data. Writing to a Vec cannot fail.
    let escape = |name: &str| name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let _ = write!(out, "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{}\"", escape(&part.name));
    match &part.content {
        PartContent::Text(content) => {
            text.clear();
            content.render(scope, text)?;
            let _ = write!(out, "\r\n\r\n{text}\r\n");
        }
        PartContent::File { name, content_type, bytes } => {
            let _ = write!(out, "; filename=\"{}\"\r\ncontent-type: {content_type}\r\n\r\n", escape(name));
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
        }
    }
    Ok(())
}

/// Renders into bytes.
fn render(content: &Text, scope: &Scope, out: &mut Vec<u8>) -> Result<(), EvaluationError> {
    out.clear();
    let mut text = String::from_utf8(std::mem::take(out)).unwrap_or_default();
    let result = content.render(scope, &mut text);
    *out = text.into_bytes();
    result
}
