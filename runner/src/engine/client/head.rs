//! The head of a response: what the client itself must know of it, and the rest on request.

use std::mem::MaybeUninit;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{Coding, TransportError};

/// Most headers that a response may have (as in hyper).
pub(super) const MAX_HEADERS: usize = 100;

/// How the end of a body is found (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes, perhaps none.
    Length(u64),
    /// Chunks.
    Chunked,
    /// All until the connection ends.
    UntilClose,
}

/// What the client must know of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Status code.
    pub(crate) status: u16,
    /// How its body ends.
    pub(crate) framing: Framing,
    /// Whether the connection may be used again.
    pub(crate) keep_alive: bool,
    /// Whether there is a `set-cookie`.
    pub(crate) sets_cookies: bool,
    /// Whether it is `text/event-stream`.
    pub(crate) event_stream: bool,
    /// How its body is packed.
    pub(crate) coding: Coding,
    /// Bytes of the head.
    pub(crate) length: usize,
}

impl Head {
    /// Whether another response follows to the same request (1xx, but not the one that changes the protocol).
    pub(crate) fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }
}

/// Reads a head off the front of `bytes`; `None` while it is not whole.
pub(crate) fn parse(bytes: &[u8], method: &Method) -> Result<Option<Head>, TransportError> {
    // Uninitialised: to clear room for a hundred headers takes longer than to read ten.
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let length = match config.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => {
            return Err(TransportError::protocol(format!(
                "not an HTTP response: {error}; it begins with {:?}",
                String::from_utf8_lossy(&bytes[..bytes.len().min(60)])
            )));
        }
    };
    let status = response.code.expect("a complete head has a status");
    let mut content_length: Option<u64> = None;
    let mut transfer_encoding: Option<&[u8]> = None;
    let mut keep_alive = response.version == Some(1);
    let mut notable = Notable::default();
    for header in response.headers.iter() {
        match header.name.len() {
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                let length = number(header.value).filter(|n| content_length.is_none_or(|known| known == *n));
                content_length = Some(length.ok_or_else(|| {
                    TransportError::protocol(format!(
                        "content-length is {:?}",
                        String::from_utf8_lossy(header.value)
                    ))
                })?);
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                transfer_encoding = Some(header.value);
            }
            10 if header.name.eq_ignore_ascii_case("connection") => {
                for word in header.value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
                    if word.eq_ignore_ascii_case(b"close") {
                        keep_alive = false;
                    } else if word.eq_ignore_ascii_case(b"keep-alive") {
                        keep_alive = true;
                    }
                }
            }
            _ => notable.note(header.name, header.value),
        }
    }
    let framing = if *method == Method::HEAD || status < 200 || status == 204 || status == 304 {
        Framing::Length(0)
    } else if let Some(coding) = transfer_encoding {
        let last = coding.rsplit(|b| *b == b',').next().unwrap_or_default().trim_ascii();
        if last.eq_ignore_ascii_case(b"chunked") { Framing::Chunked } else { Framing::UntilClose }
    } else {
        content_length.map_or(Framing::UntilClose, Framing::Length)
    };
    if framing == Framing::UntilClose || status == 101 {
        keep_alive = false;
    }
    Ok(Some(notable.head(status, framing, keep_alive, length)))
}

/// What is taken note of while headers are gone through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notable {
    sets_cookies: bool,
    event_stream: bool,
    coding: Coding,
}

impl Default for Notable {
    fn default() -> Self {
        Self { sets_cookies: false, event_stream: false, coding: Coding::Identity }
    }
}

impl Notable {
    /// Looks at one header.
    pub(super) fn note(&mut self, name: &str, value: &[u8]) {
        match name.len() {
            10 if name.eq_ignore_ascii_case("set-cookie") => self.sets_cookies = true,
            12 if name.eq_ignore_ascii_case("content-type") => {
                let kind = value.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
                self.event_stream = kind.eq_ignore_ascii_case(b"text/event-stream");
            }
            16 if name.eq_ignore_ascii_case("content-encoding") => self.coding = Coding::parse(value),
            _ => {}
        }
    }

    /// The head that these headers belong to.
    pub(super) fn head(self, status: u16, framing: Framing, keep_alive: bool, length: usize) -> Head {
        let Self { sets_cookies, event_stream, coding } = self;
        Head { status, framing, keep_alive, sets_cookies, event_stream, coding, length }
    }
}

/// All headers of a head that [`parse`] has accepted.
pub(super) fn headers(bytes: &[u8]) -> HeaderMap {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    if response.parse(bytes).is_err() {
        return HeaderMap::new();
    }
    let valid = response.headers.iter().filter_map(|header| {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(header.value).ok()?))
    });
    let mut map = HeaderMap::with_capacity(16);
    valid.for_each(|(name, value)| {
        map.append(name, value);
    });
    map
}

/// A decimal number and nothing else (no sign, unlike Rust's own parser).
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(head: &str, method: &Method) -> Option<(Framing, bool)> {
        parse(head.as_bytes(), method).unwrap().map(|head| (head.framing, head.keep_alive))
    }

    #[test]
    fn the_end_of_the_body_by_table() {
        use Framing::{Chunked, Length, UntilClose};
        for (head, expected) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", (Length(5), true)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", (Length(5), true)),
            ("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\n", (Length(5), false)),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", (Length(5), false)),
            ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n", (Length(5), true)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", (Chunked, true)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n", (Chunked, true)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", (UntilClose, false)),
            ("HTTP/1.1 200 OK\r\n\r\n", (UntilClose, false)),
            ("HTTP/1.1 204 No Content\r\n\r\n", (Length(0), true)),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", (Length(0), true)),
        ] {
            assert_eq!(framing(head, &Method::GET), Some(expected), "{head}");
            assert_eq!(framing(&head[..head.len() - 1], &Method::GET), None, "not whole yet");
        }
        assert_eq!(
            framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", &Method::HEAD),
            Some((Length(0), true))
        );
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for head in [
            "SSH-2.0-OpenSSH\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nbad header: 1\r\n\r\n",
        ] {
            assert!(parse(head.as_bytes(), &Method::GET).is_err(), "{head}");
        }
    }

    proptest::proptest! {
        /// A head that is nearly right, or nothing of the kind: it is read, waited for or refused.
        #[test]
        fn no_head_is_too_odd(
            status in "(HTTP/1.[01] [0-9]{3} [ -~]{0,5}|[ -~]{0,12})",
            fields in proptest::collection::vec(
                "(content-length|transfer-encoding|connection|content-encoding|set-cookie|content-type|[!-~]{0,9})(:|: | :)([0-9]{1,25}|chunked|close, keep-alive|gzip|text/event-stream|[ -~é\u{0}-\u{1f}]{0,12})",
                0..6,
            ),
            end in "(\r\n|\n|\r|)(\r\n|\n|)",
        ) {
            let head = format!("{status}\r\n{}{end}", fields.iter().map(|f| format!("{f}\r\n")).collect::<String>());
            let bytes = head.as_bytes();
            let whole = parse(bytes, &Method::GET);
            if let Ok(Some(head)) = &whole {
                proptest::prop_assert!(head.length <= bytes.len());
                let _ = headers(&bytes[..head.length]);
                // It does not end any earlier.
                for length in 0..head.length {
                    proptest::prop_assert!(!matches!(parse(&bytes[..length], &Method::GET), Ok(Some(_))));
                }
            }
        }

        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes, &Method::GET);
            let _ = parse(&[b"HTTP/1.1 200 ", &bytes[..]].concat(), &Method::HEAD);
            let _ = headers(&bytes);
        }
    }
}
