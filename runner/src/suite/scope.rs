//! What templates and expressions can see.

use std::cell::OnceCell;
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use super::json;

/// The values of one virtual user in one iteration: `user.id`, `user.index`, `user.name`, `user.class`, `canary`,
/// `iteration`, `scenario`, `seed`, `vars.NAME`, each data set's current row under its name, and captured values.
///
/// A clone shares the values until one of both is changed, so one scope per user and one clone per iteration is cheap.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    values: Arc<Values>,
}

/// A dozen names at most: a list that is searched beats a map.
type Values = Vec<(Box<str>, Value)>;

impl Scope {
    /// Sets a value at the top level.
    pub fn set(&mut self, name: &str, value: Value) {
        let values = Arc::make_mut(&mut self.values);
        match values.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, old)) => *old = value,
            None => values.push((name.into(), value)),
        }
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// The scope, and what is said of a response, as minijinja sees them.
    pub(super) fn context(&self, response: Vec<(&'static str, Value)>) -> Value {
        Value::from_object(Context { values: Arc::clone(&self.values), response })
    }
}

#[derive(Debug)]
struct Context {
    values: Arc<Values>,
    response: Vec<(&'static str, Value)>,
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let of_response = self.response.iter().find(|(name, _)| *name == key).map(|(_, value)| value);
        of_response
            .or_else(|| self.values.iter().find(|(name, _)| **name == *key).map(|(_, value)| value))
            .cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let own = self.response.iter().map(|(name, _)| Value::from(*name));
        Enumerator::Values(own.chain(self.values.iter().map(|(name, _)| Value::from(&**name))).collect())
    }
}

/// A response as checks and captures see it: `status`, `headers.NAME` (lower case, `_` for `-`), `text`, `json`,
/// `latency` (ms), `size` (bytes); for an event of a stream also `event` and `data`.
pub struct Response<'a> {
    status: u16,
    headers: &'a http::HeaderMap,
    body: &'a [u8],
    latency_ms: f64,
    event: Option<&'a str>,
    /// The last message, where the body is joined from several.
    last: Option<&'a [u8]>,
    json: OnceCell<Value>,
    text: OnceCell<Value>,
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("size", &self.body.len()).finish()
    }
}

impl<'a> Response<'a> {
    /// A whole response. `body` is that of a stream joined; `latency_ms` counts from due to last byte.
    pub fn new(status: u16, headers: &'a http::HeaderMap, body: &'a [u8], latency_ms: f64) -> Self {
        Self {
            status,
            headers,
            body,
            latency_ms,
            event: None,
            last: None,
            json: OnceCell::new(),
            text: OnceCell::new(),
        }
    }

    /// One event of a stream: its name is `event`, its data `data` (also `text`, and `json` if it is).
    pub fn of_event(status: u16, headers: &'a http::HeaderMap, event: &'a str, data: &'a str) -> Self {
        Self { event: Some(event), ..Self::new(status, headers, data.as_bytes(), 0.0) }
    }

    /// A message of a WebSocket; its kind (`text` or `binary`) is `event`. It has no status (0) and no headers.
    pub fn of_message(kind: &'a str, message: &'a [u8], latency_ms: f64) -> Self {
        static NONE: LazyLock<http::HeaderMap> = LazyLock::new(http::HeaderMap::new);
        Self { event: Some(kind), last: Some(message), ..Self::new(0, &NONE, message, latency_ms) }
    }

    /// The same with the joined content of several messages as its body; `json` and `data` stay those of this one.
    #[must_use]
    pub fn with_content(self, content: &'a [u8]) -> Self {
        Self { body: content, text: OnceCell::new(), ..self }
    }

    /// Whether it is a message of a WebSocket.
    pub fn is_message(&self) -> bool {
        self.last.is_some()
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Headers.
    pub fn headers(&self) -> &'a http::HeaderMap {
        self.headers
    }

    /// The body; for a stream its joined content.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The body as JSON, parsed at the first call; undefined where it is none.
    pub fn json(&self) -> &Value {
        self.json.get_or_init(|| json::parse(self.last.unwrap_or(self.body)).unwrap_or(Value::UNDEFINED))
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> &Value {
        self.text.get_or_init(|| Value::from(String::from_utf8_lossy(self.body).as_ref()))
    }

    /// A header as expressions name it: lower case, `_` or `-`.
    pub(super) fn header(&self, name: &str) -> Value {
        let found = self.headers.get(name).or_else(|| {
            name.contains('_').then(|| self.headers.get(name.replace('_', "-").as_str())).flatten()
        });
        found
            .map_or(Value::UNDEFINED, |value| Value::from(String::from_utf8_lossy(value.as_bytes()).as_ref()))
    }

    pub(super) fn root(&self, root: ResponseName) -> Value {
        match root {
            ResponseName::Status => Value::from(self.status),
            ResponseName::Headers => Value::from_object(Headers(
                self.headers
                    .keys()
                    .map(|name| (name.as_str().replace('-', "_"), self.header(name.as_str())))
                    .collect(),
            )),
            ResponseName::Text => self.text().clone(),
            ResponseName::Json => self.json().clone(),
            ResponseName::Latency => Value::from(self.latency_ms),
            ResponseName::Size => Value::from(self.body.len()),
            ResponseName::Event => self.event.map_or(Value::UNDEFINED, Value::from),
            ResponseName::Data if let Some(last) = self.last => {
                Value::from(String::from_utf8_lossy(last).as_ref())
            }
            ResponseName::Data if self.event.is_some() => self.text().clone(),
            ResponseName::Data => Value::UNDEFINED,
        }
    }
}

/// All headers as one value; `-` and `_` in their names are the same.
#[derive(Debug)]
struct Headers(Vec<(String, Value)>);

impl Object for Headers {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?.replace('-', "_");
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(name, _)| Value::from(name.as_str())).collect())
    }
}

/// The names under which an expression reaches a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseName {
    Status,
    Headers,
    Text,
    Json,
    Latency,
    Size,
    Event,
    Data,
}

impl ResponseName {
    pub(super) const ALL: [Self; 8] = [
        Self::Status,
        Self::Headers,
        Self::Text,
        Self::Json,
        Self::Latency,
        Self::Size,
        Self::Event,
        Self::Data,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Headers => "headers",
            Self::Text => "text",
            Self::Json => "json",
            Self::Latency => "latency",
            Self::Size => "size",
            Self::Event => "event",
            Self::Data => "data",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|root| root.as_str() == name)
    }

    pub(super) const fn needs_body(self) -> bool {
        matches!(self, Self::Text | Self::Json | Self::Size | Self::Event | Self::Data)
    }
}
