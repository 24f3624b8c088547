//! Chunked bodies (RFC 9112, section 7.1), decoded as they arrive.

use super::TransportError;

/// Where the decoder stands.
///
/// ```text
/// Size ─LF→ Data ─n bytes→ DataEnd ─CRLF→ Size … Size(0) ─LF→ Trailer ─empty line→ Done
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { value: u64, digits: u8 },
    Extension { value: u64 },
    Data { left: u64 },
    DataEnd,
    Trailer { line: u32 },
    Done,
}

/// Decodes a chunked body, however it is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunked {
    state: State,
}

/// Longest size line and trailer line; nobody needs more, and a server that sends it must not fill memory.
const MAX_LINE: u32 = 16 * 1024;

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { state: State::Size { value: 0, digits: 0 } }
    }

    /// Whether the last chunk and its trailer were seen.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Appends the content in `bytes` to `body`; how many bytes belong to this body. Less than all only at its end.
    pub(super) fn decode(&mut self, bytes: &[u8], body: &mut Vec<u8>) -> Result<usize, TransportError> {
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            match &mut self.state {
                State::Size { value, digits } => match (byte as char).to_digit(16) {
                    Some(digit) if *digits < 15 => {
                        *value = *value << 4 | u64::from(digit);
                        *digits += 1;
                        at += 1;
                    }
                    None if *digits > 0 => self.state = State::Extension { value: *value },
                    _ => return Err(malformed("size", byte)),
                },
                State::Extension { value } => {
                    let value = *value;
                    match byte {
                        b'\n' if value == 0 => self.state = State::Trailer { line: 0 },
                        b'\n' => self.state = State::Data { left: value },
                        _ if byte == b'\t' || byte == b'\r' || byte >= b' ' => {}
                        _ => return Err(malformed("extension", byte)),
                    }
                    at += 1;
                }
                State::Data { left } => {
                    let take = (bytes.len() - at).min(usize::try_from(*left).unwrap_or(usize::MAX));
                    body.extend_from_slice(&bytes[at..at + take]);
                    at += take;
                    *left -= take as u64;
                    if *left == 0 {
                        self.state = State::DataEnd;
                    }
                }
                State::DataEnd => {
                    match byte {
                        b'\r' => {}
                        b'\n' => self.state = State::Size { value: 0, digits: 0 },
                        _ => return Err(malformed("end", byte)),
                    }
                    at += 1;
                }
                State::Trailer { line } => {
                    match byte {
                        b'\n' if *line == 0 => self.state = State::Done,
                        b'\n' => *line = 0,
                        b'\r' => {}
                        _ if *line < MAX_LINE => *line += 1,
                        _ => return Err(TransportError::protocol("a trailer of the body is too long")),
                    }
                    at += 1;
                }
                State::Done => break,
            }
        }
        Ok(at)
    }
}

fn malformed(place: &str, byte: u8) -> TransportError {
    TransportError::protocol(format!("{:?} in the {place} of a chunk", char::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(wire: &[u8], cut: usize) -> Result<(Vec<u8>, usize, bool), TransportError> {
        let (mut chunked, mut body, mut used) = (Chunked::new(), Vec::new(), 0);
        for piece in wire.chunks(cut) {
            used += chunked.decode(piece, &mut body)?;
        }
        Ok((body, used, chunked.is_done()))
    }

    #[test]
    fn bodies_come_out_whole_however_they_are_cut() {
        for (wire, body, left, done) in [
            (&b"5\r\nhello\r\n0\r\n\r\n"[..], &b"hello"[..], 0, true),
            (b"5;name=value\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", b"hello!", 0, true),
            (b"0A\r\n0123456789\r\n000\r\nx-trailer: 1\r\ny: 2\r\n\r\n", b"0123456789", 0, true),
            (b"1\na\n0\n\n", b"a", 0, true),
            (b"0\r\n\r\nHTTP/1.1", b"", 8, true),
            (b"5\r\nhel", b"hel", 0, false),
            (b"5\r\nhello\r\n", b"hello", 0, false),
            (b"5\r\nhello\r\n0\r\n", b"hello", 0, false),
        ] {
            for cut in [1, 2, 3, 7, wire.len()] {
                let (found, used, is_done) = decode(wire, cut).unwrap();
                assert_eq!((&found[..], wire.len() - used, is_done), (body, left, done), "{wire:?} by {cut}");
            }
        }
    }

    #[test]
    fn what_is_not_chunked_is_refused() {
        for wire in
            [&b"\r\n"[..], b"x\r\n", b"5\r\nhelloo\r\n", b"fffffffffffffffff\r\n", b"-1\r\n", b"1\0\r\na"]
        {
            assert!(decode(wire, wire.len()).is_err(), "{wire:?}");
        }
    }

    proptest::proptest! {
        /// What a server has cut into chunks comes out whole, however the network cuts it again, and what follows stays.
        #[test]
        fn what_was_cut_is_joined(
            chunks in proptest::collection::vec((proptest::collection::vec(proptest::num::u8::ANY, 1..40), "(;[a-z]{0,5}(=[a-z0-9]{0,5})?)?"), 0..6),
            trailer in "(x-[a-z]{1,5}: [ -~]{0,9}\r\n){0,2}",
            after in "[ -~]{0,9}",
            cut in 1_usize..60,
        ) {
            let mut wire = Vec::new();
            for (content, extension) in &chunks {
                wire.extend_from_slice(format!("{:X}{extension}\r\n", content.len()).as_bytes());
                wire.extend_from_slice(content);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(format!("0\r\n{trailer}\r\n{after}").as_bytes());
            let body: Vec<u8> = chunks.iter().flat_map(|(content, _)| content.clone()).collect();
            let found = decode(&wire, cut);
            proptest::prop_assert_eq!(found, Ok((body, wire.len() - after.len(), true)));
        }

        /// Whatever comes, the same bytes mean the same, and never more of them than there are.
        #[test]
        fn no_bytes_are_too_odd(wire in "[0-9a-fA-F;\r\n\t x\u{0}-\u{1f}é]{0,60}", cut in 1_usize..60) {
            let whole = decode(wire.as_bytes(), wire.len().max(1));
            let pieces = decode(wire.as_bytes(), cut);
            proptest::prop_assert_eq!(whole.is_ok(), pieces.is_ok());
            if let (Ok(whole), Ok(pieces)) = (whole, pieces) {
                proptest::prop_assert!(whole.1 <= wire.len() && whole.0.len() <= wire.len());
                proptest::prop_assert_eq!(whole, pieces);
            }
        }
    }
}
