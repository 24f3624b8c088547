//! A command line cut into words, as a POSIX shell does it; with `$'…'`, which browsers write when they copy a request.
//! Nothing is expanded: `$NAME` and `*` stay what they are.

/// The words of a command.
///
/// # Errors
/// What is not closed, with the character at which it begins, from 1.
pub(super) fn split(command: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars().enumerate().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some((_, '\'')) => break,
                        Some((_, c)) => word.push(c),
                        None => return Err(open('\'', at)),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some((_, '"')) => break,
                        Some((_, '\\')) => match chars.next() {
                            Some((_, '\n')) => {}
                            Some((_, c @ ('"' | '\\' | '$' | '`'))) => word.push(c),
                            Some((_, c)) => word.extend(['\\', c]),
                            None => return Err(open('"', at)),
                        },
                        Some((_, c)) => word.push(c),
                        None => return Err(open('"', at)),
                    }
                }
            }
            '$' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
                ansi_c(&mut chars, word.get_or_insert_default()).ok_or_else(|| open('\'', at + 1))?;
            }
            '\\' => match chars.next() {
                Some((_, '\n')) => {}
                // A line that ends as Windows ends lines.
                Some((_, '\r')) if chars.peek().is_some_and(|(_, next)| *next == '\n') => {
                    chars.next();
                }
                Some((_, c)) => word.get_or_insert_default().push(c),
                None => return Err("it ends with a backslash".to_owned()),
            },
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn open(quote: char, at: usize) -> String {
    format!("the {quote} at character {} is not closed", at + 1)
}

type Chars<'a> = std::iter::Peekable<std::iter::Enumerate<std::str::Chars<'a>>>;

/// The inside of `$'…'`: the escapes of C, `\xHH`, `\uHHHH`, `\UHHHHHHHH` and octal ones. `None` where it is not closed.
fn ansi_c(chars: &mut Chars<'_>, word: &mut String) -> Option<()> {
    let mut bytes = Vec::new();
    // Browsers write a character beyond 16 bits as two, of which the first is kept here.
    let mut high = None;
    loop {
        let plain = match chars.next()?.1 {
            '\'' => break,
            '\\' => match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'a' => '\u{7}',
                'b' => '\u{8}',
                'e' | 'E' => '\u{1b}',
                'f' => '\u{c}',
                'v' => '\u{b}',
                c @ ('x' | '0'..='7') => {
                    let value = match c.to_digit(8) {
                        Some(first) => number(chars, first, 8, 2),
                        None => number(chars, 0, 16, 2),
                    };
                    // A byte: several may be one character together.
                    bytes.push(u8::try_from(value & 0xff).unwrap_or_default());
                    continue;
                }
                'u' => {
                    let unit = number(chars, 0, 16, 4);
                    match (high.take(), unit) {
                        (_, 0xd800..=0xdbff) => {
                            high = Some(unit);
                            continue;
                        }
                        (Some(high), 0xdc00..=0xdfff) => {
                            character(0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00))
                        }
                        _ => character(unit),
                    }
                }
                'U' => character(number(chars, 0, 16, 8)),
                c => c,
            },
            c => c,
        };
        bytes.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
    }
    word.push_str(&String::from_utf8_lossy(&bytes));
    Some(())
}

fn character(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// A number that goes on with at most so many digits.
fn number(chars: &mut Chars<'_>, first: u32, radix: u32, most: usize) -> u32 {
    let mut value = first;
    for _ in 0..most {
        let Some(digit) = chars.peek().and_then(|(_, c)| c.to_digit(radix)) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        chars.next();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command() {
        for (command, want) in [
            ("a  b\tc\n", vec!["a", "b", "c"]),
            (r#"'it'\''s' "a \"b\" \n $x" c\ d"#, vec!["it's", r#"a "b" \n $x"#, "c d"]),
            ("a \\\n  b", vec!["a", "b"]),
            ("a \\\r\n  b", vec!["a", "b"]),
            (r"$'a\'b\n\u00e4\xc3\xa4\041\ud83d\ude00' $HOME", vec!["a'b\nää!😀", "$HOME"]),
            ("'' \"\"", vec!["", ""]),
            ("", vec![]),
        ] {
            assert_eq!(
                split(command).as_deref(),
                Ok(&want.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()[..])
            );
        }
        for (command, at) in [("a 'b", 3), ("\"b\\\"", 1), ("x $'y", 4)] {
            assert!(split(command).unwrap_err().contains(&format!("character {at} ")), "{command}");
        }
        assert!(split("a\\").is_err());
    }
}
