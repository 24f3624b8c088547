//! What templates and expressions can see.

use std::collections::BTreeMap;

use minijinja::Value;

/// The values of one virtual user in one iteration: `user.id`, `user.index`, `user.name`, `user.class`, `canary`,
/// `iteration`, `scenario`, `seed`, `vars.NAME`, each data set's current row under its name, and captured values.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    values: BTreeMap<String, Value>,
}

impl Scope {
    /// Sets a value at the top level.
    pub fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }
}

/// A response as checks and captures see it: `status`, `headers.NAME` (lower case, `_` for `-`), `text`, `json`,
/// `latency` (ms), `size` (bytes).
#[derive(Debug)]
pub struct Response<'a> {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: &'a http::HeaderMap,
    /// The body; for a stream its joined content.
    pub body: &'a [u8],
    /// Latency in milliseconds.
    pub latency_ms: f64,
}
