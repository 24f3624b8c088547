//! As much HTTP/1.1 as the server needs: whole requests in, fixed answers out.

/// A whole request.
pub(super) struct Request<'a> {
    /// Path and query.
    pub(super) path: &'a str,
    pub(super) body: &'a [u8],
    /// Bytes of head and body.
    pub(super) length: usize,
}

/// The answer of the bare bench; about the size of a health check's.
pub(super) const SMALL: &[u8] =
    b"HTTP/1.1 200 OK\r\nserver: truth\r\ncontent-type: application/json\r\ncontent-length: 27\r\n\r\n{\"status\":\"ok\",\"queue\":123}";
pub(super) const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
pub(super) const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
pub(super) const STREAM_END: &[u8] = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

/// What a model would say; makes the answer as long as a short one of its kind.
const PHRASE: &str = "Open the settings, choose the account and follow the link; it is valid for an hour and works once. \
     Should no message arrive, look into the folder for unwanted mail and try again after a quarter of an hour. ";

/// Reads a request off the front; `None` while it is not whole.
pub(super) fn parse(input: &[u8]) -> Option<Request<'_>> {
    let head_length = input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&input[..head_length]).ok()?;
    let body_length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    let length = head_length + body_length;
    let body = input.get(head_length..length)?;
    let path = head.split(' ').nth(1)?;
    Some(Request { path, body, length })
}

/// A JSON answer.
pub(super) fn json(text: &str) -> Vec<u8> {
    let length = text.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{text}")
        .into_bytes()
}

/// The answer of a chat service: a session, and what was said. The request, which is JSON, is in it as it came.
pub(super) fn chat(request: &Request<'_>, number: u64) -> Vec<u8> {
    let said = match request.body {
        [] => "null".into(),
        body => String::from_utf8_lossy(body),
    };
    json(&format!(
        "{{\"session\":\"s-{number:08}\",\"answer\":\"{PHRASE}\",\"cached\":false,\"said\":{said}}}"
    ))
}

/// A token of a stream, in a chunk of its own, as OpenAI's API writes it.
pub(super) fn token(number: u32) -> Vec<u8> {
    let event =
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"word{number} \"}}}}]}}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_when_they_are_whole() {
        let table = [
            ("GET /small HTTP/1.1\r\nhost: a\r\n\r\n", Some(("/small", ""))),
            ("GET /small HTTP/1.1\r\nhost: a\r\n", None),
            ("POST /chat HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", Some(("/chat", "{}"))),
            ("POST /chat HTTP/1.1\r\ncontent-length: 3\r\n\r\n{}", None),
        ];
        for (input, expected) in table {
            let found = parse(input.as_bytes());
            let found = found.as_ref().map(|r| (r.path, std::str::from_utf8(r.body).unwrap_or_default()));
            assert_eq!(found, expected, "{input}");
        }
    }

    #[test]
    fn fixed_answers_are_as_long_as_they_say() {
        for answer in [SMALL, NOT_FOUND, &chat(&Request { path: "", body: b"{\"a\":1}", length: 0 }, 7)] {
            let text = std::str::from_utf8(answer).expect("text");
            let (head, body) = text.split_once("\r\n\r\n").expect("a head");
            let length =
                head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).expect("a length");
            assert_eq!(length, body.len().to_string(), "{text}");
        }
        let event = b"data: [DONE]\n\n";
        assert!(STREAM_END.starts_with(format!("{:x}\r\n", event.len()).as_bytes()));
    }
}
