//! Requests that follow a redirect (RFC 9110, section 15.4).

use std::rc::Rc;

use cookie_store::CookieStore;
use http::Method;
use url::Url;

use super::wire::{put_authorization, put_cookies};
use super::{Connection, Endpoint, Endpoints, TransportError};

/// A request of its own memory.
#[derive(Debug)]
pub(crate) struct Redirected {
    pub(crate) endpoint: Rc<Endpoint>,
    pub(crate) method: Method,
    /// Its head, and the body that was joined to it.
    pub(crate) head: Vec<u8>,
    /// Where it goes.
    pub(crate) url: Url,
    /// Whether the rest of the body is sent again.
    pub(crate) keeps_body: bool,
    /// How many `cookie` headers of the suite it still has; those of the jar come after them.
    pub(crate) own_cookies: usize,
}

/// The request that was redirected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Original<'a> {
    pub(crate) url: &'a Url,
    /// Where it went.
    pub(crate) endpoint: &'a Rc<Endpoint>,
    pub(crate) method: &'a Method,
    pub(crate) head: &'a [u8],
    /// How many `cookie` headers the suite itself wrote; they stand before those of the jar.
    pub(crate) own_cookies: usize,
}

/// Where the response on this connection leads, if it does.
pub(crate) fn location(connection: &Connection, status: u16) -> Option<String> {
    if ![301, 302, 303, 307, 308].contains(&status) {
        return None;
    }
    let headers = connection.headers();
    headers.get(http::header::LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The request that follows a redirect. 303, and 301 and 302 after a POST, turn into a GET without a body, as browsers do.
/// Credentials do not go to another origin.
pub(crate) fn follow(
    original: Original<'_>,
    status: u16,
    location: &str,
    endpoints: &Endpoints,
    jar: Option<&CookieStore>,
) -> Result<Redirected, TransportError> {
    let unusable = |error: &dyn std::fmt::Display| {
        TransportError::protocol(format!("redirect to `{location}`: {error}"))
    };
    let url = original.url.join(location).map_err(|error| unusable(&error))?;
    let same_origin = url.origin() == original.url.origin();
    // A URL does not say by which way its origin is reached: that of a Unix socket looks like any `localhost`.
    let endpoint = if same_origin {
        original.endpoint.clone()
    } else {
        endpoints.of(&url).map_err(|error| unusable(&error))?
    };
    let becomes_get = match status {
        303 => *original.method != Method::HEAD,
        301 | 302 => *original.method == Method::POST,
        _ => false,
    };
    let method = if becomes_get { Method::GET } else { original.method.clone() };
    let end = memchr::memmem::find(original.head, b"\r\n\r\n").unwrap_or(original.head.len());
    let joined_body = original.head.get(end + 4..).unwrap_or_default();
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let Endpoint { authority, before_path, .. } = &*endpoint;
    let mut head = format!("{method} {before_path}{target} HTTP/1.1\r\nhost: {authority}\r\n").into_bytes();
    put_authorization(&mut head, &endpoint);
    let own_cookies = if same_origin { original.own_cookies } else { 0 };
    let mut cookies = 0;
    for line in original.head[..end].split(|b| *b == b'\n').skip(1) {
        let line = line.trim_ascii_end();
        let name = line.split(|b| *b == b':').next().unwrap_or_default().to_ascii_lowercase();
        let dropped = match &name[..] {
            b"host" | b"proxy-authorization" => true,
            // What the jar has for the new place is put in anew.
            b"cookie" => {
                cookies += 1;
                cookies > own_cookies
            }
            b"authorization" => !same_origin,
            b"content-length" | b"content-type" => becomes_get,
            _ => false,
        };
        if !dropped {
            head.extend_from_slice(line);
            head.extend_from_slice(b"\r\n");
        }
    }
    if let Some(jar) = jar {
        put_cookies(&mut head, jar, &url);
    }
    head.extend_from_slice(b"\r\n");
    if !becomes_get {
        head.extend_from_slice(joined_body);
    }
    Ok(Redirected { endpoint, method, head, url, keeps_body: !becomes_get, own_cookies })
}
