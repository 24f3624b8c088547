//! Server-sent events, read as they arrive.
//!
//! The format is that of the HTML standard, section 9.2.6 (Interpreting an event stream): lines end with CR, LF or CRLF,
//! wherever the bytes are cut; a byte order mark at the beginning is dropped; an empty line ends an event; an event
//! without data is none.

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// Its type, `message` where the stream does not say.
    pub(crate) name: &'a str,
    /// Its data; several lines are joined by line feeds.
    pub(crate) data: &'a str,
}

/// Takes bytes, gives events.
#[derive(Debug, Default)]
pub(crate) struct EventParser {
    /// The line under way.
    line: Vec<u8>,
    /// Whether the last byte was a CR, so that a LF right after it belongs to it.
    after_cr: bool,
    /// Whether the first line is through, which may begin with a byte order mark.
    begun: bool,
    name: String,
    data: String,
    /// Whether there is a `data` field, be it empty.
    has_data: bool,
}

impl EventParser {
    /// Takes bytes and hands out the events that they complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Event<'_>)) {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = memchr::memchr2(b'\r', b'\n', bytes) {
            if self.line.is_empty() {
                self.take_line(&bytes[..end], &mut each);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&bytes[..end]);
                self.take_line(&line, &mut each);
                line.clear();
                self.line = line;
            }
            let cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if cr {
                if bytes.is_empty() {
                    self.after_cr = true;
                } else {
                    bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
                }
            }
        }
        self.line.extend_from_slice(bytes);
    }

    fn take_line(&mut self, mut line: &[u8], each: &mut impl FnMut(Event<'_>)) {
        if !self.begun {
            self.begun = true;
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch(each);
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &[][..]),
        };
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(&String::from_utf8_lossy(value));
            }
            b"event" => {
                self.name.clear();
                self.name.push_str(&String::from_utf8_lossy(value));
            }
            // `id` and `retry` are for clients that come back; comments and unknown fields are ignored.
            _ => {}
        }
    }

    fn dispatch(&mut self, each: &mut impl FnMut(Event<'_>)) {
        if self.has_data {
            let name = if self.name.is_empty() { "message" } else { &self.name };
            each(Event { name, data: &self.data });
        }
        self.name.clear();
        self.data.clear();
        self.has_data = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let (mut parser, mut events) = (EventParser::default(), Vec::new());
        for piece in pieces {
            parser.feed(piece, |event| events.push((event.name.to_owned(), event.data.to_owned())));
        }
        events
    }

    /// The format cases of the web platform's own tests, as data: (stream, events).
    const CASES: &[(&[u8], &[(&str, &str)])] = &[
        (b"data: x\n\n", &[("message", "x")]),
        (b"data:x\n\n", &[("message", "x")]),
        (b"data:  x\n\n", &[("message", " x")]),
        (b"data: a\ndata: b\n\n", &[("message", "a\nb")]),
        (b"data\n\n", &[("message", "")]),
        (b"data:\n\n", &[("message", "")]),
        (b"data\ndata\n\n", &[("message", "\n")]),
        (b"data\ndata\n\ndata:test\n\n", &[("message", "\n"), ("message", "test")]),
        (b"\n\n\ndata: x\n\n\n\n", &[("message", "x")]),
        (b"data: x\r\n\r\ndata: y\r\rdata: z\n\n", &[("message", "x"), ("message", "y"), ("message", "z")]),
        (b"data:a\rdata:b\ndata:c\r\ndata:d\r\r", &[("message", "a\nb\nc\nd")]),
        (b"event: token\ndata: x\n\ndata: y\n\n", &[("token", "x"), ("message", "y")]),
        (b"event: a\nevent: b\ndata: x\n\n", &[("b", "x")]),
        (b"event:\ndata: x\n\n", &[("message", "x")]),
        (b"event: lonely\n\ndata: x\n\n", &[("message", "x")]),
        (b":comment\n:\ndata: x\n: more\n\n", &[("message", "x")]),
        (b"id: 7\nretry: 1000\ndata: x\n\n", &[("message", "x")]),
        (b"id: only\n\n", &[]),
        (b"Data: x\n\n", &[]),
        (b" data: x\n\n", &[]),
        (b"data : x\n\n", &[]),
        (b"unknown: x\ndata: y\n\n", &[("message", "y")]),
        (b"data: a:b: c\n\n", &[("message", "a:b: c")]),
        (b"\xef\xbb\xbfdata: x\n\n", &[("message", "x")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\ndata: y\n\n", &[("message", "y")]),
        (b"data: x\n\n\xef\xbb\xbfdata: y\n\n", &[("message", "x")]),
        (b"data: x\0y\n\n", &[("message", "x\0y")]),
        (b"data: \xff\n\n", &[("message", "\u{fffd}")]),
        ("data: grüße 🦀\n\n".as_bytes(), &[("message", "grüße 🦀")]),
        (b"data: not ended", &[]),
        (b"data: not ended\n", &[]),
        (b"", &[]),
    ];

    #[test]
    fn events_come_out_by_table_however_they_are_cut() {
        for (stream, expected) in CASES {
            let expected: Vec<_> =
                expected.iter().map(|(name, data)| (name.to_string(), data.to_string())).collect();
            assert_eq!(events(&[stream]), expected, "{:?}", String::from_utf8_lossy(stream));
            for cut in 1..=3 {
                let pieces: Vec<&[u8]> = stream.chunks(cut).collect();
                assert_eq!(events(&pieces), expected, "{:?} by {cut}", String::from_utf8_lossy(stream));
            }
        }
    }

    /// What the format cases of the web-platform-tests (`eventsource/format-*`) ask, as data of our own.
    #[test]
    fn the_cases_of_the_web_platform() {
        let cases: serde_json::Value = serde_json::from_str(include_str!("sse_cases.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let (name, stream) =
                (case["name"].as_str().unwrap(), case["stream"].as_str().unwrap().as_bytes());
            let expected: Vec<(String, String)> = serde_json::from_value(case["events"].clone()).unwrap();
            for cut in [stream.len(), 1, 2, 3, 5] {
                let pieces: Vec<&[u8]> = stream.chunks(cut).collect();
                assert_eq!(events(&pieces), expected, "{name}, by {cut}");
            }
            assert_eq!(slowly(stream), expected, "{name}, by the reference");
        }
        assert!(cases.as_array().unwrap().len() >= 18);
    }

    /// The HTML standard's steps, one after the other, over the stream as a whole.
    fn slowly(stream: &[u8]) -> Vec<(String, String)> {
        let text = String::from_utf8_lossy(stream);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
        let mut lines: Vec<&str> = text.split('\n').collect();
        // What no line end follows is no line.
        lines.pop();
        let (mut events, mut kind, mut data) = (Vec::new(), String::new(), None::<String>);
        for line in lines {
            if line.is_empty() {
                if let Some(data) = data.take() {
                    let kind = if kind.is_empty() { "message".to_owned() } else { kind.clone() };
                    events.push((kind, data));
                }
                kind.clear();
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => {
                    data = Some(data.map_or_else(|| value.to_owned(), |before| format!("{before}\n{value}")));
                }
                "event" => kind = value.to_owned(),
                _ => {}
            }
        }
        events
    }

    /// Pieces of streams.
    const WORDS: &[&[u8]] = &[
        b"data",
        b"event",
        b"id",
        b"retry",
        b":",
        b": ",
        b" ",
        b"\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"x",
        b"\xef\xbb\xbf",
        b"\xef",
        b"\xbb",
        b"\xff",
        b"\0",
        b"\t",
        "\u{1f980}".as_bytes(),
        b"\xf0\x9f",
        b"data: x\n\n",
    ];

    /// Bytes as they stand in streams, and any other.
    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let likely =
            prop::collection::vec(prop::sample::select(WORDS), 0..60).prop_map(|words| words.concat());
        prop_oneof![4 => likely, 1 => prop::collection::vec(any::<u8>(), 0..300)]
    }

    proptest! {
        #[test]
        fn events_are_those_of_the_standard_wherever_the_bytes_are_cut(
            stream in streams(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut done = 0;
            for cut in cuts.into_iter().chain([stream.len()]) {
                pieces.push(&stream[done..cut]);
                done = cut;
            }
            prop_assert_eq!(events(&pieces), slowly(&stream));
        }
    }
}
