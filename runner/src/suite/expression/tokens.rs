//! Cuts an expression into tokens, as far as its outer shape needs it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    Text,
    Symbol,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Byte offset.
    pub(super) at: usize,
    /// Brackets around it.
    pub(super) depth: u32,
}

impl Token<'_> {
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    pub(super) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// `None` for what this does not understand; the template engine then reads the whole.
pub(super) fn tokens(source: &str) -> Option<Vec<Token<'_>>> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut depth) = (0, 0_u32);
    while at < bytes.len() {
        let start = at;
        let run = |from: usize, f: &dyn Fn(u8) -> bool| {
            (from..bytes.len()).find(|&i| !f(bytes[i])).unwrap_or(bytes.len())
        };
        let mut token_depth = depth;
        let kind = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                at = run(at, &|b| b.is_ascii_alphanumeric() || b == b'_');
                Kind::Word
            }
            byte if byte.is_ascii_digit() => {
                at = run(at, &|b| b.is_ascii_digit());
                if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                    at = run(at + 1, &|b| b.is_ascii_digit());
                }
                // Exponents, other bases and separators are left to the engine.
                if bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
                    return None;
                }
                Kind::Number
            }
            quote @ (b'"' | b'\'') => {
                at += 1;
                loop {
                    match *bytes.get(at)? {
                        b'\\' => at += 2,
                        byte => {
                            at += 1;
                            if byte == quote {
                                break;
                            }
                        }
                    }
                }
                Kind::Text
            }
            byte if byte.is_ascii() => {
                let two = bytes.get(at + 1) == Some(&b'=') && matches!(byte, b'=' | b'!' | b'<' | b'>');
                at += if two { 2 } else { 1 };
                match byte {
                    b'(' | b'[' | b'{' => depth += 1,
                    b')' | b']' | b'}' => {
                        depth = depth.checked_sub(1)?;
                        token_depth = depth;
                    }
                    _ => {}
                }
                Kind::Symbol
            }
            _ => return None,
        };
        found.push(Token { kind, text: source.get(start..at)?, at: start, depth: token_depth });
    }
    (depth == 0).then_some(found)
}
